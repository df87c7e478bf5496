"""The console commands about results: extract them again, export them.

They talk to whatever project the settings name, embedded or hosted; `--json` prints one object for programs.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from app.db import connect_database
from app.engine.replay import BatchExtraction, extract_batches
from app.results.exports import export_batch
from app.text.numbers import plural
from functions.console.batches import ACTOR, Batch, Json, progress_bar
from functions.console.output import console, print_json

__all__ = ["export", "extract"]


def extract(
    batch: Annotated[list[UUID], typer.Argument(help="The batches' ids, as `leadloom launch` printed them.")],
    *,
    as_json: Json = False,
) -> None:
    """Extract leads and work histories again from stored answers. Makes no paid calls."""
    done = asyncio.run(_extract([str(one) for one in batch]))
    if as_json:
        print_json([asdict(report) | {"changed": report.changed} for report in done])
        return
    for report in done:
        console.print(
            f"Batch [bold]{report.batch}[/]: {plural(report.done, 'row')} extracted; "
            f"{plural(report.leads_new, 'new lead')}, {report.leads_changed:,} changed; "
            f"{plural(report.positions_new, 'new position')}, {report.positions_changed:,} changed, "
            f"{report.positions_removed:,} removed; {plural(report.with_doubts, 'row')} with unreadable values."
        )


async def _extract(batches: list[str]) -> list[BatchExtraction]:
    async with connect_database() as db:
        with progress_bar() as bar:
            tasks: dict[str, Any] = {}

            def show(report: BatchExtraction) -> None:
                if report.batch not in tasks:
                    tasks[report.batch] = bar.add_task(f"extracting {report.batch[:8]}", total=report.total)
                bar.update(tasks[report.batch], completed=report.done)

            return await extract_batches(db, batches, show, actor=ACTOR)


def export(
    batch: Batch,
    *,
    out: Annotated[Path, typer.Option(help="The CSV file to write; its manifest is written next to it.")],
    columns: Annotated[str | None, typer.Option(help="Lead columns, separated by commas; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Write every uploaded row of a batch as CSV: original columns, outcome, results, and why a row failed."""

    async def write() -> dict[str, Any]:
        async with connect_database() as db:
            wanted = [name.strip() for name in columns.split(",") if name.strip()] if columns else None
            return (await export_batch(db, str(batch), out, wanted)).manifest

    manifest = asyncio.run(write())
    if as_json:
        print_json(manifest)
    else:
        console.print(
            f"{out}: {manifest['uploaded']:,} uploaded = {manifest['delivered']:,} delivered + "
            f"{manifest['failed']:,} failed + {manifest['waiting']:,} waiting."
        )
