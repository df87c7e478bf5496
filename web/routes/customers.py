"""A client's own customers: paste or upload the list, take some out, watch the flags follow."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from app import insights
from app.engine.file_jobs import finish_soon
from app.errors import InputError
from app.intake.pieces import clean_filename, send_file
from app.results import search as results
from app.results.customers import read_lines, remove_customers, request_list, save, set_new_in_role
from app.states import FileJobState
from app.text.numbers import plural
from app.text.uids import read_uid
from web.asking.forms import read_form
from web.asking.paging import PAGE_SIZE, cursor_number, text_filter
from web.deps import Actor, Db, services
from web.drawing.formats import list_result
from web.drawing.pages import redirect, show
from web.routes.files import begin_reading

router = APIRouter(prefix="/clients/{client}/customers")
MOST_TEXT = 2_000_000
READ_SECONDS = 10.0


@router.get("")
async def customers(request: Request, db: Db, client: UUID) -> Response:
    """The list, and how far the flags are."""
    search = text_filter(request, "q")
    data = await results.customers(db, str(client), search=search, after=cursor_number(request), limit=PAGE_SIZE)
    live = bool(data["refresh"] and not data["refresh"]["finished_at"]) or any(
        FileJobState(job["state"]).moves for job in data["lists"]
    )
    return show(request, "customers", data, q=search, live=live)


@router.post("")
async def paste(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Add the pasted lines, or put them in the place of the list."""
    form = await read_form(request)
    text, replace = form.text("lines"), form.text("mode") == "replace"
    if len(text) > MOST_TEXT:
        raise InputError("That is too much text to paste.", "Upload it as a CSV file.")
    found = read_lines(text)
    if not found.customers:
        raise InputError("No customers found in the text.", "Give one per line: a domain, a LinkedIn page or a name.")
    saved = await save(db, str(client), found.customers, actor=admin.email, replace=replace, request=form.request_key())
    await services(request).wake()
    return redirect(
        request,
        f"/clients/{client}/customers",
        list_result({**saved, "given": len(found.customers), "unread": len(found.unread), "examples": found.unread}),
    )


@router.post("/file")
async def file(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Take a CSV of customers from a form without script: whole, and stored and read as pieces all the same.

    It is kept as an upload like any other. The page's script sends pieces (`web/routes/files.py`).
    """
    form = await request.form()
    sent = form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InputError("No file selected.", "Choose a CSV with one customer per row.")
    job = await send_file(
        db,
        str(client),
        sent.file,
        filename=clean_filename(sent.filename),
        kind="customers",
        allow_duplicate=True,
        actor=admin.email,
        customers="replace" if form.get("mode") == "replace" else "add",
    )
    return await _led(request, client, await begin_reading(request, db, job))


@router.post("/upload/{upload}")
async def from_upload(request: Request, db: Db, admin: Actor, client: UUID, upload: UUID) -> Response:
    """Take the customers out of an upload that is here already: at once, if that is a matter of seconds."""
    known = (await insights.upload(db, str(upload), client=str(client)))["upload"]
    name, rows = known["filename"], known["row_count"]
    job = await request_list(db, str(client), str(upload), filename=name, total=rows, actor=admin.email)
    return await _led(request, client, await finish_soon(db, job, READ_SECONDS))


async def _led(request: Request, client: UUID, job: dict[str, Any]) -> Response:
    """To the list, with what became of a file, or of its being read."""
    await services(request).wake()
    here, name = f"/clients/{client}/customers", job["filename"]
    if job["state"] == FileJobState.READY:
        return redirect(request, here, list_result(job["result"]))
    if job["state"] == FileJobState.FAILED:
        return redirect(request, here, f"{name}: {job['error']} {job['hint'] or ''}".strip(), kind="error")
    return redirect(request, here, f"{name} uploaded; reading it now. The list changes once the whole file is read.")


@router.post("/remove")
async def remove(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Take the chosen customers off the list."""
    form = await read_form(request)
    chosen = [str(uid) for text in form.all("customer") if (uid := read_uid(text))]
    if not chosen:
        raise InputError("No customers selected.", "Select the customers to remove.")
    removed = await remove_customers(db, str(client), chosen, actor=admin.email, request=form.request_key())
    await services(request).wake()
    return redirect(request, f"/clients/{client}/customers", f"{plural(removed, 'customer')} removed.")


@router.post("/months")
async def months(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Say how long somebody counts as new in a role, for this client."""
    form = await read_form(request)
    value = form.integer("months", "The number of months", least=1, most=60)
    await set_new_in_role(db, str(client), value or 6, actor=admin.email, request=form.request_key())
    return redirect(
        request,
        f"/clients/{client}/customers",
        f"New in role now means started within the last {plural(value or 6, 'month')}.",
    )
