"""Head counts, years and amounts of money in company records, also where they come in words or in objects."""

from __future__ import annotations

from typing import Any

from app.extraction.keys import Names
from app.extraction.payloads import first
from app.extraction.reading import decoded, read_int, read_text
from app.extraction.records import record_of
from app.extraction.reports import Report, careful
from app.text.values import count, year

__all__ = ["head_count", "read_amount", "read_year"]

LONGEST_COUNT = 60
_YEARS = range(1500, 2100)
"""Numbers that `year` takes for one."""

_AMOUNTS = Names(("printed", "formatted", "text", "amount", "value", "valueusd", "usd", "estimate", "raw"))
_BOUNDS = Names(("min", "max"))
_UNITS = Names(("currency", "currencycode", "unit"))


@careful(None, "employee_count")
def head_count(value: Any, report: Report) -> int | None:
    """A whole number, also out of a few words: `about 250 people`, `1.200 Mitarbeiter`."""
    tried = Report()
    number = read_int(value, "employee_count", tried)
    if number is None and value.__class__ is str and len(value) <= LONGEST_COUNT:
        number = count(value)
    if number is None:
        report.lines = {**tried.lines, **report.lines}
    return number


@careful(None)
def read_amount(value: Any, field: str, report: Report) -> str | None:
    """An amount as text; of an object its amount, or both ends of its range, with the currency."""
    value = decoded(value)
    if not isinstance(value, dict):
        return read_text(value, field, report)
    parts = record_of(value)
    bounds = [read_text(bound, field, report) for bound in parts.under(_BOUNDS) if bound]
    said = first(parts, _AMOUNTS)
    amount = "-".join(bound for bound in bounds if bound) or read_text(said, field, report)
    if amount is None:
        return read_text(value, field, report)
    unit = first(parts, _UNITS)
    return f"{amount} {unit}" if isinstance(unit, str) and unit.strip() else amount


@careful(None)
def read_year(value: Any, field: str, report: Report) -> int | None:
    """A year: `2011`, `"Founded in 2011"`, `{"year": 2011, "month": 3}`; what is none is reported."""
    if value is None:
        return None
    if value.__class__ is int and value in _YEARS:
        return int(value)
    if isinstance(value, dict):
        value = value.get("year") or value
    text = read_text(value, field, report)
    if text is None:
        return None
    found = year(text)
    if found is None:
        report.doubt(field, value, "not a year")
    return found
