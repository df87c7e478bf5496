"""One batch's fault holds that batch and says why; every other client's batch goes on, and Resume takes it up again."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from app.errors import DatabaseError
from tests.engine_kit import World, registry_row

REFUSE = """
create function public.refuse() returns trigger language plpgsql as $f$
begin
  raise exception using errcode = '22003', message = 'the made-up fault';
end $f$;
"""
# Where a database may refuse one batch's rows: (table, event, which rows).
FAULTS = {
    "fill": ("batch_items", "insert", "new.batch_id = {batch}"),
    "advance": ("workflow_states", "insert", "new.batch_id = {batch} and new.step_index = 1"),
    "dispatch": ("workflow_states", "update", "new.batch_id = {batch} and new.status = 'IN_PROGRESS'"),
    "reap": ("workflow_states", "update", "new.batch_id = {batch} and new.error_code = 'lease_expired'"),
    "finish": ("batches", "update", "new.id = {batch} and new.state = 'COMPLETED'"),
}


async def break_batch(world: World, batch: str, fault: str) -> None:
    """Let the database refuse one kind of write of one batch."""
    table, event, rows = FAULTS[fault]
    number = await world.pg.fetchval("select id from batches where uid = $1::uuid", batch)
    await world.pg.execute(
        REFUSE + f"create trigger refuse before {event} on public.{table} for each row "
        f"when ({rows.format(batch=number)}) execute function public.refuse()"
    )


async def mend(world: World, fault: str) -> None:
    """What was broken is put right."""
    await world.pg.execute(f"drop trigger refuse on public.{FAULTS[fault][0]}")


async def turn(world: World) -> None:
    """One turn of engine and workers, where worker calls of a broken batch may be refused."""
    await world.advance()
    await world.db.call("reap_expired", limit=2000)
    for item in await world.claim():
        try:
            await world.complete([item])
        except DatabaseError:
            continue
    await world.advance()
    await world.db.call("fold_tallies")


async def launch_unfilled(world: World, rows: int, *steps: str) -> str:
    """A batch whose rows are still to be made."""
    answer: dict[str, Any] = await world.db.call(
        "launch_batch", upload=await world.upload(rows), pipeline=await world.pipeline(*steps), actor="test",
        row_limit=None, name=None, budget=None, launch_key="00000000-0000-4000-8000-000000000001",
    )  # fmt: skip
    return str(answer["batch"])


async def audited(world: World, batch: str) -> list[Any]:
    """The audit log's entries of a hold."""
    return await world.pg.fetch(
        "select actor, detail from audit_log where action = 'hold_batch' and subject_uid = $1::uuid", batch
    )


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_in_one_batch_holds_that_batch_alone(world: World, fault: str) -> None:
    broken = await launch_unfilled(world, 30, "alpha", "beta")
    if fault == "advance":  # the sequencer's own sweep enters the next step, not a worker's hand-back
        await world.db.call("fill_batches", limit=100)
        await world.pg.execute("update workflow_states set status = 'SKIPPED', finished_at = now()")
    if fault == "reap":
        await world.db.call("fill_batches", limit=100)
        await world.claim()
        await world.pg.execute("update workflow_states set lease_until = now() - interval '1 second'")
    await break_batch(world, broken, fault)
    healthy = await world.launch(20, "alpha", "beta")
    for _ in range(5):
        await turn(world)

    status = await world.status(healthy)
    assert (status["state"], status["completed"]) == ("COMPLETED", 20)
    status = await world.status(broken)
    assert (status["state"], status["state_reason"]) == ("PAUSED", "Held: the made-up fault (SQLSTATE 22003)")
    [entry] = await audited(world, broken)
    assert entry["actor"] == "system"
    listed = await world.db.read("insights_batches", client=None, state=None, search=None, after=None, limit=50)
    assert "Held: the made-up fault" in str(listed)

    await mend(world, fault)
    await world.db.call("resume_batch", batch=broken, actor="ann")
    for _ in range(6):
        await turn(world)
    status = await world.status(broken)
    assert (status["state"], status["completed"]) == ("COMPLETED", 30), "nothing was lost by the hold"
    assert await world.findings(broken) == []


async def refuse_writes(world: World, table: str, event: str, rows: str, code: str = "22003") -> None:
    """Let the database refuse these rows."""
    await world.pg.execute(
        REFUSE.replace("22003", code) + f"create trigger refuse before {event} on public.{table} for each row "
        f"when ({rows}) execute function public.refuse()"
    )


