"""Locks are taken in one order, by all: states by id, then entities by batch and step (`advance.sql` says it).

Two calls that lock the same things in the order in which they were given them wait for each other in a circle.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.chaos.direct import Direct
from tests.conftest import TestStack
from tests.engine_kit import SLUGS, World, registry_row
from tests.waiting import until

WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and state = 'active'
"""


@pytest.fixture
async def sessions(stack: TestStack) -> AsyncIterator[list[Direct]]:
    """Three sessions besides the test's own, which look things up one by one, as with tables of any size."""
    connections = [await asyncpg.connect(stack.database_url) for _ in range(3)]
    try:
        for connection in connections:
            await connection.execute("set enable_hashjoin = off; set enable_mergejoin = off; set enable_seqscan = off")
        yield [await Direct.on(connection) for connection in connections]
    finally:
        for connection in connections:
            await connection.close()


async def until_waiting(world: World, count: int) -> None:
    """Until so many sessions wait for a lock."""

    async def wait() -> bool:
        return bool(await world.pg.fetchval(WAITING) >= count)

    await until(wait)


async def shared_batches(world: World, count: int) -> list[str]:
    """Batches of a paid step whose rows share entities: failing one takes the entities' lock."""
    shared = [registry_row(s, **({"entity_keys": ["company domain"]} if s == "paid" else {})) for s in SLUGS]
    await world.db.call("sync_registry", workflows=shared)
    return [await world.launch(1, "paid", columns={"Domain": f"'c{n}.test'"}) for n in range(count)]


@pytest.mark.parametrize("deed", ["complete_items", "fail_items"])
async def test_rows_that_come_in_another_order_are_locked_in_the_same(
    world: World, sessions: list[Direct], deed: str
) -> None:
    await world.launch(3_000, "alpha")
    items = (await world.claim(limit=3_000))[:3]
    await world.pg.execute("analyze workflow_states")
    more = {"parsed": {}, "source": "computed", "code": "x", "text": "x", "retry": False}
    refs = [{"state_id": i["state_id"], "attempt": i["attempt"]} | more for i in items]
    third, one, other = sessions
    transaction = third.pg.transaction()
    await transaction.start()
    await third.pg.execute("select 1 from workflow_states where id = $1 for update", refs[1]["state_id"])
    deeds = [asyncio.create_task(one.call(deed, items=refs)), asyncio.create_task(other.call(deed, items=refs[::-1]))]
    await until_waiting(world, 2)
    await transaction.commit()
    said = await asyncio.gather(*deeds)
    assert sorted(answer["stale"] for answer in said) == [0, 3]


async def test_time_runs_out_in_two_batches_while_somebody_decides_about_both(
    world: World, sessions: list[Direct]
) -> None:
    """The second batch's row has a lease that ran out, the first one's a deadline: they fail for different reasons."""
    first, second = await shared_batches(world, 2)
    await world.claim()
    ids = {uid: await world.pg.fetchval("select id from batches where uid = $1::uuid", uid) for uid in (first, second)}
    await world.pg.execute(
        "update workflow_states set sent_at = now(), accepted_at = now(), deadline_at = now(), lease_until = null,"
        " send_count = 1 where batch_id = $1",
        ids[first],
    )
    await world.pg.execute(
        "update workflow_states set lease_until = now(), snoozes = 0, attempt = 3, max_attempts = 3, step_name = 'paid'"
        " where batch_id = $1",
        ids[second],
    )
    await world.pg.execute(
        "update batches set blueprint = jsonb_set(blueprint, '{0,kind}', '\"compute\"') where id = $1", ids[second]
    )
    await both_ways(world, sessions, [ids[first], ids[second]], lambda s: s.call("reap_expired", limit=10))


async def test_rows_that_nobody_can_run_fail_in_many_batches_while_somebody_decides_about_all(
    world: World, sessions: list[Direct]
) -> None:
    """The dispatcher goes through the steps in random order, so that none comes last for ever."""
    await shared_batches(world, 8)
    await world.place()
    first, *others = [row["id"] for row in await world.pg.fetch("select id from batches order by id")]
    args = {"limit": 100, "chunk_size": 10, "workflows": ["alpha"]}
    await both_ways(world, sessions, [first, *others], lambda s: s.call("dispatch_pending_items", **args))


async def both_ways(world: World, sessions: list[Direct], batches: list[int], deed: Any) -> None:
    """Somebody has the first batch's entities and then wants the others', in order; the deed wants all as well."""
    somebody, engine, _ = sessions
    transaction = somebody.pg.transaction()
    await transaction.start()
    await somebody.pg.execute("select leadloom.hold_entities($1, 0)", batches[0])
    work = asyncio.create_task(deed(engine))
    await until_waiting(world, 1)
    for batch in batches[1:]:
        await somebody.pg.execute("select leadloom.hold_entities($1, 0)", batch)
    await transaction.commit()
    await work
    failed = "select count(distinct batch_id) from workflow_states where status = 'FAILED'"
    assert await world.pg.fetchval(failed) == len(batches)
