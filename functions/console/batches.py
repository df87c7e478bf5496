"""The console commands about batches: launch, status, audit, migrate.

They talk to whatever project the settings name, embedded or hosted; `--json` prints one object for programs.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.db import Database, connect_database
from app.engine import batches
from app.engine.launching import launch_file
from app.errors import SettingsError
from app.settings import settings
from app.text.field_names import in_words
from app.text.numbers import plural
from functions.console.options import amount, column_choice, whole
from functions.console.output import console, print_json, table
from migrations.migrate import migrate as run_migrations
from web.drawing import formats

__all__ = ["audit", "budget", "launch", "migrate", "progress_bar", "show_status", "status", "watch"]

ACTOR = "console"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Batch = Annotated[UUID, typer.Argument(help="The batch's id, as `leadloom launch` printed it.")]


def progress_bar() -> Progress:
    """The bar that long commands show; on standard error, so that `--json` stays clean."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


async def watch(db: Database, batch: str) -> dict[str, Any]:
    """Show a bar until the batch is settled; returns its last status."""
    with progress_bar() as bar:
        task = bar.add_task("running")

        def show(numbers: dict[str, Any]) -> None:
            done = numbers["completed"] + numbers["failed"] + numbers["cancelled"]
            text = f"{numbers['running']} running, {numbers['waiting']} waiting for Clay, {numbers['failed']} failed"
            text += f", {numbers['held']} held" if numbers["held"] else ""
            bar.update(task, completed=done, total=numbers["item_count"], description=text)

        return await batches.wait_for(db, batch, on_status=show)


def launch(
    file: Annotated[Path, typer.Argument(help="A CSV export.", exists=True, dir_okay=False)],
    *,
    client: Annotated[str, typer.Option(help="The client's name.")],
    pipeline: Annotated[str, typer.Option(help="The name of one of its pipelines, or of a template.")],
    sample: Annotated[
        int | None, typer.Option(help="Launch only the first ROWS rows.", parser=whole(1), metavar="ROWS")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="The most the batch may spend.", parser=amount, metavar="CREDITS")
    ] = None,
    column_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Map a column of this file to a field; COLUMN= leaves it unmapped. Can be repeated.",
            metavar="COLUMN=FIELD",
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Show progress until the batch ends or needs attention.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option(help="Read the file as people or companies, whatever its columns suggest.", metavar="KIND"),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Upload the file even if the client already has it.")] = False,
    key: Annotated[
        UUID | None,
        typer.Option(help="A key for this launch: repeating it continues the same launch instead of starting another."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Upload a CSV for a client and launch a batch over it."""
    answer = asyncio.run(
        _launch(
            file,
            wait=wait,
            client=client,
            pipeline=pipeline,
            kind=kind,
            choices=[column_choice(text) for text in column_map or []],
            launch_key=key or uuid4(),
            row_limit=sample,
            budget=budget,
            allow_duplicate=again,
        )
    )
    if as_json:
        print_json(answer)
    else:
        console.print(
            f"Batch [bold]{answer['batch']}[/] launched with {plural(answer['rows'], 'row')} from {file.name}."
        )
        for warning in answer["warnings"]:
            console.print(warning, style="yellow", markup=False)
        if answer["mapping_confirmed"]:
            console.print(f"Columns mapped as confirmed on {formats.day(answer['mapping_confirmed'])}.")
        if wait:
            show_status(answer["status"])


async def _launch(file: Path, *, wait: bool, **options: Any) -> dict[str, Any]:
    async with connect_database() as db:
        with progress_bar() as bar:
            task = bar.add_task("uploading", total=None)
            launched = await launch_file(
                db,
                file,
                filename=file.name,
                actor=ACTOR,
                on_progress=lambda rows, total: bar.update(task, completed=rows, total=total),
                **options,
            )
        if wait:
            launched["status"] = await watch(db, launched["batch"])
        return launched


def status(batch: Batch, as_json: Json = False) -> None:
    """Show where a batch stands, step by step."""

    async def ask() -> dict[str, Any]:
        async with connect_database() as db:
            return await batches.status(db, str(batch))

    numbers = asyncio.run(ask())
    if as_json:
        print_json(numbers)
    else:
        show_status(numbers)


def show_status(numbers: dict[str, Any]) -> None:
    """Print a batch's numbers as a table, a line per step."""
    buckets = [
        "pending",
        "held",
        "retrying",
        "running",
        "waiting",
        "completed",
        "not_found",
        "skipped",
        "failed",
        "cancelled",
    ]
    used = [b for b in buckets if any(step["buckets"].get(b) for step in numbers["steps"])]
    rows = [[step["title"], *(f"{step['buckets'].get(b, 0):,}" for b in used)] for step in numbers["steps"]]
    console.print(f"[bold]{numbers['name']}[/]: {numbers['state']} {numbers['state_reason'] or ''}")
    console.print(table(["step", *(in_words(b) for b in used)], rows))
    console.print(
        f"{plural(numbers['item_count'], 'row')}: {numbers['completed']:,} completed, {numbers['failed']:,} failed, "
        f"{numbers['cancelled']:,} cancelled, {numbers['active']:,} in progress; {numbers['sent']:,} sent to Clay, "
        f"{formats.credits(numbers['spent'])}."
    )
    say_holds(numbers)


def say_holds(numbers: dict[str, Any]) -> None:
    """Say which steps wait for somebody, and what to do about it."""
    for hold in numbers["holds"]:
        advice = f" Raise the budget: `leadloom budget {numbers['uid']} CREDITS`." if hold["code"] == "budget" else ""
        console.print(f"[yellow]Held: {hold['reason']}[/]{advice}")


def budget(
    batch: Batch,
    raise_to: Annotated[
        float, typer.Argument(help="The most the batch may spend in total.", parser=amount, metavar="CREDITS")
    ],
    as_json: Json = False,
) -> None:
    """Raise a batch's budget; paid steps that were held for it continue."""

    async def ask() -> dict[str, Any]:
        async with connect_database() as db:
            return await batches.raise_budget(db, str(batch), Decimal(str(raise_to)), actor=ACTOR)

    answer = asyncio.run(ask())
    if as_json:
        print_json(answer)
    elif answer["changed"]:
        console.print(f"Budget raised from {formats.credits(answer['from'])} to {formats.credits(answer['to'])}.")
    else:
        console.print(f"The budget is already {formats.credits(answer['to'])}.")


def audit(batch: Batch, as_json: Json = False) -> None:
    """Check that a batch's rows, sends and costs add up; exits 1 if they do not."""

    async def ask() -> list[dict[str, Any]]:
        async with connect_database() as db:
            return await batches.audit(db, str(batch))

    findings = asyncio.run(ask())
    if as_json:
        print_json({"batch": str(batch), "findings": findings})
    elif findings:
        rows = [[f["check"], f["detail"], f"{f['count']:,}", ", ".join(map(str, f["rows"]))] for f in findings]
        console.print(table(["check", "finding", "rows", "for example"], rows))
    else:
        console.print("Every row is accounted for.")
    if findings:
        raise typer.Exit(1)


def migrate(as_json: Json = False) -> None:
    """Apply the migrations to DATABASE_URL; safe to repeat."""
    url = settings().database_url
    if url is None:
        raise SettingsError(
            "DATABASE_URL is not set.", "Set it to the project's connection string (Supabase: Connect, Session pooler)."
        )
    applied = asyncio.run(run_migrations(url.get_secret_value()))
    if as_json:
        print_json({"applied": applied})
    else:
        console.print(f"Applied: {', '.join(applied)}." if applied else "Nothing to apply; the database is up to date.")
