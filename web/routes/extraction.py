"""Replays of the extraction over one batch: ask for one, watch it, see what it changed."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import results
from app.extraction import PARSER_VERSION
from web.deps import Actor, Db, services
from web.pages import redirect, show

router = APIRouter(prefix="/batches/{uid}/extraction")


@router.get("")
async def runs(request: Request, db: Db, uid: UUID) -> Response:
    """What a replay would cover, and the replays so far."""
    data = await results.extraction(db, str(uid))
    live = any(run["state"] == "RUNNING" for run in data["runs"])
    return show(request, "leads/extraction.html", "leads/extraction_runs.html", data, live=live, version=PARSER_VERSION)


@router.post("")
async def start(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Extract again; the engine does it in the background."""
    await db.call("request_extraction", batches=[str(uid)], parser_version=PARSER_VERSION, actor=admin.email, hold_s=0)
    await services(request).wake()
    return redirect(request, f"/batches/{uid}/extraction", "Extracting again. This page shows how far it is.")
