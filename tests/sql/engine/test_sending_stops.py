"""Pause and cancel stop what leaves, at once: each group is checked in the very call that marks it."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
import respx

from app.clay.sender import http_client, send_chunk
from app.db import Database, connect
from app.engine import batches
from app.errors import DatabaseError, DatabaseUnavailableError
from tests.clay_kit import ClayWorld
from tests.clay_sending_kit import WORKFLOW
from tests.engine_kit import World


@pytest.mark.parametrize("how", ["pause", "cancel"])
async def test_a_group_of_a_batch_that_stopped_is_not_allowed(world: World, how: str) -> None:
    batch = await world.launch(3, "paid")
    items = await world.claim()
    await (batches.pause if how == "pause" else batches.cancel)(world.db, batch, actor="ann")
    answer = await world.send(items)
    assert (answer["allowed"], answer["capped"], answer["sent_total"]) == ([], [], 0)
    status = await world.status(batch)
    assert (status["sent"], status["spent"]) == (0, 0)
    assert await world.findings(batch) == []


async def test_rows_of_a_paused_batch_go_back_and_use_up_no_attempt(world: World) -> None:
    batch = await world.launch(3, "paid")
    items = await world.claim()
    await world.db.call("pause_batch", batch=batch, actor="ann")
    assert len((await world.send(items))["returned"]) == 3
    assert {(s["status"], s["attempt"], s["snoozes"]) for s in await world.states()} == {("PENDING", 1, 1)}
    assert (await world.send(items))["returned"] == [], "once"
    await world.db.call("resume_batch", batch=batch, actor="ann")
    assert len((await world.send(await world.claim()))["allowed"]) == 3


async def test_rows_of_a_step_that_is_held_meanwhile_go_back(world: World) -> None:
    batch = await world.launch(2, "paid")
    items = await world.claim()
    hold = "select leadloom.hold_step(id, 0, $2, 'held') from batches where uid = $1::uuid"
    await world.pg.execute(hold, batch, "budget")
    assert len((await world.send(items[:1]))["allowed"]) == 1, "a budget covered what was claimed"
    await world.pg.execute(hold, batch, "kill_switch")
    assert len((await world.send(items[1:]))["returned"]) == 1


async def test_other_batches_in_the_same_call_still_go(world: World) -> None:
    stopped = await world.launch(2, "paid")
    await world.launch(2, "paid")
    items = await world.claim()
    await world.db.call("pause_batch", batch=stopped, actor="ann")
    answer = await world.send(items)
    assert (len(answer["allowed"]), len(answer["returned"])) == (2, 2)


async def test_a_pause_waits_for_a_mark_that_is_under_way(world: World, stack: Any) -> None:
    """Whatever pause leaves unmarked stays so: it and a mark take turns at the batch's gate."""
    batch = await world.launch(1, "paid")
    [item] = await world.claim()
    mark = "select public.mark_sending(repeat('0', 64), $1, jsonb_build_array(jsonb_build_object('state_id', $2::bigint, 'attempt', 1)), 50000)"  # noqa: E501
    other = await asyncpg.connect(stack.database_url)
    try:
        transaction = other.transaction()
        await transaction.start()
        await other.execute(mark, world.client_id, item["state_id"])
        pausing = asyncio.create_task(world.db.call("pause_batch", batch=batch, actor="ann"))
        done, _ = await asyncio.wait([pausing], timeout=0.3)
        assert not done, "the mark is not committed yet"
        await transaction.commit()
        assert (await pausing)["changed"] == 1
    finally:
        await other.close()
    assert (await world.status(batch))["waiting"] == 1


