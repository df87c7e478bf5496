"""Geometry of the batch chart and the figures beside it: throughput and time to go.

Everything is computed from the read model's points, so that the same data gives the same page. SVG attributes carry the
geometry, since the Content-Security-Policy allows no inline style.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.states import BatchState
from web.drawing.formats import parse_time

__all__ = ["Bar", "Chart", "chart", "eta_seconds", "rate_per_minute"]

BARS = 72
WIDTH, HEIGHT = 720, 96
LEAST_BAR = 1.5
WIDEST_BAR = 28


@dataclass(frozen=True)
class Bar:
    """One period: where it stands, how high its two parts are, what it says."""

    x: float
    width: float
    ended: float
    failed: float
    label: str


@dataclass(frozen=True)
class Chart:
    """A bar chart of rows that ended per period."""

    bars: list[Bar]
    top: int
    start: datetime
    end: datetime
    period_s: float
    width: int = WIDTH
    height: int = HEIGHT


def _times(points: list[list[Any]]) -> list[tuple[datetime, int, int]]:
    found = [(parse_time(at), int(ended or 0), int(failed or 0)) for at, ended, failed, _ in points]
    return [(at, ended, failed) for at, ended, failed in found if at is not None]


def chart(points: list[list[Any]]) -> Chart | None:
    """The points `[time, ended, failed, steps]` gathered into at most 72 equal periods; None when nothing ended yet."""
    times = _times(points)
    if not any(ended or failed for _, ended, failed in times):
        return None
    start, end = times[0][0], times[-1][0]
    period = max((end - start).total_seconds() / (BARS - 1), 5.0)
    count = int((end - start).total_seconds() // period) + 1
    sums = [[0, 0] for _ in range(count)]
    for at, ended, failed in times:
        slot = min(int((at - start).total_seconds() // period), count - 1)
        sums[slot][0] += max(ended, 0)
        sums[slot][1] += max(failed, 0)
    top = max(sum(both) for both in sums) or 1
    step = WIDTH / count
    wide = min(step * 0.82, WIDEST_BAR)
    bars = []
    for i, (ended, failed) in enumerate(sums):
        if not ended and not failed:
            continue
        at = start + timedelta(seconds=i * period)
        label = f"{at:%Y-%m-%d %H:%M:%S} UTC: {ended:,} completed, {failed:,} failed"
        bars.append(
            Bar(round(i * step + (step - wide) / 2, 1), round(wide, 1), _high(ended, top), _high(failed, top), label)
        )
    return Chart(bars, top, start, end, period)


def _high(n: int, top: int) -> float:
    return max(LEAST_BAR, round(HEIGHT * n / top, 1)) if n else 0.0


def rate_per_minute(batch: dict[str, Any]) -> float | None:
    """Item-steps per minute lately; None when nothing tells."""
    pace = [(rows, seconds) for _, rows, seconds in batch["pace"] if seconds]
    return sum(60 * rows / seconds for rows, seconds in pace) if pace else None


def eta_seconds(batch: dict[str, Any]) -> float | None:
    """Seconds until the slowest step is through at its recent pace; None when nothing can be told.

    Rows that wait for a callback count as work to do: how fast they come back is part of the step's pace. A row that
    failed or was cancelled at a step asks nothing more of that step and of those after it. While a step is held, nobody
    can tell when it ends.
    """
    if batch["state"] != BatchState.RUNNING or any(step.get("holds") for step in batch["steps"]):
        return None
    pace = {step: rows / seconds for step, rows, seconds in batch["pace"] if seconds}
    lost, waits = 0, []
    for step in batch["steps"]:
        counts = step["buckets"]
        lost += counts.get("failed", 0) + counts.get("cancelled", 0)
        left = batch["item_count"] - lost - sum(counts.get(ended, 0) for ended in ("completed", "not_found", "skipped"))
        if left > 0 and pace.get(step["index"]):
            waits.append(left / pace[step["index"]])
    return max(waits, default=None)
