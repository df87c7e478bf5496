"""Throughput of the engine: item-steps a second through the real gateway, against references of the same run.

    python -m bench.engine [--rows 20000] [--rounds 3] [--quick]

Five trivial compute steps, registered here only, with about 500 bytes of JSON in and out, against the set-based SQL
loop (`bench/set_loop.py`); and the real computed steps over a made-up export of 75 columns, against the same functions
over the same rows in plain Python on one core. Everything else is as in `leadloom run`: the stack is a process of its
own, the engine and its workers are this one.
"""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvloop

from app.db import Database
from app.engine import batches
from app.intake.headers import match_headers
from app.local.samples.files import write_people
from app.workflow import ComputeWorkflow, Fields
from app.workflows import register, registry, registry_rows
from bench.kit.options import options
from bench.kit.results import Results, compared
from bench.kit.rounds import in_turns
from bench.set_loop import STEPS, measure_set_loop
from bench.stack import throw_away_stack
from functions.console.engine import running_engine

REAL_STEPS: list[dict[str, Any]] = [{"workflow": slug} for slug in ("split_raw", "normalize_name", "normalize_domain")]


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


@cache
def people(rows: int) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The cells of a made-up export, and which column is which field, as an upload would find it."""
    file = io.BytesIO()
    write_people(file, rows)
    lines = csv.DictReader(io.StringIO(file.getvalue().decode("utf-8-sig")))
    return list(lines), match_headers(list(lines.fieldnames or ())).mapping


async def upload_of(pg: asyncpg.Connection, client: str, rows: int, mapping: dict[str, str]) -> asyncpg.Record:
    """An upload without its rows: ingest has a benchmark of its own."""
    upload: asyncpg.Record = await pg.fetchrow(
        """insert into uploads (client_id, kind, filename, sha256, byte_size, row_count, state, mapping)
           select id, 'people', 'bench.csv', encode(sha256(gen_random_uuid()::text::bytea), 'hex'), 1, $2, 'READY',
                  $3::text::jsonb
           from clients where uid = $1::uuid returning id, uid""",
        client,
        rows,
        orjson.dumps(mapping).decode(),
    )
    return upload


async def people_upload(pg: asyncpg.Connection, client: str, rows: int) -> UUID:
    """An upload of `people`."""
    cells, mapping = people(rows)
    upload = await upload_of(pg, client, rows, mapping)
    records = [(upload["id"], number, orjson.dumps(row).decode()) for number, row in enumerate(cells, 1)]
    await pg.copy_records_to_table("raw_apollo_uploads", records=records, columns=["upload_id", "row_number", "data"])
    return UUID(str(upload["uid"]))


async def blob_upload(pg: asyncpg.Connection, client: str, rows: int) -> UUID:
    """An upload of `rows` rows of about 500 bytes."""
    upload = await upload_of(pg, client, rows, {"email": "Email"})
    await pg.execute(
        """insert into raw_apollo_uploads
           select $1, g, jsonb_build_object('Email', 'p' || g || '@example.test', 'Blob', repeat('x', 450))
           from generate_series(1, $2::int) g""",
        upload["id"],
        rows,
    )
    return UUID(str(upload["uid"]))


Upload = Callable[[asyncpg.Connection, str, int], Awaitable[UUID]]


async def measure_engine(
    db: Database, pg: asyncpg.Connection, steps: list[dict[str, Any]], rows: int, make_upload: Upload = blob_upload
) -> float:
    """Item-steps a second from launch to the batch's end; fails if the books do not add up."""
    await db.call("sync_registry", workflows=registry_rows())
    client = (await db.call("create_client", name=f"Bench {uuid4()}", actor="bench"))["uid"]
    pipeline = await db.call(
        "create_pipeline", client=client, name="Bench", upload_kind="people", steps=steps, actor="bench"
    )
    upload = await make_upload(pg, client, rows)
    started = time.perf_counter()
    async with running_engine(db):
        batch = (await batches.launch(db, str(upload), pipeline["uid"], actor="bench"))["batch"]
        numbers = await batches.wait_for(db, batch, every_s=0.1)
    seconds = time.perf_counter() - started
    assert numbers["completed"] == rows, numbers
    assert await batches.audit(db, batch) == []
    return rows * len(steps) / seconds


async def measure_python(rows: int) -> float:
    """Item-steps a second of the same functions over the same rows, one after the other on one core."""
    steps = [registry()[step["workflow"]] for step in REAL_STEPS]
    cells, mapping = people(rows)
    began = time.perf_counter()
    for original in cells:
        fields: dict[str, Any] = {}
        for workflow in steps:
            assert isinstance(workflow, ComputeWorkflow)
            parsed, identity = workflow.execute(fields, original, mapping)
            fields |= parsed | (identity or {})
    return rows * len(steps) / (time.perf_counter() - began)


async def main() -> None:
    """Measure in turns, and keep the results."""
    given = options(__doc__, rows=(20_000, 500))
    results = Results("engine", quick=given.quick)
    steps = register_trivial_steps()
    async with throw_away_stack() as (db, pg):
        trivial = await in_turns(
            given.rounds,
            {
                "engine": lambda: measure_engine(db, pg, steps, given.rows),
                "set loop": lambda: measure_set_loop(pg, given.rows),
            },
        )
        results.add(
            compared(
                "five trivial steps",
                "item-steps/s",
                "set-based SQL loop",
                trivial["engine"],
                trivial["set loop"],
                wanted="≥ 0.9",
                notes={"rows": given.rows},
            )
        )
        real = await in_turns(
            given.rounds,
            {
                "engine": lambda: measure_engine(db, pg, REAL_STEPS, given.rows, people_upload),
                "python": lambda: measure_python(given.rows),
            },
        )
        results.add(
            compared(
                "the real computed steps",
                "item-steps/s",
                "pure Python on one core",
                real["engine"],
                real["python"],
                wanted="≥ 0.6",
                notes={"rows": given.rows},
            )
        )
    results.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
