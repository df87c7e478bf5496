"""Pipelines: ordered steps that a client's batches follow, and the templates to start from."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from app.db import Database
from app.errors import ConflictError

__all__ = [
    "TEMPLATES",
    "archive_pipeline",
    "create_pipeline",
    "duplicate_pipeline",
    "ensure_templates",
    "find_pipeline",
    "save_pipeline",
]

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


async def save_pipeline(
    db: Database,
    pipeline: str,
    steps: list[dict[str, Any]],
    *,
    name: str,
    expected_version: int | None,
    actor: str,
    request: UUID,
) -> int:
    """Save a pipeline's steps as its next version; the number of that version.

    Batches under way keep the version that they were launched with.

    Raises:
        ConflictError: it is not at `expected_version` any more, or the name is taken.
        InputError: the steps cannot work.
        NotFoundError: there is no such pipeline.
    """
    saved = await db.call(
        "save_pipeline",
        pipeline=pipeline,
        expected_version=expected_version,
        steps=steps,
        name=name,
        actor=actor,
        request=request,
    )
    return int(saved["version"])


async def duplicate_pipeline(
    db: Database, pipeline: str, client: str | None, *, actor: str, request: UUID
) -> dict[str, Any]:
    """Copy a pipeline for a client (None: as a template): `{"uid", "name"}` of the copy.

    Raises:
        NotFoundError: there is no such pipeline or client.
    """
    made: dict[str, Any] = await db.call(
        "duplicate_pipeline", pipeline=pipeline, client=client, actor=actor, request=request
    )
    return made


async def archive_pipeline(db: Database, pipeline: str, *, archived: bool, actor: str, request: UUID) -> dict[str, Any]:
    """Take a pipeline out of the launch dialog, or bring it back: `{"name", "client"}`, the client's uid or None.

    Raises:
        ConflictError: another one took its name meanwhile.
        NotFoundError: there is no such pipeline.
    """
    done: dict[str, Any] = await db.call(
        "archive_pipeline", pipeline=pipeline, archived=archived, actor=actor, request=request
    )
    return done


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
