"""Answers that could not be read or applied at once: kept, never in the way, and read again free of charge."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from app.engine import inbox
from app.engine.callbacks import settle_unsettled
from app.errors import InputError
from app.extraction import sizes
from tests.clay_kit import HOOK, SLUG, Claimed, ClayWorld, answer


async def read_again(clay: ClayWorld, **chosen: Any) -> inbox.Reread:
    """Read callbacks again, as an operator does."""
    return await inbox.reread(clay.db, inbox.Filter(**chosen), actor="test")


@pytest.fixture
def patched() -> Iterator[pytest.MonkeyPatch]:
    """Patches that a test takes back on its way, apart from those of the stack."""
    with pytest.MonkeyPatch.context() as own:
        yield own


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that trips over every company."""
    monkeypatch.setattr("app.workflows.enrich_company_clay.read_company", trips)


def trips(*_: Any) -> Any:
    raise ZeroDivisionError


async def test_read_again_after_a_fix_completes_the_row_and_what_comes_after_it(
    clay: ClayWorld, patched: pytest.MonkeyPatch
) -> None:
    rows = await clay.sent(3, "alpha")
    broken(patched)
    for row in rows:
        assert (await clay.call_back(row)).verdict == "rejected"
    await clay.world.advance()
    batch = await clay.pg.fetchrow("select * from batches")
    assert batch["state"] == "COMPLETED", "every row of it had failed"
    still = await read_again(clay)
    assert (still.count, still.unreadable, still.completed) == (3, 3, 0)
    patched.undo()
    done = await read_again(clay)
    assert (done.count, done.completed, done.left) == (3, 3, 0)
    assert await clay.verdicts() == ["applied"] * 3
    assert (await clay.state(rows[0]))["send_count"] == 1, "nothing was sent again"
    status = await clay.world.run(str(batch["uid"]))
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", 3, 0)
    assert await clay.world.findings(str(batch["uid"])) == []
    nothing = await read_again(clay)
    assert (nothing.count, nothing.completed) == (0, 0)
    told = await clay.pg.fetch("select detail from audit_log where action = 'reread_callbacks' order by id")
    assert [orjson.loads(entry["detail"])["callbacks"] for entry in told] == [3, 3]


async def test_reading_again_at_the_same_time_and_twice_changes_nothing_more(
    clay: ClayWorld, patched: pytest.MonkeyPatch
) -> None:
    rows = await clay.sent(4, "alpha")
    broken(patched)
    for row in rows:
        await clay.call_back(row)
    patched.undo()
    done = await asyncio.gather(*(read_again(clay) for _ in range(3)))
    assert sum(one.completed for one in done) == 4
    assert {state["status"] for state in await clay.world.states() if state["step_index"] == 0} == {"COMPLETED"}
    assert [state["step_name"] for state in await clay.world.states("step_name")].count("alpha") == 4


async def test_one_field_that_could_not_be_read_is_a_doubt_and_is_corrected_by_reading_again(
    clay: ClayWorld, patched: pytest.MonkeyPatch
) -> None:
    [row] = await clay.sent(1, "alpha")
    body = answer()
    body["raw_payload"]["size"] = "51-200"
    patched.setattr(sizes, "_bucket_of", trips)
    assert (await clay.call_back(row, body)).verdict == "applied"
    assert "company_size" not in (await clay.result(row) or {})
    [stored] = await clay.inbox()
    assert "ZeroDivisionError" in stored["doubts"]
    unchanged = await read_again(clay, verdict="doubtful")
    assert (unchanged.count, unchanged.unchanged) == (1, 1)
    patched.undo()
    done = await read_again(clay, verdict="doubtful")
    assert (done.count, done.corrected) == (1, 1)
    assert (await clay.result(row) or {})["company_size"] == "51-200"
    [stored] = await clay.inbox()
    assert (stored["verdict"], stored["doubts"]) == ("applied", None)
    assert (await read_again(clay)).count == 0


async def test_rows_that_shared_the_unreadable_answer_share_it_when_it_is_read(
    clay: ClayWorld, patched: pytest.MonkeyPatch
) -> None:
    batch = await clay.launch(3, columns={"Domain": "'same.example'"})
    [leader] = await clay.claim()
    await clay.mark([leader])
    broken(patched)
    await clay.call_back(leader)
    await clay.world.advance()
    assert await clay.claim() == [], "the same company is not paid for again"
    assert (await clay.world.status(batch))["failed"] == 3
    patched.undo()
    assert (await read_again(clay)).completed == 1
    await clay.world.advance()
    status = await clay.world.status(batch)
    assert (status["completed"], status["failed"], status["sent"]) == (3, 0, 1)
    assert await clay.world.findings(batch) == []


