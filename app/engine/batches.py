"""Operations on batches: launch, watch, pause, retry, audit.

Each is one call of the function that does it in Postgres; only what may exceed one statement's time (cancel, retry of
very many rows) is called again until it says it is done.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

from app.db import Database, Patience
from app.states import BatchState

__all__ = [
    "audit",
    "cancel",
    "facts",
    "find_launch",
    "is_held",
    "is_settled",
    "launch",
    "pause",
    "raise_budget",
    "reset_items",
    "resume",
    "retry_failed",
    "retry_item_now",
    "status",
    "wait_for",
]

BOOKS = ("rows", "states", "results", "money", "sends", "counts")
"""The parts of an audit. Each is one call, so that a million rows have a statement's whole time for each of them."""

_AUDITOR = Patience(answer_s=130.0)  # a statement of an audit may take two minutes


async def launch(
    db: Database,
    upload: str,
    pipeline: str,
    *,
    actor: str,
    launch_key: UUID | None = None,
    row_limit: int | None = None,
    name: str | None = None,
    budget: float | None = None,
    pipeline_version: int | None = None,
) -> dict[str, Any]:
    """Launch a batch over an upload.

    Args:
        db: the database.
        upload: the upload's uid.
        pipeline: the pipeline's uid.
        actor: who launches, for the audit log.
        launch_key: names this one launch; calling again with the same key launches nothing more.
        row_limit: only the first so many rows.
        name: the batch's name; made from file and pipeline when absent.
        budget: credits that the batch may spend; paid steps wait for more when they are used up.
        pipeline_version: the version that was looked at; another one than the current is refused.

    Returns:
        `{"batch": uid, "item_count": rows, "created": bool}`.

    Raises:
        NotFoundError: no such upload or pipeline, or not ready.
        InputError: the pipeline does not fit the upload.
        ConflictError: the client is archived, or the pipeline has changed.
    """
    answer: dict[str, Any] = await db.call(
        "launch_batch",
        launch_key=str(launch_key or uuid4()),
        upload=upload,
        pipeline=pipeline,
        row_limit=row_limit,
        name=name,
        budget=budget,
        actor=actor,
        pipeline_version=pipeline_version,
    )
    return answer


async def find_launch(db: Database, launch_key: UUID) -> str | None:
    """The batch that this launch key made; None when it made none yet."""
    found = await db.read("find_launch", launch_key=str(launch_key))
    return str(found["batch"]) if found else None


async def status(db: Database, batch: str) -> dict[str, Any]:
    """The batch in numbers: state, counts of rows, and per step the rows in each bucket.

    Raises:
        NotFoundError: no such batch.
    """
    answer: dict[str, Any] = await db.read("batch_status", batch=batch)
    return answer


def is_settled(numbers: dict[str, Any]) -> bool:
    """Whether nothing more will happen to the batch by itself: it has ended, is paused, or every row left is held."""
    return bool(numbers["state"] != BatchState.RUNNING or is_held(numbers))


def is_held(numbers: dict[str, Any]) -> bool:
    """Whether every row that is left waits for somebody: for a higher budget, say. `numbers["holds"]` says why."""
    return bool(numbers["state"] == BatchState.RUNNING and 0 < numbers["held"] == numbers["active"])


