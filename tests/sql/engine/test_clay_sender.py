"""The sender against the real state machine, with Clay's side played by respx: what goes out, and what never does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest
import respx

from app.clay.sender import http_client, send_chunk
from app.clay.tokens import verify_token
from app.engine.dispatcher import run_chunk
from app.settings import settings
from tests.clay_kit import HOOK, SLUG, ClayWorld
from tests.clay_sending_kit import WORKFLOW, send, sent_rows


async def test_rows_are_sent_with_what_clay_needs_to_answer(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(2)
    [report] = await send(clay)
    assert (report.taken, report.unknown, report.failed, report.sent_total) == (2, 0, 0, 2)
    for row in sent_rows(hook):
        assert row["company_domain"].endswith(".example")
        assert (row["attempt"], row["workflow_slug"]) == (1, SLUG)
        head, _, token = row["callback_url"].rpartition("/")
        assert head == f"https://leadloom.example/clay/{SLUG}"
        known = verify_token(SLUG, token, settings().signing_key.get_secret_value())
        assert known is not None
        assert (str(known.item), known.step_index, known.attempt) == (row["batch_item_id"], 0, 1)
    for state in await clay.world.states():
        assert (state["status"], state["send_count"]) == ("IN_PROGRESS", 1)
        assert None not in (state["sent_at"], state["accepted_at"], state["deadline_at"])
        assert state["lease_until"] is None


async def test_many_rows_go_out_in_groups_and_each_once(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(130)
    reports = await send(clay)
    assert sum(report.taken for report in reports) == 130
    assert len({row["batch_item_id"] for row in sent_rows(hook)}) == hook.call_count == 130
    assert await clay.pg.fetchval("select sent from webhook_counters") == 130


async def test_the_dispatchers_worker_sends(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(3)
    [chunk] = (await clay.world.dispatch())["chunks"]
    report = await run_chunk(clay.db, chunk["chunk_id"])
    assert (report.claimed, report.sent, report.failed) == (3, 3, 0)
    again = await run_chunk(clay.db, chunk["chunk_id"])
    assert (again.claimed, hook.call_count) == (0, 3), "a chunk that is delivered twice is sent once"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "clay_not_found"),
        (410, "clay_not_found"),
        (401, "clay_unauthorized"),
        (403, "clay_unauthorized"),
        (422, "clay_rejected"),
        (400, "clay_rejected"),
        (413, "payload_too_large"),
    ],
)
async def test_permanent_refusals_fail_with_the_reason(
    clay: ClayWorld, hook: respx.Route, status: int, code: str
) -> None:
    batch = await clay.launch(1)
    hook.respond(status, text="because of this")
    [report] = await send(clay)
    assert report.refused == {code: 1}
    [state] = await clay.world.states()
    assert (state["status"], state["error_code"]) == ("FAILED", code)
    assert str(status) in state["error_text"]
    assert (state["sent_at"], state["send_count"]) == (None, 0), "it was not sent, and costs nothing"
    assert (await clay.world.status(batch))["sent"] == 0


@pytest.mark.parametrize(("status", "code"), [(404, "clay_not_found"), (401, "clay_unauthorized")])
async def test_a_webhook_that_is_gone_is_not_knocked_at_for_every_row(
    clay: ClayWorld, hook: respx.Route, status: int, code: str
) -> None:
    await clay.launch(50)
    hook.respond(status)
    [report] = await send(clay)
    assert (hook.call_count, report.refused) == (20, {code: 50})
    assert await clay.pg.fetchval("select count(*) from workflow_states where status = 'FAILED'") == 50


async def test_one_bad_row_does_not_stop_the_others(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(45)
    hook.mock(side_effect=[httpx.Response(422), *[httpx.Response(200)] * 44])
    reports = await send(clay)
    assert (sum(r.taken for r in reports), hook.call_count) == (44, 45)


async def test_rows_beyond_the_lifetime_cap_are_not_sent(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.configure(lifetime_cap=30)
    batch = await clay.launch(50)
    [report] = await send(clay)
    assert (hook.call_count, report.taken, report.refused) == (30, 30, {"webhook_exhausted": 20})
    failed = await clay.pg.fetch("select * from workflow_states where status = 'FAILED'")
    assert {state["error_code"] for state in failed} == {"webhook_exhausted"}
    assert all("Create a new webhook" in state["error_text"] for state in failed)
    assert {state["sent_at"] for state in failed} == {None}
    await clay.configure(webhook_url=HOOK + "-new", lifetime_cap=30)
    await clay.db.call("retry_failed", batch=batch, filter={}, actor="test")
    [report] = await send(clay)
    assert report.taken == 20, "a new webhook has a life of its own"


async def test_two_senders_at_the_cap_do_not_pass_it_together(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.configure(lifetime_cap=25)
    await clay.launch(20)
    first = await clay.chunks()
    await clay.launch(20)
    second = await clay.chunks()
    async with http_client() as http:
        await asyncio.gather(*(send_chunk(clay.db, http, chunk, WORKFLOW) for chunk in [*first, *second]))
    assert hook.call_count == 25


async def test_refused_rows_do_not_use_the_webhook_up(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(30)
    hook.mock(
        side_effect=[
            httpx.Response(422),
            httpx.ReadTimeout("x"),
            *[httpx.Response(400)] * 18,
            *[httpx.Response(200)] * 10,
        ]
    )
    [report] = await send(clay)
    assert (hook.call_count, report.sent, report.failed) == (30, 11, 19)
    assert await clay.pg.fetchval("select sent from webhook_counters") == 11, "what may have been sent counts"


async def test_a_warning_comes_before_the_cap(
    clay: ClayWorld, hook: respx.Route, caplog: pytest.LogCaptureFixture
) -> None:
    await clay.configure(lifetime_cap=20)
    await clay.launch(18)
    with caplog.at_level(logging.WARNING, "app.clay.sending"):
        await send(clay)
    [warning] = [record for record in caplog.records if record.name == "app.clay.sending"]
    assert "18 of 20" in warning.getMessage()
    assert "northgate" in warning.getMessage()


async def test_nothing_secret_is_stored_or_logged(
    clay: ClayWorld, hook: respx.Route, caplog: pytest.LogCaptureFixture
) -> None:
    await clay.configure(auth_token="auth-token-123456")
    await clay.launch(1)
    hook.respond(422, text=f"bad row at {HOOK} with auth-token-123456")
    with caplog.at_level(logging.DEBUG):
        await send(clay)
    stored = await clay.pg.fetchval(
        "select coalesce(string_agg(s::text, ''), '') || (select string_agg(c::text, '') from webhook_counters c) "
        "from workflow_states s"
    )
    for text in (stored, caplog.text):
        assert "pull-in-data" not in text
        assert "auth-token" not in text


async def test_a_row_that_is_too_large_is_not_sent(clay: ClayWorld, hook: respx.Route) -> None:
    columns = {"Domain": "'c' || g || '.example'", "Company": "repeat('x', case when g = 1 then 120000 else 5 end)"}
    await clay.launch(2, columns=columns)
    [report] = await send(clay)
    assert (report.taken, report.refused) == (1, {"payload_too_large": 1})
    assert await clay.pg.fetchval("select sent from webhook_counters") == 1, "it does not count against the webhook"


async def test_a_row_that_names_no_company_is_not_sent(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(1, columns={"Company": "''"})
    [report] = await send(clay)
    assert (report.refused, hook.call_count) == ({"bad_input": 1}, 0)
    [state] = await clay.world.states()
    assert "no company domain" in state["error_text"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"webhook_url": "https://10.0.0.1/secret-path"}, "private network"),
        ({"webhook_url": "http://api.clay.com/secret-path"}, "https://"),
        ({"rate_per_second": "secret-path"}, "rate_per_second"),
    ],
)
async def test_an_unusable_config_fails_its_rows_in_words(
    clay: ClayWorld, hook: respx.Route, change: dict[str, Any], said: str
) -> None:
    await clay.launch(2)
    [chunk] = await clay.chunks()
    chunk["config"] |= change
    async with http_client() as http:
        report = await send_chunk(clay.db, http, chunk, WORKFLOW)
    assert (report.refused, hook.call_count) == ({"missing_config": 2}, 0)
    for state in await clay.world.states():
        assert said in state["error_text"]
        assert "secret-path" not in state["error_text"]


async def test_without_an_address_of_its_own_leadloom_sends_nothing_and_the_rows_wait(
    clay: ClayWorld, hook: respx.Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PUBLIC_URL")
    await clay.launch(1)
    [report] = await send(clay)
    assert (report.refused, hook.call_count) == ({"no_address": 1}, 0)
    [state] = await clay.world.states()
    assert (state["status"], state["error_code"], state["sent_at"]) == ("PENDING", "no_address", None)
    assert state["attempt"] - state["snoozes"] == 0, "it used up an attempt"
