"""The engine's clock: one scheduled function that moves every batch on, and the spawner it hands chunks to.

Postgres says what is due; this loop asks, and spawns the workers of `workers.py` with chunk ids. It may run twice, be
killed midway or overlap with the version before a deployment: the lease row in the database lets one loop work at a
time, and every step it takes is safe to repeat.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import modal

from app.db import connect_database
from functions.address import public_url
from functions.file_worker import work_on_files
from functions.modal_app import REGION, app
from functions.preload import part, preload
from functions.workers import CHUNKS_PER_CALL, WORKERS, WORKFLOW_MODULES

__all__ = ["ModalSpawner", "engine"]

log = logging.getLogger(__name__)

RUN_SECONDS = 57
"""A busy loop ends just before the next minute's call, so that calls neither leave a gap nor pile up behind it."""

IDLE_SECONDS = 5.0
"""The loop ends when no worker is out and nothing is due within this time. What waits for Clay is due in hours: its
callback wakes the loop, as a launch does."""


class ModalSpawner:
    """Hands chunks to the Modal function of their workflow and does not wait for it.

    Args:
        address: where Clay's answers come in, as whoever started the engine knows it; None: ask Modal.
    """

    workflows: Sequence[str] = sorted(WORKERS)

    def __init__(self, address: str | None = None) -> None:
        self._given = address

    async def spawn(self, workflow: str, chunk_ids: Sequence[str]) -> None:
        """Spawn the workflow's function, with a handful of chunk ids a call.

        A workflow without a line in functions/workers.py is reported and left alone, so that the others go on; its
        rows fail when their leases have run out as often as they have attempts.
        """
        function = WORKERS.get(workflow)
        if function is None:
            log.error("%s has no worker: add a line for it to functions/workers.py", workflow)
            return
        for start in range(0, len(chunk_ids), CHUNKS_PER_CALL):
            await function.spawn.aio(list(chunk_ids[start : start + CHUNKS_PER_CALL]), self._given)

    async def address(self) -> str | None:
        """The web function's address."""
        return await asyncio.to_thread(public_url) or self._given

    async def spawn_file_worker(self) -> None:
        """Start one more call of the worker for files; Modal bounds how many run at once."""
        await work_on_files.spawn.aio()


@app.function(
    schedule=modal.Cron("* * * * *"),  # Period would start over with every deployment
    max_containers=1,
    timeout=RUN_SECONDS + 63,  # the last round's calls may take their time; then Modal ends it
    retries=0,
    scaledown_window=5,  # an idle minute costs one short run, not a container that waits for the next
    region=REGION,
    cpu=0.5,
    memory=512,
    env=part("engine"),
    enable_memory_snapshot=True,
)
async def engine(address: str | None = None) -> dict[str, Any]:
    """Advance, reap and dispatch until nothing is due soon, or until the next minute's call takes over.

    Args:
        address: where Clay's answers come in, where only the caller knows that: an app that is served, not deployed.
    """
    from app.engine.sequencer import run_engine  # noqa: PLC0415 -- only its own containers run the loop

    async with connect_database() as db:
        report = await run_engine(db, ModalSpawner(address), max_seconds=RUN_SECONDS, idle_exit_s=IDLE_SECONDS)
    return asdict(report)


# The first turn tells the database which workflows there are.
preload("engine", "app.engine.sequencer", *WORKFLOW_MODULES)
