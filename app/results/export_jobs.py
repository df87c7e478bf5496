"""Exports by what was asked for: how many rows there will be, and the making of long ones in pieces that last.

A request is plain JSON (`what`, `client`, `filters`, `columns`, `batch`, `upload`), the same whether a page answers at
once or a worker makes the file (`app/engine/file_jobs.py`). CSV is stored as it is written, with the place to go on
from; Parquet ends with its index and is stored when it is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from app.db import Database
from app.errors import DatabaseError
from app.intake.pieces import PIECE_BYTES, packed_piece
from app.results.columns import chosen_columns
from app.results.exports import BOM, Part, batch_csv, leads_csv, people_csv, rows_csv

__all__ = [
    "MOST_AT_ONCE",
    "MOST_COUNTED",
    "count_rows",
    "csv_parts",
    "make_export",
    "request_export",
    "stored_export",
]

MOST_AT_ONCE = 20_000
"""An export of more rows is made by a worker: it would outlast a web request."""
MOST_COUNTED = 1_000_000


async def count_rows(db: Database, request: dict[str, Any], most: int = MOST_AT_ONCE) -> int:
    """How many rows an export will have, as far as `most` + 1.

    Raises:
        NotFoundError: there is no such client, batch or upload.
        InputError: there is no such column.
    """
    what = request["what"]
    if what == "batch":
        return int((await db.read("batch_manifest", batch=request["batch"]))["uploaded"])
    if what == "rows":
        upload = await db.read("insights_upload", upload=request["upload"], client=request["client"])
        return int(upload["upload"]["row_count"])
    chosen_columns(request.get("columns"))
    search = "search_people" if what == "people" else "search_leads"
    page = await db.read(
        search, client=request["client"], filters=request["filters"], after=None, limit=1, count_cap=most
    )
    return int(page["count"]) + bool(page["capped"])


def csv_parts(db: Database, request: dict[str, Any], after: int | None = None) -> AsyncIterator[Part]:
    """The parts of a CSV export."""
    match request["what"]:
        case "batch":
            return batch_csv(db, request["batch"], after=after)
        case "rows":
            return rows_csv(db, request["upload"], after=after)
        case "people":
            return people_csv(db, request["client"], request["filters"], after=after)
        case _:
            return leads_csv(db, request["client"], request["filters"], request["columns"], after=after)


async def request_export(
    db: Database, request: dict[str, Any], filename: str, *, total: int | None, actor: str
) -> dict[str, Any]:
    """Have a worker make a file: the job, as pages show it.

    Args:
        db: the database.
        request: what to export.
        filename: what the file shall be called.
        total: how many rows it will have, where that is known.
        actor: who asks.

    Raises:
        NotFoundError: there is no such client.
    """
    job: dict[str, Any] = await db.call(
        "request_file_job",
        kind="export",
        client=request["client"],
        request=request,
        filename=filename,
        total=total,
        actor=actor,
    )
    return job


async def stored_export(db: Database, job: str) -> dict[str, Any]:
    """A finished export: name, bytes and pieces of its file.

    Raises:
        NotFoundError: there is none, or its day is over.
        ConflictError: it is not ready yet.
    """
    file: dict[str, Any] = await db.read("export_file", job=job)
    return file


async def make_export(
    db: Database, job: dict[str, Any], holder: str, told: Callable[[int, int | None], object]
) -> dict[str, Any]:
    """Make an export's file in pieces, from where the last worker stored one.

    Args:
        db: the database.
        job: the job, as `take_file_job` gave it.
        holder: who holds its lease.
        told: called with how many rows are written, and of how many where that is known.

    Raises:
        ConflictError: another worker has the job now.
    """
    request = job["request"]
    total = job["total_rows"]
    if total is None:
        with contextlib.suppress(DatabaseError):  # a count that takes too long; the file can be made all the same
            counted = await count_rows(db, request, MOST_COUNTED)
            total = counted if counted <= MOST_COUNTED else None
    store = _Store(db, job, holder)
    if request["what"] == "leads_parquet":
        from app.results.parquet import leads_parquet  # noqa: PLC0415 -- with polars, for this one kind of file

        path = await leads_parquet(
            db, request["client"], request["filters"], request["columns"], on_progress=lambda rows: told(rows, total)
        )
        try:
            await store.whole(path)
        finally:
            await asyncio.to_thread(path.unlink)
    else:
        store.go_on()
        await store.parts(csv_parts(db, request, store.after), lambda rows: told(rows, total))
    return {"bytes": store.bytes}


class _Store:
    """Where an export's pieces go, and how far the file is."""

    def __init__(self, db: Database, job: dict[str, Any], holder: str) -> None:
        self._db, self._job, self._holder = db, job, holder
        self._number = 0
        self._rows = 0
        self.after: int | None = None
        self.bytes = 0

    def go_on(self) -> None:
        """Begin behind the last place that an earlier worker noted."""
        mark = self._job["resume_at"]
        if mark is not None:
            self._number, self._rows, self.after = mark["number"], mark["rows"], mark["after"]

    async def parts(self, parts: AsyncIterator[Part], told: Callable[[int], object]) -> None:
        """Store the parts of a CSV, several of them a piece."""
        waiting = bytearray(BOM if self.after is None else b"")
        async for part in parts:
            waiting += part.content
            self.after, self._rows = part.after, self._rows + part.rows
            if len(waiting) >= PIECE_BYTES:
                await self._flush(waiting)
            told(self._rows)
        await self._flush(waiting)

    async def whole(self, path: Path) -> None:
        """Store a file that is there already."""
        with path.open("rb") as file:
            while content := await asyncio.to_thread(file.read, PIECE_BYTES):
                await self._put(content, None)

    async def _flush(self, waiting: bytearray) -> None:
        """Store what waits; only behind the last of its pieces can a later worker go on."""
        while waiting:
            content = bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
            mark = {"after": self.after, "rows": self._rows, "number": self._number + 1}
            await self._put(content, None if waiting else mark)

    async def _put(self, content: bytes, mark: dict[str, Any] | None) -> None:
        packed = await asyncio.to_thread(packed_piece, content)
        answer = await self._db.call(
            "store_export_piece",
            job=self._job["uid"],
            holder=self._holder,
            number=self._number,
            size=len(content),
            content=packed,
            resume_at=mark,
            done=self._rows,
        )
        self._number, self.bytes = self._number + 1, answer["bytes"]
