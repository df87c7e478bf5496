"""Held is not failed: a held step's rows stay pending, cost nothing, and keep no engine awake; the others go on."""

from __future__ import annotations

from tests.engine_kit import World


async def hold(world: World, batch: str, step: int, code: str = "approval", reason: str = "not approved") -> bool:
    return await world.pg.fetchval(
        "select leadloom.hold_step(id, $2, $3, $4) from batches where uid = $1::uuid", batch, step, code, reason
    )


async def release(world: World, batch: str, step: int | None, code: str = "approval") -> int:
    return await world.pg.fetchval(
        "select leadloom.release_step(id, $2, $3) from batches where uid = $1::uuid", batch, step, code
    )


async def test_a_held_step_is_passed_by_and_the_others_go_on(world: World) -> None:
    batch = await world.launch(3, "alpha", "paid")
    await hold(world, batch, 1)
    status = await world.run(batch, turns=3)
    assert (status["state"], status["held"], status["failed"]) == ("RUNNING", 3, 0)
    assert [(s["step_name"], s["status"]) for s in await world.states()] == [("alpha", "COMPLETED")] * 3 + [
        ("paid", "PENDING")
    ] * 3
    assert [s["attempt"] for s in await world.states()] == [1, 1, 1, 0, 0, 0]
    [held] = status["holds"]
    assert (held["step_index"], held["code"], held["reason"]) == (1, "approval", "not approved")
    await release(world, batch, 1)
    assert len(await world.claim()) == 3


async def test_a_held_step_keeps_no_engine_awake(world: World) -> None:
    batch = await world.launch(3, "paid")
    await hold(world, batch, 0)
    answer = await world.dispatch()
    assert (answer["claimed"], answer["busy"], answer["next_due_in_s"]) == (0, False, None)
    await release(world, batch, 0)
    assert await world.pg.fetchval("select leadloom.next_due_in_s()") == 0


async def test_a_held_row_is_not_said_to_be_due(world: World) -> None:
    batch = await world.launch(1, "paid")
    assert (await world.db.read("insights_health"))["oldest_due"]["batch"] == batch
    await hold(world, batch, 0)
    assert (await world.db.read("insights_health"))["oldest_due"] is None


async def test_another_batch_is_not_held(world: World) -> None:
    held = await world.launch(2, "paid")
    await world.launch(2, "paid")
    await hold(world, held, 0)
    assert len(await world.claim()) == 2


async def test_two_reasons_hold_until_both_are_gone(world: World) -> None:
    batch = await world.launch(1, "paid")
    assert await hold(world, batch, 0)
    assert await hold(world, batch, 0, "config", "waiting for its set-up")
    since = await world.pg.fetchval("select since from step_holds where code = 'approval'")
    assert not await hold(world, batch, 0, reason="waiting for ann"), "held already"
    row = await world.pg.fetchrow("select * from step_holds where code = 'approval'")
    assert (row["since"], row["reason"]) == (since, "waiting for ann")
    assert await release(world, batch, None) == 1
    assert await world.claim() == []
    assert await release(world, batch, 0, "config") == 1
    assert await release(world, batch, 0, "config") == 0
    assert len(await world.claim()) == 1
