"""How console commands speak: people read standard error's tables and bars, programs read standard output's JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

__all__ = ["console", "print_json", "table"]

console = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A plain table: the first column reads left to right, numbers are set right."""
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for n, column in enumerate(columns):
        grid.add_column(column, justify="left" if n == 0 or not _numeric(rows, n) else "right")
    for row in rows:
        grid.add_row(*row)
    return grid


def _numeric(rows: Sequence[Sequence[str]], n: int) -> bool:
    return all(row[n].replace(",", "").replace(".", "").isdigit() for row in rows)
