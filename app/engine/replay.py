"""The extraction again, over batches that are there: after the parser improved, or for a batch whose pipeline had none.

Reads evidence in portions of a few megabytes, understands it in worker processes, stores it: reading the next portion,
parsing and storing overlap, and memory is bounded by the portions in flight. Running it twice changes nothing; a
process that died leaves a mark to go on from.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any
from uuid import UUID, uuid4

import orjson

from app.db import Database
from app.engine.refusals import by_halves, in_words, storable_text
from app.errors import DatabaseUnavailableError, LeadloomError
from app.extraction import PARSER_VERSION

__all__ = ["BatchExtraction", "extract_batches", "request_extraction", "rows_of", "run_portions"]

log = logging.getLogger(__name__)

PORTION_ITEMS = 400
PORTION_BYTES = 3_000_000
HOLD_S = 60
PROCESSES_FROM = 2_000
"""Batches below this many items are parsed in a thread: starting processes would take longer."""


@dataclass
class BatchExtraction:
    """What a replay of one batch came to."""

    batch: str
    run: str
    state: str
    total: int
    done: int
    leads_new: int = 0
    leads_changed: int = 0
    positions_new: int = 0
    positions_changed: int = 0
    positions_removed: int = 0
    with_doubts: int = 0
    error: str | None = None

    @property
    def changed(self) -> int:
        """Rows that are not what they were before."""
        return (
            self.leads_new + self.leads_changed + self.positions_new + self.positions_changed + self.positions_removed
        )


@dataclass
class _Mark:
    """How far everything is stored: portions end in any order, the mark moves only over those without a gap."""

    through: int = 0
    ends: list[int] = field(default_factory=list)
    stored: set[int] = field(default_factory=set)

    def opened(self, end: int) -> None:
        """A portion that ends with this row is on its way."""
        self.ends.append(end)

    def closed(self, end: int) -> None:
        """It is stored."""
        self.stored.add(end)
        while self.ends and self.ends[0] in self.stored:
            self.through = self.ends.pop(0)
            self.stored.remove(self.through)


async def extract_batches(
    db: Database,
    batch_uids: Sequence[str],
    on_progress: Callable[[BatchExtraction], None] | None = None,
    *,
    actor: str = "system",
) -> list[BatchExtraction]:
    """Run the extraction over these batches, one after another.

    Args:
        db: the database.
        batch_uids: batches, in any state; items that are still on their way are left out.
        on_progress: told after every portion.
        actor: who asked, for the audit log.

    Returns:
        What changed, per batch.

    Raises:
        NotFoundError: there is no such batch.
    """
    runs = await request_extraction(db, batch_uids, actor=actor, hold_s=HOLD_S)
    return [await _extract(db, run, on_progress) for run in runs]


async def request_extraction(
    db: Database, batch_uids: Sequence[str], *, actor: str, hold_s: int = 0, request: UUID | None = None
) -> list[dict[str, Any]]:
    """Ask for the extraction over these batches; the engine does it when nobody else does.

    Args:
        db: the database.
        batch_uids: batches, in any state.
        actor: who asks, for the audit log.
        hold_s: seconds for which the caller works on the runs itself; 0: the engine may begin at once.
        request: names this one wish; a repeat answers as before.

    Returns:
        The runs, one per batch.

    Raises:
        NotFoundError: there is no such batch.
    """
    runs: list[dict[str, Any]] = await db.call(
        "request_extraction",
        batches=list(batch_uids),
        parser_version=PARSER_VERSION,
        actor=actor,
        hold_s=hold_s,
        request=request or uuid4(),
    )
    return runs


async def _extract(
    db: Database, run: dict[str, Any], on_progress: Callable[[BatchExtraction], None] | None
) -> BatchExtraction:
    report = _report(run)
    pool = _pool() if run["total"] >= PROCESSES_FROM else None
    try:
        async for counts in run_portions(db, run["uid"], pool):
            report.done += counts["rows"]
            for name in ("leads_new", "leads_changed", "positions_new", "positions_changed", "positions_removed"):
                setattr(report, name, getattr(report, name) + counts[name])
            if on_progress:
                on_progress(report)
    except DatabaseUnavailableError:
        raise  # what is stored is marked: the engine goes on with it
    except Exception as error:
        why = str(error) if isinstance(error, LeadloomError) else f"{type(error).__name__}: {error}"
        await db.call("finish_extraction", run=run["uid"], error=why)
        raise
    finally:
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
    return _report(await db.call("finish_extraction", run=run["uid"], error=None))


def _report(run: dict[str, Any]) -> BatchExtraction:
    return BatchExtraction(
        **{name: run[name] for name in BatchExtraction.__dataclass_fields__ if name in run}, run=run["uid"]
    )


def _pool() -> Executor:
    """Worker processes, started clean (a fork of a process with threads may hang).

    Parsing makes no cycles, so that they need no collector, which would walk every payload again and again.
    """
    return ProcessPoolExecutor(
        max_workers=min(4, os.cpu_count() or 2), mp_context=get_context("forkserver"), initializer=gc.disable
    )


async def run_portions(
    db: Database, run: str, pool: Executor | None, *, in_flight: int = 4
) -> AsyncIterator[dict[str, int]]:
    """Take a replay's portions one after another, several on their way at once.

    Yields:
        Per portion the counts of `store_extractions`, `rows` (the items in it) and `through` (the row number up to
        which everything is stored).
    """
    mark = _Mark()
    working: set[asyncio.Task[dict[str, int]]] = set()
    after = 0
    exhausted = False
    try:
        while working or not exhausted:
            while not exhausted and len(working) < in_flight:
                portion = await db.read(
                    "extraction_items", run=run, after=after, limit=PORTION_ITEMS, max_bytes=PORTION_BYTES
                )
                if not portion["items"]:
                    exhausted = True
                    break
                after = portion["through"]
                mark.opened(after)
                working.add(asyncio.create_task(_understand_and_store(db, run, portion, pool, mark)))
            done, working = (
                await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED) if working else (set(), set())
            )
            for task in done:
                yield {**task.result(), "through": mark.through}
    finally:
        for task in working:
            task.cancel()


async def _understand_and_store(
    db: Database, run: str, portion: dict[str, Any], pool: Executor | None, mark: _Mark
) -> dict[str, int]:
    loop = asyncio.get_running_loop()
    rows = await loop.run_in_executor(pool, rows_of, portion["items"], portion["mapping"])
    counts: Counter[str] = Counter()

    async def store(part: Sequence[tuple[int, bytes]]) -> None:
        given = [orjson.Fragment(row) for _, row in part]
        counts.update(await db.call("store_extractions", run=run, rows=given, through=mark.through, request=uuid4()))

    refused = await by_halves(rows, store)
    await by_halves([(item, _without_lead(item, in_words(error))) for (item, _), error in refused], store)
    mark.closed(portion["through"])
    return {**counts, "rows": len(portion["items"])}


def rows_of(items: list[dict[str, Any]], mapping: dict[str, str] | None) -> list[tuple[int, bytes]]:
    """Understand a portion: each item with its row to store, as JSON. Pure, so that a worker process can do it.

    Payloads come in as text and rows go out as text, because that is what passes between processes cheaply.
    """
    return [(item["item"], _row_of(item, mapping)) for item in items]


def _row_of(item: dict[str, Any], mapping: dict[str, str] | None) -> bytes:
    """One item's row. A defect of the parser costs this one row, says so in its report, and stops nothing."""
    from app.extraction.evidence import evidence_from  # noqa: PLC0415 -- whoever only asks for a replay reads nothing
    from app.extraction.rows import item_row  # noqa: PLC0415

    try:
        return orjson.dumps(item_row(item["item"], evidence_from(item["original"], mapping, item["results"])))
    except Exception as error:
        log.exception("Item %s could not be extracted.", item["item"])
        return _without_lead(item["item"], f"internal error in Leadloom: {type(error).__name__}: {error}")


def _without_lead(item: int, why: str) -> bytes:
    """The row of an item that nothing could be made of: it says why."""
    told = {"value": "", "why": storable_text(why[:300])}
    return orjson.dumps({"item": item, "parser_version": PARSER_VERSION, "report": {"extraction": told}})
