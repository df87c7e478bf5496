"""The one door to Supabase: every page, worker and loop calls Postgres functions through `Database.call`.

Under it is supabase-py's async client with the secret key. A call that lost its connection is repeated, because every
function that changes something is safe to repeat; an error that the function raised comes out as one of `app.errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
from supabase import AsyncClient, AsyncClientOptions, AsyncSupabaseException, create_async_client

from app.errors import (
    ConflictError,
    DatabaseError,
    DatabaseUnavailableError,
    InputError,
    LeadloomError,
    NotFoundError,
    SettingsError,
)
from app.settings import Settings
from app.settings import settings as current_settings

__all__ = ["Database", "connect", "connect_database"]

_TRIES = 6
_FIRST_WAIT_S = 0.1  # doubled each time, give or take half
_PATIENCE_S = 60.0  # no further try after this long
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # above every statement time-out of the API roles
_LIMITS = httpx.Limits(max_connections=40, keepalive_expiry=30.0)
# The edge's statuses for "not now", and PostgREST's without its database.
_BUSY_STATUSES = {429, 502, 503, 504, 520, 522, 523, 524}
# Lost a deadlock, waited too long for a lock, the server is going down or coming up; PGRST202 right after a migration
# means that PostgREST has not read the new functions yet.
_PASSING_CODES = {"40001", "40P01", "55P03", "57P01", "57P03", "PGRST202"}
_OURS = {"PT404": NotFoundError, "PT409": ConflictError, "PT422": InputError}
_UNAUTHORIZED = 401
_CHECK = "Check SUPABASE_URL and SUPABASE_SECRET_KEY."


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
            NotFoundError: the function said so, with a text for the user; so do ConflictError and InputError.
            SettingsError: Supabase does not accept the key.
            DatabaseUnavailableError: it could not be reached in several tries.
            DatabaseError: anything else that the database said; `code` is its SQLSTATE or PostgREST's code.
        """
        body = orjson.dumps({f"p_{name}": value for name, value in args.items()}, default=_plain)
        request = self._client.postgrest.rpc(function, {}).request
        headers = {**request.headers, "content-type": "application/json"}
        give_up_at = time.monotonic() + _PATIENCE_S
        for left in reversed(range(_TRIES)):
            # supabase-py makes the address and the headers; its own JSON, written and read, is several times slower.
            try:
                response = await self._http.post(str(request.path), content=body, headers=headers)
            except httpx.TransportError as error:
                trouble: DatabaseError = DatabaseUnavailableError(_unreachable(function, repr(error)))
            else:
                if response.is_success:
                    return orjson.loads(response.content) if response.content else None
                said = _Said.of(response)
                if not said.passing:
                    raise said.error(function)
                trouble = said.unavailable(function)
            if not left or time.monotonic() > give_up_at:
                break
            await asyncio.sleep(_FIRST_WAIT_S * 2 ** (_TRIES - 1 - left) * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter
        raise trouble

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
    """Open the door with the project and the secret key of the settings; connections are made when first needed.

    Raises:
        SettingsError: SUPABASE_URL is no address.
    """
    chosen = settings or current_settings()
    transport = httpx.AsyncHTTPTransport(retries=2, http2=False, limits=_LIMITS)
    http = httpx.AsyncClient(transport=transport, timeout=_TIMEOUT)
    options = AsyncClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False)
    key = chosen.supabase_secret_key.get_secret_value()
    try:
        client = await create_async_client(chosen.supabase_url, key, options)
    except AsyncSupabaseException as error:
        await http.aclose()
        raise SettingsError(f"Supabase cannot be used: {error}.", _CHECK) from None
    return Database(client, http)


@contextlib.asynccontextmanager
async def connect_database(settings: Settings | None = None) -> AsyncIterator[Database]:
    """Open the door, and close it when the `async with` block ends."""
    database = await connect(settings)
    try:
        yield database
    finally:
        await database.aclose()


@dataclass(frozen=True)
class _Said:
    """What the API said when it did not do what was asked."""

    status: int
    code: str | None
    message: str
    hint: str | None
    details: str | None

    @classmethod
    def of(cls, response: httpx.Response) -> _Said:
        """Read PostgREST's error body, or whatever a proxy put in its place."""
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            body = None
        body = body if isinstance(body, dict) else {}
        text = str(body.get("message") or response.text[:300] or response.reason_phrase)
        return cls(response.status_code, body.get("code"), text, body.get("hint"), body.get("details"))

    @property
    def passing(self) -> bool:
        """Whether the same call may well work in a moment."""
        return self.status in _BUSY_STATUSES or self.code in _PASSING_CODES

    def error(self, function: str) -> LeadloomError:
        """The error of ours that says it: the function's own words, a wrong key, or anything else."""
        if self.code in _OURS:
            return _OURS[self.code](self.message, self.hint or None)
        if self.status == _UNAUTHORIZED:
            return SettingsError(f"Supabase refuses the key: {self.message}.", _CHECK)
        return DatabaseError(self._text(function), self.code)

    def unavailable(self, function: str) -> DatabaseError:
        """The error when it did not pass."""
        if self.code == "PGRST202":
            return DatabaseError(self._text(function), self.code)
        return DatabaseUnavailableError(_unreachable(function, self._text(function)), self.code)

    def _text(self, function: str) -> str:
        parts = [self.message, self.details, self.hint, f"(HTTP {self.status}, {self.code or 'no code'})"]
        return f"{function}: " + " ".join(part for part in parts if part)


def _unreachable(function: str, why: str) -> str:
    return f"The database could not be reached for {function} in {_TRIES} tries: {why}"


def _plain(value: Any) -> str:
    """What JSON has no word for, as text: a Decimal keeps every digit."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent to the database.")
