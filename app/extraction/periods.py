"""When a position began and ended, and whether it still lasts: the dates and flags of one entry, weighed.

An end that is stated but cannot be read is an end all the same. "Still there" needs a word that says so, a true flag,
or no end at all; what contradicts itself is read by its dates and said to be doubtful.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from app.extraction.dates import (
    PartialDate,
    day_first,
    in_order,
    is_present,
    is_stated,
    only_end,
    read_date,
    says_since,
    split_range,
    within_words,
)
from app.extraction.keys import Names, fields_of, keys
from app.extraction.payloads import first
from app.extraction.reading import decoded, read_bool
from app.extraction.records import Record, record_of
from app.extraction.reports import Report

__all__ = ["Period", "read_period"]

LONGEST = 200
SHORTEST_RANGE = len("2011-2014")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_EPOCH = "1970-01-01"
_DASHES = ("-", "\u2013", "\u2014")
_FIELDS = {field: keys("position", field) for field in fields_of("position")}
_CURRENT, _PAST, _STATUS = _FIELDS["current"], _FIELDS["past"], _FIELDS["status"]
_YEARS = Names((*_FIELDS["start_year"], *_FIELDS["end_year"]))
_START, _END = _FIELDS["start"], _FIELDS["end"]
_BOUNDS = Names((*_START, *_END))
_ELSEWHERE = Names((*_YEARS, *_FIELDS["period"]))
"""Where dates may stand besides a start and an end."""
_EXACT = re.compile(r"\d{4}(?:-(?:0\d|1[0-2])(?:-\d\d)?)?", re.ASCII)


Period = tuple[PartialDate | None, PartialDate | None, bool | None]
"""A position's start and end, and whether it lasts; None where the payload does not tell."""


def read_period(entry: Record, as_of: str, hint: bool | None, report: Report) -> Period:
    """Read an entry's dates and flags.

    Args:
        entry: the position as it came.
        as_of: ISO date on which the payload came; an end after it lies in the future.
        hint: what the list it was in says: current (True), past (False), nothing (None).
        report: takes what could not be read.
    """
    begin, finish = _stated(entry, _START), _stated(entry, _END)
    alone = present = False
    if entry.shape[_ELSEWHERE] or not _is_exact(begin) or not _is_exact(finish):
        begin, finish, alone = _bounds(entry, begin, finish, report)
        if begin.__class__ is str and finish.__class__ is str and finish[4:5] != "-":
            begin, finish = _in_one_order(begin, finish)
        present = (finish is not None and is_present(finish)) or (alone and says_since(begin))
    start = None if begin is None else _date(begin, "start_date", report)
    end = None if present or finish is None else _date(finish, "end_date", report)
    if end and start and end.year <= start.year and end.latest() < start.earliest():
        report.doubt("end_date", str(end), f"before the start, {start}")
        if str(end) == _EPOCH:
            report.doubt("is_current", str(end), "a database's zero, which may be no end at all")
            return start, None, None
    ended = end is None and not present and is_stated(finish)
    is_current = _is_current(
        entry, start, end, ended=ended, open_end=not alone, said=present or hint, as_of=as_of, report=report
    )
    return start, end, is_current


def _in_one_order(begin: str, finish: str) -> tuple[str, str]:
    """Both dates with the order of day and month that one of them shows."""
    order = day_first(begin)
    order = day_first(finish) if order is None else order
    if order is None:
        return begin, finish
    return in_order(begin, days_first=order), in_order(finish, days_first=order)


def _is_exact(value: Any) -> bool:
    """Whether a stated date is nothing but one, as most tools print it: `2021-03-01`, `2021-03`, `2021`; or none."""
    return value is None or (value.__class__ is str and len(value) <= len("2021-03-01") and _is_iso(value))


@lru_cache(maxsize=4_096)
def _is_iso(text: str) -> bool:
    return _EXACT.fullmatch(text) is not None


def _bounds(entry: Record, begin: Any, finish: Any, report: Report) -> tuple[Any, Any, bool]:
    """Start and end as they stand in the entry: fields of their own, year and month apart, or one range.

    The flag says that there is but one date where a range would be: "2016" may be all of it.
    """
    if entry.shape[_YEARS]:
        begin, finish = _year_and_month(entry, "start") or begin, _year_and_month(entry, "end") or finish
    if finish is None and begin is not None:
        begin, finish = split_range(begin)
    elif finish is not None:
        begin, finish = _both_in_one(begin, finish)
    if finish is not None or not entry.shape[_FIELDS["period"]]:
        return begin, finish, False
    first, last, alone = _range(entry, report if begin is None else Report())
    if begin is not None:
        return begin, last, False
    alone = alone and last is None and first.__class__ is str and not first.rstrip().endswith(_DASHES)
    return first, last, alone


