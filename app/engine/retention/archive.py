"""The archive: payloads and bodies of batches that ended long ago, in Parquet files of a folder, and back again.

A part of a batch is read from the database, written to a file, read again from there and compared; only then is it
removed from the database, piece by piece. Whatever is killed at whatever moment, every payload is in the database, in a
recorded file, or in both; the next run goes on.

    <folder>/<batch uid>/results-0001.parquet …, superseded-…, callbacks-…, manifest.json
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from app.db import Database
from app.errors import ConflictError, UserError

__all__ = ["ArchiveError", "Archived", "archivable", "archive_batch", "read_part", "restore_batch", "write_part"]

KINDS = ("results", "superseded", "callbacks")
PART_BYTES = 32_000_000
"""Payloads of one file before compression: a file is read and written whole."""

ITEMS_A_CALL = 500
KEYS_A_CALL = 1_000
RESTORE_BYTES_A_CALL = 1_000_000
SCHEMA = {
    "id": pl.Int64,
    "step": pl.Int32,
    "item": pl.String,
    "row_number": pl.Int32,
    "name": pl.String,
    "attempt": pl.Int32,
    "at": pl.String,
    "body": pl.String,
    "md5": pl.String,
}
"""One row a payload: `body` is its JSON, or the callback's body as it arrived; `md5` is the body's."""

Progress = Callable[[str, int], None]


class ArchiveError(UserError):
    """A file of the archive cannot be used."""

    status = 409


@dataclass(frozen=True)
class Archived:
    """What became of one batch.

    Attributes:
        files: how many files of it there are now.
        payloads: removed from the database (or brought back) by this run.
        complete: False where something came in meanwhile; the next run takes it along.
    """

    batch: str
    files: int
    payloads: int
    byte_size: int
    complete: bool


async def archivable(db: Database, older_than_s: float) -> list[dict[str, Any]]:
    """Batches that ended at least so long ago and are not archived, oldest first, at most 1,000."""
    found: list[dict[str, Any]] = await db.read("archivable_batches", older_than_s=older_than_s)
    return found


async def archive_batch(
    db: Database, folder: Path, batch: str, *, actor: str, on_progress: Progress | None = None
) -> Archived:
    """Move a batch's payloads and callback bodies to files.

    Args:
        db: the database.
        folder: the archive's.
        batch: its uid.
        actor: who.
        on_progress: called with what is being done and how many payloads are out.

    Raises:
        ConflictError: the batch has not ended.
        ArchiveError: a file of an earlier run is not what was recorded; nothing is removed for it.
    """
    files = await db.read("archive_files_of", batch=batch)
    await asyncio.to_thread(_sweep_drafts, folder / batch)
    removed = 0
    for file in files:
        if file["removed_at"] is None:  # the run before was cut off in between
            removed += await _go_on(db, folder, file)
    for kind in KINDS:
        part = max((file["part"] for file in files if file["kind"] == kind), default=0)
        async for rows in _parts(db, batch, kind):
            part += 1
            path = f"{batch}/{kind}-{part:04d}.parquet"
            sha256, size = await asyncio.to_thread(write_part, folder / path, rows)
            file = await db.call(
                "record_archive_file",
                batch=batch, kind=kind, part=part, path=path, sha256=sha256, byte_size=size, row_count=len(rows),
            )  # fmt: skip
            removed += await _remove(db, file["uid"], rows)
            if on_progress:
                on_progress(kind, removed)
    answer = await db.call("finish_archive", batch=batch, actor=actor)
    files = await db.read("archive_files_of", batch=batch)
    await asyncio.to_thread(_write_manifest, folder, batch, files)
    size = sum(file["byte_size"] for file in files)
    return Archived(batch, len(files), removed, size, complete=answer["archived"])


async def restore_batch(
    db: Database, folder: Path, batch: str, *, actor: str, on_progress: Progress | None = None
) -> Archived:
    """Bring a batch's payloads back from its files, which stay where they are.

    Raises:
        ArchiveError: a file is missing, or is not the one that was written; nothing is marked as brought back.
        ConflictError: the batch is not archived.
    """
    recorded = await db.read("archive_files_of", batch=batch)
    files = [file for file in recorded if file["removed_at"] and not file["restored_at"]]
    if not files:
        raise ConflictError("No part of this batch is archived.", "Check the batch's id.")
    for file in files:  # before the first row is changed
        await asyncio.to_thread(_checked, folder, file)
    restored = 0
    for file in files:
        rows = await asyncio.to_thread(read_part, folder / file["path"])
        for piece in _pieces(rows):
            given = [{"id": row["id"], "step": row["step"], "body": row["body"]} for row in piece]
            restored += (await db.call("restore_archived", file=file["uid"], rows=given))["restored"]
        if on_progress:
            on_progress(file["kind"], restored)
    await db.call("finish_restore", batch=batch, actor=actor)
    return Archived(batch, len(files), restored, sum(file["byte_size"] for file in files), complete=True)


def write_part(path: Path, rows: list[dict[str, Any]]) -> tuple[str, int]:
    """Write rows to a file in one step, and read them again from it; returns its SHA-256 and size.

    Raises:
        ArchiveError: what was read is not what was written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    pl.DataFrame([{name: row[name] for name in SCHEMA} for row in rows], schema=SCHEMA).write_parquet(
        draft, compression="zstd"
    )
    draft.chmod(0o600)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    if [(row["id"], row["step"], row["md5"]) for row in read_part(draft)] != [
        (row["id"], row["step"], row["md5"]) for row in rows
    ]:
        raise ArchiveError(f"{path.name} does not read back as it was written.", "Check the disk; nothing was removed.")
    draft.replace(path)
    _sync_folder(path.parent)
    return _sha256(path), path.stat().st_size


