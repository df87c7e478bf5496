"""Nothing found is an answer: complete, counted apart, shared, paid for once; or a failure, if the step says so."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson
import pytest

from app.clay.answers.meaning import Outcome
from app.engine import callbacks, inbox
from app.engine.callbacks import settle_unsettled
from tests.clay_kit import RECEIVER_TOKEN, SLUG, ClayWorld, answer

NO_MATCH = {"status": "not_found", "message": "No company found"}


async def matrix(clay: ClayWorld, batch: str) -> list[dict[str, Any]]:
    """The counts of each step, as status and the batch's page show them."""
    status = await clay.world.status(batch)
    page = await clay.db.read("insights_batch", batch=batch)
    assert [step["buckets"] for step in status["steps"]] == [step["buckets"] for step in page["steps"]]
    return [step["buckets"] for step in status["steps"]]


async def test_a_row_without_a_match_goes_on(clay: ClayWorld) -> None:
    found, missing = await clay.sent(2, "alpha")
    batch = str(await clay.pg.fetchval("select uid from batches"))
    assert (await clay.call_back(found)).applied
    said = await clay.call_back(missing, NO_MATCH)
    assert (said.verdict, said.applied, said.acted) == ("applied", True, True)
    state = await clay.state(missing)
    assert (state["status"], state["not_found"], state["error_code"]) == ("COMPLETED", "No company found", None)
    assert await clay.result(missing) == {}
    item = await clay.pg.fetchrow("select * from batch_items where uid = $1::uuid", missing.item)
    assert item["company_domain"] == "c2.example", "what was known stays"
    assert (await clay.inbox())[1]["note"] == "Nothing found: No company found"
    status = await clay.world.run(batch)
    assert (status["state"], status["completed"], status["failed"], status["not_found"]) == ("COMPLETED", 2, 0, 1)
    assert (await matrix(clay, batch))[0] == {"completed": 1, "not_found": 1, "sent": 2}
    assert await clay.world.findings(batch) == []


