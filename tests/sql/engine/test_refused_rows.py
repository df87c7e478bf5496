"""One row that the database, or JSON, cannot take fails alone, with the reason; the rest of its chunk completes."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from app import workflows
from app.db import Database
from app.engine.dispatcher import run_chunk
from app.errors import Cancel
from app.workflow import ComputeWorkflow, Fields
from tests.engine_kit import World, make_world

ROWS = 300


class Row(Fields):
    """What the made-up workflow reads and writes."""

    email: str | None = None
    note: Any = None


def odd(row: Row) -> Row:
    """A result that nothing can store, in every way that was thought of."""
    number = int((row.email or "p0@").split("@")[0][1:])
    odd_ones: dict[int, Any] = {
        7: "a NUL \x00 inside", 8: "half a pair \ud800", 9: 2**70, 10: float("nan"), 11: {"deep": "\x00"},
    }  # fmt: skip
    if number == 12:
        raise Cancel("a reason with a NUL \x00 and \ud800")
    if number == 13:
        raise ValueError("x" * 10_000)
    return Row(note=odd_ones.get(number, "fine"))


@pytest.fixture
async def odd_world(db: Database, pg: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> World:
    """The real registry and one more workflow."""
    workflow = ComputeWorkflow(slug="odd", title="Odd", Input=Row, Output=Row, run=odd)
    known = dict(workflows.registry()) | {"odd": workflow}
    monkeypatch.setattr("app.engine.dispatcher.registry", lambda: known)
    world = await make_world(db, pg)
    await db.call("sync_registry", workflows=[w.registry_row() for w in known.values()])
    world.slugs = list(known)
    return world


async def work_all(world: World) -> None:
    """Run every chunk that is due, as a worker does."""
    for _ in range(3):
        for chunk in (await world.dispatch())["chunks"]:
            await run_chunk(world.db, chunk["chunk_id"])
        await world.advance()


async def failures(world: World) -> dict[int, tuple[str, str]]:
    """Row number to code and text."""
    rows = await world.pg.fetch(
        """select i.row_number, s.error_code, s.error_text from batch_items i
           join workflow_states s on s.batch_item_id = i.id where s.status = 'FAILED'"""
    )
    return {row["row_number"]: (row["error_code"], row["error_text"]) for row in rows}


async def test_a_result_that_cannot_be_stored_fails_its_row_alone(odd_world: World) -> None:
    batch = await odd_world.launch(ROWS, "odd")
    await work_all(odd_world)
    failed = await failures(odd_world)
    assert sorted(failed) == [7, 8, 9, 11, 12, 13]
    assert {failed[number][0] for number in (7, 8, 9, 11)} == {"database_refused"}
    for number in (7, 11):
        assert failed[number][1].startswith("The database rejected this row: unsupported Unicode escape sequence")
        assert "SQLSTATE 22P05" in failed[number][1]
    assert failed[8][1] == "The result cannot be written as JSON: str is not valid UTF-8: surrogates not allowed."
    assert failed[9][1] == "The result cannot be written as JSON: Integer exceeds 64-bit range."
    assert failed[12] == ("workflow_error", "a reason with a NUL \ufffd and ?")
    assert failed[13][1].startswith("ValueError: xxx")
    status = await odd_world.status(batch)
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", ROWS - 6, 6)
    assert await odd_world.findings(batch) == []


async def test_a_row_that_a_constraint_refuses_fails_alone(odd_world: World) -> None:
    await odd_world.pg.execute(
        """create function public.refuse() returns trigger language plpgsql as $f$
           begin raise exception using errcode = '54000', message = 'index row size 6000 exceeds the maximum'; end $f$;
           create trigger refuse before insert on enrichment_results for each row
           when (new.batch_item_id % 100 = 50) execute function public.refuse()"""
    )
    batch = await odd_world.launch(ROWS, "normalize_domain")
    await work_all(odd_world)
    failed = await failures(odd_world)
    assert set(failed.values()) == {
        ("database_refused", "The database rejected this row: index row size 6000 exceeds the maximum (SQLSTATE 54000)")
    }
    status = await odd_world.status(batch)
    assert (status["completed"], status["failed"]) == (ROWS - len(failed), len(failed))
    assert len(failed) == 3
    assert await odd_world.findings(batch) == []
