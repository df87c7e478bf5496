"""Help for tests of files in pieces: announce and send as a browser does, and workers that are lost on the way."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from app.db import Database
from app.engine import file_jobs
from app.errors import DatabaseUnavailableError
from app.intake import pieces

PIECE = 10_000


async def announced(db: Database, client: str, content: bytes, **about: Any) -> dict[str, Any]:
    """A file as its sender announces it; pieces of `PIECE` bytes where the test has set that."""
    known = {"filename": "people.csv", "kind": None, "allow_duplicate": False, "actor": "ann@agency.example"}
    digest = hashlib.sha256(content).hexdigest()
    return await pieces.announce(db, client, byte_size=len(content), sha256=digest, **(known | about))


async def sent(db: Database, job: dict[str, Any], content: bytes, *numbers: int) -> dict[str, Any]:
    """Send these pieces; all that are missing when none is named."""
    size = job["piece_bytes"]
    for number in numbers or job["missing"]:
        job = await pieces.send_piece(db, job["uid"], number, content[number * size : (number + 1) * size])
    return job


class Killed(Database):
    """A worker that is killed at the nth call of a function: nothing of it arrives any more, not even a farewell."""

    def __init__(self, db: Database, function: str, calls: int) -> None:
        vars(self).update(vars(db))
        self._function, self._left, self.dead = function, calls, False

    async def _call(self, function: str, *rest: Any) -> Any:
        """Pass the call on, as long as the worker lives."""
        if function == self._function:
            self._left -= 1
            self.dead = self.dead or self._left < 0
        if self.dead:
            raise DatabaseUnavailableError
        return await super()._call(function, *rest)


async def lose_a_worker(db: Database, function: str, calls: int) -> None:
    """Let a worker take what is due, and kill it at a call."""
    try:
        await file_jobs.work_off(Killed(db, function, calls))
    except DatabaseUnavailableError:
        return
    raise AssertionError("the worker ended by itself")


async def finished(db: Database, uid: str) -> dict[str, Any]:
    """Work until a job is over."""
    async with asyncio.timeout(60):
        await file_jobs.work_off(db)
        job: dict[str, Any] = await db.read("file_job", job=uid)
        return job
