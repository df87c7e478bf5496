"""Files in pieces: how a file gets into Leadloom, or out of it, however slow the line and however often it breaks.

A piece is small enough for one request and one database call, and each is stored or read by itself; what arrived stays.
Pieces are rows of a table, packed: the one way that works on every Supabase and on the embedded stack alike, in one
transaction with the state they belong to, and needs no bucket, no policy and no second key. They go as soon as a file
is read, or a day after an export.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import zlib
from collections.abc import AsyncIterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import IO, Any

from app.db import Database
from app.errors import InputError
from app.intake.text import MAX_BYTES
from app.states import UploadKind

__all__ = [
    "PIECE_BYTES",
    "announce",
    "clean_filename",
    "fetch_file",
    "packed_piece",
    "piece_content",
    "send_file",
    "send_piece",
    "sweep_files",
    "sweep_stale_uploads",
]

PIECE_BYTES = 2_000_000
"""At 5 Mbit/s a piece is on the wire for about three seconds. Packed, CSV is well below what one call may carry."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_NAME_LENGTH = 200


def clean_filename(given: str) -> str:
    """A file's own name as it can be stored and shown, without folders and what no name has."""
    name = PureWindowsPath(PurePosixPath(given.encode("utf-8", "replace").decode()).name).name
    return _UNPRINTABLE.sub("", name).strip()[-_NAME_LENGTH:] or "upload.csv"


async def announce(
    db: Database,
    client: str,
    *,
    filename: str,
    byte_size: int,
    sha256: str,
    kind: str | None,
    allow_duplicate: bool,
    actor: str,
    customers: str | None = None,
) -> dict[str, Any]:
    """Say that a file will come in pieces, or come back to one whose rest is missing.

    Args:
        db: the database.
        client: the client's uid.
        filename: what the file is called where it comes from.
        byte_size: of the whole file.
        sha256: of the whole file, in hex: what it is recognised by.
        kind: people, companies or customers; None tells by the header.
        allow_duplicate: although the client has this very file already.
        actor: who sends it.
        customers: `add` or `replace`: the file is a list of the client's own customers.

    Returns:
        The job: `uid`, `state`, `piece_bytes`, `piece_count`, and in `missing` the numbers of the pieces to send.

    Raises:
        InputError: it is empty, too large, or one of the values is none.
        ConflictError: the client has this very file already, or is archived.
        NotFoundError: there is no such client.
    """
    if kind is not None and kind not in list(UploadKind):
        raise InputError(f"“{kind[:40]}” is not an upload type.", f"Choose one of {', '.join(UploadKind)}.")
    if customers not in {None, "add", "replace"}:
        raise InputError("Choose whether to add to the customer list or replace it.", "Select one of the two options.")
    if byte_size < 1:
        raise InputError("The file is empty.", "Export it again, then upload it.")
    if byte_size > MAX_BYTES:
        raise InputError(
            f"The file is {byte_size / 1e6:,.0f} MB; the limit is {MAX_BYTES / 1e6:,.0f} MB.",
            "Split it into smaller files and upload them one after another.",
        )
    if not _SHA256.fullmatch(sha256):
        raise InputError(
            "The file's SHA-256 must be 64 hexadecimal digits.", "Reload the page and choose the file again."
        )
    job: dict[str, Any] = await db.call(
        "begin_upload_file",
        client=client,
        filename=clean_filename(filename),
        byte_size=byte_size,
        sha256=sha256,
        piece_bytes=PIECE_BYTES,
        kind=kind,
        allow_duplicate=allow_duplicate,
        actor=actor,
        customers=customers,
    )
    return job


async def send_piece(db: Database, job: str, number: int, content: bytes) -> dict[str, Any]:
    """Store one piece of an announced file, once however often it comes; after the last one a worker is due.

    Raises:
        InputError: its size or number is not that of a piece of the file.
        ConflictError: the file was given up meanwhile.
        NotFoundError: there is no such file.
    """
    packed = await asyncio.to_thread(packed_piece, content)
    answer: dict[str, Any] = await db.call("store_piece", job=job, number=number, size=len(content), content=packed)
    return answer


async def send_file(db: Database, client: str, source: IO[bytes], **about: Any) -> dict[str, Any]:
    """Announce a seekable file and store all of its pieces that are missing; what a form without script does.

    Args:
        db: the database.
        client: the client's uid.
        source: the file.
        about: what `announce` wants to know, apart from size and hash.

    Returns:
        The job.

    Raises:
        UserError: as `announce` does.
    """
    digest, size = await asyncio.to_thread(_weigh, source)
    job = await announce(db, client, byte_size=size, sha256=digest, **about)
    for number in job["missing"]:
        content = await asyncio.to_thread(_read_at, source, number * job["piece_bytes"], job["piece_bytes"])
        job = await send_piece(db, job["uid"], number, content)
    return job


async def fetch_file(db: Database, job: dict[str, Any], target: IO[bytes]) -> None:
    """Put an announced file together.

    Raises:
        InputError: what arrived is not what was announced.
        NotFoundError: its pieces are gone.
    """
    digest = hashlib.sha256()
    async for content in piece_content(db, job["uid"], range(job["piece_count"])):
        digest.update(content)
        await asyncio.to_thread(target.write, content)
    if digest.hexdigest() != job["sha256"]:
        raise InputError("The file arrived damaged.", "Choose it again. If that does not help, export it again.")


async def piece_content(db: Database, job: str, numbers: range) -> AsyncIterator[bytes]:
    """The bytes of a file's pieces, one after another; while one is used, the next one is on its way.

    Raises:
        NotFoundError: one of them is gone.
    """
    following: asyncio.Task[bytes] | None = None
    try:
        for number in numbers:
            content = await (following or _read(db, job, number))
            following = asyncio.create_task(_read(db, job, number + 1)) if number + 1 in numbers else None
            yield content
    finally:
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def sweep_files(db: Database) -> None:
    """Let go of files whose rest never came, of yesterday's exports, and of pieces that nobody will ask for."""
    while not (await db.call("sweep_file_jobs"))["done"]:
        pass


async def _read(db: Database, job: str, number: int) -> bytes:
    piece = await db.read("read_piece", job=job, number=number)
    return await asyncio.to_thread(lambda: zlib.decompress(base64.b64decode(piece["content"])))


def packed_piece(content: bytes) -> str:
    """Bytes as a piece is handed to the database: packed, in base64."""
    return base64.b64encode(zlib.compress(content, 1)).decode()


def _weigh(source: IO[bytes]) -> tuple[str, int]:
    source.seek(0)
    digest, size = hashlib.sha256(), 0
    while block := source.read(1 << 20):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size


def _read_at(source: IO[bytes], start: int, size: int) -> bytes:
    source.seek(start)
    return source.read(size)


async def sweep_stale_uploads(db: Database) -> int:
    """Fail uploads whose sender vanished and remove their rows; the number of uploads that failed."""
    failed = 0
    done = False
    while not done:
        swept = await db.call("sweep_stale_uploads")
        failed, done = failed + swept["failed"], swept["done"]
    return failed
