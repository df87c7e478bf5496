"""Work histories as little charts: where on a line of years each position lies.

Widths are numbers for SVG attributes, because the pages allow no inline style. A position without a start has no bar;
one without an end runs to today only if it is known to go on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

__all__ = ["with_bars"]

WIDTH = 1000.0
LEAST = 12.0


def _point(text: str | None, *, end: bool) -> float | None:
    """A partial date as a number of years; an end is the end of what it names."""
    if not text:
        return None
    parts = [int(part) for part in text.split("-")]
    year, month = parts[0], parts[1] if len(parts) > 1 else (12 if end else 1)
    return year + (month - (0 if end else 1)) / 12


def with_bars(person: dict[str, Any]) -> dict[str, Any]:
    """The person, each position with `x` and `width` on a line from the first start to today (None: not drawn)."""
    now = datetime.now(UTC)
    today = now.year + now.month / 12
    spans: list[tuple[float, float] | None] = []
    for position in person["positions"]:
        start, end = _point(position["start"], end=False), _point(position["end"], end=True)
        if start is not None and end is None and position["is_current"]:
            end = today
        spans.append((start, end) if start is not None and end is not None and end >= start else None)
    drawn = [span for span in spans if span]
    first = min((start for start, _ in drawn), default=today)
    scale = WIDTH / max(today - first, 1)
    positions = []
    for position, span in zip(person["positions"], spans, strict=True):
        bar = None
        if span:
            width = max((span[1] - span[0]) * scale, LEAST)
            bar = {"x": round(min((span[0] - first) * scale, WIDTH - width), 1), "width": round(width, 1)}
        positions.append({**position, "bar": bar})
    return {**person, "positions": positions, "first_year": int(first), "hits": sum(1 for p in positions if p["hit"])}
