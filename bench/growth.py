"""What history costs: the engine's verbs and the pages' questions on an empty database and on one with a past.

    python -m bench.growth [--batches 200] [--small 4522] [--big 100000] [--rounds 15] [--quick]

Two stacks run at a time, an empty one and one that `bench/seed_pages.py` has filled: with the defaults a million items
and five million finished states in 200 batches. In every round, in turns, a batch of `--rows` rows is launched on each
and led through two computed steps by the calls that engine and workers make, a callback comes in, and pages ask what
they show. Figures are milliseconds of a call through the HTTP gateway; 1.15 is what growth may cost.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg

from app import insights
from app.db import Database
from app.engine import batches
from app.settings import settings
from app.setup.catalogue import sync_catalogue
from app.workflows import registry_rows
from bench.engine import blob_upload, register_trivial_steps
from bench.kit.options import options
from bench.kit.results import Results, compared
from bench.seed_pages import Size, seed
from bench.stack import throw_away_stack

PAID = "enrich_company_clay"


@dataclass
class Contestant:
    """One database, and the milliseconds that each verb has taken on it."""

    db: Database
    pg: asyncpg.Connection
    steps: list[dict[str, Any]]
    rows: int
    client: str = ""
    pipeline: str = ""
    spent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def timed(self, verb: str, call: Awaitable[Any]) -> Any:
        """What the call answers; how long it took is kept."""
        began = time.perf_counter()
        answer = await call
        self.spent[verb].append(1000 * (time.perf_counter() - began))
        return answer

    async def prepare(self) -> None:
        """A client and a pipeline of two computed steps."""
        await self.db.call("sync_registry", workflows=registry_rows())
        self.client = (await self.db.call("create_client", name=f"Growth {uuid4()}", actor="bench"))["uid"]
        args = {"name": "Two steps", "upload_kind": "people", "steps": self.steps[:2], "actor": "bench"}
        self.pipeline = (await self.db.call("create_pipeline", client=self.client, **args))["uid"]

    async def round(self) -> None:
        """One batch from its launch to its end, a callback that nobody waits for, and the pages."""
        upload = str(await blob_upload(self.pg, self.client, self.rows))
        batch = await self.timed("launch", batches.launch(self.db, upload, self.pipeline, actor="bench"))
        for _ in range(8):
            await self.timed("turn: advance and fill", self.db.call("advance_completed_items", limit=2_000))
            slugs = [step["workflow"] for step in self.steps]
            dispatched = await self.timed(
                "turn: dispatch", self.db.call("dispatch_pending_items", limit=4_000, chunk_size=1_000, workflows=slugs)
            )
            for chunk in dispatched["chunks"]:
                await self._work_off(chunk["chunk_id"])
            if (await batches.status(self.db, batch["batch"]))["state"] == "COMPLETED":
                break
        await self.timed("turn: fold counts", self.db.call("fold_tallies"))
        await self.timed("turn: reap", self.db.call("reap_expired", limit=2_000))
        await self._answer()
        await self._look(batch["batch"])

    async def _work_off(self, chunk_id: str) -> None:
        chunk = await self.timed("claim", self.db.call("claim_chunk", chunk=chunk_id, claimer=uuid4(), holder=None))
        done = [
            {
                "state_id": item["state_id"],
                "attempt": item["attempt"],
                "parsed": {"blob": "y" * 450},
                "source": "computed",
            }
            for item in chunk["items"]
        ]
        if done:
            await self.timed("complete", self.db.call("complete_items", items=done))

    async def _answer(self) -> None:
        stored = await self.db.call(
            "receive_callback", workflow=PAID, client_id=None, body='{"status": "success"}', request=uuid4(),
            item=uuid4(), step=0, attempt=1,
        )  # fmt: skip
        outcome = {"parsed": {}, "status": "found"}
        await self.timed("callback", self.db.call("settle_callback", inbox=stored["inbox_id"], outcome=outcome))

    async def _look(self, batch: str) -> None:
        await self.timed("page: batch", insights.batch(self.db, batch))
        listed = insights.batches(self.db, client_uid=None, state=None, search=None, after=None, limit=50)
        await self.timed("page: batches", listed)
        await self.timed("page: health", insights.health(self.db))
        logged = insights.audit_log(self.db, client_uid=None, actor=None, action=None, after=None, limit=50)
        await self.timed("page: audit log", logged)


async def main() -> None:
    """Fill one stack, measure in turns, keep the results."""
    given = options(__doc__, rows=(1_000, 200), batches=(200, 4), small=(4_522, 200), big=(100_000, 500))
    rounds = given.rounds if given.quick else max(given.rounds, 9)
    steps = register_trivial_steps()
    async with throw_away_stack() as (old_db, old_pg):
        await sync_catalogue(old_db)
        url = settings().database_url
        assert url is not None
        counts = await seed(url.get_secret_value(), Size(batches=given.batches, small=given.small, big=given.big))
        async with throw_away_stack() as (new_db, new_pg):
            await sync_catalogue(new_db)
            old, new = (Contestant(db, pg, steps, given.rows) for db, pg in ((old_db, old_pg), (new_db, new_pg)))
            for one in (old, new):
                await one.prepare()
                await one.round()  # the first round meets cold caches and plans
                one.spent.clear()
            for number in range(rounds):
                for one in (old, new) if number % 2 else (new, old):
                    await one.round()
    results = Results("growth", quick=given.quick)
    for verb, times in old.spent.items():
        pairs = min(len(times), len(new.spent[verb]))
        results.add(
            compared(
                verb,
                "ms",
                "empty database",
                times[:pairs],
                new.spent[verb][:pairs],
                wanted="≤ 1.15",
                notes={"states": counts["workflow_states"], "batches": counts["batches"]},
            )
        )
    results.close()


if __name__ == "__main__":
    asyncio.run(main())
