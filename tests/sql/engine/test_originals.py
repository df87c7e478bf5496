"""A row's copy in its item goes some time after the batch's end; whoever needs it afterwards gets the raw row."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app import insights
from app.db import Database
from app.engine.background import work_in_background
from app.engine.replay import extract_batches
from app.engine.retention.tidying import ORIGINALS_KEPT_S, tidy_up
from app.results.exports import export_batch
from tests.engine_kit import World, make_world, registry_row

KEPT = "select count(*) from batch_items where original_data is not null"


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    """The made-up workflows, one of which reads the raw row."""
    made = await make_world(db, pg)
    rows = [registry_row(slug) for slug in ("alpha", "gamma", "paid")] + [registry_row("beta", needs_original=True)]
    await db.call("sync_registry", workflows=rows)
    return made


async def ended(world: World, rows: int, *steps: str, ago: str = "25 hours") -> str:
    """A finished batch whose end lies back."""
    batch = await world.launch(rows, *(steps or ("alpha",)))
    assert (await world.run(batch))["state"] == "COMPLETED"
    await world.pg.execute(
        "update batches set finished_at = now() - $2::text::interval where uid = $1::uuid", batch, ago
    )
    return batch


async def tidy(db: Database) -> int:
    return await tidy_up(db, time.monotonic() + 30)


async def test_copies_go_a_day_after_the_end_and_not_before(world: World) -> None:
    old, fresh = await ended(world, 5), await ended(world, 3, ago="23 hours")
    running = await world.launch(2)
    await world.pg.execute("update batches set finished_at = now() - interval '9 days' where uid = $1::uuid", running)
    assert await tidy(world.db) >= 5
    left = await world.pg.fetch(
        """select b.uid::text, count(i.original_data) from batches b join batch_items i on i.batch_id = b.id
           group by 1"""
    )
    assert dict(left) == {old: 0, fresh: 3, running: 2}
    assert await tidy(world.db) == 0


async def test_in_portions_and_repeated_calls_change_nothing(world: World) -> None:
    await ended(world, 7)
    seen = []
    for _ in range(6):
        answer = await world.db.call("empty_originals", after_s=ORIGINALS_KEPT_S, limit=3)
        seen.append((answer["emptied"], await world.pg.fetchval(KEPT)))
    assert seen == [(3, 4), (3, 1), (1, 0), (0, 0), (0, 0), (0, 0)]


async def test_a_copy_without_its_raw_row_stays(world: World) -> None:
    await ended(world, 3)
    await world.pg.execute("delete from raw_apollo_uploads where row_number = 2")
    await tidy(world.db)
    assert await world.pg.fetchval("select array_agg(row_number) from batch_items where original_data is not null") == [
        2
    ]


async def test_the_rows_page_and_the_export_show_the_same_as_before(world: World, tmp_path: Path) -> None:
    batch = await ended(world, 3)
    item = await world.pg.fetchval("select uid::text from batch_items where row_number = 2")

    async def seen() -> tuple[Any, str]:
        await export_batch(world.db, batch, tmp_path / "batch.csv")
        return (await insights.item(world.db, item))["original"], (tmp_path / "batch.csv").read_text()

    before = await seen()
    assert before[0]["Email"] == "p2@example.test"
    assert await tidy(world.db) >= 3
    assert await seen() == before


@pytest.mark.parametrize("again", ["retry_failed", "reset_items"])
async def test_rows_that_run_again_get_their_raw_row(world: World, again: str) -> None:
    batch = await world.launch(3, "alpha", "beta")
    await world.complete(await world.claim())
    await world.advance()
    before = await world.claim()
    await world.fail(before)
    await world.advance()
    assert (await world.status(batch))["state"] == "COMPLETED"
    await world.pg.execute("update batches set finished_at = now() - interval '2 days' where uid = $1::uuid", batch)
    assert await tidy(world.db) >= 3
    if again == "retry_failed":
        await world.db.call("retry_failed", batch=batch, filter={}, actor="test")
    else:
        items = [item["item"] for item in before]
        await world.db.call("reset_items", items=items, from_step=1, actor="test")
    after = await world.claim()
    assert sorted((i["item"], i["original"]["Email"]) for i in after) == sorted(
        (i["item"], i["original"]["Email"]) for i in before
    )
    await world.complete(after)
    await world.advance()
    assert await world.findings(batch) == []


async def test_a_replay_reads_the_raw_row(world: World) -> None:
    batch = await ended(world, 2)
    await extract_batches(world.db, [batch], actor="test")
    leads = "select batch_item_id, content_md5, company_name from final_leads order by 1"
    before = await world.pg.fetch(leads)
    assert [row["company_name"] for row in before] == ["Company 1", "Company 2"]
    await tidy(world.db)
    [report] = await extract_batches(world.db, [batch], actor="test")
    assert report.changed == 0
    assert await world.pg.fetch(leads) == before


async def test_the_engine_does_it_when_nothing_else_is_to_be_done(world: World) -> None:
    await ended(world, 4)
    await work_in_background(world.db)
    assert await world.pg.fetchval(KEPT) == 0
