"""The audit log: who did what, when."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from web.asking.paging import PAGE_SIZE, cursor_number, text_filter, uuid_filter
from web.deps import Db
from web.drawing.pages import show

router = APIRouter(prefix="/audit")

PLACES = {
    "client": "/clients/{uid}",
    "batch": "/batches/{uid}",
    "item": "/items/{uid}",
    "pipeline": "/pipelines/{uid}",
    "workflow_config": "/clients/{uid}/workflows",
}


@router.get("")
async def audit(request: Request, db: Db) -> Response:
    """Every change, newest first, by client, person and action."""
    chosen = {"actor": text_filter(request, "actor"), "action": text_filter(request, "action")}
    data = await insights.audit_log(
        db,
        client_uid=uuid_filter(request, "client"),
        **chosen,
        after=cursor_number(request),
        limit=PAGE_SIZE,
    )
    return show(request, "audit", data, chosen=chosen, places=PLACES)