async def test_the_sender_gives_the_rest_of_its_chunk_back(clay: ClayWorld, hook: respx.Route) -> None:
    batch = await clay.launch(60)
    [chunk] = await clay.chunks()

    async def then_pause(_request: httpx.Request) -> httpx.Response:
        await clay.db.call("pause_batch", batch=batch, actor="ann")
        return httpx.Response(200)

    hook.mock(side_effect=then_pause)
    async with http_client() as http:
        report = await send_chunk(clay.db, http, chunk, WORKFLOW)
    assert (hook.call_count, report.taken, report.returned) == (20, 20, 40)
    status = await clay.world.status(batch)
    assert (status["state"], status["waiting"], status["running"], status["sent"]) == ("PAUSED", 20, 0, 20)
    hook.side_effect = None
    hook.respond(200)
    await clay.db.call("resume_batch", batch=batch, actor="ann")
    [rest] = await clay.chunks()
    async with http_client() as http:
        assert (await send_chunk(clay.db, http, rest, WORKFLOW)).taken == 40
    assert {(s["status"], s["send_count"]) for s in await clay.world.states()} == {("IN_PROGRESS", 1)}
    assert await clay.world.findings(batch) == []


class _LosesReplies(Database):
    """The door, but replies of marks are lost: the call happened, and the sender is told that it may not have."""

    lost = 0

    async def call(self, function: str, /, **args: Any) -> Any:
        reply = await super().call(function, **args)
        if function == "mark_sending":
            self.lost += 1
            raise DatabaseUnavailableError
        return reply


async def test_rows_whose_mark_failed_in_all_tries_go_back_at_once(clay: ClayWorld, hook: respx.Route) -> None:
    """They are marked as far as the database knows, and certainly did not leave as far as the sender knows."""
    batch = await clay.launch(3)
    [chunk] = await clay.chunks()
    door = await connect()
    deaf = _LosesReplies(door._client, door._http, door._key)
    async with http_client() as http, door:
        with pytest.raises(DatabaseError):
            await send_chunk(deaf, http, chunk, WORKFLOW)
    assert (hook.call_count, deaf.lost) == (0, 1)
    for state in await clay.world.states():
        assert (state["status"], state["sent_at"], state["send_count"]) == ("PENDING", None, 0)
        assert (state["attempt"], state["snoozes"]) == (1, 1)
    assert {r["outcome"] for r in await clay.pg.fetch("select outcome from sends")} == {"unsent"}
    assert await clay.pg.fetchval("select sent from webhook_counters") == 0
    [again] = await clay.chunks()
    async with http_client() as http:
        assert (await send_chunk(clay.db, http, again, WORKFLOW)).taken == 3
    assert await clay.world.findings(batch) == []


async def test_a_mark_that_comes_after_its_rows_went_back_marks_nothing(world: World) -> None:
    """A request that was given up by its sender may still be on its way to the database."""
    await world.launch(2, "paid")
    items = await world.claim()
    refs = [{"state_id": i["state_id"], "attempt": i["attempt"]} for i in items]
    unsent = [r | {"outcome": "unsent", "code": "not_sent", "text": "x", "retry": True, "snooze": True} for r in refs]
    await world.db.call("record_sends", outcomes=unsent, url_sha256="0" * 64)
    assert (await world.send(items))["allowed"] == []
    again = await world.claim()
    assert (await world.send(items))["allowed"] == []
    assert len((await world.send(again))["allowed"]) == 2


async def test_a_group_is_small_and_marked_when_it_can_leave(clay: ClayWorld, hook: respx.Route) -> None:
    """At any moment, what is marked and has not left is one group: at ten rows a second, one row."""
    await clay.configure(rate_per_second=10, burst=20)
    await clay.launch(20)
    [chunk] = await clay.chunks()
    lock, left, most = asyncio.Lock(), 0, 0

    async def arrive(_request: httpx.Request) -> httpx.Response:
        nonlocal left, most
        left += 1
        async with lock:
            most = max(most, await clay.pg.fetchval("select count(*) from sends") - left)
        await asyncio.sleep(0.05)
        return httpx.Response(200)

    hook.mock(side_effect=arrive)
    async with http_client() as http:
        assert (await send_chunk(clay.db, http, chunk, WORKFLOW)).taken == 20
    assert left == 20
    assert most <= 1
