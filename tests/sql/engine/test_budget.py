"""A batch that reached its budget: paid steps wait for more, everything else goes on, and raising it lets them go."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.engine import batches
from app.errors import ConflictError, InputError
from tests.engine_kit import World, registry_row


async def spend(world: World, **options: Any) -> str:
    """A batch of five rows at 2 credits each, of which three are sent and answered: the budget of 7 is reached."""
    batch = await world.launch(5, "paid", "beta", **({"budget": 7} | options))
    items = await world.claim()
    assert len(items) == 3, "2 credits each"
    await world.send(items)
    await world.claim()
    await world.complete(items, source="clay")
    return batch


async def test_a_budget_holds_the_paid_step_and_nothing_else(world: World) -> None:
    batch = await spend(world)
    status = await world.run(batch, turns=4)
    assert (status["state"], status["state_reason"], status["spent"]) == ("RUNNING", None, 6)
    assert (status["completed"], status["failed"], status["held"], status["pending"]) == (3, 0, 2, 0)
    assert [step["buckets"].get("held", 0) for step in status["steps"]] == [2, 0]
    [hold] = status["holds"]
    assert (hold["step_index"], hold["code"]) == (0, "budget")
    assert hold["reason"] == 'Budget reached: 7 credits do not cover the next row of "Paid".'
    assert batches.is_settled(status), "nothing more happens by itself"
    assert [s["attempt"] for s in await world.states() if s["status"] == "PENDING"] == [0, 0]


async def test_a_free_step_and_a_cheaper_one_go_on(world: World) -> None:
    cheap = registry_row("cheap", kind="clay", config_schema={"type": "object"}, cost_per_row="0.5")
    await world.db.call("sync_registry", workflows=[registry_row("paid", cost_per_row=4), registry_row("alpha"), cheap])
    await world.db.call(
        "save_workflow_config", client=world.client, workflow="cheap", label="", config={}, version=None, actor="test"
    )
    world.slugs = ["alpha", "paid", "cheap"]
    batch = await world.launch(2, "cheap", "alpha", "paid", budget="4.5")
    first = await world.claim(limit=2)
    await world.send(first)
    await world.complete(first, source="clay")
    await world.complete(await world.claim())
    await world.claim()
    status = await world.status(batch)
    assert status["spent"] == 1
    assert [step["buckets"] for step in status["steps"]][2] == {"held": 2}, "3.5 credits are left"


async def test_a_batch_that_waits_for_budget_keeps_no_engine_awake(world: World) -> None:
    batch = await spend(world)
    await world.run(batch, turns=3)
    answer = await world.dispatch()
    assert (answer["claimed"], answer["busy"], answer["next_due_in_s"]) == (0, False, None)


async def test_raising_the_budget_lets_the_rows_go(world: World) -> None:
    batch = await spend(world)
    raised = await batches.raise_budget(world.db, batch, Decimal(9), actor="ann")
    assert raised == {"changed": 1, "from": 7, "to": 9}
    items = [item for item in await world.claim() if item["workflow"] == "paid"]
    assert len(items) == 1, "3 credits are left"
    await world.send(items)
    await world.claim()
    status = await world.status(batch)
    assert (status["spent"], status["budget"], status["held"]) == (8, 9, 1)
    await batches.raise_budget(world.db, batch, Decimal(100), actor="bea")
    await world.send(await world.claim())
    assert (await world.status(batch))["spent"] == 10
    entries = await world.pg.fetch("select actor, detail ->> 'from' f, detail ->> 'to' t from audit_log "
                                   "where action = 'raise_budget' order by id")  # fmt: skip
    assert [tuple(e) for e in entries] == [("ann", "7", "9"), ("bea", "9", "100")]


async def test_raising_twice_changes_once(world: World) -> None:
    batch = await spend(world)
    await batches.raise_budget(world.db, batch, Decimal(9), actor="ann")
    assert (await batches.raise_budget(world.db, batch, Decimal(9), actor="ann"))["changed"] == 0
    assert await world.pg.fetchval("select count(*) from audit_log where action = 'raise_budget'") == 1


async def test_a_budget_is_only_raised_and_only_while_that_means_something(world: World) -> None:
    batch = await spend(world)
    with pytest.raises(ConflictError, match="already 7 credits"):
        await batches.raise_budget(world.db, batch, Decimal(6), actor="ann")
    with pytest.raises(InputError):
        await batches.raise_budget(world.db, batch, Decimal("1e12"), actor="ann")
    unlimited = await world.launch(1, "paid")
    with pytest.raises(ConflictError, match="no budget"):
        await batches.raise_budget(world.db, unlimited, Decimal(6), actor="ann")
    await batches.cancel(world.db, batch, actor="ann")
    with pytest.raises(ConflictError, match="ended"):
        await batches.raise_budget(world.db, batch, Decimal(60), actor="ann")


async def test_a_send_that_is_taken_back_frees_its_credits(world: World) -> None:
    batch = await world.launch(5, "paid", budget=7)
    items = await world.claim()
    await world.send(items)
    await world.claim()
    assert (await world.status(batch))["held"] == 2
    await world.fail(items[:1], unsent=True, code="clay_rejected")
    assert len(await world.claim()) == 1


async def test_pausing_and_resuming_does_not_lift_the_hold(world: World) -> None:
    batch = await spend(world)
    await batches.pause(world.db, batch, actor="ann")
    await batches.resume(world.db, batch, actor="ann")
    assert {item["workflow"] for item in await world.claim()} == {"beta"}
    assert (await world.status(batch))["held"] == 2


@pytest.mark.parametrize(
    ("amount", "words"),
    [("5.0000", "5 credits"), ("1", "1 credit"), ("0.5", "0.5 credits"), ("1234567.2500", "1,234,567.25 credits"),
     ("0", "0 credits")],
)  # fmt: skip
async def test_credits_read_as_people_write_them(world: World, amount: str, words: str) -> None:
    assert await world.pg.fetchval("select leadloom.credits($1::numeric)", Decimal(amount)) == words


@pytest.mark.parametrize(
    ("count", "batches", "rows"),
    [(0, "0 batches", "0 rows"), (1, "1 batch", "1 row"), (2, "2 batches", "2 rows"),
     (50_000, "50,000 batches", "50,000 rows"), (None, "0 batches", "0 rows")],
)  # fmt: skip
async def test_counts_read_as_people_write_them(world: World, count: int | None, batches: str, rows: str) -> None:
    said = await world.pg.fetchrow("select leadloom.plural($1, 'batch', 'batches'), leadloom.plural($1, 'row')", count)
    assert tuple(said) == (batches, rows)
