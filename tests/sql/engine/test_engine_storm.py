"""Everything at once, in a seeded random order: workers, engines, operators, late and repeated answers, lost replies.

A storm of legal operations blows over a few batches for some seconds. Then the weather clears: batches are resumed,
everything is driven to its end, and the books must add up: no finding, no row without an end, no attempt sent twice.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from app.db import Database
from app.engine import batches
from app.errors import ConflictError
from tests.engine_kit import CONFIG, World, registry_row

STORM_S = float(os.environ.get("STORM_SECONDS", "5"))
CALM_S = 300.0
SEEDS = [int(seed) for seed in os.environ.get("STORM_SEEDS", "1,2").split(",")]
URL = "0" * 64

WORKFLOWS = [
    registry_row("alpha", writes=["alpha_out"], default_timeout_s=30),
    registry_row("beta", reads=["paid_out"]),
    registry_row("gamma"),
    registry_row("paid", entity_keys=["company domain"], reads=["company_domain"], default_max_attempts=2),
    registry_row("solo", kind="clay", config_schema={"type": "object"}, cost_per_row=3, default_timeout_s=3600),
]


@dataclass
class Storm:
    """What the actors share: the world, the dice, and a ledger of everything that went out to the paid service."""

    world: World
    dice: random.Random
    batches: list[str]
    ledger: Counter[tuple[int, int]] = field(default_factory=Counter)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)
    deeds: Counter[str] = field(default_factory=Counter)
    blowing: bool = True

    @property
    def db(self) -> Database:
        """The one door."""
        return self.world.db

    async def twice(self, function: str, /, **args: Any) -> Any:
        """Call, and sometimes call again as if the reply had been lost; the last answer counts."""
        answer = await self.db.call(function, **args)
        if self.blowing and self.dice.random() < 0.2:
            self.deeds["lost reply"] += 1
            answer = await self.db.call(function, **args)
        return answer


async def engine(storm: Storm) -> None:
    """One turn of an engine; several run at once and know nothing of each other."""
    await storm.twice("advance_completed_items", limit=50)
    await storm.world.place()
    if storm.dice.random() < 0.5:
        await storm.twice("reap_expired", limit=50)
    answer = await storm.twice(
        "dispatch_pending_items", limit=60, chunk_size=7, workflows=storm.world.slugs, max_running=200
    )
    for chunk in answer["chunks"]:
        await work(storm, chunk["chunk_id"])
    await storm.db.call("fold_tallies", limit=100)
    assert not await storm.db.call("storm_rivals"), "two rows of one entity are under way"


async def work(storm: Storm, chunk_id: str) -> None:
    """A worker: may die before or after its claim, and be delivered twice."""
    if storm.blowing and storm.dice.random() < 0.1:
        storm.deeds["unclaimed chunk"] += 1
        return
    claims = [uuid4(), uuid4()] if storm.dice.random() < 0.2 else [uuid4()]
    answers = await asyncio.gather(*(storm.twice("claim_chunk", chunk=chunk_id, claimer=c) for c in claims))
    assert sum(bool(answer["items"]) for answer in answers) <= 1, "a chunk was handed out twice"
    chunk = max(answers, key=lambda answer: len(answer["items"]))
    if not chunk["items"] or (storm.blowing and storm.dice.random() < 0.1):
        storm.deeds["lost claim"] += 1
        return
    if chunk["workflow"] in ("paid", "solo"):
        await send(storm, chunk)
    else:
        await compute(storm, chunk)


async def compute(storm: Storm, chunk: dict[str, Any]) -> None:
    """Complete most rows, fail some, ask to retry others."""
    done, failed = [], []
    for item in chunk["items"]:
        ref = {"state_id": item["state_id"], "attempt": item["attempt"]}
        if storm.dice.random() < 0.85:
            done.append(ref | {"parsed": {"alpha_out": "x"}, "source": "computed"})
        else:
            failed.append(ref | {"code": "workflow_error", "text": "broken", "retry": storm.dice.random() < 0.7})
    storm.deeds["computed"] += (await storm.twice("complete_items", items=done))["applied"] if done else 0
    if failed:
        await storm.twice("fail_items", items=failed)


async def send(storm: Storm, chunk: dict[str, Any]) -> None:
    """Mark, post, record: some posts are refused, some end unknown, the others are answered later."""
    args = {"url_sha256": URL, "client_id": storm.world.client_id, "cap": 50_000, "send_key": uuid4()}
    refs = [{"state_id": i["state_id"], "attempt": i["attempt"]} for i in chunk["items"]]
    allowed = set((await storm.twice("mark_sending", items=refs, **args))["allowed"])
    taken, refused = [], []
    for item, ref in zip(chunk["items"], refs, strict=True):
        if item["state_id"] not in allowed:
            continue
        fate = storm.dice.random()
        if fate < 0.15:
            refused.append(
                ref | {"code": "clay_unavailable", "text": "503", "retry": True, "unsent": True, "url_sha256": URL}
            )
            continue
        storm.ledger[(item["state_id"], item["attempt"])] += 1
        storm.waiting.append(item | {"step": chunk["step_index"], "workflow": chunk["workflow"]})
        if fate < 0.9:
            taken.append(ref | {"outcome": "taken"})
    if refused:
        await storm.twice("fail_items", items=refused)
    if taken:
        await storm.twice("record_sends", outcomes=taken, url_sha256=URL)
    storm.deeds["sent"] += len(taken)


async def answer(storm: Storm) -> None:
    """The paid service calls back: once, twice, late, with an error, or for a row that it answered long ago."""
    if storm.answered and storm.dice.random() < 0.1:
        item = storm.dice.choice(storm.answered)
    elif storm.waiting:
        item = storm.waiting.pop(storm.dice.randrange(len(storm.waiting)))
        storm.answered.append(item)
        if storm.blowing and storm.dice.random() < 0.05:
            storm.deeds["never answered"] += 1
            return
    else:
        return
    outcome = {"status": "success", "parsed": {"paid_out": "x"}, "raw": {"a": 1}}
    if storm.dice.random() < 0.1:
        outcome = {"status": "error", "error": "not found"}
    for _ in range(2 if storm.dice.random() < 0.1 else 1):
        inbox = await storm.db.call(
            "receive_callback", workflow=item["workflow"], item=item["item"], step=item["step"],
            attempt=item["attempt"], client_id=None, body="{}",
        )  # fmt: skip
        said = await storm.twice("settle_callback", inbox=inbox["inbox_id"], outcome=outcome)
        storm.deeds[said["verdict"]] += 1


async def operate(storm: Storm) -> None:
    """A person with the admin pages."""
    batch = storm.dice.choice(storm.batches)
    deed = storm.dice.choice(["pause", "resume", "resume", "retry", "retry", "reset", "time", "time", "cancel"])
    storm.deeds[deed] += 1
    try:
        if deed == "pause":
            await storm.twice("pause_batch", batch=batch, actor="ann")
        elif deed == "resume":
            await storm.twice("resume_batch", batch=batch, actor="ann")
        elif deed == "retry":
            await storm.twice("retry_failed", batch=batch, filter={}, actor="ann", limit=20, request=uuid4())
        elif deed == "reset":
            await reset_some(storm, batch)
        elif deed == "time":
            await pass_time(storm)
        elif storm.dice.random() < 0.1 and batch != storm.batches[0]:
            storm.deeds["cancelled"] += 1
            await batches.cancel(storm.db, batch, actor="ann")
    except ConflictError:
        storm.deeds["conflict"] += 1


async def reset_some(storm: Storm, batch: str) -> None:
    """Run a few rows again."""
    rows = await storm.db.call("storm_rows", batch=batch)
    items = storm.dice.sample(rows, min(3, len(rows)))
    await storm.twice("reset_items", items=items, from_step=storm.dice.randrange(3), actor="ann", request=uuid4())


async def pass_time(storm: Storm) -> None:
    """Leases, back-offs and deadlines of some rows run out now."""
    await storm.db.call("storm_time", share=0.3)


HELPERS = """
create function public.storm_time(p_share float) returns jsonb language plpgsql as $$
begin
  with few as (select id from public.workflow_states where status in ('PENDING', 'IN_PROGRESS')
                and random() < p_share for update skip locked)
  update public.workflow_states s
  set available_at = case when available_at < 'infinity' then least(available_at, now()) else available_at end,
      lease_until = least(lease_until, now()), deadline_at = least(deadline_at, now())
  from few where s.id = few.id;
  with few as (select id from public.dispatch_chunks where random() < p_share for update skip locked)
  update public.dispatch_chunks c set expires_at = now(), announced_at = null from few where c.id = few.id;
  return '{}';
