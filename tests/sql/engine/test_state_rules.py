"""Single rules of the state machine that random search meets only now and then; broken, they show here every time."""

from __future__ import annotations

from typing import Any

from tests.engine_kit import World


async def test_a_worker_that_comes_late_gets_its_whole_lease(world: World) -> None:
    """A chunk that was a while on its way is not reaped in the middle of its work."""
    await world.launch(2, {"workflow": "alpha", "settings": {"timeout_s": 600}})
    [chunk] = (await world.dispatch())["chunks"]
    await world.pg.execute(
        "update dispatch_chunks set created_at = created_at - interval '5 minutes',"
        " expires_at = expires_at - interval '5 minutes'"
    )
    await world.pg.execute("update workflow_states set lease_until = lease_until - interval '5 minutes'")
    assert len((await world.db.call("claim_chunk", chunk=chunk["chunk_id"]))["items"]) == 2
    await world.later("reap_expired", "8 minutes", 100)
    assert {state["status"] for state in await world.states()} == {"IN_PROGRESS"}
    assert await world.pg.fetchval("select count(*) from dispatch_chunks") == 1
    await world.later("reap_expired", "11 minutes", 100)
    assert {state["status"] for state in await world.states()} == {"PENDING"}


async def test_a_row_that_waits_for_its_retry_is_not_taken_along(world: World) -> None:
    """Rows of one step are due each for itself."""
    await world.launch(2)
    [first] = await world.claim(limit=1)
    await world.fail([first], retry=True)
    [second] = await world.claim()
    assert second["state_id"] != first["state_id"]


async def test_two_batches_share_a_turn_equally(world: World) -> None:
    """Whichever is looked at first, it leaves the other its half."""
    first, second = await world.launch(200, "alpha"), await world.launch(200, "alpha")
    assert len(await world.claim(limit=100)) == 100
    assert [(await world.status(batch))["running"] for batch in (first, second)] == [50, 50]


async def test_a_rerun_takes_the_results_it_makes_anew_out_of_sight(world: World) -> None:
    """What follows reads the new answer or none, never the one that was thrown away."""
    await world.launch(1, "alpha", "beta")
    [item] = await world.claim()
    await world.complete([item], parsed={"alpha_out": "old"})
    assert await _results(world) == ["old"]
    await world.db.call("reset_items", items=[item["item"]], from_step=0, actor="test")
    assert await _results(world) == []
    await world.complete(await world.claim(), parsed={"alpha_out": "new"})
    assert await _results(world) == ["new"]


async def _results(world: World) -> list[Any]:
    rows = await world.pg.fetch("select parsed ->> 'alpha_out' as said from enrichment_results")
    return [row["said"] for row in rows]


async def test_nobody_is_told_of_a_cancelled_batchs_chunks(world: World) -> None:
    batch = await world.launch(3)
    assert len((await world.dispatch())["chunks"]) == 1
    await world.db.call("cancel_batch", batch=batch, actor="test")
    await world.pg.execute("update dispatch_chunks set announced_at = now() - interval '61 seconds'")
    assert (await world.dispatch())["chunks"] == []
