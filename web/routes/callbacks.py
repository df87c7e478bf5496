"""The inbox: every body that Clay sent, what became of it, and reading again what could not be read.

All filters are in the address. Reading again goes in portions that fit a request: the answer to one says how far it is,
and asks for the next.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.engine import inbox
from app.engine.inbox import DOUBTFUL, Filter, Reread
from app.errors import InputError, NotFoundError
from app.states import CallbackVerdict
from app.text.numbers import plural
from web.asking.forms import Form, read_form
from web.asking.paging import LARGEST_BIGINT, PAGE_SIZE, cursor_number, small_number, text_filter
from web.deps import Actor, Db, services
from web.drawing.pages import dialog, is_fragment, page, redirect, show

router = APIRouter(prefix="/callbacks")

FILTERS = ("verdict", "client", "workflow", "since", "until")
REQUEST_S = 8.0
VERDICTS = {
    "applied": "Applied",
    "duplicate": "Duplicate: the row already had its answer",
    "late": "Late: the row had moved on",
    "unmatched": "Unmatched: no matching row",
    "rejected": "Rejected: could not be read",
    "given_up": "Given up: could not be applied",
    "received": "Received: not applied yet",
    DOUBTFUL: "Applied, with fields left out",
}
"""What the verdicts mean, in words; every `CallbackVerdict` is here."""
assert VERDICTS.keys() == {*CallbackVerdict, DOUBTFUL}  # noqa: S101 -- a verdict without words would be a blank cell


@router.get("")
async def callbacks(request: Request, db: Db) -> Response:
    """The inbox, newest first."""
    given = _given(request)
    data = await inbox.list_callbacks(db, Filter.of(given), cursor_number(request), PAGE_SIZE)
    return show(request, "callbacks", data, chosen=given, verdicts=VERDICTS)


@router.get("/reread")
async def reread_form(request: Request, db: Db) -> Response:
    """Ask before all of a filter is read again, with how many that are."""
    given = _given(request)
    data = await inbox.list_callbacks(db, Filter.of(given), None, 1)
    crumbs = [("Callbacks", "/callbacks")]
    return dialog(request, "reread_callbacks", title="Read again", crumbs=crumbs, data=data, chosen=given)


@router.post("/reread")
async def reread(request: Request, db: Db, admin: Actor) -> Response:
    """Read a portion of a filter again: the first begins, each next one goes on where the last one ended."""
    form = await read_form(request)
    given = {name: form.text(name) for name in FILTERS}
    chosen = Filter.of(given)
    report = _so_far(form) or await inbox.begin_reread(db, chosen, admin.email)
    report = await inbox.reread_portions(db, chosen, report, max_seconds=REQUEST_S)
    await services(request).wake()
    if report.left:
        filled = {name: value for name, value in given.items() if value}
        template = "callbacks_progress/part.html" if is_fragment(request) else "callbacks_progress/page.html"
        return page(request, template, report=asdict(report) | {"left": report.left}, chosen=filled)
    answer = redirect(request, "/callbacks", _said(report), kind="success" if _helped(report) else "info")
    return Response(headers={"HX-Redirect": "/callbacks"}) if is_fragment(request) else answer


@router.get("/{number}")
async def callback(request: Request, db: Db, number: int) -> Response:
    """One callback with its body."""
    data = await inbox.one_callback(db, _id(number))
    return page(request, "callback/page.html", data=data | {"body": _pretty(data)}, verdicts=VERDICTS)


@router.post("/{number}/reread")
async def reread_one(request: Request, db: Db, admin: Actor, number: int) -> Response:
    """Read one callback again."""
    report = await inbox.reread(db, Filter(ids=[_id(number)]), actor=admin.email)
    await services(request).wake()
    return redirect(request, f"/callbacks/{number}", _said(report), kind="success" if _helped(report) else "info")


def _given(request: Request) -> dict[str, str]:
    return {name: text_filter(request, name) or "" for name in FILTERS}


def _id(number: int) -> int:
    if not 0 <= number <= LARGEST_BIGINT:
        raise NotFoundError("There is no such callback.", "Choose one from the list.")
    return number


def _so_far(form: Form) -> Reread | None:
    """Where the portion before this one ended; None for the first."""
    before = small_number(form.text("before"), most=LARGEST_BIGINT)
    if not form.text("before"):
        return None
    names = ("count", "done", "completed", "failed", "corrected", "unreadable", "unchanged")
    numbers = {name: small_number(form.text(name)) for name in names}
    if before is None or None in numbers.values():
        raise InputError("This form is no longer valid.", "Start again from the list of callbacks.")
    return Reread(**{name: value or 0 for name, value in numbers.items()}, before=before)


def _helped(report: Reread) -> bool:
    return report.completed + report.corrected + report.failed > 0


def _said(report: Reread) -> str:
    """What reading again came to, in words."""
    if not report.done:
        return "Nothing to read again."
    parts = [
        (report.completed, "row completed", "rows completed"),
        (report.failed, "row failed with Clay's error", "rows failed with Clay's error"),
        (report.corrected, "result corrected", "results corrected"),
        (report.unreadable, "still unreadable", "still unreadable"),
        (report.unchanged, "unchanged", "unchanged"),
    ]
    told = ", ".join(plural(number, one, many) for number, one, many in parts if number)
    return f"{plural(report.done, 'callback')} read again: {told}."


def _pretty(data: dict[str, Any]) -> str:
    """The body indented where it is JSON, else as it came."""
    text: str = data["body"]
    if data["cut"]:
        return text
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return text
