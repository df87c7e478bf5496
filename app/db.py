"""The one door to Supabase: every page, worker and loop calls Postgres functions through `Database.call`.

Under it is supabase-py's async PostgREST client with the secret key; its other clients are never loaded. A call that
lost its connection is repeated, because every function that changes something is safe to repeat; an error that the
function raised comes out as one of `app.errors`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
from postgrest import AsyncPostgrestClient

from app.errors import (
    ConflictError,
    DatabaseError,
    DatabaseUnavailableError,
    InputError,
    KeyRefusedError,
    LeadloomError,
    NotFoundError,
    SettingsError,
)
from app.settings import Settings
from app.settings import settings as current_settings

__all__ = ["Database", "Patience", "connect", "connect_database"]

log = logging.getLogger(__name__)

_FIRST_WAIT_S = 0.1  # doubled each time, give or take half
_LONGEST_WAIT_S = 2.0
_LIMITS = httpx.Limits(max_connections=40, keepalive_expiry=30.0)
# The edge's statuses for "not now", and PostgREST's without its database.
_BUSY_STATUSES = {408, 425, 429, 502, 503, 504, 520, 521, 522, 523, 524, 530}
# Lost a deadlock, waited too long for a lock, the server is going down or coming up; PGRST202 right after a migration
# means that PostgREST has not read the new functions yet.
_PASSING_CODES = {"40001", "40P01", "55P03", "57P01", "57P03", "PGRST202"}
_TOO_SLOW = {"55P03", "57014"}  # a lock or a statement ran into its time-out
_OURS = {"PT404": NotFoundError, "PT409": ConflictError, "PT422": InputError}
_UNAUTHORIZED = 401
_JWT_REFUSED = {"PGRST301", "PGRST302", "PGRST303"}
_CHECK = "Check SUPABASE_URL and SUPABASE_SECRET_KEY."


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call goes on before it gives up.

    Attributes:
        tries: how often it is made at most, where the database is away or busy.
        seconds: no further try after this long.
        answer_s: how long one answer may take; the default is above every statement time-out of the API roles.
        key_s: how long a key that Supabase certainly refuses is waited out; a refusal that passes by itself (hosted
            Supabase gives some for good keys, supabase/supabase issues 49655 and 50651) is tried for `passing_key_s`.
        passing_key_s: see `key_s`.
        slow_is_away: a time-out of a lock or a statement counts as "not available now", and is not tried again.
    """

    tries: int = 6
    seconds: float = 60.0
    answer_s: float = 30.0
    key_s: float = 0.0
    passing_key_s: float = 5.0
    slow_is_away: bool = False


_PAGE_READS = Patience(tries=3, seconds=3.0, answer_s=6.0, slow_is_away=True)
_PAGE_WRITES = Patience(tries=3, seconds=6.0, slow_is_away=True)


class Database:
    """Supabase, as far as Leadloom sees it: functions by name.

    Args:
        client: makes addresses and headers, the secret key among them.
        http: the HTTP client under it, closed with this object.
        key: the secret key, which no text that comes out of here may hold.
    """

    def __init__(
        self,
        client: AsyncPostgrestClient,
        http: httpx.AsyncClient,
        key: str,
        *,
        patience: Patience | None = None,
        reading: Patience | None = None,
    ) -> None:
        self._client = client
        self._http = http
        self._key = key
        self._patience = patience or Patience()
        self._reading = reading or self._patience

    def with_patience(self, patience: Patience) -> Database:
        """The same door with other patience; it shares the connections, which stay this object's to close."""
        return Database(self._client, self._http, self._key, patience=patience)

    def for_pages(self) -> Database:
        """The same door for somebody who looks at a page: what takes long or is locked is said soon, not waited for."""
        return Database(self._client, self._http, self._key, patience=_PAGE_WRITES, reading=_PAGE_READS)

    async def call(self, function: str, /, **args: Any) -> Any:
        """Call a Postgres function of schema `public`; `name=value` is passed as its parameter `p_name`.

        Args:
            function: the function's name.
            **args: anything JSON can say, and uuid, date and datetime values.

        Returns:
            What the function returns, from JSON; None for a function that returns nothing.

        Raises:
            NotFoundError: the function said so, with a text for the user; so do ConflictError and InputError.
            KeyRefusedError: Supabase does not accept the key.
            DatabaseUnavailableError: it could not be reached in several tries.
            DatabaseError: anything else that the database said; `code` is its SQLSTATE or PostgREST's code.
        """
        return await self._call(function, args, self._patience)

    async def read(self, function: str, /, **args: Any) -> Any:
        """Call a STABLE function, which PostgREST runs read-only; on a page (`for_pages`) with less patience."""
        return await self._call(function, args, self._reading)

    async def _call(self, function: str, args: dict[str, Any], patience: Patience) -> Any:
        body = orjson.dumps({f"p_{name}": value for name, value in args.items()}, default=_plain)
        began = time.monotonic()
        tried = 0
        while True:
            tried += 1
            # A key that was changed meanwhile is not seen: the client keeps the one that it was made with.
            said = await self._ask(function, body, patience)
            if not isinstance(said, _Trouble):
                return said
            passed_s = time.monotonic() - began
            if isinstance(said.error, KeyRefusedError):
                again = passed_s < max(patience.key_s, patience.passing_key_s if said.passing else 0)
                log.warning("%s%s", said.error, " It will be tried again." if again else "")
            else:
                again = said.passing and tried < patience.tries and passed_s <= patience.seconds
            if not again:
                raise said.error
            wait_s = min(_FIRST_WAIT_S * 2 ** min(tried - 1, 10), _LONGEST_WAIT_S)
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter

    async def _ask(self, function: str, body: bytes, patience: Patience) -> Any:
        """Ask once: what the function returned, or a `_Trouble`."""
        # supabase-py makes the address and the headers; its own JSON, written and read, is several times slower.
        request = self._client.rpc(function, {}).request
        headers = {**request.headers, "content-type": "application/json"}
        if self._key.startswith("sb_"):
            # No JWT: the edge makes one out of `apikey`. Older local Supabase takes the header for one (PGRST301;
            # supabase/supabase-py issue 1230, and "API keys" in Supabase's documentation).
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        timeout = httpx.Timeout(patience.answer_s, connect=5.0)
        try:
            response = await self._http.post(str(request.path), content=body, headers=headers, timeout=timeout)
        except httpx.TransportError as error:
            return _Trouble(DatabaseUnavailableError(_unreachable(function, repr(error), patience)), passing=True)
        if response.is_success:
            return orjson.loads(response.content) if response.content else None
        return _Said.of(response, self._key).trouble(function, patience)

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
    http = httpx.AsyncClient(transport=transport)
    key = chosen.supabase_secret_key.get_secret_value()
    headers = {"apiKey": key, "Authorization": f"Bearer {key}"}  # as supabase-py's own client sends them
    try:
        client = AsyncPostgrestClient(f"{chosen.supabase_url.rstrip('/')}/rest/v1", headers=headers, http_client=http)
    except ValueError:
        await http.aclose()
        raise SettingsError("Supabase cannot be used: SUPABASE_URL is not an http(s) URL.", _CHECK) from None
    return Database(client, http, key)


