"""When a position began and ended, and whether it still lasts: the dates and flags of one entry, weighed.

An end that is stated but cannot be read is an end all the same. "Still there" needs a word that says so, a true flag,
or no end at all; what contradicts itself is read by its dates and said to be doubtful.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from app.extraction.dates import PartialDate, is_present, is_stated, read_date, split_range
from app.extraction.keys import Record, keys, record_of
from app.extraction.payloads import Report, first, read_bool
from app.extraction.reports import careful

__all__ = ["Period", "read_period"]

_BOUNDS = ("start", "end", "start_date", "end_date", "from", "to", "starts_at", "ends_at")


class Period(NamedTuple):
    """A position's time; `is_current` is None where the payload does not tell."""

    start: PartialDate | None
    end: PartialDate | None
    is_current: bool | None


def read_period(entry: Record, as_of: str, hint: bool | None, report: Report) -> Period:
    """Read an entry's dates and flags.

    Args:
        entry: the position as it came.
        as_of: ISO date on which the payload came; an end after it lies in the future.
        hint: what the list it was in says: current (True), past (False), nothing (None).
        report: takes what could not be read.
    """
    begin, finish = _bounds(entry)
    present = is_present(finish)
    start = _date(begin, "start_date", report)
    end = None if present else _date(finish, "end_date", report)
    if start and end and end.latest() < start.earliest():
        report.doubt("end_date", str(end), f"before the start, {start}")
    ended = end is None and not present and is_stated(finish)
    return Period(
        start, end, _is_current(entry, start, end, ended=ended, said=present or hint, as_of=as_of, report=report)
    )


def _bounds(entry: Record) -> tuple[Any, Any]:
    """Start and end as they stand in the entry: fields of their own, year and month apart, or one range."""
    begin = _year_and_month(entry, "start") or _stated(entry, "start")
    finish = _year_and_month(entry, "end") or _stated(entry, "end")
    if finish is None and begin is not None:
        begin, finish = split_range(begin)
    if finish is None:
        period = _range(entry)
        begin, finish = (period[0] if begin is None else begin), period[1]
    return begin, finish


def _stated(entry: Record, field: str) -> Any:
    names = keys("position", field)
    if names.known.isdisjoint(entry):
        return None
    for name in names:
        if name in entry and is_stated(entry[name]):
            return entry[name]
    return None


def _year_and_month(entry: Record, edge: str) -> dict[str, Any] | None:
    year = _stated(entry, f"{edge}_year")
    return {"year": year, "month": _stated(entry, f"{edge}_month")} if year is not None else None


def _range(entry: Record) -> tuple[Any, Any]:
    """One field for both: "Mar 2019 - Present", or an object with a start and an end in it."""
    names = keys("position", "period")
    for name in names if not names.known.isdisjoint(entry) else ():
        value = entry.get(name)
        if isinstance(value, dict):
            inner = record_of(value)
            if any(key.replace("_", "") in inner for key in _BOUNDS):
                return _stated(inner, "start"), _stated(inner, "end")
        begin, finish = split_range(value)
        if finish is not None or (is_stated(begin) and read_date(begin)[0] is not None):
            return begin, finish
    return None, None  # "2 yrs 3 mos" is a length, not a date


@careful(None)
def _date(value: Any, field: str, report: Report) -> PartialDate | None:
    found, why = read_date(value)
    if why:
        report.doubt(field, value, why)
    return found


def _is_current(
    entry: Record,
    start: PartialDate | None,
    end: PartialDate | None,
    *,
    ended: bool,
    said: bool | None,
    as_of: str,
    report: Report,
) -> bool | None:
    """Weigh the flag, the end and what the payload says elsewhere; contradictions are noted."""
    flag = _flag(entry, report)
    if end is not None:
        over = end.earliest() <= as_of
        if flag is not None and flag is over:
            report.doubt("is_current", flag, f"contradicts the end, {end}")
        return False if over else flag is not False
    stated = False if ended else flag if flag is not None else said
    if stated is not None or start is None:
        return stated
    if _uncertain(entry):
        report.doubt("is_current", None, "not said, and a flag of the entry speaks against it")
        return None
    report.doubt("is_current", None, "not said; without an end it is taken as current")
    return True


def _flag(entry: Record, report: Report) -> bool | None:
    """What the entry's own flags say; one that says "left" when true counts only then."""
    flag = read_bool(first((entry,), keys("position", "current"))[0], "is_current", report)
    past = keys("position", "past")
    if (
        flag is None
        and not past.known.isdisjoint(entry)
        and any(read_bool(entry.get(name), name, Report()) for name in past)
    ):
        return False
    return flag


def _uncertain(entry: Record) -> bool:
    against = (("uncertain_if_true", True), ("uncertain_if_false", False))
    return any(
        read_bool(entry[name], name, Report()) is value
        for field, value in against
        for name in keys("position", field)
        if name in entry
    )
