"""A send is booked once, by what left: late answers, rows that start over, and two senders of one attempt.

`sends` says what left; the row, its batch and the webhook follow it, whatever became of the row since.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import respx

from app.clay.sender import http_client, send_chunk
from tests.chaos.auditor_sql import QUERIES
from tests.chaos.direct import Direct
from tests.clay_kit import ClayWorld
from tests.clay_sending_kit import WORKFLOW
from tests.conftest import TestStack
from tests.engine_kit import SLUGS, World, registry_row

URL = "0" * 64
SUCCESS = {"status": "success", "parsed": {"paid_out": "x"}}


@pytest.fixture
async def sessions(stack: TestStack) -> AsyncIterator[list[Direct]]:
    """Three sessions besides the test's own."""
    connections = [await asyncpg.connect(stack.database_url) for _ in range(3)]
    try:
        yield [await Direct.on(connection) for connection in connections]
    finally:
        for connection in connections:
            await connection.close()


async def receive(world: World, item: dict[str, Any]) -> int:
    """Store an answer for a claimed row's attempt."""
    inbox = await world.db.call(
        "receive_callback",
        workflow="paid",
        item=item["item"],
        step=0,
        attempt=item["attempt"],
        client_id=None,
        body="{}",
    )
    return int(inbox["inbox_id"])


async def answer(world: World, item: dict[str, Any]) -> dict[str, Any]:
    """Clay's answer for a claimed row's attempt."""
    return await world.db.call("settle_callback", inbox=await receive(world, item), outcome=SUCCESS)


async def books(world: World, batch: str) -> tuple[Any, ...]:
    """Sends counted, credits, and what the webhook's counter says."""
    status = await world.status(batch)
    return status["sent"], status["spent"], await world.pg.fetchval("select sent from webhook_counters")


async def time_out(world: World) -> None:
    """No answer comes in time."""
    await world.pg.execute("update workflow_states set deadline_at = now() where deadline_at is not null")
    await world.db.call("reap_expired")


async def test_a_late_answer_to_a_row_that_failed_again_unsent_is_booked_once(world: World) -> None:
    batch = await world.launch(1, "paid")
    [item] = await world.claim()
    await world.send([item])
    await time_out(world)
    await world.db.call("retry_failed", batch=batch, filter={}, actor="ann")
    world.slugs.remove("paid")
    assert (await world.dispatch())["failed"] == 1, "its workflow is gone: it fails before it goes out again"
    said = await answer(world, item)
    assert (said["verdict"], said["applied"]) == ("late", True)
    assert await books(world, batch) == (1, 2, 1)
    assert await world.findings(batch) == []


async def test_an_answer_to_a_superseded_attempt_books_the_send_that_it_proves(world: World) -> None:
    batch = await world.launch(1, "paid")
    [first] = await world.claim()
    await world.send([first])
    refused = {"code": "clay_rate_limited", "text": "429", "retry": True, "snooze": True, "http_status": 429}
    await world.fail([first], unsent=True, url_sha256=URL, **refused)
    assert await books(world, batch) == (0, 0, 0)
    [second] = await world.claim()
    await world.send([second])
    for _ in range(2):
        said = await answer(world, first)
        assert (said["verdict"], said["applied"]) == ("late", False)
    assert await books(world, batch) == (2, 4, 2), "it was taken after all, once"
    assert (await answer(world, second))["verdict"] == "applied"
    assert await books(world, batch) == (2, 4, 2)
    await world.advance()
    assert await world.findings(batch) == []


SNOOZED = {"code": "clay_rate_limited", "text": "429", "retry": True, "snooze": True, "http_status": 429}


async def give_up(world: World, batch: str, item: dict[str, Any], how: str) -> None:
    """End an attempt that left without its answer, so that another one follows."""
    if how == "refused":
        await world.fail([item], unsent=True, url_sha256=URL, **SNOOZED)
    else:
        await time_out(world)
        await world.db.call("retry_failed", batch=batch, filter={}, actor="ann")


