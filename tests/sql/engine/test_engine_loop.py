"""The loop itself, with real workers in this process: it drives batches to their end, alone, and lets go when idle."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from app import workflows
from app.db import Database
from app.engine.sequencer import Pace, run_engine
from app.errors import Cancel, Retry
from app.workflow import ComputeWorkflow, Fields
from functions.console import spawner as local_spawner
from functions.console.spawner import LocalSpawner
from tests.engine_kit import World, make_world

PACE = Pace(limit=500, chunk_size=50, max_running=500, lease_s=5, longest_sleep_s=0.05)


class Row(Fields):
    """What the made-up workflows read and write."""

    email: str | None = None
    note: str | None = None


def note(row: Row) -> Row:
    """Write something that the next step can read."""
    return Row(note=f"seen {row.email}")


def picky(row: Row) -> Row:
    """Fail in every way that a workflow can."""
    number = int((row.email or "p0@").split("@")[0][1:])
    if number % 10 == 1:
        raise Cancel("not this one", code="clay_error")
    if number % 10 == 2:
        raise ValueError("broken")
    if number % 10 == 3 and not seen_before(number):
        raise Retry("once more", delay_s=0)
    return Row(note=row.note)


_seen: set[int] = set()


def seen_before(number: int) -> bool:
    """Whether this number was asked about before."""
    known = number in _seen
    _seen.add(number)
    return known


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more workflows for the length of a test."""
    _seen.clear()
    real = dict(workflows.registry())
    more = {
        slug: ComputeWorkflow(slug=slug, title=slug, Input=Row, Output=Row, run=run)
        for slug, run in (("note", note), ("picky", picky))
    }
    for module in ("app.engine.dispatcher", "functions.console.spawner"):
        monkeypatch.setattr(f"{module}.registry", lambda: real | more)
    monkeypatch.setattr("app.engine.turn.registry_rows", lambda: [w.registry_row() for w in (real | more).values()])


async def drive(db: Database, *, seconds: float = 200) -> None:
    wake = asyncio.Event()
    spawner = LocalSpawner(db, wake, str(uuid4()))
    await run_engine(db, spawner, pace=PACE, wake=wake, idle_exit_s=0.5, max_seconds=seconds)
    await spawner.drain()


async def world_of(db: Database, pg: asyncpg.Connection) -> World:
    world = await make_world(db, pg)
    rows = [workflow.registry_row() for workflow in local_spawner.registry().values()]
    await db.call("sync_registry", workflows=rows)
    return world


@pytest.mark.usefixtures("made_up")
async def test_the_loop_ends_a_batch_and_then_itself(db: Database, pg: asyncpg.Connection) -> None:
    world = await world_of(db, pg)
    batch = await world.launch(120, "note", "picky")
    await pg.execute("update batches set blueprint = jsonb_set(blueprint, '{1,retry_delay_s}', '0')")
    await drive(db)
    status = await world.status(batch)
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", 96, 24)
    errors = await pg.fetch(
        "select error_code, error_text, count(*) from workflow_states where error_code is not null group by 1, 2"
    )
    assert {tuple(row) for row in errors} == {
        ("clay_error", "not this one", 12),
        ("workflow_error", "ValueError: broken", 12),
    }
    assert await pg.fetchval("select count(*) from workflow_states where attempt = 2 and status = 'COMPLETED'") == 12
    assert await world.findings(batch) == []


@pytest.mark.usefixtures("made_up")
async def test_two_loops_at_once_do_the_work_once(db: Database, pg: asyncpg.Connection) -> None:
    world = await world_of(db, pg)
    batch = await world.launch(300, "note", "note")
    await asyncio.gather(drive(db), drive(db))
    assert (await world.status(batch))["completed"] == 300
    assert await pg.fetchval("select max(attempt) from workflow_states") == 1
    assert await world.findings(batch) == []


@pytest.mark.usefixtures("made_up")
async def test_a_second_engine_takes_over_when_the_first_is_gone(db: Database, pg: asyncpg.Connection) -> None:
    world = await world_of(db, pg)
    batch = await world.launch(5, "note")
    await db.call("take_engine_lease", holder="00000000-0000-0000-0000-000000000001", seconds=60)
    report = await run_engine(db, LocalSpawner(db, asyncio.Event(), str(uuid4())), pace=PACE, idle_exit_s=0.5)
    assert report.held is False
    await pg.execute("update engine_leases set expires_at = now() - interval '1 second'")
    await drive(db)
    assert (await world.status(batch))["completed"] == 5


async def test_waking_is_debounced(db: Database) -> None:
    answers = [(await db.call("wake_engine"))["spawn"] for _ in range(3)]
    assert answers == [True, False, False]
    await db.call("take_engine_lease", holder="00000000-0000-0000-0000-000000000001", seconds=30)
    assert (await db.call("wake_engine"))["spawn"] is False
    await db.call("release_engine_lease", holder="00000000-0000-0000-0000-000000000001", report={})
    assert (await db.call("wake_engine"))["spawn"] is True


async def test_work_made_while_an_engine_is_about_to_rest_keeps_it_up(db: Database) -> None:
    holder = "00000000-0000-0000-0000-000000000001"
    await db.call("take_engine_lease", holder=holder, seconds=30)
    assert (await db.call("wake_engine"))["spawn"] is False
    assert (await db.call("release_engine_lease", holder=holder, report={}, quiet_s=5))["released"] is False
    assert (await db.call("release_engine_lease", holder=holder, report={}, quiet_s=5))["released"] is True
