"""Numbers as people type them, in forms and on the command line: `1250`, `1,250`, `1,250.50`, and nothing doubtful.

Kept apart, because they answer other questions: `read_digits` reads what programs write, in addresses and headers,
where a thousands sign is an error; `app/extraction/reading.read_int` and `app/text/values.count` read what vendors and
exports write, where a guess that is reported is better than nothing ("1.2k", "51-200 employees").

A comma that groups no thousands is refused, never dropped: `12,50` is twelve and a half to half of the world, and read
as 1,250 it would spend a hundred times the budget.

`plural` goes the other way: a count as pages, messages and the console write it.
"""

from __future__ import annotations

import re
from decimal import Decimal

from app.errors import InputError

__all__ = ["plural", "read_amount", "read_digits", "read_number", "read_whole"]

LONGEST = 40
SPACES = "\u00a0\u2009\u202f"
"""Blanks that spreadsheets and browsers put between thousands: no-break, thin and narrow no-break space."""
PLAIN = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)", re.ASCII)
GROUPED = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|-?[1-9]\d{0,2}(?: \d{3})+(?:\.\d+)?", re.ASCII)


def read_number(text: str) -> Decimal | None:
    """The number that a text is, plain or with its thousands grouped by commas or blanks; None for anything else."""
    given = text.strip().translate(dict.fromkeys(map(ord, SPACES), " "))
    if len(given) > LONGEST:
        return None
    if PLAIN.fullmatch(given):
        return Decimal(given)
    return Decimal(given.replace(",", "").replace(" ", "")) if GROUPED.fullmatch(given) else None


def read_whole(text: str, label: str, *, least: int = 0, most: int = 2_000_000_000) -> int:
    """A whole number within bounds.

    Raises:
        InputError: it is none, or out of range; `label` names it.
    """
    value = read_number(text)
    if value is None or value != value.to_integral_value():
        raise InputError(f"{label} must be a whole number.", _typed(text, "1250 or 1,250"))
    if not least <= value <= most:
        raise InputError(f"{label} must be between {least:,} and {most:,}.")
    return int(value)


def read_amount(text: str, label: str, *, most: int = 1_000_000_000) -> Decimal:
    """A number from 0 on, with or without a fraction.

    Raises:
        InputError: it is none, or out of range; `label` names it.
    """
    value = read_number(text)
    if value is None:
        raise InputError(f"{label} must be a number.", _typed(text, "12.5, 1250 or 1,250.50"))
    if value < 0:
        raise InputError(f"{label} must be 0 or more.")
    if value > most:
        raise InputError(f"{label} must be {most:,} or less.")
    return value


def read_digits(text: str | None, *, most: int) -> int | None:
    """A whole number from 0 to `most` as programs write it, in ASCII digits alone; None for any other text."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > len(str(most)):
        return None
    value = int(text)
    return value if value <= most else None


def _typed(text: str, examples: str) -> str:
    return f"You typed “{text[:LONGEST]}”. Write it like {examples}: a point before the fraction, commas for thousands."


def plural(n: int | None, one: str, many: str | None = None) -> str:
    """A count as people write it: 1 row, 2 rows, 1,234 rows, 3 batches."""
    count = int(n or 0)
    return f"{count:,} {one if count == 1 else many or one + 's'}"
