"""One chaos run: a plan done to an installation, then calm, then the auditor.

python -m tests.chaos.suite --seed 17 --keep    # repeats the run of seed 17 and keeps its folder
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from app.db import connect
from app.engine import batches
from app.errors import LeadloomError
from app.intake import ingest as intake
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from app.setup.configs import save_workflow_config
from app.setup.pipelines import create_pipeline
from tests.chaos.auditor import Books, Finding, audit
from tests.chaos.events import do
from tests.chaos.installation import AWAY, Installation
from tests.chaos.parts import PartDidNotStartError
from tests.chaos.plan import Plan
from tests.chaos.uploads import STEPS, people

__all__ = ["RunReport", "Scenario", "launch", "run", "until_still"]

CALM_SECONDS = 600.0
STILL_SECONDS = 1.2
AT_WORK_SECONDS = 8.0  # a worker may just be slow
WAIT_FOR_SHARE_S = 6.0
RATE = {"rate_per_second": 60, "burst": 30}
PROGRESS = """
select b.state::text as state, b.state_reason, b.filled_rows, b.item_count,
       count(*) filter (where s.status in ('COMPLETED', 'SKIPPED'))::int as ended,
       count(*) filter (where s.status = 'PENDING')::int as pending,
       count(*) filter (where s.status = 'IN_PROGRESS')::int as under_way,
       count(*) filter (where s.status = 'IN_PROGRESS' and s.sent_at is null)::int as at_work,
       count(*) filter (where s.status = 'FAILED')::int as failed,
       coalesce(sum(s.attempt), 0)::int as attempts,
       (select count(*)::int from callback_inbox where verdict = 'received') as unsettled,
       (select count(*)::int from dispatch_chunks) as chunks
  from batches b left join workflow_states s on s.batch_id = b.id where b.uid = $1 group by b.id
