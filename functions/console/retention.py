"""The console commands about what is kept: archive old batches and bring them back, delete, erase a person.

They talk to whatever project the settings name, embedded or hosted. The archive's folder is on this machine.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import typer

from app.db import connect_database
from app.engine.retention.archive import Archived, archivable, archive_batch, restore_batch
from app.engine.retention.deletion import request_deletion, work_off_deletion
from app.engine.retention.erasure import Person, request_erasure, work_off_erasure
from app.engine.retention.scrubbing import remove_files, scrub_files
from app.errors import InputError
from app.settings import home
from app.setup.clients import find_client
from app.text.numbers import plural
from functions.console.batches import ACTOR, Json
from functions.console.output import console, print_json, table

__all__ = ["archive", "delete_client", "delete_upload", "erase"]

DAY_S = 24 * 3600
Folder = Annotated[
    Path | None, typer.Option(help="The archive's folder; by default `archive` in the home folder.", file_okay=False)
]
Confirm = Annotated[str | None, typer.Option(help="The name, to skip the prompt.")]


def archive(
    batch: Annotated[list[UUID] | None, typer.Argument(help="The batches' ids; all old batches by default.")] = None,
    *,
    older_than: Annotated[int, typer.Option(help="Days since the batch ended.", min=0)] = 90,
    restore: Annotated[bool, typer.Option("--restore", help="Restore the given batches to the database.")] = False,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Move payloads and callback bodies of old batches to Parquet files, or bring them back."""
    named = [str(one) for one in batch or ()]
    if restore and not named:
        raise InputError("No batch given.", "Give the ids of the batches to restore.")
    done = asyncio.run(_archive(named, older_than * DAY_S, _folder(folder), restore=restore))
    if as_json:
        print_json([asdict(one) for one in done])
        return
    verb = "restored" if restore else "archived"
    for one in done:
        rest = "" if one.complete else " New data arrived in the meantime; run the command again."
        size = f"{plural(one.files, 'file')}, {plural(one.byte_size, 'byte')}"
        console.print(f"Batch [bold]{one.batch}[/]: {plural(one.payloads, 'payload')} {verb} ({size}).{rest}")
    if not done:
        console.print(
            f"Nothing to archive: no batch that ended over {plural(older_than, 'day')} ago still has its payloads here."
        )


async def _archive(named: list[str], older_than_s: float, folder: Path, *, restore: bool) -> list[Archived]:
    async with connect_database() as db:
        batches = named or [one["batch"] for one in await archivable(db, older_than_s)]
        done = []
        for batch in batches:
            with console.status(f"Batch {batch}") as status:

                def show(kind: str, payloads: int, *, batch: str = batch, status: Any = status) -> None:
                    status.update(f"Batch {batch}: {kind}, {plural(payloads, 'payload')}")

                work = restore_batch if restore else archive_batch
                done.append(await work(db, folder, batch, actor=ACTOR, on_progress=show))
        return done


def erase(
    *,
    email: Annotated[str | None, typer.Option(help="The person's e-mail address.")] = None,
    linkedin: Annotated[str | None, typer.Option(help="The person's LinkedIn page.")] = None,
    folder: Folder = None,
    confirm: Confirm = None,
    as_json: Json = False,
) -> None:
    """Erase a person from every table and from the archive's files on this machine. This cannot be undone."""
    person = Person.of(email, linkedin)
    _confirmed(email or linkedin or "", confirm, "Permanently erase this person")
    record = asyncio.run(_erase(person, _folder(folder)))
    if as_json:
        print_json(record)
        return
    console.print(
        table(["what", "rows"], [[name, f"{n:,}"] for name, n in record["counts"].items()] or [["nothing", "0"]])
    )
    if record["archives"]:
        console.print(
            "These archive files are not on this machine and may still contain the person: "
            + ", ".join(record["archives"])
        )


async def _erase(person: Person, folder: Path) -> dict[str, Any]:
    async with connect_database() as db:
        with console.status("Erasing") as status:

            def show(record: dict[str, Any]) -> None:
                status.update(f"Erasing: pass {record['pass']}, {record['looking_at'] or ''}")

            asked = await request_erasure(db, person, actor=ACTOR)
            record = await work_off_erasure(db, asked["uid"], show)
            return record | {"archives": await scrub_files(db, folder, record, person)}


def delete_client(
    client: Annotated[str, typer.Argument(help="The client's name.")],
    *,
    folder: Folder = None,
    confirm: Confirm = None,
    as_json: Json = False,
) -> None:
    """Delete a client and all its data. This cannot be undone."""
    _confirmed(client, confirm, f"Permanently delete {client} and all its data")
    _print_deleted(asyncio.run(_delete("client", client, _folder(folder))), as_json=as_json)


def delete_upload(
    upload: Annotated[UUID, typer.Argument(help="The upload's id.")],
    filename: Annotated[str, typer.Argument(help="Its filename, to confirm.")],
    *,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Delete an upload, its batches and their results. This cannot be undone."""
    _print_deleted(asyncio.run(_delete("upload", filename, _folder(folder), str(upload))), as_json=as_json)


async def _delete(
    kind: Literal["client", "upload"], name: str, folder: Path, subject: str | None = None
) -> dict[str, Any]:
    async with connect_database() as db:
        if subject is None:
            found = await find_client(db, name)
            subject, name = found["uid"], found["name"]
        record = await request_deletion(db, kind, subject, confirm=name, actor=ACTOR)
        with console.status(f"Deleting {name}") as status:

            def show(now: dict[str, Any]) -> None:
                status.update(f"Deleting {name}: {plural(sum(now['counts'].values()), 'row')}")

            record = await work_off_deletion(db, record["uid"], show)
            return record | {"archives": await remove_files(db, folder, record)}


def _print_deleted(record: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(record)
        return
    console.print(table(["what", "rows deleted"], [[name, f"{n:,}"] for name, n in record["counts"].items()]))
    if record["archives"]:
        console.print(
            "These archive files are not on this machine and still contain its data: " + ", ".join(record["archives"])
        )


def _folder(folder: Path | None) -> Path:
    return (folder or home() / "archive").resolve()


def _confirmed(name: str, given: str | None, question: str) -> None:
    """Make sure that somebody meant it.

    Raises:
        InputError: what was typed is something else.
    """
    typed = given if given is not None else typer.prompt(f"{question}? Type {name} to confirm", err=True)
    if typed.strip() != name.strip():
        raise InputError("The confirmation does not match. Nothing was changed.", f"Type {name}, or use --confirm.")