async def test_an_error_that_could_not_be_read_fails_the_row_with_clays_words(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.call_back(row, b'{"status": "error", ')
    await clay.pg.execute("""update callback_inbox set body = '{"status": "error", "error": "No credits"}'""")
    assert (await read_again(clay)).failed == 1
    state = await clay.state(row)
    assert (state["status"], state["error_code"], state["error_text"]) == ("FAILED", "clay_error", "No credits")


async def test_what_was_retried_meanwhile_is_not_taken_from_the_old_attempt(
    clay: ClayWorld, patched: pytest.MonkeyPatch
) -> None:
    [first] = await clay.sent()
    broken(patched)
    await clay.call_back(first)
    patched.undo()
    batch = str(await clay.pg.fetchval("select uid from batches"))
    await clay.db.call("retry_failed", batch=batch, filter={}, actor="test")
    [second] = await clay.claim()
    await clay.mark([second])
    done = await read_again(clay)
    assert (done.completed, done.unchanged) == (0, 1)
    assert (await clay.state(second))["status"] == "IN_PROGRESS"


async def test_what_waits_for_its_retry_needs_none_after_reading_again(
    clay: ClayWorld, patched: pytest.MonkeyPatch
) -> None:
    [row] = await clay.sent()
    broken(patched)
    await clay.call_back(row)
    patched.undo()
    batch = str(await clay.pg.fetchval("select uid from batches"))
    await clay.db.call("retry_failed", batch=batch, filter={}, actor="test")
    assert (await read_again(clay)).completed == 1
    state = await clay.state(row)
    assert (state["status"], state["send_count"]) == ("COMPLETED", 1)


async def test_filters_choose_what_is_read_again(clay: ClayWorld, patched: pytest.MonkeyPatch) -> None:
    rows = await clay.sent(3)
    broken(patched)
    for row in rows:
        await clay.call_back(row)
    patched.undo()
    first = (await clay.inbox())[0]["id"]
    assert (await read_again(clay, workflow="enrich_person_clay")).count == 0
    assert (await read_again(clay, verdict="given_up")).count == 0
    assert (await read_again(clay, ids=[first])).completed == 1
    other = (await clay.db.call("create_client", name="Other", actor="test"))["uid"]
    assert (await read_again(clay, client=other)).count == 0
    assert (await read_again(clay, client=clay.world.client, workflow=SLUG, verdict="rejected")).completed == 2
    for odd in ({"verdict": "odd"}, {"client": "7"}, {"since": "yesterday"}):
        with pytest.raises(InputError):
            inbox.Filter.of(odd)


async def test_one_answer_that_the_database_refuses_does_not_keep_the_others_from_being_read(
    clay: ClayWorld, patched: pytest.MonkeyPatch
) -> None:
    rows = await clay.sent(4)
    broken(patched)
    for row in rows:
        await clay.call_back(row)
    patched.undo()
    item = await clay.pg.fetchval("select id from batch_items where uid = $1::uuid", rows[1].item)
    await clay.pg.execute(f"alter table enrichment_results add constraint odd check (batch_item_id <> {item})")
    done = await read_again(clay)
    assert (done.completed, done.unreadable) == (3, 1)
    assert (await clay.inbox())[1]["verdict"] == "rejected"


async def test_progress_is_told_in_portions(clay: ClayWorld, patched: pytest.MonkeyPatch) -> None:
    rows = await clay.sent(7)
    broken(patched)
    for row in rows:
        await clay.call_back(row)
    patched.undo()
    patched.setattr(inbox, "AT_A_TIME", 3)
    told: list[int] = []
    done = await inbox.reread(
        clay.db, inbox.Filter(), actor="test", on_progress=lambda so_far: told.append(so_far.done)
    )
    assert (done.completed, told) == (7, [3, 6, 7])


@pytest.mark.parametrize(
    "text", ['{{"batch_item_id": "{item}", "raw": {{"name": The Original Bakery}}}}', "batch_item_id={item}&a={{"]
)
async def test_the_fixed_url_fails_the_row_that_an_unreadable_body_still_names(clay: ClayWorld, text: str) -> None:
    [row] = await clay.sent()
    outcome = await clay.call_back_fixed(text.format(item=row.item).encode())
    assert outcome.verdict == "rejected"
    assert (await clay.state(row))["error_code"] == "unreadable_answer"


async def test_an_unreadable_body_never_touches_another_clients_row(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    other = (await clay.db.call("create_client", name="Other", actor="test"))["uid"]
    await clay.configure(other, receiver_token="receiver-token-of-other-0001", webhook_url=f"{HOOK}-other")
    await clay.call_back_fixed(f"batch_item_id={row.item}&a={{".encode(), token="receiver-token-of-other-0001")
    assert (await clay.state(row))["status"] == "IN_PROGRESS"


async def stored(clay: ClayWorld, row: Claimed, body: str, seconds_ago: int) -> None:
    args = {"workflow": SLUG, "step": 0, "attempt": 1, "client_id": None, "item": row.item, "body": body}
    made = await clay.db.call("receive_callback", **args)
    await clay.pg.execute(
        "update callback_inbox set received_at = now() - $2 * interval '1 second' where id = $1",
        made["inbox_id"],
        seconds_ago,
    )


async def test_callbacks_that_always_fail_do_not_keep_others_waiting_and_are_given_up(
    clay: ClayWorld, patched: pytest.MonkeyPatch
) -> None:
    rows = await clay.sent(4)
    patched.setattr("app.engine.callbacks.AT_A_TIME", 2)
    for age, row in zip((900, 800, 700, 600), rows, strict=True):
        await stored(clay, row, orjson.dumps(answer()).decode(), age)
    bad = [
        await clay.pg.fetchval("select id from callback_inbox where item_uid = $1::uuid", row.item) for row in rows[:2]
    ]
    await clay.pg.execute("alter function public.settle_callback(bigint, jsonb) rename to settle_well")
    await clay.pg.execute(
        f"""create function public.settle_callback(p_inbox bigint, p_outcome jsonb) returns jsonb language plpgsql
            set search_path = '' as $$ begin
              if p_inbox in ({bad[0]}, {bad[1]}) then raise exception 'always' using errcode = 'XX000'; end if;
              return public.settle_well(p_inbox, p_outcome); end $$;
            grant execute on function public.settle_callback to service_role"""
    )
    assert await settle_unsettled(clay.db, limit=2) == 0
    assert await settle_unsettled(clay.db, limit=2) == 2, "those behind them come next"
    assert await settle_unsettled(clay.db, limit=2) == 0
    pauses = []
    for _ in range(10):
        await clay.pg.execute("update callback_inbox set next_try_at = now() where verdict = 'received'")
        await settle_unsettled(clay.db, limit=2)
        pauses.append(
            await clay.pg.fetchval(
                """select round(extract(epoch from min(next_try_at) - now()) / 15)
                   from callback_inbox where verdict = 'received'"""
            )
        )
    assert pauses[:9] == [2, 4, 8, 16, 32, 64, 128, 240, 240]
    given_up = await clay.pg.fetch("select verdict, note from callback_inbox order by received_at")
    assert [record["verdict"] for record in given_up] == ["given_up", "given_up", "applied", "applied"]
    assert "always" in given_up[0]["note"]
    await clay.pg.execute(
        "drop function public.settle_callback; alter function public.settle_well rename to settle_callback"
    )
    assert (await read_again(clay, verdict="given_up")).completed == 2
    assert {state["status"] for state in await clay.world.states()} == {"COMPLETED"}


async def test_an_answer_from_before_a_rerun_is_never_taken_for_the_new_attempts(clay: ClayWorld) -> None:
    batch = await clay.world.launch(
        1, "alpha", {"workflow": SLUG, "settings": {"retry_delay_s": 0}}, columns={"Domain": "'c.example'"}
    )
    await clay.world.complete(await clay.world.claim())
    [old] = await clay.claim()
    await clay.mark([old])
    await clay.db.call("reset_items", items=[old.item], from_step=0, actor="test")
    await clay.world.complete(await clay.world.claim())
    assert (await clay.world.status(batch))["steps"][1]["buckets"] == {"sent": 1, "pending": 1}, (
        "it has not been tried yet"
    )
    assert (await clay.call_back(old)).applied is False
    [new] = await clay.claim()
    await clay.mark([new])
    assert new.attempt == old.attempt + 1
    outcome = await clay.call_back(old, answer("Stale"))
    assert (outcome.verdict, outcome.applied) == ("late", False)
    assert (await clay.state(new))["status"] == "IN_PROGRESS"
    assert (await clay.call_back(new)).verdict == "applied"
    state = await clay.state(new)
    assert state["attempt"] - state["snoozes"] == 1, "a rerun starts with all its attempts"
    assert await clay.world.findings(batch) == []


async def test_a_receiver_is_found_by_the_tokens_hash_also_after_a_change(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.configure(receiver_token="receiver-token-of-northgate-0002")
    assert (
        await clay.call_back_fixed(answer(batch_item_id=row.item), token="receiver-token-of-northgate-0002")
    ).applied
    await clay.pg.execute("insert into clients (name, slug) select 'c' || g, 'c' || g from generate_series(1, 3000) g")
    await clay.pg.execute(
        """insert into client_workflow_configs (client_id, workflow_slug, config, receiver_sha256)
           select id, 'enrich_company_clay', '{}', encode(sha256(convert_to(name, 'UTF8')), 'hex') from clients
           where name like 'c%' on conflict do nothing"""
    )
    await clay.pg.execute("analyze client_workflow_configs")
    body = await clay.pg.fetchval("select prosrc from pg_proc where proname = 'find_receiver'")
    assert "sha256(" not in body.replace("receiver_sha256", ""), "no token is hashed for a guess"
    plan = await clay.pg.fetch(f"explain {body.replace('p_token_sha256', repr('0' * 64))}")
    assert "client_workflow_configs_receiver_idx" in str(plan)
