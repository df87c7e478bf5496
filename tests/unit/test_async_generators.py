"""No async generator yields inside a time-out or a task group (PEP 789): a slow reader would get it cancelled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CANCELLING = {"timeout", "timeout_at", "TaskGroup", "move_on_after", "fail_after"}


def yields(node: ast.AST) -> Iterator[ast.expr]:
    """Every yield below a node that belongs to the same function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Yield, ast.YieldFrom)):
            yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from yields(child)


def cancels(block: ast.AsyncWith | ast.With) -> bool:
    called = (item.context_expr.func for item in block.items if isinstance(item.context_expr, ast.Call))
    return any(getattr(function, "attr", getattr(function, "id", None)) in CANCELLING for function in called)


def breaches(source: str) -> list[int]:
    """Lines of the yields that a time-out stands around, other than in a context manager."""
    return [
        one.lineno
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.AsyncFunctionDef)
        and not any("contextmanager" in ast.unparse(decorator) for decorator in function.decorator_list)
        for block in ast.walk(function)
        if isinstance(block, (ast.AsyncWith, ast.With)) and cancels(block)
        for one in yields(block)
    ]


def test_a_yield_inside_a_time_out_is_found() -> None:
    bad = "async def lines(events):\n  async with asyncio.timeout(1):\n    yield await events.get()\n"
    assert breaches(bad) == [3]
    good = "async def lines(events):\n  async with asyncio.timeout(1):\n    event = await events.get()\n  yield event\n"
    assert breaches(good) == []


def test_no_generator_of_ours_yields_inside_one() -> None:
    files = [path for part in ("app", "web", "functions", "migrations") for path in (ROOT / part).rglob("*.py")]
    assert len(files) > 100
    found = {str(path.relative_to(ROOT)): breaches(path.read_text(encoding="utf-8")) for path in files}
    assert {path: lines for path, lines in found.items() if lines} == {}
