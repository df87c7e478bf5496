"""What an operator types: `modal run -m app::launch`, `modal run -m app::migrate`, `modal run -m app::extract`.

The entry points run on the operator's machine and do the talking; the work runs in Modal, where the secret is. Nothing
but the CSV leaves this machine, and no key of the database has to be on it. Importing this module composes the whole
app: every other module of functions/ has hung its functions on it by then.
"""

from __future__ import annotations

import json as jsonlib
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import modal
import typer

from app.db import connect_database
from app.engine import batches
from app.engine.launching import launch_file
from app.engine.replay import extract_batches
from app.errors import InputError
from app.intake.mapping import Choice, parse_choice
from app.settings import settings
from app.setup.catalogue import sync_catalogue
from app.text.numbers import plural
from functions import web, workers
from functions.console.plainly import answered, answering, plainly
from functions.modal_app import APP_NAME, REGION, app, migrate_secret
from functions.schedules import engine as run_engine  # `app.engine` is the package of that name
from migrations.migrate import migrate as apply_migrations

__all__ = [
    "app",
    "batch_status",
    "extract",
    "extract_results",
    "launch",
    "launch_upload",
    "migrate",
    "migrate_database",
    "run_engine",
    "web",
    "workers",
]

ACTOR = "modal run"
POLL_SECONDS = 3.0
_SEVERAL = re.compile(r";(?=[^;=]*=)|;\s*$")


@app.function(timeout=600, max_containers=1, retries=0, secrets=[migrate_secret], region=REGION)
@answering
async def migrate_database() -> list[str]:
    """Bring the database up to date; answers the names of the files applied."""
    url = settings().database_url
    applied = await apply_migrations(url.get_secret_value() if url else "")
    async with connect_database() as db:
        await sync_catalogue(db)
    return applied


@app.function(timeout=3600, memory=2048, retries=0, region=REGION)
@answering
async def launch_upload(
    filename: str,
    content: bytes,
    client: str,
    pipeline: str,
    launch_key: str,
    *,
    kind: str | None = None,
    choices: list[Choice] | None = None,
    row_limit: int | None = None,
    allow_duplicate: bool = False,
) -> dict[str, Any]:
    """Read a CSV into the database and launch a pipeline over it.

    Args:
        filename: as the operator knows it.
        content: the file's bytes.
        client: the client's name or slug.
        pipeline: the pipeline's name.
        launch_key: a uuid that names this launch; a call delivered twice launches once.
        kind: people or companies, where the columns look like the other.
        choices: columns with the field that each is to hold.
        row_limit: launch only the first so many rows.
        allow_duplicate: read the file in although the client has it already.

    Returns:
        What `launch_file` returns, as the answer.
    """
    async with connect_database() as db:
        return await launch_file(
            db,
            content,
            client=client,
            pipeline=pipeline,
            filename=filename,
            launch_key=UUID(launch_key),
            actor=ACTOR,
            kind=kind,
            choices=choices or [],
            row_limit=row_limit,
            allow_duplicate=allow_duplicate,
            keep_rows=True,
        )


@app.function(timeout=60, region=REGION)
@answering
async def batch_status(batch: str) -> dict[str, Any]:
    """The batch in numbers."""
    async with connect_database() as db:
        return await batches.status(db, batch)


@app.function(cpu=2.0, memory=2048, timeout=3600, retries=0, region=REGION)
@answering
async def extract_results(batch_uids: list[str]) -> list[dict[str, Any]]:
    """Extract leads and work histories of batches again from what is stored; safe to repeat.

    Returns:
        Per batch what was new, changed and removed, as the answer.
    """
    async with connect_database() as db:
        done = await extract_batches(db, batch_uids, actor=ACTOR)
    return [asdict(report) | {"changed": report.changed} for report in done]


