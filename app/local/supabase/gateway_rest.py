"""`/rest/v1`: one HTTP request, one transaction, one function call, as PostgREST does it.

The body goes to PostgreSQL as the bytes that came, and PostgreSQL's reply goes back as the bytes it made: Python looks
at neither beyond the names of the arguments. Tables can be read whole, which is what the access tests try; Leadloom
itself calls functions only.
"""

from __future__ import annotations

import random
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.local.supabase.gateway_access import identify
from app.local.supabase.gateway_database import GatewayDatabase
from app.local.supabase.gateway_errors import JSON_TYPE, GatewayError
from app.local.supabase.gateway_functions import ROW_LIMIT, quote_identifier
from app.local.supabase.keys import Keys

__all__ = ["RestApi"]

_MAX_BODY = 100_000_000
_NOT_ARGUMENTS = {"apikey", "select", "limit", "offset", "order", "columns"}  # words of PostgREST's query language
_READING = {"GET", "HEAD"}


class RestApi:
    """Answers calls of functions and reads of tables."""

    def __init__(self, database: GatewayDatabase, keys: Keys, refuse_share: float = 0.0) -> None:
        self._database = database
        self._keys = keys
        self._refuse_share = refuse_share

    async def function(self, request: Request) -> Response:
        """`/rest/v1/rpc/<name>`: arguments in the query of a GET or HEAD, or in the JSON body of a POST."""
        caller = identify(request, self._keys)
        if random.random() < self._refuse_share:  # noqa: S311 -- chance, not a secret
            raise GatewayError(401, "PGRST303", "JWT issued at future")
        if request.method not in {*_READING, "POST"}:
            raise GatewayError(405, "PGRST101", f"Cannot use the {request.method} method on RPC")
        reading = request.method in _READING
        query = {key: value for key, value in request.query_params.items() if key not in _NOT_ARGUMENTS}
        payload = b"" if reading else await _body(request)
        arguments = query.keys() if reading else _argument_names(payload)
        name = request.path_params["name"]
        async with self._database.connection() as connection:
            if not self._database.catalogue.knows(name, arguments):
                await self._database.refresh(connection)
            function = self._database.catalogue.resolve(name, arguments)
            self._database.catalogue.check_limited(name)
            values: list[Any] = [query[key] for key in function.parameters if key in query] if reading else [payload]
            body, count = await self._database.run(
                connection,
                request,
                caller,
                function.statement(arguments, from_query=reading),
                values if arguments else [],
                read_only=reading or function.read_only,
                settings=function.settings,
            )
        if function.returns == "void":
            return Response(status_code=204)
        return _reply(request, body or b"null", count)

    async def table(self, request: Request) -> Response:
        """`/rest/v1/<table>`: the first rows, whole."""
        caller = identify(request, self._keys)
        name = request.path_params["name"]
        unsupported = request.query_params.keys() - {"apikey", "select", "limit"}
        if request.method not in _READING or unsupported:
            raise GatewayError(
                405,
                "PGRST117",
                f"Unsupported HTTP method: {request.method}",
                hint="Only functions change anything here.",
            )
        async with self._database.connection() as connection:
            if not self._database.catalogue.has_table(name):
                await self._database.refresh(connection)
            if not self._database.catalogue.has_table(name):
                raise GatewayError(404, "PGRST205", f"Could not find the table 'public.{name}' in the schema cache")
            rows = f"select * from public.{quote_identifier(name)} limit {ROW_LIMIT}"
            statement = f"select convert_to(coalesce(json_agg(r), '[]')::text, 'UTF8'), count(*) from ({rows}) as r"
            body, count = await self._database.run(connection, request, caller, statement, [], read_only=True)
        return _reply(request, body or b"[]", count)


def _reply(request: Request, body: bytes, count: int | None) -> Response:
    headers = {}
    if count is not None:
        headers["content-range"] = f"0-{count - 1}/*" if count else "*/*"
    return Response(b"" if request.method == "HEAD" else body, headers=headers, media_type=JSON_TYPE)


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "application/json").split(";", 1)[0].strip().lower()
    if kind != "application/json":
        raise GatewayError(400, "PGRST102", f"Content-Type not acceptable: {kind}")
    if int(request.headers.get("content-length", 0)) > _MAX_BODY:
        raise GatewayError(413, None, "Request body too large")
    return await request.body()


def _argument_names(payload: bytes) -> set[str]:
    if not payload:
        return set()
    try:
        parsed = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise GatewayError(400, "PGRST102", "Empty or invalid json") from None
    if not isinstance(parsed, dict):
        raise GatewayError(400, "PGRST102", "All object keys must match")
    return set(parsed)
