"""Receivers in trouble: no database, no disk, bodies too long, broken off or packed badly, replies that are lost."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr

from app.db import connect
from app.local.server import listen
from tests.clay_kit import SLUG, ClayWorld, answer
from tests.conftest import TestStack
from tests.web.receivers_kit import Web, row_url
from web import receivers


async def test_a_body_without_end_is_cut_off(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 100_000
            yield b"x" * 100_000

    response = await web.http.post(f"/clay/{SLUG}/{row.token()}", content=endless())
    assert response.status_code == 413
    assert read <= receivers.MAX_BODY_BYTES + 1_000_000
    assert await clay.inbox() == []
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


async def test_the_largest_body_is_applied(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    body = orjson.dumps(answer(padding="x" * (receivers.MAX_BODY_BYTES - 200)))
    assert len(body) <= receivers.MAX_BODY_BYTES
    assert (await web.signed(row, body)).json() == {"verdict": "applied"}


async def test_while_the_database_is_away_clay_is_asked_to_try_again(
    clay: ClayWorld, web: Web, stack: TestStack
) -> None:
    [row] = await clay.sent()
    gone = listen()
    port = gone.getsockname()[1]
    gone.close()
    services = web.app.state.services
    async with await connect(stack.settings.model_copy(update={"supabase_url": f"http://127.0.0.1:{port}"})) as away:
        services.database = away
        response = await web.signed(row)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    services.database = clay.db
    assert (await web.signed(row)).json() == {"verdict": "applied"}


async def test_while_the_disk_is_full_clay_is_asked_to_try_again(clay: ClayWorld, web: Web) -> None:
    """What PostgreSQL says then; a really full disk is tried where this account may mount one."""
    [row] = await clay.sent()
    await clay.pg.execute(
        """create function public.no_room() returns trigger language plpgsql as $$
           begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
           create trigger no_room before insert on public.callback_inbox execute function public.no_room()"""
    )
    response = await web.signed(row)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    await clay.pg.execute("drop function public.no_room() cascade")
    assert (await web.signed(row)).json() == {"verdict": "applied"}


async def test_an_answer_that_is_stored_but_not_settled_is_a_yes(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    await clay.pg.execute("alter function public.take_callbacks(jsonb) rename to take_callbacks_away")
    response = await web.signed(row)
    assert (response.status_code, response.json()) == (202, {"verdict": "received"})
    assert len(await clay.inbox()) == 1


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(b"0" * (receivers.MAX_BODY_BYTES + 1), mtime=0), "gzip", 413),
        (orjson.dumps(answer()), "zstd", 415),
        (gzip.compress(orjson.dumps(answer()), mtime=0)[:-12], "gzip", 400),
    ],
    ids=["bomb", "unknown", "damaged"],
)
async def test_a_body_that_cannot_be_unpacked_is_refused_and_the_row_waits(
    clay: ClayWorld, web: Web, body: bytes, encoding: str, status: int
) -> None:
    [row] = await clay.sent()
    response = await web.signed(row, body, headers={"content-encoding": encoding})
    assert (response.status_code, "gzip" in response.headers["accept-encoding"]) == (status, True)
    assert await clay.inbox() == []
    assert (await web.signed(row)).json() == {"verdict": "applied"}


async def test_a_burst_of_answers_is_applied_completely(clay: ClayWorld, web: Web) -> None:
    rows = await clay.sent(60)
    responses = await asyncio.gather(*(web.signed(row) for row in [*rows, *rows]))
    verdicts = sorted(response.json()["verdict"] for response in responses)
    assert verdicts == ["applied"] * 60 + ["duplicate"] * 60
    assert {state["status"] for state in await clay.world.states()} == {"COMPLETED"}


async def test_the_token_is_looked_at_before_the_body(clay: ClayWorld, web: Web) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(50):
            read += 100_000
            yield b"x" * 100_000

    assert (await web.http.post(f"/clay/{SLUG}/no-token", content=body())).status_code == 404
    wrong = {"authorization": "Bearer wrong-token-0123456789"}
    assert (await web.http.post(f"/clay/{SLUG}", content=body(), headers=wrong)).status_code == 401
    assert read <= 200_000, "a stranger's body is not read"


async def test_a_body_that_says_it_is_too_long_is_not_read(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    for length in (str(receivers.MAX_BODY_BYTES + 1), "9" * 5_000):
        sent = await ask(web, f"/clay/{SLUG}/{row.token()}", [], **{"content-length": length})
        assert sent[0]["status"] == 413
    assert await clay.inbox() == []


async def test_a_request_that_is_broken_off_is_forgotten_quietly(
    clay: ClayWorld, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    [row] = await clay.sent()
    parts = [
        {"type": "http.request", "body": b'{"status": "succ', "more_body": True},
        {"type": "http.disconnect"},
    ]
    await ask(web, f"/clay/{SLUG}/{row.token()}", parts)
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
    assert await clay.inbox() == []
    assert (await web.signed(row)).json() == {"verdict": "applied"}


async def ask(web: Web, path: str, parts: list[dict[str, Any]], **headers: str) -> list[dict[str, Any]]:
    """Speak ASGI to the application; without parts, asking for the body is a mistake."""
    sent: list[dict[str, Any]] = []
    left = iter(parts)

    async def receive() -> Any:
        return next(left)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("203.0.113.7", 4711),
        "server": ("leadloom.example", 443),
    }
    await web.app(scope, receive, send)
    return sent


async def test_whatever_goes_wrong_here_clay_is_asked_to_send_it_again(
    clay: ClayWorld, web: Web, stack: TestStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    [row] = await clay.sent()
    services = web.app.state.services
    refused = stack.settings.model_copy(update={"supabase_secret_key": SecretStr("sb_secret_of_another_project")})
    async with await connect(refused) as other:
        services.database = other
        answers = [await web.signed(row), await web.fixed(answer(batch_item_id=row.item))]
    services.database = other  # closed: no error of ours
    answers += [await web.signed(row), await web.fixed(answer(batch_item_id=row.item))]
    services.database = clay.db
    monkeypatch.setenv("LEADLOOM_SIGNING_KEY", "")
    address = row_url(row, stack)
    answers.append(await web.http.post(address, json=answer()))
    monkeypatch.setenv("LEADLOOM_SIGNING_KEY", stack.keys.callback_key)
    for response in answers:
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        assert "sb_secret" not in response.text
    assert (await web.signed(row)).json() == {"verdict": "applied"}


class LosesReplies(httpx.AsyncBaseTransport):
    """Delivers every request, and loses the first reply of each function."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.lost: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        if request.url.path in self.lost:
            return response
        self.lost.add(request.url.path)
        await response.aclose()
        raise httpx.ReadError("the reply was lost", request=request)


async def test_a_lost_reply_stores_the_body_once(clay: ClayWorld, web: Web, stack: TestStack) -> None:
    rows = await clay.sent(3)
    async with await connect(stack.settings) as door:
        door._http._transport = LosesReplies(door._http._transport)
        web.app.state.services.database = door
        verdicts = [(await web.signed(row)).json()["verdict"] for row in rows]
    assert verdicts == ["applied"] * 3
    assert len(await clay.inbox()) == 3