@app.local_entrypoint()
def extract(batches: str, *, json: bool = False) -> None:
    """Extract leads and work histories again from stored answers. Makes no paid calls.

    Args:
        batches: ids of batches, separated by commas.
        json: print JSON only.
    """
    with plainly():
        done = answered(extract_results.remote([uid.strip() for uid in batches.split(",") if uid.strip()]))
    if json:
        typer.echo(jsonlib.dumps(done))
        return
    for report in done:
        typer.echo(
            f"Batch {report['batch']}: {plural(report['done'], 'row')} extracted, {report['changed']:,} changed."
        )


@app.local_entrypoint()
def migrate() -> None:
    """Apply outstanding migrations to the database named in the secret `leadloom-migrate`."""
    with plainly():
        applied = answered(migrate_database.remote())
    typer.echo("\n".join(f"Applied {name}." for name in applied) or "The database is up to date.")


@app.local_entrypoint()
def launch(
    csv: str,
    client: str,
    pipeline: str,
    *,
    kind: str = "",
    map: str = "",  # noqa: A002 -- the option's name
    sample: int = 0,
    again: bool = False,
    wait: bool = False,
    json: bool = False,
) -> None:
    """Upload a CSV and launch a pipeline over it.

    Args:
        csv: path of the file, on this machine.
        client: name of the client.
        pipeline: name of one of the client's pipelines, or of a template.
        kind: people or companies, where the columns look like the other.
        map: COLUMN=FIELD, which field a column holds; several with semicolons; COLUMN= leaves it unmapped.
        sample: launch only the first so many rows.
        again: upload the file even if the client already has it.
        wait: show progress until the batch ends or needs attention.
        json: print JSON only.
    """
    path = Path(csv).expanduser()
    with plainly():
        if not path.is_file():
            raise InputError(f"There is no file {path}.", "Check the path.")
        choices = _choices(map)
        launched = answered(
            launch_upload.remote(
                path.name,
                path.read_bytes(),
                client,
                pipeline,
                str(uuid4()),
                kind=kind or None,
                choices=choices,
                row_limit=sample or None,
                allow_duplicate=again,
            )
        )
    note = _start_deployed_engine()
    if not json:
        typer.echo(f"Batch {launched['batch']} launched with {plural(launched['rows'], 'row')} from {path.name}.{note}")
    if wait:
        with plainly():
            launched["status"] = _follow(launched["batch"], quiet=json)
    if json:
        typer.echo(jsonlib.dumps(launched))


def _choices(text: str) -> list[Choice]:
    """The columns' fields that `--map` names. Of an option given twice `modal run` keeps the last one without a word.

    Raises:
        InputError: it was given twice, or is no list of COLUMN=FIELD.
    """
    if sum(part == "--map" or part.startswith("--map=") for part in sys.argv) > 1:
        raise InputError(
            "modal run takes --map only once.",
            'Separate several with semicolons: --map "Job Title=title; Firm=company_name".',
        )
    return [parse_choice(part.strip()) for part in _SEVERAL.split(text) if part.strip(" ;")]


def _start_deployed_engine() -> str:
    """Wake the engine of the deployed app; this run's own functions end with this run."""
    try:
        modal.Function.from_name(APP_NAME, "engine").spawn()
    except modal.exception.NotFoundError:
        return " Its rows will wait until you deploy the app: `modal deploy -m app`."
    return ""


def _follow(batch: str, *, quiet: bool) -> dict[str, Any]:
    """Show a line whenever the numbers have changed, until nothing more happens by itself."""
    shown = ""
    while True:
        numbers = answered(batch_status.remote(batch))
        line = ", ".join(
            f"{numbers[bucket]} {bucket}"
            for bucket in ("completed", "failed", "waiting", "active")
            if bucket in numbers
        )
        if line != shown and not quiet:
            typer.echo(f"{numbers['state'].lower()}: {line}")
        shown = line
        if batches.is_settled(numbers):
            return dict(numbers)
        time.sleep(POLL_SECONDS)
