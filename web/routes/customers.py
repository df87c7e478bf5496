"""A client's own customers: paste or upload the list, take some out, watch the flags follow."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from app import results
from app.customers import CustomerList, import_upload, read_lines, save
from app.errors import InputError
from app.uploads import ingest
from web.deps import Actor, Db, services
from web.formats import plural
from web.forms import is_uuid, read_form
from web.pages import redirect, show
from web.paging import PAGE_SIZE, cursor_number, text_filter

router = APIRouter(prefix="/clients/{client}/customers")
MOST_TEXT = 2_000_000
SHOWN_UNREAD = 5


@router.get("")
async def customers(request: Request, db: Db, client: UUID) -> Response:
    """The list, and how far the flags are."""
    search = text_filter(request, "q")
    data = await results.customers(db, str(client), search=search, after=cursor_number(request), limit=PAGE_SIZE)
    live = bool(data["refresh"] and not data["refresh"]["finished_at"])
    return show(request, "customers/list.html", "customers/rows.html", data, q=search, live=live)


@router.post("")
async def paste(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Add the pasted lines, or put them in the place of the list."""
    form = await read_form(request)
    text, replace = form.text("lines"), form.text("mode") == "replace"
    if len(text) > MOST_TEXT:
        raise InputError("That is too much to paste.", "Upload it as a CSV file.")
    found = read_lines(text)
    if not found.customers:
        raise InputError("No customer was found in that.", "One per line: a domain, a LinkedIn page or a name.")
    saved = await save(db, str(client), found.customers, actor=admin.email, replace=replace, request=form.request_key())
    await services(request).wake()
    return redirect(request, f"/clients/{client}/customers", _said(saved, found))


@router.post("/file")
async def file(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Read a CSV of customers; it is kept as an upload like any other."""
    form = await request.form()
    sent = form.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise InputError("No file was chosen.", "Choose a CSV with one customer per row.")
    upload = await ingest(
        db,
        sent.file,
        client=str(client),
        kind="customers",
        filename=Path(sent.filename).name[:200],
        allow_duplicate=True,
        actor=admin.email,
    )
    saved, found = await import_upload(
        db, upload.uid, client=str(client), actor=admin.email, replace=form.get("mode") == "replace"
    )
    await services(request).wake()
    return redirect(request, f"/clients/{client}/customers", _said(saved, found))


@router.post("/upload/{upload}")
async def from_upload(request: Request, db: Db, admin: Actor, client: UUID, upload: UUID) -> Response:
    """Take the customers out of an upload that is here already."""
    saved, found = await import_upload(
        db, str(upload), client=str(client), actor=admin.email, request=(await read_form(request)).request_key()
    )
    await services(request).wake()
    return redirect(request, f"/clients/{client}/customers", _said(saved, found))


@router.post("/remove")
async def remove(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Take the chosen customers off the list."""
    form = await read_form(request)
    chosen = [str(UUID(uid)) for uid in form.all("customer") if is_uuid(uid)]
    if not chosen:
        raise InputError("No customer was chosen.", "Tick the customers to remove.")
    removed = await db.call(
        "remove_customers", client=str(client), customers=chosen, actor=admin.email, request=form.request_key()
    )
    await services(request).wake()
    return redirect(request, f"/clients/{client}/customers", f"{plural(removed['removed'], 'customer')} removed.")


@router.post("/months")
async def months(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Say how long somebody counts as new in a role, for this client."""
    form = await read_form(request)
    value = form.integer("months", "The number of months", least=1, most=60)
    await db.call(
        "set_new_in_role", client=str(client), months=value or 6, actor=admin.email, request=form.request_key()
    )
    return redirect(
        request, f"/clients/{client}/customers", f"New in role now means up to {plural(value or 6, 'month')}."
    )


def _said(saved: dict[str, int], found: CustomerList) -> str:
    parts = [f"{plural(saved['added'], 'customer')} added"]
    known = len(found.customers) - saved["added"] - saved["changed"]
    parts += [f"{saved['changed']:,} completed"] if saved["changed"] else []
    parts += [f"{known:,} known already"] if known > 0 else []
    parts += [f"{saved['removed']:,} removed"] if saved["removed"] else []
    text = ", ".join(parts) + "."
    if found.unread:
        examples = "; ".join(line[:60] for line in found.unread[:SHOWN_UNREAD])
        text += f" {plural(len(found.unread), 'line')} without a domain, page or name: {examples}."
    return text
