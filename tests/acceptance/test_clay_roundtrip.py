"""Engine, sender, sandbox and receivers together, over real sockets: what goes out comes back, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from app.db import Database
from app.engine import batches
from app.local.clay.sandbox import sandbox_server, webhook_url
from app.local.clay.workspace import WorkspaceSettings
from app.local.server import BackgroundServer, listen
from app.settings import settings
from functions.console.engine import running_engine
from tests.clay_kit import RECEIVER_TOKEN, SLUG, ClayWorld, make_clay_world
from tests.waiting import until
from web.main import create_app

WELL = WorkspaceSettings(rate_per_second=1_000, burst=1_000, delay_min_s=0, delay_max_s=0.3, slow_s=1)
BADLY = {
    "mode": "misbehaving",
    "rate_limited": 0.1,
    "duplicates": 0.2,
    "slow": 0.1,
    "garbage": 0.2,
    "never": 0.1,
    "errors": 0.1,
    "not_found": 0.1,
}


@dataclass
class RoundTrip:
    """Everything that is running."""

    clay: ClayWorld
    sandbox: str

    async def run(self, rows: int) -> dict[str, Any]:
        """Send a batch out and wait until every row has ended; returns the batch in numbers."""
        step = {"workflow": SLUG, "settings": {"timeout_s": 3_000, "retry_delay_s": 0, "max_attempts": 10}}
        batch = await self.clay.world.launch(rows, step, columns={"Domain": "'c' || g || '.example'"})
        async with running_engine(self.clay.db):
            ending = asyncio.create_task(self.end_the_wait(rows))
            status = await batches.wait_for(self.clay.db, batch, timeout_s=600)
            ending.cancel()
        assert await self.clay.world.findings(batch) == []
        return status

    async def end_the_wait(self, rows: int) -> None:
        """Let the deadlines pass once the sandbox has every row and nothing more to say of any."""

        async def has_all() -> bool:
            return bool((await self.stats())["received"] >= rows)

        await until(has_all)
        await self.clay.time_out()

    async def stats(self) -> dict[str, Any]:
        """The sandbox's books, once it has nothing more to say."""
        async with httpx.AsyncClient(base_url=self.sandbox) as http:
            for _ in range(6_000):
                stats: dict[str, Any] = (await http.get("/stats", params={"rows": 1})).json()
                if not stats["callbacks"]["waiting"]:
                    return stats
                await asyncio.sleep(0.1)
        raise AssertionError("the sandbox still has callbacks to deliver")

    async def behave(self, **changes: Any) -> None:
        """Change how the sandbox behaves."""
        async with httpx.AsyncClient(base_url=self.sandbox) as http:
            (await http.put("/workspaces/north", json=changes)).raise_for_status()

    async def failures(self) -> dict[str, int]:
        """Failed states by code."""
        rows = await self.clay.pg.fetch(
            "select error_code, count(*)::int as n from workflow_states where status = 'FAILED' group by 1"
        )
        return {row["error_code"]: row["n"] for row in rows}


@pytest.fixture
async def trip(db: Database, pg: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RoundTrip]:
    """The web application and the sandbox as servers, and a client whose Clay table is in the sandbox."""
    async with sandbox_server(defaults=WELL) as sandbox:
        monkeypatch.setenv("CLAY_SANDBOX_URL", sandbox.url)
        async with BackgroundServer(create_app(), listen()) as web:
            monkeypatch.setenv("PUBLIC_URL", web.url)
            clay = await make_clay_world(db, pg)
            await clay.configure(webhook_url=webhook_url(sandbox.url, "north", "companies"))
            yield RoundTrip(clay, sandbox.url)


async def test_every_row_goes_out_once_and_comes_back(trip: RoundTrip) -> None:
    status = await trip.run(120)
    assert (status["completed"], status["failed"], status["sent"]) == (120, 0, 120)
    stats = await trip.stats()
    assert (stats["received"], stats["repeated"]) == (120, 0)
    assert stats["callbacks"]["verdicts"] == {"applied": 120}
    named = await trip.clay.pg.fetchval("select count(*) from batch_items where industry is not null")
    assert named == 120


async def test_when_clay_misbehaves_every_row_still_ends_with_a_reason(trip: RoundTrip) -> None:
    await trip.behave(**BADLY)
    status = await trip.run(120)
    stats = await trip.stats()
    planned = stats["workspaces"]["north"]["planned"]
    kinds = {"answered", "duplicate", "slow", "garbage", "garbage_only", "never", "error", "not_found"}
    assert set(planned) == kinds
    assert stats["repeated"] == 0, "no attempt of a row goes out twice"
    assert stats["received"] == status["sent"] == 120, "refusals are tried again, nothing else is"
    assert await trip.failures() == {
        "clay_error": planned["error"],
        "callback_timeout": planned["never"],
        "unreadable_answer": planned["garbage_only"],
    }
    assert status["completed"] + status["failed"] == 120
    assert status["not_found"] == planned["not_found"]
    verdicts = stats["callbacks"]["verdicts"]
    assert verdicts["duplicate"] == planned["duplicate"]
    assert verdicts["rejected"] == planned["garbage"] + planned["garbage_only"]
    stored = await trip.clay.pg.fetchval("select count(*) from callback_inbox")
    assert stored == sum(verdicts.values()), "every body is in the inbox"


async def test_a_workspace_that_is_slower_than_leadloom_is_not_overrun(trip: RoundTrip) -> None:
    """The rate at which rows are sent is Clay's own; its 429s are waited out."""
    await trip.behave(rate_per_second=30, burst=10)
    status = await trip.run(50)
    assert (status["completed"], status["failed"]) == (50, 0)
    stats = await trip.stats()
    assert (stats["received"], stats["repeated"]) == (50, 0)


async def test_answers_at_the_fixed_url_find_their_rows(trip: RoundTrip) -> None:
    url = f"{settings().public_url}/clay"
    await trip.behave(receiver_url=url, receiver_token=RECEIVER_TOKEN)
    status = await trip.run(40)
    assert (status["completed"], status["failed"]) == (40, 0)


async def test_a_lifetime_cap_that_leadloom_knows_loses_nothing(trip: RoundTrip) -> None:
    target = webhook_url(trip.sandbox, "north", "companies")
    await trip.behave(lifetime_cap=25)
    await trip.clay.configure(webhook_url=target, lifetime_cap=25)
    status = await trip.run(40)
    assert (status["completed"], status["failed"]) == (25, 15)
    assert await trip.failures() == {"webhook_exhausted": 15}
    assert "vanished" not in (await trip.stats())["workspaces"]["north"]["planned"]