end $$;
create function public.storm_rows(p_batch uuid) returns jsonb language sql as $$
  select coalesce(jsonb_agg(i.uid), '[]') from public.batch_items i join public.batches b on b.id = i.batch_id
  where b.uid = p_batch
$$;
create function public.storm_rivals() returns jsonb language sql as $$
  select coalesce(jsonb_agg(entity_value), '[]') from (
    select entity_value from public.workflow_states
    where entity_value is not null and (status = 'IN_PROGRESS' or status = 'PENDING' and available_at < 'infinity')
    group by batch_id, step_index, entity_value having count(*) > 1) rivals
$$;
grant execute on function public.storm_time(float), public.storm_rows(uuid), public.storm_rivals() to service_role;
"""


async def blow(storm: Storm, actors: list[Any], seconds: float) -> None:
    """Let actors act, each one deed after the other, all at the same time."""
    until = time.monotonic() + seconds

    async def act(deed: Any) -> None:
        while time.monotonic() < until:
            await deed(storm)
            await asyncio.sleep(storm.dice.random() * 0.01)

    async with asyncio.TaskGroup() as group:
        for actor in actors:
            group.create_task(act(actor))


async def calm(storm: Storm) -> None:
    """Drive everything to its end: nothing dies, every send is answered, and time passes."""
    storm.blowing = False
    until = time.monotonic() + CALM_S
    while time.monotonic() < until:
        for batch in storm.batches:
            await storm.db.call("resume_batch", batch=batch, actor="ann")
        await engine(storm)
        while storm.waiting:
            await answer(storm)
        await storm.db.call("storm_time", share=1)
        if not await storm.world.pg.fetchval("select count(*) from batches where state in ('RUNNING', 'PAUSED')"):
            return
    stuck = await storm.world.pg.fetch(
        """select b.id, b.state, b.filled_rows, b.item_count, i.state as item, s.step_index, s.status, s.attempt,
                  s.available_at, s.sent_at, s.advanced_at, count(*)
           from batches b join batch_items i on i.batch_id = b.id
           left join lateral (select * from workflow_states s where s.batch_item_id = i.id
                              order by step_index desc limit 1) s on true
           where b.state in ('RUNNING', 'PAUSED') and i.state = 'ACTIVE' group by 1,2,3,4,5,6,7,8,9,10,11 limit 10"""
    )
    pytest.fail(f"stuck: {[tuple(row) for row in stuck]} {storm.deeds}")


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_books_add_up_after_a_storm(world: World, seed: int) -> None:
    await world.db.call("sync_registry", workflows=WORKFLOWS)
    for slug in ("paid", "solo"):
        await world.db.call(
            "save_workflow_config", client=world.client, workflow=slug, label="", config=CONFIG, version=None,
            actor="test",
        )  # fmt: skip
    world.slugs = ["alpha", "beta", "gamma", "paid", "solo"]
    await world.pg.execute(HELPERS)
    dice = random.Random(seed)  # noqa: S311 -- weather
    # Some rows know only the name, and one name belongs to two companies.
    companies = {"Domain": "case when g % 4 > 0 then 'c' || g % 9 || '.test' end", "Company": "'Company ' || g % 9 % 8"}
    storm = Storm(world, dice, [])
    for rows, steps in ((90, ("alpha", "paid", "beta")), (60, ("paid", "solo", "gamma")), (40, ("alpha", "gamma")),
                        (50, ("solo", "paid"))):  # fmt: skip
        launched = await world.db.call(
            "launch_batch", upload=await world.upload(rows, **companies), pipeline=await world.pipeline(*steps),
            launch_key=str(uuid4()), actor="test", row_limit=None, name=None, budget=None,
        )  # fmt: skip
        storm.batches.append(launched["batch"])
    await blow(storm, [engine, engine, engine, answer, answer, operate, operate], STORM_S)
    await calm(storm)
    await check(storm)


async def check(storm: Storm) -> None:
    """No row without an end, no attempt sent twice, and counters that equal a count."""
    pg = storm.world.pg
    assert max(storm.ledger.values(), default=0) <= 1, "an attempt was sent twice"
    for batch in storm.batches:
        findings = await storm.world.findings(batch)
        assert findings == [], (batch, findings, storm.deeds)
        status = await storm.world.status(batch)
        assert status["completed"] + status["failed"] + status["cancelled"] == status["item_count"], status
    live = "select count(*) from workflow_states where status in ('PENDING', 'IN_PROGRESS') or advanced_at is null"
    assert await pg.fetchval(live) == 0
    assert await pg.fetchval("select count(*) from batch_items where state = 'ACTIVE'") == 0
    assert await pg.fetchval("select count(*) from waking_entities") == 0
    sends = "select b.id, b.spent, sum(s.send_count * (b.blueprint -> s.step_index::int ->> 'cost_per_row')::numeric) "
    for row in await pg.fetch(sends + "from batches b join workflow_states s on s.batch_id = b.id group by 1, 2"):
        assert row["spent"] >= row["sum"], "sends that were not charged"
    counted = await pg.fetchval("select sum(send_count) from workflow_states")
    assert counted <= sum(storm.ledger.values()), "more sends counted than went out"
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    assert await pg.fetchval(deadlocks) == 0, "locks are taken in one order"
