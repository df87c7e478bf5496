"""People by their work history: who worked at X, when, as what, and are they still there?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.db import Database
from app.results import search
from web.asking.paging import cursor_number
from web.asking.result_filters import addresses, people_query, view_address
from web.deps import Actor, Db
from web.drawing.downloads import send_export
from web.drawing.histories import with_bars
from web.drawing.pages import show

router = APIRouter()
PAGE_SIZE = 25


@router.get("/people")
async def all_people(request: Request, db: Db) -> Response:
    """People of all clients."""
    return await _list(request, db, None)


@router.get("/clients/{client}/people")
async def client_people(request: Request, db: Db, client: UUID) -> Response:
    """People of one client."""
    return await _list(request, db, str(client))


async def _list(request: Request, db: Db, client: str | None) -> Response:
    query = people_query(request)
    data = await search.people(db, client, search.people_filters(query), after=cursor_number(request), limit=PAGE_SIZE)
    base = f"/clients/{client}" if client else ""
    context: dict[str, Any] = {
        "base": base,
        "query": query,
        **addresses(request),
        "asked": any(query.values()),
        "people": [with_bars(person) for person in data["rows"]],
        "view": {view["uid"]: view_address(f"{base}/people", view["query"]) for view in data["views"]},
    }
    return show(request, "people", data, **context)


@router.get("/people.csv")
async def all_csv(request: Request, db: Db, admin: Actor) -> Response:
    """The people found, of all clients, as CSV: a line per position."""
    return await _csv(request, db, admin.email, None)


@router.get("/clients/{client}/people.csv")
async def client_csv(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """The people found, of one client, as CSV: a line per position."""
    return await _csv(request, db, admin.email, str(client))


async def _csv(request: Request, db: Database, actor: str, client: str | None) -> Response:
    filters = search.people_filters(people_query(request))
    wanted = {"what": "people", "client": client, "filters": filters}
    return await send_export(request, db, wanted, "people.csv", actor=actor)
