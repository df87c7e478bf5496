"""Finding the rows of an upload that repeat each other or the client's earlier uploads.

Rows are compared by the keys that came with them when their file was read (`app/intake/row_keys.py`). An upload whose
keys are of older rules, or of a mapping that was corrected since, is keyed again first, from its stored rows. Every
portion is stored as it is done, so whoever is stopped midway is gone on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from app.db import Database

__all__ = ["find_duplicates", "request_comparison"]

_ROWS = 5_000


async def find_duplicates(
    db: Database,
    upload: str,
    told: Callable[[int, int], object] | None = None,
    *,
    client: str | None = None,
) -> None:
    """Compare an upload with itself and its client's earlier ones, those first that were never compared.

    Args:
        db: the database.
        upload: the upload's uid; nothing happens while it is not READY.
        told: called with rows compared so far, and of how many, over all uploads that had to be.
        client: where it is given, the upload must be this client's.

    Raises:
        NotFoundError: there is no such upload.
    """
    from app.intake.row_keys import KEY_VERSION  # noqa: PLC0415 -- whoever only asks for a comparison makes no keys

    waiting = await db.read("unscanned_uploads", upload=upload, key_version=KEY_VERSION, client=client)
    total, done = sum(one["row_count"] for one in waiting), 0
    for one in waiting:
        await _make_keys(db, one)
        more = True
        while more:
            answer = await db.call("scan_upload", upload=one["upload"], limit=_ROWS)
            more = answer["more"]
            if told is not None:
                told(done + answer["through_row"], total)
        done += one["row_count"]


async def _make_keys(db: Database, upload: dict[str, Any]) -> None:
    """Key the rows that have no key by today's rules."""
    from app.intake.row_keys import KEY_FIELDS, KEY_VERSION, row_keys  # noqa: PLC0415 -- see above

    fields, through = KEY_FIELDS[upload["kind"]], upload["keyed_through"]
    names = dict(zip(fields, fields, strict=True))
    while through < upload["row_count"]:
        cells = await db.read("rows_to_key", upload=upload["upload"], fields=fields, after=through, limit=_ROWS)
        keys = await asyncio.to_thread(row_keys, upload["kind"], fields, names, cells)
        stored = await db.call(
            "store_keys", upload=upload["upload"], key_version=KEY_VERSION, first_row=through + 1, keys=keys
        )
        through = stored["through"]


async def request_comparison(db: Database, client: str, upload: str, *, actor: str) -> dict[str, Any]:
    """Have a worker compare an upload's rows with each other and with earlier uploads: the job, as pages show it.

    Raises:
        NotFoundError: there is no such client.
    """
    job: dict[str, Any] = await db.call(
        "request_file_job",
        kind="duplicates",
        client=client,
        request={"upload": upload},
        filename="",
        total=None,
        actor=actor,
    )
    return job
