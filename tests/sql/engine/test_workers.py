"""Workers and the loop over a wire to the database that loses answers, refuses calls, and knows how large they are."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pydantic import SecretStr

from app.db import Database, connect
from app.engine import sequencer
from app.engine.dispatcher import run_chunk
from app.engine.leases import LONGEST_LEASE_S
from app.engine.sequencer import Pace, run_engine
from app.intake.pieces import sweep_stale_uploads
from app.workflow import ComputeWorkflow, Fields
from functions.console.spawner import LocalSpawner
from tests.chaos.http1 import BrokenMessageError, Message, ask, respond
from tests.chaos.wires import Wire
from tests.clay_kit import ClayWorld, answer
from tests.conftest import TestStack
from tests.engine_kit import World


@dataclass
class Odd:
    """What a wire does to calls of some functions."""

    lose_first: set[str] = field(default_factory=set)
    refuse: dict[str, int] = field(default_factory=dict)  # function -> every nth call
    sizes: dict[str, list[int]] = field(default_factory=dict)


class OddWire(Wire):
    """Between this process and the gateway."""

    odd: Odd

    async def pass_on(self, request: Message) -> Message:
        name = self.name(request)
        self.seen[name] += 1
        self.odd.sizes.setdefault(name, []).append(len(request.body))
        every = self.odd.refuse.get(name)
        if every and self.seen[name] % every == 0:
            return respond(400, b'{"code": "P0001", "message": "not now", "details": null, "hint": null}')
        reply = await ask(self.port(), request)
        if name in self.odd.lose_first and self.seen[name] == 1:
            raise BrokenMessageError
        return reply


@pytest.fixture
async def odd(stack: TestStack) -> AsyncIterator[tuple[Database, Odd]]:
    """A door to the database over such a wire."""
    parts = urlsplit(stack.url)
    wire = OddWire(lambda: parts.port or 0, random.Random(1))  # noqa: S311 -- nothing secret
    wire.odd = Odd()
    base = await wire.start()
    chosen = stack.settings.model_copy(
        update={"supabase_url": base + parts.path, "supabase_secret_key": SecretStr(stack.secret_key)}
    )
    async with await connect(chosen) as database:
        yield database, wire.odd
    await wire.stop()


class Row(Fields):
    """What the made-up workflow reads and writes."""

    email: str | None = None
    alpha_out: str | None = None


def _writes_much(row: Row) -> Row:
    return Row(alpha_out=(row.email or "") + "x" * 200_000)


ALPHA = ComputeWorkflow(
    slug="alpha", title="Alpha", description="", applies_to=("people",), Input=Row, Output=Row, run=_writes_much
)


@pytest.fixture
def _alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.dispatcher.registry", lambda: {"alpha": ALPHA})


@pytest.mark.usefixtures("_alpha")
async def test_a_worker_that_lost_the_reply_to_its_claim_does_its_chunk(
    world: World, odd: tuple[Database, Odd]
) -> None:
    database, oddities = odd
    oddities.lose_first.add("claim_chunk")
    await world.launch(3)
    [chunk] = (await world.dispatch())["chunks"]
    assert (await run_chunk(database, chunk["chunk_id"])).completed == 3


@pytest.mark.usefixtures("_alpha")
async def test_results_are_handed_back_in_calls_of_two_megabytes(world: World, odd: tuple[Database, Odd]) -> None:
    database, oddities = odd
    await world.launch(20)
    [chunk] = (await world.dispatch())["chunks"]
    assert (await run_chunk(database, chunk["chunk_id"])).completed == 20
    assert len(oddities.sizes["complete_items"]) > 1
    assert max(oddities.sizes["complete_items"]) < 2_000_000


async def test_the_loop_forgets_refusals_when_a_turn_goes_well(
    world: World, odd: tuple[Database, Odd], monkeypatch: pytest.MonkeyPatch
) -> None:
    database, oddities = odd
    monkeypatch.setattr(sequencer, "MAX_REFUSALS", 2)
    oddities.refuse["dispatch_pending_items"] = 3
    spawner = LocalSpawner(database, asyncio.Event(), str(uuid4()))
    pace = Pace(limit=10, chunk_size=10, max_running=10, lease_s=5, longest_sleep_s=0.05)
    report = await run_engine(database, spawner, pace=pace, max_seconds=9)
    await spawner.drain()
    assert len(oddities.sizes["dispatch_pending_items"]) >= 6  # two refusals at least, with good turns between them
    assert report.held


async def test_an_engine_keeps_its_lease_for_as_long_as_it_runs(world: World) -> None:
    spawner = LocalSpawner(world.db, asyncio.Event(), str(uuid4()))
    pace = Pace(limit=10, chunk_size=10, max_running=10, lease_s=4, longest_sleep_s=0.05)
    running = asyncio.create_task(run_engine(world.db, spawner, pace=pace, max_seconds=10))
    await asyncio.sleep(0.5)
    while not running.done():
        other = await world.db.call("take_engine_lease", holder=uuid4(), seconds=60)
        assert not other["held"] or running.done()
        await asyncio.sleep(0.2)
    await running
    await spawner.drain()


async def test_an_answer_that_the_database_never_takes_is_not_tried_for_ever(clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.pg.execute("alter table enrichment_results add check (parsed ->> 'industry' <> 'Robotics')")
    assert (await clay.call_back(row)).verdict != "received"
    assert (await clay.inbox())[0]["settled_at"] is not None


async def test_an_answer_at_the_fixed_url_that_came_before_the_attempt_left_is_of_the_one_before(
    clay: ClayWorld,
) -> None:
    [first] = await clay.sent()
    await clay.time_out()
    batch = str(await clay.pg.fetchval("select uid from batches"))
    await clay.db.call("retry_failed", batch=batch, filter={}, actor="test")
    [second] = await clay.claim()  # under way, and not sent yet
    assert second.attempt == 2
    said = await clay.call_back_fixed(answer(batch_item_id=first.item))
    assert (said.verdict, said.applied) == ("late", True)
    assert [record["attempt"] for record in await clay.inbox()] == [1]
    state = await clay.state(second)
    assert (state["status"], state["attempt"]) == ("COMPLETED", 1), "the same question: the second is not asked"


async def test_an_upload_that_pauses_for_a_minute_is_not_swept(world: World) -> None:
    uid = await world.upload(2)
    await world.pg.execute(
        "update uploads set state = 'RECEIVING', touched_at = now() - interval '60 seconds' where uid = $1", uid
    )
    assert await sweep_stale_uploads(world.db) == 0
    assert await world.pg.fetchval("select count(*) from raw_apollo_uploads") == 2


async def test_nothing_is_launched_for_an_archived_client(world: World) -> None:
    upload, pipeline = await world.upload(1), await world.pipeline("alpha")
    await world.db.call("archive_client", client=world.client, archived=True, actor="test")
    with pytest.raises(Exception, match="archived"):
        await world.db.call("launch_batch", upload=upload, pipeline=pipeline, actor="test", row_limit=None, name=None,
                            budget=None, launch_key=str(uuid4()))  # fmt: skip


async def test_nothing_is_launched_through_another_clients_pipeline(world: World) -> None:
    theirs = await world.pipeline("alpha")
    other = (await world.db.call("create_client", name="Other", actor="test"))["uid"]
    await world.pg.execute(
        "update enrichment_pipelines set client_id = (select id from clients where uid = $1) where uid = $2",
        other,
        theirs,
    )
    with pytest.raises(Exception, match="belongs to another client"):
        await world.db.call("launch_batch", upload=await world.upload(1), pipeline=theirs, actor="test", row_limit=None,
                            name=None, budget=None, launch_key=str(uuid4()))  # fmt: skip


async def test_tokens_given_back_to_a_blocked_bucket_wait_with_it(world: World) -> None:
    take = "select leadloom.take_tokens('w', 10, 20, 5)"
    assert await world.pg.fetchval(take) == 5
    await world.db.call("block_rate_bucket", key="w", seconds=60)
    await world.pg.execute("select leadloom.return_tokens('w', 5)")
    assert await world.pg.fetchval(take) == 0


@pytest.mark.parametrize(("slug", "kind"), [("alpha", "compute"), ("paid", "clay")])
async def test_no_lease_is_longer_than_workers_are_given(world: World, slug: str, kind: str) -> None:
    """Modal ends a worker's call by LONGEST_LEASE_S: a longer lease would be cut, a shorter one waste time."""
    await world.launch(1, {"workflow": slug, "settings": {"timeout_s": 7 * 24 * 3600}})
    await world.claim()
    [state] = await world.states("extract(epoch from lease_until - started_at)::integer as lease_s")
    assert state["lease_s"] == LONGEST_LEASE_S[kind]
