"""Saved views of the leads and people pages: a name for filters and columns."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.db import Database

__all__ = ["delete_view", "save_view"]


async def save_view(
    db: Database, client: str | None, page: str, name: str, query: dict[str, Any], *, actor: str, request: UUID
) -> None:
    """Save what a page's address holds under a name; the same name again replaces it.

    Args:
        db: the database.
        client: whose page it is; None: the page of all clients.
        page: `leads` or `people`.
        name: what the view is called.
        query: names of the address's parameters, each with its values.
        actor: who saves, for the audit log.
        request: names this one wish; a repeat changes nothing.

    Raises:
        InputError: the name is empty or too long.
        NotFoundError: there is no such client.
    """
    await db.call("save_view", client=client, page=page, name=name, query=query, actor=actor, request=request)


async def delete_view(db: Database, view: str, *, actor: str, request: UUID) -> None:
    """Forget a view; what it showed stays.

    Raises:
        NotFoundError: there is no such view.
    """
    await db.call("delete_view", view=view, actor=actor, request=request)
