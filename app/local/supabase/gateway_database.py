"""The gateway's side of the database: a pool of `authenticator` connections, and one transaction per request.

Every request runs as PostgREST runs it: the role of its caller, the role's and the function's settings, and what the
request said about itself, all local to one transaction that is read-only where nothing may change.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import orjson
from starlette.requests import Request

from app.local.supabase.gateway_access import Caller
from app.local.supabase.gateway_errors import GatewayError, from_postgres, unavailable
from app.local.supabase.gateway_functions import Catalogue

__all__ = ["GatewayDatabase"]

_ACQUIRE_SECONDS = 10.0  # PostgREST's db-pool-acquisition-timeout
_CONNECT_SECONDS = 10.0
_STALE_PLAN = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
# What asyncpg raises when the server went away, between two calls or in the middle of one.
_GONE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)


class GatewayDatabase:
    """Connections, the catalogue of what can be called, and the transaction of a request.

    Args:
        url: connection string of the account `authenticator`.
        pool_size: how many requests run at the same time; others wait up to ten seconds.
    """

    def __init__(self, url: str, pool_size: int) -> None:
        self._url = url
        self._pool_size = pool_size
        self._pool: asyncpg.Pool | None = None
        self._listener: asyncpg.Connection | None = None
        self._fresh = False
        self._refreshing = asyncio.Lock()
        self.catalogue = Catalogue()

    async def open(self) -> None:
        """Get ready, in the event loop that will serve; connections are made when first needed."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._pool_size,
            timeout=_CONNECT_SECONDS,
            max_inactive_connection_lifetime=60,
            init=_json_as_bytes,
            reset=_nothing,
        )

    async def close(self) -> None:
        """Let go of every connection."""
        if self._listener is not None:
            await self._listener.close()
        if self._pool is not None:
            await self._pool.close()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for one request, with the catalogue read.

        Raises:
            GatewayError: 503 the database cannot be reached, 504 all connections stayed busy.
        """
        assert self._pool is not None  # noqa: S101 -- opened before the first request
        try:
            connection = await self._pool.acquire(timeout=_ACQUIRE_SECONDS)
        except TimeoutError:
            raise GatewayError(504, "PGRST003", "Timed out acquiring connection from connection pool.") from None
        except (asyncpg.PostgresError, *_GONE) as error:  # whatever it is, there is no connection
            raise unavailable(error) from error
        try:
            if not self._fresh:
                await self.refresh(connection)
            yield connection
        except _GONE as error:
            raise unavailable(error) from error
        finally:
            await self._pool.release(connection)

    async def refresh(self, connection: asyncpg.Connection) -> None:
        """Read the catalogue again, and hear of the next change."""
        async with self._refreshing:
            if self._listener is None or self._listener.is_closed():
                self._listener = await asyncpg.connect(self._url, timeout=_CONNECT_SECONDS)
                await self._listener.add_listener("pgrst", self._forget)
                self._listener.add_termination_listener(self._forget)
            await self.catalogue.refresh(connection)
            self._fresh = True

    def _forget(self, *_: object) -> None:
        self._fresh = False

    async def run(
        self,
        connection: asyncpg.Connection,
        request: Request,
        caller: Caller,
        statement: str,
        values: list[Any],
        *,
        read_only: bool,
        settings: Mapping[str, str] | None = None,
    ) -> tuple[bytes | None, int | None]:
        """Run one statement in the transaction of a request: open with everything set, run, commit; three round trips.

        Returns:
            The two columns of the statement's row: the reply's body and, for sets, how many rows it has.

        Raises:
            GatewayError: what the database said, put as PostgREST puts it.
        """
        begin = self._begin(request, caller, settings or {}, read_only=read_only)
        try:
            try:
                return await _transaction(connection, begin, statement, values)
            except _STALE_PLAN:  # a function was replaced under a prepared statement
                await connection.reload_schema_state()
                return await _transaction(connection, begin, statement, values)
        except _GONE as error:
            raise unavailable(error) from error
        except asyncpg.PostgresError as error:
            raise from_postgres(error, caller.role) from error

    def _begin(self, request: Request, caller: Caller, settings: Mapping[str, str], *, read_only: bool) -> str:
        role = self.catalogue.role(caller.role)
        values = {
            "search_path": '"public", "extensions"',
            **role.settings,
            "role": role.name,
            "request.jwt.claims": orjson.dumps(caller.claims).decode(),
            "request.method": request.method,
            "request.path": request.url.path.partition("/rest/v1")[2],
            "request.headers": orjson.dumps(dict(request.headers)).decode(),
            "request.cookies": orjson.dumps(request.cookies).decode(),
            **settings,
        }
        words = ", ".join(f"set_config({_literal(name)}, {_literal(value)}, true)" for name, value in values.items())
        mode = "read only" if read_only else "read write"
        return f"begin isolation level read committed {mode}; select {words}"


async def _transaction(
    connection: asyncpg.Connection, begin: str, statement: str, values: list[Any]
) -> tuple[bytes | None, int | None]:
    try:
        await connection.execute(begin)
        row = await connection.fetchrow(statement, *values)
        await connection.execute("commit")
    except BaseException as error:
        if isinstance(error, _GONE):
            connection.terminate()
        elif not connection.is_closed():
            await connection.execute("rollback")
        raise
    return (row[0], row[1]) if row is not None else (None, None)


def _literal(text: str) -> str:
    """Text as SQL writes it; standard_conforming_strings is on, so a backslash is a backslash."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


async def _json_as_bytes(connection: asyncpg.Connection) -> None:
    """Send `json` parameters as the bytes that came, instead of turning them into str and back."""
    await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")


async def _nothing(_: asyncpg.Connection) -> None:
    """Every setting of a request is local to its transaction: a connection comes back as it went."""
