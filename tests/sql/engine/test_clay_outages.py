"""Clay is away or asks for a pause: rows wait without using up attempts, and the whole workspace waits with them."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import asyncpg
import httpx
import pytest
import respx

from app.clay.sender import http_client, send_chunk
from tests.clay_kit import ClayWorld
from tests.clay_sending_kit import WORKFLOW, send, sent_rows
from tests.engine_kit import World


async def let_time_pass(clay: ClayWorld) -> None:
    """Whatever waits is due, and the bucket is open and full."""
    await clay.pg.execute("update workflow_states set available_at = now() where status = 'PENDING'")
    await clay.pg.execute("update rate_buckets set blocked_until = null, tokens = burst")


@pytest.mark.parametrize("refusal", [httpx.Response(429, headers={"retry-after": "0.01"}), httpx.ConnectError("x")])
async def test_passing_refusals_are_tried_again(
    clay: ClayWorld, hook: respx.Route, refusal: httpx.Response | Exception
) -> None:
    await clay.launch(1)
    hook.mock(side_effect=[refusal])
    await send(clay)
    [state] = await clay.world.states()
    assert (state["status"], state["attempt"], state["snoozes"], state["sent_at"]) == ("PENDING", 1, 1, None)
    hook.side_effect = None
    hook.respond(200)
    await let_time_pass(clay)
    await send(clay)
    [state] = await clay.world.states()
    assert (state["status"], state["attempt"], state["send_count"]) == ("IN_PROGRESS", 2, 1)
    assert [row["attempt"] for row in sent_rows(hook)] == [1, 2]


@pytest.mark.parametrize("refusal", [httpx.Response(429), httpx.ConnectError("x"), httpx.ConnectTimeout("x")])
async def test_an_outage_uses_up_no_attempts(
    clay: ClayWorld, hook: respx.Route, refusal: httpx.Response | Exception
) -> None:
    batch = await clay.launch(3)
    hook.mock(side_effect=[refusal] * 1000)
    rounds = WORKFLOW.max_attempts * 3
    for _ in range(rounds):
        await send(clay)
        await let_time_pass(clay)
    for state in await clay.world.states():
        assert (state["status"], state["attempt"], state["snoozes"]) == ("PENDING", rounds, rounds)
        [told] = json.loads(state["history"])
        assert (told["snoozed"], told["attempt"]) == (rounds, rounds), "one line of history, not one per refusal"
    hook.side_effect = None
    hook.respond(200)
    assert sum(report.taken for report in await send(clay)) == 3
    status = await clay.world.status(batch)
    assert (status["failed"], status["sent"]) == (0, 3)
    assert await clay.world.findings(batch) == []


async def test_no_row_is_put_off_for_ever(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(1)
    hook.mock(side_effect=[httpx.ConnectError("x")] * 100)
    await clay.pg.execute("update workflow_states set snoozes = 299, attempt = 299")
    for _ in range(WORKFLOW.max_attempts + 3):
        await send(clay)
        await let_time_pass(clay)
    [state] = await clay.world.states()
    assert (state["status"], state["error_code"], state["snoozes"]) == ("FAILED", "clay_unavailable", 300)
    assert hook.call_count == 1 + WORKFLOW.max_attempts


async def test_counted_attempts_go_on_where_they_were(world: World) -> None:
    """Two snoozes and a failure: one of three attempts is used up."""
    await world.launch(1, "paid")
    for _ in range(2):
        [item] = await world.claim()
        await world.send([item])
        await world.fail([item], retry=True, unsent=True, snooze=True, code="clay_unavailable")
    tried = 0
    while items := await world.claim():
        tried += 1
        await world.fail(items, retry=True, unsent=True, code="workflow_error")
        await world.pg.execute("update workflow_states set available_at = now()")
    [state] = await world.states()
    assert (tried, state["status"], state["attempt"], state["snoozes"]) == (3, "FAILED", 5, 2)


async def test_a_paid_row_whose_worker_died_before_marking_costs_no_attempt(world: World) -> None:
    await world.launch(2, "paid")
    for _ in range(5):
        assert len(await world.claim()) == 2
        await world.pg.execute("update workflow_states set lease_until = now() where status = 'IN_PROGRESS'")
        await world.db.call("reap_expired")
    assert {(s["status"], s["attempt"], s["snoozes"]) for s in await world.states()} == {("PENDING", 5, 5)}


async def test_a_webhook_that_cannot_be_reached_is_not_knocked_at_for_every_row(
    clay: ClayWorld, hook: respx.Route
) -> None:
    await clay.launch(50)
    hook.mock(side_effect=[httpx.ConnectError("x")] * 100)
    [report] = await send(clay)
    assert (hook.call_count, report.refused) == (20, {"clay_unavailable": 50})
    assert await clay.chunks() == [], "the workspace waits"


async def test_a_closed_port_is_waited_for(clay: ClayWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real sockets: the connection is refused, and nothing is counted as sent."""
    monkeypatch.setattr("app.clay.public_transport.loopback_allowed", lambda: True)
    monkeypatch.setattr("app.clay.config.loopback_allowed", lambda: True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    await clay.configure(webhook_url=f"http://127.0.0.1:{port}/hook")
    batch = await clay.launch(2)
    await send(clay)
    assert {(s["status"], s["snoozes"], s["send_count"]) for s in await clay.world.states()} == {("PENDING", 1, 0)}
    assert {r["outcome"] for r in await clay.pg.fetch("select outcome from sends")} == {"refused"}
    assert await clay.pg.fetchval("select sent from webhook_counters") == 0
    assert await clay.world.findings(batch) == []


async def block(pg: asyncpg.Connection, seconds: float = 0.0, *, after: str = "0 seconds") -> float:
    """Block the bucket `north` as it will be `after` so long; returns the pause."""
    async with pg.transaction():
        await pg.execute("select set_config('leadloom.clock_offset', $1, true)", after)
        return json.loads(await pg.fetchval("select block_rate_bucket('north', $1)", seconds))["seconds"]


async def bucket(pg: asyncpg.Connection, **values: Any) -> None:
    row = {"key": "north", "rate_per_second": 10, "burst": 20, "tokens": 20} | values
    await pg.execute(
        f"insert into rate_buckets ({', '.join(row)}, refilled_at) "
        f"values ({', '.join(f'${n}' for n in range(1, len(row) + 1))}, now())",
        *row.values(),
    )


async def test_pauses_grow_until_a_row_is_taken(pg: asyncpg.Connection) -> None:
    await bucket(pg)
    pauses = [await block(pg, after=f"{n * 400} seconds") for n in range(11)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    await pg.execute("select leadloom.forget_refusals('north')")
    assert await block(pg, after="10 hours") == 1


async def test_retry_after_is_kept_to_and_reports_of_one_outage_count_once(pg: asyncpg.Connection) -> None:
    await bucket(pg)
    assert await block(pg, 30) == 30
    assert 29 < await block(pg, 10) <= 30, "a shorter wish does not shorten the pause"
    assert await block(pg, 40) == 40
    assert await pg.fetchval("select refusals from rate_buckets") == 1


async def test_no_bucket_is_refilled_twice_for_the_same_seconds(pg: asyncpg.Connection) -> None:
    """Two callers: the one that began first comes last. And a pause that was asked for when a longer one was on."""
    await bucket(pg, tokens=0)
    take = "select leadloom.take_tokens('north', 10, 20, 100)"

    async def at(offset: str) -> Any:
        await pg.execute("select set_config('leadloom.clock_offset', $1, true)", offset)
        return await pg.fetchval(take)

    async with pg.transaction():  # in which the clock moves by the offset alone
        assert await at("2 seconds") == 20
        assert await at("1 second") == 0
        assert await at("2 seconds") == 0, "the second second was refilled before"
    await block(pg, 60)
    await block(pg, 1)
    until = "select extract(epoch from blocked_until - now()) from rate_buckets"
    async with pg.transaction():
        left = float(await pg.fetchval(until))
        assert 59 < left <= 60
        assert await at(f"{left + 0.5} seconds") in (4, 5), "no tokens for the time of the pause"


async def test_a_blocked_bucket_lets_the_engine_sleep(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(3)
    hook.respond(429, headers={"retry-after": "120"})
    await send(clay)
    await clay.pg.execute("update workflow_states set available_at = now()")
    answer = await clay.world.dispatch()
    assert (answer["claimed"], answer["busy"]) == (0, False)
    assert 100 < answer["next_due_in_s"] <= 121


async def test_the_engine_sleeps_until_the_next_token(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.configure(rate_per_second=0.1, burst=1)
    await clay.launch(3)
    assert len(await clay.claim()) == 1
    await clay.pg.execute("update workflow_states set sent_at = now(), deadline_at = now() + interval '1 hour', "
                          "lease_until = null where status = 'IN_PROGRESS'")  # fmt: skip
    assert 8 < (await clay.world.dispatch())["next_due_in_s"] <= 10


async def test_retry_after_holds_up_the_whole_workspace(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.configure(workspace="north")
    await clay.launch(1)
    hook.respond(429, headers={"retry-after": "120"})
    await send(clay)
    [state] = await clay.world.states()
    assert state["error_code"] == "clay_rate_limited"
    wait = await clay.pg.fetchval("select extract(epoch from available_at - now()) from workflow_states")
    assert 100 < wait <= 150
    bucket = await clay.pg.fetchrow("select *, extract(epoch from blocked_until - now()) as s from rate_buckets")
    assert (bucket["key"], 100 < bucket["s"] <= 120) == ("north", True)
    await clay.launch(1)
    assert await clay.chunks() == [], "other batches of the workspace wait as well"


async def test_after_a_long_retry_after_the_rest_of_the_chunk_is_not_tried(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(50)
    hook.respond(429, headers={"retry-after": "120"})
    await send(clay)
    assert hook.call_count == 20
    assert await clay.pg.fetchval("select count(*) from workflow_states where status = 'PENDING'") == 50


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_no_connection_is_tried_again(clay: ClayWorld, hook: respx.Route, error: type[Exception]) -> None:
    await clay.launch(1)
    hook.mock(side_effect=error("x"))
    await send(clay)
    [state] = await clay.world.states()
    assert (state["status"], state["error_code"], state["sent_at"]) == ("PENDING", "clay_unavailable", None)


async def test_the_senders_pace_follows_burst_and_rate(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.launch(9)
    [chunk] = await clay.chunks()
    chunk["config"] |= {"burst": 3, "rate_per_second": 20}
    clock = asyncio.get_running_loop().time
    began = clock()
    async with http_client() as http:
        await send_chunk(clay.db, http, chunk, WORKFLOW)
    assert hook.call_count == 9
    assert clock() - began >= 0.3, "three at once, then three every 150 ms"


async def test_the_dispatcher_keeps_the_workspaces_rate(clay: ClayWorld, hook: respx.Route) -> None:
    await clay.configure(rate_per_second=10, burst=20, workspace="north")
    await clay.launch(50)
    await clay.launch(50)
    clock = asyncio.get_running_loop().time
    began = clock()
    await send(clay)
    await send(clay)
    assert 20 <= hook.call_count <= 20 + 10 * (clock() - began), "the burst, then the rate, over both batches"
