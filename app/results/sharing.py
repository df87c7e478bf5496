"""Share links: a client sees its own leads without an account, until the link expires or is revoked."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from app.db import Database

__all__ = ["create_share_link", "open_share_link", "revoke_share_link"]


async def create_share_link(
    db: Database, client: str, *, label: str, filters: dict[str, Any], days: int, actor: str, request: UUID
) -> None:
    """Create link that shows the client's leads within `filters` for so many days.

    Raises:
        InputError: the label is too long.
        NotFoundError: there is no such client.
    """
    await db.call(
        "create_share_link", client=client, label=label, filters=filters, days=days, actor=actor, request=request
    )


async def open_share_link(db: Database, link: str, *, count: bool) -> dict[str, Any]:
    """What a link shows: its client, filters and label. `count`: somebody opened it, which the operator sees.

    Raises:
        NotFoundError: it expired or was revoked, or its client is archived.
    """
    opened: dict[str, Any] = await db.call("open_share_link", link=link, count=count, request=uuid4())
    return opened


async def revoke_share_link(db: Database, link: str, client: str, *, actor: str, request: UUID) -> bool:
    """Close a link at once; whether it was open.

    Raises:
        NotFoundError: the client has no such link.
    """
    done = await db.call("revoke_share_link", link=link, client=client, actor=actor, request=request)
    return bool(done["revoked"])
