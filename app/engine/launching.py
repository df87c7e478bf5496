"""From a file to a running batch in one operation: what the console's `launch` and `modal run` both do.

It stands between the upload (`app/intake/ingest.py`) and the launch (`app/engine/batches.py`), and holds the checks
that the pages make on the way: above all, that a list of companies does not go through a pipeline for people.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from app.db import Database
from app.engine import batches
from app.errors import ConflictError, DatabaseError, InputError
from app.intake.duplicates import find_duplicates
from app.intake.ingest import ingest, upload_uid
from app.intake.mapping import Choice
from app.setup.clients import find_client
from app.setup.pipelines import find_pipeline

__all__ = ["launch_file"]


async def launch_file(
    db: Database,
    source: Path | bytes | IO[bytes],
    *,
    client: str,
    pipeline: str,
    filename: str,
    launch_key: UUID,
    actor: str,
    kind: str | None = None,
    choices: Sequence[Choice] = (),
    row_limit: int | None = None,
    budget: float | None = None,
    allow_duplicate: bool = False,
    keep_rows: bool = False,
    on_progress: Callable[[int, int], object] | None = None,
) -> dict[str, Any]:
    """Read a CSV into an upload and launch a pipeline over it; carried out again with the same key, it launches once.

    Args:
        db: the database.
        source: a path, the content, or a seekable binary file.
        client: the client's name or slug.
        pipeline: the pipeline's name.
        filename: what the file is called where it came from.
        launch_key: names this launch.
        actor: who launches, for the audit log.
        kind: people or companies, to insist on it; None looks at the columns.
        choices: columns with the field that each is to hold in this file, before what is remembered or seen.
        row_limit: launch only the first so many rows.
        budget: credits that it may spend; None: no limit.
        allow_duplicate: read the file in although the client has it already.
        keep_rows: leave what is stored for the next call if this one is stopped.
        on_progress: called with the number of rows stored so far, and of how many.

    Returns:
        `{"batch", "rows", "upload", "unrecognised_columns", "mended_cells", "warnings", "mapping_confirmed"}`; warnings
        are sentences; the last says when the mapping of such files was confirmed, None: nobody did.

    Raises:
        InputError: the file cannot be taken, is not of the kind that the pipeline is for, or has no such column.
        NotFoundError: there is no such client or pipeline; the hint lists those there are.
        ConflictError: the client has this very file already.
    """
    launched: dict[str, Any] | None = await db.read("find_launch", launch_key=launch_key)
    if launched is not None:
        return launched
    owner = (await find_client(db, client))["uid"]
    chosen = await find_pipeline(db, owner, pipeline)
    made_for = chosen["upload_kind"]
    if kind is not None and kind != made_for:
        raise InputError(
            f"“{chosen['name']}” is a pipeline for {made_for}, not for {kind}.", "Choose another pipeline."
        )
    try:
        upload = await ingest(
            db,
            source,
            client=owner,
            kind=made_for,
            insist=kind is not None,
            filename=filename,
            choices=choices,
            allow_duplicate=allow_duplicate,
            actor=actor,
            upload=upload_uid(launch_key),
            keep_rows=keep_rows,
            on_progress=on_progress,
        )
    except ConflictError as problem:
        again = "Use --again to upload a file that the client already has."
        raise ConflictError(problem.message, f"{problem.hint or ''} {again}".strip()) from None
    answer = await batches.launch(
        db, upload.uid, chosen["uid"], actor=actor, launch_key=launch_key, row_limit=row_limit, budget=budget
    )
    with contextlib.suppress(DatabaseError):  # the upload's page offers to look again
        await find_duplicates(db, upload.uid)
    return {
        "batch": answer["batch"],
        "rows": answer["item_count"],
        "upload": upload.uid,
        "unrecognised_columns": upload.unrecognised,
        "mended_cells": upload.report.get("mended_cells", 0),
        "warnings": [warning["text"] for warning in upload.report.get("warnings", [])],
        "mapping_confirmed": (upload.report.get("remembered") or {}).get("confirmed_at"),
    }
