"""Callbacks against the real state machine: every order of events that a webhook can come in."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import orjson
import pytest

from app.clay.tokens import make_token
from app.engine import callbacks
from app.engine.callbacks import ForgedTokenError, settle_unsettled
from app.errors import DatabaseError
from tests.clay_kit import SLUG, Claimed, ClayWorld, answer

GARBAGE = [b"", b"undefined", b"<html>502</html>", b"[]", b"[1, 2]", b'"null"', b'{"status": "succ', b'{"oops": true}']


async def test_an_answer_completes_its_state_and_the_batch_goes_on(clay: ClayWorld) -> None:
    [row] = await clay.sent(1, "alpha")
    outcome = await clay.call_back(row)
    assert (outcome.verdict, outcome.applied) == ("applied", True)
    assert (await clay.state(row))["status"] == "COMPLETED"
    assert await clay.result(row) == {"company_name": "Acme", "company_domain": "acme.example", "industry": "Robotics"}
    item = await clay.pg.fetchrow("select * from batch_items where uid = $1::uuid", row.item)
    assert (item["company_name"], item["industry"]) == ("Acme", "Robotics")
    assert [record["step_name"] for record in await clay.world.states("step_name")] == [SLUG, "alpha"]
    [stored] = await clay.inbox()
    assert (stored["step_index"], stored["attempt"], stored["batch_item_id"]) == (0, 1, item["id"])
    assert stored["settled_at"] is not None


async def test_the_raw_body_is_kept_whole(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    body = answer(extra={"deep": [1, {"x": None}]}, text="naïve \u2014 \U0001f331")
    await clay.call_back(row, body)
    raw = await clay.pg.fetchval("select raw from enrichment_results")
    assert orjson.loads(raw) == body
    [stored] = await clay.inbox()
    assert orjson.loads(stored["body"]) == body


async def test_an_answer_may_come_before_the_sender_has_recorded_the_yes(clay: ClayWorld) -> None:
    await clay.launch(1)
    [row] = await clay.claim()
    await clay.db.call("mark_sending", url_sha256="0" * 64, client_id=clay.world.client_id, items=[row.ref], cap=50_000)
    assert (await clay.call_back(row)).verdict == "applied"
    await clay.world.taken([row.ref])
    assert (await clay.state(row))["status"] == "COMPLETED"


async def test_a_second_answer_is_a_duplicate_and_changes_nothing(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.call_back(row)
    again = await clay.call_back(row, answer("Somebody else"))
    assert (again.verdict, again.applied) == ("duplicate", False)
    assert (await clay.result(row) or {})["company_name"] == "Acme"
    assert await clay.verdicts() == ["applied", "duplicate"]


async def test_of_many_at_once_exactly_one_is_applied(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    outcomes = await asyncio.gather(*(clay.call_back(row, answer(f"Company {n}")) for n in range(8)))
    assert sorted(outcome.verdict for outcome in outcomes) == ["applied"] + ["duplicate"] * 7


async def test_an_error_fails_the_step_with_clays_text(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    outcome = await clay.call_back(row, {"status": "error", "error": "No company found"})
    assert (outcome.verdict, outcome.applied) == ("applied", True)
    state = await clay.state(row)
    assert (state["status"], state["error_code"], state["error_text"]) == ("FAILED", "clay_error", "No company found")
    assert (await clay.call_back(row, {"status": "error", "error": "again"})).verdict == "duplicate"


async def test_an_answer_after_an_error_is_late_and_applied(clay: ClayWorld) -> None:
    """The agency ran the Clay row again; that was paid for."""
    [row] = await clay.sent(1, "alpha")
    await clay.call_back(row, {"status": "error", "error": "Quota"})
    outcome = await clay.call_back(row)
    assert (outcome.verdict, outcome.applied) == ("late", True)
    assert (await clay.state(row))["status"] == "COMPLETED"


@pytest.mark.parametrize("body", GARBAGE)
async def test_garbage_is_stored_and_fails_the_step_at_once(clay: ClayWorld, body: bytes) -> None:
    [row] = await clay.sent(1, "alpha")
    outcome = await clay.call_back(row, body)
    assert (outcome.verdict, outcome.applied, outcome.acted) == ("rejected", False, True)
    state = await clay.state(row)
    assert (state["status"], state["error_code"], state["send_count"]) == ("FAILED", "unreadable_answer", 1)
    [stored] = await clay.inbox()
    assert (stored["body"], bool(stored["note"])) == (body.decode(), True)
    assert stored["note"] in state["error_text"]
    again = await clay.call_back(row, body)
    assert (again.verdict, again.acted) == ("rejected", False)
    late = await clay.call_back(row)
    assert (late.verdict, late.applied) == ("late", True), "the right answer still counts"
    assert (await clay.state(row))["status"] == "COMPLETED"


async def test_what_jsonb_cannot_hold_does_not_stop_an_answer(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    body = b'{"raw_payload": {"name": "A\\u0000cme", "domain": "acme.example", "x": "\\ud800", "y": NaN, "z": 1e999}}'
    assert (await clay.call_back(row, body)).verdict == "applied"
    assert (await clay.result(row) or {})["company_domain"] == "acme.example"


async def test_nul_bytes_in_a_body_are_stored_as_their_replacement(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    assert (await clay.call_back(row, b"\x00{")).verdict == "rejected"
    assert (await clay.inbox())[0]["body"] == "\ufffd{"


async def test_a_large_answer_is_applied(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    body = answer(padding=["lorem ipsum " * 50] * 3_000)
    assert (await clay.call_back(row, body)).verdict == "applied"


async def test_after_the_deadline_an_answer_is_late_and_applied(clay: ClayWorld) -> None:
    [row] = await clay.sent(1, "alpha")
    await clay.time_out()
    assert (await clay.state(row))["error_code"] == "callback_timeout"
    await clay.world.advance()
    batch = await clay.pg.fetchrow("select * from batches")
    assert batch["state"] == "COMPLETED", "its only row had failed"
    outcome = await clay.call_back(row)
    assert (outcome.verdict, outcome.applied) == ("late", True)
    assert (await clay.state(row))["status"] == "COMPLETED"
    assert (await clay.inbox())[0]["note"] == "applied"
    status = await clay.world.run(str(batch["uid"]))
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", 1, 0)
    assert await clay.world.findings(str(batch["uid"])) == []


async def test_an_error_after_the_deadline_changes_nothing(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.time_out()
    outcome = await clay.call_back(row, {"status": "error", "error": "No match"})
    assert (outcome.verdict, outcome.applied) == ("late", False)
    assert (await clay.state(row))["error_code"] == "callback_timeout"


async def test_a_superseded_attempt_is_late_and_not_applied(clay: ClayWorld) -> None:
    [first] = await clay.sent()
    await clay.time_out()
    batch = str(await clay.pg.fetchval("select uid from batches"))
    await clay.db.call("retry_failed", batch=batch, filter={}, actor="test")
    [second] = await clay.claim()
    await clay.mark([second])
    assert second.attempt == 2
    outcome = await clay.call_back(first)
    assert (outcome.verdict, outcome.applied) == ("late", False)
    assert (await clay.state(second))["status"] == "IN_PROGRESS"
    assert (await clay.call_back(second)).verdict == "applied"


async def test_an_answer_for_an_attempt_that_waits_for_its_retry_saves_the_retry(clay: ClayWorld) -> None:
    """A 500 came back although Clay had the row: its answer must not be paid for twice."""
    await clay.launch(1)
    [row] = await clay.claim()
    await clay.mark([row])
    failure = {"code": "clay_unavailable", "text": "500", "retry": True, "retry_after_s": 60, "unsent": True}
    await clay.db.call("fail_items", items=[row.ref | failure])
    assert (await clay.state(row))["status"] == "PENDING"
    outcome = await clay.call_back(row)
    assert (outcome.verdict, outcome.applied) == ("late", True)
    state = await clay.state(row)
    assert (state["status"], state["send_count"]) == ("COMPLETED", 1), "it was sent after all"
    batch = str(await clay.pg.fetchval("select uid from batches"))
    await clay.world.advance()
    status = await clay.world.status(batch)
    assert (status["sent"], status["completed"]) == (1, 1)
    assert await clay.world.findings(batch) == []


async def test_an_error_reported_for_an_attempt_that_was_taken_back_proves_that_it_left(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    failure = {"code": "clay_rejected", "text": "422", "retry": False, "unsent": True, "url_sha256": "0" * 64}
    await clay.db.call("fail_items", items=[row.ref | failure])
    outcome = await clay.call_back(row, {"status": "error", "error": "Quota"})
    assert (outcome.verdict, outcome.applied) == ("late", False)
    state = await clay.state(row)
    [attempt] = orjson.loads(state["history"])
    assert (state["status"], state["send_count"], attempt["sent_at"] is not None) == ("FAILED", 1, True)


async def test_a_row_that_is_run_again_waits_for_its_new_answer(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.call_back(row)
    await clay.db.call("reset_items", items=[row.item], from_step=0, actor="test")
    outcome = await clay.call_back(row)
    assert (outcome.verdict, outcome.applied) == ("late", False)
    assert (await clay.state(row))["status"] == "PENDING"


async def test_a_cancelled_batch_takes_no_answers_but_keeps_them(clay: ClayWorld) -> None:
    waiting, failed = await clay.sent(2)
    await clay.call_back(failed, {"status": "error", "error": "x"})
    await clay.db.call("cancel_batch", batch=str(await clay.pg.fetchval("select uid from batches")), actor="test")
    for row in (waiting, failed):
        outcome = await clay.call_back(row)
        assert (outcome.verdict, outcome.applied) == ("late", False)
    assert (await clay.state(waiting))["status"] == "CANCELLED"
    assert (await clay.state(failed))["status"] == "FAILED"


async def test_a_paused_batch_takes_answers(clay: ClayWorld) -> None:
    [row] = await clay.sent(1, "alpha")
    await clay.db.call("pause_batch", batch=str(await clay.pg.fetchval("select uid from batches")), actor="test")
    assert (await clay.call_back(row)).verdict == "applied"


async def test_an_item_that_is_gone_is_unmatched(clay: ClayWorld) -> None:
    ghost = Claimed(0, str(uuid4()), 1, 0)
    assert (await clay.call_back(ghost)).verdict == "unmatched"
    [row] = await clay.sent()
    wrong_step = Claimed(row.state_id, row.item, 1, 7)
    assert (await clay.call_back(wrong_step)).verdict == "unmatched"
    never_made = Claimed(row.state_id, row.item, 5, 0)
    assert (await clay.call_back(never_made)).verdict == "unmatched"
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


async def test_a_token_of_one_workflow_does_not_open_another(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    with pytest.raises(ForgedTokenError):
        callbacks.signed_sender("enrich_person_clay", row.token())
    assert (await clay.call_back(row, slug="enrich_person_clay")).verdict == "unmatched"
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


async def test_forged_tokens_leave_no_trace(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    forged = make_token(SLUG, row.item, 0, 1, "another key that is long enough ....")
    with pytest.raises(ForgedTokenError):
        callbacks.signed_sender(SLUG, forged)
    with pytest.raises(ForgedTokenError):
        await clay.call_back_fixed(answer(batch_item_id=row.item), token="guessed-token-0123456789")
    assert await clay.inbox() == []


async def test_the_fixed_url_finds_the_waiting_step_by_the_item_in_the_body(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    outcome = await clay.call_back_fixed(answer(batch_item_id=row.item))
    assert (outcome.verdict, outcome.applied) == ("applied", True)
    [stored] = await clay.inbox()
    assert (str(stored["item_uid"]), stored["step_index"], stored["attempt"]) == (row.item, 0, 1)
    assert stored["client_id"] == clay.world.client_id
    assert (await clay.call_back_fixed(answer(batch_item_id=row.item, attempt="1"))).verdict == "duplicate"


async def test_the_fixed_url_knows_superseded_attempts_by_the_body(clay: ClayWorld) -> None:
    [first] = await clay.sent()
    await clay.time_out()
    batch = str(await clay.pg.fetchval("select uid from batches"))
    await clay.db.call("retry_failed", batch=batch, filter={}, actor="test")
    await clay.mark(await clay.claim())
    assert (await clay.call_back_fixed(answer(batch_item_id=first.item, attempt=1))).verdict == "late"
    assert (await clay.call_back_fixed(answer(batch_item_id=first.item, attempt=2))).verdict == "applied"


@pytest.mark.parametrize("body", [b"nonsense", b'{"raw_payload": {"name": "Acme"}}', b'{"batch_item_id": "7"}'])
async def test_the_fixed_url_without_an_item_is_stored(clay: ClayWorld, body: bytes) -> None:
    outcome = await clay.call_back_fixed(body)
    assert outcome.verdict in ("rejected", "unmatched")
    assert len(await clay.inbox()) == 1


async def test_a_client_cannot_answer_for_another_clients_rows(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    other = (await clay.db.call("create_client", name="Other", actor="test"))["uid"]
    token = "receiver-token-of-other-0001"
    await clay.configure(other, webhook_url="https://api.clay.com/webhook/other", receiver_token=token)
    outcome = await clay.call_back_fixed(answer(batch_item_id=row.item), token=token)
    assert outcome.verdict == "unmatched"
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


async def test_a_row_that_was_never_sent_takes_no_answer(clay: ClayWorld) -> None:
    await clay.launch(1)
    item = str(await clay.pg.fetchval("select uid from batch_items"))
    assert (await clay.call_back_fixed(answer(batch_item_id=item))).verdict == "unmatched"


async def test_what_was_stored_but_not_settled_is_settled_later(clay: ClayWorld) -> None:
    signed, fixed, broken = await clay.sent(3)
    store = {"workflow": SLUG, "step": None, "attempt": None, "client_id": None, "item": None}
    for row, body in ((signed, orjson.dumps(answer()).decode()), (broken, "{")):
        args = store | {"item": row.item, "step": 0, "attempt": 1, "body": body}
        await clay.db.call("receive_callback", **args)
    body = orjson.dumps(answer(batch_item_id=fixed.item)).decode()
    await clay.db.call("receive_callback", **store | {"client_id": clay.world.client_id, "body": body})
    assert await settle_unsettled(clay.db) == 0, "their receivers may still be at it"
    assert await settle_unsettled(clay.db, older_than_s=0) == 3
    assert await clay.verdicts() == ["applied", "rejected", "applied"]
    assert await settle_unsettled(clay.db, older_than_s=0) == 0


async def test_settling_twice_answers_with_the_verdict_that_stands(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.call_back(row)
    inbox = (await clay.inbox())[0]["id"]
    again = await clay.db.call("settle_callback", inbox=inbox, outcome={"status": "error", "error": "x"})
    assert (again["verdict"], again["applied"]) == ("applied", True)
    assert (await clay.state(row))["status"] == "COMPLETED"


async def test_an_answer_that_cannot_be_settled_now_is_kept(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    async with clay.pg.transaction():
        await clay.pg.execute("alter function public.take_callbacks(jsonb) rename to take_callbacks_away")
    outcome = await clay.call_back(row)
    assert (outcome.verdict, outcome.applied) == ("received", False)
    await clay.pg.execute("alter function public.take_callbacks_away(jsonb) rename to take_callbacks")
    assert await settle_unsettled(clay.db, older_than_s=0) == 1
    assert (await clay.state(row))["status"] == "COMPLETED"


async def test_an_answer_that_cannot_be_stored_is_an_error_for_the_caller(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.pg.execute("drop function public.receive_callbacks; drop function public.take_callbacks")
    with pytest.raises(DatabaseError):
        await clay.call_back(row)


async def test_an_answer_shares_itself_with_rows_of_the_same_company(clay: ClayWorld) -> None:
    batch = await clay.launch(3, columns={"Domain": "'same.example'"})
    [leader] = await clay.claim()
    await clay.mark([leader])
    await clay.call_back(leader)
    await clay.world.advance()
    status = await clay.world.status(batch)
    assert (status["completed"], status["sent"]) == (3, 1)
    assert await clay.world.findings(batch) == []
