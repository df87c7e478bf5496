"""What an answer of Supabase Auth means: yes, no, or nothing at all.

Only a refusal that the auth server itself gives, by one of its error codes, is a no. An outage, a rate limit, a key
that the gateway refuses, a page that a proxy put in between: all that says nothing about who asks, and ends no session.
Codes: supabase.com/docs/guides/auth/debugging/error-codes; servers before them said `invalid_grant`, or a status and
`msg`.
"""

from __future__ import annotations

import logging
from typing import Any

import httpx

from app.errors import LeadloomError

__all__ = ["AuthUnavailableError", "json_object", "said_yes"]

log = logging.getLogger(__name__)
REFUSAL_STATUSES = frozenset((400, 401, 403, 404, 422))
REFUSALS = frozenset(
    (
        "bad_jwt",
        "email_address_invalid",
        "email_not_confirmed",
        "invalid_credentials",
        "invalid_grant",
        "no_authorization",
        "phone_not_confirmed",
        "refresh_token_already_used",
        "refresh_token_not_found",
        "session_expired",
        "session_not_found",
        "unexpected_audience",
        "user_banned",
        "user_not_found",
        "validation_failed",
    )
)


class AuthUnavailableError(LeadloomError):
    """The sign-in service cannot be reached at the moment."""


def said_yes(answer: httpx.Response) -> bool:
    """Whether the auth server granted what was asked; False when it refused.

    Raises:
        AuthUnavailableError: it did neither.
    """
    if answer.status_code == httpx.codes.OK:
        return True
    try:
        body = json_object(answer)
    except AuthUnavailableError:
        body = {}
    code = body.get("error_code") or body.get("error") or body.get("code")
    by_old_server = (
        body.get("code") == answer.status_code
        and "msg" in body
        and answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
    )
    known = (isinstance(code, str) and code in REFUSALS) or (by_old_server and "error_code" not in body)
    if answer.status_code in REFUSAL_STATUSES and known:
        return False
    log.warning("Supabase Auth answered %s (%.60s) to %s", answer.status_code, code, answer.request.url.path)
    raise AuthUnavailableError


def json_object(answer: httpx.Response) -> dict[str, Any]:
    """The answer's body.

    Raises:
        AuthUnavailableError: it is no JSON object.
    """
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        raise AuthUnavailableError from None
    if not isinstance(body, dict):
        raise AuthUnavailableError
    return body
