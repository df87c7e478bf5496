"""The audit of a batch in parts: together they find what the whole finds, and each part is asked for by its name."""

from __future__ import annotations

import pytest

from app.engine import batches
from app.errors import InputError
from tests.engine_kit import World

# Each breaks the books that one part looks at, of the batch's first row.
BROKEN = {
    "rows": "delete from workflow_states where batch_item_id = $1 and step_index = 1",
    "states": "update workflow_states set step_name = 'beta' where batch_item_id = $1 and step_index = 0",
    "results": "delete from enrichment_results where batch_item_id = $1 and step_index = 0",
    "money": "update workflow_states set send_count = 3 where batch_item_id = $1 and step_index = 0",
    "counts": "delete from workflow_states where batch_item_id = $1 and step_index = 0",
}


async def finished(world: World) -> tuple[str, int]:
    """A finished batch of three rows and two steps, and its first row's item."""
    batch = await world.launch(3, "alpha", "alpha")
    await world.run(batch)
    item = await world.pg.fetchval("select min(id) from batch_items")
    return batch, item


async def test_of_good_books_no_part_finds_anything(world: World) -> None:
    batch, _ = await finished(world)
    assert await batches.audit(world.db, batch) == []


@pytest.mark.parametrize("part", BROKEN)
async def test_a_part_finds_what_is_broken_in_it_and_the_parts_find_what_the_whole_finds(
    world: World, part: str
) -> None:
    batch, item = await finished(world)
    await world.pg.execute("set session_replication_role = replica")  # the counters do not learn of it
    await world.pg.execute(BROKEN[part], item)
    assert (await world.db.read("audit_batch", batch=batch, part=part))["findings"]
    assert await batches.audit(world.db, batch) == await world.findings(batch)


async def test_a_part_that_does_not_exist_is_refused(world: World) -> None:
    batch, _ = await finished(world)
    with pytest.raises(InputError, match="no check called"):
        await world.db.read("audit_batch", batch=batch, part="everything")
