"""Files on their way in: announced, sent piece by piece, then read by a worker; each step can be repeated at any time.

`web/static/js/upload.js` speaks to the addresses here in JSON (it says so with the header X-Leadloom-Upload). Without
script the same addresses are pages that show how far a file is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse, Response

from app import insights
from app.db import Database
from app.engine.file_jobs import finish_soon
from app.errors import ConflictError, InputError, NotFoundError
from app.intake.pieces import PIECE_BYTES, announce, send_piece
from app.states import FileJobState
from web.deps import Actor, Db, services
from web.drawing.pages import redirect, show

__all__ = ["begin_reading", "router"]

router = APIRouter(prefix="/clients/{client}/files")
MOST_JSON = 10_000
LARGEST_INTEGER = 2**31 - 1
# RFC 9530
DIGEST = re.compile(r"\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*")


class Announced(BaseModel):
    """What a sender says of a file."""

    filename: str
    byte_size: int
    sha256: str
    kind: str | None = None
    again: bool = False
    customers: str | None = None


class DamagedError(InputError):
    """The piece arrived damaged; send it again."""

    status = 400


@router.get("")
async def files(request: Request, db: Db, client: UUID) -> Response:
    """The client's files that are on their way, for its page."""
    data = await insights.files(db, str(client))
    live = any(FileJobState(job["state"]).moves for job in data["rows"])
    return show(request, "files", data, live=live)


@router.post("")
async def begin(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Announce a file; the answer says which of its pieces are missing."""
    try:
        said = Announced.model_validate_json(await _body(request, MOST_JSON))
    except ValidationError as error:
        where = ", ".join(str(part) for part in error.errors()[0]["loc"]) or "the body"
        raise InputError(f"The upload request is not valid: {where}.", "Reload the page.") from None
    try:
        job = await announce(
            db,
            str(client),
            filename=said.filename,
            byte_size=said.byte_size,
            sha256=said.sha256,
            kind=said.kind or None,
            allow_duplicate=said.again or said.customers is not None,
            actor=admin.email,
            customers=said.customers,
        )
    except ConflictError as error:  # a question to the sender, rather than an error
        job = {
            "uid": None,
            "state": FileJobState.FAILED,
            "code": "same_file",
            "error": error.message,
            "hint": error.hint,
        }
    return JSONResponse(job)


@router.put("/{uid}/pieces/{number}")
async def piece(request: Request, db: Db, client: UUID, uid: UUID, number: int) -> Response:
    """Take one piece; its Content-Digest must be right. After the last one the file is read."""
    if not 0 <= number <= LARGEST_INTEGER:
        raise InputError("This part of the file is not expected.", "Choose the file again.")
    await _job_of(db, client, uid)
    content = await _body(request, PIECE_BYTES)
    digest = DIGEST.fullmatch(request.headers.get("content-digest", ""))
    if digest is None:
        raise InputError(
            "This part of the file came without its SHA-256 Content-Digest.",
            "Reload the page and choose the file again.",
        )
    if not hmac.compare_digest(base64.b64decode(digest[1]), hashlib.sha256(content).digest()):
        raise DamagedError
    job = await send_piece(db, str(uid), number, content)
    return JSONResponse(await begin_reading(request, db, job))


@router.get("/{uid}")
async def progress(request: Request, db: Db, client: UUID, uid: UUID) -> Response:
    """How far a file is; a page that leads on to the upload once it is read."""
    job = await _job_of(db, client, uid)
    if "x-leadloom-upload" in request.headers:
        return JSONResponse(job)
    if job["request"].get("customers"):
        return redirect(request, f"/clients/{client}/customers")
    if job["state"] == FileJobState.READY:
        return redirect(request, f"/clients/{client}/uploads/{job['result']['upload']}")
    live = FileJobState(job["state"]).moves
    return show(request, "file", {"job": job}, live=live)


async def begin_reading(request: Request, db: Database, job: dict[str, Any]) -> dict[str, Any]:
    """See to it that a file that is whole is read: a small one at once, any other by a worker.

    Returns:
        The job as it stands then.
    """
    if job["state"] == FileJobState.WAITING and job["piece_count"] == 1:
        job = await finish_soon(db, job)
    if job["state"] == FileJobState.WAITING:
        await services(request).wake()
    return job


async def _job_of(db: Database, client: UUID, uid: UUID) -> dict[str, Any]:
    job = await insights.file_job(db, str(uid))
    if job["kind"] != "upload" or job["client"]["uid"] != str(client):
        raise NotFoundError("There is no such file.", "Choose it again.")
    return job


async def _body(request: Request, most: int) -> bytes:
    """The request's body, never more of it than is taken.

    Raises:
        InputError: it is longer.
    """
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most:
            raise InputError(
                f"Requests here can be up to {most:,} bytes.", "Reload the page and choose the file again."
            )
    return bytes(content)
