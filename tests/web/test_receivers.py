"""The receivers through the real application and a real database: what Clay's HTTP API column gets to hear."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from app.db import Database, connect
from app.local.server import listen
from tests.clay_kit import RECEIVER_TOKEN, SLUG, Claimed, ClayWorld, answer, make_clay_world
from tests.conftest import TestStack
from web import receivers
from web.main import create_app


@pytest.fixture
async def clay(db: Database, pg: asyncpg.Connection) -> ClayWorld:
    """A client with a Clay table, and batches on demand."""
    return await make_clay_world(db, pg)


class Web:
    """The application, spoken to as Clay does, and a count of how often it woke the engine."""

    def __init__(self, db: Database) -> None:
        self.woken = 0
        self.app = create_app(wake=self.wake)
        self.app.state.services.database = db
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="https://leadloom.example")

    async def wake(self) -> None:
        self.woken += 1

    async def signed(self, row: Claimed, content: Any = None, **options: Any) -> httpx.Response:
        body = content if isinstance(content, bytes) else orjson.dumps(answer() if content is None else content)
        return await self.http.post(f"/clay/{SLUG}/{row.token()}", content=body, **options)

    async def fixed(self, content: Any, token: str | None = RECEIVER_TOKEN) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return await self.http.post(f"/clay/{SLUG}", json=content, headers=headers)


@pytest.fixture
async def web(db: Database) -> AsyncIterator[Web]:
    """The web application on this test's database."""
    one = Web(db)
    async with one.http:
        yield one


async def test_an_answer_is_applied_and_wakes_the_engine(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row)
    assert (response.status_code, response.json()) == (200, {"verdict": "applied"})
    assert web.woken == 1
    assert (await clay.state(row))["status"] == "COMPLETED"


async def test_a_second_answer_is_a_yes_too_so_that_clay_stops_asking(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    await web.signed(row)
    response = await web.signed(row)
    assert (response.status_code, response.json(), web.woken) == (200, {"verdict": "duplicate"}, 1)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""])
async def test_any_content_type_is_fine(clay: ClayWorld, web: Web, kind: str) -> None:
    [row] = await clay.sent()
    response = await web.signed(row, headers={"content-type": kind})
    assert response.json() == {"verdict": "applied"}


async def test_a_form_is_fine_as_well(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row, b"status=success&name=Acme&company_domain=acme.example")
    assert response.json() == {"verdict": "applied"}
    assert (await clay.result(row) or {})["company_domain"] == "acme.example"


async def test_garbage_is_stored_and_said_to_be_rejected(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row, b"<html>")
    assert (response.status_code, response.json(), web.woken) == (200, {"verdict": "rejected"}, 0)
    assert (await clay.inbox())[0]["body"] == "<html>"


@pytest.mark.parametrize("token", ["x", "a.b.c.d", "..%2F..%2Fclients", "%00", "é"])
async def test_an_unknown_token_is_an_unknown_page(clay: ClayWorld, web: Web, token: str) -> None:
    response = await web.http.post(f"/clay/{SLUG}/{token}", content=b"{}")
    assert response.status_code == 404
    assert "verdict" not in response.text
    assert await clay.inbox() == []


async def test_a_token_for_another_step_is_an_unknown_page(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    parts = row.token().split(".")
    parts[1] = "1"
    response = await web.http.post(f"/clay/{SLUG}/{'.'.join(parts)}", json=answer())
    assert (response.status_code, response.json()) == (404, {"error": "Not found."})
    assert await clay.inbox() == []
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


async def test_the_fixed_url_takes_the_clients_token(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.fixed(answer(batch_item_id=row.item))
    assert (response.status_code, response.json()) == (200, {"verdict": "applied"})


@pytest.mark.parametrize("token", [None, "", "wrong-token-0123456789", f"{RECEIVER_TOKEN} ", f"{RECEIVER_TOKEN}x"])
async def test_the_fixed_url_tells_strangers_nothing(clay: ClayWorld, web: Web, token: str | None) -> None:
    [row] = await clay.sent()
    response = await web.fixed(answer(batch_item_id=row.item), token)
    if token == f"{RECEIVER_TOKEN} ":
        assert response.status_code == 200, "a blank at the end is a slip of the mouse"
        return
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert await clay.inbox() == []


async def test_other_schemes_than_bearer_are_refused(clay: ClayWorld, web: Web) -> None:
    response = await web.http.post(f"/clay/{SLUG}", content=b"{}", headers={"authorization": f"Basic {RECEIVER_TOKEN}"})
    assert response.status_code == 401


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


async def test_an_answer_that_is_stored_but_not_settled_is_a_yes(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    await clay.pg.execute("alter function public.settle_callback(bigint, jsonb) rename to settle_callback_away")
    response = await web.signed(row)
    assert (response.status_code, response.json()) == (202, {"verdict": "received"})
    assert len(await clay.inbox()) == 1


async def test_receivers_need_no_sign_in_and_set_no_cookies(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row)
    assert "set-cookie" not in response.headers
    assert response.headers["cache-control"] == "no-store"


async def test_looking_at_a_callback_url_does_nothing(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = await web.http.request(method, f"/clay/{SLUG}/{row.token()}")
        assert response.status_code == 405
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


async def test_a_compressed_body_is_garbage_not_a_bomb(clay: ClayWorld, web: Web) -> None:
    [row] = await clay.sent()
    response = await web.signed(row, gzip.compress(orjson.dumps(answer())), headers={"content-encoding": "gzip"})
    assert response.json() == {"verdict": "rejected"}
    assert (await web.signed(row)).json() == {"verdict": "applied"}


async def test_a_burst_of_answers_is_applied_completely(clay: ClayWorld, web: Web) -> None:
    rows = await clay.sent(60)
    responses = await asyncio.gather(*(web.signed(row) for row in [*rows, *rows]))
    verdicts = sorted(response.json()["verdict"] for response in responses)
    assert verdicts == ["applied"] * 60 + ["duplicate"] * 60
    assert {state["status"] for state in await clay.world.states()} == {"COMPLETED"}
