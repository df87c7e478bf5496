"""Signed callback URLs: what a sender puts into a Clay row, and what a receiver believes.

A token names one item, one step and one attempt, and is worth nothing else: whoever holds it can answer for that one
state. It needs no table, since the signature (HMAC-SHA256 under the signing key) is all there is to check.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import NamedTuple
from uuid import UUID

__all__ = ["CallbackToken", "callback_url", "fixed_url", "make_token", "token_digest", "verify_token"]

TOKEN = re.compile(
    r"(?P<item>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?P<step>0|[1-9]\d{0,4})\.(?P<attempt>[1-9]\d{0,4})"
    r"\.(?P<mac>[A-Za-z0-9_-]{43})",
    re.ASCII,
)


class CallbackToken(NamedTuple):
    """The one state that a token can answer for."""

    item: UUID
    step_index: int
    attempt: int


def make_token(workflow_slug: str, item: UUID | str, step_index: int, attempt: int, key: str) -> str:
    """The token of one state's attempt: `<item>.<step>.<attempt>.<signature>`, safe in a URL as it stands."""
    text = f"{item}".lower()
    return f"{text}.{step_index}.{attempt}.{_signature(workflow_slug, text, step_index, attempt, key)}"


def callback_url(base: str, workflow_slug: str, item: UUID | str, step_index: int, attempt: int, *, key: str) -> str:
    """The URL that Clay calls with the answer for one state's attempt.

    Args:
        base: where the receivers are reached, e.g. `https://…modal.run`.
        workflow_slug: which workflow's receiver.
        item: the batch item's uid.
        step_index: its step.
        attempt: the attempt that is sent.
        key: the signing key.
    """
    return f"{fixed_url(base, workflow_slug)}/{make_token(workflow_slug, item, step_index, attempt, key)}"


def fixed_url(base: str, workflow_slug: str) -> str:
    """The receiver's URL without a token, for Clay tables that cannot take a URL from a cell."""
    return f"{base.rstrip('/')}/clay/{workflow_slug}"


def verify_token(workflow_slug: str, token: str, *keys: str) -> CallbackToken | None:
    """What the token stands for; None when `make_token` did not make it for this workflow with one of these keys.

    Several keys are one that signs now and those before it, whose tokens are still under way.
    """
    match = TOKEN.fullmatch(token)
    if match is None:
        return None
    item, step_index, attempt = match["item"], int(match["step"]), int(match["attempt"])
    expected = [_signature(workflow_slug, item, step_index, attempt, key) for key in keys]
    if not any(hmac.compare_digest(one.encode(), match["mac"].encode()) for one in expected):
        return None
    return CallbackToken(UUID(item), step_index, attempt)


def token_digest(token: str) -> str:
    """SHA-256 of a bearer token, in hex: what is compared with the database instead of the token itself."""
    return hashlib.sha256(token.encode()).hexdigest()


def _signature(workflow_slug: str, item: str, step_index: int, attempt: int, key: str) -> str:
    message = f"clay-callback|{workflow_slug}|{item}|{step_index}|{attempt}"
    mac = hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
