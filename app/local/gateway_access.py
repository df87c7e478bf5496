"""Who is asking: from the API key and the bearer token of a request to a database role and its claims.

This is what Supabase's edge does before PostgREST and Auth see a request: it wants an `apikey`, turns an `sb_…` key
into its role, and lets a signed-in user's token speak for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt
from starlette.requests import Request

from app.local.gateway_errors import GatewayError
from app.local.keys import Keys

__all__ = ["Caller", "identify"]

_ROLES = {"anon", "authenticated", "service_role"}
_KEY_ROLES = {"anon", "service_role"}


@dataclass(frozen=True)
class Caller:
    """The role a request has in the database, and the claims that its functions may read."""

    role: str
    claims: dict[str, Any]
    token: str | None = None  # the bearer token where it is a user's, not an API key


def identify(request: Request, keys: Keys) -> Caller:
    """Say who sends a request.

    Raises:
        GatewayError: 401, there is no key, or the key or the token is not this stack's or has expired.
    """
    api_key = request.headers.get("apikey") or request.query_params.get("apikey")
    if not api_key:
        raise GatewayError(
            401, None, "No API key found in request", hint="No `apikey` request header or url param was found."
        )
    key_role = keys.role_of(api_key) or _legacy_role(api_key, keys)
    if key_role is None:
        raise GatewayError(
            401, None, "Invalid API key", hint="Double check your Supabase `anon` or `service_role` API key."
        )
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or token == api_key:
        return Caller(key_role, {"role": key_role})
    claims = _claims(token, keys)
    role = claims.get("role", "anon")
    if role not in _ROLES:
        raise GatewayError(401, "22023", f'role "{role}" does not exist')
    return Caller(role, {**claims, "role": role}, token)


def _legacy_role(api_key: str, keys: Keys) -> str | None:
    """The role of an older key: a JWT signed with the shared secret. A user's token is no API key."""
    try:
        claims = keys.claims_of(api_key)
    except jwt.PyJWTError:
        return None
    role = claims.get("role")
    return role if role in _KEY_ROLES else None


def _claims(token: str, keys: Keys) -> dict[str, Any]:
    """The claims of a bearer token; the texts are PostgREST's."""
    try:
        return keys.claims_of(token)
    except jwt.ExpiredSignatureError:
        raise GatewayError(401, "PGRST303", "JWT expired") from None
    except jwt.ImmatureSignatureError:
        raise GatewayError(401, "PGRST303", "JWT not yet valid") from None
    except jwt.InvalidSignatureError:
        raise GatewayError(401, "PGRST301", "No suitable key or wrong key type") from None
    except jwt.PyJWTError as error:
        raise GatewayError(401, "PGRST301", f"JWT couldn't be decoded: {error}") from None
