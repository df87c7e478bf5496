"""What every database has before a client comes: the workflows that this code knows, and the shared templates."""

from __future__ import annotations

from app.db import Database
from app.setup.pipelines import ensure_templates
from app.workflows import registry_rows

__all__ = ["sync_catalogue"]


async def sync_catalogue(db: Database) -> None:
    """Tell the database which workflows there are, and make the templates that it lacks. Safe at every start."""
    await db.call("sync_registry", workflows=registry_rows())
    await ensure_templates(db)
