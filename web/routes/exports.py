"""Long exports: how far they are, and the finished file, ready for a day."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.errors import NotFoundError
from app.states import FileJobState
from web.deps import Db
from web.drawing.downloads import send_stored
from web.drawing.pages import show

router = APIRouter(prefix="/exports")
LATEST = 30


@router.get("")
async def exports(request: Request, db: Db) -> Response:
    """The latest long exports."""
    data = await insights.exports(db, limit=LATEST)
    live = any(FileJobState(job["state"]).moves for job in data["rows"])
    return show(request, "exports", data, live=live)


@router.get("/{uid}")
async def export(request: Request, db: Db, uid: UUID) -> Response:
    """One export: progress, then the download."""
    job = await insights.file_job(db, str(uid))
    if job["kind"] != "export":
        raise NotFoundError("There is no such export.", "Export the list again.")
    return show(request, "export", {"job": job}, base=f"/exports/{uid}")


@router.get("/{uid}/file")
async def download(request: Request, db: Db, uid: UUID) -> Response:
    """The finished file, or the rest of it."""
    return await send_stored(request, db, str(uid))
