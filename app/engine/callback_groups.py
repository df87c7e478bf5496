"""Callbacks in groups: what arrives within a few milliseconds is stored and settled by one call, in one transaction.

    take ──▶ queue ──▶ group ──▶ take_callbacks ──▶ everybody has its answer, the engine is told once
              full: busy          refused: in halves, down to the one that is at fault

An answer is acknowledged after its commit, and not before. While one group is under way the next one gathers; answers
for one row are never in two groups at a time, so that they count in the order in which they came. Every event loop has
a queue of its own, and every process its own queues: they meet in the database alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from app.db import Database
from app.engine.callbacks import Arrival, refused_by_database
from app.engine.refusals import is_rows_fault
from app.errors import DatabaseError, DatabaseUnavailableError, LeadloomError

__all__ = ["BusyError", "CallbackGroups", "Received", "summed", "take_group"]

GATHER_S = 0.003
"""How long the first of a group waits for others, where nothing is under way."""

MOST, MOST_BYTES = 200, 1_500_000
"""Callbacks of a group, and bytes of their bodies; a larger body goes alone."""

IN_FLIGHT = 2
WAITING, WAITING_BYTES = 2_000, 50_000_000
"""What may wait in the queue of a process; more is asked for again later."""

FAREWELL_S = 5.0
_NOT_THE_DATAS = ("40", "42", "53", "55", "57", "PG")
"""Beginnings of codes that no part of the group could help: deadlocks, functions, room, locks and time, PostgREST."""

log = logging.getLogger(__name__)


class BusyError(LeadloomError):
    """Too many callbacks wait already, or the process is about to end."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a callback.

    Attributes:
        verdict: of the callback, or of all in a body where they agree, else `several`; `received`: settled later.
        applied: a step has its answer.
        acted: a step has ended with it.
        verdicts: where a body held several, those of each in order.
    """

    verdict: str
    applied: bool
    acted: bool = False
    verdicts: tuple[str, ...] = ()


def summed(several: Sequence[Received]) -> Received:
    """What became of the callbacks of one body."""
    if len(several) == 1:
        return several[0]
    verdicts = tuple(one.verdict for one in several)
    return Received(
        verdicts[0] if len(set(verdicts)) == 1 else "several",
        applied=any(one.applied for one in several),
        acted=any(one.acted for one in several),
        verdicts=verdicts,
    )


async def take_group(db: Database, group: Sequence[Arrival]) -> list[Received]:
    """Store and settle callbacks, in halves where one is refused for what is in it; what became of each, in order.

    One that cannot be settled is stored all the same: as one that cannot be read where its data is at fault, else to be
    settled later.

    Raises:
        DatabaseError: the bodies could not be stored; the caller should ask for them again.
    """
    try:
        said = await db.call("take_callbacks", callbacks=[arrival.as_json() for arrival in group])
    except DatabaseUnavailableError:
        raise
    except DatabaseError as error:
        if (error.code or "").startswith(_NOT_THE_DATAS):
            return await _store(db, group, error)
        if len(group) > 1:
            middle = len(group) // 2
            return await take_group(db, group[:middle]) + await take_group(db, group[middle:])
        [one] = group
        refused = refused_by_database(one.outcome, error)
        if not is_rows_fault(error) or one.outcome == refused:
            return await _store(db, group, error)
        return await take_group(db, [replace(one, outcome=refused)])
    for arrival, one in zip(group, said, strict=True):
        _tell("A callback was settled.", arrival, one["inbox_id"], one["verdict"])
    return [Received(one["verdict"], one["applied"], one["acted"]) for one in said]


async def _store(db: Database, group: Sequence[Arrival], why: DatabaseError) -> list[Received]:
    """Store bodies alone; the engine's `settle_unsettled` does the rest."""
    stored = await db.call("receive_callbacks", callbacks=[{**one.as_json(), "outcome": None} for one in group])
    log.warning("%d callbacks are stored, and settled later: %s", len(group), why)
    for arrival, inbox_id in zip(group, stored, strict=True):
        _tell("A callback was stored.", arrival, inbox_id, "received")
    return [Received("received", applied=False)] * len(group)


def _tell(what: str, arrival: Arrival, inbox_id: int, verdict: str) -> None:
    """One line of the log for each callback, with its row's names and nothing of what it says."""
    known = arrival.sender.token
    log.info(
        what,
        extra={
            "callback": inbox_id,
            "verdict": verdict,
            "workflow": arrival.sender.workflow,
            "item": arrival.item,
            "step": known.step_index if known else None,
            "attempt": known.attempt if known else None,
        },
    )


class _Waiting(NamedTuple):
    arrival: Arrival
    answer: asyncio.Future[Received]


