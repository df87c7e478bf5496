"""What goes wrong: retries, fencing, leases, deadlines, missing set-up; nothing loops, nothing is lost."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.errors import ConflictError
from tests.engine_kit import World


async def test_a_retry_waits_and_counts_its_attempt(world: World) -> None:
    batch = await world.launch(1, "alpha")
    [item] = await world.claim()
    assert await world.fail([item], retry=True, code="workflow_error") == {"failed": 0, "retrying": 1, "stale": 0}
    status = await world.status(batch)
    assert (status["retrying"], status["failed"]) == (1, 0)
    assert await world.claim() == [], "not due yet"
    [state] = await world.states("available_at - now() as wait, attempt")
    assert 4 < state["wait"].total_seconds() <= 6.1


async def test_back_off_doubles_and_heeds_the_service(world: World) -> None:
    delays = [
        float(await world.pg.fetchval("select leadloom.retry_delay_s($1, 5, $2)", attempt, after))
        for attempt, after in ((1, None), (2, None), (4, None), (20, None), (1, 300))
    ]
    for delay, base in zip(delays, (5, 10, 40, 3600, 300), strict=True):
        assert base <= delay <= base * 1.2


async def test_attempts_end(world: World) -> None:
    batch = await world.launch(1, "alpha")
    for attempt in (1, 2, 3):
        await world.pg.execute("update workflow_states set available_at = now() where status = 'PENDING'")
        [item] = await world.claim()
        assert item["attempt"] == attempt
        await world.fail([item], retry=True, text=f"broken {attempt}")
    await world.advance()
    status = await world.status(batch)
    assert (status["failed"], status["state"]) == (1, "COMPLETED")
    [state] = await world.states()
    assert (state["status"], state["error_text"]) == ("FAILED", "broken 3")
    assert state["history"].count('"attempt"') == 3
    assert await world.findings(batch) == []


async def test_an_answer_of_an_older_attempt_is_a_counted_no_op(world: World) -> None:
    batch = await world.launch(2, "alpha")
    old = await world.claim()
    await world.fail(old, retry=True)
    await world.pg.execute("update workflow_states set available_at = now()")
    new = await world.claim()
    assert await world.complete(old) == {"applied": 0, "stale": 2}
    assert await world.fail(old) == {"failed": 0, "retrying": 0, "stale": 2}
    assert await world.complete(new) == {"applied": 2, "stale": 0}
    assert await world.complete(new) == {"applied": 0, "stale": 2}, "a repeated call changes nothing"
    await world.advance()
    assert (await world.status(batch))["completed"] == 2
    assert await world.findings(batch) == []


async def test_a_chunk_is_claimed_once(world: World) -> None:
    await world.launch(5, "alpha")
    [chunk] = (await world.dispatch())["chunks"]
    assert len((await world.db.call("claim_chunk", chunk=chunk["chunk_id"]))["items"]) == 5
    assert (await world.db.call("claim_chunk", chunk=chunk["chunk_id"]))["items"] == []


async def test_a_lease_that_runs_out_goes_back_and_then_fails(world: World) -> None:
    batch = await world.launch(1, "alpha")
    for _ in range(3):
        await world.claim()
        assert (await world.db.call("reap_expired"))["released"] == 0, "the lease still runs"
        await world.pg.execute("update workflow_states set lease_until = now() where status = 'IN_PROGRESS'")
        await world.db.call("reap_expired")
    [state] = await world.states()
    assert (state["status"], state["error_code"], state["attempt"]) == ("FAILED", "lease_expired", 3)
    assert (await world.advance())["finished_batches"] == 1
    assert await world.findings(batch) == []


async def test_a_chunk_that_nobody_claimed_costs_no_attempt(world: World) -> None:
    await world.launch(3, "alpha")
    [chunk] = (await world.dispatch())["chunks"]
    await world.pg.execute("update workflow_states set lease_until = now()")
    await world.pg.execute("update dispatch_chunks set expires_at = now()")
    assert (await world.db.call("reap_expired"))["unclaimed"] == 3
    states = await world.states()
    assert {(s["status"], s["attempt"], s["snoozes"]) for s in states} == {("PENDING", 1, 1)}, "numbers only grow"
    assert (await world.db.call("claim_chunk", chunk=chunk["chunk_id"]))["items"] == []


async def test_an_announcement_that_was_lost_is_repeated(world: World) -> None:
    await world.launch(3, "alpha")
    [chunk] = (await world.dispatch())["chunks"]
    assert (await world.dispatch())["chunks"] == []
    await world.pg.execute("update dispatch_chunks set announced_at = now() - interval '61 seconds'")
    assert (await world.dispatch())["chunks"] == [chunk]


async def test_an_unknown_workflow_fails_at_once_and_says_what_to_do(world: World) -> None:
    batch = await world.launch(3, "alpha", "beta")
    world.slugs = ["beta"]
    assert (await world.dispatch())["failed"] == 3
    await world.advance()
    [reason] = {s["error_text"] for s in await world.states()}
    assert reason == 'No workflow "alpha" is deployed. Deploy it, then retry these rows.'
    assert (await world.status(batch))["failed"] == 3
    assert await world.findings(batch) == []


async def test_a_missing_config_fails_at_once_and_can_be_retried(world: World) -> None:
    await world.pg.execute("delete from client_workflow_configs")
    batch = await world.launch(2, "paid")
    assert (await world.dispatch())["failed"] == 2
    [state] = {(s["error_code"], s["error_text"]) for s in await world.states()}
    assert state[0] == "missing_config"
    assert "Add it on the client's Workflows page" in state[1]
    await world.db.call(
        "save_workflow_config", client=world.client, workflow="paid", label="", config={}, version=None, actor="test"
    )
    answer = await world.db.call("retry_failed", batch=batch, filter={"error_code": "missing_config"}, actor="test")
    assert (answer["requeued"], answer["more"]) == (2, False)
    assert len(await world.claim()) == 2


async def test_pause_stops_dispatching_and_resume_goes_on(world: World) -> None:
    batch = await world.launch(4, "alpha", "beta")
    first = await world.claim(limit=2)
    assert (await world.db.call("pause_batch", batch=batch, actor="ann"))["changed"] == 1
    assert (await world.db.call("pause_batch", batch=batch, actor="ann"))["changed"] == 0
    await world.complete(first)
    assert await world.claim() == []
    assert (await world.status(batch))["state_reason"] == "Paused by ann"
    await world.db.call("resume_batch", batch=batch, actor="ann")
    assert (await world.run(batch))["completed"] == 4
    assert await world.findings(batch) == []


async def test_cancel_ends_everything_and_late_answers_change_nothing(world: World) -> None:
    batch = await world.launch(6, "alpha", "beta")
    under_way = await world.claim(limit=3)
    answer = await world.db.call("cancel_batch", batch=batch, actor="ann")
    assert (answer["changed"], answer["items"], answer["more"]) == (1, 6, False)
    assert await world.complete(under_way) == {"applied": 0, "stale": 3}
    status = await world.status(batch)
    assert (status["state"], status["cancelled"], status["active"]) == ("CANCELLED", 6, 0)
    assert await world.claim() == []
    with pytest.raises(ConflictError, match="cancelled"):
        await world.db.call("retry_failed", batch=batch, filter={}, actor="ann")
    assert await world.findings(batch) == []


async def test_retry_failed_acts_on_its_filter_and_says_how_many(world: World) -> None:
    batch = await world.launch(5, "alpha")
    items = await world.claim()
    await world.fail(items[:2], code="one", text="first cause")
    await world.fail(items[2:], code="two", text="second cause")
    await world.advance()
    assert (await world.status(batch))["state"] == "COMPLETED"
    answer = await world.db.call("retry_failed", batch=batch, filter={"error_code": "one"}, actor="ann")
    assert answer["requeued"] == 2
    status = await world.run(batch)
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", 2, 3)
    audited = await world.pg.fetchval("select detail ->> 'requeued' from audit_log where action = 'retry_failed'")
    assert audited == "2"
    assert await world.findings(batch) == []


async def test_rerun_from_a_step_keeps_the_old_results_aside(world: World) -> None:
    batch = await world.launch(3, "alpha", "beta", "gamma")
    await world.run(batch)
    uids = [r["uid"] for r in await world.pg.fetch("select uid::text from batch_items order by id limit 2")]
    assert (await world.db.call("reset_items", items=uids, from_step=1, actor="ann"))["reset"] == 2
    assert await world.pg.fetchval("select count(*) from superseded_results") == 4
    assert (await world.status(batch))["state"] == "RUNNING"
    status = await world.run(batch)
    assert (status["state"], status["completed"]) == ("COMPLETED", 3)
    assert await world.findings(batch) == []


async def test_finished_states_found_by_the_sweep_are_advanced_once(world: World) -> None:
    """A state finished elsewhere than in complete_items waits for the sequencer, which marks it exactly once."""
    batch = await world.launch(3, "alpha", "beta")
    await world.pg.execute("update workflow_states set status = 'SKIPPED', finished_at = now()")
    assert (await world.advance())["advanced"] == 3
    assert (await world.advance())["advanced"] == 0
    assert [s["step_index"] for s in await world.states()] == [0, 0, 0, 1, 1, 1]
    assert (await world.status(batch))["pending"] == 3


async def test_a_worker_that_lost_the_reply_claims_its_chunk_again(world: World) -> None:
    await world.launch(4, "alpha")
    [chunk] = (await world.dispatch())["chunks"]
    args = {"chunk": chunk["chunk_id"], "claimer": str(uuid4())}
    first = await world.db.call("claim_chunk", **args)
    assert await world.db.call("claim_chunk", **args) == first
    assert (await world.db.call("claim_chunk", chunk=chunk["chunk_id"]))["items"] == [], "another worker may not"


async def test_a_retry_or_rerun_repeated_for_a_lost_reply_does_nothing_more(world: World) -> None:
    batch = await world.launch(2, "alpha")
    await world.fail(await world.claim())
    args = {"batch": batch, "filter": {}, "actor": "ann", "request": str(uuid4())}
    first = await world.db.call("retry_failed", **args)
    items = await world.claim()
    await world.fail(items)
    assert await world.db.call("retry_failed", **args) == first
    assert {s["status"] for s in await world.states()} == {"FAILED"}
    args = {"items": [i["item"] for i in items], "from_step": 0, "actor": "ann", "request": str(uuid4())}
    assert (await world.db.call("reset_items", **args))["reset"] == 2
    await world.claim()
    assert (await world.db.call("reset_items", **args))["reset"] == 2
    assert {s["status"] for s in await world.states()} == {"IN_PROGRESS"}


async def test_a_paused_batch_whose_last_rows_end_has_ended(world: World) -> None:
    batch = await world.launch(2, "alpha")
    items = await world.claim()
    await world.db.call("pause_batch", batch=batch, actor="ann")
    await world.complete(items)
    await world.advance()
    assert (await world.status(batch))["state"] == "COMPLETED"


async def test_a_config_that_makes_no_sense_does_not_stop_the_dispatcher(world: World) -> None:
    await world.pg.execute(
        """update client_workflow_configs set config = config || '{"rate_per_second": 0, "burst": "many"}'"""
    )
    await world.launch(1, "paid")
    await world.launch(1, "alpha")
    assert len(await world.claim()) == 2


async def test_a_cancel_while_rows_are_being_ended_leaves_no_step_to_do(world: World) -> None:
    """A worker that holds a row's lock is not waited for; the next call finds what became of the row."""
    batch = await world.launch(3, "alpha", "beta")
    [item, *_] = await world.claim()
    async with world.pg.transaction():
        await world.pg.execute("select from workflow_states where id = $1 for update", item["state_id"])
        answer = await world.db.call("cancel_batch", batch=batch, actor="ann")
        assert (answer["items"], answer["more"]) == (2, True)
    assert (await world.complete([item]))["applied"] == 1
    await world.db.call("cancel_batch", batch=batch, actor="ann")
    status = await world.status(batch)
    assert (status["cancelled"], status["active"], status["pending"]) == (3, 0, 0)
    assert await world.findings(batch) == []
