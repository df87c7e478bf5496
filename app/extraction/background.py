"""What the engine's loop does between its turns: replays that somebody asked for, flags to refresh, copies to empty.

All are cut into short pieces, so that the loop never stays away from the batches for long.
"""

from __future__ import annotations

import logging
import time

from app.db import Database
from app.errors import DatabaseError, DatabaseUnavailableError, LeadloomError
from app.extraction.replay import run_portions
from app.retention import tidy_up

__all__ = ["work_in_background"]

log = logging.getLogger(__name__)

FLAGS_AT_ONCE = 1_000
LEASE_S = 60


async def work_in_background(db: Database, *, max_seconds: float = 0.5) -> int:
    """Go on with replays and flag refreshes for a while.

    Args:
        db: the database.
        max_seconds: stop after the piece in which this is exceeded.

    Returns:
        How many rows were looked at; 0 when nothing is left to do.

    Raises:
        DatabaseUnavailableError: the database is away. Anything else that goes wrong is logged, and a replay that
            cannot go on ends with its reason: the batches must run whatever happens here.
    """
    until = time.monotonic() + max_seconds
    try:
        worked = await _refresh_flags(db, until)
    except DatabaseUnavailableError:
        raise
    except DatabaseError:
        log.exception("The flags of a client could not be refreshed; it is tried again.")
        worked = 0
    worked += await _replay(db, until)
    return worked or await _tidy_up(db, until)


async def _tidy_up(db: Database, until: float) -> int:
    """What nobody waits for comes last."""
    try:
        return await tidy_up(db, until)
    except DatabaseUnavailableError:
        raise
    except DatabaseError:
        log.exception("Copies of raw rows could not be emptied; it is tried again.")
        return 0


async def _refresh_flags(db: Database, until: float) -> int:
    worked = 0
    while time.monotonic() < until:
        answer = await db.call("refresh_customer_flags", limit=FLAGS_AT_ONCE)
        worked += answer["refreshed"]
        if not answer["more"]:
            break
    return worked


async def _replay(db: Database, until: float) -> int:
    run = await db.call("take_extraction", seconds=LEASE_S)
    if run is None:
        return 0
    worked = 0
    try:
        async for counts in run_portions(db, run["uid"], None, in_flight=1):
            worked += counts["rows"]
            if time.monotonic() > until:
                await db.call("release_extraction", run=run["uid"], through=counts["through"])
                return worked
    except DatabaseUnavailableError:
        raise
    except LeadloomError as error:
        log.exception("A replay ended early.")
        await db.call("finish_extraction", run=run["uid"], error=str(error))
        return worked
    await db.call("finish_extraction", run=run["uid"], error=None)
    return worked + 1
