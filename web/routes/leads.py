"""Leads: filtered lists of one client or of all, one lead with the origin of every field, exports, saved views."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.db import Database
from app.results import search, views
from app.results.exports import LEAD_COLUMNS, chosen_columns
from web.asking.forms import Form, as_uuid, read_form
from web.asking.paging import PAGE_SIZE, cursor_number, uuid_filter
from web.asking.result_filters import active_filters, addresses, lead_query, view_address
from web.deps import Actor, Db
from web.drawing.downloads import send_export
from web.drawing.pages import dialog, redirect, show

router = APIRouter()
MOST_FILTERS = 200
NO_FILTERS = frozenset(("page", "client", "name", "csrf_token", "request_key", "after"))


@router.get("/leads")
async def all_leads(request: Request, db: Db) -> Response:
    """Leads of all clients."""
    return await _list(request, db, None)


@router.get("/clients/{client}/leads")
async def client_leads(request: Request, db: Db, client: UUID) -> Response:
    """Leads of one client."""
    return await _list(request, db, str(client))


async def _list(request: Request, db: Db, client: str | None) -> Response:
    query = lead_query(request)
    columns = chosen_columns([name for name in query["columns"] if name in LEAD_COLUMNS] or None)
    data = await search.leads(db, client, search.lead_filters(query), after=cursor_number(request), limit=PAGE_SIZE)
    context = {
        "base": f"/clients/{client}" if client else "",
        "query": query,
        **addresses(request),
        "columns": columns,
        "names": LEAD_COLUMNS,
        "chosen": active_filters(query, data["facets"]),
        "view": {name: view_address(f"{_base(client)}/leads", row["query"]) for name, row in _by_uid(data["views"])},
    }
    return show(request, "leads", data, **context)


def _base(client: str | None) -> str:
    return f"/clients/{client}" if client else ""


def _by_uid(views: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(view["uid"], view) for view in views]


@router.get("/leads.csv")
async def all_csv(request: Request, db: Db, admin: Actor) -> Response:
    """The filtered list of all clients as CSV."""
    return await _export(request, db, admin.email, None, "leads.csv")


@router.get("/clients/{client}/leads.csv")
async def client_csv(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """The filtered list of one client as CSV."""
    return await _export(request, db, admin.email, str(client), "leads.csv")


@router.get("/leads.parquet")
async def all_parquet(request: Request, db: Db, admin: Actor) -> Response:
    """The filtered list of all clients as Parquet."""
    return await _export(request, db, admin.email, None, "leads.parquet")


@router.get("/clients/{client}/leads.parquet")
async def client_parquet(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """The filtered list of one client as Parquet."""
    return await _export(request, db, admin.email, str(client), "leads.parquet")


async def _export(request: Request, db: Database, actor: str, client: str | None, filename: str) -> Response:
    query = lead_query(request)
    wanted = {
        "what": "leads_parquet" if filename.endswith(".parquet") else "leads",
        "client": client,
        "filters": search.lead_filters(query),
        "columns": chosen_columns(query["columns"] or None),
    }
    return await send_export(request, db, wanted, filename, actor=actor)


@router.get("/leads/{item}")
async def lead(request: Request, db: Db, item: UUID) -> Response:
    """One lead: every field with its origin, customers, work history, what could not be read."""
    data = await search.lead(db, str(item))
    return show(request, "lead", data, names=LEAD_COLUMNS)


@router.get("/views/new")
async def view_form(request: Request) -> Response:
    """Ask for the name of a view."""
    page = "people" if request.query_params.get("page") == "people" else "leads"
    client = uuid_filter(request, "client")
    saved = [(k, v) for k, v in request.query_params.multi_items() if k not in NO_FILTERS]
    crumbs = [(page.capitalize(), f"{_base(client)}/{page}")]
    context: dict[str, Any] = {
        "title": "Save this view",
        "crumbs": crumbs,
        "active": page,
        "page": page,
        "client": client,
    }
    return dialog(request, "save_view", saved=saved, back=f"{crumbs[0][1]}?{urlencode(saved)}", **context)


@router.post("/views")
async def save_view(request: Request, db: Db, admin: Actor) -> Response:
    """Save the filters and columns of a page under a name; the same name again replaces it."""
    form = await read_form(request)
    page, client = "people" if form.text("page") == "people" else "leads", _client(form)
    query: dict[str, list[str]] = {}
    for name, value in form.items[:MOST_FILTERS]:
        if name not in NO_FILTERS:
            query.setdefault(name, []).append(value)
    name = form.text("name")
    await views.save_view(db, client, page, name, query, actor=admin.email, request=form.request_key())
    return redirect(request, view_address(f"{_base(client)}/{page}", query), f"View “{name}” saved.")


@router.post("/views/{uid}/delete")
async def delete_view(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Forget a view; what it showed stays."""
    form = await read_form(request)
    await views.delete_view(db, str(uid), actor=admin.email, request=form.request_key())
    page = "people" if form.text("page") == "people" else "leads"
    return redirect(request, f"{_base(_client(form))}/{page}", "View deleted.")


def _client(form: Form) -> str | None:
    """The client whose page a view belongs to; None: the page of all clients."""
    given = form.optional("client")
    return str(as_uuid(given, "There is no such client.")) if given else None
