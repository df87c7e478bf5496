"""Hands a pipeline step that reads raw payloads its evidence, a few megabytes at a time.

A chunk of a thousand rows may stand for gigabytes of payloads; the worker claims the chunk whole and works through it
in portions that fit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from app.db import Database

__all__ = ["portions_with_results"]

PORTION_BYTES = 3_000_000


async def portions_with_results(db: Database, items: list[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
    """Cut a claimed chunk's items into portions; each item's `fields` get `results`, all results as they came.

    Args:
        db: the database.
        items: from `claim_chunk`.
    """
    start = 0
    while start < len(items):
        found = await db.read("item_evidence", items=[item["item"] for item in items[start:]], max_bytes=PORTION_BYTES)
        results = {evidence["uid"]: evidence["results"] for evidence in found}
        portion = items[start : start + max(1, len(found))]
        yield [{**item, "fields": {**item["fields"], "results": results.get(item["item"], [])}} for item in portion]
        start += len(portion)
