"""What the engine does, when nobody waits for it, so that nothing is kept longer than it should be.

Copies of raw rows are emptied some time after a batch's end; deletions and erasures that a page ordered are worked off.
All in portions that fit a statement's time: whatever is killed in between goes on where it was.
"""

from __future__ import annotations

import time

from app.db import Database

__all__ = ["ORIGINALS_KEPT_S", "tidy_up"]

ORIGINALS_KEPT_S = 24 * 3600
"""How long after its end a batch keeps its own copies of the raw rows: most retries come within a day."""

AT_A_TIME = 1_000
MOMENT_MS = 300


async def tidy_up(db: Database, until: float) -> int:
    """Erase, delete and empty what is due, until `until` (`time.monotonic()`) or all is done.

    Returns:
        How many rows or portions were worked on; 0 when nothing is left to do.
    """
    worked = 0
    while time.monotonic() < until:
        done = await _ordered(db) or await _originals(db)
        if not done:
            break
        worked += done
    return worked


async def _ordered(db: Database) -> int:
    """A moment of what an operator ordered."""
    if (erasure := await db.read("open_erasure")) is not None:
        await db.call("erase_portion", erasure=erasure, ms=MOMENT_MS)
        return 1
    if (deletion := await db.read("open_deletion")) is not None:
        await db.call("delete_portion", deletion=deletion, ms=MOMENT_MS)
        return 1
    return 0


async def _originals(db: Database) -> int:
    answer = await db.call("empty_originals", after_s=ORIGINALS_KEPT_S, limit=AT_A_TIME)
    return int(answer["emptied"] + answer.get("batch_done", False))
