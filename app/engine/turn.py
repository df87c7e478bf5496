"""One turn of the engine: advance, place, reap, dispatch, and what is due now and then beside them.

`app/engine/sequencer.py` makes one turn after another and decides when to rest; nothing here waits, except for the
database.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.db import Database
from app.engine import callbacks
from app.engine.background import work_in_background
from app.engine.entities import place_rows
from app.intake.pieces import sweep_files, sweep_stale_uploads
from app.workflows import registry_rows

if TYPE_CHECKING:
    from app.engine.dispatcher import Spawner

__all__ = ["EngineReport", "Pace", "Turns"]

log = logging.getLogger(__name__)

MAX_FILE_WORKERS = 3


@dataclass(frozen=True)
class Pace:
    """How the loop is paced; the defaults suit Modal.

    Attributes:
        limit: states that one dispatch claims at most.
        chunk_size: states a worker gets at most.
        max_running: computed states that may be out at once.
        lease_s: how long the engine's lease lasts between renewals.
        longest_sleep_s: an idle loop looks again at least this often.
    """

    limit: int = 4_000
    chunk_size: int = 1_000
    max_running: int = 20_000
    lease_s: int = 20
    longest_sleep_s: float = 1.0


@dataclass
class EngineReport:
    """What one run of the loop did; kept in the lease row for the health page."""

    held: bool = False
    ticks: int = 0
    advanced: int = 0
    filled: int = 0
    dispatched: int = 0
    failed: int = 0
    reaped: int = 0
    settled_callbacks: int = 0
    finished_batches: int = 0
    waited_s: float = 0.0
    trouble: str | None = None
    seconds: float = 0.0


@dataclass
class Turns:
    """The turns of one engine: what it has been told, and what it knows from the turn before."""

    db: Database
    spawner: Spawner
    pace: Pace
    on_lease: Callable[[], Awaitable[object]] | None
    holder: str
    report: EngineReport = field(default_factory=EngineReport)
    next_due_in_s: float | None = None
    busy: bool = True
    answerable: bool | None = None
    registry_synced: bool = False
    background: asyncio.Task[int] | None = None
    background_moved: bool = True
    refusals: int = 0
    trouble: str | None = None
    every: dict[str, float] = field(default_factory=dict)

    def is_time(self, name: str, interval_s: float) -> bool:
        """Whether `interval_s` has passed since this was last so."""
        now = time.monotonic()
        if now < self.every.get(name, 0.0):
            return False
        self.every[name] = now + interval_s
        return True

    async def hold(self) -> bool:
        """Take or renew the engine's lease."""
        if self.is_time("lease", self.pace.lease_s / 3):
            renewed_at = self.every.pop("lease")  # a renewal that failed is made again in the next turn
            answer = await self.db.call(
                "take_engine_lease", holder=self.holder, seconds=self.pace.lease_s, trouble=self.trouble
            )
            self.every["lease"] = renewed_at
            self.report.held = answer["held"]
            if self.report.held and self.on_lease:
                await self.on_lease()
                self.on_lease = None
        return self.report.held

    async def tick(self) -> int:
        """One turn; returns how many things moved."""
        if not self.registry_synced:
            await self.db.call("sync_registry", workflows=registry_rows())
            self.registry_synced = True
        moved = await self._advance()
        if self.is_time("reap", 1.0):
            moved += await self._reap()
        if self.is_time("settle", 5.0):
            self.report.settled_callbacks += await callbacks.settle_unsettled(self.db)
        if self.is_time("sweep", 60.0):
            await sweep_stale_uploads(self.db)
            await sweep_files(self.db)
        if self.is_time("files", 1.0):
            await self._offer_files()
        moved += await self._dispatch()
        if self.is_time("fold", 1.0):
            await self.db.call("fold_tallies")
        self._work_in_background()
        self.report.ticks += 1
        return moved

    async def _offer_files(self) -> None:
        """Start a worker for uploads, comparisons and exports that wait for one."""
        for _ in range(min((await self.db.call("offer_file_jobs"))["due"], MAX_FILE_WORKERS)):
            await self.spawner.spawn_file_worker()

    def _work_in_background(self) -> None:
        """Keep replays and flag refreshes going beside the loop, so that no batch waits for them."""
        if self.background is not None and self.background.done():
            ended, self.background = self.background, None
            trouble = ended.exception()
            if trouble is not None:
                log.warning("The work beside the batches stopped, and is taken up again.", exc_info=trouble)
            self.background_moved = trouble is None and ended.result() > 0
        if self.background is None and self.is_time("results", 0.0 if self.background_moved else 1.0):
            self.background = asyncio.create_task(work_in_background(self.db))

    async def _advance(self) -> int:
        done = await self.db.call("advance_completed_items", limit=2_000)
        self.report.advanced += done["advanced"]
        self.report.filled += done["filled"]
        self.report.finished_batches += done["finished_batches"]
        placed = await place_rows(self.db) if done["unplaced"] else 0
        return int(done["advanced"] + done["filled"] + done["settled"] + done["finished_batches"] + placed)

    async def _reap(self) -> int:
        reaped = sum((await self.db.call("reap_expired", limit=2_000)).values())
        self.report.reaped += reaped
        return int(reaped)

    async def _dispatch(self) -> int:
        answer = await self.db.call(
            "dispatch_pending_items",
            limit=self.pace.limit,
            chunk_size=self.pace.chunk_size,
            workflows=list(self.spawner.workflows),
            max_running=self.pace.max_running,
            holder=self.holder,
            answerable=self.answerable,
        )
        chunks: dict[str, list[str]] = defaultdict(list)
        for chunk in answer["chunks"]:
            chunks[chunk["workflow"]].append(chunk["chunk_id"])
        for workflow, chunk_ids in chunks.items():
            await self.spawner.spawn(workflow, chunk_ids)
        self.report.dispatched += answer["claimed"]
        self.report.failed += answer["failed"]
        self.next_due_in_s = answer["next_due_in_s"]
        self.busy = answer["busy"]
        asked = bool(answer["unanswerable"]) and await self._ask_for_the_address()
        return int(answer["claimed"] + answer["failed"] + asked)

    async def _ask_for_the_address(self) -> bool:
        """Rows wait for an address that Clay can answer to; whether more is known about it now than before."""
        if self.answerable or not self.is_time("address", 5.0):
            return False
        before, self.answerable = self.answerable, await self.spawner.address() is not None
        if self.answerable is not before and not self.answerable:
            log.warning("Paid steps are on hold: there is no public URL yet where Clay can send its answers.")
        return self.answerable is not before
