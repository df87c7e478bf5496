"""Word lists written as prose: the smallest thing that keeps the lists of this package readable."""

from __future__ import annotations

__all__ = ["listed"]


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())