"""
# When the next thing that time brings about is due, by the API's clock.
NEXT_DUE = """
select extract(epoch from min(at) - now() - make_interval(secs => $2))::float as seconds from (
  select nullif(available_at, 'infinity') as at from workflow_states where status = 'PENDING'
  union all select lease_until from workflow_states where status = 'IN_PROGRESS' and sent_at is null
  union all select deadline_at from workflow_states where status = 'IN_PROGRESS' and sent_at is not null
  union all select expires_at from dispatch_chunks
  union all select blocked_until from rate_buckets
  union all select received_at + interval '16 seconds' from callback_inbox where verdict = 'received'
) due where at > now() + make_interval(secs => $2) and $1::uuid is not null
"""


@dataclass
class RunReport:
    """What a run came to."""

    plan: Plan
    happened: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    books: Books | None = None
    seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def tell(self, what: str) -> None:
        """Note what happened, with its second."""
        self.happened.append(f"{time.monotonic() - self.began:.0f} s: {what}")

    def find(self, check: str, detail: str) -> None:
        """Add a finding of the run itself."""
        self.findings.append(Finding(check, detail))


@dataclass
class Scenario:
    """A batch in an installation, and what an auditor needs to judge it."""

    one: Installation
    batch: str
    rows: int
    poisoned: set[int]

    async def books(self, connection: asyncpg.Connection, **changes: Any) -> Books:
        """What the auditor says, by its own connection; `changes` replace parts of the evidence."""
        evidence: dict[str, Any] = {
            "sent": self.one.clay.rows,
            "acknowledged": self.one.callbacks.acknowledged,
            "sandbox": await self.one.sandbox_record(),
        }
        return await audit(connection, self.batch, **(evidence | changes), rows=self.rows, poisoned=self.poisoned)


async def run(plan: Plan, prepared: Path, home: Path) -> RunReport:
    """Do a plan in a copy of a prepared folder, and look at what is left."""
    report = RunReport(plan)
    one = Installation(home, random.Random(f"chaos-wires-{plan.seed}"), plan.sandbox)
    try:
        await one.copy_from(prepared)
        await one.start()
        await _run(one, report, random.Random(f"chaos-run-{plan.seed}"))
    except (LeadloomError, PartDidNotStartError, asyncpg.PostgresError, OSError, TimeoutError) as error:
        report.find("run", f"the run broke off: {type(error).__name__}: {error}")
    finally:
        report.faults = {
            f"{what} ({name})": n
            for name, wire in zip(("database", "Clay", "callbacks"), one.wires, strict=True)
            for what, n in sorted(wire.happened.items())
        }
        await one.stop()
    report.seconds = time.monotonic() - report.began
    return report


async def _run(one: Installation, report: RunReport, rng: random.Random) -> None:
    plan = report.plan
    one.database.faults, one.clay.faults, one.callbacks.faults = plan.database, plan.clay, plan.callbacks
    scenario = await launch(one, plan, rng)
    report.tell("launched")
    for event in plan.events:
        await _until_share(scenario, event.share)
        report.tell(f"at {event.share:.0%} {await do(one, event, scenario.batch, rng)}")
    await _until_share(scenario, 0.99)
    await one.bring_back()
    report.tell("calm")
    await until_still(scenario, report)
    if plan.retry_at_end:
        async with await connect() as db:
            requeued = await batches.retry_failed(db, scenario.batch, actor="chaos")
        report.tell(f"the operator retried {requeued} failed rows")
        await until_still(scenario, report)
    for name, part in one.parts.items():
        if part.ended_by_itself:
            report.find("parts", f"{name} ended by itself {part.ended_by_itself} times; see {part.log.name}")
    async with one.sql() as connection:
        report.books = await scenario.books(connection)
    report.findings += report.books.findings


async def launch(one: Installation, plan: Plan, rng: random.Random) -> Scenario:
    """What an operator does: a client, its Clay tables, a pipeline, a file, Launch. Over the wire, with its faults."""
    file, poisoned = people(plan.rows, plan.poisoned_rows, rng)
    async with await connect() as db:
        await sync_catalogue(db)
        client = (await create_client(db, "Chaos", actor="chaos"))["uid"]
        for workflow in ("enrich_company_clay", "enrich_person_clay"):
            config = {"webhook_url": f"{one.clay.url}/webhooks/chaos/{workflow}", "workspace": "chaos", **RATE}
            await save_workflow_config(db, client, workflow, config, actor="chaos")
        pipeline = await create_pipeline(db, client, "All", "people", STEPS, actor="chaos")
        upload = await intake.ingest(db, file, client=client, kind="people", filename="people.csv", actor="chaos")
        batch = str((await batches.launch(db, upload.uid, pipeline["uid"], actor="chaos"))["batch"])
    return Scenario(one, batch, plan.rows, poisoned)


async def _until_share(scenario: Scenario, share: float) -> None:
    """Wait until so much is done, or nothing has moved for a while."""
    wanted = share * scenario.rows * len(STEPS)
    last, since = -1, time.monotonic()
    async with scenario.one.sql() as connection:
        while time.monotonic() - since < WAIT_FOR_SHARE_S:
            try:
                row = await connection.fetchrow(PROGRESS, scenario.batch)
            except AWAY:
                return
            done = row["ended"]
            if row["state"] in ("COMPLETED", "CANCELLED") or done >= wanted:
                return
            if done != last:
                last, since = done, time.monotonic()
            await asyncio.sleep(0.05)


async def until_still(scenario: Scenario, report: RunReport) -> None:
    """Wait until the batch has ended and every callback is settled; let time pass where only time is missing."""
    one, give_up = scenario.one, time.monotonic() + CALM_SECONDS
    last: Any = None
    since = time.monotonic()
    while time.monotonic() < give_up:
        row = (await one.fetch(PROGRESS, scenario.batch))[0]
        waiting = (await one.sandbox_record())["callbacks"]["waiting"]
        if row["state"] in ("COMPLETED", "CANCELLED") and not waiting and not row["unsettled"]:
            return
        for name in ("web", "engine"):
            if not one.parts[name].alive:
                await one.parts[name].start()
        now = (tuple(row.values()), waiting)
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > (AT_WORK_SECONDS if row["at_work"] else STILL_SECONDS) and not waiting:
            since = time.monotonic() + await _let_time_pass(scenario, report)
        await asyncio.sleep(0.2)
    row = (await one.fetch(PROGRESS, scenario.batch))[0]
    report.find("end", f"the batch did not end in {CALM_SECONDS:.0f} s of calm: {dict(row)}")


async def _let_time_pass(scenario: Scenario, report: RunReport) -> float:
    """Move the clock to what is due next; returns for how many seconds it is not worth while to look again."""
    due = (await scenario.one.fetch(NEXT_DUE, scenario.batch, float(scenario.one.clock_offset_s)))[0]["seconds"]
    if due is None:
        return 3.0
    await scenario.one.move_clock(int(due) + 2)
    report.tell(f"the clock moved by {int(due) + 2} s")
    return 0.0
