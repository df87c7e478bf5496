"""What handlers ask for: the database, who is signed in, the CSRF check, the engine's wake-up call.

Services are made when first needed and shared by the whole process; tests put their own database in beforehand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import httpx
from fastapi import Depends, Request

from app.db import Database, connect
from app.engine.readiness import ReadinessProbe
from app.settings import settings
from web.session.auth import Admin, Authenticator, Session
from web.session.cookies import ACCESS, REFRESH, drop_cookie, put_cookie
from web.session.errors import ForbiddenError, SignInNeededError
from web.session.security import csrf_valid

__all__ = ["Actor", "Db", "Services", "Wake", "csrf_checked", "keep_session", "services", "signed_in"]

Wake = Callable[[], Awaitable[Any]]
REFRESH_AGE_S = 60 * 60 * 24 * 30
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Services:
    """The process-wide things behind the handlers."""

    def __init__(self, *, wake: Wake | None = None, public_url: str | None = None) -> None:
        self._wake = wake
        self._public_url = public_url
        self._lock = asyncio.Lock()
        self._http: httpx.AsyncClient | None = None
        self._auth: Authenticator | None = None
        self.database: Database | None = None
        self.probe = ReadinessProbe(self.db)

    async def db(self) -> Database:
        """The one connection to Supabase's API."""
        if self.database is None:
            async with self._lock:
                self.database = self.database or await connect()
        return self.database

    @property
    def http(self) -> httpx.AsyncClient:
        """A client for everything that is not the database: Supabase Auth, a Clay webhook under test."""
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=httpx.Timeout(15.0, connect=5.0))
        return self._http

    @property
    def auth(self) -> Authenticator:
        """Supabase Auth, on a client of its own: a sign-in never touches the service key's client."""
        if self._auth is None:
            self._auth = Authenticator(settings(), self.http)
        return self._auth

    async def wake(self) -> None:
        """Tell the engine that there is something to do."""
        if self._wake is not None:
            await self._wake()

    @property
    def known_url(self) -> str | None:
        """The address that we were told to have; None where only a request can say."""
        return self._public_url or settings().public_url

    def public_url(self, request: Request) -> str:
        """Base of the URLs that Clay calls, without a slash at its end."""
        return (self.known_url or str(request.base_url)).rstrip("/")

    async def aclose(self) -> None:
        """Close what was opened here."""
        if self._http is not None:
            await self._http.aclose()
        if self.database is not None:
            await self.database.aclose()


def services(request: Request) -> Services:
    """The services of the running application."""
    found: Services = request.app.state.services
    return found


async def database(request: Request) -> Database:
    """The database, for handlers of pages: they say soon that it is busy, instead of waiting with whoever looks."""
    return (await services(request).db()).for_pages()


def keep_session(request: Request, session: Session) -> None:
    """Give the browser the session's tokens, and let the rest of this request know who it is."""
    put_cookie(request, ACCESS, session.access_token, max_age=REFRESH_AGE_S)
    put_cookie(request, REFRESH, session.refresh_token, max_age=REFRESH_AGE_S)
    request.state.admin, request.state.access_token = session.admin, session.access_token


async def signed_in(request: Request) -> Admin:
    """Who is signed in, by a valid access token, or by a refresh token that still buys one.

    Raises:
        SignInNeededError: nobody; the error handler leads to the sign-in page.
        AuthUnavailableError: nobody can say; the cookies stay as they are.
    """
    auth = services(request).auth
    token, refresh = request.cookies.get(ACCESS), request.cookies.get(REFRESH)
    admin = await auth.check(token) if token else None
    if admin is None and refresh:
        session = await auth.renew(refresh)
        if session is not None:
            keep_session(request, session)
            admin = session.admin
    if admin is None:
        drop_cookie(request, ACCESS)
        drop_cookie(request, REFRESH)
        raise SignInNeededError
    request.state.admin = admin
    return admin


async def csrf_checked(request: Request, admin: Annotated[Admin, Depends(signed_in)]) -> None:
    """Refuse a change that did not come from one of our own pages.

    Raises:
        ForbiddenError: the token is missing or belongs to another session.
    """
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForbiddenError
    token = request.headers.get("x-csrf-token")
    if token is None and "form" in request.headers.get("content-type", ""):
        field = (await request.form()).get("csrf_token")
        token = field if isinstance(field, str) else None
    if not csrf_valid(admin.session_id, token):
        raise ForbiddenError


Db = Annotated[Database, Depends(database)]
Actor = Annotated[Admin, Depends(signed_in)]