def read_part(path: Path) -> list[dict[str, Any]]:
    """The rows of a file.

    Raises:
        ArchiveError: a body's checksum does not fit.
    """
    rows: list[dict[str, Any]] = pl.read_parquet(path, columns=list(SCHEMA)).to_dicts()
    for row in rows:
        if hashlib.md5(row["body"].encode(), usedforsecurity=False).hexdigest() != row["md5"]:
            raise ArchiveError(
                f"{path.name} is damaged at row {row['row_number']}.", "Use another copy of the archive."
            )
    return rows


async def _parts(db: Database, batch: str, kind: str) -> AsyncIterator[list[dict[str, Any]]]:
    """A batch's payloads of one kind, as many at a time as one file takes."""
    rows: list[dict[str, Any]] = []
    size, after = 0, 0
    while True:
        page = await db.read("archive_rows", batch=batch, kind=kind, after_row=after, items=ITEMS_A_CALL)
        if page["through"] is None:
            break
        after = page["through"]
        rows += page["rows"]
        size += sum(len(row["body"]) for row in page["rows"])
        if size >= PART_BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


async def _remove(db: Database, file: str, rows: list[dict[str, Any]]) -> int:
    """Take what a file holds out of the database."""
    removed = 0
    for start in range(0, len(rows), KEYS_A_CALL):
        keys = [{name: row[name] for name in ("id", "step", "md5")} for row in rows[start : start + KEYS_A_CALL]]
        last = start + KEYS_A_CALL >= len(rows)
        removed += (await db.call("remove_archived", file=file, keys=keys, last=last))["removed"]
    return removed


async def _go_on(db: Database, folder: Path, file: dict[str, Any]) -> int:
    """End what a run that was cut off began: its file was written and recorded, and is still as recorded."""
    path = await asyncio.to_thread(_checked, folder, file)
    return await _remove(db, file["uid"], await asyncio.to_thread(read_part, path))


def _checked(folder: Path, file: dict[str, Any]) -> Path:
    """The file, if it is the one that was recorded."""
    path = folder / str(file["path"])
    if not path.is_file():
        raise ArchiveError(f"{path} is missing.", "Give the archive's folder with --folder.")
    if _sha256(path) != file["sha256"]:
        raise ArchiveError(f"{path} has changed since it was written.", "Use another copy of the archive.")
    return path


def _pieces(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in portions that one call takes."""
    piece: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        if piece and (size + len(row["body"]) > RESTORE_BYTES_A_CALL or len(piece) >= KEYS_A_CALL):
            yield piece
            piece, size = [], 0
        piece.append(row)
        size += len(row["body"])
    if piece:
        yield piece


def _write_manifest(folder: Path, batch: str, files: list[dict[str, Any]]) -> None:
    """What is in a batch's folder, for whoever has the folder alone."""
    if not files:
        return
    manifest = {"batch": batch, "written_at": datetime.now(UTC).isoformat(), "columns": list(SCHEMA), "files": files}
    path = folder / batch / "manifest.json"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    draft.chmod(0o600)
    draft.replace(path)
    _sync_folder(path.parent)


def _sweep_drafts(folder: Path) -> None:
    """Remove what a run that was killed had begun to write."""
    for draft in folder.glob(".*.parquet.*"):
        draft.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    """A file's name is on the disk only once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
