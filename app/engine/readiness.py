"""Whether everything behind the web process works: the database, its schema, the engine.

An outside probe asks every few seconds and without a sign-in, so the answer is kept for a moment: however many ask, the
database hears one question at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from app.db import Database
from app.errors import DatabaseUnavailableError, LeadloomError

__all__ = ["ENGINE_SILENT_S", "ReadinessProbe", "readiness", "readiness_problems"]

ENGINE_SILENT_S = 180.0
"""The cloud starts the engine every minute, work or none; three minutes without it are an alarm."""

PATIENCE_S = 5.0


async def readiness(db: Database) -> dict[str, Any]:
    """What the database says of itself: `{"schema", "engine_age_s"}`, either None where it is not known."""
    found: dict[str, Any] = await db.read("readiness")
    return found


async def readiness_problems(db: Database) -> list[str]:
    """What is in the way, in words for an operator and without any detail that an outsider could use; [] when ready."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            found = await readiness(db)
    except (TimeoutError, DatabaseUnavailableError):
        return ["The database cannot be reached."]
    except LeadloomError:
        return ["The database does not report its status."]
    problems = []
    if found["schema"] != await asyncio.to_thread(_expected_schema):
        problems.append("The database schema does not match this version: run `leadloom migrate`, or deploy again.")
    age_s = found["engine_age_s"]
    if age_s is None:
        problems.append("The engine has never run.")
    elif age_s > ENGINE_SILENT_S:
        problems.append(f"The engine has not run for {age_s:.0f} seconds.")
    return problems


@lru_cache(maxsize=1)
def _expected_schema() -> str:
    """The version of the files that this process started with."""
    from migrations.history import schema_version  # noqa: PLC0415 -- loads the driver that migrations connect with

    return schema_version()


class ReadinessProbe:
    """Remembers the last answer for `KEPT_S` seconds; who asks meanwhile, or while it is being found, gets that one.

    Args:
        database: gives the database, when it is needed.
    """

    KEPT_S = 2.0

    def __init__(self, database: Callable[[], Awaitable[Database]]) -> None:
        self._database = database
        self._asking = asyncio.Lock()
        self._problems: list[str] = []
        self._until = 0.0

    async def problems(self) -> list[str]:
        """What is in the way now, or was a moment ago."""
        async with self._asking:
            if time.monotonic() >= self._until:
                try:
                    self._problems = await readiness_problems(await self._database())
                except LeadloomError:  # no settings to connect with
                    self._problems = ["The database is not configured."]
                self._until = time.monotonic() + self.KEPT_S
        return self._problems
