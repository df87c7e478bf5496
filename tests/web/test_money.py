"""What an operator sees and does where money is at stake: budgets, rows that may have been sent, sending them again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from app.engine.entities import place_rows
from tests.web.forms_kit import Hands
from tests.web.kit import Scene

NO_NUMBER = "must be a number"


async def reach_budget(scene: Scene) -> None:
    """The paid step of the scene's batch has used its budget up."""
    await scene._answer(scene.batch, 20)  # rows of other companies arrive at the paid step
    await scene.pg.execute("update batches set budget = spent where uid = $1::uuid", scene.batch)
    await place_rows(scene.db)
    slugs = ["normalize_name", "enrich_company_clay"]
    await scene.db.call("dispatch_pending_items", limit=100, chunk_size=500, workflows=slugs)


async def entry(scene: Scene, action: str) -> dict[str, Any]:
    row = await scene.pg.fetchrow("select actor, detail from audit_log where action = $1 order by id desc", action)
    return {"actor": row["actor"], **orjson.loads(row["detail"])}


async def test_a_batch_that_waits_for_budget_says_so_and_can_be_let_go_on(hands: Hands, scene: Scene) -> None:
    await reach_budget(scene)
    page = (await hands.http.get(f"/batches/{scene.batch}")).text
    for words in ("Waiting for budget", "Budget reached: 7 credits do not cover", "Raise the budget", "Held"):
        assert words in page
    assert "Waiting for budget" in (await hands.http.get("/batches")).text
    dialog = (await hands.http.get(f"/batches/{scene.batch}/budget")).text
    assert "Spent: 7 credits. Budget: 7 credits." in dialog
    said = await hands.told(await hands.post(f"/batches/{scene.batch}/budget", {"budget": "1,250.5"}))
    assert "Budget raised from 7 credits to 1,250.5 credits." in said
    assert await entry(scene, "raise_budget") == {"actor": "operator@example.test", "from": 7, "to": 1250.5}
    again = await hands.told(await hands.post(f"/batches/{scene.batch}/budget", {"budget": "1250.5"}))
    assert "No changes to save." in again


@pytest.mark.parametrize(
    ("typed", "words"), [("12,50", "must be a number"), ("", "must be a number"), ("3", "already 7 credits")]
)
async def test_a_budget_that_cannot_be_is_refused_in_words(hands: Hands, scene: Scene, typed: str, words: str) -> None:
    await reach_budget(scene)
    answer = await hands.post(f"/batches/{scene.batch}/budget", {"budget": typed})
    assert answer.status_code in (409, 422)
    assert words in answer.text


async def test_rows_that_may_have_been_sent_are_a_cause_of_their_own(hands: Hands, scene: Scene) -> None:
    await scene.pg.execute("update workflow_states set deadline_at = now() where deadline_at is not null")
    await scene.db.call("reap_expired")
    page = (await hands.http.get(f"/batches/{scene.batch}")).text
    assert "send_unconfirmed" in page
    assert "Resend these (may cost twice)" in page
    query = {"step_index": "1", "error_code": "send_unconfirmed"}
    dialog = (await hands.http.get(f"/batches/{scene.batch}/retry", params=query)).text
    for words in (
        "Resend 4 failed rows?",
        "4 rows may have been sent already",
        "May cost up to 4 credits",
        "Resend 4 rows",
    ):
        assert words in dialog
    said = await hands.told(await hands.post(f"/batches/{scene.batch}/retry", query))
    assert "4 rows will be tried again." in said
    logged = await entry(scene, "retry_failed")
    assert (logged["actor"], logged["error_code"], logged["requeued"]) == (
        "operator@example.test",
        "send_unconfirmed",
        4,
    )


async def test_a_retry_of_everything_says_what_of_it_may_be_paid_twice(hands: Hands, scene: Scene) -> None:
    await scene.pg.execute("update workflow_states set deadline_at = now() where deadline_at is not null")
    await scene.db.call("reap_expired")
    dialog = (await hands.http.get(f"/batches/{scene.batch}/retry")).text
    assert "4 rows may have been sent already" in dialog
    assert "Retry " in dialog


async def test_sending_again_after_a_server_error_is_a_step_setting_with_a_warning(hands: Hands, scene: Scene) -> None:
    page = (await hands.http.get(f"/pipelines/{scene.pipeline}")).text
    assert page.count("may cost twice") == 1, "only at the paid step"
    assert "may be charged again" in page
    fields = [("name", "Names, then Clay"), ("kind", "people"), ("version", "1"), ("do", "save")]
    for key, workflow, resend in (("a", "normalize_name", ""), ("b", "enrich_company_clay", "yes")):
        fields += [("key", key), ("workflow", workflow), ("label", ""), ("timeout_s", ""), ("max_attempts", ""),
                   ("retry_delay_s", ""), ("resend_on_5xx", resend), ("condition_field", ""), ("condition_op", ""),
                   ("condition_value", "")]  # fmt: skip
    await hands.post(f"/pipelines/{scene.pipeline}", fields)
    steps = orjson.loads(
        await scene.pg.fetchval("select steps from enrichment_pipelines where uid = $1::uuid", scene.pipeline)
    )
    assert [step.get("settings", {}) for step in steps] == [{}, {"resend_on_5xx": True}]
    page = (await hands.http.get(f"/pipelines/{scene.pipeline}")).text
    assert 'value="yes" selected' in page


async def test_what_a_step_does_without_a_find_is_a_setting_in_words(hands: Hands, scene: Scene) -> None:
    page = (await hands.http.get(f"/pipelines/{scene.pipeline}")).text
    assert page.count("When nothing is found") == 1, "only at the paid step"
    fields = [("name", "Clay or nothing"), ("kind", "people"), ("version", "1"), ("do", "save")]
    for key, workflow, ends in (("a", "normalize_name", ""), ("b", "enrich_company_clay", "fail")):
        fields += [("key", key), ("workflow", workflow), ("label", ""), ("timeout_s", ""), ("max_attempts", ""),
                   ("retry_delay_s", ""), ("when_not_found", ends), ("condition_field", ""), ("condition_op", ""),
                   ("condition_value", "")]  # fmt: skip
    await hands.post(f"/pipelines/{scene.pipeline}", fields)
    steps = orjson.loads(
        await scene.pg.fetchval("select steps from enrichment_pipelines where uid = $1::uuid", scene.pipeline)
    )
    assert [step.get("settings", {}) for step in steps] == [{}, {"when_not_found": "fail"}]
    page = (await hands.http.get(f"/pipelines/{scene.pipeline}")).text
    assert 'value="fail" selected' in page
    assert "fails when nothing is found" in page
