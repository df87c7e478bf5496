"""The reference for the engine: the least that PostgreSQL must do when every step of every item is a row.

One process, one connection, no HTTP, no leases, no batches, no counters: claim a chunk of due steps, compute them in
Python, and in one statement store the results, end the steps and insert the next ones. Items, results and states are
JSON in and JSON out, about 500 bytes each, in sets of `CHUNK` rows. Plans are pinned to keyed nested loops, which is
what fits at this size whatever the statistics say.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

__all__ = ["CHUNK", "STEPS", "measure_set_loop"]

STEPS = 5
CHUNK = 5_000
TABLES = """
    create schema bench_loop;
    create table bench_loop.item (id bigint generated always as identity primary key, data jsonb not null);
    create table bench_loop.state (
      item bigint not null, step smallint not null, status text not null, attempt smallint not null default 0,
      changed_at timestamptz not null default now(), advanced_at timestamptz, primary key (item, step));
    create index on bench_loop.state (step, item) where status = 'PENDING';
    create table bench_loop.result (item bigint not null, step smallint not null, data jsonb not null,
                                    primary key (item, step));
"""
CLAIM = """
    with due as materialized (
      select item, step from bench_loop.state where status = 'PENDING' order by step, item limit $1
      for update skip locked),
    claimed as materialized (
      update bench_loop.state s set status = 'IN_PROGRESS', attempt = attempt + 1, changed_at = now()
      from due where s.item = due.item and s.step = due.step returning s.item, s.step)
    select jsonb_agg(jsonb_build_object('item', c.item, 'step', c.step, 'data', coalesce(r.data, i.data)))::text
    from claimed c
    left join lateral (select data from bench_loop.result where item = c.item and step = c.step - 1) r on true
    left join lateral (select data from bench_loop.item where c.step = 1 and id = c.item) i on true
"""
COMPLETE = f"""
    with done as materialized (
      select * from jsonb_to_recordset($1::text::jsonb) as d (item bigint, step smallint, data jsonb)),
    stored as (insert into bench_loop.result select item, step, data from done),
    following as (
      insert into bench_loop.state (item, step, status) select item, step + 1, 'PENDING' from done where step < {STEPS})
    update bench_loop.state s set status = 'COMPLETED', changed_at = now(), advanced_at = now()
    from done where s.item = done.item and s.step = done.step and s.status = 'IN_PROGRESS'
"""
PINNED = ("hashjoin", "mergejoin", "seqscan", "bitmapscan", "material", "sort")


def compute(data: dict[str, Any]) -> dict[str, Any]:
    """The trivial step: about 500 bytes in and out."""
    return {**data, "step": data.get("step", 0) + 1, "email": data["email"].lower()}


@asynccontextmanager
async def _filled(pg: asyncpg.Connection, items: int) -> AsyncIterator[None]:
    """Tables with so many items, none of them begun; gone in the end."""
    await pg.execute(TABLES)
    try:
        await pg.execute(
            """insert into bench_loop.item (data)
               select jsonb_build_object('email', 'P' || g || '@Example.test', 'blob', repeat('x', 450))
               from generate_series(1, $1::int) g""",
            items,
        )
        await pg.execute("vacuum analyze bench_loop.item")
        for node in PINNED:
            await pg.execute(f"set enable_{node} = off")
        await pg.execute("set jit = off")
        yield
    finally:
        for node in PINNED:
            await pg.execute(f"reset enable_{node}")
        await pg.execute("reset jit; drop schema bench_loop cascade")


async def measure_set_loop(pg: asyncpg.Connection, items: int) -> float:
    """Item-steps a second, from the first state's insert to the last step's end."""
    async with _filled(pg, items):
        claim, complete = await pg.prepare(CLAIM), await pg.prepare(COMPLETE)
        began = time.perf_counter()
        await pg.execute(
            "insert into bench_loop.state (item, step, status) select id, 1, 'PENDING' from bench_loop.item"
        )
        while text := await claim.fetchval(CHUNK):
            rows = [{**row, "data": compute(row["data"])} for row in orjson.loads(text)]
            await complete.fetch(orjson.dumps(rows).decode())
        seconds = time.perf_counter() - began
        assert await pg.fetchval("select count(*) from bench_loop.result") == items * STEPS
    return items * STEPS / seconds
