"""Paid steps: what may have been sent is never sent again by itself, tokens, budgets, caps, shared answers."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.engine_kit import CONFIG, World, registry_row


async def configure(world: World, **changes: Any) -> None:
    await world.db.call(
        "save_workflow_config",
        client=world.client,
        workflow="paid",
        label="",
        config=CONFIG | changes,
        version=None,
        actor="test",
    )


async def test_what_may_have_been_sent_waits_and_is_never_sent_again(world: World) -> None:
    batch = await world.launch(2, "paid")
    items = await world.claim()
    assert len((await world.send(items))["allowed"]) == 2
    assert (await world.send(items))["allowed"] == [], "marking again allows nothing"
    assert (await world.status(batch))["waiting"] == 2
    assert await world.fail(items, retry=True) == {"failed": 2, "retrying": 0, "stale": 0}, "no retry: it may be out"
    await world.advance()
    assert await world.findings(batch) == []


async def test_a_send_that_certainly_did_not_go_out_is_retried_and_not_charged(world: World) -> None:
    batch = await world.launch(2, "paid")
    items = await world.claim()
    await world.send(items)
    assert (await world.status(batch))["spent"] == 4
    assert (await world.fail(items, retry=True, unsent=True, code="clay_unavailable"))["retrying"] == 2
    status = await world.status(batch)
    assert (status["spent"], status["sent"], status["retrying"]) == (0, 0, 2)


async def test_a_callback_deadline_fails_and_is_not_requeued(world: World) -> None:
    batch = await world.launch(2, "paid")
    items = await world.claim()
    await world.send(items)
    await world.taken(items)
    assert json.loads(await world.later("reap_expired", "59 minutes", 100))["timed_out"] == 0
    assert json.loads(await world.later("reap_expired", "61 minutes", 100))["timed_out"] == 2
    await world.advance()
    assert {s["error_code"] for s in await world.states()} == {"callback_timeout"}
    status = await world.status(batch)
    assert (status["state"], status["failed"], status["sent"]) == ("COMPLETED", 2, 2)
    assert await world.findings(batch) == []


async def test_a_sender_that_died_before_sending_gives_its_rows_back(world: World) -> None:
    await world.launch(2, "paid")
    first, second = await world.claim()
    await world.send([first])
    await world.later("reap_expired", "10 minutes", 100)
    by_id = {s["id"]: s["status"] for s in await world.states()}
    assert by_id == {first["state_id"]: "IN_PROGRESS", second["state_id"]: "PENDING"}


async def test_the_lifetime_cap_of_a_webhook_blocks(world: World) -> None:
    await world.launch(5, "paid")
    items = await world.claim()
    answer = await world.send(items, cap=3)
    assert (len(answer["allowed"]), len(answer["capped"]), answer["sent_total"]) == (3, 2, 3)
    assert (await world.send(items, cap=3))["allowed"] == []


async def test_tokens_bound_what_is_dispatched(world: World) -> None:
    await configure(world, rate_per_second=1, burst=7)
    await world.launch(50, "paid")
    assert len(await world.claim()) == 7
    assert len(await world.claim()) == 0


async def test_two_workflows_of_one_workspace_share_its_bucket(world: World) -> None:
    await configure(world, rate_per_second=1, burst=6, workspace="north")
    await world.launch(4, "paid")
    await world.launch(4, "paid")
    assert len(await world.claim()) == 6


async def test_tokens_that_nothing_used_go_back(world: World) -> None:
    await configure(world, rate_per_second=0.001, burst=10)
    await world.launch(3, "paid")
    assert len(await world.claim()) == 3
    await world.launch(9, "paid")
    assert len(await world.claim()) == 7


async def test_a_blocked_bucket_gives_nothing_until_then(world: World) -> None:
    await configure(world, rate_per_second=100, burst=100, workspace="north")
    await world.launch(3, "paid")
    await world.claim(limit=1)
    await world.db.call("block_rate_bucket", key="north", seconds=60)
    assert await world.claim() == []


async def entity_batch(world: World, rows: int, entities: int, **options: Any) -> str:
    await world.db.call(
        "sync_registry",
        workflows=[
            registry_row("paid", entity_keys=["company domain"], reads=["company_domain"]),
            registry_row("beta", reads=["paid_out"]),
        ],
    )
    return await world.launch(rows, "paid", "beta", columns={"Domain": f"'c' || g % {entities} || '.test'"}, **options)


async def test_rows_of_one_company_share_one_paid_answer(world: World) -> None:
    batch = await entity_batch(world, 12, 3)
    leaders = await world.claim()
    assert len(leaders) == 3
    await world.send(leaders)
    for item in leaders:
        await world.complete([item], source="clay", parsed={"paid_out": item["fields"]["company_domain"]})
    readers = await world.claim()
    assert len(readers) == 12
    assert all(i["fields"]["paid_out"] == i["fields"]["company_domain"] for i in readers)
    await world.complete(readers)
    await world.advance()
    sources = await world.pg.fetch("select source, count(*) from enrichment_results where step_index = 0 group by 1")
    assert {(r["source"], r["count"]) for r in sources} == {("clay", 3), ("shared", 9)}
    status = await world.status(batch)
    assert (status["state"], status["completed"], status["sent"], status["spent"]) == ("COMPLETED", 12, 3, 6)
    assert [f for f in await world.findings(batch) if f["check"] != "callbacks"] == []


async def test_followers_fail_with_a_leader_that_clay_knew_nothing_of(world: World) -> None:
    batch = await entity_batch(world, 4, 1)
    [leader] = await world.claim()
    await world.send([leader])
    await world.fail([leader], code="clay_error", text="company not found")
    await world.advance()
    await world.advance()
    status = await world.status(batch)
    assert (status["failed"], status["sent"], status["state"]) == (4, 1, "COMPLETED")
    assert await world.findings(batch) == []


async def test_a_leader_that_failed_otherwise_hands_over(world: World) -> None:
    batch = await entity_batch(world, 3, 1)
    [leader] = await world.claim()
    await world.fail([leader], code="workflow_error", text="broken")
    await world.advance()
    [second] = await world.claim()
    assert second["state_id"] != leader["state_id"]
    await world.complete([second], source="clay", parsed={"paid_out": "x"})
    await world.complete(await world.claim())
    await world.advance()
    status = await world.status(batch)
    assert (status["completed"], status["failed"]) == (2, 1)


async def test_retried_followers_wait_for_their_leader_again(world: World) -> None:
    batch = await entity_batch(world, 4, 1)
    [leader] = await world.claim()
    await world.send([leader])
    await world.fail([leader], code="clay_error", text="company not found")
    await world.advance()
    await world.db.call("retry_failed", batch=batch, filter={}, actor="ann")
    [again] = await world.claim()
    await world.complete([again], source="clay", parsed={})
    assert len(await world.claim()) == 4


async def test_batches_of_one_workspace_share_its_tokens(world: World) -> None:
    await configure(world, rate_per_second=0.001, burst=20)
    large = await world.launch(100, "paid")
    small = await world.launch(5, "paid")
    assert len(await world.claim()) == 20
    assert (await world.status(small))["running"] == 5
    assert (await world.status(large))["running"] == 15, "what the small one leaves over goes to the large"


async def test_two_paid_steps_of_a_batch_do_not_spend_the_same_credits(world: World) -> None:
    batch = await world.launch(6, "paid", "paid", budget=14)
    first = await world.claim(limit=3)
    await world.send(first)
    await world.complete(first, source="clay")
    await world.send(await world.claim())
    assert (await world.status(batch))["spent"] == 14


async def test_a_sender_that_lost_the_reply_gets_its_rows_again(world: World) -> None:
    batch = await world.launch(3, "paid")
    items = await world.claim()
    args = {"url_sha256": "0" * 64, "client_id": world.client_id, "cap": 50_000, "send_key": str(uuid4())}
    refs = [{"state_id": i["state_id"], "attempt": i["attempt"]} for i in items]
    first = await world.db.call("mark_sending", items=refs, **args)
    again = await world.db.call("mark_sending", items=refs, **args)
    assert sorted(again["allowed"]) == sorted(first["allowed"])
    assert (again["sent_total"], again["capped"]) == (3, [])
    other = await world.db.call("mark_sending", items=refs, **(args | {"send_key": str(uuid4())}))
    assert other["allowed"] == [], "another sender may not"
    await world.taken(refs)
    assert (await world.db.call("mark_sending", items=refs, **args))["allowed"] == []
    status = await world.status(batch)
    assert (status["sent"], status["spent"]) == (3, 6)


async def test_a_late_answer_to_a_retried_attempt_counts_no_second_send(world: World) -> None:
    batch = await world.launch(1, "paid")
    [item] = await world.claim()
    await world.send([item])
    await world.pg.execute("update workflow_states set deadline_at = now()")
    await world.db.call("reap_expired")
    await world.db.call("retry_failed", batch=batch, filter={}, actor="ann")
    inbox = await world.db.call(
        "receive_callback", workflow="paid", item=item["item"], step=0, attempt=1, client_id=None, body="{}"
    )
    outcome = {"status": "success", "parsed": {}}
    said = await world.db.call("settle_callback", inbox=inbox["inbox_id"], outcome=outcome)
    assert (said["verdict"], said["applied"]) == ("late", True)
    assert (await world.status(batch))["spent"] == 2
    assert await world.findings(batch) == []


async def test_a_retried_row_shares_what_a_sibling_found_meanwhile(world: World) -> None:
    batch = await entity_batch(world, 3, 1)
    [leader] = await world.claim()
    await world.fail([leader], code="workflow_error", text="broken")
    await world.advance()
    [second] = await world.claim()
    await world.complete([second], source="clay", parsed={"paid_out": "x"})
    await world.db.call("retry_failed", batch=batch, filter={}, actor="ann")
    await world.advance()
    readers = await world.claim()
    assert {item["workflow"] for item in readers} == {"beta"}, "nothing is paid for again"
    assert len(readers) == 3


async def test_a_row_that_starts_over_before_it_went_out_still_shares(world: World) -> None:
    await entity_batch(world, 3, 1)
    [leader] = await world.claim()
    await world.db.call("reset_items", items=[leader["item"]], from_step=0, actor="ann")
    await world.advance()
    assert len(await world.claim()) == 1, "nothing went out: one of the three is enough"


async def test_rows_that_start_over_after_they_went_out_pay_once_together(world: World) -> None:
    batch = await entity_batch(world, 4, 1)
    [leader] = await world.claim()
    await world.send([leader])
    await world.complete([leader], source="clay", parsed={"paid_out": "x"})
    items = [str(row["uid"]) for row in await world.pg.fetch("select uid from batch_items order by id limit 3")]
    await world.db.call("reset_items", items=items, from_step=0, actor="ann")
    await world.advance()
    again = [item for item in await world.claim() if item["workflow"] == "paid"]
    assert len(again) == 1, "asked anew, once for all that start over together"
    await world.complete(again, source="clay", parsed={"paid_out": "y"})
    await world.run(batch)
    answers = await world.pg.fetch(
        "select parsed ->> 'paid_out', count(*) from enrichment_results where step_index = 0 group by 1"
    )
    assert {tuple(row) for row in answers} == {("y", 3), ("x", 1)}


async def test_followers_of_a_leader_that_brought_no_answer_are_not_sent(world: World) -> None:
    batch = await entity_batch(world, 4, 1)
    await world.send(await world.claim())
    await world.later("reap_expired", "2 hours", 100)
    await world.advance()
    await world.advance()
    status = await world.status(batch)
    assert (status["failed"], status["sent"], status["state"]) == (4, 1, "COMPLETED"), "it may have been paid for"
    await world.db.call("retry_failed", batch=batch, filter={}, actor="ann")
    assert len(await world.claim()) == 1
