"""What the engine's loop does between its turns: replays that somebody asked for, flags to refresh, copies to empty.

All are cut into short pieces, so that the loop never stays away from the batches for long.
"""

from __future__ import annotations

import logging
import time

from app.db import Database
from app.engine.retention.tidying import tidy_up
from app.errors import DatabaseUnavailableError, LeadloomError

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
        DatabaseUnavailableError: the database is away. Anything else that goes wrong, a defect of ours included, is
            logged, and a replay that cannot go on ends with its reason: the batches must run whatever happens here.
    """
    until = time.monotonic() + max_seconds
    worked = 0
    for part in (_refresh_flags, _replay, tidy_up):
        if part is tidy_up and worked:
            break  # what nobody waits for comes last
        try:
            worked += await part(db, until)
        except DatabaseUnavailableError:
            raise
        except Exception:
            log.exception("Work beside the batches failed; it is tried again.")
    return worked


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
    from app.engine.replay import run_portions  # noqa: PLC0415 -- few minutes have a replay, and it loads all that reads

    worked = 0
    try:
        async for counts in run_portions(db, run["uid"], None, in_flight=1):
            worked += counts["rows"]
            if time.monotonic() > until:
                await db.call("release_extraction", run=run["uid"], through=counts["through"])
                return worked
    except DatabaseUnavailableError:
        raise
    except Exception as error:
        log.exception("A replay ended early.")
        why = str(error) if isinstance(error, LeadloomError) else f"{type(error).__name__}: {error}"
        await db.call("finish_extraction", run=run["uid"], error=why)
        return worked
    await db.call("finish_extraction", run=run["uid"], error=None)
    return worked + 1
