"""What `Database.read` calls changes nothing: PostgREST runs STABLE functions in a read-only transaction, POST or not.

Source: PostgREST's documentation, "Functions as RPC" and "Transactions" (access mode by volatility).
"""

from __future__ import annotations

import ast
from pathlib import Path

import asyncpg

ROOT = Path(__file__).resolve().parents[3]


def read() -> set[str]:
    """Names of the Postgres functions that app/ reads."""
    return {
        node.args[0].value
        for path in (ROOT / "app").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "read"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


async def test_every_function_that_is_read_is_stable(pg: asyncpg.Connection) -> None:
    rows = await pg.fetch("select proname, provolatile from pg_proc where pronamespace = 'public'::regnamespace")
    volatility = {row["proname"]: row["provolatile"] for row in rows}
    names = read()
    assert len(names) > 60
    assert {name: volatility.get(name) for name in names if volatility.get(name) not in (b"s", b"i")} == {}
