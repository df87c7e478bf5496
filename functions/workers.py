"""The functions that do the steps: one Modal function per workflow, each with limits of its own.

The engine claims due states in chunks and spawns these functions with chunk ids, never with rows: what a chunk holds is
read from Postgres, and its first act there is to claim it. A call that Modal delivers twice, or that outlives its
lease, finds nothing left to claim and does nothing.

A new workflow is one file in app/workflows/ and one line at the end of this file: `worker(...)`, or `sender(...)` for a
step that goes to Clay.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import modal

from app.db import Patience, connect_database
from app.engine.leases import LONGEST_LEASE_S
from functions.address import public_url
from functions.modal_app import REGION, app
from functions.preload import part, preload

__all__ = [
    "CHUNKS_IN_FLIGHT",
    "CHUNKS_PER_CALL",
    "WORKERS",
    "WORKFLOW_MODULES",
    "call_seconds",
    "run_chunks",
    "sender",
    "worker",
]

WORKERS: dict[str, modal.Function[[list[str], str | None], Any, Any]] = {}
"""The Modal function of each workflow, by slug: what the engine spawns."""

CHUNKS_PER_CALL = 4
"""Chunk ids that one call of a worker gets: enough to keep it busy, few enough that more calls mean more containers."""

MEMORY_MIB = 512

TRICKLE_CPU = 0.25
"""Cores reserved for what mostly waits; Modal lets a container use more than it reserves."""

LINGER_S = 15
"""A container for what trickles leaves soon: another wakes from the snapshot for the next answer."""

CHUNKS_IN_FLIGHT = 2
"""Chunks that one call works on at a time: while one waits for Postgres, another computes."""

PATIENCE = Patience(key_s=180.0)
"""A key that Supabase refuses for a while is waited out: what a chunk has worked out is not thrown away."""


async def run_chunks(chunk_ids: list[str], base_url: str | None = None) -> list[dict[str, Any]]:
    """Run chunks and report on each, in the order given.

    A chunk that fails does not stop the others; its rows go back to the queue when its lease runs out.

    Raises:
        LeadloomError: the first failure, once every chunk has ended; Modal shows it with the call.
    """
    from app.engine.dispatcher import run_chunk  # noqa: PLC0415 -- only workers' containers run chunks

    gate = asyncio.Semaphore(CHUNKS_IN_FLIGHT)
    async with connect_database() as connected:
        db = connected.with_patience(PATIENCE)

        async def run_one(chunk_id: str) -> dict[str, Any]:
            async with gate:
                return asdict(await run_chunk(db, chunk_id, base_url=base_url))

        ended = await asyncio.gather(*map(run_one, chunk_ids), return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in ended if not isinstance(outcome, BaseException)]


def call_seconds(kind: str) -> int:
    """Seconds after which Modal ends a worker's call: when its last chunk has had its whole lease, and no sooner.

    A chunk's lease is the step's own time-out, which a pipeline may change, within bounds; these are the bounds.
    """
    return LONGEST_LEASE_S[kind] * math.ceil(CHUNKS_PER_CALL / CHUNKS_IN_FLIGHT)


def worker(slug: str, *, trickles: bool = False, max_containers: int = 10) -> None:
    """Register the Modal function of one workflow that is computed.

    Args:
        slug: the workflow's slug; the function gets the same name.
        trickles: its rows come for hours, a few at a time.
        max_containers: how many containers may work on this workflow at once.
    """

    async def run(chunk_ids: list[str], _address: str | None = None) -> list[dict[str, Any]]:
        return await run_chunks(chunk_ids)

    _register(slug, run, "compute", trickles=trickles, max_containers=max_containers)


def sender(slug: str, *, max_containers: int = 2, calls_at_once: int = 4) -> None:
    """Register the Modal function of one workflow that goes to Clay.

    Clay allows ten records a second in a workspace, whoever sends them: few containers, which mostly wait.

    Args:
        slug: the workflow's slug; the function gets the same name.
        max_containers: how many containers may send at once.
        calls_at_once: calls that share one container.
    """

    async def run(chunk_ids: list[str], address: str | None = None) -> list[dict[str, Any]]:
        return await run_chunks(chunk_ids, await asyncio.to_thread(public_url) or address)

    shared = modal.concurrent(max_inputs=calls_at_once)
    _register(slug, run, "clay", shared, trickles=True, max_containers=max_containers)


def _register(
    slug: str,
    run: Callable[..., Any],
    kind: str,
    wrap: Callable[..., Any] = lambda body: body,
    *,
    trickles: bool,
    max_containers: int,
) -> None:
    # A container finds its function again as the attribute of this module that has the function's own name.
    run.__name__ = run.__qualname__ = slug
    run.__doc__ = f"Run chunks of `{slug}` steps."
    register = app.function(
        region=REGION,
        cpu=TRICKLE_CPU if trickles else 1.0,
        memory=MEMORY_MIB,
        max_containers=max_containers,
        scaledown_window=LINGER_S if trickles else None,
        timeout=call_seconds(kind),
        retries=0,  # the state table counts attempts; Modal repeating a call would find the chunk claimed
        env=part(slug),
        enable_memory_snapshot=True,
    )
    WORKERS[slug] = globals()[slug] = register(wrap(run))


worker("split_raw")
worker("normalize_name")
worker("normalize_domain")
# Answers trickle in for hours, a few rows at a time, and these follow each of them.
worker("extract_work_history", trickles=True)
worker("consolidate_lead", trickles=True)
sender("enrich_company_clay")
sender("enrich_person_clay")

WORKFLOW_MODULES = tuple(f"app.workflows.{slug}" for slug in WORKERS)
for _slug in WORKERS:  # a chunk's rows walk on through the steps behind their first one
    preload(_slug, "app.engine.dispatcher", *WORKFLOW_MODULES)
