"""Paid steps wait, unfailed, while nobody has said where Clay's answers go to; everything else goes on."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from app.engine.sequencer import Pace, run_engine
from functions.console.spawner import LocalSpawner
from tests.engine_kit import World


async def dispatch(world: World, *, answerable: bool | None) -> dict[str, Any]:
    return await world.db.call(
        "dispatch_pending_items", limit=100, chunk_size=100, workflows=world.slugs, answerable=answerable
    )


async def test_paid_rows_are_held_with_the_reason_and_computed_ones_go_on(world: World) -> None:
    paid = await world.launch(2, "paid")
    await world.launch(3, "alpha")
    answer = await dispatch(world, answerable=False)
    assert (answer["claimed"], answer["failed"]) == (3, 0)
    [hold] = (await world.status(paid))["holds"]
    assert (hold["code"], hold["step_index"]) == ("no_address", 0)
    assert hold["reason"].startswith("No callback URL yet")
    rows = await world.pg.fetch("select status::text, attempt from workflow_states where step_name = 'paid'")
    assert [tuple(row) for row in rows] == [("PENDING", 0)] * 2
    await world.complete(await world.claim())


async def test_what_is_held_keeps_no_engine_awake_but_is_asked_about(world: World) -> None:
    await world.launch(2, "paid")
    await dispatch(world, answerable=False)
    answer = await dispatch(world, answerable=None)
    assert (answer["next_due_in_s"], answer["unanswerable"]) == (None, 1)


async def test_an_engine_that_has_not_asked_yet_holds_nothing(world: World) -> None:
    batch = await world.launch(2, "paid")
    answer = await dispatch(world, answerable=None)
    assert (answer["claimed"], answer["unanswerable"]) == (0, 1)
    assert (await world.status(batch))["holds"] == []


async def test_an_address_that_is_found_lets_them_go(world: World) -> None:
    batch = await world.launch(2, "paid")
    await dispatch(world, answerable=False)
    assert (await dispatch(world, answerable=True))["claimed"] == 2
    assert (await world.status(batch))["holds"] == []


class Wanderer(LocalSpawner):
    """Workers of this process, and an address that is known when the test says so."""

    known: str | None = None
    asked = 0

    async def address(self) -> str | None:
        """Count who asks."""
        self.asked += 1
        return self.known

    async def spawn(self, workflow: str, chunk_ids: Any) -> None:
        """Leave the chunks to the test."""


async def test_the_engine_asks_only_when_a_paid_step_is_due(world: World) -> None:
    await world.launch(1, "alpha")
    batch = await world.launch(1, "paid")
    await world.pg.execute(
        "update workflow_states set available_at = now() + interval '1 hour' where step_name = 'paid'"
    )
    spawner = Wanderer(world.db, asyncio.Event(), str(uuid4()))
    spawner.workflows = world.slugs
    await run_engine(world.db, spawner, pace=Pace(longest_sleep_s=0.05), max_seconds=1.5)
    assert spawner.asked == 0
    await world.pg.execute("update workflow_states set available_at = now() where step_name = 'paid'")
    await run_engine(world.db, spawner, pace=Pace(longest_sleep_s=0.05), max_seconds=1.5)
    assert spawner.asked == 1
    assert [hold["code"] for hold in (await world.status(batch))["holds"]] == ["no_address"]
    spawner.known = "https://leads.agency.example"
    await run_engine(world.db, spawner, pace=Pace(longest_sleep_s=0.05), max_seconds=1.5)
    assert (await world.status(batch))["holds"] == []
    assert [state["status"] for state in await world.states()] == ["IN_PROGRESS", "IN_PROGRESS"]
    await spawner.drain()
