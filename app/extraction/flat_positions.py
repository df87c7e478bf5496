"""Positions that are no objects of a list: spread over numbered keys of the record, or told in a line of words.

Tables without lists print a history as `experience_1_company`, `company_2`, `previousJobTitle`; some tools as
"Head of Care at Tern Vale (May 2021 - Present)". `entries` asks here where it finds no list.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from app.extraction.keys import keys
from app.extraction.reading import read_text
from app.extraction.records import Record, named, record_of
from app.extraction.reports import Report

__all__ = ["numbered_positions", "position_in_words", "positions_in_lines", "previous_position"]

LONGEST_LINE = 300
LONGEST_TEXT = 20_000
MOST = 50
_NUMBERED = re.compile(
    r"(?:work|professional)?(?:experiences?|positions?|jobs?|employments?|roles?|works?|career|history)(\d{1,2})([a-z]\w{0,40})"
    r"|([a-z]{2,40}?)(\d{1,2})"
)
_PREVIOUS = re.compile(r"(?:linkedin)?(?:previous|past|former|prior)(?:linkedin)?([a-z]\w{0,40})")
_LINE = re.compile(r"(\S[^\n]*?) (?:at|@|bei|chez|presso|bij) (\S[^\n]*)")
_PERIOD = re.compile(
    r"(.*?\S)(?: ?[,(\[|\u00b7\u2013-]+ ?"
    r"| (?:in|from|since|seit|depuis|desde|dal|sinds) "
    r"(?=(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w* )?\d{4}))"
    r"([^,(|\u00b7]*\d{4}[^()\[\]]*)[)\]]?",
    re.IGNORECASE,
)


def numbered_positions(record: Record) -> list[Record]:
    """The positions in `experience_1_title`, `company_2` and the like, by their numbers; two facts make one."""
    found: dict[int, dict[str, Any]] = {}
    for key, value in named(record).items():
        if key[-1:].isdigit() or key[:1] in "wpejrch":
            parts = _NUMBERED.fullmatch(key)
            field = (parts[2] or parts[3]) if parts else None
            if parts and field in _fields() and value.__class__ in (str, int):
                found.setdefault(int(parts[1] or parts[4]), {})[field] = value
    numbered = [record_of(found[number]) for number in sorted(found)[:MOST]]
    return [entry for entry in numbered if _names_a_job(entry)]


def previous_position(record: Record) -> list[Record]:
    """The one before the present, in `previousCompanyName`, `previousJobTitle` and the like."""
    said = {
        parts[1]: value
        for key, value in named(record).items()
        if (parts := _PREVIOUS.fullmatch(key)) and parts[1] in _fields() and value.__class__ in (str, int)
    }
    entry = record_of(said)
    return [entry] if any(entry.under(keys("company", "name"))) else []


def _names_a_job(entry: Record) -> bool:
    """Whether there are a company and something else, or a title and a time."""
    company = any(map(_says, entry.under(keys("company", "name"))))
    title = any(map(_says, entry.under(keys("position", "title"))))
    return (company or title) and sum(1 for value in entry.values if _says(value)) > 1


def _says(value: Any) -> bool:
    return read_text(value, "", Report()) is not None


def position_in_words(line: str) -> dict[str, Any] | None:
    """What a line such as "Head of Care at Tern Vale (May 2021 - Present)" says; None where it is none."""
    parts = _LINE.fullmatch(" ".join(line[:LONGEST_LINE].split()))
    if parts is None:
        return None
    period = _PERIOD.fullmatch(parts[2])
    if period is None:
        return {"title": parts[1], "company_name": parts[2]}
    return {"title": parts[1], "company_name": period[1], "date_range": period[2]}


def positions_in_lines(text: str) -> list[dict[str, Any]]:
    """The positions of a history that is one text, one in each line; empty unless all lines are some."""
    lines = [line.strip(" \t-*\u2022") for line in text[:LONGEST_TEXT].splitlines()]
    told = [position_in_words(line) for line in lines if line]
    found = [position for position in told[:MOST] if position is not None]
    return found if len(found) == len(told) else []


@cache
def _fields() -> frozenset[str]:
    times = ("start", "end", "start_year", "start_month", "end_year", "end_month", "period", "current")
    names = {name for field in (*times, "title", "location") for name in keys("position", field)}
    return frozenset(names.union(*(keys("company", field) for field in ("name", "domain", "linkedin"))))
