"""`leadloom demo`: a thousand made-up leads through the real thing, and then the books are checked.

A temporary stack (database, gateway, web receivers, Clay sandbox) runs as processes of their own, as in `leadloom run`;
the engine runs in this one. Nothing of it touches the stack under `.leadloom/`.
"""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from app.db import Database, connect_database
from app.engine import batches
from app.intake import ingest
from app.local.postgres.cluster import free_port
from app.local.samples.files import write_people
from app.settings import Settings, settings
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from app.setup.pipelines import create_pipeline
from app.text.numbers import plural
from functions.console.batches import ACTOR, Json, progress_bar, watch
from functions.console.engine import LOCAL_PACE, running_engine
from functions.console.options import whole
from functions.console.output import console, print_json, table
from functions.console.processes import Processes
from functions.console.seed import configure_sandbox

__all__ = ["demo"]

CALLBACK_TIMEOUT_S = 45
"""How long the demo waits for a callback: past the sandbox's slow answers, short enough to see `never` fail."""


REFUSED_CALLS = 0.02
"""With an odd sandbox, the share of calls that Supabase's stand-in refuses for a moment."""


class Pipeline(StrEnum):
    """Which steps the demo runs."""

    full = "full"
    compute = "compute"


class Sandbox(StrEnum):
    """How the Clay sandbox behaves."""

    well = "well"
    misbehaving = "misbehaving"
    odd = "odd"


@dataclass
class Summary:
    """What a demo came to; `not_found` counts steps, and `audit` is empty when the books add up."""

    rows: int
    completed: int
    not_found: int
    failed: int
    waiting: int
    item_steps: int
    seconds: float
    item_steps_per_second: float
    ingest_rows_per_second: float
    sent: int
    callbacks: int
    verdicts: dict[str, int]
    failures: dict[str, int]
    holds: list[dict[str, Any]]
    audit: list[dict[str, Any]]
    sandbox: dict[str, Any]
    batch: str

    @property
    def accounted_for(self) -> bool:
        """Whether every row ended, and the books add up."""
        return self.completed + self.failed == self.rows and not self.waiting and not self.audit


def demo(
    rows: Annotated[int, typer.Option(help="Number of leads.", parser=whole(1, 1_000_000), metavar="ROWS")] = 1_000,
    pipeline: Annotated[Pipeline, typer.Option(help="With paid steps (full) or without (compute).")] = Pipeline.full,
    sandbox: Annotated[Sandbox, typer.Option(help="How the stand-in for Clay behaves.")] = Sandbox.well,
    as_json: Json = False,
) -> None:
    """Push made-up leads through a pipeline on a temporary stack; exits 1 unless every row is accounted for."""
    with tempfile.TemporaryDirectory(prefix="leadloom-demo-", ignore_cleanup_errors=True) as folder:
        os.environ["LEADLOOM_HOME"] = folder
        for name in (*(field.upper() for field in Settings.model_fields), "LEADLOOM_SIGNING_KEY"):
            os.environ.pop(name, None)
        summary = asyncio.run(_demo(Path(folder), rows, pipeline, sandbox))
    if as_json:
        print_json(asdict(summary))
    else:
        _print(summary)
    if not summary.accounted_for:
        raise typer.Exit(1)


async def _demo(folder: Path, rows: int, pipeline: Pipeline, sandbox: Sandbox) -> Summary:
    processes = Processes(folder, {"LEADLOOM_LOG": "text"})
    with console.status("Starting a temporary stack"):
        await processes.start("stack", *(("--refuse", str(REFUSED_CALLS)) if sandbox is Sandbox.odd else ()))
        await processes.start("clay-sandbox", "--mode", sandbox.value, "--rate", "200", "--burst", "400")
        await processes.start("web", "--port", str(free_port()))
    try:
        async with connect_database() as db:
            return await _run(db, rows, pipeline)
    finally:
        await processes.stop()


async def _run(db: Database, rows: int, pipeline: Pipeline) -> Summary:
    await sync_catalogue(db)
    client = (await create_client(db, "Demo client", actor=ACTOR))["uid"]
    sandbox_url = settings().clay_sandbox_url or ""
    await configure_sandbox(db, client, sandbox_url)
    upload, ingest_seconds = await _ingest(db, client, rows)
    steps: list[dict[str, Any]] = [{"workflow": w} for w in ("split_raw", "normalize_name", "normalize_domain")]
    if pipeline is Pipeline.full:
        timeout = {"timeout_s": CALLBACK_TIMEOUT_S, "retry_delay_s": 1, "max_attempts": 8}
        steps += [{"workflow": w, "settings": timeout} for w in ("enrich_company_clay", "enrich_person_clay")]
    made = await create_pipeline(db, client, f"Demo {pipeline.value}", "people", steps, actor=ACTOR)
    started = time.monotonic()
    async with running_engine(db, LOCAL_PACE):
        batch = (await batches.launch(db, upload, made["uid"], actor=ACTOR))["batch"]
        numbers = await watch(db, batch)
    seconds = time.monotonic() - started
    facts = await batches.facts(db, batch)
    async with httpx.AsyncClient() as http:
        stats = (await http.get(f"{sandbox_url}/stats", params={"rows": "false"})).json()
    return Summary(
        rows=rows,
        completed=numbers["completed"],
        not_found=numbers["not_found"],
        failed=numbers["failed"],
        waiting=numbers["active"],
        item_steps=numbers["item_steps"],
        seconds=round(seconds, 2),
        item_steps_per_second=round(numbers["item_steps"] / seconds, 1),
        ingest_rows_per_second=round(rows / ingest_seconds, 1),
        sent=numbers["sent"],
        callbacks=sum(facts["callbacks"].values()),
        verdicts=facts["callbacks"],
        failures=facts["failures"],
        holds=numbers["holds"],
        audit=await batches.audit(db, batch),
        sandbox=stats,
        batch=batch,
    )


async def _ingest(db: Database, client: str, rows: int) -> tuple[str, float]:
    file = io.BytesIO()
    write_people(file, rows)
    started = time.monotonic()
    with progress_bar() as bar:
        task = bar.add_task("uploading", total=rows)
        upload = await ingest.ingest(
            db,
            file.getvalue(),
            client=client,
            kind="people",
            filename="demo.csv",
            actor=ACTOR,
            on_progress=lambda done, _total: bar.update(task, completed=done),
        )
    return upload.uid, time.monotonic() - started


def _print(summary: Summary) -> None:
    rows = [
        ["rows", f"{summary.rows:,}"],
        ["completed", f"{summary.completed:,}"],
        ["steps that found nothing", f"{summary.not_found:,}"],
        ["failed", f"{summary.failed:,}"],
        ["sent to the sandbox", f"{summary.sent:,}"],
        ["callbacks", f"{summary.callbacks:,}"],
        ["item-steps per second", f"{summary.item_steps_per_second:,}"],
        ["uploaded rows per second", f"{summary.ingest_rows_per_second:,}"],
        ["seconds", f"{summary.seconds:,}"],
    ]
    console.print(table(["", "what happened"], rows))
    for kind, counts in (("callbacks", summary.verdicts), ("failures", summary.failures)):
        if counts:
            console.print(f"{kind}: " + ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items())))
    for finding in summary.audit:
        console.print(f"[red]{finding['check']}: {finding['count']:,} {finding['detail']}[/]")
    for hold in summary.holds:
        console.print(f"[yellow]Held: {hold['reason']}[/]")
    if summary.accounted_for:
        console.print(f"[green]{plural(summary.rows, 'row')}, all accounted for.[/]")
    else:
        console.print("[red]Some rows are not accounted for.[/]")
