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
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import httpx
import orjson

from app.db import Database
from app.engine.feed import portions_with_results
from app.engine.refusals import REFUSED, by_halves, in_words, storable_text
from app.errors import DatabaseError, Retry, StepError
from app.logs import log_context
from app.workflow import ClayWorkflow, ComputeWorkflow
from app.workflows import registry

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

    async def address(self) -> str | None:
        """Where Clay's answers come in; None as long as nobody has said so."""

    async def spawn_file_worker(self) -> None:
        """Start a worker that takes file jobs until none is due; returns at once. One that runs already may do."""


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
    db: Database,
    chunk_id: str,
    http: httpx.AsyncClient | None = None,
    *,
    holder: str | None = None,
    base_url: str | None = None,
) -> ChunkReport:
    """Claim a chunk and run its step for every row in it.

    Args:
        db: the database.
        chunk_id: from `dispatch_pending_items`.
        http: a client to send with; made for this chunk when absent.
        holder: names this process where its death can be noticed; its chunks are then given out again at once.
        base_url: where Clay's answers come in; None: where the settings say.

    Returns:
        Counts of this chunk; all zero when another delivery has claimed it.
    """
    chunk = await db.call("claim_chunk", chunk=chunk_id, claimer=uuid4(), holder=holder)
    if not chunk["items"]:
        return ChunkReport()
    with log_context(batch=chunk["batch"], step=chunk["step_index"], workflow=chunk["workflow"]):
        began = time.monotonic()
        report = await _run(db, chunk, http, base_url)
        log.info(
            "A chunk of %d rows: %d completed, %d failed, %d sent in %.2f s.",
            *(report.claimed, report.completed, report.failed, report.sent, time.monotonic() - began),
        )
        return report


async def _run(
    db: Database, chunk: dict[str, Any], http: httpx.AsyncClient | None, base_url: str | None
) -> ChunkReport:
    items = chunk["items"]
    workflow = registry().get(chunk["workflow"])
    if isinstance(workflow, ClayWorkflow):
        return await _send(db, http, chunk, workflow, base_url)
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
    db: Database,
    http: httpx.AsyncClient | None,
    chunk: dict[str, Any],
    workflow: ClayWorkflow[Any, Any],
    base_url: str | None,
) -> ChunkReport:
    from app.clay import sender  # noqa: PLC0415 -- only workers that send load what sends

    if http is None:
        async with sender.http_client() as own:
            return await _send(db, own, chunk, workflow, base_url)
    report = await sender.send_chunk(db, http, chunk, workflow, base_url)
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
        "text": storable_text(text),
        "retry": error.retried if error else False,
        "retry_after_s": error.delay_s if isinstance(error, Retry) else None,
    }


async def _hand_back(db: Database, outcome: _Outcome) -> None:
    """Give a chunk's results to the database; a row that it refuses fails alone, with the database's words."""
    done, unwritable = _as_json(outcome.completed)
    refused = [(row, in_words(error)) for row, error in await _hand_over(db, "complete_items", done)]
    for item, text in [(row.item, text) for row, text in refused] + unwritable:
        outcome.completed.remove(item)
        outcome.failed.append(_failure(item, REFUSED, text))
    failed, _ = _as_json(outcome.failed)
    # Even the reason cannot be stored as it is: the database's stands in its place.
    last = [_failure(row.item, REFUSED, in_words(error)) for row, error in await _hand_over(db, "fail_items", failed)]
    await _hand_over(db, "fail_items", _as_json(last)[0])


class _Row(NamedTuple):
    """One row's outcome, and how it is written."""

    item: dict[str, Any]
    json: bytes


def _as_json(items: list[dict[str, Any]]) -> tuple[list[_Row], list[tuple[dict[str, Any], str]]]:
    """Write each row as JSON; beside them those that cannot be written, with the reason."""
    rows: list[_Row] = []
    unwritable: list[tuple[dict[str, Any], str]] = []
    for item in items:
        try:
            rows.append(_Row(item, orjson.dumps(item)))
        except TypeError as error:
            unwritable.append((item, f"The result cannot be written as JSON: {error}."))
    return rows, unwritable


async def _hand_over(db: Database, function: str, rows: list[_Row]) -> list[tuple[_Row, DatabaseError]]:
    async def call(part: Sequence[_Row]) -> None:
        await db.call(function, items=[orjson.Fragment(row.json) for row in part])

    return [refusal for part in _parts(rows) for refusal in await by_halves(part, call)]


def _parts(rows: list[_Row]) -> Iterator[list[_Row]]:
    """Cut a list so that each part is one call well under the statement time-out."""
    part: list[_Row] = []
    size = 0
    for row in rows:
        if part and (size + len(row.json) > MAX_CALL_BYTES or len(part) >= MAX_CALL_ITEMS):
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row.json)
    if part:
        yield part
