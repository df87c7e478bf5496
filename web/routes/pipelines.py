"""Pipelines of a client: the list with the shared templates, the builder, versions, copies, the archive."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.errors import ConflictError, UserError
from app.setup.pipelines import archive_pipeline, create_pipeline, duplicate_pipeline, save_pipeline
from app.setup.step_checks import missing_inputs, row_fields
from app.states import UploadKind
from app.text.field_names import IDENTITY_COLUMNS
from web.asking.forms import as_uuid, read_form
from web.asking.paging import small_number
from web.asking.pipeline_editor import CONDITION_OPS, Editor, Step
from web.deps import Actor, Db
from web.drawing.pages import dialog, is_fragment, page, redirect, show

router = APIRouter()


@router.get("/clients/{client}/pipelines")
async def pipelines(request: Request, db: Db, client: UUID) -> Response:
    """A client's pipelines, and the templates to start from."""
    archived = request.query_params.get("archived") == "1"
    data = await insights.pipelines(db, str(client), archived=archived)
    return show(request, "pipelines", data, archived=archived)


@router.get("/clients/{client}/pipelines/new")
async def new(request: Request, db: Db, client: UUID) -> Response:
    """An empty builder."""
    data = await insights.pipeline(db, None, client_uid=str(client))
    kind = request.query_params.get("kind", "people")
    editor = Editor("", kind if kind in list(UploadKind) else "people", 0, [])
    return _builder(request, data, editor)


@router.post("/clients/{client}/pipelines/new")
async def create(request: Request, db: Db, admin: Actor, client: UUID) -> Response:
    """A click in the builder of a new pipeline, or its first save."""
    form = await read_form(request)
    data, editor = await insights.pipeline(db, None, client_uid=str(client)), Editor.from_form(form)
    try:
        if form.text("do") != "save":
            editor.apply(form.text("do"), _titles(data))
            return _builder(request, data, editor)
        made = await create_pipeline(
            db,
            str(client),
            editor.name,
            editor.kind,
            editor.to_save(),
            actor=admin.email,
            request=form.request_key(),
        )
    except UserError as error:
        return _builder(request, data, editor, problem=error)
    return redirect(request, f"/pipelines/{made['uid']}", f"“{editor.name}” saved as version 1.")


@router.get("/pipelines/{uid}")
async def pipeline(request: Request, db: Db, uid: UUID) -> Response:
    """The builder; `?version=` opens an earlier version, to look at or to save again."""
    wanted = small_number(request.query_params.get("version"))
    data = await insights.pipeline(db, str(uid), version=wanted)
    saved = data["pipeline"]
    old = wanted if wanted is not None and wanted != saved["version"] else None
    steps = [Step.from_saved(step) for step in data["steps"]]
    return _builder(request, data, Editor(saved["name"], saved["kind"], saved["version"], steps), old=old)


@router.post("/pipelines/{uid}")
async def change(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """A click in the builder, or a save as a new version. Batches that run keep their snapshot."""
    form = await read_form(request)
    data, editor = await insights.pipeline(db, str(uid)), Editor.from_form(form)
    asked = form.text("do")
    try:
        if asked not in ("save", "overwrite"):
            editor.apply(asked, _titles(data))
            return _builder(request, data, editor)
        expected = data["pipeline"]["version"] if asked == "overwrite" else editor.version
        version = await save_pipeline(
            db,
            str(uid),
            editor.to_save(),
            name=editor.name,
            expected_version=expected,
            actor=admin.email,
            request=form.request_key(),
        )
    except UserError as error:
        return _builder(request, data, editor, problem=error)
    return redirect(request, f"/pipelines/{uid}", f"“{editor.name}” saved as version {version}.")


@router.post("/pipelines/{uid}/duplicate")
async def duplicate(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Copy a pipeline or template for a client, or as a template (no client)."""
    form = await read_form(request)
    client = form.optional("client")
    owner = str(as_uuid(client, "There is no such client.")) if client else None
    made = await duplicate_pipeline(db, str(uid), owner, actor=admin.email, request=form.request_key())
    said = f"Copied as “{made['name']}”. Edit it as you like."
    return redirect(request, f"/pipelines/{made['uid']}", said)


@router.get("/pipelines/{uid}/archive")
async def archive_form(request: Request, db: Db, uid: UUID) -> Response:
    """Ask before a pipeline is archived."""
    data = await insights.pipeline(db, str(uid))
    title = f"Archive {data['pipeline']['name']}"
    return dialog(request, "archive_pipeline", title=title, crumbs=_crumbs(data), active="clients", data=data)


@router.post("/pipelines/{uid}/archive")
async def archive(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Take a pipeline out of the launch dialog."""
    wish = (await read_form(request)).request_key()
    done = await archive_pipeline(db, str(uid), archived=True, actor=admin.email, request=wish)
    target = f"/clients/{done['client']}/pipelines" if done["client"] else "/clients"
    return redirect(request, target, f"“{done['name']}” archived.")


@router.post("/pipelines/{uid}/restore")
async def restore(request: Request, db: Db, admin: Actor, uid: UUID) -> Response:
    """Bring an archived pipeline back."""
    wish = (await read_form(request)).request_key()
    done = await archive_pipeline(db, str(uid), archived=False, actor=admin.email, request=wish)
    return redirect(request, f"/pipelines/{uid}", f"“{done['name']}” restored.")


def _titles(data: dict[str, Any]) -> dict[str, str]:
    return {w["slug"]: w["title"] for w in data["palette"] if not w["retired"]}


def _crumbs(data: dict[str, Any]) -> list[tuple[str, str]]:
    client, saved = data["client"], data["pipeline"]
    crumbs = [("Clients", "/clients")]
    if client:
        base = f"/clients/{client['uid']}"
        crumbs += [(client["name"], base), ("Pipelines", f"{base}/pipelines")]
    return crumbs + ([(saved["name"], f"/pipelines/{saved['uid']}")] if saved else [])


def _builder(
    request: Request,
    data: dict[str, Any],
    editor: Editor,
    *,
    problem: UserError | None = None,
    old: int | None = None,
) -> Response:
    workflows = {w["slug"]: w for w in data["palette"]}
    provided = row_fields(editor.kind)
    gaps = missing_inputs([step.workflow for step in editor.steps], workflows, provided)
    known = (
        provided
        | set(IDENTITY_COLUMNS)
        | {f for step in editor.steps for f in workflows.get(step.workflow, {}).get("writes", ())}
    )
    saved = data["pipeline"]
    outdated = isinstance(problem, ConflictError) and saved is not None and saved["version"] != editor.version
    client = data["client"]
    action = f"/pipelines/{saved['uid']}" if saved else f"/clients/{client['uid']}/pipelines/new"
    context = {
        "data": data,
        "editor": editor,
        "workflows": workflows,
        "palette": [w for w in data["palette"] if not w["retired"] and editor.kind in w["applies_to"]],
        "gaps": gaps,
        "conditions": CONDITION_OPS,
        "fields": sorted(known),
        "kinds": list(UploadKind),
        "problem": problem,
        "outdated": outdated,
        "old": old,
        "action": action,
        "crumbs": _crumbs(data),
    }
    template = "pipeline/part.html" if is_fragment(request) else "pipeline/page.html"
    # htmx draws a refusal like any other answer: the builder says itself what is wrong.
    status = problem.status if problem and not is_fragment(request) else 200
    return page(request, template, status=status, **context)
