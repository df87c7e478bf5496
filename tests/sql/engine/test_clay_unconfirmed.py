"""What may have been sent is counted as sent, never sent again by itself, and told apart from what Clay accepted."""

from __future__ import annotations

import asyncio

import httpx
import pytest
import respx

from app.clay.sender import http_client, send_chunk
from app.errors import DatabaseError
from tests.clay_kit import SLUG, Claimed, ClayWorld
from tests.clay_sending_kit import WORKFLOW, send, sent_rows


@pytest.mark.parametrize(
    "silence",
    [
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.ReadError("x"),
        *(httpx.Response(s) for s in (500, 502, 503, 504, 520, 521, 522, 523, 524, 408, 425, 301, 307)),
    ],
    ids=lambda silence: str(getattr(silence, "status_code", type(silence).__name__)),
)
async def test_what_may_have_been_sent_is_never_sent_again(
    clay: ClayWorld, hook: respx.Route, silence: Exception | httpx.Response
) -> None:
    batch = await clay.launch(1)
    hook.mock(side_effect=[silence, *[httpx.Response(200)] * 20])
    [report] = await send(clay)
    assert (report.taken, report.unknown, report.sent) == (0, 1, 1)
    [state] = await clay.world.states()
    assert (state["status"], state["accepted_at"], state["send_count"]) == ("IN_PROGRESS", None, 1)
    for _ in range(3):
        await clay.db.call("reap_expired", limit=100)
        await clay.pg.execute("update workflow_states set lease_until = now() - interval '1 hour'")
        assert await send(clay) == []
    await clay.time_out()
    [state] = await clay.world.states()
    assert (state["status"], state["error_code"]) == ("FAILED", "send_unconfirmed")
    assert hook.call_count == 1
    await clay.world.advance()
    status = await clay.world.status(batch)
    assert (status["sent"], status["spent"]) == (1, 1)
    assert await clay.world.findings(batch) == []


async def test_a_worker_that_dies_between_marking_and_sending_leaves_rows_waiting(
    clay: ClayWorld, hook: respx.Route
) -> None:
    await clay.launch(5)

    async def die(_request: httpx.Request) -> httpx.Response:
        raise asyncio.CancelledError

    hook.mock(side_effect=die)
    with pytest.raises(asyncio.CancelledError):
        await send(clay)
    assert {state["status"] for state in await clay.world.states()} == {"IN_PROGRESS"}
    assert await clay.chunks() == []
    await clay.time_out()
    assert {state["error_code"] for state in await clay.world.states()} == {"send_unconfirmed"}


