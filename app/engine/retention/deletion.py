"""Deleting a client or an upload with all its data, in portions that the engine or the console works off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from app.db import Database

__all__ = ["deletion", "deletions", "request_deletion", "work_off_deletion"]


async def request_deletion(
    db: Database, kind: Literal["client", "upload"], subject: str, *, confirm: str, actor: str
) -> dict[str, Any]:
    """Put a deletion on record; from then on nothing new begins for it. Asked again, the same record is the answer.

    Args:
        db: the database.
        kind: what is deleted.
        subject: its uid.
        confirm: the client's or the file's name, as somebody typed it.
        actor: who.

    Raises:
        InputError: the name does not match.
        ConflictError: a batch of it is not finished, or a file of it is being read.
        NotFoundError: it does not exist.
    """
    answer: dict[str, Any] = await db.call("request_deletion", kind=kind, subject=subject, confirm=confirm, actor=actor)
    return answer


async def work_off_deletion(
    db: Database, uid: str, on_progress: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Go on with a deletion until it is done; killed at any point, the next call goes on there.

    Returns:
        The record: `counts` of rows by table, `archives` with the files that hold the data still.
    """
    while True:
        record: dict[str, Any] = await db.call("delete_portion", deletion=uid)
        if on_progress:
            on_progress(record)
        if record["done"]:
            return record


async def deletions(db: Database) -> list[dict[str, Any]]:
    """The records, newest first."""
    found: list[dict[str, Any]] = await db.read("list_deletions")
    return found


async def deletion(db: Database, uid: str) -> dict[str, Any]:
    """One record: how far it is.

    Raises:
        NotFoundError: there is none.
    """
    found: dict[str, Any] = await db.read("show_deletion", deletion=uid)
    return found
