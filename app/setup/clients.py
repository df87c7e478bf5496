"""Clients and what is set up for them; the start of the data's way, before any file is uploaded."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from app.db import Database

__all__ = ["create_client", "find_client", "save_workflow_config", "webhook_owners"]


async def create_client(db: Database, name: str, *, actor: str, request: UUID | None = None) -> dict[str, Any]:
    """Make a client, or answer with the one that has this name; a repeat with the same `request` answers as before.

    Returns:
        `{"uid", "slug", "name", "created"}`.

    Raises:
        InputError: the name is empty or longer than 200 characters.
    """
    answer: dict[str, Any] = await db.call("create_client", name=name, actor=actor, request=request or uuid4())
    return answer


async def find_client(db: Database, name: str) -> dict[str, Any]:
    """The client with this name or slug: `{"uid", "name", "slug"}`.

    Raises:
        NotFoundError: there is none; the hint lists those there are.
    """
    answer: dict[str, Any] = await db.read("find_client", name=name)
    return answer


async def save_workflow_config(
    db: Database,
    client: str,
    workflow: str,
    config: dict[str, Any],
    *,
    label: str = "",
    version: int | None = None,
    share_webhook: bool = False,
    actor: str,
    request: UUID | None = None,
) -> dict[str, Any]:
    """Save a client's config of a workflow; takes effect for everything not yet sent.

    Args:
        db: the database.
        client: the client's uid.
        workflow: slug.
        config: checked against the workflow's Config model by the caller.
        label: names one of several configs of the same workflow.
        version: the version that was edited; None overwrites whatever is there.
        share_webhook: whether it is meant that another client uses the same webhook URL.
        actor: who saves, for the audit log.
        request: names this one save; a repeat answers as before.

    Raises:
        ConflictError: somebody else saved meanwhile, or another client uses this webhook URL (`webhook_owners`).
        NotFoundError: no such client or workflow.
    """
    answer: dict[str, Any] = await db.call(
        "save_workflow_config",
        client=client,
        workflow=workflow,
        label=label,
        config=config,
        version=version,
        share_webhook=share_webhook,
        actor=actor,
        request=request or uuid4(),
    )
    return answer


async def webhook_owners(db: Database, client: str, config: dict[str, Any]) -> list[str]:
    """Names of the other clients whose configs use this config's webhook URL; compared by hash, never shown."""
    names: list[str] = await db.read("webhook_owners", client=client, config=config)
    return names