async def test_an_outcome_that_cannot_be_recorded_leaves_the_row_waiting(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(1)
    hook.respond(422)
    [chunk] = await clay.chunks()
    await clay.pg.execute("alter function public.fail_items(jsonb) rename to fail_items_away")
    async with http_client() as http:
        with pytest.raises(DatabaseError):
            await send_chunk(clay.db, http, chunk, WORKFLOW)
    [state] = await clay.world.states()
    assert (state["status"], state["sent_at"] is not None) == ("IN_PROGRESS", True)


async def test_a_chunk_that_is_sent_after_its_lease_sends_nothing(clay: ClayWorld, hook: respx.Route) -> None:
    """A worker slept too long; its rows are with somebody else."""
    await clay.launch(2)
    [slow] = await clay.chunks()
    await clay.pg.execute("update workflow_states set lease_until = now() - interval '1 minute'")
    await clay.db.call("reap_expired", limit=100)
    [quick] = await clay.chunks()
    async with http_client() as http:
        assert (await send_chunk(clay.db, http, quick, WORKFLOW)).taken == 2
        late = await send_chunk(clay.db, http, slow, WORKFLOW)
    assert (late.sent, late.stale, hook.call_count) == (0, 2, 2)
    assert {row["attempt"] for row in sent_rows(hook)} == {2}


async def test_the_same_claim_sent_twice_goes_out_once(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(30)
    [chunk] = await clay.chunks()
    async with http_client() as http:
        reports = await asyncio.gather(*(send_chunk(clay.db, http, chunk, WORKFLOW) for _ in range(3)))
    assert sum(report.taken for report in reports) == 30
    assert hook.call_count == 30
    assert len({row["batch_item_id"] for row in sent_rows(hook)}) == 30


async def test_what_clay_accepted_and_never_answered_is_another_cause(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(1)
    await send(clay)
    await clay.time_out()
    [state] = await clay.world.states()
    assert (state["status"], state["error_code"]) == ("FAILED", "callback_timeout")
    assert "accepted" in state["error_text"]


async def test_every_send_is_on_record_with_what_became_of_it(clay: ClayWorld, hook: respx.Route) -> None:
    batch = await clay.launch(4)
    hook.mock(
        side_effect=[httpx.Response(200), httpx.Response(422, text="odd"), httpx.Response(502), httpx.ConnectError("x")]
    )
    await send(clay)
    sends = await clay.pg.fetch("select outcome, http_status, note from sends order by id")
    assert [(s["outcome"], s["http_status"]) for s in sends] == [
        ("taken", None),
        ("refused", 422),
        ("unknown", 502),
        ("refused", None),
    ]
    assert "odd" in sends[1]["note"]
    assert (await clay.world.status(batch))["sent"] == 2
    assert await clay.world.findings(batch) == []


async def test_a_step_may_want_rows_sent_again_after_a_server_error(clay: ClayWorld, hook: respx.Route) -> None:
    """The old behaviour, by choice: each send is booked, since each may be paid for."""
    settings = {"retry_delay_s": 0, "resend_on_5xx": True, "max_attempts": 3}
    batch = await clay.world.launch(1, {"workflow": SLUG, "settings": settings}, columns={"Domain": "'c.example'"})
    hook.respond(503, headers={"retry-after": "0.01"})
    for _ in range(5):
        await send(clay)
        await clay.pg.execute("update workflow_states set available_at = now() where status = 'PENDING'")
        await clay.pg.execute("update rate_buckets set blocked_until = null, tokens = burst")
    [state] = await clay.world.states()
    assert (state["status"], state["error_code"], state["attempt"]) == ("FAILED", "clay_unavailable", 3)
    assert hook.call_count == 3
    assert (await clay.world.status(batch))["sent"] == 3, "each of them may have been taken"
    await clay.world.advance()
    assert await clay.world.findings(batch) == []


@pytest.mark.parametrize("silence", [httpx.Response(504), httpx.Response(302), httpx.ReadTimeout("x")])
async def test_even_then_what_went_silent_is_not_sent_again(
    clay: ClayWorld, hook: respx.Route, silence: httpx.Response | Exception
) -> None:
    step = {"workflow": SLUG, "settings": {"resend_on_5xx": True}}
    await clay.world.launch(1, step, columns={"Domain": "'c.example'"})
    hook.mock(side_effect=[silence])
    await send(clay)
    assert [s["status"] for s in await clay.world.states()] == ["IN_PROGRESS"]


async def test_a_late_answer_to_a_resent_row_is_booked_once(clay: ClayWorld, hook: respx.Route) -> None:
    step = {"workflow": SLUG, "settings": {"resend_on_5xx": True, "retry_delay_s": 60}}
    batch = await clay.world.launch(1, step, columns={"Domain": "'c.example'"})
    [chunk] = await clay.chunks()
    hook.respond(502)
    async with http_client() as http:
        await send_chunk(clay.db, http, chunk, WORKFLOW)
    [item] = chunk["items"]
    row = Claimed(item["state_id"], item["item"], item["attempt"], 0)
    assert (await clay.call_back(row)).applied
    await clay.world.advance()
    status = await clay.world.status(batch)
    assert (status["completed"], status["sent"]) == (1, 1)
    assert await clay.world.findings(batch) == []


async def test_a_webhook_that_redirects_gets_one_group(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(50)
    hook.respond(301, headers={"location": "https://elsewhere.example/"})
    [report] = await send(clay)
    assert (hook.call_count, report.unknown, report.refused) == (20, 20, {"clay_rejected": 30})
    failed = await clay.pg.fetchval("select min(error_text) from workflow_states where status = 'FAILED'")
    assert "redirect" in failed


async def test_a_clay_in_trouble_gets_one_group_and_the_others_wait(clay: ClayWorld, hook: respx.Route) -> None:
    """Every row that a broken Clay gets may be paid for and lost: the rest keep out of it, no attempt used up."""
    batch = await clay.launch(50)
    hook.respond(503)
    [report] = await send(clay)
    assert (hook.call_count, report.unknown) == (20, 20)
    waiting = [s for s in await clay.world.states() if s["status"] == "PENDING"]
    assert {(s["attempt"], s["snoozes"]) for s in waiting} == {(1, 1)}
    assert len(waiting) == 30
    assert await clay.pg.fetchval("select blocked_until > now() from rate_buckets")
    assert (await clay.world.status(batch))["sent"] == 20


async def test_the_audit_sees_a_send_that_the_books_leave_out(clay: ClayWorld, hook: respx.Route) -> None:
    """The hole as it was: a row that was answered with 502 is taken for not sent, and its books say so."""
    batch = await clay.launch(3)
    hook.respond(502)
    await send(clay)
    refs = [{"state_id": s["id"], "attempt": s["attempt"]} for s in await clay.world.states()]
    said = {"code": "clay_unavailable", "text": "502", "unsent": True, "url_sha256": "0" * 64, "http_status": 502}
    await clay.db.call("fail_items", items=[refs[0] | said])
    details = {f["detail"] for f in await clay.world.findings(batch)}
    assert details == {"rows that Clay may have taken, booked as not sent"}


TWICE = """
insert into sends (batch_id, batch_item_id, step_index, attempt, url_sha256, marked_at)
select batch_id, batch_item_id, step_index, attempt, url_sha256, now() from sends
"""


@pytest.mark.parametrize(
    ("harm", "detail"),
    [
        ("update batches set spent = spent + 1", "the credits booked differ from those of what left"),
        ("update workflow_states set send_count = 2", "rows with more sends counted than left"),
        ("update workflow_states set send_count = 0", "rows under way that left and are not counted"),
        ("update webhook_counters set sent = 0", "webhooks that took more rows than their counter says"),
        ("delete from sends", "steps whose count of sends differs from what left (step numbers)"),
        (TWICE, "attempts that left more than once"),
    ],
)
async def test_the_audit_compares_every_book_with_what_left(
    clay: ClayWorld, hook: respx.Route, harm: str, detail: str
) -> None:
    batch = await clay.launch(2)
    await send(clay)
    assert await clay.world.findings(batch) == []
    await clay.pg.execute(harm)
    assert detail in {f["detail"] for f in await clay.world.findings(batch)}


async def test_an_answer_books_the_send_that_it_proves(clay: ClayWorld, hook: respx.Route) -> None:
    """Clay said 429 and took the row; its answer comes when the next attempt is out. The audit sees it if it is not."""
    batch = await clay.launch(1)
    [chunk] = await clay.chunks()
    hook.respond(429, headers={"retry-after": "0"})
    async with http_client() as http:
        await send_chunk(clay.db, http, chunk, WORKFLOW)
    await clay.pg.execute("update workflow_states set available_at = now()")
    await clay.pg.execute("update rate_buckets set blocked_until = null, tokens = burst")
    hook.respond(200)
    await send(clay)
    [item] = chunk["items"]
    await clay.call_back(Claimed(item["state_id"], item["item"], 1, 0))
    assert (await clay.world.status(batch))["sent"] == 2
    assert await clay.world.findings(batch) == []
    await clay.pg.execute("update sends set outcome = 'refused' where attempt = 1")
    details = {f["detail"] for f in await clay.world.findings(batch)}
    assert "rows that Clay answered, booked as not sent" in details