async def wait_for(
    db: Database,
    batch: str,
    *,
    every_s: float = 0.5,
    timeout_s: float | None = None,
    on_status: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Poll until the batch is settled; returns its last status.

    Raises:
        TimeoutError: `timeout_s` passed first.
        NotFoundError: no such batch.
    """
    async with asyncio.timeout(timeout_s):
        while True:
            numbers = await status(db, batch)
            if on_status:
                on_status(numbers)
            if is_settled(numbers):
                return numbers
            await asyncio.sleep(every_s)


async def pause(db: Database, batch: str, *, actor: str) -> int:
    """Start nothing more until resumed; what is under way finishes. Returns 1 if it was running, else 0."""
    return int((await db.call("pause_batch", batch=batch, actor=actor))["changed"])


async def resume(db: Database, batch: str, *, actor: str) -> int:
    """Go on with a paused batch. Returns 1 if it was paused, else 0."""
    return int((await db.call("resume_batch", batch=batch, actor=actor))["changed"])


async def raise_budget(db: Database, batch: str, budget: Decimal, *, actor: str) -> dict[str, Any]:
    """Let a batch spend up to so many credits; paid steps that waited for budget go on. The audit log says from what.

    Returns:
        `{"changed": 1 or 0, "from": credits, "to": credits}`.

    Raises:
        ConflictError: it has no budget, a higher one, or has ended.
        InputError: the budget is out of range.
    """
    answer: dict[str, Any] = await db.call("raise_budget", batch=batch, budget=budget, actor=actor)
    return answer


async def cancel(db: Database, batch: str, *, actor: str) -> int:
    """End a batch for good; rows that ended keep their results. Returns how many rows were cancelled."""
    cancelled: int = 0
    while True:
        answer = await db.call("cancel_batch", batch=batch, actor=actor)
        cancelled += answer["items"]
        if not answer["more"]:
            return int(cancelled)
        if not answer["items"]:  # workers are ending the rows that are left
            await asyncio.sleep(0.1)


async def retry_failed(
    db: Database, batch: str, filters: dict[str, Any] | None = None, *, actor: str, request: UUID | None = None
) -> int:
    """Requeue failed rows at the step where they failed; paid steps are sent again.

    Args:
        db: the database.
        batch: the batch's uid.
        filters: any of `step_index`, `error_code`, `error_text`.
        actor: who asks.
        request: names this one wish; a repeat requeues nothing more, not even rows that failed again since.

    Returns:
        How many rows were requeued.

    Raises:
        ConflictError: the batch is cancelled.
    """
    wish = request or uuid4()
    requeued, as_of = 0, None
    for part in itertools.count():
        answer = await db.call(
            "retry_failed",
            batch=batch,
            filter=filters or {},
            actor=actor,
            as_of=as_of,
            request=uuid5(wish, str(part)),
        )
        requeued, as_of = requeued + answer["requeued"], answer["as_of"]
        if not answer["more"]:
            break
    return int(requeued)


async def reset_items(
    db: Database, items: list[str], from_step: int, *, actor: str, request: UUID | None = None
) -> int:
    """Run rows (by uid) again from a step, once per `request`; earlier results are kept aside. Returns how many rows.

    Raises:
        ConflictError: none of them has reached that step.
    """
    answer = await db.call("reset_items", items=items, from_step=from_step, actor=actor, request=request or uuid4())
    return int(answer["reset"])


async def retry_item_now(db: Database, item: str, *, actor: str, request: UUID) -> bool:
    """Do not wait for the back-off: the row's pending try is due at once; whether one was waiting.

    Raises:
        NotFoundError: there is no such row.
    """
    answer = await db.call("retry_item_now", item=item, actor=actor, request=request)
    return bool(answer["changed"])


async def facts(db: Database, batch: str) -> dict[str, Any]:
    """What became of a batch's callbacks and rows: `{"callbacks": {verdict: n}, "failures": {code: n}}`."""
    found: dict[str, Any] = await db.read("batch_facts", batch=batch)
    return found


async def audit(db: Database, batch: str) -> list[dict[str, Any]]:
    """Check the batch's books from the tables alone, part by part; an empty list means that they add up.

    Returns:
        Findings `{"check", "detail", "count", "rows"}`; `rows` names up to five row numbers.
    """
    patient = db.with_patience(_AUDITOR)
    findings: list[dict[str, Any]] = []
    for part in BOOKS:
        findings += (await patient.read("audit_batch", batch=batch, part=part))["findings"]
    return findings