@contextlib.asynccontextmanager
async def connect_database(settings: Settings | None = None) -> AsyncIterator[Database]:
    """Open the door, and close it when the `async with` block ends."""
    database = await connect(settings)
    try:
        yield database
    finally:
        await database.aclose()


@dataclass(frozen=True)
class _Trouble:
    """Why a call did not work, and whether the same call may well work in a moment."""

    error: LeadloomError
    passing: bool


@dataclass(frozen=True)
class _Said:
    """What the API said when it did not do what was asked."""

    status: int
    code: str | None
    message: str
    hint: str | None
    details: str | None
    is_json: bool
    sb_key: bool

    @classmethod
    def of(cls, response: httpx.Response, key: str) -> _Said:
        """Read PostgREST's error body, or whatever a proxy put in its place; the key never comes out of here."""
        try:
            read = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            read = None
        body = read if isinstance(read, dict) else {}
        text = str(body.get("message") or response.text[:300] or response.reason_phrase).replace(key, "…")
        return cls(
            response.status_code,
            body.get("code"),
            text,
            body.get("hint"),
            body.get("details"),
            isinstance(read, dict),
            key.startswith("sb_"),
        )

    def trouble(self, function: str, patience: Patience) -> _Trouble:
        """The error of ours that says it: the function's own words, a refused key, not now, or anything else."""
        if self.code in _OURS:
            return _Trouble(_OURS[self.code](self.message, self.hint or None), passing=False)
        if self.status == _UNAUTHORIZED:
            text = f"Supabase rejected the key: {self.message.rstrip('.')}. {_CHECK}"
            return _Trouble(KeyRefusedError(text, self.code), passing=self._passing_refusal)
        if patience.slow_is_away and self.code in _TOO_SLOW:
            return _Trouble(
                DatabaseUnavailableError(f"The database is busy: {self._text(function)}", self.code), passing=False
            )
        if self.code == "PGRST202":
            return _Trouble(DatabaseError(self._text(function), self.code), passing=True)
        if self.status in _BUSY_STATUSES or self.code in _PASSING_CODES:
            why = _unreachable(function, self._text(function), patience)
            return _Trouble(DatabaseUnavailableError(why, self.code), passing=True)
        words = " ".join(part for part in (self.message, self.details) if part)
        refusal = DatabaseError(self._text(function), self.code, words=words, status=self.status)
        return _Trouble(refusal, passing=False)

    @property
    def _passing_refusal(self) -> bool:
        """Whether a good key hears this as well.

        The JWT that PostgREST looks at is the edge's own where the key is an `sb_` key, so that no word about it is
        about our key; of an older key, which is the JWT, only "not yet" passes.
        """
        if self.code in _JWT_REFUSED:
            return self.sb_key or (self.code == "PGRST303" and "expired" not in self.message.lower())
        return not self.is_json

    def _text(self, function: str) -> str:
        parts = [self.message, self.details, self.hint, f"(HTTP {self.status}, {self.code or 'no code'})"]
        return f"{function}: " + " ".join(part for part in parts if part)


def _unreachable(function: str, why: str, patience: Patience) -> str:
    return f"The database could not be reached for {function} in {patience.tries} tries: {why}"


def _plain(value: Any) -> str:
    """What JSON has no word for, as text: a Decimal keeps every digit."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent to the database.")
