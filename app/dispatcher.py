"""The dispatcher's Python half: a chunk of state ids goes in, its steps' results go out.

`run_chunk` is the body of every worker, on Modal and on a developer's machine alike. It claims the chunk (a second
delivery finds nothing), runs the workflow's pure function over the rows, and hands all results back in a few calls.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import httpx
import orjson

from app import clay
from app.clay_http import http_client
from app.db import Database
from app.errors import Retry, StepError
from app.extraction.feed import portions_with_results
from app.logs import log_context
from app.workflows import registry
from app.workflows.base import ClayWorkflow, ComputeWorkflow

__all__ = ["ChunkReport", "Spawner", "run_chunk"]

log = logging.getLogger(__name__)

MAX_CALL_BYTES = 1_500_000
MAX_CALL_ITEMS = 2_000


class Spawner(Protocol):
    """Where workers run: Modal in the cloud, tasks of this process on a developer's machine.

    Attributes:
        workflows: slugs that have a worker here; rows of any other fail at once as `unknown_workflow`.
    """

    workflows: Sequence[str]

    async def spawn(self, workflow: str, chunk_ids: Sequence[str]) -> None:
        """Start workers for these chunks of one workflow; returns at once. Each chunk may be delivered twice."""


@dataclass
class ChunkReport:
    """What one chunk came to."""

    claimed: int = 0
    completed: int = 0
    failed: int = 0
    sent: int = 0


@dataclass
class _Outcome:
    completed: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)


async def run_chunk(
    db: Database, chunk_id: str, http: httpx.AsyncClient | None = None, *, holder: str | None = None
) -> ChunkReport:
    """Claim a chunk and run its step for every row in it.

    Args:
        db: the database.
        chunk_id: from `dispatch_pending_items`.
        http: a client to send with; made for this chunk when absent.
        holder: names this process where its death can be noticed; its chunks are then given out again at once.

    Returns:
        Counts of this chunk; all zero when another delivery has claimed it.
    """
    chunk = await db.call("claim_chunk", chunk=chunk_id, claimer=uuid4(), holder=holder)
    if not chunk["items"]:
        return ChunkReport()
    with log_context(batch=chunk["batch"], step=chunk["step_index"], workflow=chunk["workflow"]):
        began = time.monotonic()
        report = await _run(db, chunk, http)
        log.info(
            "A chunk of %d rows: %d completed, %d failed, %d sent in %.2f s.",
            *(report.claimed, report.completed, report.failed, report.sent, time.monotonic() - began),
        )
        return report


async def _run(db: Database, chunk: dict[str, Any], http: httpx.AsyncClient | None) -> ChunkReport:
    items = chunk["items"]
    workflow = registry().get(chunk["workflow"])
    if isinstance(workflow, ClayWorkflow):
        return await _send(db, http, chunk, workflow)
    if isinstance(workflow, ComputeWorkflow) and workflow.needs_results:
        return await _compute_from_results(db, chunk, workflow)
    if isinstance(workflow, ComputeWorkflow):
        outcome = await asyncio.to_thread(_compute, workflow, items, chunk["mapping"])
    else:
        text = f'No workflow "{chunk["workflow"]}" is deployed. Deploy it, then retry these rows.'
        outcome = _Outcome(failed=[_failure(item, "unknown_workflow", text) for item in items])
    await _hand_back(db, outcome)
    return ChunkReport(len(items), len(outcome.completed), len(outcome.failed))


async def _send(
    db: Database, http: httpx.AsyncClient | None, chunk: dict[str, Any], workflow: ClayWorkflow[Any, Any]
) -> ChunkReport:
    if http is None:
        async with http_client() as own:
            return await _send(db, own, chunk, workflow)
    report = await clay.send_chunk(db, http, chunk, workflow)
    return ChunkReport(len(chunk["items"]), 0, report.failed, report.sent)


async def _compute_from_results(
    db: Database, chunk: dict[str, Any], workflow: ComputeWorkflow[Any, Any]
) -> ChunkReport:
    """Run a step that reads raw payloads: these come in portions that fit, and each portion is handed back at once."""
    report = ChunkReport(len(chunk["items"]))
    async for portion in portions_with_results(db, chunk["items"]):
        outcome = await asyncio.to_thread(_compute, workflow, portion, chunk["mapping"])
        await _hand_back(db, outcome)
        report.completed += len(outcome.completed)
        report.failed += len(outcome.failed)
    return report


def _compute(
    workflow: ComputeWorkflow[Any, Any], items: list[dict[str, Any]], mapping: dict[str, str] | None
) -> _Outcome:
    outcome = _Outcome()
    for item in items:
        try:
            parsed, identity = workflow.execute(item["fields"], item["original"], mapping)
        except StepError as error:
            outcome.failed.append(_failure(item, error.code, error.message, error))
        except Exception as error:  # noqa: BLE001 -- a workflow's defect fails its row, with its own text, and no other
            log.warning("%s failed: %s", workflow.slug, type(error).__name__)
            outcome.failed.append(_failure(item, "workflow_error", f"{type(error).__name__}: {error}"))
        else:
            outcome.completed.append(
                {
                    "state_id": item["state_id"],
                    "attempt": item["attempt"],
                    "parsed": parsed,
                    "source": "computed",
                    "identity": identity,
                }
            )
    return outcome


def _failure(item: dict[str, Any], code: str, text: str, error: StepError | None = None) -> dict[str, Any]:
    return {
        "state_id": item["state_id"],
        "attempt": item["attempt"],
        "code": code,
        "text": text.replace("\x00", "�"),
        "retry": error.retried if error else False,
        "retry_after_s": error.delay_s if isinstance(error, Retry) else None,
    }


async def _hand_back(db: Database, outcome: _Outcome) -> None:
    for part in _parts(outcome.completed):
        await db.call("complete_items", items=part)
    for part in _parts(outcome.failed):
        await db.call("fail_items", items=part)


def _parts(items: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Cut a list so that each part is one call well under the statement time-out."""
    part: list[dict[str, Any]] = []
    size = 0
    for item in items:
        length = len(orjson.dumps(item))
        if part and (size + length > MAX_CALL_BYTES or len(part) >= MAX_CALL_ITEMS):
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield part
