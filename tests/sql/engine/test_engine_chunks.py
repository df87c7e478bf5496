"""Bulk statements at full chunk size on the worst statistics there are: tables that were analysed while empty.

A plan that flips to nested loops over the whole table runs into the API's eight-second statement time-out, which these
calls go through as every worker does; nothing here measures time.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tests.engine_kit import World

CHUNK = 5_000


async def halves(world: World, batch_rows: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    items = []
    while len(items) < batch_rows:
        claimed = await world.claim(limit=batch_rows)
        assert claimed
        items += claimed
    return items[:CHUNK], items[CHUNK:]


async def cold(world: World, rows: int, *steps: str) -> str:
    for table in ("workflow_states", "batch_items", "enrichment_results", "batch_tallies", "dispatch_chunks"):
        await world.pg.execute(f"alter table {table} set (autovacuum_enabled = off)")
        await world.pg.execute(f"analyze {table}")
    return await world.launch(rows, *steps)


async def test_two_callers_complete_full_chunks_on_cold_statistics(world: World) -> None:
    batch = await cold(world, 2 * CHUNK, "alpha", "beta")
    for _ in range(2):
        answers = await asyncio.gather(*(world.complete(half) for half in await halves(world, 2 * CHUNK)))
        assert [answer["applied"] for answer in answers] == [CHUNK, CHUNK]
    await world.advance()
    assert (await world.status(batch))["completed"] == 2 * CHUNK


async def test_two_callers_fail_and_one_sends_full_chunks_on_cold_statistics(world: World) -> None:
    batch = await cold(world, 2 * CHUNK, "alpha")
    first, second = await halves(world, 2 * CHUNK)
    answers = await asyncio.gather(world.fail(first, retry=True), world.fail(second))
    assert (answers[0]["retrying"], answers[1]["failed"]) == (CHUNK, CHUNK)
    requeued = await world.db.call("retry_failed", batch=batch, filter={"step_index": 0}, actor="test")
    assert requeued["requeued"] == CHUNK
    await world.pg.execute("update workflow_states set available_at = now()")
    items = [item for half in await halves(world, 2 * CHUNK) for item in half]
    assert len((await world.send(items[:CHUNK]))["allowed"]) == CHUNK


async def test_reaping_and_cancelling_full_chunks_on_cold_statistics(world: World) -> None:
    batch = await cold(world, 2 * CHUNK, "alpha")
    await halves(world, 2 * CHUNK)
    await world.pg.execute("update workflow_states set lease_until = now() - interval '1 second'")
    assert (await world.db.call("reap_expired", limit=CHUNK))["released"] == CHUNK
    assert (await world.db.call("cancel_batch", batch=batch, actor="test"))["items"] == 2 * CHUNK
    assert (await world.status(batch))["cancelled"] == 2 * CHUNK
