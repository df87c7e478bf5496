"""The stand-in for Modal's worker pool on a developer's machine: chunks run as tasks of the engine's process.

The same `run_chunk` runs here and on Modal; only who starts it differs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from app.clay.post import http_client
from app.db import Database, Patience
from app.engine.dispatcher import run_chunk
from app.engine.file_jobs import work_off
from app.engine.readiness import readiness
from app.errors import DatabaseUnavailableError, LeadloomError
from app.settings import settings
from app.workflows import registry

__all__ = ["LocalSpawner"]

log = logging.getLogger(__name__)

PATIENCE = Patience(key_s=180.0)
"""A key that Supabase refuses for a while is waited out: what a chunk has worked out is not thrown away."""


DRAIN_S = 1.0
"""How long chunks are waited for, when the engine stops, before the database is asked whether it is still there."""


class LocalSpawner:
    """Runs up to `workers` chunks at once.

    Args:
        db: the database.
        wake: set whenever a chunk has ended, so that the engine looks again at once.
        holder: the engine's name, which the chunks carry while they run here.
        workers: chunks in flight.
    """

    def __init__(self, db: Database, wake: asyncio.Event, holder: str, workers: int = 4) -> None:
        self.workflows: Sequence[str] = sorted(registry())
        self._db = db.with_patience(PATIENCE)
        self._wake = wake
        self._holder = holder
        self._gate = asyncio.Semaphore(workers)
        self._tasks: set[asyncio.Task[None]] = set()
        self._files: asyncio.Task[None] | None = None
        self._http = http_client()

    async def spawn(self, workflow: str, chunk_ids: Sequence[str]) -> None:
        """Start these chunks; returns at once."""
        for chunk_id in chunk_ids:
            task = asyncio.create_task(self._run(workflow, chunk_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def address(self) -> str | None:
        """Where the web pages of this machine, or whoever is in front of them, can be reached."""
        return settings().public_url

    async def _run(self, workflow: str, chunk_id: str) -> None:
        async with self._gate:
            try:
                await run_chunk(self._db, chunk_id, self._http, holder=self._holder)
            except LeadloomError as error:
                log.warning("A chunk of %s did not finish and will be given out again: %s", workflow, error)
            except Exception:
                log.exception("A chunk of %s did not finish and will be given out again", workflow)
        self._wake.set()

    async def spawn_file_worker(self) -> None:
        """Start the worker for files, unless it runs; returns at once."""
        if self._files is None or self._files.done():
            self._files = asyncio.create_task(self._work_on_files())

    async def _work_on_files(self) -> None:
        try:
            await work_off(self._db)
        except LeadloomError as error:
            log.warning("The work on a file stopped and will be taken up again: %s", error)
        except Exception:
            log.exception("The work on a file stopped and will be taken up again")
        self._wake.set()

    async def drain(self) -> None:
        """Wait for the chunks that are running, then close. Work on a file is given back: the next engine goes on.

        Chunks are waited for as long as the database answers; where it does not, their rows go back to the queue when
        their leases run out.
        """
        if self._files is not None:
            self._files.cancel()
            await asyncio.gather(self._files, return_exceptions=True)
        while self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_S)
            if self._tasks and not await self._is_answered():
                log.warning("%d chunks are left unfinished: the database does not answer.", len(self._tasks))
                for task in self._tasks:
                    task.cancel()
                await asyncio.wait(self._tasks, timeout=DRAIN_S)
                break
        await self._http.aclose()

    async def _is_answered(self) -> bool:
        try:
            async with asyncio.timeout(DRAIN_S):
                await readiness(self._db)
        except (TimeoutError, DatabaseUnavailableError):
            return False
        return True
