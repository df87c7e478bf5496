"""The one door to Supabase: every page, worker and loop calls Postgres functions through `Database.call`.

Under it is supabase-py's async client with the secret key. A call that lost its connection is repeated, because every
function that changes something is safe to repeat; an error that the function raised comes out as one of `app.errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
from supabase import AsyncClient, AsyncClientOptions, create_async_client

from app.errors import ConflictError, DatabaseError, DatabaseUnavailableError, InputError, NotFoundError
from app.settings import Settings
from app.settings import settings as current_settings

__all__ = ["Database", "connect", "connect_database"]

_TRIES = 5
_FIRST_WAIT_S = 0.2
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # above every statement time-out of the API roles
_GONE_STATUSES = {502, 503, 504, 520, 522, 524}  # the proxy's, or PostgREST's without its database
_ERRORS = {"PT404": NotFoundError, "PT409": ConflictError, "PT422": InputError}


class Database:
    """Supabase, as far as Leadloom sees it: functions by name.

    Args:
        client: a client with the secret key; never sign a user in on it, that would change who it is.
        http: the HTTP client under it, closed with this object.
    """

    def __init__(self, client: AsyncClient, http: httpx.AsyncClient) -> None:
        self._client = client
        self._http = http

    async def call(self, function: str, /, **args: Any) -> Any:
        """Call a Postgres function of schema `public`; `name=value` is passed as its parameter `p_name`.

        Args:
            function: the function's name.
            **args: anything JSON can say, and uuid, date and datetime values.

        Returns:
            What the function returns, from JSON; None for a function that returns nothing.

        Raises:
            NotFoundError, ConflictError, InputError: the function said so, with a text for the user.
            DatabaseUnavailableError: it could not be reached in several tries.
            DatabaseError: anything else that the database said.
        """
        body = orjson.dumps({f"p_{name}": value for name, value in args.items()})
        request = self._client.postgrest.rpc(function, {}).request
        headers = {**request.headers, "content-type": "application/json"}
        for tried in range(1, _TRIES + 1):
            try:
                response = await self._http.post(str(request.path), content=body, headers=headers)
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}"
            else:
                if response.status_code not in _GONE_STATUSES:
                    return _reply(function, response)
                trouble = f"HTTP {response.status_code}: {response.text[:200]}"
            if tried < _TRIES:
                await asyncio.sleep(_FIRST_WAIT_S * 2 ** (tried - 1) * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter
        raise DatabaseUnavailableError(f"{function}: the database could not be reached ({trouble}).")

    async def read(self, function: str, /, **args: Any) -> Any:
        """Call a function that changes nothing. The same as `call`; the name tells the reader."""
        return await self.call(function, **args)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.aclose()


async def connect(settings: Settings | None = None) -> Database:
    """Open the door with the project and the secret key of the settings; connections are made when first needed."""
    chosen = settings or current_settings()
    http = httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(retries=3, http2=False, limits=httpx.Limits(max_connections=40)),
        timeout=_TIMEOUT,
    )
    options = AsyncClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False)
    client = await create_async_client(chosen.supabase_url, chosen.supabase_secret_key.get_secret_value(), options)
    return Database(client, http)


@contextlib.asynccontextmanager
async def connect_database(settings: Settings | None = None) -> AsyncIterator[Database]:
    """Open the door, and close it when the `async with` block ends."""
    database = await connect(settings)
    try:
        yield database
    finally:
        await database.aclose()


def _reply(function: str, response: httpx.Response) -> Any:
    if response.is_success:
        return orjson.loads(response.content) if response.content else None
    try:
        said = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        said = {}
    code, message, hint = said.get("code"), said.get("message") or response.text[:500], said.get("hint")
    if code in _ERRORS:
        raise _ERRORS[code](message, hint)
    details = f" {said['details']}" if said.get("details") else ""
    raise DatabaseError(f"{function}: {message}{details} (HTTP {response.status_code}, {code})", code)
