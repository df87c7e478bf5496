"""A client's set-up of workflows: forms out of the config models, the Clay recipe, one test row.

Secrets go in and never come out: the read model leaves them away, and an empty field keeps what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from app import insights
from app.clay.config import LIFETIME_CAP, WARN_AT
from app.clay.tokens import fixed_url
from app.clay.trial import SAMPLE, send_trial, trial_answer
from app.errors import ConflictError, NotFoundError, UserError
from app.setup.configs import refuse_retired_tokens, save_workflow_config, stored_config, webhook_owners
from app.text.numbers import plural
from app.workflows import AnyWorkflow, ClayWorkflow, registry
from web.asking.config_forms import ConfigError, form_fields, parse_config
from web.asking.forms import Form, read_form
from web.asking.paging import small_number, text_filter
from web.deps import Actor, Db, services
from web.drawing.pages import is_fragment, page, redirect, show

router = APIRouter(prefix="/clients/{client}/workflows")
Slug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,99}$")]


@router.get("")
async def configs(request: Request, db: Db, client: UUID) -> Response:
    """Every workflow, and how it is set up for this client."""
    data = await insights.configs(db, str(client))
    return show(request, "configs", data)


@router.get("/{slug}")
async def config(request: Request, db: Db, client: UUID, slug: Slug) -> Response:
    """The form of one workflow's config."""
    data = await insights.config(db, str(client), slug, (text_filter(request, "label") or "")[:100])
    return _page(request, data)


@router.post("/{slug}")
async def save(request: Request, db: Db, admin: Actor, client: UUID, slug: Slug) -> Response:
    """Check and save; everything not yet sent uses it at once."""
    form = await read_form(request)
    label = form.text("label")[:100]
    data = await insights.config(db, str(client), slug, label)
    workflow = _workflow(slug)
    version = form.integer("version", "Version")
    checked: dict[str, Any] = {}
    try:
        if workflow.Config is None:
            raise ConflictError("This workflow needs no configuration.")
        if data["config"] is not None and version is None:
            raise ConflictError(
                f"A configuration {f'called “{label}” ' if label else ''}already exists.", "Edit that one instead."
            )
        stored = await stored_config(db, str(client), slug, label)
        checked = parse_config(workflow.Config, _fields(data), form, stored)
        await save_workflow_config(
            db,
            str(client),
            slug,
            checked,
            label=label,
            version=version,
            share_webhook=bool(form.text("share_webhook")),
            actor=admin.email,
            request=form.request_key(),
        )
    except UserError as error:
        owners = await webhook_owners(db, str(client), checked) if isinstance(error, ConflictError) else []
        return _page(request, data, problem=error, form=form, owners=owners)
    target = f"/clients/{client}/workflows/{slug}" + (f"?label={quote(label)}" if label else "")
    return redirect(request, target, f"{data['workflow']['title']} configuration saved. Applies to rows not sent yet.")


@router.post("/{slug}/test")
async def test(request: Request, db: Db, admin: Actor, client: UUID, slug: Slug) -> Response:
    """Send one made-up row to the saved table, and show what Clay answers."""
    form = await read_form(request)
    workflow = _workflow(slug)
    if not isinstance(workflow, ClayWorkflow):
        raise ConflictError("This workflow sends nothing to Clay.")
    fields = {name: form.text(f"test_{name}") for name in workflow.reads}
    problem, sent = None, None
    try:
        sent = await send_trial(
            db,
            workflow,
            client=str(client),
            label=form.text("label")[:100],
            fields=fields,
            base_url=services(request).public_url(request),
            actor=admin.email,
            request=form.request_key(),
        )
    except UserError as error:
        problem = error
    context: dict[str, Any] = {"sent": sent, "answer": None, "test_problem": problem, "tried": 0}
    if is_fragment(request):
        return page(request, "config/test_row.html", client=str(client), slug=slug, **context)
    data = await insights.config(db, str(client), slug, form.text("label")[:100])
    return _page(request, data, **context)


@router.post("/{slug}/refuse-retired")
async def refuse_retired(request: Request, db: Db, admin: Actor, client: UUID, slug: str) -> Response:
    """Accept no receiver token any more that was replaced: one of them got out."""
    form = await read_form(request)
    label = form.text("label")[:100]
    refused = await refuse_retired_tokens(db, str(client), actor=admin.email)
    target = f"/clients/{client}/workflows/{slug}" + (f"?label={quote(label)}" if label else "")
    return redirect(request, target, f"{plural(refused, 'replaced token')} revoked.")


@router.get("/{slug}/test/{uid}")
async def answer(request: Request, db: Db, client: UUID, slug: Slug, uid: UUID) -> Response:
    """Has the test row been answered? Asked every two seconds for ten minutes."""
    tried = small_number(request.query_params.get("tried")) or 0
    found = await trial_answer(db, str(client), str(uid))
    if found is None and tried:
        tried += 1
    context: dict[str, Any] = {"uid": str(uid), "answer": found, "tried": tried, "client": str(client), "slug": slug}
    return page(request, "config/test_answer.html", **context)


def _workflow(slug: str) -> AnyWorkflow:
    found = registry().get(slug)
    if found is None:
        raise NotFoundError("There is no such workflow.", "Choose one from the client's Workflows page.")
    return found


def _fields(data: dict[str, Any], typed: dict[str, str] | None = None) -> list[Any]:
    saved = data["config"] or {"values": {}, "set": []}
    known = registry().get(data["workflow"]["slug"])
    # The model's own schema keeps the order of its fields; the database's copy does not.
    schema = known.Config.model_json_schema() if known and known.Config else data["schema"]
    return form_fields(schema or {}, saved["values"], saved["set"], typed)


def _page(
    request: Request,
    data: dict[str, Any],
    *,
    problem: UserError | None = None,
    form: Form | None = None,
    owners: Sequence[str] = (),
    **test: Any,
) -> Response:
    slug = data["workflow"]["slug"]
    base = services(request).public_url(request)
    workflow = registry().get(slug)
    typed = dict(form.items) if form is not None and problem is not None else None
    context = {
        "owners": owners,
        "retype": {name for name, value in (typed or {}).items() if value},
        "fields": _fields(data, typed),
        "problem": problem,
        "problems": problem.problems if isinstance(problem, ConfigError) else {},
        "receiver": fixed_url(base, slug),
        "cap": (data["config"] or {"values": {}})["values"].get("lifetime_cap", LIFETIME_CAP),
        "warn_at": WARN_AT,
        "sample": {name: SAMPLE.get(name, "") for name in workflow.reads} if isinstance(workflow, ClayWorkflow) else {},
        "returns": data["workflow"]["writes"][:4],
        "client": data["client"]["uid"],
        "slug": slug,
        "adding": "add" in request.query_params,
        "sent": None,
        "answer": None,
        "test_problem": None,
        "tried": 0,
    } | test
    return page(request, "config/page.html", status=problem.status if problem else 200, data=data, **context)
