"""Rows of a batch under filters, and one row's life as a timeline, with what can be done to it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app import insights
from app.engine import batches as operations
from app.errors import InputError
from app.states import BatchState, ItemState
from web.asking.forms import read_form
from web.asking.paging import PAGE_SIZE, cursor_number, small_number, text_filter
from web.deps import Actor, Db, services
from web.drawing.downloads import attachment
from web.drawing.pages import dialog, redirect, show
from web.drawing.timeline import timeline

router = APIRouter()
LAST_STEP = 32_767
BUCKETS = (
    "active",
    "pending",
    "running",
    "waiting",
    "retrying",
    "done",
    "completed",
    "not_found",
    "skipped",
    "failed",
    "cancelled",
)


@router.get("/batches/{uid}/items")
async def items(request: Request, db: Db, uid: UUID) -> Response:
    """The rows of a batch: by step, state, error, text."""
    step, bucket = text_filter(request, "step"), text_filter(request, "bucket")
    code, search = text_filter(request, "code"), text_filter(request, "q")
    chosen: dict[str, Any] = {
        "step": small_number(step, most=LAST_STEP),
        "bucket": bucket if bucket in BUCKETS else None,
        "code": code,
        "search": search,
    }
    data = await insights.items(db, str(uid), **chosen, after=cursor_number(request), limit=PAGE_SIZE)
    return show(request, "items", data, chosen=chosen, q=search)


@router.get("/items/{uid}")
async def item(request: Request, db: Db, uid: UUID) -> Response:
    """One row: every attempt, wait, send, callback and result."""
    data = await insights.item(db, str(uid))
    under_way = any(state["bucket"] in ("running", "waiting") for state in data["states"])
    live = data["state"] == ItemState.ACTIVE and (data["batch"]["state"] == BatchState.RUNNING or under_way)
    return show(request, "item", data, steps=timeline(data), live=live)


@router.get("/items/{uid}/results/{step}/{part}.json")
async def result(db: Db, uid: UUID, step: Annotated[int, Path(ge=0, le=LAST_STEP)], part: str) -> Response:
    """One payload whole, as a file."""
    if part not in ("raw", "parsed"):
        raise InputError("A result has a raw and a parsed part.")
    value = await insights.result(db, str(uid), step, part)
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    return Response(body, media_type="application/json", headers=attachment(f"step {step + 1} {part}.json"))


@router.get("/items/{uid}/rerun")
async def rerun_form(request: Request, db: Db, uid: UUID) -> Response:
    """Ask before a row is run again from a step, with what that may cost."""
    data = await insights.item(db, str(uid))
    step = _step(data, request.query_params.get("step"))
    crumbs = [
        ("Batches", "/batches"),
        (data["batch"]["name"], f"/batches/{data['batch']['uid']}"),
        (f"Row {data['row_number']:,}", f"/items/{uid}"),
    ]
    cost = sum(float(each["cost_per_row"] or 0) for each in data["blueprint"][step:])
    title = f"Run row {data['row_number']:,} again from {data['blueprint'][step]['title']}"
    context: dict[str, Any] = {
        "data": data,
        "step": step,
        "cost": cost,
        "title": title,
        "crumbs": crumbs,
        "active": "batches",
    }
    return dialog(request, "rerun_item", **context)


@router.post("/items/{uid}/rerun")
async def rerun(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Run a row again from a step; earlier results are kept aside."""
    form = await read_form(request)
    step = _step(await insights.item(db, str(uid)), form.text("step"))
    await operations.reset_items(db, [str(uid)], step, actor=admin.email, request=form.request_key())
    await services(request).wake()
    return redirect(request, f"/items/{uid}", f"Running the row again from step {step + 1}.")


@router.post("/items/{uid}/retry")
async def retry_now(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Do not wait for the back-off: the row's pending try is due at once."""
    wish = (await read_form(request)).request_key()
    changed = await operations.retry_item_now(db, str(uid), actor=admin.email, request=wish)
    await services(request).wake()
    said = "Retrying the row now." if changed else "This row is no longer waiting for a retry."
    return redirect(request, f"/items/{uid}", said)


def _step(data: dict[str, Any], text: str | None) -> int:
    reached = {state["step_index"] for state in data["states"]}
    step = small_number(text)
    if step is None or step not in reached:
        raise InputError("The row has not reached that step.", "Choose a step that the row has reached.")
    return step
