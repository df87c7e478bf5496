"""pgqueuer: five entry points in a chain; a job's result and the next step's job are one transaction.

Run by `bench.peers.run` in an environment that has pgqueuer: `python pgqueuer_peer.py DSN ROWS` on an empty database;
prints item-steps a second.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from datetime import timedelta
from typing import Any

import asyncpg
from pgqueuer import PgQueuer, Queries

STEPS = 5
PORTION = 500
AT_ONCE = 100


def entry_point(queue: Any, results: asyncpg.Pool, step: int) -> None:
    """Register one step: about 500 bytes in and out."""

    async def run(job: Any) -> None:
        row = json.loads(job.payload)
        body = json.dumps({**row, "email": row["email"].lower(), "step": step}).encode()
        async with results.acquire() as connection, connection.transaction():
            await connection.execute(
                "insert into result values ($1, $2, $3::text::jsonb)", row["item"], step, body.decode()
            )
            if step < STEPS:
                await Queries.from_asyncpg_connection(connection).enqueue(f"step{step + 1}", body)

    queue.entrypoint(f"step{step}")(run)


async def main(dsn: str, rows: int) -> None:
    """Install, enqueue, work everything off."""
    connection = await asyncpg.connect(dsn)
    queries = Queries.from_asyncpg_connection(connection)
    await queries.install()
    await connection.execute("create table result (item int, step int, data jsonb, primary key (item, step))")
    async with (
        asyncpg.create_pool(dsn, min_size=2, max_size=8) as jobs,
        asyncpg.create_pool(dsn, min_size=2, max_size=8) as results,
    ):
        queue = PgQueuer.from_asyncpg_pool(jobs)
        for step in range(1, STEPS + 1):
            entry_point(queue, results, step)
        began = time.perf_counter()
        for first in range(0, rows, PORTION):
            items = range(first, min(rows, first + PORTION))
            bodies = [json.dumps({"item": n, "email": f"P{n}@Example.test", "blob": "x" * 450}).encode() for n in items]
            await queries.enqueue(["step1"] * len(bodies), bodies, [0] * len(bodies))
        running = asyncio.create_task(queue.run(dequeue_timeout=timedelta(seconds=0.1), batch_size=AT_ONCE))
        while await connection.fetchval("select count(*) from result where step = $1", STEPS) < rows:  # noqa: ASYNC110 -- PostgreSQL sets no event
            await asyncio.sleep(0.1)
        seconds = time.perf_counter() - began
        queue.shutdown.set()
        await asyncio.wait([running], timeout=5)
    await connection.close()
    print(rows * STEPS / seconds)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
