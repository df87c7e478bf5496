"""What the engine does when the world around it is odd: it waits, says so, and goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from app import db as door
from app.db import Database, connect
from app.engine.background import work_in_background
from app.engine.dispatcher import run_chunk
from app.engine.replay import extract_batches
from app.engine.sequencer import EngineReport, Pace, run_engine
from app.workflows import registry_rows
from functions.console.engine import running_engine
from functions.console.spawner import LocalSpawner
from functions.workers import PATIENCE
from tests.conftest import TestStack
from tests.engine_kit import make_world
from tests.results_kit import enriched
from tests.waiting import until

PACE = Pace(limit=500, chunk_size=50, max_running=500, lease_s=5, longest_sleep_s=0.05)


class Troubled(httpx.AsyncBaseTransport):
    """A wire on which the first calls meet trouble: an answer, or a connection that is refused (None)."""

    def __init__(self, inner: httpx.AsyncBaseTransport, calls: int, answer: httpx.Response | None, *only: str) -> None:
        self.inner, self.left, self.answer, self.only = inner, calls, answer, only

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.left > 0 and (not self.only or request.url.path.endswith(self.only)):
            self.left -= 1
            if self.answer is None:
                raise httpx.ConnectError("refused", request=request)
            return httpx.Response(self.answer.status_code, content=self.answer.content)
        return await self.inner.handle_async_request(request)


REFUSED = httpx.Response(401, json={"message": "Invalid API key"})
RECOVERING = httpx.Response(503, json={"code": "PGRST001", "message": "recovering"})
AWAY = [
    pytest.param(None, 14, id="away"),
    pytest.param(RECOVERING, 14, id="recovering"),
    pytest.param(REFUSED, 3, id="refused key"),
]


@pytest.mark.parametrize(("answer", "calls"), AWAY)
async def test_an_engine_that_starts_while_the_database_is_away_waits_for_it(
    pg: asyncpg.Connection,
    stack: TestStack,
    monkeypatch: pytest.MonkeyPatch,
    answer: httpx.Response | None,
    calls: int,
) -> None:
    monkeypatch.setattr(door, "_FIRST_WAIT_S", 0.0)
    async with await connect(stack.settings) as own:
        own._http._transport = wire = Troubled(own._http._transport, calls, answer)
        report = await drive(own)
    assert wire.left == 0
    assert report.held
    assert report.ticks > 0
    assert report.waited_s > 0
    assert report.trouble
    known = await pg.fetchval("select last_report ->> 'trouble' from engine_leases")
    assert known == report.trouble


async def drive(db: Database) -> EngineReport:
    wake = asyncio.Event()
    spawner = LocalSpawner(db, wake, str(uuid4()))
    report = await run_engine(db, spawner, pace=PACE, wake=wake, idle_exit_s=0.2, max_seconds=200)
    await spawner.drain()
    return report


class Silent(httpx.AsyncBaseTransport):
    """A wire that goes dead with the first call of a function: from then on nothing gets an answer, ever."""

    def __init__(self, inner: httpx.AsyncBaseTransport, function: str) -> None:
        self.inner, self.function, self.asked = inner, function, asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.asked.is_set() or request.url.path.endswith(self.function):
            self.asked.set()
            await asyncio.Event().wait()
        return await self.inner.handle_async_request(request)


@pytest.mark.parametrize("at_work", [False, True])
async def test_an_engine_that_is_told_to_stop_does_not_wait_for_a_database_that_is_away(
    db: Database,
    stack: TestStack,
    pg: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    at_work: bool,
) -> None:
    """Whoever stops it kills it after 15 seconds; its lease and its rows' leases run out by themselves."""
    monkeypatch.setattr("functions.console.engine.home", lambda: tmp_path)
    world = await make_world(db, pg)
    await db.call("sync_registry", workflows=registry_rows())
    if at_work:
        await world.launch(3, "normalize_name")
    async with await connect(stack.settings) as own:
        own._http._transport = wire = Silent(own._http._transport, "complete_items" if at_work else "")
        async with asyncio.timeout(25):
            async with running_engine(own):
                await wire.asked.wait()


