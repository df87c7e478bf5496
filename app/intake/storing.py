"""The rows of a file on their way into the database: a few chunks at a time, kept or taken back.

Second half of `ingest`: while the database stores some rows, the next ones are read. A chunk that an earlier reader of
the same upload has stored is passed over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.db import Database
from app.errors import LeadloomError
from app.intake.reading import Chunk

__all__ = ["Begun", "KeyedChunk", "give_up", "send_rows"]

_IN_FLIGHT = 3

KeyedChunk = tuple[Chunk, list[int | None]]
"""Rows, and the keys by which each is recognised."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Begun:
    """An upload that this reader holds.

    Attributes:
        uid: the upload's.
        holder: this reader's name; a later one replaces it.
        through: rows that are stored already.
    """

    uid: str
    holder: str
    through: int


async def send_rows(
    db: Database, begun: Begun, first: KeyedChunk, others: Iterator[KeyedChunk], told: Callable[[int], object]
) -> None:
    """Send the chunks, a few at a time: while the database stores some, the next one is read.

    Args:
        db: the database.
        begun: the upload.
        first: the chunk that was read to see that the file has rows.
        others: the chunks behind it.
        told: called with the number of rows stored so far.
    """
    running: deque[asyncio.Task[int]] = deque()
    stored = 0
    part: KeyedChunk | None = first
    try:
        while part is not None or running:
            if part is not None:
                running.append(asyncio.create_task(_append(db, begun, *part)))
                part = await asyncio.to_thread(next, others, None)
            if part is None or len(running) >= _IN_FLIGHT:
                stored += await running.popleft()
                told(stored)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _append(db: Database, begun: Begun, chunk: Chunk, keys: list[int | None]) -> int:
    rows = chunk.rows
    if chunk.first_row + len(rows) - 1 > begun.through:
        await db.call(
            "append_rows",
            upload=begun.uid,
            holder=begun.holder,
            first_row=chunk.first_row,
            rows=rows,
            columns=chunk.columns,
            keys=keys,
        )
    return len(rows)


async def give_up(db: Database, begun: Begun, error: BaseException) -> None:
    """Take back what was stored. Where even that is impossible, the next sweep does it."""
    said = str(error) if isinstance(error, LeadloomError) else "The upload was interrupted before all rows arrived."
    with contextlib.suppress(LeadloomError):
        while not (await db.call("fail_upload", upload=begun.uid, holder=begun.holder, error=said))["done"]:
            pass
    log.info("Upload %s failed: %s", begun.uid, said)
