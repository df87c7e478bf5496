"""The worker for whole files: reads uploads that came in pieces, compares rows, makes long exports.

A Modal function of its own, because such work outlasts a web request by far. The engine starts it when jobs are due;
what they are is read from Postgres. A call that is delivered twice, killed or timed out loses nothing: the next one
goes on.
"""

from __future__ import annotations

from app.db import connect_database
from functions.modal_app import REGION, app
from functions.preload import part, preload

__all__ = ["work_on_files"]


@app.function(
    cpu=1.0,
    memory=1024,
    max_containers=3,
    timeout=3600,
    retries=0,
    region=REGION,
    env=part("work_on_files"),
    enable_memory_snapshot=True,
)
async def work_on_files() -> int:
    """Take file jobs until none is due; returns how many there were."""
    from app.engine.file_jobs import work_off  # noqa: PLC0415 -- only its own containers read files

    async with connect_database() as db:
        return await work_off(db)


preload("work_on_files", "app.engine.file_jobs", "app.intake.ingest", "app.intake.row_keys", "app.results.customers")
