"""Two sessions at once, in the order in which it goes wrong: each waits for, or sees, what the other is about to do.

One session leaves its transaction open, with everything that its function locked, while the other makes its call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.chaos.auditor_sql import QUERIES
from tests.chaos.direct import Direct
from tests.chaos.rich import lead
from tests.conftest import TestStack
from tests.engine_kit import SLUGS, World, registry_row
from tests.waiting import until

A_WHILE = 0.5


@pytest.fixture
async def other(stack: TestStack) -> AsyncIterator[Direct]:
    """A second session."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        yield await Direct.on(connection)
    finally:
        await connection.close()


async def waits(work: asyncio.Task[Any]) -> bool:
    """Whether a call is still waiting for somebody after a while."""
    done, _ = await asyncio.wait([work], timeout=A_WHILE)
    return not done


async def fails_one(world: World, *, rows: int = 1) -> str:
    """A running batch whose rows have failed, and which no engine has ended yet."""
    batch = await world.launch(rows)
    await world.fail(await world.claim(), retry=False)
    return batch


async def test_a_batch_does_not_end_while_somebody_makes_its_rows_live_again(world: World, other: Direct) -> None:
    batch = await fails_one(world)
    async with other.pg.transaction():
        await other.call("retry_failed", batch=batch, filter={}, actor="test")
        await world.advance()
    await world.advance()
    assert (await world.status(batch))["state"] == "RUNNING"


async def test_a_batch_does_not_end_between_its_two_looks(world: World, other: Direct) -> None:
    """A retry commits just after the engine saw nothing left to do: the batch would end, and its row go on alone."""
    batch = await fails_one(world)
    await world.pg.execute(SLOW_LOOK)
    await other.pg.execute("select pg_advisory_lock(99)")
    looking = asyncio.create_task(world.pg.fetchval("select leadloom.finish_batches('{}', null)"))
    await until(
        lambda: other.pg.fetchval("select true from pg_locks where locktype = 'advisory' and not granted limit 1")
    )
    await other.call("retry_failed", batch=batch, filter={}, actor="test")
    await other.pg.execute("select pg_advisory_unlock(99)")
    await looking
    assert tuple(await other.pg.fetchrow(BOTH, batch)) == ("RUNNING", "ACTIVE")


# Whoever looks at batches after this, in this session, waits for lock 99 with a look that has begun.
SLOW_LOOK = """
create function public.look_slowly() returns boolean language plpgsql as
  $$ begin perform pg_advisory_xact_lock(99); return true; end $$;
grant usage on schema leadloom, public to authenticated;
grant execute on all functions in schema leadloom, public to authenticated;
grant all on all tables in schema public to authenticated;
create policy slow on batches to authenticated using (public.look_slowly());
create policy open on batch_items to authenticated using (true);
set role authenticated;
"""
BOTH = """
select b.state::text, i.state::text from batches b join batch_items i on i.batch_id = b.id where b.uid = $1
"""


async def test_a_retry_waits_for_a_cancel_and_is_refused(world: World, other: Direct) -> None:
    batch = await fails_one(world)
    here = await Direct.on(world.pg)
    transaction = other.pg.transaction()
    await transaction.start()
    await other.call("cancel_batch", batch=batch, actor="test")
    retry = asyncio.create_task(here.call("retry_failed", batch=batch, filter={}, actor="test"))
    assert await waits(retry)
    await transaction.commit()
    with pytest.raises(asyncpg.PostgresError, match="cancelled"):
        await retry


async def test_a_retry_in_portions_leaves_out_what_failed_since(world: World) -> None:
    batch = await fails_one(world, rows=2)
    as_of = await world.pg.fetchval("select max(finished_at)::text from workflow_states")
    await world.pg.execute(
        "update workflow_states set finished_at = finished_at + interval '1 second'"
        " where id = (select max(id) from workflow_states)"
    )
    answer = await world.db.call("retry_failed", batch=batch, filter={}, actor="test", as_of=as_of)
    assert answer["requeued"] == 1


