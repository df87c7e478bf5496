"""What comes out of a batch: its rows as a file with an account of all of them, and replays of the extraction."""

from __future__ import annotations

from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.engine.replay import request_extraction
from app.extraction import PARSER_VERSION
from app.results import search
from app.states import RunState
from web.asking.forms import read_form
from web.deps import Actor, Db, services
from web.drawing.downloads import attachment, send_export
from web.drawing.pages import redirect, show

router = APIRouter(prefix="/batches/{uid}")


@router.get("/export.csv")
async def export(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Every uploaded row of the batch as CSV: its original columns, what became of it and why, what is known."""
    manifest = await insights.manifest(db, str(uid))
    wanted = {"what": "batch", "client": None, "batch": str(uid)}
    return await send_export(request, db, wanted, f"{manifest['name']}.csv", actor=admin.email)


@router.get("/manifest.json")
async def account(db: Db, uid: UUID) -> Response:
    """The account of the export: uploaded = delivered + failed + waiting."""
    manifest = await insights.manifest(db, str(uid))
    body = orjson.dumps(manifest, option=orjson.OPT_INDENT_2)
    return Response(body, media_type="application/json", headers=attachment(f"{manifest['name']}.manifest.json"))


@router.get("/extraction")
async def runs(request: Request, db: Db, uid: UUID) -> Response:
    """What a replay would cover, and the replays so far."""
    data = await search.extraction(db, str(uid))
    live = any(run["state"] == RunState.RUNNING for run in data["runs"])
    return show(request, "extraction", data, live=live, version=PARSER_VERSION)


@router.post("/extraction")
async def start(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Extract again; the engine does it in the background."""
    wish = (await read_form(request)).request_key()
    await request_extraction(db, [str(uid)], actor=admin.email, request=wish)
    await services(request).wake()
    return redirect(request, f"/batches/{uid}/extraction", "Extraction started. This page shows its progress.")
