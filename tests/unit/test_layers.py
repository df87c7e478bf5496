"""What import contracts cannot say: nobody above app/ names a Postgres function."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ABOVE = sorted(path for folder in ("web", "functions") for path in (ROOT / folder).rglob("*.py"))


def called(tree: ast.AST) -> list[str]:
    """Names of Postgres functions that a module calls: `….call("name", …)` and `….read("name", …)`."""
    return [
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("call", "read")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


@pytest.mark.parametrize("path", ABOVE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_operations_are_functions_of_app(path: Path) -> None:
    assert called(ast.parse(path.read_text("utf-8"))) == []


def test_a_call_would_be_seen() -> None:
    assert called(ast.parse('async def f(db):\n    await db.call("rename_client", client=1)')) == ["rename_client"]
