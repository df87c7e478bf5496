"""The door to Supabase repeats what was cut off, and says what the database said."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import orjson
import pytest
import respx
from pydantic import SecretStr

from app import db as module
from app.db import Database, Patience, connect
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

_URL = "https://project.supabase.co"
_KEY = "sb_secret_abc_def"


def _settings(url: str = _URL, key: str = _KEY) -> Settings:
    return Settings(
        supabase_url=url,
        supabase_secret_key=SecretStr(key),
        supabase_publishable_key="sb_publishable_abc",
        signing_key=SecretStr("k" * 40),
    )


@pytest.fixture
async def hosted(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A door to a hosted project, with no patience for waiting."""
    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.0)
    async with await connect(_settings()) as database:
        yield database


@pytest.fixture
def rpc() -> AsyncIterator[respx.Route]:
    """The project's function `f`."""
    with respx.mock() as router:
        yield router.post(f"{_URL}/rest/v1/rpc/f")


def _error(status: int, code: str | None, message: str = "no", hint: str | None = None) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message, "hint": hint, "details": None})


async def test_a_call_carries_the_key_and_prefixed_arguments(hosted: Database, rpc: respx.Route) -> None:
    rpc.respond(json={"n": 1})
    some_id = uuid.uuid4()
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    args = {"id": some_id, "at": moment, "day": date(2026, 1, 2), "cost": Decimal("0.10"), "rows": [{"ü": None}]}
    assert await hosted.call("f", **args) == {"n": 1}
    request = rpc.calls.last.request
    assert request.headers["apikey"] == _KEY
    assert "authorization" not in request.headers, "only a JWT is a bearer token; older Supabase answers PGRST301"
    assert orjson.loads(request.content) == {
        "p_id": str(some_id),
        "p_at": "2026-01-02T03:04:05+00:00",
        "p_day": "2026-01-02",
        "p_cost": "0.10",
        "p_rows": [{"ü": None}],
    }


@pytest.mark.parametrize(("body", "value"), [(b"", None), (b"null", None), (b'"x"', "x"), (b"[1]", [1])])
async def test_results_are_json(hosted: Database, rpc: respx.Route, body: bytes, value: object) -> None:
    rpc.respond(content=body)
    assert await hosted.read("f") == value


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("Server disconnected"),
        httpx.ReadTimeout("slow"),
        httpx.Response(502, text="<html>Bad gateway</html>"),
        _error(503, "PGRST002"),
        _error(500, "40P01"),
        _error(404, "PGRST202"),
        httpx.Response(429),
    ],
    ids=repr,
)
async def test_what_may_pass_is_tried_again(
    hosted: Database, rpc: respx.Route, trouble: httpx.Response | httpx.HTTPError
) -> None:
    rpc.side_effect = [trouble, trouble, httpx.Response(200, json="done")]
    assert await hosted.call("f") == "done"
    assert rpc.call_count == 3


async def test_trying_ends(hosted: Database, rpc: respx.Route) -> None:
    rpc.side_effect = httpx.ConnectError("refused")
    with pytest.raises(DatabaseUnavailableError, match=r"could not be reached for f in 6 tries.*refused") as caught:
        await hosted.call("f")
    assert caught.value.retried
    assert rpc.call_count == 6


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (_error(404, "PT404", "No such batch.", "Look again."), NotFoundError, "No such batch. Look again."),
        (_error(409, "PT409", "Changed meanwhile."), ConflictError, "Changed meanwhile."),
        (_error(422, "PT422", "Too few rows."), InputError, "Too few rows."),
        (_error(500, "57014", "canceling statement"), DatabaseError, "f: canceling statement (HTTP 500, 57014)"),
        (httpx.Response(400, text="<p>odd</p>"), DatabaseError, "f: <p>odd</p> (HTTP 400, no code)"),
    ],
)
async def test_what_was_said_comes_out_once(
    hosted: Database, rpc: respx.Route, answer: httpx.Response, kind: type[LeadloomError], said: str
) -> None:
    rpc.return_value = answer
    with pytest.raises(kind) as caught:
        await hosted.call("f")
    assert str(caught.value).startswith(said)
    assert not caught.value.retried
    assert rpc.call_count == 1


