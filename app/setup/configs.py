"""What a client sets up for each workflow, saved after a page or the console checked it against its model."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from app.db import Database

__all__ = ["refuse_retired_tokens", "save_workflow_config", "stored_config", "webhook_owners"]


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


async def stored_config(db: Database, client: str, workflow: str, label: str) -> dict[str, Any] | None:
    """The config as it is stored, secrets included, so that a form need not show them to keep them; None: none yet."""
    config: dict[str, Any] | None = await db.read("config_with_secrets", client=client, workflow=workflow, label=label)
    return config


async def refuse_retired_tokens(db: Database, client: str, *, actor: str) -> int:
    """Accept no receiver token of the client any more that was replaced: one of them got out; how many those were."""
    done = await db.call("refuse_retired_tokens", client=client, actor=actor)
    return int(done["refused"])
