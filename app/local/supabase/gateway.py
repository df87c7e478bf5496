"""Supabase's HTTP API for the embedded PostgreSQL: `/rest/v1/*` and `/auth/v1/*`, as far as Leadloom uses them.

A stand-in for development and tests: supabase-py talks to it unmodified, so that the code above it is the very code
that talks to a hosted project.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from app.local.supabase.auth_api import AuthApi
from app.local.supabase.auth_errors import AuthError, respond_auth
from app.local.supabase.auth_store import AuthStore
from app.local.supabase.gateway_database import GatewayDatabase
from app.local.supabase.gateway_errors import GatewayError, respond
from app.local.supabase.gateway_rest import RestApi
from app.local.supabase.keys import Keys

__all__ = ["Gateway"]

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class Gateway:
    """The HTTP API of one database; `app` is the ASGI application.

    Args:
        authenticator_url: connection string of the account `authenticator`; functions are called through it.
        owner_url: connection string of the account that owns schema `auth`.
        keys: the stack's keys.
        url: where the gateway is reached, e.g. `http://127.0.0.1:54321`; tokens are issued in its name.
        pool_size: how many functions run at the same time.
        refuse_share: the share of calls answered with `401 PGRST303 "JWT issued at future"` before they run, as hosted
            Supabase does at times to keys that are good (supabase/supabase issues 49655, 50651).
    """

    def __init__(
        self,
        *,
        authenticator_url: str,
        owner_url: str,
        keys: Keys,
        url: str,
        pool_size: int = 12,
        refuse_share: float = 0.0,
    ) -> None:
        self._database = GatewayDatabase(authenticator_url, pool_size)
        self._store = AuthStore(owner_url)
        rest = RestApi(self._database, keys, refuse_share)
        self.app = Starlette(
            routes=[
                Route("/rest/v1/rpc/{name}", rest.function, methods=_ANY_METHOD),
                Route("/rest/v1/{name}", rest.table, methods=_ANY_METHOD),
                Mount("/auth/v1", routes=AuthApi(self._store, keys, url).routes),
                Route("/{rest:path}", _no_route, methods=_ANY_METHOD),
            ],
            exception_handlers={GatewayError: respond, AuthError: respond_auth, ClientDisconnect: _nobody_there},
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self.open()
        try:
            yield
        finally:
            await self.close()

    async def open(self) -> None:
        """Get ready to serve, in the event loop that will serve."""
        await self._database.open()
        await self._store.open()

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()
        await self._store.close()


async def _nobody_there(_: Request, __: Exception) -> Response:
    """The client went away while it sent its request; nothing was called, and nobody reads this."""
    return Response(status_code=400)


async def _no_route(_: Request) -> Response:
    return JSONResponse({"message": "no Route matched with those values"}, 404)
