"""Deleting a client or a file, and erasing a person: asked for here with a typed confirmation, done by the engine.

A page that shows how far it is polls while there is something to see; the records stay.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.engine.retention.deletion import deletion, request_deletion
from app.engine.retention.erasure import Person, erasures, request_erasure
from app.errors import InputError, UserError
from web.asking.forms import read_form
from web.deps import Actor, Db, services
from web.drawing.pages import dialog, page, redirect, show

__all__ = ["router"]

router = APIRouter()
BLANK = {"email": "", "linkedin": ""}


@router.get("/clients/{client}/delete")
async def delete_client_form(request: Request, db: Db, client: UUID) -> Response:
    """Ask before a client is deleted."""
    return await _ask(request, db, client)


@router.post("/clients/{client}/delete")
async def delete_client(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """Delete a client with all its data."""
    return await _delete(request, db, admin.email, client)


@router.get("/clients/{client}/uploads/{upload}/delete")
async def delete_upload_form(request: Request, db: Db, client: UUID, upload: UUID) -> Response:
    """Ask before a file is deleted."""
    return await _ask(request, db, client, upload)


@router.post("/clients/{client}/uploads/{upload}/delete")
async def delete_upload(request: Request, db: Db, admin: Actor, client: UUID, upload: UUID) -> Response:
    """Delete an upload with its batches and their results."""
    return await _delete(request, db, admin.email, client, upload)


async def _ask(
    request: Request, db: Db, client: UUID, upload: UUID | None = None, problem: UserError | None = None
) -> Response:
    owner = (await insights.uploads(db, str(client), search=None, after=None, limit=1))["client"]
    crumbs = [("Clients", "/clients"), (owner["name"], f"/clients/{client}")]
    name = owner["name"]
    if upload is not None:
        data = await insights.upload(db, str(upload), client=str(client))
        name = data["upload"]["filename"]
        crumbs += [("Uploads", f"/clients/{client}/uploads"), (name, f"/clients/{client}/uploads/{upload}")]
    context: dict[str, Any] = {"title": f"Delete {name}", "name": name, "upload": upload, "crumbs": crumbs}
    status = problem.status if problem else 200
    return dialog(request, "delete", status=status, active="clients", problem=problem, **context)


async def _delete(request: Request, db: Db, actor: str, client: UUID, upload: UUID | None = None) -> Response:
    kind: Literal["client", "upload"] = "client" if upload is None else "upload"
    typed = (await read_form(request)).text("confirm")
    if upload is not None:
        await insights.upload(db, str(upload), client=str(client))  # of this client, or there is no such page
    try:
        record = await request_deletion(db, kind, str(upload or client), confirm=typed, actor=actor)
    except UserError as problem:
        return await _ask(request, db, client, upload, problem)
    await services(request).wake()
    return redirect(request, f"/deletions/{record['uid']}")


@router.get("/deletions/{uid}")
async def show_deletion(request: Request, db: Db, uid: UUID) -> Response:
    """How far a deletion is."""
    data = await deletion(db, str(uid))
    return show(request, "deletion", data)


@router.get("/erasures")
async def list_erasures(request: Request, db: Db) -> Response:
    """Who was erased when, by hash, and the form."""
    return show(request, "erasures", await erasures(db), problem=None, typed=BLANK)


@router.post("/erasures")
async def erase(request: Request, db: Db, admin: Actor) -> Response:
    """Erase a person whose address was typed twice."""
    form = await read_form(request)
    typed = {name: form.text(name) for name in ("email", "linkedin", "confirm")}
    try:
        person = Person.of(typed["email"], typed["linkedin"])
        if typed["confirm"] != (typed["email"] or typed["linkedin"]):
            raise InputError("The confirmation does not match. Nothing was erased.", "Type the same address again.")
        await request_erasure(db, person, actor=admin.email)
    except UserError as problem:
        context = {"problem": problem, "typed": typed, "ptag": None}
        return page(request, "erasures/page.html", status=problem.status, data=await erasures(db), **context)
    await services(request).wake()
    return redirect(request, "/erasures", "Erasure started. This page shows its progress.")