@pytest.mark.parametrize("how", ["refused", "timed out"])
async def test_an_answer_settles_its_row_before_the_next_attempt_goes_out(world: World, how: str) -> None:
    """It is the same question: the attempt that a sender has in hand by now is not paid for."""
    batch = await world.launch(1, "paid", "gamma")
    [first] = await world.claim()
    await world.send([first])
    await give_up(world, batch, first, how)
    [second] = await world.claim()
    said = await answer(world, first)
    assert (said["verdict"], said["applied"]) == ("late", True)
    marked = await world.send([second])
    assert (marked["allowed"], marked["capped"], marked["returned"]) == ([], [], [])
    assert (await answer(world, first))["verdict"] == "duplicate"
    assert await books(world, batch) == (1, 2, 1)
    assert await auditors_words(world, batch) == []
    assert (await world.run(batch))["completed"] == 1
    assert await world.findings(batch) == []
    # Numbers that a sender has had are never given out again.
    await world.db.call("reset_items", items=[first["item"]], from_step=0, actor="ann")
    [third] = await world.claim()
    assert third["attempt"] == second["attempt"] + 1
    assert (await answer(world, first))["applied"] is False, "an operator wants a new answer"


async def auditors_words(world: World, batch: str) -> list[str]:
    """What the chaos suite's auditor, which knows nothing of the product, finds wrong with money and answers."""
    said = []
    for check, query in QUERIES.items():
        if "answer" in check or "money" in check or "results" in check:
            said += [f"{check}: {row['why']}" for row in await world.pg.fetch(query, batch)]
    return said


async def test_an_answer_beyond_an_attempt_that_never_left_counts(world: World) -> None:
    batch = await world.launch(1, "paid")
    [first] = await world.claim()
    await world.send([first])
    await world.fail([first], unsent=True, url_sha256=URL, **SNOOZED)
    [second] = await world.claim()
    await world.fail([second], unmarked=True, unsent=True, **SNOOZED)
    said = await answer(world, first)
    assert (said["verdict"], said["applied"]) == ("late", True)
    assert await auditors_words(world, batch) == []
    assert (await world.run(batch))["completed"] == 1


async def test_a_refusal_that_comes_again_does_not_end_the_retry(world: World) -> None:
    """Clay delivers its "nothing found" twice; in between an operator has asked to try the row once more."""
    await world.launch(1, {"workflow": "paid", "settings": {"when_not_found": "fail"}})
    [first] = await world.claim()
    await world.send([first])
    nothing = {"status": "not_found", "note": "No company found."}
    settle = {"inbox": await receive(world, first), "outcome": nothing}
    assert (await world.db.call("settle_callback", **settle))["verdict"] == "applied"
    batch = str(await world.pg.fetchval("select uid from batches"))
    await world.db.call("retry_failed", batch=batch, filter={}, actor="ann")
    for _ in range(2):
        settle["inbox"] = await receive(world, first)
        assert (await world.db.call("settle_callback", **settle))["verdict"] == "duplicate"
        await world.claim()
    assert [s["status"] for s in await world.states("status::text")] == ["IN_PROGRESS"]


async def test_a_mark_and_an_answer_at_once_settle_the_row_once(world: World, sessions: list[Direct]) -> None:
    """Whoever has the row first: it is settled and not sent, or sent and waits for its own answer."""
    batch = await world.launch(12, "paid")
    items = await world.claim()
    await world.send(items)
    await world.fail(items, unsent=True, url_sha256=URL, **SNOOZED)
    again = {item["state_id"]: item for item in await world.claim()}
    inboxes = {item["state_id"]: await receive(world, item) for item in items}
    sender, receiver = sessions[:2]

    async def mark(state: int) -> bool:
        refs = [{"state_id": state, "attempt": again[state]["attempt"]}]
        args = {"url_sha256": URL, "client_id": world.client_id, "cap": 50_000}
        return bool((await sender.call("mark_sending", items=refs, **args))["allowed"])

    async def settle(state: int) -> bool:
        return bool((await receiver.call("settle_callback", inbox=inboxes[state], outcome=SUCCESS))["applied"])

    for state in inboxes:
        sent, settled = await asyncio.gather(mark(state), settle(state))
        assert sent is not settled
    assert await world.pg.fetchval("select deadlocks from pg_stat_database where datname = current_database()") == 0
    assert (await world.findings(batch)) == []


async def test_an_answer_after_the_cancel_books_the_send_that_it_proves(world: World) -> None:
    batch = await world.launch(1, "paid")
    [item] = await world.claim()
    await world.send([item])
    await world.fail([item], unsent=True, url_sha256=URL, code="clay_rate_limited", retry=True, retry_after_s=60)
    await world.db.call("cancel_batch", batch=batch, actor="ann")
    await answer(world, item)
    assert await books(world, batch) == (1, 2, 1)
    assert await world.findings(batch) == []


