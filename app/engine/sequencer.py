"""The engine's loop: one turn after another, and again at once while there is progress.

On Modal the one scheduled function runs it every minute and it returns when nothing is due soon; on a developer's
machine it runs for as long as the process does. A lease row in the database keeps it single, whoever started it. What a
turn does is in `app/engine/turn.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from app.db import Database
from app.engine.turn import EngineReport, Pace, Turns
from app.errors import DatabaseError, DatabaseUnavailableError, LeadloomError

if TYPE_CHECKING:
    from app.engine.dispatcher import Spawner

__all__ = ["EngineReport", "Pace", "run_engine"]

log = logging.getLogger(__name__)

MAX_REFUSALS = 10
QUIET_TURNS = 2
PAUSE_S = 1.0
"""Between a turn that failed and the next one."""

LAST_TURN_S = 1.5
"""What an engine that is told to stop has left for its turn: a database that is away is not waited for any longer."""

FAREWELL_S = 1.0


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
    turns = Turns(db, spawner, pace or Pace(), on_lease, holder or str(uuid4()))
    wake, stop = wake or asyncio.Event(), stop or asyncio.Event()
    started = time.monotonic()
    sleep_s, quiet_turns, quiet_since = 0.02, 0, time.monotonic()
    try:
        while not stop.is_set() and (max_seconds is None or time.monotonic() - started < max_seconds):
            turn_began = time.monotonic()
            moved = await _turn(turns, stop)
            # Two quiet turns: what a worker finished between a turn's advance and its dispatch shows in the next one.
            quiet_turns = 0 if moved or not _is_idle(turns, idle_exit_s) else quiet_turns + 1
            quiet_since = turn_began if quiet_turns <= 1 else quiet_since
            at_rest = turns.trouble is None and (not turns.report.held or quiet_turns >= QUIET_TURNS)
            if idle_exit_s is not None and at_rest:
                turns.report.seconds = round(time.monotonic() - started, 3)
                if not turns.report.held or await _may_rest(turns, time.monotonic() - quiet_since):
                    break
                quiet_turns = 0
            sleep_s = 0.02 if moved else min(sleep_s * 2, turns.pace.longest_sleep_s)
            if not moved:
                await _rest(wake, stop, sleep_s)
    finally:
        turns.report.seconds = round(time.monotonic() - started, 3)
        await _release(turns, stop)
        log.info("The engine rests after %s.", _summary(turns.report))
    return turns.report


def _summary(report: EngineReport) -> str:
    """What was done, in a line for the log."""
    if not report.held:
        return f"{report.seconds:g} s: another engine holds the lease"
    done = {name: n for name, n in asdict(report).items() if n and name not in ("held", "ticks", "seconds")}
    return f"{report.seconds:g} s: " + (", ".join(f"{name} {n}" for name, n in done.items()) or "nothing was due")


async def _turn(turns: Turns, stop: asyncio.Event) -> int:
    """One turn; where the engine is told to stop meanwhile, what of it can be done in `LAST_TURN_S`."""
    turn = asyncio.create_task(_try_turn(turns))
    told = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((turn, told), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((turn,), timeout=LAST_TURN_S)
        return turn.result() if turn.done() else 0
    finally:
        turn.cancel()
        told.cancel()
        await asyncio.gather(turn, told, return_exceptions=True)


async def _try_turn(turns: Turns) -> int:
    """One turn if this engine holds the lease. A database that is away, out of breath or refuses the key is waited for.

    Raises:
        DatabaseError: the database answered, and refused, in many turns running.
        Exception: something else went wrong, as often.
    """
    began = time.monotonic()
    try:
        moved = await turns.tick() if await turns.hold() else 0
    except Exception as error:
        turns.trouble = turns.report.trouble = f"{type(error).__name__}: {error}"[:300]
        if isinstance(error, DatabaseUnavailableError):
            log.warning("The engine waits for the database: %s", error)
        else:
            turns.refusals += 1
            log.warning("A turn of the engine failed, and is made again: %s", error, exc_info=not _foreseen(error))
            if turns.refusals >= MAX_REFUSALS:
                raise
        await asyncio.sleep(PAUSE_S)
        turns.report.waited_s = round(turns.report.waited_s + time.monotonic() - began, 1)
        return 0
    turns.refusals, turns.trouble = 0, None
    return moved


def _foreseen(error: Exception) -> bool:
    return isinstance(error, LeadloomError)


async def _may_rest(turns: Turns, quiet_s: float) -> bool:
    """Give the lease back, unless somebody made work since this engine began to find nothing."""
    try:
        answer = await turns.db.call(
            "release_engine_lease", holder=turns.holder, report=asdict(turns.report), quiet_s=quiet_s
        )
    except DatabaseError as error:
        log.warning("The engine rests without giving its lease back: %s", error)
        return True
    return bool(answer["released"])


def _is_idle(turns: Turns, within_s: float | None) -> bool:
    return (
        not turns.busy
        and not turns.background_moved
        and (turns.next_due_in_s is None or turns.next_due_in_s > (within_s or 0))
    )


async def _rest(wake: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    waiters = [asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())]
    await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for waiter in waiters:
        waiter.cancel()
    wake.clear()


async def _release(turns: Turns, stop: asyncio.Event) -> None:
    """Let the work beside the batches end, and give the lease back; in a hurry where the engine is told to stop."""
    if turns.background is not None:
        await asyncio.wait([turns.background], timeout=LAST_TURN_S if stop.is_set() else None)
        turns.background.cancel()
        await asyncio.gather(turns.background, return_exceptions=True)
    if not turns.report.held:
        return
    report: dict[str, Any] = asdict(turns.report)
    try:
        async with asyncio.timeout(FAREWELL_S if stop.is_set() else None):
            await turns.db.call("release_engine_lease", holder=turns.holder, report=report)
    except (DatabaseUnavailableError, TimeoutError):
        log.warning("The engine's lease could not be given back; it runs out by itself.")
