"""Who is asking: from the API key and the bearer token of a request to a database role and its claims.

This is what Supabase's edge does before PostgREST and Auth see a request: it wants an `apikey`, turns an `sb_…` key
into its role, and lets a signed-in user's token speak for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt
from starlette.requests import Request

from app.local.supabase.gateway_errors import GatewayError
from app.local.supabase.keys import Keys

__all__ = ["Caller", "bearer_token", "identify", "key_role"]

_ROLES = {"anon", "authenticated", "service_role"}
_KEY_ROLES = {"anon", "service_role"}
_JWT_PARTS = 3


@dataclass(frozen=True)
class Caller:
    """The role a request has in the database, and the claims that its functions may read."""

    role: str
    claims: dict[str, Any]


def identify(request: Request, keys: Keys) -> Caller:
    """Say who sends a request to the database.

    Raises:
        GatewayError: 401, there is no key, or the key or the token is not this stack's or has expired.
    """
    role = key_role(request, keys)
    token = bearer_token(request)
    if token is None:
        return Caller(role, {"role": role})
    claims = _claims(token, keys)
    role = claims.get("role", "anon")
    if role not in _ROLES:
        raise GatewayError(401, "22023", f'role "{role}" does not exist')
    return Caller(role, {**claims, "role": role})


def key_role(request: Request, keys: Keys) -> str:
    """The role of a request's API key, `anon` or `service_role`.

    Raises:
        GatewayError: 401, there is no key, or it is not this stack's.
    """
    api_key = _api_key(request)
    if not api_key:
        raise GatewayError(
            401, None, "No API key found in request", hint="No `apikey` request header or url param was found."
        )
    role = keys.role_of(api_key) or _legacy_role(api_key, keys)
    if role is None:
        raise GatewayError(
            401, None, "Invalid API key", hint="Double check your Supabase `anon` or `service_role` API key."
        )
    return role


def bearer_token(request: Request) -> str | None:
    """The bearer token, where it is something else than the API key once more."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token and token != _api_key(request) else None


def _api_key(request: Request) -> str | None:
    return request.headers.get("apikey") or request.query_params.get("apikey")


def _legacy_role(api_key: str, keys: Keys) -> str | None:
    """The role of an older key: a JWT signed with the shared secret. A user's token is no API key."""
    try:
        claims = keys.claims_of(api_key)
    except jwt.PyJWTError:
        return None
    role = claims.get("role")
    return role if role in _KEY_ROLES else None


def _claims(token: str, keys: Keys) -> dict[str, Any]:
    """The claims of a bearer token; the texts are PostgREST's. An `sb_` key is only one where it repeats the apikey."""
    parts = token.count(".") + 1
    if parts != _JWT_PARTS:
        raise GatewayError(401, "PGRST301", f"Expected {_JWT_PARTS} parts in JWT; got {parts}")
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
