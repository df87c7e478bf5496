"""Rows of a paid step, sent by the real engine to a sink: the ground of `bench.sends` and `bench.callbacks`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import orjson

from app.db import Database
from app.engine import batches
from app.intake import ingest
from app.local.postgres.cluster import free_port
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from app.setup.configs import save_workflow_config
from app.setup.pipelines import create_pipeline
from bench.sink import Sink, running_sink
from bench.stack import throw_away_stack
from functions.console.engine import running_engine

__all__ = ["Paid", "Sent", "paid_stack"]

PATIENCE_S = 300.0
FAST = {"rate_per_second": 10_000, "burst": 100_000}
HEADER = "First Name,Last Name,Email,Person Linkedin Url\n"
ANSWER = orjson.dumps({"status": "success", "person": {"name": "Ada Example", "title": "CEO", "notes": "x" * 350}})
"""What a row is answered with."""


@dataclass
class Sent:
    """A batch whose rows are out.

    Attributes:
        batch: its uid.
        urls: where each row's answer goes.
        seconds: from the launch until the last row was with the sink.
    """

    batch: str
    urls: list[str]
    seconds: float


@dataclass
class Paid:
    """A stack with a client whose table is the sink."""

    db: Database
    pg: asyncpg.Connection
    sink: Sink
    client: str
    pipeline: str
    batches: int = 0

    async def send(self, rows: int) -> Sent:
        """Launch a batch of so many people, and wait until the engine has sent them all."""
        self.batches += 1
        name = f"b{self.batches}"
        people = "".join(
            f"Ada{n},Example{n},a{n}@{name}-{n}.com,https://www.linkedin.com/in/{name}-ada-{n}\n" for n in range(rows)
        )
        upload = await ingest.ingest(
            self.db,
            (HEADER + people).encode(),
            client=self.client,
            kind="people",
            filename=f"{name}.csv",
            actor="bench",
        )
        urls: list[str] = []
        began = time.perf_counter()
        async with running_engine(self.db), asyncio.timeout(PATIENCE_S):
            batch = (await batches.launch(self.db, upload.uid, self.pipeline, actor="bench"))["batch"]
            while len(urls) < rows:
                await asyncio.sleep(0.05)
                urls += await self.sink.take()
            seconds = time.perf_counter() - began
        return Sent(str(batch), urls, seconds)


@asynccontextmanager
async def paid_stack() -> AsyncIterator[Paid]:
    """A throw-away stack with such a client, and a sink; there is an address that answers may come to."""
    async with throw_away_stack() as (db, pg), running_sink() as sink:
        # Addresses of this machine are acceptable only where a sandbox stands in for Clay.
        os.environ["CLAY_SANDBOX_URL"] = sink.url
        os.environ["PUBLIC_URL"] = f"http://127.0.0.1:{free_port()}"
        await sync_catalogue(db)
        client = (await create_client(db, "Bench", actor="bench"))["uid"]
        config = {"webhook_url": f"{sink.url}/webhook", **FAST}
        await save_workflow_config(db, client, "enrich_person_clay", config, actor="bench")
        steps = [{"workflow": "split_raw"}, {"workflow": "enrich_person_clay"}]
        pipeline = await create_pipeline(db, client, "Paid", "people", steps, actor="bench")
        yield Paid(db, pg, sink, client, pipeline["uid"])
