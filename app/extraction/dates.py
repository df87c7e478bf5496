"""Dates of work histories, as precise as they were given: a year, a month of a year, or a day.

Profiles say "2021", "2021-03", "03-2021", "Mar 2021", "déc. 2018" or `{"year": 2021, "month": 3}`. Nothing is made up:
no January and no first of the month appears that was not there, and what can be read in two ways ("03/04/2021") keeps
only what both ways agree on. The words are in `_date_words`, the ways to write a date in `_date_shapes`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from app.extraction._date_shapes import PartialDate, Reading, checked, from_number, from_text
from app.extraction._date_words import NOT_STATED, month_number, says_present

__all__ = ["PartialDate", "is_present", "is_stated", "read_date", "split_range"]

LONGEST = 100
LONGEST_RANGE = 200
MOST_DASHES = 6
DAYS = 31

_RANGE = re.compile(
    r" (?:-|to|until|till|through|bis|à|au|jusqu'à|a|al|hasta|até|tot|do|til|\u043f\u043e|\u0434\u043e) "
    r"| ?[\u2012\u2013\u2014\u2192~\uff5e\u301c] ?|-|(?<=\d)[至到]"
)
_BEHIND = re.compile(r"[\u00b7\u2022|;(\[]")
_WRAPPED = ("date", "value", "label", "text", "name", "iso", "$date", "raw", "formatted", "start", "end")


_ZEROS = re.compile(r"[0\-/.:TZ ]+")


def is_present(value: Any) -> bool:
    """Whether an end date says "still going on" in words, in any of LinkedIn's languages; `Present (2 yrs)` does."""
    if value.__class__ is not str or len(value) > LONGEST or value[:1].isdigit():
        return False
    words = _BEHIND.split(value.strip(), maxsplit=1)[0] or value.strip(" ()[]")
    return says_present(words.strip(" -\u2013\u2014"))


def is_stated(value: Any) -> bool:
    """Whether a field for a date says anything at all; "unknown" does, an empty text, 0 and "null" do not."""
    if value is None:
        return False
    if value.__class__ is str:
        if "1" <= value[:1] <= "9":
            return True
        text = value.strip()
        return text.lower() not in NOT_STATED and not _ZEROS.fullmatch(text)
    if isinstance(value, dict):
        return any(is_stated(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_stated(part) for part in value)
    return value not in (None, 0, False)


def read_date(value: Any) -> Reading:
    """Read one date of any shape.

    Args:
        value: text, a year as a number, `201812`, a spreadsheet's day number, epoch seconds or milliseconds,
            `{"year": …, "month": …, "day": …}`, `{"label": "Dec 2018"}`, or a list with one of these.

    Returns:
        The date and None; or the part that is certain and a sentence about the rest; or None and why nothing could be
        read. Nothing given is `(None, None)`.
    """
    kind = value.__class__
    if value is None or value == "":
        return None, None
    if kind is str:
        return _from_text(value) if len(value) <= LONGEST else (None, "too long for a date")
    if kind is int or (kind is float and value == value // 1):
        return from_number(int(value))
    if isinstance(value, dict):
        return _from_parts(value)
    if isinstance(value, list) and len(value) == 1:
        return read_date(value[0])
    return None, "not a date"


@lru_cache(maxsize=16_384)
def _from_text(value: str) -> Reading:
    return from_text(value) if is_stated(value) else (None, None)


def split_range(value: Any) -> tuple[Any, Any]:
    """Cut "Mar 2019 - Present · 2 yrs" into start and end; what is no range is `(value, None)`."""
    if value.__class__ is not str or len(value) > LONGEST_RANGE:
        return value, None
    text = " ".join(_BEHIND.split(value.strip(), maxsplit=1)[0].split())
    for cut, _ in zip(_RANGE.finditer(text), range(MOST_DASHES), strict=False):
        begin, end = text[: cut.start()].strip(), text[cut.end() :].strip()
        if _is_date(begin) and (is_present(end) or _is_date(end)):
            return begin, end
    return value, None


def _is_date(text: str) -> bool:
    """Whether a side of a range names a year of its own; a day number or a lone month does not make a range."""
    return bool(re.search(r"\d{4}|[^\W\d]['\u2019 -]?\d\d$", text)) and read_date(text)[0] is not None


def _from_parts(parts: dict[Any, Any]) -> Reading:
    named = {str(name).lower(): value for name, value in parts.items()}
    if not any(named.get(name) for name in ("year", "month", "day")):
        inner = next((named[name] for name in _WRAPPED if is_stated(named.get(name))), None)
        return read_date(inner) if inner is not None else (None, "not a date" if is_stated(parts) else None)
    year, month, day = (_part(named.get(name)) for name in ("year", "month", "day"))
    if year is None:
        return None, "not a date" if is_stated(parts) else None
    return checked(year, month, day)


def _part(value: Any) -> int | None:
    """A year, month or day out of an object: a number, its text, or a month's name."""
    if value.__class__ is float and value == value // 1:
        value = int(value)
    text = str(value).strip() if value.__class__ in (int, str) else ""
    if text.isascii() and text.isdigit() and len(text) <= len("2021"):
        return int(text)
    return month_number(text) if text and len(text) <= DAYS else None
