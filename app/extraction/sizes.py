"""The size class of a company, as LinkedIn cuts it: from a statement ("51-200 employees") or a head count."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from app.extraction.figures import head_count
from app.extraction.reading import read_text
from app.extraction.reports import Report, careful

__all__ = ["SIZE_BUCKETS", "is_open_range", "is_range", "size_bucket"]

SIZE_BUCKETS = ("1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10001+")
"""LinkedIn's company sizes, with its two smallest as one."""

LONGEST = 40
LONGEST_PLAIN = 9
"""Digits of a head count that is read as it stands."""

_UPPER = (10, 50, 200, 500, 1_000, 5_000, 10_000)
_RANGE = re.compile(r"(\d[\d,. ]*[kK]?) ?(?:-|\u2013|to) ?(\d[\d,. ]*[kK]?)(?: .*)?")
_OPEN = re.compile(r"(\d[\d,. ]*[kK]?) ?\+(?: .*)?|(?:over|more than|>) ?(\d[\d,. ]*[kK]?)(?: .*)?", re.IGNORECASE)
_ENDS = (("start", "end"), ("min", "max"), ("from", "to"), ("low", "high"), ("lower", "upper"))


@careful(None, "size_bucket")
def size_bucket(value: Any, count: int | None, report: Report) -> str | None:
    """The size class of a statement such as "51-200 employees", "10,001+" or [51, 200], or of a head count."""
    text = read_text(_range_text(value), "size_bucket", report) if value is not None else None
    if text and text.isascii() and text.isdigit() and len(text) <= LONGEST_PLAIN:
        return _bucket_of(int(text))
    if text:
        most = _most_of_a_range(text)
        most = head_count(text.lstrip("<\u2264 "), report) if most is None else most
        if most is not None:
            return _bucket_of(most)
    return _bucket_of(count) if count is not None else None


def is_range(text: str) -> bool:
    """Whether a text is a range of head counts: "51-200 employees"."""
    return _RANGE.fullmatch(text.strip()[:LONGEST]) is not None


def is_open_range(text: str) -> bool:
    """Whether a text is a range without an upper end: "10,001+"."""
    return _OPEN.fullmatch(text.strip()[:LONGEST]) is not None


@lru_cache(maxsize=4_096)
def _most_of_a_range(text: str) -> int | None:
    """How many a range such as "51-200 employees" allows; there are few, and every company has one."""
    match = _RANGE.fullmatch(text) or _OPEN.fullmatch(text)
    if match is None:
        return None
    low, high = _whole(match[1] or match[2]), _whole(match[2]) if match.re is _RANGE else None
    return high if high is not None else low + 1


def _range_text(value: Any) -> Any:
    """Two numbers as one text: `[51, 200]`, `[10001, null]`, `{"start": 51, "end": 200}`."""
    bounds = value
    if isinstance(value, dict):
        ends = next((pair for pair in _ENDS if pair[0] in value), None)
        bounds = [value.get(name) for name in ends] if ends else value
    if bounds.__class__ is list and len(bounds) == 2 and bounds[0].__class__ is int:  # noqa: PLR2004 -- from and to
        return f"{bounds[0]}-{bounds[1]}" if bounds[1].__class__ is int else f"{bounds[0]}+"
    return value


def _whole(text: str) -> int:
    """`1,000`, `1.5k` and `1. 5 k` as a number; the patterns above let digits, commas, points and blanks through."""
    digits = re.sub(r"[,. ](?=\d{3})", "", text).replace(" ", "").rstrip(",.")
    if digits[-1:] in ("k", "K"):
        whole, _, part = digits[:-1].replace(",", ".").partition(".")
        return round(float(f"{whole or 0}.{re.sub(r'[^0-9]', '', part) or 0}") * 1_000)
    return int(re.sub(r"\D", "", digits)[:12] or 0)


def _bucket_of(count: int) -> str:
    for upper, bucket in zip(_UPPER, SIZE_BUCKETS, strict=False):
        if count <= upper:
            return bucket
    return SIZE_BUCKETS[-1]
