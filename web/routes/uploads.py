"""Uploads of a client: receive a form's files, inspect what was read, change the mapping, find duplicates, download.

A script sends files in pieces (`web/routes/files.py`); a form without script sends them whole, in one request.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from app import insights
from app.db import Database
from app.engine.file_jobs import finish_soon
from app.errors import InputError, UserError
from app.intake import mapping as mappings
from app.intake.duplicates import request_comparison
from app.intake.headers import FIELDS
from app.intake.pieces import clean_filename, send_file
from app.states import FileJobState
from app.text.numbers import plural
from web.asking.forms import read_form
from web.asking.paging import LARGEST_INTEGER, PAGE_SIZE, cursor_number, text_filter
from web.deps import Actor, Db, services
from web.drawing.downloads import send_export
from web.drawing.pages import redirect, show
from web.routes.files import begin_reading

router = APIRouter(prefix="/clients/{client}/uploads")
COMPARE_SECONDS = 5.0


@router.get("")
async def uploads(request: Request, db: Db, client: UUID) -> Response:
    """All uploads of a client."""
    search, after = text_filter(request, "q"), cursor_number(request)
    data = await insights.uploads(db, str(client), search=search, after=after, limit=PAGE_SIZE)
    return show(request, "uploads", data, q=search)


@router.post("")
async def receive(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Take the files of a form without script: they come whole, and are stored and read as pieces all the same."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InputError("Upload files through the form.", "Use the form on the client's page.")
    form = await request.form()
    kind = str(form.get("kind") or "") or None
    said, last, kindly = [], f"/clients/{client}", "success"
    for file in form.getlist("files"):
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        name = clean_filename(file.filename)
        about = {"filename": name, "kind": kind, "allow_duplicate": False, "actor": admin.email}
        try:
            job = await begin_reading(request, db, await send_file(db, str(client), file.file, **about))
        except UserError as error:
            job = {"state": FileJobState.FAILED, "error": error.message, "hint": error.hint}
        if job["state"] == FileJobState.READY:
            last = f"/clients/{client}/uploads/{job['result']['upload']}"
            said.append(f"{name}: {plural(job['result']['rows'], 'row')}.")
        elif job["state"] == FileJobState.FAILED:
            kindly = "error"
            said.append(f"{name}: {job['error']} {job['hint'] or ''}".strip())
        else:
            last = f"/clients/{client}/files/{job['uid']}"
            said.append(f"{name} uploaded; reading it now.")
    if not said:
        return redirect(request, f"/clients/{client}", "Choose a file first.", kind="error")
    return redirect(request, last if len(said) == 1 else f"/clients/{client}", " ".join(said), kind=kindly)


@router.get("/{uid}")
async def upload(request: Request, db: Db, client: UUID, uid: UUID) -> Response:
    """The inspector: what was read, how the columns are understood, what repeats."""
    data = await insights.upload(db, str(uid), client=str(client))
    return show(request, "upload", data, fields=list(FIELDS[data["upload"]["kind"]]), problem=None)


@router.get("/{uid}/rows")
async def rows(request: Request, db: Db, client: UUID, uid: UUID) -> Response:
    """Every row and column, as they came."""
    repeated = request.query_params.get("show") == "repeated"
    search, after = text_filter(request, "q"), cursor_number(request, most=LARGEST_INTEGER)
    data = await insights.upload_rows(
        db, str(uid), client=str(client), search=search, repeated=repeated, after=after, limit=PAGE_SIZE
    )
    return show(request, "upload_rows", data, q=search, repeated=repeated)


@router.post("/{uid}/mapping")
async def save_mapping(request: Request, db: Db, admin: Actor, client: UUID, uid: UUID) -> Response:
    """Change which column holds which field. The form has one choice per column."""
    form = await read_form(request)
    data = await insights.upload(db, str(uid), client=str(client))
    here = f"/clients/{client}/uploads/{uid}"
    choices = zip(data["upload"]["header"], form.all("field"), strict=False)
    try:
        mapping = mappings.as_mapping(choices, FIELDS[data["upload"]["kind"]])
    except InputError as error:
        return redirect(request, f"{here}#columns", str(error), kind="error")
    wish = form.request_key()
    answer = await mappings.save_mapping(db, str(uid), str(client), mapping, actor=admin.email, request=wish)
    if answer["changed"]:
        await _compare(request, db, admin.email, client, uid)
    said = "Mapping saved. New batches will use it." if answer["changed"] else "No changes to save."
    if answer["remembered"]:
        said = said if answer["changed"] else "Mapping confirmed."
        said += " This client's next file with these columns will be mapped the same way."
    return redirect(request, here, said)


@router.post("/{uid}/mapping/forget")
async def forget_mapping(request: Request, db: Db, admin: Actor, client: UUID, uid: UUID) -> Response:
    """Forget what was confirmed for files with these columns, and map this one automatically."""
    form = await read_form(request)
    wish = form.request_key()
    answer = await mappings.forget_mapping(db, str(uid), str(client), actor=admin.email, request=wish)
    if answer["changed"]:
        await _compare(request, db, admin.email, client, uid)
    said = "Mapping forgotten." if answer["forgotten"] else "There was no saved mapping."
    return redirect(
        request,
        f"/clients/{client}/uploads/{uid}",
        f"{said} This file is mapped automatically again." if answer["changed"] else said,
    )


@router.post("/{uid}/duplicates")
async def compare(request: Request, db: Db, admin: Actor, client: UUID, uid: UUID) -> Response:
    """Compare the rows with each other and with the client's earlier uploads."""
    await insights.upload(db, str(uid), client=str(client))
    job = await _compare(request, db, admin.email, client, uid)
    said = "Duplicates checked." if job["state"] == FileJobState.READY else "Checking for duplicates."
    return redirect(request, f"/clients/{client}/uploads/{uid}", said)


async def _compare(request: Request, db: Database, actor: str, client: UUID, uid: UUID) -> dict[str, Any]:
    """Have an upload compared: here, if that is a matter of seconds, else by a worker."""
    job = await request_comparison(db, str(client), str(uid), actor=actor)
    job = await finish_soon(db, job, COMPARE_SECONDS)
    if job["state"] == FileJobState.WAITING:
        await services(request).wake()
    return job


@router.get("/{uid}/rows.csv")
async def download(request: Request, db: Db, admin: Actor, client: UUID, uid: UUID) -> Response:
    """The original rows as CSV; cells that a spreadsheet would run as a formula are made harmless."""
    name = (await insights.upload(db, str(uid), client=str(client)))["upload"]["filename"].rsplit(".", 1)[0]
    wanted = {"what": "rows", "client": str(client), "upload": str(uid)}
    return await send_export(request, db, wanted, f"{name} original.csv", actor=admin.email)
