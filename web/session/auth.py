"""Sign-in against Supabase Auth, and the check of the session on every request.

An access token is verified here (signature by the project's published keys, expiry, audience, issuer); once a minute
the auth server is also asked whether the session still lives, so that a sign-out or a lost role ends it everywhere.
Only its own refusal ends a session; while it cannot answer, who is signed in stays signed in.
Facts about the endpoints: Supabase Auth's OpenAPI description (POST /token, GET /user, POST /logout, JWKS).
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.errors import LeadloomError
from app.settings import Settings
from web.session.auth_answers import AuthUnavailableError, json_object, said_yes

__all__ = ["Admin", "AuthUnavailableError", "Authenticator", "Session", "SignInRefusedError"]

ALGORITHMS = ("ES256", "RS256", "EdDSA")
AUDIENCE = "authenticated"
KEYS_LIVE_S = 600.0
ALIVE_FOR_S = 60.0
ASK_AGAIN_S = 10.0
"""While the auth server does not answer, it is asked for a session no more often than this."""
RENEWAL_LIVES_S = 20.0
CACHE_SIZE = 1000
UNREADABLE = (jwt.InvalidTokenError, ValidationError, ValueError, TypeError, OverflowError, RecursionError)
"""What a hand-made token may raise: PyJWT looks at the types of some claims only."""


class SignInRefusedError(LeadloomError):
    """This e-mail address and password do not open an administrator's session."""


class _Claims(BaseModel):
    """What we read of an access token; a claim of another type makes the token worthless."""

    model_config = ConfigDict(strict=True)

    sub: str = Field(min_length=1)
    exp: float = Field(gt=0, allow_inf_nan=False)
    iss: str
    aud: str | list[str]
    email: str | None = None
    session_id: str | None = None
    app_metadata: dict[str, Any] | None = None


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
        self._checked: dict[str, tuple[float, Admin | None]] = {}
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
        if not said_yes(answer):
            return None
        tokens = json_object(answer)
        access, refresh = tokens.get("access_token"), tokens.get("refresh_token")
        if not isinstance(access, str) or not isinstance(refresh, str):
            raise AuthUnavailableError
        admin = await self._verify(access)
        if admin is None:
            return None
        self._remember(admin.session_id, lives=True)
        return Session(admin, access, refresh)

    async def _verify(self, token: str) -> Admin | None:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") == "HS256":
                return await self._verify_by_server(token)
            key = await self._key(str(header.get("kid", "")))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key=key,
                algorithms=list(ALGORITHMS),
                audience=AUDIENCE,
                issuer=self._base,
                leeway=5,
                options={"require": ["exp", "aud", "iss", "sub"]},
            )
            return _admin(_Claims.model_validate(claims))
        except UNREADABLE:
            return None

    async def _verify_by_server(self, token: str) -> Admin | None:
        """Older projects sign with a shared secret that never leaves the auth server: it alone can check the token.

        A signature that was good stays good until the token ends; what was refused is believed for a minute.
        """
        claims = _Claims.model_validate(jwt.decode(token, options={"verify_signature": False}))
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != self._base or AUDIENCE not in audiences or claims.exp <= time.time():
            return None
        name = hashlib.sha256(token.encode()).hexdigest()
        checked_at, admin = self._checked.get(name, (float("-inf"), None))
        if admin is None and time.monotonic() - checked_at >= ALIVE_FOR_S:
            answer = await self._call("GET", "/user", token=token)
            if said_yes(answer):
                user = json_object(answer)
                known = user.get("id") == claims.sub
                admin = _admin(claims.model_copy(update={"app_metadata": user.get("app_metadata")})) if known else None
            if admin is not None:
                self._remember(admin.session_id, lives=True)
            _keep(self._checked, name, (time.monotonic(), admin))
        return admin

    async def _key(self, kid: str) -> jwt.PyJWK | None:
        age = time.monotonic() - self._keys_read_at
        # An unknown key may be a rotated one; ask again, but no more than once in ten seconds.
        if age > KEYS_LIVE_S or (kid not in self._keys and age > min(10.0, KEYS_LIVE_S)):
            try:
                self._keys = await self._read_keys()
                self._keys_read_at = time.monotonic()
            except AuthUnavailableError:
                if kid not in self._keys:  # a key that was good goes on being good during an outage
                    raise
        return self._keys.get(kid)

    async def _read_keys(self) -> dict[str, jwt.PyJWK]:
        answer = await self._call("GET", "/.well-known/jwks.json")
        if not said_yes(answer):
            raise AuthUnavailableError
        published = json_object(answer)
        try:
            keys = jwt.PyJWKSet.from_dict(published).keys if published.get("keys") else []
        except (jwt.PyJWTError, TypeError, AttributeError):
            raise AuthUnavailableError from None
        return {key.key_id: key for key in keys if key.key_id}

    async def _lives(self, admin: Admin, token: str) -> bool:
        seen_at, lives = self._alive.get(admin.session_id, (float("-inf"), True))
        if not lives or time.monotonic() - seen_at < ALIVE_FOR_S:
            return lives
        try:
            answer = await self._call("GET", "/user", token=token)
            lives = said_yes(answer) and _is_admin(json_object(answer).get("app_metadata"))
        except AuthUnavailableError:
            # The signature holds; an outage of the auth server is no reason to lose one's work.
            self._remember(admin.session_id, lives=True, for_s=ASK_AGAIN_S)
            return True
        self._remember(admin.session_id, lives=lives)
        return lives

    def _remember(self, session_id: str, *, lives: bool, for_s: float = ALIVE_FOR_S) -> None:
        _keep(self._alive, session_id, (time.monotonic() - ALIVE_FOR_S + for_s, lives))

    async def _call(self, method: str, path: str, *, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"apikey": self._apikey} | ({"authorization": f"Bearer {token}"} if token else {})
        try:
            return await self._http.request(method, self._base + path, headers=headers, **more)
        except httpx.HTTPError as error:
            raise AuthUnavailableError from error


def _keep(cache: dict[str, Any], name: str, value: Any) -> None:
    """Keep a value as the newest; the oldest goes when there are too many."""
    cache.pop(name, None)
    if len(cache) >= CACHE_SIZE:
        cache.pop(next(iter(cache)))
    cache[name] = value


def _is_admin(app_metadata: Any) -> bool:
    return isinstance(app_metadata, dict) and app_metadata.get("role") == "admin"


def _admin(claims: _Claims) -> Admin | None:
    """Being signed in is not enough: anybody may sign up at a Supabase project. Only the role makes an admin."""
    if not _is_admin(claims.app_metadata):
        return None
    return Admin(claims.sub, claims.email or claims.sub, claims.session_id or claims.sub, claims.exp)
