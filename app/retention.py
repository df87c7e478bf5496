"""What is kept how long: the engine empties what is no longer needed, an operator archives, deletes and erases.

Everything here works in portions that fit a statement's time, and whatever is killed in between goes on where it was.
"""

from __future__ import annotations

import time

from app.db import Database

__all__ = ["ORIGINALS_KEPT_S", "tidy_up"]

ORIGINALS_KEPT_S = 24 * 3600
"""How long after its end a batch keeps its own copies of the raw rows: most retries come within a day."""

AT_A_TIME = 1_000


async def tidy_up(db: Database, until: float) -> int:
    """Empty copies of raw rows in batches that ended a day ago, until `until` (`time.monotonic()`) or all is done.

    Returns:
        How many rows were looked at.
    """
    looked_at = 0
    while time.monotonic() < until:
        answer = await db.call("empty_originals", after_s=ORIGINALS_KEPT_S, limit=AT_A_TIME)
        if not answer["emptied"] and not answer.get("batch_done"):
            break
        looked_at += answer["emptied"]
    return looked_at
