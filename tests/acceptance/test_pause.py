"""Pause and cancel at full speed, against a real receiver of rows: once they have returned, nothing is marked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.db import Database
from app.engine import batches
from app.local.server import BackgroundServer, listen
from functions.console.engine import running_engine
from tests.clay_kit import SLUG, ClayWorld, make_clay_world

ROWS, RATE = 600, 150
ON_THE_WIRE = 4 * (20 + 8)
"""Rows on the wire at most: of each of four senders at once, 20 under way and the group that was marked last."""


class Sink:
    """Takes rows and never answers them."""

    def __init__(self) -> None:
        self.received = 0
        self.app = Starlette(routes=[Route("/hook", self.take, methods=["POST"])])

    async def has_received(self, rows: int) -> None:
        """Wait for so many rows."""
        for _ in range(12_000):
            if self.received >= rows:
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"{self.received} rows came")

    async def take(self, request: Request) -> Response:
        await request.body()
        self.received += 1
        return JSONResponse({"success": True})


@pytest.fixture
async def sink(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Sink, str]]:
    one = Sink()
    async with BackgroundServer(one.app, listen()) as server:
        monkeypatch.setenv("CLAY_SANDBOX_URL", server.url)
        monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:9")
        yield one, f"{server.url}/hook"


@pytest.mark.parametrize("how", ["pause", "cancel"])
async def test_nothing_leaves_but_what_is_on_the_wire(
    db: Database, pg: asyncpg.Connection, sink: tuple[Sink, str], how: str
) -> None:
    one, url = sink
    clay: ClayWorld = await make_clay_world(db, pg)
    await clay.configure(webhook_url=url, rate_per_second=RATE, burst=RATE)
    batch = await clay.world.launch(ROWS, SLUG, columns={"Domain": "'c' || g || '.example'"})
    async with running_engine(db):
        await one.has_received(ROWS // 3)
        await (batches.pause if how == "pause" else batches.cancel)(db, batch, actor="ann")
        booked, arrived = (await batches.status(db, batch))["sent"], one.received
        await one.has_received(booked)  # what was marked does leave
        await asyncio.sleep(2.0)
    assert (await batches.status(db, batch))["sent"] == booked, "no mark after it had returned"
    assert one.received == booked, "nothing else left"
    assert booked - arrived <= ON_THE_WIRE
    assert booked < ROWS
    assert await clay.world.findings(batch) == []
    if how == "pause":
        assert (await batches.status(db, batch))["running"] == 0, "claimed rows went back"
        await batches.resume(db, batch, actor="ann")
        async with running_engine(db):
            await one.has_received(ROWS)
        assert (await batches.status(db, batch))["sent"] == ROWS, "each row left once"
        assert {s["attempt"] - s["snoozes"] for s in await clay.world.states("attempt, snoozes")} == {1}
