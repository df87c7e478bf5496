"""Clients: the start of the data's way, before any file is uploaded."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from app.db import Database

__all__ = ["archive_client", "create_client", "find_client", "rename_client"]


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


async def rename_client(db: Database, client: str, name: str, *, actor: str, request: UUID) -> None:
    """Give a client another name; its slug stays.

    Raises:
        InputError: the name is empty or longer than 200 characters.
        ConflictError: another client has this name.
        NotFoundError: there is no such client.
    """
    await db.call("rename_client", client=client, name=name, actor=actor, request=request)


async def archive_client(db: Database, client: str, *, archived: bool, actor: str, request: UUID) -> None:
    """Put a client out of the way, or bring it back; nothing of it is deleted.

    Raises:
        ConflictError: something of it is still running.
        NotFoundError: there is no such client.
    """
    await db.call("archive_client", client=client, archived=archived, actor=actor, request=request)
