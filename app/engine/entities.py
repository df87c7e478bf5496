"""Tells the database which entity (company, person) each row of a paid step is about.

Rows enter such a step unplaced. The engine makes their keys by the workflow's own rules, out of exactly the fields that
would be sent, and the database places them: rows that share a key share one paid call (`placing.sql`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from app.db import Database
from app.workflows import AnyWorkflow, registry

__all__ = ["place_rows"]

log = logging.getLogger(__name__)

MOST_ROWS = 1_000


async def place_rows(
    db: Database, *, limit: int = MOST_ROWS, workflows: Mapping[str, AnyWorkflow] | None = None
) -> int:
    """Place rows that wait for it, at most `limit`; twice at once, or twice in turn, places each once.

    Args:
        db: the database.
        limit: rows of a call; their fields are a few megabytes at most.
        workflows: by slug; the registry's when absent. Rows of any other have no keys.

    Returns:
        How many rows were placed; 0 when none waits.
    """
    steps = await db.read("unplaced_rows", limit=limit)
    if not steps:
        return 0
    rows = await asyncio.to_thread(_keyed, steps, registry() if workflows is None else workflows)
    return int((await db.call("place_rows", rows=rows))["placed"])


def _keyed(steps: list[dict[str, Any]], workflows: Mapping[str, AnyWorkflow]) -> list[dict[str, Any]]:
    rows = []
    for step in steps:
        workflow = workflows.get(step["workflow"])
        for item in step["items"]:
            try:
                keys = workflow.keys_of(item["fields"], item["original"], step["mapping"]) if workflow else []
            except Exception:
                log.exception("%s could not make the keys of a row; it shares no result.", step["workflow"])
                keys = []
            rows.append({"state_id": item["state_id"], "keys": keys})
    return rows
