"""The start page and the places kept for what is not here yet.

`/` leads to what matters: the one batch that runs, the list of them, or the clients.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app import insights
from web.deps import Db
from web.pages import page

router = APIRouter()


@router.get("/")
async def start(_request: Request, db: Db) -> Response:
    """To the running batch, to the batches, or to the clients."""
    found = await insights.home(db)
    target = "/batches" if found["batches"] else "/clients"
    if found["running"] == 1:
        target = f"/batches/{found['only']}"
    return RedirectResponse(target, status_code=303)


@router.get("/leads")
@router.get("/people")
async def later(request: Request) -> Response:
    """The place of the lead and people pages in the navigation."""
    what = request.url.path.strip("/")
    return page(request, "later.html", what=what)
