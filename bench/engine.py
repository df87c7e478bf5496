"""Throughput of the engine: item-steps a second through the real gateway, against a bare SQL loop in the same run.

    python -m bench.engine [--rows 20000]

Five trivial compute steps, registered here only, each with about 500 bytes of JSON in and out. Everything else is as in
`leadloom run`: the stack is a process of its own, the engine and its workers are this one. The bare loop is one plpgsql
block that claims one row per step, completes it, and inserts its result and its next step, with no HTTP, no leases, no
counters and no audit, and a commit per hundred; it is what the engine's figure is divided by.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import uvloop

from app.db import Database
from app.engine import batches
from app.workflow import ComputeWorkflow, Fields
from app.workflows import register, registry_rows
from bench.stack import throw_away_stack
from functions.console.engine import running_engine

STEPS = 5
BARE_LOOP = """
do $$
declare
  v_row bench_state;
  v_done int := 0;
begin
  loop
    select * into v_row from bench_state where status = 'PENDING' order by id limit 1 for update skip locked;
    exit when not found;
    update bench_state set status = 'COMPLETED', attempt = attempt + 1 where id = v_row.id;
    insert into bench_result values (v_row.item, v_row.step, jsonb_build_object('blob', repeat('y', 450)));
    if v_row.step < {steps} then
      insert into bench_state (item, step, status, attempt) values (v_row.item, v_row.step + 1, 'PENDING', 0);
    end if;
    v_done := v_done + 1;
    if v_done % 100 = 0 then
      commit;
    end if;
  end loop;
end
$$
"""


class Blob(Fields):
    """About 500 bytes, in and out."""

    blob: str | None = None


def register_trivial_steps() -> list[dict[str, Any]]:
    """Register the benchmark's steps; returns them as a pipeline's steps."""
    slugs = [f"bench_{n}" for n in range(STEPS)]
    for slug in slugs:
        register(
            ComputeWorkflow(
                slug=slug, title=slug, Input=Blob, Output=Blob, run=lambda row: Blob(blob=row.blob or "y" * 450)
            )
        )
    return [{"workflow": slug} for slug in slugs]


async def make_upload(pg: asyncpg.Connection, client: str, rows: int) -> UUID:
    """An upload of `rows` rows of about 500 bytes, made in SQL: ingest has a benchmark of its own."""
    upload: asyncpg.Record = await pg.fetchrow(
        """insert into uploads (client_id, kind, filename, sha256, byte_size, row_count, state, mapping)
           select id, 'people', 'bench.csv', repeat('a', 64), 1, $2, 'READY', '{"email": "Email"}' from clients
           where uid = $1::uuid returning id, uid""",
        client,
        rows,
    )
    await pg.execute(
        """insert into raw_apollo_uploads
           select $1, g, jsonb_build_object('Email', 'p' || g || '@example.test', 'Blob', repeat('x', 450))
           from generate_series(1, $2::int) g""",
        upload["id"],
        rows,
    )
    return UUID(str(upload["uid"]))


async def measure_engine(db: Database, pg: asyncpg.Connection, steps: list[dict[str, Any]], rows: int) -> float:
    """Item-steps a second from launch to the batch's end; fails if the books do not add up."""
    await db.call("sync_registry", workflows=registry_rows())
    client = (await db.call("create_client", name=f"Bench {uuid4()}", actor="bench"))["uid"]
    pipeline = await db.call(
        "create_pipeline", client=client, name="Trivial", upload_kind="people", steps=steps, actor="bench"
    )
    upload = await make_upload(pg, client, rows)
    started = time.perf_counter()
    async with running_engine(db):
        batch = (await batches.launch(db, str(upload), pipeline["uid"], actor="bench"))["batch"]
        numbers = await batches.wait_for(db, batch, every_s=0.1)
    seconds = time.perf_counter() - started
    assert numbers["completed"] == rows, numbers
    assert await batches.audit(db, batch) == []
    return rows * STEPS / seconds


async def measure_bare_loop(pg: asyncpg.Connection, rows: int) -> float:
    """Item-steps a second of the bare SQL loop."""
    await pg.execute(
        """create table bench_state (
             id bigint generated always as identity primary key, item int, step int, status text, attempt int);
           create index on bench_state (id) where status = 'PENDING';
           create table bench_result (item int, step int, data jsonb, primary key (item, step))"""
    )
    await pg.execute(
        """insert into bench_state (item, step, status, attempt)
           select g, 1, 'PENDING', 0 from generate_series(1, $1::int) g""",
        rows,
    )
    started = time.perf_counter()
    await pg.execute(BARE_LOOP.format(rows=rows, steps=STEPS))
    seconds = time.perf_counter() - started
    await pg.execute("drop table bench_state, bench_result")
    return rows * STEPS / seconds


async def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    steps = register_trivial_steps()
    async with throw_away_stack() as (db, pg):
        print("| run | engine, item-steps/s | bare SQL loop, item-steps/s | ratio |\n|---|---|---|---|")
        for run in range(1, args.runs + 1):
            bare = await measure_bare_loop(pg, args.rows)
            engine = await measure_engine(db, pg, steps, args.rows)
            print(f"| {run} | {engine:,.0f} | {bare:,.0f} | {engine / bare:.2f} |")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
