"""The start page: `/` leads to what matters: the running batch, the batches, or the clients."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app import insights
from web.deps import Db

router = APIRouter()


@router.get("/")
async def start(_request: Request, db: Db) -> Response:
    """To the running batch, to the batches, or to the clients."""
    found = await insights.home(db)
    target = "/batches" if found["batches"] else "/clients"
    if found["running"] == 1:
        target = f"/batches/{found['only']}"
    return RedirectResponse(target, status_code=303)