async def test_a_key_that_is_refused_in_many_turns_does_not_end_the_engine(
    stack: TestStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.sequencer.MAX_REFUSALS", 2)
    monkeypatch.setattr("app.engine.sequencer.PAUSE_S", 0.01)
    async with await connect(stack.settings) as own:
        own._http._transport = wire = Troubled(own._http._transport, 30, REFUSED)
        report = await drive(own)
    assert (wire.left, report.held) == (0, True)
    assert report.ticks > 0


async def test_an_engine_whose_key_is_refused_for_good_waits_and_does_not_die(stack: TestStack) -> None:
    refused = stack.settings.model_copy(update={"supabase_secret_key": SecretStr("sb_secret_x")})
    async with await connect(refused) as own:
        report = await run_engine(own, LocalSpawner(own, asyncio.Event(), str(uuid4())), pace=PACE, max_seconds=5)
    assert not report.held
    assert report.waited_s > 1
    assert "Supabase rejected the key" in (report.trouble or "")
    assert "sb_secret_x" not in (report.trouble or "")


async def test_what_keeps_the_engine_from_working_is_known(
    db: Database, pg: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.sequencer.MAX_REFUSALS", 1_000)
    await pg.execute("alter function public.reap_expired(integer) rename to reap_expired_away")
    stop = asyncio.Event()
    pace = Pace(lease_s=3, longest_sleep_s=0.05)
    engine = asyncio.create_task(run_engine(db, LocalSpawner(db, asyncio.Event(), str(uuid4())), pace=pace, stop=stop))

    async def trouble() -> str:
        engine = (await db.read("insights_health"))["engine"]
        return str((engine or {}).get("trouble") or "")

    await until(trouble)
    said = await trouble()
    await pg.execute("alter function public.reap_expired_away(integer) rename to reap_expired")
    assert "reap_expired" in said

    async def well() -> bool:
        return not await trouble()

    await until(well)
    stop.set()
    assert (await engine).ticks > 0
    assert await pg.fetchval("select trouble from engine_leases") is None


async def test_a_worker_keeps_what_it_has_worked_out_while_the_key_is_refused(
    db: Database, pg: asyncpg.Connection, stack: TestStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_FIRST_WAIT_S", 0.01)
    world = await make_world(db, pg)
    await db.call("sync_registry", workflows=registry_rows())
    world.slugs.append("normalize_name")
    await world.launch(3, "normalize_name")
    [chunk] = (await world.dispatch())["chunks"]
    async with await connect(stack.settings) as own:
        own._http._transport = wire = Troubled(own._http._transport, 30, REFUSED, "complete_items", "fail_items")
        report = await run_chunk(own.with_patience(PATIENCE), chunk["chunk_id"])
    assert (wire.left, report.claimed) == (0, 3)
    assert {state["status"] for state in await world.states()} <= {"COMPLETED", "FAILED"}
    assert {state["attempt"] for state in await world.states()} == {1}


async def test_a_defect_in_the_background_ends_the_replay_and_not_the_engine(
    db: Database, pg: asyncpg.Connection
) -> None:
    world = await make_world(db, pg)
    batch = await enriched(world, 3, "alpha")
    await pg.execute(
        """create or replace function public.extraction_items(p_run uuid, p_after integer, p_limit integer,
             p_max_bytes bigint) returns json language sql stable set search_path = ''
           as $$ select '{"mapping": {}, "through": 1, "items": [{"odd": true}]}'::json $$"""
    )
    await db.call("request_extraction", batches=[batch], parser_version=1, actor="test")
    report = await drive(db)
    assert report.trouble is None
    [run] = await db.read("batch_extractions", batch=batch)
    assert run["state"] == "FAILED"
    assert "KeyError" in run["error"]
    assert await work_in_background(db) == 0


async def test_a_replay_reads_the_mapping_that_the_batch_was_launched_with(
    db: Database, pg: asyncpg.Connection
) -> None:
    world = await make_world(db, pg)
    batch = await enriched(world, 1)
    before = await pg.fetchval("select email from final_leads")
    await pg.execute('update uploads set mapping = mapping || \'{"email": "Company", "company_name": "Email"}\'')
    [done] = await extract_batches(db, [batch])
    assert (done.done, done.changed) == (1, 0)
    assert await pg.fetchval("select email from final_leads") == before == "p1@acme.example"
