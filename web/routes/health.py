"""Health: is the engine alive, does anything wait too long, do callbacks arrive, are webhooks running out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.clay.config import LIFETIME_CAP, WARN_AT
from web.deps import Db
from web.drawing.pages import show
from web.routes.callbacks import VERDICTS

router = APIRouter(prefix="/health")


@router.get("")
async def health(request: Request, db: Db) -> Response:
    """The machine in numbers; polled as long as the page is looked at."""
    data = await insights.health(db)
    more = {"cap": LIFETIME_CAP, "warn_at": LIFETIME_CAP * WARN_AT, "verdicts": VERDICTS}
    return show(request, "health", data, **more)