async def test_a_chunk_that_ran_out_is_claimed_by_nobody(world: World, sessions: list[Direct]) -> None:
    """Its rows may be under way in another chunk, under the same attempt: two senders would have them."""
    await world.launch(1, "paid")
    [old] = (await world.dispatch())["chunks"]
    await world.pg.execute("update dispatch_chunks set expires_at = now()")
    await world.pg.execute("update workflow_states set lease_until = now()")
    async with sessions[0].pg.transaction():  # somebody looks at the chunk: the reaper passes it by
        await sessions[0].pg.execute("select 1 from dispatch_chunks for update")
        await world.db.call("reap_expired")
    [new] = (await world.dispatch())["chunks"]
    assert new["chunk_id"] != old["chunk_id"]
    assert (await world.db.call("claim_chunk", chunk=old["chunk_id"]))["items"] == []
    assert len((await world.db.call("claim_chunk", chunk=new["chunk_id"]))["items"]) == 1
    await world.pg.execute("update dispatch_chunks set announced_at = null, claimed_by = null, expires_at = now()")
    assert (await world.dispatch())["chunks"] == []


async def test_whoever_did_not_mark_a_row_takes_no_send_back(clay: ClayWorld, hook: respx.Route) -> None:
    """A second sender of the same attempt cannot send; that is nothing against the first one's send."""
    batch = await clay.launch(2)
    [chunk] = await clay.chunks()
    async with http_client() as http:
        assert (await send_chunk(clay.db, http, chunk, WORKFLOW)).taken == 2
        await send_chunk(clay.db, http, chunk | {"config": {}}, WORKFLOW)
    assert (await clay.world.status(batch))["waiting"] == 2
    assert await clay.chunks() == []
    assert (hook.call_count, (await clay.world.status(batch))["sent"]) == (2, 2)


async def test_rows_given_back_by_one_sender_stay_sent_by_another(clay: ClayWorld, hook: respx.Route) -> None:
    """The batch stops at the second sender's first group; it gives back the rest, which the first one has sent."""
    batch = await clay.launch(30)
    [chunk] = await clay.chunks()
    async with http_client() as http:
        await send_chunk(clay.db, http, chunk | {"items": chunk["items"][20:]}, WORKFLOW)
        await clay.db.call("pause_batch", batch=batch, actor="ann")
        await send_chunk(clay.db, http, chunk, WORKFLOW)
    status = await clay.world.status(batch)
    assert (hook.call_count, status["waiting"], status["sent"]) == (10, 10, 10)


async def holding_entities(session: Direct) -> Any:
    """A transaction in which somebody decides about the only batch's first step."""
    transaction = session.pg.transaction()
    await transaction.start()
    await session.pg.execute("select leadloom.hold_entities((select id from public.batches), 0)")
    return transaction


@pytest.mark.parametrize("deed", ["retry_failed", "reset_items"])
async def test_a_late_answer_and_an_operator_do_not_wait_for_each_other(
    world: World, sessions: list[Direct], deed: str
) -> None:
    """Both make an ended batch live again, and both look at its entities."""
    shared = [registry_row(s, **({"entity_keys": ["company domain"]} if s == "paid" else {})) for s in SLUGS]
    await world.db.call("sync_registry", workflows=shared)
    batch = await world.launch(2, "paid", columns={"Domain": "'c' || g || '.test'"})
    first, second = await world.claim()
    await world.send([first, second])
    await time_out(world)
    await world.advance()
    assert (await world.status(batch))["state"] == "COMPLETED"
    inbox = await receive(world, first)
    third, operator, receiver = sessions
    transaction = await holding_entities(third)
    step = await world.pg.fetchval("select step_index from workflow_states limit 1")
    args: dict[str, Any] = {"batch": batch, "filter": {}, "actor": "ann", "limit": 10}
    if deed == "reset_items":
        args = {"items": [second["item"]], "from_step": step, "actor": "ann"}
    else:  # the first row is the answer's
        await world.pg.execute("update workflow_states set error_code = 'other' where id = $1", second["state_id"])
        args["filter"] = {"error_code": "other"}
    deeds = [asyncio.create_task(operator.call(deed, **args))]
    await asyncio.sleep(0.4)
    deeds.append(asyncio.create_task(receiver.call("settle_callback", inbox=inbox, outcome=SUCCESS)))
    await asyncio.sleep(0.4)
    await transaction.commit()
    _, said = await asyncio.gather(*deeds)
    assert said["applied"]
    assert await world.pg.fetchval("select deadlocks from pg_stat_database where datname = current_database()") == 0