def _both_in_one(begin: Any, finish: Any) -> tuple[Any, Any]:
    """Start and end where one of the two fields, or each of them, holds the whole range."""
    if begin.__class__ is str and len(begin) > SHORTEST_RANGE and read_date(begin)[0] is None:
        first, last = split_range(begin)
        if last is not None:
            stated = is_present(finish) or read_date(finish)[0] is not None
            return first, finish if stated else last
    if finish.__class__ is str and len(finish) > SHORTEST_RANGE and read_date(finish)[0] is None:
        first, last = split_range(finish)
        if last is not None:
            return first if begin is None else begin, last
    return begin, finish


def _stated(entry: Record, names: Names) -> Any:
    """The first value that says anything, a date or not."""
    values = entry.values
    for place in entry.shape[names]:
        said = values[place]
        value = decoded(said) if said.__class__ is str and said[:1] in "{[" else said
        if is_stated(value):
            return value
    return None


def _year_and_month(entry: Record, edge: str) -> Any:
    year = _stated(entry, _FIELDS[f"{edge}_year"])
    if is_present(year):
        return year  # endYear: "Present"
    return {"year": year, "month": _stated(entry, _FIELDS[f"{edge}_month"])} if year is not None else None


def _range(entry: Record, report: Report) -> tuple[Any, Any, bool]:
    """One field for both: "Mar 2019 - Present", or an object with a start and an end in it; whether it is a text."""
    for value in entry.under(_FIELDS["period"]):
        if isinstance(value, dict):
            inner = record_of(value)
            if inner.shape[_BOUNDS]:
                return _stated(inner, _START), _stated(inner, _END), False
        if value.__class__ is list and len(value) == len(("start", "end")) and read_date(value[0])[0] is not None:
            return value[0], value[1], False
        begin, finish = split_range(value)
        if finish is None and (end := only_end(value)):
            return None, end, True
        if finish is not None or (is_stated(begin) and read_date(begin)[0] is not None):
            return begin, finish, True
        if value.__class__ is str and _YEAR.search(value[:LONGEST]):
            report.doubt("start_date", value, "not a date, and not two")
    return None, None, True  # "2 yrs 3 mos" is a length, not a date


def _date(value: Any, field: str, report: Report) -> PartialDate | None:
    try:
        found, why = read_date(value)
        if why:
            report.doubt(field, value, why)
            if found is None:
                found = within_words(value)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it costs this date alone
        report.defect(field, value, error)
        return None
    return found


def _is_current(
    entry: Record,
    start: PartialDate | None,
    end: PartialDate | None,
    *,
    ended: bool,
    open_end: bool,
    said: bool | None,
    as_of: str,
    report: Report,
) -> bool | None:
    """Weigh the flag, the end and what the payload says elsewhere; contradictions are noted."""
    flag = _flag(entry, report)
    if end is not None:
        over = str(end.year) < as_of[:4] or end.earliest() <= as_of
        if flag is not None and flag is over:
            report.doubt("is_current", flag, f"contradicts the end, {end}")
        return False if over else flag is not False
    if flag is False and said:
        report.doubt("is_current", flag, "contradicts what is said of the end")
    stated = False if ended else flag if flag is not None else said
    if stated is not None or start is None:
        return stated
    if not open_end:
        report.doubt("is_current", None, "not said; there is one date only, and it may be the whole time")
        return None
    if _uncertain(entry):
        report.doubt("is_current", None, "not said, and a flag of the entry speaks against it")
        return None
    report.doubt("is_current", None, "not said; without an end it is taken as current")
    return True


def _flag(entry: Record, report: Report) -> bool | None:
    """What the entry's own flags say; one that says "left" when true counts only then."""
    flag = read_bool(first(entry, _CURRENT), "is_current", report) if entry.shape[_CURRENT] else None
    if flag is None and any(read_bool(past, "past", Report()) for past in entry.under(_PAST)):
        return False
    return _status(entry) if flag is None else flag


def _status(entry: Record) -> bool | None:
    """What a word such as "former" says; fields of this name say much else."""
    return read_bool(first(entry, _STATUS), "status", Report()) if entry.shape[_STATUS] else None


def _uncertain(entry: Record) -> bool:
    against = (("uncertain_if_true", True), ("uncertain_if_false", False))
    return any(
        read_bool(said, field, Report()) is value for field, value in against for said in entry.under(_FIELDS[field])
    )
