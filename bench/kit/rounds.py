"""Measurements in turns: every contestant once a round, so that whatever else the machine does falls on all alike."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Spread", "in_turns", "ratios"]


@dataclass(frozen=True)
class Spread:
    """What several runs came to.

    Attributes:
        median: the middle one.
        least: the smallest.
        most: the largest.
        runs: how many there were.
    """

    median: float
    least: float
    most: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values), len(values))

    def __str__(self) -> str:
        """Median and range, with as many digits as tell something."""
        return f"{_short(self.median)} ({_short(self.least)} - {_short(self.most)})"


def _short(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


async def in_turns(rounds: int, contestants: Mapping[str, Callable[[], Awaitable[float]]]) -> dict[str, list[float]]:
    """Run each contestant once a round; every other round in the opposite order, so that none always comes first.

    Args:
        rounds: how many.
        contestants: by name; each answers with what it measured.

    Returns:
        By name, what was measured in each round, in the rounds' order.
    """
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(rounds):
        for name in order if number % 2 == 0 else reversed(order):
            measured[name].append(await contestants[name]())
    return measured


def ratios(ours: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Ours by the reference's, round by round: the machine's mood at the time is in both."""
    return [a / b for a, b in zip(ours, reference, strict=True)]
