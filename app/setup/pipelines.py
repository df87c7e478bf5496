"""Pipelines: ordered steps that a client's batches follow, and the templates to start from."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from app.db import Database
from app.errors import ConflictError

__all__ = ["TEMPLATES", "create_pipeline", "ensure_templates", "find_pipeline"]

TEMPLATES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "Full enrichment": (
        "people",
        [
            {"workflow": "split_raw"},
            {"workflow": "normalize_name"},
            {"workflow": "normalize_domain"},
            {"workflow": "enrich_company_clay"},
            {"workflow": "enrich_person_clay"},
            {"workflow": "extract_work_history"},
            {"workflow": "consolidate_lead"},
        ],
    ),
    "Clean up only": (
        "people",
        [{"workflow": "split_raw"}, {"workflow": "normalize_name"}, {"workflow": "normalize_domain"}],
    ),
    "Company enrichment": (
        "companies",
        [
            {"workflow": "split_raw"},
            {"workflow": "normalize_name"},
            {"workflow": "normalize_domain"},
            {"workflow": "enrich_company_clay"},
            {"workflow": "consolidate_lead"},
        ],
    ),
}
"""Shared templates: name → (kind of upload, steps)."""


async def create_pipeline(
    db: Database,
    client: str | None,
    name: str,
    upload_kind: str,
    steps: list[dict[str, Any]],
    *,
    actor: str,
    request: UUID | None = None,
) -> dict[str, Any]:
    """Save a new pipeline (`client` None: a template for all clients): `{"uid", "version"}`.

    `request` names this one wish; a repeat with the same one answers with the pipeline that it made.

    Raises:
        InputError: the steps cannot work (unknown workflow, wrong kind of upload, none or too many).
        ConflictError: the name is taken.
    """
    answer: dict[str, Any] = await db.call(
        "create_pipeline",
        client=client,
        name=name,
        upload_kind=upload_kind,
        steps=steps,
        actor=actor,
        request=request or uuid4(),
    )
    return answer


async def find_pipeline(db: Database, client: str, name: str) -> dict[str, Any]:
    """The client's pipeline, or the template, of this name: `{"uid", "name", "upload_kind", "version"}`.

    Raises:
        NotFoundError: there is none; the hint lists those there are.
    """
    answer: dict[str, Any] = await db.read("find_pipeline", client=client, name=name)
    return answer


async def ensure_templates(db: Database, *, actor: str = "system") -> None:
    """Make the shared templates that are not there yet; ones that were changed are left alone."""
    for name, (kind, steps) in TEMPLATES.items():
        try:
            await create_pipeline(db, None, name, kind, steps, actor=actor)
        except ConflictError:
            continue
