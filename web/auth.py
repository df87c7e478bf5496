"""Sign-in against Supabase Auth, and the check of the session on every request.

An access token is verified here (signature by the project's published keys, expiry, audience, issuer); once a minute
the auth server is also asked whether the session still lives, so that a sign-out or a lost role ends it everywhere.
Facts about the endpoints: Supabase Auth's OpenAPI description (POST /token, GET /user, POST /logout, JWKS).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

from app.errors import LeadloomError
from app.settings import Settings

__all__ = ["Admin", "AuthUnavailableError", "Authenticator", "Session", "SignInRefusedError"]

ALGORITHMS = ("ES256", "RS256", "EdDSA")
KEYS_LIVE_S = 600.0
ALIVE_FOR_S = 60.0
RENEWAL_LIVES_S = 20.0
CACHE_SIZE = 1000


class SignInRefusedError(LeadloomError):
    """This e-mail address and password do not open an administrator's session."""


class AuthUnavailableError(LeadloomError):
    """The sign-in service cannot be reached at the moment."""


@dataclass(frozen=True)
class Admin:
    """Who is signed in."""

    user_id: str
    email: str
    session_id: str
    expires_at: float


@dataclass(frozen=True)
class Session:
    """A signed-in administrator with the tokens that a browser keeps."""

    admin: Admin
    access_token: str
    refresh_token: str


class Authenticator:
    """Supabase Auth as the pages use it; one per process, on an HTTP client of its own."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._base = settings.supabase_url.rstrip("/") + "/auth/v1"
        self._apikey = settings.supabase_publishable_key
        self._http = http
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_read_at = float("-inf")
        self._alive: dict[str, tuple[float, bool]] = {}
        self._renewals: dict[str, tuple[float, asyncio.Task[Session | None]]] = {}

    async def sign_in(self, email: str, password: str) -> Session:
        """Exchange e-mail and password for a session.

        Raises:
            SignInRefusedError: wrong address, wrong password or no administrator; which of them is not told.
            AuthUnavailableError: the service did not answer.
        """
        session = await self._grant("password", {"email": email, "password": password})
        if session is None:
            raise SignInRefusedError
        return session

    async def renew(self, refresh_token: str) -> Session | None:
        """A new pair of tokens; None when the session is over. Requests that arrive together share one renewal."""
        now = time.monotonic()
        self._renewals = {k: v for k, v in self._renewals.items() if now - v[0] < RENEWAL_LIVES_S}
        if refresh_token not in self._renewals:
            task = asyncio.create_task(self._grant("refresh_token", {"refresh_token": refresh_token}))
            self._renewals[refresh_token] = (now, task)
        try:
            session = await asyncio.shield(self._renewals[refresh_token][1])
        except AuthUnavailableError:
            self._renewals.pop(refresh_token, None)
            raise
        ended = session is not None and not self._alive.get(session.admin.session_id, (0.0, True))[1]
        return None if ended else session

    async def sign_out(self, access_token: str, admin: Admin | None) -> None:
        """End the session here and at the auth server; a server that does not answer still ends it here."""
        if admin is not None:
            self._remember(admin.session_id, lives=False)
        try:
            await self._call("POST", "/logout", token=access_token, params={"scope": "local"})
        except AuthUnavailableError:
            return

    async def check(self, access_token: str) -> Admin | None:
        """The administrator whose valid token this is, or None."""
        admin = await self._verify(access_token)
        if admin is None or not await self._lives(admin, access_token):
            return None
        return admin

    async def _grant(self, kind: str, body: dict[str, str]) -> Session | None:
        answer = await self._call("POST", "/token", params={"grant_type": kind}, json=body)
        if answer.status_code != httpx.codes.OK:
            return None
        tokens = answer.json()
        admin = await self._verify(tokens["access_token"])
        if admin is None:
            return None
        self._remember(admin.session_id, lives=True)
        return Session(admin, tokens["access_token"], tokens["refresh_token"])

    async def _verify(self, token: str) -> Admin | None:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") == "HS256":
                return await self._ask_server(token)
            key = await self._key(str(header.get("kid", "")))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key=key,
                algorithms=list(ALGORITHMS),
                audience="authenticated",
                issuer=self._base,
                leeway=5,
                options={"require": ["exp", "aud", "iss", "sub"]},
            )
        except jwt.InvalidTokenError:
            return None
        return _admin(claims)

    async def _ask_server(self, token: str) -> Admin | None:
        """Older projects sign with a shared secret that never leaves the auth server: it alone can check the token."""
        claims = jwt.decode(token, options={"verify_signature": False})
        issued_here = claims.get("iss") == self._base and claims.get("aud") == "authenticated"
        if not issued_here or float(claims.get("exp", 0)) <= time.time():
            return None
        answer = await self._call("GET", "/user", token=token)
        if answer.status_code != httpx.codes.OK:
            return None
        return _admin(claims | {"app_metadata": answer.json().get("app_metadata", {})})

    async def _key(self, kid: str) -> jwt.PyJWK | None:
        age = time.monotonic() - self._keys_read_at
        # An unknown key may be a rotated one; ask again, but no more than once in ten seconds.
        if age > KEYS_LIVE_S or (kid not in self._keys and age > min(10.0, KEYS_LIVE_S)):
            answer = await self._call("GET", "/.well-known/jwks.json")
            if answer.status_code == httpx.codes.OK:
                keys = jwt.PyJWKSet.from_dict(answer.json()).keys if answer.json().get("keys") else []
                self._keys = {key.key_id: key for key in keys if key.key_id}
                self._keys_read_at = time.monotonic()
        return self._keys.get(kid)

    async def _lives(self, admin: Admin, token: str) -> bool:
        seen_at, lives = self._alive.get(admin.session_id, (float("-inf"), True))
        if not lives or time.monotonic() - seen_at < ALIVE_FOR_S:
            return lives
        try:
            answer = await self._call("GET", "/user", token=token)
        except AuthUnavailableError:
            return True  # the signature holds; an outage of the auth server is no reason to lose one's work
        lives = answer.status_code == httpx.codes.OK and _is_admin(answer.json())
        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            self._remember(admin.session_id, lives=lives)
            return lives
        return True

    def _remember(self, session_id: str, *, lives: bool) -> None:
        if len(self._alive) >= CACHE_SIZE:
            self._alive.pop(next(iter(self._alive)))
        self._alive[session_id] = (time.monotonic(), lives)

    async def _call(self, method: str, path: str, *, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"apikey": self._apikey} | ({"authorization": f"Bearer {token}"} if token else {})
        try:
            return await self._http.request(method, self._base + path, headers=headers, **more)
        except httpx.HTTPError as error:
            raise AuthUnavailableError from error


def _is_admin(user: dict[str, Any]) -> bool:
    return (user.get("app_metadata") or {}).get("role") == "admin"


def _admin(claims: dict[str, Any]) -> Admin | None:
    """Being signed in is not enough: anybody may sign up at a Supabase project. Only the role makes an admin."""
    if not _is_admin(claims):
        return None
    return Admin(
        user_id=str(claims["sub"]),
        email=str(claims.get("email") or claims["sub"]),
        session_id=str(claims.get("session_id") or claims["sub"]),
        expires_at=float(claims["exp"]),
    )
