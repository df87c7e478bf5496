"""What a fully enriched row takes in the database: while its batch lives, after its copies are emptied, and archived.

    python -m bench.storage [--rows 1000]

Made-up people go through all seven steps against the Clay sandbox, whose answers are as large as real ones. Sizes are
those of tables with their indexes, freshly packed (`vacuum full`), per row of the upload.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import tempfile
import time
from pathlib import Path

import asyncpg

from app.db import connect_database
from app.engine import batches
from app.engine.retention.archive import archive_batch
from app.engine.retention.tidying import tidy_up
from app.intake import ingest
from app.local.postgres.cluster import free_port
from app.local.samples.files import write_people
from app.settings import settings
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from app.setup.pipelines import create_pipeline
from functions.console.engine import running_engine
from functions.console.processes import Processes
from functions.console.seed import configure_sandbox

STEPS = (
    *("split_raw", "normalize_name", "normalize_domain", "enrich_company_clay", "enrich_person_clay"),
    *("extract_work_history", "consolidate_lead"),
)
SHOWN_BYTES = 100
SIZES = """
select c.relname as name, pg_total_relation_size(c.oid) as bytes from pg_class c
where c.relnamespace in ('public'::regnamespace, 'leadloom'::regnamespace) and c.relkind = 'r' order by 2 desc
"""


async def sizes(pg: asyncpg.Connection) -> dict[str, int]:
    """Bytes by table, packed."""
    await pg.execute("vacuum full")
    return dict(await pg.fetch(SIZES))


async def measure(rows: int) -> None:
    """Enrich, measure, tidy up, measure."""
    with tempfile.TemporaryDirectory(prefix="leadloom-bench-", ignore_cleanup_errors=True) as folder:
        os.environ |= {"LEADLOOM_HOME": folder, "LEADLOOM_LOG": "text"}
        processes = Processes(Path(folder))
        await processes.start("stack")
        await processes.start("clay-sandbox", "--rate", "400", "--burst", "800")
        await processes.start("web", "--port", str(free_port()))
        url = settings().database_url
        assert url is not None
        pg = await asyncpg.connect(url.get_secret_value())
        try:
            async with connect_database() as db:
                await sync_catalogue(db)
                empty = await sizes(pg)
                client = (await create_client(db, "Storage", actor="bench"))["uid"]
                await configure_sandbox(db, client, settings().clay_sandbox_url or "")
                file = io.BytesIO()
                write_people(file, rows)
                upload = await ingest.ingest(db, file.getvalue(), client=client, filename="p.csv", actor="bench")
                steps = [{"workflow": name} for name in STEPS]
                made = await create_pipeline(db, client, "All", "people", steps, actor="bench")
                async with running_engine(db):
                    batch = (await batches.launch(db, upload.uid, made["uid"], actor="bench"))["batch"]
                    numbers = await batches.wait_for(db, batch, timeout_s=1800)
                print(f"{rows:,} rows of {len(file.getvalue()) // rows:,} bytes: {numbers['completed']:,} completed")
                full = await sizes(pg)
                await pg.execute("update batches set finished_at = finished_at - interval '2 days' where true")
                began = time.monotonic()
                await tidy_up(db, time.monotonic() + 600)
                spent = time.monotonic() - began
                tidied = await sizes(pg)
                archive = await archive_batch(db, Path(folder) / "archive", batch, actor="bench")
                archived = await sizes(pg)
        finally:
            await pg.close()
            await processes.stop()
    print(
        f"copies of {rows:,} rows emptied in {spent:.1f} s\n"
        f"\narchived: {archive.byte_size / rows:,.0f} bytes a row in {archive.files} files"
        "\n\n| table | running | emptied | archived |\n|---|---|---|---|"
    )
    for name in sorted(full, key=lambda table: -full[table]):
        figures = [(size.get(name, 0) - empty.get(name, 0)) / rows for size in (full, tidied, archived)]
        if figures[0] >= SHOWN_BYTES:
            print(f"| `{name}` | " + " | ".join(f"{figure:,.0f}" for figure in figures) + " |")
    totals = [(sum(size.values()) - sum(empty.values())) / rows for size in (full, tidied, archived)]
    print("| together | " + " | ".join(f"{total:,.0f}" for total in totals) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    asyncio.run(measure(parser.parse_args().rows))