async def test_an_older_key_is_a_bearer_token_as_well(rpc: respx.Route) -> None:
    rpc.respond(json=1)
    async with await connect(_settings(key="eyJhbGciOiJIUzI1NiJ9.e30.c2ln")) as older:
        await older.call("f")
    assert rpc.calls.last.request.headers["authorization"] == "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln"


_PASSING_REFUSALS = [
    _error(401, "PGRST303", "JWT issued at future"),
    _error(401, "PGRST301", "No suitable key or wrong key type"),
    httpx.Response(401),
    httpx.Response(401, text="<html>Unauthorized</html>"),
]


@pytest.mark.parametrize("refusal", _PASSING_REFUSALS, ids=["future", "edge", "empty", "html"])
async def test_a_passing_401_is_tried_again_for_five_seconds(
    hosted: Database, rpc: respx.Route, refusal: httpx.Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]

    async def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.1)
    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    rpc.side_effect = lambda _: refusal if clock[0] < 4.9 else httpx.Response(200, json="done")
    assert await hosted.call("f") == "done"
    assert rpc.call_count > 3
    rpc.side_effect = lambda _: refusal
    with pytest.raises(KeyRefusedError) as caught:
        await hosted.call("f")
    assert caught.value.retried
    assert isinstance(caught.value, DatabaseUnavailableError)


@pytest.mark.parametrize(
    "refusal",
    [_error(401, None, "Invalid API key"), _error(401, "42501", "permission denied")],
    ids=["unknown", "publishable"],
)
async def test_a_refused_key_is_said_at_once_and_without_the_key(
    hosted: Database, rpc: respx.Route, refusal: httpx.Response
) -> None:
    rpc.return_value = refusal
    with pytest.raises(KeyRefusedError, match=r"^Supabase rejected the key: .*SUPABASE_SECRET_KEY") as caught:
        await hosted.call("f")
    assert rpc.call_count == 1
    rpc.return_value = _error(401, None, f"Invalid API key {_KEY}")
    with pytest.raises(KeyRefusedError) as caught:
        await hosted.call("f")
    assert _KEY not in str(caught.value)


async def test_an_expired_key_does_not_pass(rpc: respx.Route) -> None:
    rpc.return_value = _error(401, "PGRST303", "JWT expired")
    async with await connect(_settings(key="eyJhbGciOiJIUzI1NiJ9.e30.c2ln")) as older:
        with pytest.raises(KeyRefusedError, match="JWT expired"):
            await older.call("f")
    assert rpc.call_count == 1


async def test_a_worker_waits_a_refused_key_out(hosted: Database, rpc: respx.Route) -> None:
    refused = _error(401, None, "Invalid API key")
    rpc.side_effect = [*[refused] * 20, httpx.Response(200, json="done")]
    assert await hosted.with_patience(Patience(key_s=60)).call("f") == "done"


@pytest.mark.parametrize("answer", [_error(500, "57014", "statement timeout"), _error(500, "55P03", "lock timeout")])
async def test_a_page_does_not_wait_for_a_locked_table(
    hosted: Database, rpc: respx.Route, answer: httpx.Response
) -> None:
    rpc.return_value = answer
    page = hosted.for_pages()
    for way in (page.read, page.call):
        with pytest.raises(DatabaseUnavailableError):
            await way("f")
    assert rpc.call_count == 2, "asked once each, and no more"


async def test_what_json_cannot_say_is_refused_at_once(hosted: Database) -> None:
    with pytest.raises(TypeError):
        await hosted.call("f", thing=object())


async def test_an_address_that_is_none_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="SUPABASE_URL"):
        await connect(_settings("project.supabase.co"))
