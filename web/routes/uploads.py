"""Uploads of a client: receive files, inspect what was read, change the mapping, find duplicates, download the rows.

A file sent by script comes as the request's body, and the answer is a stream of JSON lines that tell how the reading
goes. A form without script sends the same files as multipart and is led on when all are read.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from app import insights
from app.csv_out import csv_line
from app.csv_text import MAX_BYTES
from app.db import Database
from app.duplicates import find_duplicates
from app.errors import ConflictError, InputError, LeadloomError, UserError
from app.headers import FIELDS, KINDS
from app.uploads import ingest
from web.deps import Actor, Db
from web.downloads import attachment
from web.forms import read_form
from web.pages import redirect, show
from web.paging import LARGEST_INTEGER, PAGE_SIZE, cursor_number, text_filter

router = APIRouter(prefix="/clients/{client}/uploads")
CELLS_PAGE = 1000


@router.get("")
async def uploads(request: Request, db: Db, client: UUID) -> Response:
    """All uploads of a client."""
    search, after = text_filter(request, "q"), cursor_number(request)
    data = await insights.uploads(db, str(client), search=search, after=after, limit=PAGE_SIZE)
    return show(request, "uploads.html", "partials/uploads.html", data, q=search)


@router.post("")
async def receive(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Take one file (by script) or several (by form)."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        return await _receive_form(request, db, admin.email, str(client))
    spool = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 -- closed by the stream that reads it
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            spool.close()
            refusal = _refusal(InputError(f"The file is larger than {MAX_BYTES // 1_000_000} MB.", "Split it in two."))
            return Response(orjson.dumps(refusal) + b"\n", media_type="application/x-ndjson")
        spool.write(part)
    name = Path(request.query_params.get("filename", "")).name[:200] or "upload.csv"
    kind = request.query_params.get("kind")
    kind = kind if kind in KINDS else None
    again = "again" in request.query_params
    job = _Job(db, actor=admin.email, client=str(client), name=name, kind=kind, again=again)
    return StreamingResponse(
        job.lines(spool),
        media_type="application/x-ndjson",
        # Named so that the compressing middleware leaves the stream alone: a buffered line tells nothing.
        headers={"content-encoding": "identity", "x-accel-buffering": "no"},
    )


class _Job:
    """One file on its way in."""

    def __init__(self, db: Database, *, actor: str, client: str, name: str, kind: str | None, again: bool) -> None:
        self._db, self._actor, self._client = db, actor, client
        self._name, self._kind, self._again = name, kind, again

    async def run(self, file: BinaryIO, tell: Callable[[int, int], None]) -> dict[str, Any]:
        """Read the file; the last event: done or refused."""
        file.seek(0)
        try:
            result = await ingest(
                self._db,
                file,
                client=self._client,
                kind=self._kind,
                filename=self._name,
                allow_duplicate=self._again,
                actor=self._actor,
                on_progress=tell,
            )
        except UserError as error:
            return _refusal(error)
        except LeadloomError:
            message = "The file could not be stored."
            return {"stage": "refused", "message": message, "hint": "Nothing was kept; try again.", "again": False}
        tell(result.row_count, 0)
        with contextlib.suppress(LeadloomError):  # the page offers to look again
            await find_duplicates(self._db, result.uid)
        return {"stage": "done", "url": f"/clients/{self._client}/uploads/{result.uid}", "rows": result.row_count}

    async def lines(self, file: Any) -> AsyncIterator[bytes]:
        """The events of `run` as JSON lines. When the browser goes away, the reading stops and leaves nothing."""
        events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        def tell(stored: int, total: int) -> None:
            events.put_nowait({"stage": "reading" if total else "comparing", "rows": stored, "total": total})

        task = asyncio.create_task(self.run(file, tell))
        try:
            while not (task.done() and events.empty()):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.25):
                        yield orjson.dumps(await events.get()) + b"\n"
            yield orjson.dumps(task.result()) + b"\n"
        finally:
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, LeadloomError):
                    await task
            file.close()


def _refusal(error: UserError) -> dict[str, Any]:
    known = isinstance(error, ConflictError)
    return {"stage": "refused", "message": error.message, "hint": error.hint, "again": known}


async def _receive_form(request: Request, db: Database, actor: str, client: str) -> Response:
    form = await request.form()
    kind = str(form.get("kind", ""))
    said, last, worst = [], f"/clients/{client}", "success"
    for file in form.getlist("files"):
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        name = Path(file.filename).name[:200]
        job = _Job(db, actor=actor, client=client, name=name, kind=kind if kind in KINDS else None, again=False)
        event = await job.run(file.file, lambda _stored, _total: None)
        if event["stage"] == "done":
            last = event["url"]
            said.append(f"{file.filename}: {event['rows']:,} rows.")
        else:
            worst = "error"
            said.append(f"{file.filename}: {event['message']} {event['hint'] or ''}".strip())
    many = len(said) != 1
    text = " ".join(said) or "Choose a file first."
    return redirect(request, f"/clients/{client}" if many else last, text, kind=worst if said else "error")


@router.get("/{uid}")
async def upload(request: Request, db: Db, client: UUID, uid: UUID) -> Response:
    """The inspector: what was read, how the columns are understood, what repeats."""
    data = await insights.upload(db, str(uid), client=str(client))
    return show(
        request, "upload.html", "partials/upload.html", data, fields=list(FIELDS[data["upload"]["kind"]]), problem=None
    )


@router.get("/{uid}/rows")
async def rows(request: Request, db: Db, client: UUID, uid: UUID) -> Response:
    """Every row and column, as they came."""
    repeated = request.query_params.get("show") == "repeated"
    search, after = text_filter(request, "q"), cursor_number(request, most=LARGEST_INTEGER)
    data = await insights.upload_rows(
        db, str(uid), client=str(client), search=search, repeated=repeated, after=after, limit=PAGE_SIZE
    )
    return show(request, "upload_rows.html", "partials/upload_rows.html", data, q=search, repeated=repeated)


@router.post("/{uid}/mapping")
async def save_mapping(request: Request, db: Db, admin: Actor, client: UUID, uid: UUID) -> Response:
    """Change which column holds which field. The form has one choice per column."""
    form = await read_form(request)
    data = await insights.upload(db, str(uid), client=str(client))
    here = f"/clients/{client}/uploads/{uid}"
    mapping: dict[str, str] = {}
    for column, chosen in zip(data["upload"]["header"], form.all("field"), strict=False):
        if not chosen:
            continue
        if chosen in mapping:
            said = f"Two columns cannot both be “{chosen.replace('_', ' ')}”: {mapping[chosen]} and {column}."
            return redirect(request, f"{here}#columns", said, kind="error")
        mapping[chosen] = column
    answer = await db.call(
        "save_mapping",
        upload=str(uid),
        client=str(client),
        mapping=mapping,
        actor=admin.email,
        request=form.request_key(),
    )
    if not answer["changed"]:
        return redirect(request, here, "No changes to save.")
    await find_duplicates(db, str(uid))
    return redirect(request, here, "The mapping is saved. Batches launched from now on use it.")


@router.post("/{uid}/duplicates")
async def compare(request: Request, db: Db, client: UUID, uid: UUID) -> Response:
    """Compare the rows with each other and with the client's earlier uploads."""
    await find_duplicates(db, str(uid), client=str(client))
    return redirect(request, f"/clients/{client}/uploads/{uid}", "The rows are compared.")


@router.get("/{uid}/rows.csv")
async def download(db: Db, client: UUID, uid: UUID) -> Response:
    """The original rows as CSV; cells that a spreadsheet would run as a formula are made harmless."""
    first = await insights.upload_rows(
        db, str(uid), client=str(client), search=None, repeated=False, after=None, limit=CELLS_PAGE
    )
    header = first["upload"]["header"]

    async def lines() -> AsyncIterator[bytes]:
        yield "\ufeff".encode() + csv_line(header)
        page = first
        while True:
            yield b"".join(csv_line([row["data"].get(name) for name in header]) for row in page["rows"])
            if page["next"] is None:
                return
            page = await insights.upload_rows(
                db, str(uid), client=str(client), search=None, repeated=False, after=page["next"], limit=CELLS_PAGE
            )

    name = first["upload"]["filename"].rsplit(".", 1)[0]
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=attachment(f"{name} original.csv"))
