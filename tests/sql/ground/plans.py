"""Plans of whatever the database runs, as the server itself explains them: auto_explain, for one test's database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import orjson

__all__ = ["Reading", "explain_everything", "readings"]

SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_triggers": "off",
    "auto_explain.log_format": "json",
}
ENTRY = re.compile(rb"duration: [\d.]+ ms  plan:\n((?:\t.*\n?)+)")


@dataclass(frozen=True)
class Reading:
    """How one node of a plan reads a table.

    Attributes:
        table: its name.
        node: how, as `explain` calls it.
        rows: rows that it looked at, those it threw away included, over all its loops.
        query: the statement.
    """

    table: str
    node: str
    rows: float
    query: str


async def explain_everything(pg: asyncpg.Connection) -> None:
    """Have every statement in this database explained from now on, in connections that are made from now on.

    Connections that are there are ended; the pool behind the API makes new ones.
    """
    name = await pg.fetchval("select current_database()")
    for setting, value in SETTINGS.items():
        await pg.execute(f"alter database {name} set {setting} = '{value}'")
    await pg.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()", name
    )


def readings(log: Path, offset: int) -> Iterator[Reading]:
    """How the statements that were explained in a server's log, from `offset` on, read their tables."""
    with log.open("rb") as file:
        file.seek(offset)
        text = file.read()
    for found in ENTRY.finditer(text):
        plan = orjson.loads(found[1].replace(b"\n\t", b"\n"))
        yield from _of(plan["Plan"], plan["Query Text"])


def _of(node: dict[str, Any], query: str) -> Iterator[Reading]:
    if "Relation Name" in node and "Scan" in node["Node Type"]:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        rows = (node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 1)
        yield Reading(node["Relation Name"], node["Node Type"], rows, query)
    for child in node.get("Plans", ()):
        yield from _of(child, query)
