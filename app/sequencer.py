"""The engine's loop: advance, reap, dispatch, and again while there is progress.

On Modal the one scheduled function runs it every minute and it returns when nothing is due soon; on a developer's
machine it runs for as long as the process does. A lease row in the database keeps it single, whoever started it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from app import callbacks, uploads
from app.db import Database
from app.dispatcher import Spawner
from app.entities import place_rows
from app.errors import DatabaseError, DatabaseUnavailableError, LeadloomError
from app.extraction.background import work_in_background
from app.file_pieces import sweep_files
from app.workflows import registry_rows

__all__ = ["EngineReport", "Pace", "run_engine"]

log = logging.getLogger(__name__)

MAX_REFUSALS = 10
QUIET_TURNS = 2
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
class _Loop:
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
            await uploads.sweep_stale_uploads(self.db)
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
            log.warning("Paid steps wait: there is no address yet that Clay could answer to.")
        return self.answerable is not before


async def run_engine(
    db: Database,
    spawner: Spawner,
    *,
    pace: Pace | None = None,
    max_seconds: float | None = None,
    idle_exit_s: float | None = None,
    wake: asyncio.Event | None = None,
    stop: asyncio.Event | None = None,
    on_lease: Callable[[], Awaitable[object]] | None = None,
    holder: str | None = None,
) -> EngineReport:
    """Run the loop until told to stop, out of time, or idle.

    Args:
        db: the database.
        spawner: where chunks go.
        pace: limits and intervals.
        max_seconds: return after this long, in the middle of work if need be (the next run goes on).
        idle_exit_s: return when no worker is out and nothing known is due within this many seconds; None stays.
        wake: set by whoever made work (a finished chunk, say); cuts a sleep short.
        stop: set to end the loop after the current turn.
        on_lease: awaited once, when this engine first holds the lease.
        holder: a uuid that names this engine in its lease and in the chunks it gives out; a new one by default.

    Returns:
        What was done; `held` is False when another engine holds the lease.
    """
    loop = _Loop(db, spawner, pace or Pace(), on_lease, holder or str(uuid4()))
    wake, stop = wake or asyncio.Event(), stop or asyncio.Event()
    started = time.monotonic()
    sleep_s, quiet_turns, quiet_since = 0.02, 0, time.monotonic()
    try:
        while not stop.is_set() and (max_seconds is None or time.monotonic() - started < max_seconds):
            turn_began = time.monotonic()
            moved = await _turn(loop)
            # Two quiet turns: what a worker finished between a turn's advance and its dispatch shows in the next one.
            quiet_turns = 0 if moved or not _is_idle(loop, idle_exit_s) else quiet_turns + 1
            quiet_since = turn_began if quiet_turns <= 1 else quiet_since
            at_rest = loop.trouble is None and (not loop.report.held or quiet_turns >= QUIET_TURNS)
            if idle_exit_s is not None and at_rest:
                loop.report.seconds = round(time.monotonic() - started, 3)
                if not loop.report.held or await _may_rest(loop, time.monotonic() - quiet_since):
                    break
                quiet_turns = 0
            sleep_s = 0.02 if moved else min(sleep_s * 2, loop.pace.longest_sleep_s)
            if not moved:
                await _rest(wake, stop, sleep_s)
    finally:
        loop.report.seconds = round(time.monotonic() - started, 3)
        await _release(loop)
        log.info("The engine rests after %s.", _summary(loop.report))
    return loop.report


def _summary(report: EngineReport) -> str:
    """What was done, in a line for the log."""
    if not report.held:
        return f"{report.seconds:g} s: another engine holds the lease"
    done = {name: n for name, n in asdict(report).items() if n and name not in ("held", "ticks", "seconds")}
    return f"{report.seconds:g} s: " + (", ".join(f"{name} {n}" for name, n in done.items()) or "nothing was due")


async def _turn(loop: _Loop) -> int:
    """One turn if this engine holds the lease. A database that is away, out of breath or refuses the key is waited for.

    Raises:
        DatabaseError: the database answered, and refused, in many turns running.
        Exception: something else went wrong, as often.
    """
    began = time.monotonic()
    try:
        moved = await loop.tick() if await loop.hold() else 0
    except Exception as error:
        loop.trouble = loop.report.trouble = f"{type(error).__name__}: {error}"[:300]
        if isinstance(error, DatabaseUnavailableError):
            log.warning("The engine waits for the database: %s", error)
        else:
            loop.refusals += 1
            log.warning("A turn of the engine failed, and is made again: %s", error, exc_info=not _foreseen(error))
            if loop.refusals >= MAX_REFUSALS:
                raise
        await asyncio.sleep(1.0)
        loop.report.waited_s = round(loop.report.waited_s + time.monotonic() - began, 1)
        return 0
    loop.refusals, loop.trouble = 0, None
    return moved


def _foreseen(error: Exception) -> bool:
    return isinstance(error, LeadloomError)


async def _may_rest(loop: _Loop, quiet_s: float) -> bool:
    """Give the lease back, unless somebody made work since this engine began to find nothing."""
    try:
        answer = await loop.db.call(
            "release_engine_lease", holder=loop.holder, report=asdict(loop.report), quiet_s=quiet_s
        )
    except DatabaseError as error:
        log.warning("The engine rests without giving its lease back: %s", error)
        return True
    return bool(answer["released"])


def _is_idle(loop: _Loop, within_s: float | None) -> bool:
    return (
        not loop.busy
        and not loop.background_moved
        and (loop.next_due_in_s is None or loop.next_due_in_s > (within_s or 0))
    )


async def _rest(wake: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    waiters = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for waiter in waiters:
        waiter.cancel()
    wake.clear()


async def _release(loop: _Loop) -> None:
    if loop.background is not None:
        await asyncio.wait([loop.background])
    report: dict[str, Any] = asdict(loop.report)
    try:
        if loop.report.held:
            await loop.db.call("release_engine_lease", holder=loop.holder, report=report)
    except DatabaseUnavailableError:
        log.warning("The engine's lease could not be given back; it runs out by itself.")
