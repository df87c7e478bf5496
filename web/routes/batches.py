"""Batches: the list, one batch as it goes, and what an operator does to it, each confirmed with a count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.engine import batches as operations
from app.errors import InputError
from app.states import BatchState
from app.text.numbers import plural, read_amount
from web.asking.forms import as_uuid, read_form
from web.asking.paging import PAGE_SIZE, cursor_number, small_number, text_filter
from web.deps import Actor, Db, services
from web.drawing import formats
from web.drawing.charts import chart, eta_seconds, rate_per_minute
from web.drawing.pages import dialog, redirect, show

router = APIRouter(prefix="/batches")
NO_CLIENT = ("There is no such client.", "Choose one from the list of clients.")
STATES = tuple(BatchState)


@router.get("")
async def batches(request: Request, db: Db) -> Response:
    """All batches, or those of one client or state."""
    state = text_filter(request, "state")
    client = text_filter(request, "client")
    search, after = text_filter(request, "q"), cursor_number(request)
    data = await insights.batches(
        db,
        client_uid=str(as_uuid(client, *NO_CLIENT)) if client else None,
        state=state.upper() if state and state.upper() in STATES else None,
        search=search,
        after=after,
        limit=PAGE_SIZE,
    )
    return show(request, "batches", data, q=search, state=state, client=client)


@router.get("/{uid}")
async def batch(request: Request, db: Db, uid: UUID) -> Response:
    """One batch: matrix, chart, errors, cost; polled while something can change."""
    data = await insights.batch(db, str(uid))
    figures = {"chart": chart(data["chart"]), "rate": rate_per_minute(data), "eta": eta_seconds(data)}
    live = data["state"] == BatchState.RUNNING
    # A paused batch starts nothing more, but what is under way still ends and callbacks still come.
    polls = live or (data["state"] == BatchState.PAUSED and data["running"] + data["waiting"] > 0)
    return show(request, "batch", data, figures=figures, live=live, polls=polls)


@router.get("/{uid}/pause")
async def pause_form(request: Request, db: Db, uid: UUID) -> Response:
    """Ask before pausing."""
    data = await insights.retry(db, str(uid))
    return _ask(request, data, "Pause", "pause_batch")


@router.post("/{uid}/pause")
async def pause(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Start nothing more."""
    changed = await operations.pause(db, str(uid), actor=admin.email)
    said = "Paused. In-flight rows will finish; nothing new will start." if changed else "The batch was not running."
    return redirect(request, f"/batches/{uid}", said)


@router.post("/{uid}/resume")
async def resume(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Go on with a paused batch; nothing is lost by it, so nothing is asked."""
    changed = await operations.resume(db, str(uid), actor=admin.email)
    await services(request).wake()
    return redirect(request, f"/batches/{uid}", "Batch resumed." if changed else "The batch was not paused.")


@router.get("/{uid}/budget")
async def budget_form(request: Request, db: Db, uid: UUID) -> Response:
    """Ask for a higher budget."""
    data = await insights.retry(db, str(uid))
    return _ask(request, data, "Raise the budget of", "raise_budget")


@router.post("/{uid}/budget")
async def raise_budget(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Let the batch spend more; what waited for budget goes on."""
    form = await read_form(request)
    budget = read_amount(form.text("budget"), "The budget")
    answer = await operations.raise_budget(db, str(uid), budget, actor=admin.email)
    await services(request).wake()
    said = f"Budget raised from {formats.credits(answer['from'])} to {formats.credits(answer['to'])}."
    return redirect(request, f"/batches/{uid}", said if answer["changed"] else "No changes to save.")


@router.get("/{uid}/cancel")
async def cancel_form(request: Request, db: Db, uid: UUID) -> Response:
    """Ask before cancelling, with what would be lost."""
    data = await insights.retry(db, str(uid))
    return _ask(request, data, "Cancel", "cancel_batch")


@router.post("/{uid}/cancel")
async def cancel(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """End a batch for good."""
    count = await operations.cancel(db, str(uid), actor=admin.email)
    return redirect(request, f"/batches/{uid}", f"Batch cancelled. {plural(count, 'unfinished row')} stopped.")


@router.get("/{uid}/retry")
async def retry_form(request: Request, db: Db, uid: UUID) -> Response:
    """Ask before failed rows are tried again, with how many and what it may cost."""
    filters = _retry_filter(request.query_params.get)
    data = await insights.retry(db, str(uid), step=filters.get("step_index"), code=filters.get("error_code"))
    return _ask(request, data, "Retry", "retry_batch", filters=filters, query=urlencode(filters))


@router.post("/{uid}/retry")
async def retry(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Try the failed rows of a filter again, and say how many that were."""
    form = await read_form(request)
    count = await operations.retry_failed(
        db, str(uid), _retry_filter(form.optional), actor=admin.email, request=form.request_key()
    )
    await services(request).wake()
    said = f"{plural(count, 'row')} will be tried again." if count else "No failed rows match anymore."
    return redirect(request, f"/batches/{uid}", said)


def _retry_filter(get: Callable[[str], str | None]) -> dict[str, Any]:
    step, code = get("step_index"), (get("error_code") or "").replace("\x00", "")
    index = small_number(step)
    if step and index is None:
        raise InputError("There is no such step.")
    return ({"step_index": index} if step else {}) | ({"error_code": code} if code else {})


def _ask(request: Request, data: dict[str, Any], verb: str, template: str, **more: Any) -> Response:
    crumbs = [("Batches", "/batches"), (data["name"], f"/batches/{data['uid']}")]
    context: dict[str, Any] = {"data": data, "crumbs": crumbs, "active": "batches", "title": f"{verb} {data['name']}"}
    return dialog(request, template, **context, **more)
