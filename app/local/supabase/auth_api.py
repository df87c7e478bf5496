"""`/auth/v1`: sign-in with e-mail and password, as Supabase Auth answers it.

The admin UI signs people in through supabase-py's auth client, which talks to this as it talks to a hosted project:
ES256 access tokens of one hour, rotating refresh tokens, users that the secret key administers, the public keys.
Sign-ups are open, as they are on a new project; no e-mail is ever sent, so a sign-up counts as confirmed at once.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import asyncpg
import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.local.supabase.auth_errors import AuthError
from app.local.supabase.auth_passwords import password_matches
from app.local.supabase.auth_store import AuthStore
from app.local.supabase.auth_users import (
    check_active,
    positive_number,
    read_body,
    read_changes,
    read_email,
    read_password,
    shown,
)
from app.local.supabase.gateway_access import bearer_token, key_role
from app.local.supabase.keys import Keys
from app.text.uids import read_uid

__all__ = ["AuthApi"]

_TOKEN_SECONDS = 3600
_REFUSALS = {
    "refresh_token_not_found": "Invalid Refresh Token: Refresh Token Not Found",
    "refresh_token_already_used": "Invalid Refresh Token: Already Used",
}


class AuthApi:
    """Answers requests under `/auth/v1`.

    Args:
        store: users and sessions.
        keys: the stack's keys; they sign the tokens.
        url: the stack's URL; tokens are issued by `<url>/auth/v1`.
    """

    def __init__(self, store: AuthStore, keys: Keys, url: str) -> None:
        self._store = store
        self._keys = keys
        self._issuer = f"{url}/auth/v1"
        self.routes = [
            Route("/health", _health),
            Route("/.well-known/jwks.json", self.public_keys),
            Route("/signup", self.sign_up, methods=["POST"]),
            Route("/token", self.token, methods=["POST"]),
            Route("/user", self.own_user, methods=["GET"]),
            Route("/logout", self.log_out, methods=["POST"]),
            Route("/admin/users", self.users, methods=["GET", "POST"]),
            Route("/admin/users/{id}", self.one_user, methods=["GET", "PUT", "DELETE"]),
        ]

    async def public_keys(self, _: Request) -> Response:
        """The keys that verify access tokens; no API key needed."""
        return JSONResponse(self._keys.jwks, headers={"cache-control": "public, max-age=600"})

    async def sign_up(self, request: Request) -> Response:
        """Make oneself an account, without any role of ours."""
        key_role(request, self._keys)
        body = await read_body(request)
        fields = {
            "email": read_email(body),
            "encrypted_password": await read_password(body.get("password") or ""),
            "email_confirmed_at": datetime.now(UTC),
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": body.get("data") or {},
        }
        user = await self._store.add_user(fields)
        if user is None:
            raise AuthError(422, "user_already_exists", "User already registered")
        return await self._new_session(request, user)

    async def token(self, request: Request) -> Response:
        """Exchange a password or a refresh token for a session."""
        key_role(request, self._keys)
        body = await read_body(request)
        match request.query_params.get("grant_type"):
            case "password":
                return await self._sign_in(request, body)
            case "refresh_token":
                return await self._refresh(body)
            case _:
                raise AuthError(400, "unsupported_grant_type", "unsupported_grant_type")

    async def _sign_in(self, request: Request, body: dict[str, Any]) -> Response:
        user = await self._store.user_by_email(str(body.get("email") or ""))
        matches = await password_matches(str(body.get("password") or ""), user and user["encrypted_password"])
        if user is None or not matches:
            raise AuthError(400, "invalid_credentials", "Invalid login credentials")
        check_active(user)
        if user["email_confirmed_at"] is None:
            raise AuthError(400, "email_not_confirmed", "Email not confirmed")
        return await self._new_session(request, user)

    async def _refresh(self, body: dict[str, Any]) -> Response:
        outcome = await self._store.refresh(str(body.get("refresh_token") or ""))
        if outcome.refused or outcome.user is None or outcome.session_id is None or outcome.token is None:
            code = outcome.refused or "refresh_token_not_found"
            raise AuthError(400, code, _REFUSALS[code])
        check_active(outcome.user)
        return self._session(outcome.user, outcome.session_id, outcome.token)

    async def own_user(self, request: Request) -> Response:
        """The signed-in user."""
        claims = await self._signed_in(request)
        user = await self._store.user(claims["sub"])
        if user is None:
            raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
        return JSONResponse(shown(user))

    async def log_out(self, request: Request) -> Response:
        """End this session (`local`), all others (`others`), or every session of the user (`global`)."""
        claims = await self._signed_in(request)
        session = claims["session_id"]
        match request.query_params.get("scope", "global"):
            case "local":
                await self._store.end_sessions(claims["sub"], only=session)
            case "others":
                await self._store.end_sessions(claims["sub"], but=session)
            case "global":
                await self._store.end_sessions(claims["sub"])
            case other:
                raise AuthError(400, "validation_failed", f"Unsupported logout scope {other!r}")
        return Response(status_code=204)

    async def users(self, request: Request) -> Response:
        """List users, or make one; for the secret key."""
        self._check_admin(request)
        if request.method == "GET":
            page, per_page = positive_number(request, "page", 1), positive_number(request, "per_page", 50)
            rows, total = await self._store.users(page, per_page)
            body = {"users": [shown(row) for row in rows], "aud": "authenticated"}
            return JSONResponse(body, headers={"x-total-count": str(total)})
        attributes = await read_body(request)
        read_email(attributes)
        fields = await read_changes(attributes)
        provider = {"provider": "email", "providers": ["email"]}
        fields["app_metadata"] = provider | fields.get("app_metadata", {})
        user = await self._store.add_user(fields)
        if user is None:
            raise AuthError(422, "email_exists", "A user with this email address has already been registered")
        return JSONResponse(shown(user))

    async def one_user(self, request: Request) -> Response:
        """Show, change or delete a user; for the secret key."""
        self._check_admin(request)
        user_id = request.path_params["id"]
        user = await self._store.user(user_id) if read_uid(user_id) else None
        if user is None:
            raise AuthError(404, "user_not_found", "User not found")
        if request.method == "PUT":
            try:
                user = await self._store.change_user(user_id, await read_changes(await read_body(request))) or user
            except asyncpg.UniqueViolationError:
                message = "A user with this email address has already been registered"
                raise AuthError(422, "email_exists", message) from None
        elif request.method == "DELETE":
            await self._store.delete_user(user_id)
            return JSONResponse({})
        return JSONResponse(shown(user))

    async def _new_session(self, request: Request, user: asyncpg.Record) -> Response:
        session, refresh_token = await self._store.begin_session(str(user["id"]), request.headers.get("user-agent"))
        return self._session(user, session, refresh_token)

    def _session(self, user: asyncpg.Record, session_id: str, refresh_token: str) -> Response:
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "sub": str(user["id"]),
            "aud": user["aud"],
            "exp": now + _TOKEN_SECONDS,
            "iat": now,
            "email": user["email"],
            "phone": "",
            "app_metadata": user["raw_app_meta_data"],
            "user_metadata": user["raw_user_meta_data"],
            "role": user["role"],
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": now}],
            "session_id": session_id,
            "is_anonymous": False,
        }
        return JSONResponse(
            {
                "access_token": self._keys.sign(claims),
                "token_type": "bearer",
                "expires_in": _TOKEN_SECONDS,
                "expires_at": now + _TOKEN_SECONDS,
                "refresh_token": refresh_token,
                "user": shown(user),
            }
        )

    async def _signed_in(self, request: Request) -> dict[str, Any]:
        """The claims of a user's token whose session has not ended."""
        key_role(request, self._keys)
        token = bearer_token(request)
        if token is None:
            raise AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
        try:
            claims = self._keys.claims_of(token)
        except jwt.PyJWTError as error:
            text = f"invalid JWT: unable to parse or verify signature, {error}"
            raise AuthError(403, "bad_jwt", text) from None
        if not claims.get("sub"):
            raise AuthError(403, "bad_jwt", "invalid claim: missing sub claim")
        if not await self._store.session_exists(claims["session_id"]):
            raise AuthError(403, "session_not_found", "Session from session_id claim in JWT does not exist")
        return claims

    def _check_admin(self, request: Request) -> None:
        role = key_role(request, self._keys)
        token = bearer_token(request)
        if token is not None:
            try:
                role = self._keys.claims_of(token).get("role", "anon")
            except jwt.PyJWTError as error:
                text = f"invalid JWT: unable to parse or verify signature, {error}"
                raise AuthError(403, "bad_jwt", text) from None
        if role != "service_role":
            raise AuthError(403, "not_admin", "User not allowed")


async def _health(_: Request) -> Response:
    return JSONResponse({"name": "GoTrue", "description": "GoTrue is a user registration and authentication API"})
