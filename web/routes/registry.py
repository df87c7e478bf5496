"""The workflow registry: what each workflow reads and writes, how it is retried, how often it fails, who uses it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from web.deps import Db
from web.drawing.pages import show

router = APIRouter(prefix="/workflows")


@router.get("")
async def workflows(request: Request, db: Db) -> Response:
    """Every workflow that the deployed code knows, and those that old batches name."""
    data = await insights.registry(db)
    return show(request, "registry", data)
