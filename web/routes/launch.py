"""The launch dialog of an upload: choose a pipeline and rows, see what it sends and may cost, launch exactly once.

The dialog's form carries a launch key; pressing the button again, or sending the form twice, names the same launch. It
also carries the estimate that it showed: a launch that would do anything else is refused, and the new sum is shown.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import insights
from app.engine import batches
from app.errors import ConflictError, InputError, UserError
from app.setup.step_checks import missing_inputs, row_fields
from app.text.numbers import plural, read_number
from web.asking.forms import Form, as_uuid, read_form
from web.deps import Actor, Db, services
from web.drawing.formats import credits as in_credits
from web.drawing.pages import dialog, page, redirect

router = APIRouter(prefix="/clients/{client}/uploads/{uid}/launch")
SAMPLE_ROWS = 10


@router.get("")
async def launch_form(request: Request, db: Db, client: UUID, uid: UUID) -> Response:
    """The dialog; asked by `#launch-preview` it answers with the preview alone."""
    form = Form(request.query_params.multi_items())
    data = await insights.launch(db, str(uid), client=str(client))
    if request.headers.get("hx-target", "").endswith("#launch-preview"):
        return page(request, "dialogs/launch_preview.html", **_context(data, form, None))
    return _dialog(request, data, form, None)


@router.post("")
async def launch(request: Request, db: Db, admin: Actor, client: UUID, uid: UUID) -> Response:
    """Launch, and lead to the batch; a second press leads to the same one."""
    form = await read_form(request)
    data = await insights.launch(db, str(uid), client=str(client))
    try:
        key = as_uuid(form.text("launch_key"), "Reload the page and launch again.")
        if known := await batches.find_launch(db, key):
            return redirect(request, f"/batches/{known}")
        pipeline = as_uuid(form.text("pipeline"), "Choose a pipeline.")
        limit = form.integer("rows", "Number of rows", least=1) if form.text("scope") == "first" else None
        if form.text("scope") == "first" and limit is None:
            raise InputError("Enter the number of rows.", "For example 100.")
        budget = form.amount("budget", "Budget")
        _refuse_unready(data, str(pipeline))
        version = _refuse_stale(data, form)
        answer = await batches.launch(
            db,
            str(uid),
            str(pipeline),
            actor=admin.email,
            launch_key=key,
            row_limit=limit,
            name=form.optional("name"),
            budget=budget,
            pipeline_version=version,
        )
    except UserError as error:
        return _dialog(request, await insights.launch(db, str(uid), client=str(client)), form, error)
    await services(request).wake()
    said = f"Batch launched with {plural(answer['item_count'], 'row')}." if answer["created"] else None
    return redirect(request, f"/batches/{answer['batch']}", said)


def _refuse_unready(data: dict[str, Any], pipeline: str) -> None:
    """A pipeline that lacks a config would fail every row at that step: refused here, where it can be put right."""
    chosen = next((p for p in data["pipelines"] if p["uid"] == pipeline), None)
    lacking = [s["title"] for s in (chosen or {}).get("steps", []) if s["needs_config"] and not s["has_config"]]
    if lacking:
        raise ConflictError(f"{', '.join(lacking)} is not set up for this client.", "Set it up, then launch.")


def _refuse_stale(data: dict[str, Any], form: Form) -> int:
    """The pipeline's version, if what was shown is what would be launched: version, rows and sum.

    Raises:
        ConflictError: anything of it is different by now, or another pipeline was chosen than the one shown.
    """
    now = _context(data, form, None)
    if form.text("estimate") != now["estimate"]:
        cost = now["cost"]
        raise ConflictError(
            "The estimate has changed since you opened this page.",
            f"“{now['chosen']['name']}” over {plural(now['rows'], 'row')} "
            f"{'costs up to ' + in_credits(cost) if cost else 'is free'}. Check it below, then launch again.",
        )
    return int(now["chosen"]["version"])


def _dialog(request: Request, data: dict[str, Any], form: Form, problem: UserError | None) -> Response:
    upload, client = data["upload"], data["client"]
    base = f"/clients/{client['uid']}"
    crumbs = [("Clients", "/clients"), (client["name"], base), (upload["filename"], f"{base}/uploads/{upload['uid']}")]
    context = _context(data, form, problem) | {"title": f"Launch {upload['filename']}", "crumbs": crumbs}
    return dialog(request, "launch", status=problem.status if problem else 200, active="clients", **context)


def _context(data: dict[str, Any], form: Form, problem: UserError | None) -> dict[str, Any]:
    upload, pipelines = data["upload"], data["pipelines"]
    chosen = next((p for p in pipelines if p["uid"] == form.text("pipeline")), None)
    chosen = chosen or next((p for p in pipelines if not _lacking(p)), None) or (pipelines[0] if pipelines else None)
    scope = form.text("scope", "all")
    rows = upload["row_count"]
    typed = form.text("rows", str(min(SAMPLE_ROWS, rows)))
    if scope == "first" and (wanted := read_number(typed)) is not None and wanted == int(wanted):
        rows = min(rows, int(wanted))
    plan = _plan(chosen, rows, upload) if chosen else []
    cost = sum(step["cost"] for step in plan)
    return {
        "data": data,
        "form": form,
        "problem": problem,
        "chosen": chosen,
        "scope": scope,
        "typed": typed,
        "rows": rows,
        "launch_key": form.text("launch_key") or str(uuid4()),
        "plan": plan,
        "cost": cost,
        "estimate": f"{chosen['uid']} {chosen['version']} {rows} {cost:.4f}" if chosen else "",
    }


def _lacking(pipeline: dict[str, Any]) -> bool:
    return any(step["retired"] or (step["needs_config"] and not step["has_config"]) for step in pipeline["steps"])


def _plan(pipeline: dict[str, Any], rows: int, upload: dict[str, Any]) -> list[dict[str, Any]]:
    """Per step: what it may send and cost at most, and what keeps it from working."""
    steps = pipeline["steps"]
    workflows = {step["slug"]: step for step in steps if not step["retired"]}
    gaps = missing_inputs([s["slug"] for s in steps], workflows, row_fields(upload["kind"], upload["mapping"]))
    return [
        step
        | {
            "cost": rows * float(step["cost_per_row"] or 0),
            "sends": rows if step["kind"] == "clay" else 0,
            "gaps": [gap.field for gap in missing],
            "unset": step["needs_config"] and not step["has_config"],
        }
        for step, missing in zip(steps, gaps, strict=True)
    ]
