"""People by their work history: who worked at X, when, as what, and are they still there?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from app import results
from app.exports import BOM, people_csv
from web.deps import Db
from web.downloads import attachment
from web.histories import with_bars
from web.pages import show
from web.paging import unpack
from web.resultfilters import addresses, people_query, view_address

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
    after = unpack(request.query_params.get("after"))
    data = await results.people(
        db, client, results.people_filters(query), after=after if isinstance(after, int) else None, limit=PAGE_SIZE
    )
    base = f"/clients/{client}" if client else ""
    context: dict[str, Any] = {
        "base": base,
        "query": query,
        **addresses(request),
        "asked": any(query.values()),
        "people": [with_bars(person) for person in data["rows"]],
        "view": {view["uid"]: view_address(f"{base}/people", view["query"]) for view in data["views"]},
    }
    return show(request, "people/list.html", "people/rows.html", data, **context)


@router.get("/people.csv")
async def all_csv(request: Request, db: Db) -> Response:
    """The people found, of all clients, as CSV: a line per position."""
    return _csv(request, db, None)


@router.get("/clients/{client}/people.csv")
async def client_csv(request: Request, db: Db, client: UUID) -> Response:
    """The people found, of one client, as CSV: a line per position."""
    return _csv(request, db, str(client))


def _csv(request: Request, db: Db, client: str | None) -> Response:
    filters = results.people_filters(people_query(request))

    async def pieces() -> Any:
        yield BOM
        async for piece in people_csv(db, client, filters):
            yield piece

    return StreamingResponse(pieces(), media_type="text/csv; charset=utf-8", headers=attachment("people.csv"))
