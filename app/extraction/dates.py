"""Dates of work histories, as precise as they were given: a year, a month of a year, or a day.

Profiles say "2021", "2021-03", "03-2021" or "Mar 2021". Nothing is made up: no January and no first of the month
appears that was not there, and what can be read in two ways ("03/04/2021") keeps only what both ways agree on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["PartialDate", "is_present", "read_date", "split_range"]

EARLIEST, LATEST = 1900, 2100
EPOCH_SECONDS = 10**8
EPOCH_MILLIS = 10**11

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari januar janvier enero gennaio",
            "feb february februari februar fevrier février febrero febbraio",
            "mar march maart märz mars marzo mrt",
            "apr april avril abril aprile",
            "may mai mei mayo maggio",
            "jun june juni juin junio giugno",
            "jul july juli juillet julio luglio",
            "aug august augustus août aout agosto",
            "sep sept september septembre septiembre settembre",
            "oct october oktober octobre octubre ottobre okt",
            "nov november novembre noviembre",
            "dec december dezember décembre decembre diciembre dicembre dez",
        ),
        start=1,
    )
    for name in names.split()
}
PRESENT = frozenset(
    (
        "present",
        "current",
        "now",
        "today",
        "ongoing",
        "till date",
        "to date",
        "heute",
        "heden",
        "presente",
        "actualidad",
    )
)

_RANGE = re.compile(r"\s+(?:-|to|until|bis)\s+|\s*[\u2013\u2014]\s*")


class PartialDate(NamedTuple):
    """A date of which the day, or the month as well, may be unknown."""

    year: int
    month: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        """`2021`, `2021-03` or `2021-03-05`; `read_date` reads it back to the same value."""
        if self.month is None:
            return f"{self.year:04}"
        if self.day is None:
            return f"{self.year:04}-{self.month:02}"
        return f"{self.year:04}-{self.month:02}-{self.day:02}"

    @property
    def precision(self) -> str:
        """`year`, `month` or `day`."""
        return "year" if self.month is None else "month" if self.day is None else "day"

    def earliest(self) -> str:
        """The first day it can mean, ISO: what a database column of type `date` holds beside the precision."""
        return f"{self.year:04}-{self.month or 1:02}-{self.day or 1:02}"

    def latest(self) -> str:
        """An ISO text that no day it can mean exceeds; compares with other ISO dates."""
        return f"{self.year:04}-{self.month or 12:02}-{self.day or 31:02}"


Reading = tuple[PartialDate | None, str | None]
"""What was understood, and what is doubtful about it (None: nothing)."""


def is_present(value: Any) -> bool:
    """Whether an end date says "still going on" in words."""
    return value.__class__ is str and value.strip().lower() in PRESENT


def read_date(value: Any) -> Reading:
    """Read one date of any shape.

    Args:
        value: text, a year as a number, epoch seconds or milliseconds, or `{"year": …, "month": …, "day": …}`.

    Returns:
        The date and None; or the part that is certain and a sentence about the rest; or None and why nothing could be
        read. Nothing given is `(None, None)`.
    """
    kind = value.__class__
    if value is None or value == "":
        return None, None
    if kind is str:
        return _from_text(value) if len(value) < 64 else (None, "too long for a date")  # noqa: PLR2004 -- no date is
    if kind is int or (kind is float and value == value // 1):
        return _from_number(int(value))
    if isinstance(value, dict):
        return _from_parts(value)
    return None, "not a date"


def split_range(value: Any) -> tuple[Any, Any]:
    """Cut "Mar 2019 - Present · 2 yrs" into start and end; what is no range is `(value, None)`."""
    if value.__class__ is not str:
        return value, None
    parts = _RANGE.split(value.split("·")[0].strip(), maxsplit=1)
    return (parts[0].strip(), parts[1].strip()) if len(parts) > 1 else (value, None)


@lru_cache(maxsize=16_384)
def _from_text(value: str) -> Reading:
    text = " ".join(value.split())
    if text.lower() in {"", "null", "none", "n/a", "undefined", "-"}:
        return None, None
    for shape, read in _SHAPES:
        if parts := shape.fullmatch(text):
            return read(*parts.groups())
    return None, "not a date"


def _whole(*parts: str | None) -> list[int | None]:
    return [int(part) if part else None for part in parts]


def _checked(year: int | None, month: int | None = None, day: int | None = None) -> Reading:
    """Keep the leading parts that make sense; zero stands for "not known" in many exports."""
    if not year or not EARLIEST <= year <= LATEST:
        return None, None if year == 0 and not month and not day else "no year between 1900 and 2100"
    if not month:
        return PartialDate(year), None if not day else "a day without a month"
    if month > 12:  # noqa: PLR2004 -- months
        return PartialDate(year), f"there is no month {month}"
    if not day:
        return PartialDate(year, month), None
    try:
        date(year, month, day)
    except ValueError:
        return PartialDate(year, month), f"there is no day {day} in that month"
    return PartialDate(year, month, day), None


def _day_and_month(first: int, second: int, year: int) -> Reading:
    """`31/01/2021` and `01/31/2021` are certain; `03/04/2021` is March or April, depending on the country."""
    if first == second or second > 12 >= first:  # noqa: PLR2004 -- months
        return _checked(year, first, second)
    if first > 12 >= second:  # noqa: PLR2004 -- months
        return _checked(year, second, first)
    certain, _ = _checked(year)
    return certain, "day and month cannot be told apart" if certain else "not a date"


def _named(word: str, year: str, day: str | None) -> Reading:
    month = MONTHS.get(word.lower())
    if month is None:
        return None, "not a date"
    return _checked(int(year), month, int(day) if day else None)


def _from_number(number: int) -> Reading:
    if EARLIEST <= number <= LATEST:
        return PartialDate(number), None
    if number == 0:
        return None, None
    if EPOCH_SECONDS <= number < EPOCH_MILLIS * 100:
        seconds = number / 1000 if number >= EPOCH_MILLIS else number
        moment = datetime.fromtimestamp(seconds, UTC)
        return _checked(moment.year, moment.month, moment.day)
    return None, "not a date"


def _from_parts(parts: dict[Any, Any]) -> Reading:
    numbers: list[int | None] = []
    for name in ("year", "month", "day"):
        value = parts.get(name)
        if value.__class__ is str and value.strip().lower() in MONTHS:
            value = MONTHS[value.strip().lower()]
        text = str(value).strip() if value.__class__ in (int, str) else ""
        numbers.append(int(text) if text.isascii() and text.isdigit() and len(text) < 5 else None)  # noqa: PLR2004
    if numbers[0] is None:
        return None, "not a date" if any(parts.values()) else None
    return _checked(*numbers)


_SHAPES: tuple[tuple[re.Pattern[str], Callable[..., Reading]], ...] = (
    (
        re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2})(?:[T ].*)?)?)?"),
        lambda y, m, d: _checked(*_whole(y, m, d)),
    ),
    (re.compile(r"(\d{1,2})[-/.](\d{4})"), lambda m, y: _checked(*_whole(y, m))),
    (re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})"), lambda a, b, y: _day_and_month(int(a), int(b), int(y))),
    (re.compile(r"([^\W\d_]+)\.?,?[ -](\d{4})"), lambda word, y: _named(word, y, None)),
    (re.compile(r"([^\W\d_]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})"), lambda word, d, y: _named(word, y, d)),
    (re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)? ([^\W\d_]+)\.?,? (\d{4})"), lambda d, word, y: _named(word, y, d)),
    (re.compile(r"(\d+)", re.ASCII), lambda number: _from_number(int(number))),
)
"""The ways to write a date, and how each is read."""
