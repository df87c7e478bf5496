"""The engine's lease, and its workers', as others see them: is somebody at work, and whose work is over?"""

from __future__ import annotations

from collections.abc import Sequence

from app.db import Database

__all__ = ["LONGEST_LEASE_S", "abandon_leases", "wake_engine"]

LONGEST_LEASE_S = {"compute": 900, "clay": 300}
"""How long a chunk may be with its worker at most, by kind of workflow (`leadloom.dispatch_step` sees to it)."""


async def wake_engine(db: Database) -> bool:
    """Whether the engine sleeps and the caller should start it; of several callers at a time one hears yes."""
    return bool((await db.call("wake_engine"))["spawn"])


async def abandon_leases(db: Database, holders: Sequence[str]) -> None:
    """End the leases of these processes, which are known to be dead: their rows go back to the queue at once."""
    await db.call("abandon_leases", holders=list(holders))
