"""Supabase's HTTP API for the embedded PostgreSQL: `/rest/v1/rpc/*` and `/auth/v1/*`, as far as Leadloom uses them.

A stand-in for development and tests: supabase-py talks to it unmodified, so that the code above it is the very code
that talks to a hosted project.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.local.gateway_errors import GatewayError
from app.local.gateway_rpc import RpcEndpoint
from app.local.keys import Keys

__all__ = ["Gateway"]


class Gateway:
    """The HTTP API of one database; `app` is the ASGI application.

    Args:
        authenticator_url: connection string of the account `authenticator`; functions are called through it.
        keys: the stack's keys.
        pool_size: how many functions run at the same time.
    """

    def __init__(self, *, authenticator_url: str, keys: Keys, pool_size: int = 12) -> None:
        self._authenticator_url = authenticator_url
        self._pool_size = pool_size
        self._keys = keys
        self._pool: asyncpg.Pool | None = None
        self._rpc: RpcEndpoint | None = None
        self.app = Starlette(
            routes=[Route("/rest/v1/rpc/{function}", self._call, methods=["GET", "HEAD", "POST"])],
            exception_handlers={GatewayError: _say},
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
        self._pool = await asyncpg.create_pool(
            self._authenticator_url, min_size=0, max_size=self._pool_size, init=_json_as_bytes, reset=_nothing
        )
        self._rpc = RpcEndpoint(self._pool, self._keys)

    async def close(self) -> None:
        """Let go of the database."""
        if self._pool is not None:
            await self._pool.close()

    async def _call(self, request: Request) -> Response:
        assert self._rpc is not None  # noqa: S101 -- opened before the first request
        return await self._rpc(request)


async def _say(_: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)  # noqa: S101 -- registered for nothing else
    return Response(orjson.dumps(error.body), status_code=error.status, media_type="application/json; charset=utf-8")


async def _json_as_bytes(connection: asyncpg.Connection) -> None:
    """Send `json` parameters as the bytes that came, instead of turning them into str and back."""
    await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")


async def _nothing(_: asyncpg.Connection) -> None:
    """Every setting of a call is local to its transaction: a connection comes back as it went."""
