"""Files of the archive follow an erasure or a deletion: rewritten without the person, or removed.

No statement of the database reaches into a file. The record of an erasure names the files that may hold the person
still; where the archive's folder is at hand, this module rewrites them and takes their names off the record.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Any

from app.db import Database
from app.engine.retention.archive import read_part, write_part
from app.engine.retention.erasure import Person

__all__ = ["remove_files", "scrub_files"]


async def scrub_files(db: Database, folder: Path, record: dict[str, Any], person: Person) -> list[str]:
    """Rewrite the files that an erasure's record names: rows of erased items go, other mentions are taken out.

    Killed in between, the record names the files that are left; call it again.

    Returns:
        The files that are not in this folder, and so may hold the person still.
    """
    here, elsewhere = _files_of(folder, record)
    for name, path in here.items():
        rows = await asyncio.to_thread(read_part, path)
        gone = set(await db.read("erased_among", items=sorted({row["item"] for row in rows if row["item"]})))
        kept = [_without(row, person) for row in rows if row["item"] not in gone]
        sha256, size = await asyncio.to_thread(write_part, path, kept)
        await db.call(
            "note_scrubbed_file",
            erasure=record["uid"], path=name, sha256=sha256, byte_size=size, row_count=len(kept),
        )  # fmt: skip
    return elsewhere


async def remove_files(db: Database, folder: Path, record: dict[str, Any]) -> list[str]:
    """Remove the files that a deletion's record names; returns those that are not in this folder."""
    here, elsewhere = _files_of(folder, record)
    for name, path in here.items():
        await asyncio.to_thread(path.unlink)
        await db.call("note_removed_file", deletion=record["uid"], path=name)
    return elsewhere


def _files_of(folder: Path, record: dict[str, Any]) -> tuple[dict[str, Path], list[str]]:
    """The files that a record names: where those in this folder are, and the names of the others."""
    paths = {name: folder / name for name in record["archives"]}
    here = {name: path for name, path in paths.items() if path.is_file()}
    return here, [name for name in paths if name not in here]


def _without(row: dict[str, Any], person: Person) -> dict[str, Any]:
    body = re.sub(person.pattern, "[erased]", row["body"], flags=re.IGNORECASE)
    if body == row["body"]:
        return row
    return row | {"body": body, "md5": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()}