async def test_the_matrix_counts_alike_before_and_after_folding_and_a_rerun(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    batch = str(await clay.pg.fetchval("select uid from batches"))
    await clay.call_back(row, {"batch_item_id": row.item, "raw_payload": None})
    before = await matrix(clay, batch)
    await clay.db.call("fold_tallies")
    assert await matrix(clay, batch) == before == [{"not_found": 1, "sent": 1}]
    listed = await clay.db.read(
        "insights_items", batch=batch, step=0, bucket="not_found", code=None, search=None, after=None, limit=50
    )
    [shown] = listed["rows"]
    assert (shown["uid"], shown["bucket"], shown["not_found"]) == (row.item, "not_found", "The answer is empty.")
    assert listed["counts"]["not_found"] == 1
    completed = await clay.db.read(
        "insights_items", batch=batch, step=0, bucket="completed", code=None, search=None, after=None, limit=50
    )
    assert completed["rows"] == []
    await clay.db.call("reset_items", items=[row.item], from_step=0, actor="test")
    assert [buckets.get("not_found", 0) for buckets in await matrix(clay, batch)] == [0]
    assert await clay.world.findings(batch) == []


async def test_a_step_may_fail_where_nothing_is_found(clay: ClayWorld) -> None:
    step = {"workflow": SLUG, "settings": {"when_not_found": "fail"}}
    batch = await clay.world.launch(1, step, "alpha", columns={"Domain": "'c' || g || '.example'"})
    [row] = await clay.claim()
    await clay.mark([row])
    assert (await clay.call_back(row, NO_MATCH)).verdict == "applied"
    state = await clay.state(row)
    assert (state["status"], state["error_code"], state["error_text"]) == ("FAILED", "not_found", "No company found")
    assert (await clay.call_back(row, NO_MATCH)).verdict == "duplicate"
    assert (await clay.world.run(batch))["failed"] == 1
    late = await clay.call_back(row)
    assert (late.verdict, late.applied) == ("late", True), "a find that comes later counts"
    assert await clay.world.findings(batch) == []


@pytest.mark.parametrize(("setting", "ended"), [("continue", ("COMPLETED", None)), ("fail", ("FAILED", "not_found"))])
async def test_rows_of_the_same_entity_share_it_and_none_is_paid_for_again(
    clay: ClayWorld, setting: str, ended: tuple[str, str | None]
) -> None:
    step = {"workflow": SLUG, "settings": {"when_not_found": setting}}
    batch = await clay.world.launch(3, step, columns={"Domain": "'one.example'"})
    [row] = await clay.claim()
    await clay.mark([row])
    await clay.call_back(row, NO_MATCH)
    await clay.world.run(batch)
    states = await clay.world.states("status, error_code, not_found, send_count")
    assert [(state["status"], state["error_code"]) for state in states] == [ended] * 3
    assert sorted(state["send_count"] for state in states) == [0, 0, 1]
    if setting == "continue":
        assert {state["not_found"] for state in states} == {"No company found"}
        assert (await matrix(clay, batch))[0] == {"not_found": 3, "sent": 1}
    assert await clay.world.findings(batch) == []


async def test_conditions_see_a_missing_field(clay: ClayWorld) -> None:
    later = {"workflow": "alpha", "settings": {"condition": {"field": "employee_count", "op": "is_not_empty"}}}
    await clay.world.launch(1, {"workflow": SLUG}, later, columns={"Domain": "'c' || g || '.example'"})
    [row] = await clay.claim()
    await clay.mark([row])
    await clay.call_back(row, {"found": False})
    assert [state["status"] for state in await clay.world.states("status")] == ["COMPLETED", "SKIPPED"]


async def test_the_export_names_the_steps_that_found_nothing(clay: ClayWorld) -> None:
    found, missing = await clay.sent(2)
    await clay.call_back(found)
    await clay.call_back(missing, NO_MATCH)
    batch = str(await clay.pg.fetchval("select uid from batches"))
    rows = await clay.db.read("batch_export_rows", batch=batch, after=0, limit=10)
    assert [(row["status"], row["not_found"]) for row in rows] == [
        ("delivered", None),
        ("delivered", "Enrich company (Clay)"),
    ]
    manifest = await clay.db.read("batch_manifest", batch=batch)
    assert (manifest["delivered"], manifest["not_found"]) == (2, 1)


async def test_after_the_deadline_a_no_is_late_and_applied(clay: ClayWorld) -> None:
    [row] = await clay.sent(1, "alpha")
    await clay.time_out()
    said = await clay.call_back(row, NO_MATCH)
    assert (said.verdict, said.applied) == ("late", True)
    assert (await clay.state(row))["status"] == "COMPLETED"


async def test_reading_again_may_find_that_there_is_nothing(clay: ClayWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    [row] = await clay.sent(1, "alpha")
    with monkeypatch.context() as older:
        older.setattr(callbacks, "read_outcome", lambda *_: Outcome("unreadable", note="An older reader."))
        await clay.call_back(row, NO_MATCH)
    assert (await clay.state(row))["error_code"] == "unreadable_answer"
    done = await inbox.reread(clay.db, inbox.Filter(), actor="test")
    assert (done.completed, done.failed) == (1, 0)
    assert (await clay.state(row))["not_found"] == "No company found"


async def test_what_nobody_reads_is_named_in_the_inbox(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.call_back(row, {"name": "Tern Vale", "Umsatzrendite": "12", "Sterne": 5})
    [stored] = await clay.inbox()
    assert (stored["verdict"], stored["unread"]) == ("applied", ["Umsatzrendite", "Sterne"])
    shown = await clay.db.read("insights_callback", inbox=stored["id"])
    assert (shown["unread"], shown["rereadable"]) == (["Umsatzrendite", "Sterne"], False)


def body_of(*answers: tuple[str, dict[str, Any]], form: str) -> bytes:
    """Several rows in one body: a list, JSON lines, or one object behind the other."""
    parts = [orjson.dumps({"batch_item_id": item} | said).decode() for item, said in answers]
    return {"list": f"[{','.join(parts)}]", "lines": "\n".join(parts), "row": "".join(parts)}[form].encode()


@pytest.mark.parametrize("form", ["list", "lines", "row"])
async def test_each_of_several_rows_has_a_verdict_of_its_own(clay: ClayWorld, form: str) -> None:
    first, second, third = await clay.sent(3)
    body = body_of(
        (first.item, answer("Tern")),
        (second.item, {"status": "not_found"}),
        (third.item, {"status": "error", "error": "Quota"}),
        (first.item, answer("Again")),
        ("3f1c2a9e-6f0b-4b0e-9d51-0c5b8e7a2d11", answer("Stranger")),
        form=form,
    )
    said = await clay.call_back_fixed(body)
    assert (said.verdict, said.applied, said.acted) == ("several", True, True)
    assert said.verdicts == ("applied", "applied", "applied", "duplicate", "unmatched")
    assert await clay.verdicts() == list(said.verdicts)
    assert (await clay.result(first) or {})["company_name"] == "Tern"
    states = [await clay.state(row) for row in (first, second, third)]
    assert [state["status"] for state in states] == ["COMPLETED", "COMPLETED", "FAILED"]
    assert all(orjson.loads(stored["body"])["batch_item_id"] for stored in await clay.inbox())


async def test_one_broken_row_of_several_fails_alone(clay: ClayWorld) -> None:
    first, second = await clay.sent(2)
    broken = f'{{"batch_item_id": "{second.item}", "name": Tern}}'
    body = f"{body_of((first.item, answer('Tern')), form='row').decode()}\n{broken}".encode()
    said = await clay.call_back_fixed(body)
    assert said.verdicts == ("applied", "rejected")
    assert (await clay.state(second))["error_code"] == "unreadable_answer"


async def test_another_clients_rows_in_a_list_are_left_alone(clay: ClayWorld) -> None:
    first, second = await clay.sent(2)
    other = (await clay.db.call("create_client", name="Other", actor="test"))["uid"]
    await clay.configure(
        other, receiver_token="receiver-token-of-other-0001", webhook_url="https://api.clay.com/v3/x/o"
    )
    body = body_of((first.item, answer("Tern")), (second.item, answer("Tern")), form="list")
    said = await clay.call_back_fixed(body, token="receiver-token-of-other-0001")
    assert said.verdict == "unmatched"
    assert (await clay.state(first))["status"] == "IN_PROGRESS"
    assert (await clay.call_back_fixed(body, token=RECEIVER_TOKEN)).verdict == "applied"


async def test_a_lost_reply_stores_several_rows_once(clay: ClayWorld) -> None:
    given = {"workflow": SLUG, "client_id": clay.world.client_id}
    callbacks = [given | {"body": body, "request": str(uuid4())} for body in ("{}", "[]", "{}")]
    first = await clay.db.call("receive_callbacks", callbacks=callbacks)
    assert await clay.db.call("receive_callbacks", callbacks=callbacks) == first
    assert len(set(first)) == len(await clay.inbox()) == 3


async def test_several_rows_that_were_stored_and_not_settled_are_settled_later(clay: ClayWorld) -> None:
    first, second = await clay.sent(2)
    await clay.pg.execute("alter function public.take_callbacks(jsonb) rename to take_callbacks_away")
    said = await clay.call_back_fixed(body_of((first.item, answer("A")), (second.item, answer("B")), form="list"))
    await clay.pg.execute("alter function public.take_callbacks_away(jsonb) rename to take_callbacks")
    assert (said.verdict, said.verdicts) == ("received", ("received", "received"))
    assert await settle_unsettled(clay.db, older_than_s=0) == 2
    assert (await clay.state(second))["status"] == "COMPLETED"
