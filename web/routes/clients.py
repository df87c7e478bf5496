"""Clients: the list with its activity, one client at a glance, create, rename, archive."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.errors import UserError
from app.setup.clients import archive_client, create_client, rename_client
from web.asking.forms import read_form
from web.asking.paging import PAGE_SIZE, cursor_name, text_filter
from web.deps import Actor, Db
from web.drawing.pages import dialog, redirect, show

router = APIRouter(prefix="/clients")


@router.get("")
async def clients(request: Request, db: Db) -> Response:
    """Every client with what goes on there."""
    search, archived = text_filter(request, "q"), request.query_params.get("archived") == "1"
    data = await insights.clients(db, search=search, archived=archived, after=cursor_name(request), limit=PAGE_SIZE)
    return show(request, "clients", data, q=search, archived=archived)


@router.get("/new")
async def new_client(request: Request) -> Response:
    """The form for a new client."""
    return _form(request, "New client", "/clients", "Create client")


@router.post("")
async def create(request: Request, db: Db, admin: Actor) -> Response:
    """Create a client; a name that is there leads to that client."""
    form = await read_form(request)
    name = form.text("name")
    try:
        made = await create_client(db, name, actor=admin.email, request=form.request_key())
    except UserError as error:
        return _form(request, "New client", "/clients", "Create client", name=name, problem=error)
    here = f"/clients/{made['uid']}"
    if made["created"]:
        return redirect(request, here, f"{made['name']} created. Upload a file to get started.")
    return redirect(request, here, f"{made['name']} already exists. This is its page.", kind="info")


@router.get("/{uid}")
async def client(request: Request, db: Db, uid: UUID) -> Response:
    """One client: what to do next, uploads, batches, pipelines, state of the configs."""
    data = await insights.client(db, str(uid))
    return show(request, "client", data)


@router.get("/{uid}/rename")
async def rename_form(request: Request, db: Db, uid: UUID) -> Response:
    """The form to rename a client."""
    found = (await insights.uploads(db, str(uid), search=None, after=None, limit=1))["client"]
    return _form(
        request, f"Rename {found['name']}", f"/clients/{uid}/rename", "Rename", name=found["name"], found=found
    )


@router.post("/{uid}/rename")
async def rename(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Give a client another name; its uploads and batches keep theirs."""
    form = await read_form(request)
    name = form.text("name")
    try:
        await rename_client(db, str(uid), name, actor=admin.email, request=form.request_key())
    except UserError as error:
        found = (await insights.uploads(db, str(uid), search=None, after=None, limit=1))["client"]
        title = f"Rename {found['name']}"
        return _form(request, title, f"/clients/{uid}/rename", "Rename", name=name, found=found, problem=error)
    return redirect(request, f"/clients/{uid}", f"Client renamed to {name}.")


@router.get("/{uid}/archive")
async def archive_form(request: Request, db: Db, uid: UUID) -> Response:
    """Ask before a client is archived."""
    data = await insights.client(db, str(uid))
    name = data["client"]["name"]
    crumbs = [("Clients", "/clients"), (name, f"/clients/{uid}")]
    return dialog(request, "archive_client", title=f"Archive {name}", crumbs=crumbs, active="clients", data=data)


@router.post("/{uid}/archive")
async def archive(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Put a client out of the way; nothing is deleted."""
    wish = (await read_form(request)).request_key()
    await archive_client(db, str(uid), archived=True, actor=admin.email, request=wish)
    return redirect(request, "/clients", "Client archived. You can find it under “Archived”.")


@router.post("/{uid}/restore")
async def restore(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Bring an archived client back."""
    wish = (await read_form(request)).request_key()
    await archive_client(db, str(uid), archived=False, actor=admin.email, request=wish)
    return redirect(request, f"/clients/{uid}", "Client restored.")


def _form(request: Request, title: str, action: str, verb: str, **more: Any) -> Response:
    context = {"name": "", "found": None, "problem": None} | more
    found = context["found"]
    crumbs = [("Clients", "/clients"), *([(found["name"], f"/clients/{found['uid']}")] if found else [])]
    status = 422 if context["problem"] else 200
    return dialog(
        request,
        "client_form",
        status=status,
        title=title,
        action=action,
        verb=verb,
        crumbs=crumbs,
        active="clients",
        **context,
    )
