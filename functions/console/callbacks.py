"""The console command about the inbox: list callbacks, and read again what could not be read.

It talks to whatever project the settings name, embedded or hosted; `--json` prints one object for programs.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from app.db import Database, connect_database
from app.engine.inbox import Filter, Reread, list_callbacks
from app.engine.inbox import reread as read_again
from app.setup.clients import find_client
from app.text.numbers import plural
from functions.console.batches import ACTOR, Json, progress_bar
from functions.console.output import console, print_json, table

__all__ = ["callbacks"]


def callbacks(
    *,
    verdict: Annotated[str, typer.Option(help="rejected, doubtful, given_up, applied, late, unmatched, …")] = "",
    client: Annotated[str, typer.Option(help="The client's name.")] = "",
    workflow: Annotated[str, typer.Option(help="The workflow's slug.")] = "",
    since: Annotated[str, typer.Option(help="Received on or after this day, e.g. 2026-11-26.")] = "",
    until: Annotated[str, typer.Option(help="Received on or before this day.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many to list.")] = 20,
    reread: Annotated[bool, typer.Option("--reread", help="Read unreadable callbacks again, at no cost.")] = False,
    as_json: Json = False,
) -> None:
    """List Clay's callbacks, or read unreadable ones again. Sends nothing and costs nothing."""
    given = {"verdict": verdict, "workflow": workflow, "since": since, "until": until}
    chosen = Filter.of(given)
    if reread:
        _tell_reread(asyncio.run(_reread(chosen, client)), as_json=as_json)
    else:
        _tell_list(asyncio.run(_list(chosen, client, limit)), as_json=as_json)


async def _of_client(db: Database, chosen: Filter, client: str) -> Filter:
    return replace(chosen, client=(await find_client(db, client))["uid"]) if client else chosen


async def _list(chosen: Filter, client: str, limit: int) -> dict[str, Any]:
    async with connect_database() as db:
        return await list_callbacks(db, await _of_client(db, chosen, client), None, limit)


async def _reread(chosen: Filter, client: str) -> Reread:
    async with connect_database() as db:
        narrowed = await _of_client(db, chosen, client)
        with progress_bar() as bar:
            task = bar.add_task("reading again", total=None)
            return await read_again(
                db, narrowed, actor=ACTOR, on_progress=lambda so: bar.update(task, total=so.count, completed=so.done)
            )


def _tell_reread(report: Reread, *, as_json: bool) -> None:
    if as_json:
        print_json({name: value for name, value in asdict(report).items() if name != "before"})
        return
    console.print(
        f"{plural(report.done, 'callback')} read again: {plural(report.completed, 'row')} completed, "
        f"{report.failed:,} failed with Clay's error, {plural(report.corrected, 'result')} corrected, "
        f"{report.unreadable:,} still unreadable, {report.unchanged:,} unchanged."
    )


def _why(row: dict[str, Any]) -> str:
    """Why a callback has its verdict, and what of it was left out or not understood."""
    parts = [row["note"], ", ".join(row["doubts"] or ())]
    parts += [f"Not understood: {', '.join(row['unread'])}." if row["unread"] else ""]
    return " ".join(filter(None, parts))


def _tell_list(page: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json({name: page[name] for name in ("rows", "rereadable")})
        return
    rows = [
        [
            str(row["id"]),
            "doubtful" if row["doubts"] else row["verdict"],
            row["client"] or "",
            row["workflow"],
            row["received_at"][:19],
            _why(row),
        ]
        for row in page["rows"]
    ]
    console.print(table(("Callback", "Verdict", "Client", "Workflow", "Received", "Why"), rows), markup=False)
    if page["rereadable"]:
        console.print(f"{page['rereadable']:,} can be read again: `leadloom callbacks --reread`")
