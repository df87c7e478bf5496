"""What the database refuses for the data in it: which row was it?

Workers hand rows over in bulk; one cell that PostgreSQL cannot store would fail all of them. A part that is refused is
halved until the row is alone, so that it fails alone, with the database's words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from app.errors import DatabaseError

__all__ = ["REFUSED", "by_halves", "in_words", "is_rows_fault", "storable_text"]

REFUSED = "database_refused"
"""The error code of a row that the database did not take."""

_DATA_CLASSES = ("22", "23", "54")  # data exception, integrity constraint violation, program limit exceeded
_TOO_LARGE = 413
_LONGEST_TEXT = 2_000

Row = TypeVar("Row")


def is_rows_fault(error: DatabaseError) -> bool:
    """Whether a call was refused for what is in it: the same call would be refused again, a part of it perhaps not."""
    return error.status == _TOO_LARGE or (error.code or "")[:2] in _DATA_CLASSES


async def by_halves(
    rows: Sequence[Row], hand_over: Callable[[Sequence[Row]], Awaitable[Any]]
) -> list[tuple[Row, DatabaseError]]:
    """Hand rows over, in halves where a part is refused for what is in it.

    Args:
        rows: in one call, where nothing is refused.
        hand_over: makes the call; all or nothing.

    Returns:
        The rows that were refused alone, each with the database's error.

    Raises:
        DatabaseError: a call failed for another reason. Rows handed over before stay so; repeating is safe where
            `hand_over` is.
    """
    if not rows:
        return []
    try:
        await hand_over(rows)
    except DatabaseError as error:
        if not is_rows_fault(error):
            raise
        if len(rows) == 1:
            return [(rows[0], error)]
        middle = len(rows) // 2
        return await by_halves(rows[:middle], hand_over) + await by_halves(rows[middle:], hand_over)
    return []


def in_words(error: DatabaseError) -> str:
    """Why a row failed that the database refused, for whoever looks at the row."""
    said = f"SQLSTATE {error.code}" if error.code else f"HTTP {error.status}"
    return storable_text(f"The database rejected this row: {error.words} ({said})")


def storable_text(text: str) -> str:
    """A text that PostgreSQL takes: no NUL, no half of a surrogate pair, and not endless."""
    return text[:_LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
