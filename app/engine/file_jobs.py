"""The worker for whole files: reads uploads and lists of customers, finds duplicates, makes long exports.

`work_off` runs wherever the engine starts it: a Modal function of its own, or a task beside the local engine. It takes
one job at a time under a lease, tells how far it is, and stores what it has done as it goes: a worker that is killed is
followed by one that goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.db import Database
from app.errors import ConflictError, DatabaseError, DatabaseUnavailableError, UserError
from app.intake.duplicates import find_duplicates
from app.intake.pieces import fetch_file
from app.results.export_jobs import make_export

__all__ = ["finish_soon", "work_off"]

log = logging.getLogger(__name__)

LEASE_S = 30
_TELL_S = 1.0
_SHORT_S = 20.0
_FAREWELL_S = 2.0


@dataclass
class _Progress:
    """How far a job is, for the page that waits for it."""

    phase: str = ""
    done: int = 0
    total: int | None = None

    def tell(self, done: int, total: int | None = None) -> None:
        """So many rows are done."""
        self.done, self.total = done, total or self.total


async def work_off(db: Database, *, job: str | None = None) -> int:
    """Take jobs and carry them out until none is due.

    Args:
        db: the database.
        job: only this one, if it is due.

    Returns:
        How many were taken.

    Raises:
        DatabaseUnavailableError: the database is away; what is unfinished is taken up when its lease has run out.
    """
    taken = 0
    while True:
        holder = str(uuid4())
        found = await db.call("take_file_job", holder=holder, seconds=LEASE_S, job=job)
        if found is None:
            return taken
        taken += 1
        await _carry_out(db, found, holder)


async def finish_soon(db: Database, job: dict[str, Any], seconds: float = _SHORT_S) -> dict[str, Any]:
    """Carry out a short job at once, in the request that asked for it, if that takes no longer than `seconds`.

    Returns:
        The job as it stands afterwards; a worker goes on with one that is not finished.
    """
    try:
        async with asyncio.timeout(seconds):
            await work_off(db, job=job["uid"])
    except TimeoutError:
        log.info("%s %s takes longer; a worker goes on with it", job["kind"], job["uid"])
    answer: dict[str, Any] = await db.read("file_job", job=job["uid"])
    return answer


async def _carry_out(db: Database, job: dict[str, Any], holder: str) -> None:
    uid, progress = job["uid"], _Progress(done=job["done_rows"], total=job["total_rows"])
    try:
        result = await _under_lease(db, uid, holder, progress, _WORK[job["kind"]](db, job, holder, progress))
        await db.call("finish_file_job", job=uid, holder=holder, result=result, done=progress.done)
    except DatabaseUnavailableError:
        raise
    except UserError as error:
        code = "same_file" if isinstance(error, ConflictError) else None
        await db.call("fail_file_job", job=uid, holder=holder, error=error.message, hint=error.hint, code=code)
    except asyncio.CancelledError:
        with contextlib.suppress(DatabaseError, TimeoutError):  # then its lease runs out
            async with asyncio.timeout(_FAREWELL_S):
                await asyncio.shield(db.call("release_file_job", job=uid, holder=holder, error=None))
        raise
    except Exception as error:
        log.exception("The %s %s was interrupted and will be tried again", job["kind"], uid)
        said = f"{type(error).__name__}: {error}"
        await db.call("release_file_job", job=uid, holder=holder, error=said)


async def _under_lease(
    db: Database, uid: str, holder: str, progress: _Progress, work: Awaitable[dict[str, Any]]
) -> dict[str, Any]:
    """Do the work, and renew the lease meanwhile.

    Raises:
        ConflictError: another worker has the job now.
    """
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=_TELL_S))[0]:
            told = {"phase": progress.phase, "done": progress.done, "total": progress.total}
            if not (await db.call("keep_file_job", job=uid, holder=holder, seconds=LEASE_S, **told))["held"]:
                raise ConflictError("Another worker has taken over this job.")
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _read_upload(db: Database, job: dict[str, Any], holder: str, progress: _Progress) -> dict[str, Any]:
    from app.intake.ingest import ingest  # noqa: PLC0415 -- with polars; pages, which finish short jobs, rarely read files

    with tempfile.TemporaryFile(prefix="leadloom-") as file:
        progress.phase = "fetching"
        await fetch_file(db, job, file)
        progress.phase = "reading"
        upload = await ingest(
            db,
            file,
            client=job["client"]["uid"],
            kind=job["request"]["kind"],
            filename=job["filename"],
            allow_duplicate=job["request"]["again"],
            actor=job["created_by"],
            upload=job["uid"],
            keep_rows=True,
            on_progress=progress.tell,
        )
    progress.phase = "comparing"
    await find_duplicates(db, upload.uid)
    progress.tell(upload.row_count, upload.row_count)
    read = {"upload": upload.uid, "rows": upload.row_count}
    return read | (await _take_list(db, job, holder, progress, upload.uid) if job["request"].get("customers") else {})


async def _take_customers(db: Database, job: dict[str, Any], holder: str, progress: _Progress) -> dict[str, Any]:
    upload = job["request"]["upload"]
    return {"upload": upload} | await _take_list(db, job, holder, progress, upload)


async def _take_list(
    db: Database, job: dict[str, Any], holder: str, progress: _Progress, upload: str
) -> dict[str, Any]:
    from app.results.customers import take_list  # noqa: PLC0415 -- with what reads companies

    progress.phase = "customers"
    return await take_list(db, job, holder, upload, progress.tell)


async def _compare(db: Database, job: dict[str, Any], _holder: str, progress: _Progress) -> dict[str, Any]:
    progress.phase = "comparing"
    await find_duplicates(db, job["request"]["upload"], progress.tell)
    return {"upload": job["request"]["upload"]}


async def _export(db: Database, job: dict[str, Any], holder: str, progress: _Progress) -> dict[str, Any]:
    progress.phase = "writing"
    return await make_export(db, job, holder, progress.tell)


_WORK: dict[str, Callable[[Database, dict[str, Any], str, _Progress], Awaitable[dict[str, Any]]]] = {
    "upload": _read_upload,
    "customers": _take_customers,
    "duplicates": _compare,
    "export": _export,
}