async def test_a_fault_while_followers_are_settled_holds_their_batch(world: World) -> None:
    paid = registry_row("paid", entity_keys=["company domain"], reads=["company_domain"])
    await world.db.call("sync_registry", workflows=[paid, registry_row("alpha")])
    companies = {"Domain": "'acme.test'"}
    broken = await world.launch(5, "paid", columns=companies)
    [leader] = await world.claim()
    await world.fail([leader])
    await refuse_writes(world, "workflow_states", "update", "old.available_at = 'infinity'")
    healthy = await world.launch(5, "alpha")
    for _ in range(3):
        await turn(world)
    assert (await world.status(healthy))["state"] == "COMPLETED"
    assert (await world.status(broken))["state_reason"] == "Held: the made-up fault (SQLSTATE 22003)"


async def failed_rows(world: World) -> list[Any]:
    """Rows that failed, with their step's error."""
    return await world.pg.fetch(
        """select i.row_number, s.step_index, s.error_code, s.error_text from batch_items i
           join workflow_states s on s.batch_item_id = i.id and s.status = 'FAILED'
           where i.state = 'FAILED' order by 1"""
    )


WORDS = "The database rejected this row: the made-up fault (SQLSTATE 22003)"


async def test_one_raw_row_that_is_refused_fails_alone(world: World) -> None:
    await refuse_writes(world, "batch_items", "insert", "new.row_number in (7, 31) and new.email is not null")
    batch = await world.launch(40, "alpha", "beta")
    for _ in range(3):
        await turn(world)
    assert [tuple(row) for row in await failed_rows(world)] == [
        (7, 0, "database_refused", WORDS),
        (31, 0, "database_refused", WORDS),
    ]
    status = await world.status(batch)
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", 38, 2)
    assert await world.findings(batch) == []


async def test_one_row_that_cannot_enter_a_step_fails_alone(world: World) -> None:
    batch = await world.launch(40, "alpha", "beta")
    await world.pg.execute("update workflow_states set status = 'SKIPPED', finished_at = now()")
    third = await world.pg.fetchval("select id from batch_items where row_number = 3")
    rows = f"new.batch_item_id = {third} and new.step_index = 1 and new.status = 'PENDING'"
    await refuse_writes(world, "workflow_states", "insert", rows)
    for _ in range(3):
        await turn(world)
    assert [tuple(row) for row in await failed_rows(world)] == [(3, 1, "database_refused", WORDS)]
    status = await world.status(batch)
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", 39, 1)
    assert await world.findings(batch) == []


async def test_many_refused_rows_are_the_batchs_fault_and_no_row_fails(world: World) -> None:
    await refuse_writes(world, "batch_items", "insert", "new.email is not null")
    batch = await world.launch(40, "alpha")
    status = await world.status(batch)
    assert (status["state"], status["filled_rows"], status["failed"]) == ("PAUSED", 0, 0)


@pytest.mark.parametrize("code", ["40P01", "40001", "55P03", "57P01", "53100", "25006"])
async def test_what_passes_holds_no_batch(world: World, code: str) -> None:
    batch = await world.launch(4, "alpha")
    await refuse_writes(world, "workflow_states", "update", "new.status = 'IN_PROGRESS'", code)
    call = "select public.dispatch_pending_items(100, 100, array['alpha'])"
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await world.pg.fetchval(call)
    assert refusal.value.sqlstate == code
    assert (await world.status(batch))["state"] == "RUNNING"


async def test_a_held_batch_does_not_keep_the_engine_awake(world: World) -> None:
    await world.launch(4, "alpha")
    await world.claim()
    await world.pg.execute("update workflow_states set lease_until = now() - interval '1 minute'")
    await refuse_writes(world, "workflow_states", "update", "new.status = 'PENDING'")
    await world.db.call("reap_expired", limit=100)
    answer = await world.dispatch()
    assert (answer["busy"], answer["next_due_in_s"]) == (False, None)


async def test_a_cell_longer_than_an_index_takes_stops_nobody(world: World) -> None:
    paid = registry_row("paid", entity_keys=["company domain"], reads=["company_domain"])
    await world.db.call("sync_registry", workflows=[paid, registry_row("alpha")])
    longest = {"Domain": "(select string_agg(md5(g::text || n), '') from generate_series(1, 200) n)"}
    broken = await world.launch(3, "paid", columns=longest)
    healthy = await world.launch(3, "alpha")
    status = await world.run(healthy)
    assert (status["state"], status["completed"]) == ("COMPLETED", 3)
    assert (await world.status(broken))["filled_rows"] == 3