class CallbackGroups:
    """The callbacks that wait for their group, in this process.

    Args:
        database: gives the database; asked once a group.
        wake: awaited, beside the work, once for every group that ended a step.
    """

    def __init__(self, database: Callable[[], Awaitable[Database]], wake: Callable[[], Awaitable[Any]]) -> None:
        self._database = database
        self._wake = wake
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = WeakKeyDictionary()
        self._closed = False

    async def take(self, arrived: Sequence[Arrival]) -> Received:
        """Store and settle what a request brought, with what others bring; what became of it, after its commit.

        A caller that is cancelled meanwhile does not take its callbacks back: they may be stored.

        Raises:
            BusyError: too much waits already; ask again later.
            DatabaseError: they could not be stored.
        """
        if self._closed:
            raise BusyError
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            line = self._lines[loop] = _Line(loop, self._database, self._wake)
        return summed(await asyncio.gather(*line.enter(arrived)))

    async def aclose(self) -> None:
        """Take no more; wait for what waits here, for a moment, and let go of the rest."""
        self._closed = True
        line = self._lines.get(asyncio.get_running_loop())
        if line is not None:
            await line.aclose()


class _Line:
    """The queue of one event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        database: Callable[[], Awaitable[Database]],
        wake: Callable[[], Awaitable[Any]],
    ) -> None:
        self._loop = loop
        self._database = database
        self._wake = wake
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._flying: set[asyncio.Task[None]] = set()
        self._busy: set[str] = set()
        self._waking: asyncio.Task[None] | None = None
        self._wake_again = False

    def enter(self, arrived: Sequence[Arrival]) -> list[asyncio.Future[Received]]:
        """Put callbacks at the end of the queue.

        Raises:
            BusyError: it is full.
        """
        if len(self._queue) >= WAITING or self._bytes >= WAITING_BYTES:
            raise BusyError
        entered = [_Waiting(arrival, self._loop.create_future()) for arrival in arrived]
        self._queue.extend(entered)
        self._bytes += sum(len(arrival.body) for arrival in arrived)
        if not self._flying and self._timer is None:
            self._timer = self._loop.call_later(GATHER_S, self._depart)
        return [one.answer for one in entered]

    def _depart(self) -> None:
        """Send off what waits, as far as it may go now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while len(self._flying) < IN_FLIGHT and (group := self._next_group()):
            task = self._loop.create_task(self._fly(group))
            self._flying.add(task)
            task.add_done_callback(self._landed)

    def _next_group(self) -> list[_Waiting]:
        """The first that wait, without those whose row has an answer under way."""
        group: list[_Waiting] = []
        kept: list[_Waiting] = []
        size = 0
        while self._queue and len(group) < MOST:
            one = self._queue.popleft()
            if one.arrival.item in self._busy:
                kept.append(one)
                continue
            if group and size + len(one.arrival.body) > MOST_BYTES:
                kept.append(one)
                break
            group.append(one)
            size += len(one.arrival.body)
        self._queue.extendleft(reversed(kept))
        self._bytes -= size
        self._busy.update(one.arrival.item for one in group if one.arrival.item)
        return group

    async def _fly(self, group: list[_Waiting]) -> None:
        try:
            received = await take_group(await self._database(), [one.arrival for one in group])
        except BaseException as error:
            said = BusyError() if isinstance(error, asyncio.CancelledError) else error
            for one in group:
                if not one.answer.done():
                    one.answer.set_exception(said)
            if not isinstance(error, Exception):
                raise
        else:
            if any(one.acted for one in received):
                self._tell_the_engine()
            for one, became in zip(group, received, strict=True):
                if not one.answer.done():  # its caller may have gone
                    one.answer.set_result(became)
        finally:
            self._busy.difference_update(one.arrival.item for one in group if one.arrival.item)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        if self._queue:
            self._depart()

    def _tell_the_engine(self) -> None:
        """Wake it, beside the work; who is being woken is woken once more afterwards."""
        self._wake_again = True
        if self._waking is None or self._waking.done():
            self._waking = self._loop.create_task(self._keep_waking())

    async def _keep_waking(self) -> None:
        while self._wake_again:
            self._wake_again = False
            try:
                await self._wake()
            except Exception:
                log.exception("the engine was not woken; it looks by itself within a minute")

    async def aclose(self) -> None:
        """Wait for what waits, for a moment; let go of the rest."""
        self._depart()
        until = self._loop.time() + FAREWELL_S
        while self._flying and (left := until - self._loop.time()) > 0:
            await asyncio.wait(self._flying, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for task in [*self._flying, *([self._waking] if self._waking else [])]:
            if task in self._flying:
                task.cancel()
        while self._queue:
            one = self._queue.popleft()
            if not one.answer.done():
                one.answer.set_exception(BusyError())
        await asyncio.gather(*self._flying, return_exceptions=True)
        if self._waking is not None:
            await asyncio.wait([self._waking], timeout=FAREWELL_S)
            self._waking.cancel()
