"""The functions that do the steps: one Modal function per workflow, each with limits of its own.

The engine claims due states in chunks and spawns these functions with chunk ids, never with rows: what a chunk holds is
read from Postgres, and its first act there is to claim it. A call that Modal delivers twice, or that outlives its
lease, finds nothing left to claim and does nothing.

A new workflow is one file in app/workflows/ and one `worker(...)` line at the end of this file.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict
from typing import Any

import modal

from app.db import Patience, connect_database
from app.engine.dispatcher import LONGEST_LEASE_S, run_chunk
from app.workflows import registry
from functions.address import public_url
from functions.modal_app import REGION, app

__all__ = ["CHUNKS_IN_FLIGHT", "CHUNKS_PER_CALL", "WORKERS", "call_seconds", "run_chunks", "worker"]

WORKERS: dict[str, modal.Function[[list[str], str | None], Any, Any]] = {}
"""The Modal function of each workflow, by slug: what the engine spawns."""

CHUNKS_PER_CALL = 4
"""Chunk ids that one call of a worker gets: enough to keep it busy, few enough that more calls mean more containers."""

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


def worker(
    slug: str,
    *,
    cpu: float = 1.0,
    memory: int = 512,
    max_containers: int = 10,
    calls_at_once: int = 1,
) -> None:
    """Register the Modal function of one workflow.

    Args:
        slug: the workflow's slug; the function gets the same name.
        cpu: cores reserved for a container.
        memory: MiB reserved for a container.
        max_containers: how many containers may work on this workflow at once.
        calls_at_once: calls that share one container; more than one for work that mostly waits.
    """

    async def run(chunk_ids: list[str], address: str | None = None) -> list[dict[str, Any]]:
        sends = registry()[slug].kind == "clay"
        return await run_chunks(chunk_ids, (await asyncio.to_thread(public_url) or address) if sends else None)

    # A container finds its function again as the attribute of this module that has the function's own name.
    run.__name__ = run.__qualname__ = slug
    run.__doc__ = f"Run chunks of `{slug}` steps."
    register = app.function(
        region=REGION,
        cpu=cpu,
        memory=memory,
        max_containers=max_containers,
        timeout=call_seconds(registry()[slug].kind),
        retries=0,  # the state table counts attempts; Modal repeating a call would find the chunk claimed
    )
    body = run if calls_at_once == 1 else modal.concurrent(max_inputs=calls_at_once)(run)
    WORKERS[slug] = globals()[slug] = register(body)


worker("split_raw")
worker("normalize_name")
worker("normalize_domain")
worker("extract_work_history")
worker("consolidate_lead")
# Clay allows ten records a second in a workspace, whoever sends them: few containers, which mostly wait.
worker("enrich_company_clay", cpu=0.25, max_containers=2, calls_at_once=4)
worker("enrich_person_clay", cpu=0.25, max_containers=2, calls_at_once=4)
