"""The engine on a developer's machine: the same loop as on Modal, with workers as tasks of this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from app.db import Database, connect_database
from app.engine.leases import abandon_leases
from app.engine.sequencer import Pace, run_engine
from app.settings import home
from functions.console.holders import Holder
from functions.console.spawner import LocalSpawner

__all__ = ["LOCAL_PACE", "engine", "running_engine"]

LOCAL_PACE = Pace(limit=4_000, chunk_size=1_000, max_running=6_000, lease_s=6, longest_sleep_s=0.5)
"""A short lease: a killed engine's successor takes over within seconds."""


@contextlib.asynccontextmanager
async def running_engine(db: Database, pace: Pace = LOCAL_PACE) -> AsyncIterator[None]:
    """An engine that runs for as long as the block does, and ends with its chunks finished.

    Workers of an engine of this machine that was killed died with it; once this one holds the lease, it takes their
    rows back. Rows that workers elsewhere have are left to them.
    """
    wake, stop = asyncio.Event(), asyncio.Event()
    with Holder(home()) as holder:
        spawner = LocalSpawner(db, wake, holder.uid)
        engine = run_engine(
            db,
            spawner,
            pace=pace,
            wake=wake,
            stop=stop,
            on_lease=lambda: _take_back(db, holder),
            holder=holder.uid,
        )
        try:
            async with asyncio.TaskGroup() as group:  # an engine that breaks ends the block with its error
                group.create_task(engine)
                try:
                    yield
                finally:
                    stop.set()
        finally:
            await spawner.drain()


async def _take_back(db: Database, holder: Holder) -> None:
    """End the leases of this machine's engines that are dead."""
    dead = holder.dead()
    if dead:
        await abandon_leases(db, dead)
        holder.forget(dead)


async def engine(stopped: asyncio.Event) -> None:
    """Run an engine until told to stop."""
    async with connect_database() as db, running_engine(db):
        await stopped.wait()