async def test_a_rerun_takes_with_it_what_workers_begin_meanwhile(
    world: World, other: Direct, stack: TestStack
) -> None:
    """While the rerun waits for one row's lock, another row goes one step on, and is about to go two."""
    batch = await world.launch(2, "alpha", "beta", "gamma")
    first, second = await world.claim()
    here, worker = await Direct.on(world.pg), await Direct.on(await asyncpg.connect(stack.database_url))
    items = [str(row["uid"]) for row in await world.pg.fetch("select uid from batch_items order by id")]
    held, working = other.pg.transaction(), worker.pg.transaction()
    await held.start()
    await other.pg.execute("select from workflow_states where id = $1 for update", second["state_id"])
    await working.start()
    await worker.call("complete_items", items=[_done(first)])
    rerun = asyncio.create_task(here.call("reset_items", items=items, from_step=0, actor="test"))
    assert await waits(rerun)
    await working.commit()  # the rerun has the first row's step now, and waits for the second row's
    await asyncio.sleep(0.1)
    await worker.call("dispatch_pending_items", limit=10, chunk_size=10, workflows=["beta"])
    begun = await worker.pg.fetchrow("select id as state_id, attempt from workflow_states where step_index = 1")
    working = worker.pg.transaction()
    await working.start()
    await worker.call("complete_items", items=[_done(dict(begun))])
    await held.rollback()
    await asyncio.sleep(0.2)
    await working.commit()
    await rerun
    await worker.pg.close()
    left = await world.states("step_index, status::text")
    assert [tuple(row) for row in left] == [(0, "PENDING"), (0, "PENDING")]
    assert not await world.pg.fetch(QUERIES["no step without its predecessor"], batch)


def _done(item: dict[str, Any]) -> dict[str, Any]:
    ref = {"state_id": item["state_id"], "attempt": item["attempt"]}
    return {**ref, "parsed": {}, "source": "computed", "raw": None, "identity": None}


async def test_two_rows_of_one_company_that_arrive_together_are_sent_once(world: World, other: Direct) -> None:
    shared = [registry_row(s, **({"entity_keys": ["company domain"]} if s == "paid" else {})) for s in SLUGS]
    await world.db.call("sync_registry", workflows=shared)
    await world.launch(2, "paid", columns={"Domain": "'acme.example'"})
    first, second = (row["id"] for row in await world.states("id"))
    here = await Direct.on(world.pg)
    async with other.pg.transaction():
        await other.call("place_rows", rows=[{"state_id": first, "keys": ["1:acme"]}])
        arrival = asyncio.create_task(here.call("place_rows", rows=[{"state_id": second, "keys": ["1:acme"]}]))
        assert await waits(arrival)
    await arrival
    assert await world.pg.fetchval("select count(*) from workflow_states where available_at < 'infinity'") == 1


async def test_leads_that_are_being_stored_are_seen_by_a_list_that_changes(world: World, other: Direct) -> None:
    """The new list waits for whoever stores leads by the old one, and its refresh sees them."""
    await world.launch(1)
    item = await world.pg.fetchval("select id from batch_items")
    customer = {"name": "Firm 1", "name_key": "firm 1", "domain": "firm1.example", "linkedin": None, "given": "Firm 1"}
    transaction = other.pg.transaction()
    await transaction.start()
    await other.pg.fetchval("select leadloom.store_extractions($1::jsonb)", json.dumps([lead(item, 1)]))
    saving = world.db.call(
        "save_customers", client=world.client, customers=[customer], upload=None, replace=False, actor="test"
    )
    change = asyncio.create_task(saving)
    if not await waits(change):
        await world.db.call("refresh_customer_flags", limit=1000)
    await transaction.commit()
    await change
    await world.db.call("refresh_customer_flags", limit=1000)
    assert await world.pg.fetchval("select customers <> '[]' from final_leads")
