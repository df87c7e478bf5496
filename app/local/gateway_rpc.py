"""`/rest/v1/rpc/<function>`: one HTTP request, one transaction, one function call, as PostgREST does it.

The body goes to PostgreSQL as the bytes that came, and PostgreSQL's reply goes back as the bytes it made: Python looks
at neither beyond the names of the arguments.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.local.gateway_access import Caller, identify
from app.local.gateway_errors import GatewayError, from_postgres
from app.local.gateway_functions import Function, FunctionCache, Role
from app.local.keys import Keys

__all__ = ["RpcEndpoint"]

_MAX_BODY = 50_000_000
_JSON = "application/json; charset=utf-8"
_STALE_PLAN = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)


class RpcEndpoint:
    """Answers calls of functions.

    Args:
        pool: connections of the account `authenticator`, whose `json` values travel as bytes.
        keys: the stack's keys.
    """

    def __init__(self, pool: asyncpg.Pool, keys: Keys) -> None:
        self._pool = pool
        self._keys = keys
        self._cache = FunctionCache()
        self._fresh = False

    def forget(self) -> None:
        """Read the functions again before the next call."""
        self._fresh = False

    async def __call__(self, request: Request) -> Response:
        """Serve GET, HEAD and POST of one function."""
        caller = identify(request, self._keys)
        name = request.path_params["function"]
        by_query = request.method != "POST"
        if by_query:
            query = {key: value for key, value in request.query_params.multi_items() if key not in {"apikey", "select"}}
            arguments: Any = query
            payload = b""
        else:
            payload = await _body(request)
            arguments = _argument_names(payload)
        async with self._pool.acquire() as connection:
            function = await self._resolve(connection, name, arguments)
            role = self._cache.role(caller.role)
            if role is None:
                raise GatewayError(401, "22023", f'role "{caller.role}" does not exist')
            values: list[Any] = [query[key] for key in function.parameters if key in query] if by_query else [payload]
            statement = function.statement(arguments, from_query=by_query)
            if not arguments:
                values = []
            begin = _begin(request, caller, role, function, read_only=by_query or function.read_only)
            try:
                body = await self._run(connection, begin, statement, values)
            except asyncpg.PostgresError as error:
                raise from_postgres(error, caller.role) from None
        if function.returns == "void":
            return Response(status_code=204)
        headers = {"content-range": _content_range(function, body)} if function.returns in {"rows", "scalars"} else None
        return Response(b"" if request.method == "HEAD" else body or b"null", media_type=_JSON, headers=headers)

    async def _resolve(self, connection: asyncpg.Connection, name: str, arguments: Any) -> Function:
        if not self._fresh or not self._cache.knows(name, arguments):
            await self._cache.refresh(connection)
            self._fresh = True
        return self._cache.resolve(name, arguments)

    async def _run(self, connection: asyncpg.Connection, begin: str, statement: str, values: list[Any]) -> bytes | None:
        """Three round trips: open the transaction with everything set, call, commit."""
        for last_try in (False, True):
            try:
                await connection.execute(begin)
                body: bytes | None = await connection.fetchval(statement, *values)
                await connection.execute("commit")
            except _STALE_PLAN:  # a function was replaced under a prepared statement
                await _rollback(connection)
                if last_try:
                    raise
                await connection.reload_schema_state()
            except BaseException:
                await _rollback(connection)
                raise
            else:
                return body
        raise AssertionError


async def _rollback(connection: asyncpg.Connection) -> None:
    if not connection.is_closed():
        await connection.execute("rollback")


def _argument_names(payload: bytes) -> set[str]:
    if not payload.strip():
        return set()
    try:
        parsed = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise GatewayError(400, "PGRST102", f"Empty or invalid json: {error}") from None
    if not isinstance(parsed, dict):
        raise GatewayError(400, "PGRST102", "All object keys must match")
    return set(parsed)


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "application/json").split(";", 1)[0].strip().lower()
    if kind != "application/json":
        raise GatewayError(415, "PGRST102", f"Content-Type not acceptable: {kind}")
    body = await request.body()
    if len(body) > _MAX_BODY:
        raise GatewayError(413, "", "Payload too large")
    return body


def _begin(request: Request, caller: Caller, role: Role, function: Function, *, read_only: bool) -> str:
    """The statements that open the transaction: mode, role, the role's settings, the function's, the request's."""
    settings = {
        "search_path": '"public", "extensions"',
        "request.jwt.claims": orjson.dumps(caller.claims).decode(),
        "request.method": request.method,
        "request.path": request.url.path.removeprefix("/rest/v1"),
        "request.headers": orjson.dumps(dict(request.headers)).decode(),
        "request.cookies": orjson.dumps(request.cookies).decode(),
        **role.settings,
        **function.settings,
        "role": role.name,
    }
    words = ", ".join(f"set_config({_literal(name)}, {_literal(value)}, true)" for name, value in settings.items())
    mode = "read only" if read_only else "read write"
    return f"begin isolation level read committed {mode}; select {words}"


def _literal(text: str) -> str:
    """Text as SQL writes it; standard_conforming_strings is on, so a backslash is a backslash."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def _content_range(function: Function, body: bytes | None) -> str:
    count = len(orjson.loads(body or b"[]")) if function.returns in {"rows", "scalars"} else 1
    return f"0-{count - 1}/*" if count else "*/*"
