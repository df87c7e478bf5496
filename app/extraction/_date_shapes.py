"""The ways to write a date, and how each is read: numbers, words between numbers, quarters, East Asian writing.

`dates` hands texts and numbers in; a reading says what is certain and what is not. Every pattern is anchored and
linear, and texts are short (`dates.LONGEST`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from app.extraction._date_words import folded, is_connector, is_rough, is_season, is_weekday, month_number

__all__ = ["SERIALS", "PartialDate", "Reading", "checked", "from_number", "from_text"]

EARLIEST, LATEST = 1900, 2100
PIVOT = 40
"""Two digits below it are a year of this century: nobody's career in a profile began before 1940."""

MONTHS, DAYS = 12, 31
LONGEST_NUMBER = 14
NOT_YET = 30
"""Two digits from which on a year of this century lies too far ahead for a career."""

EPOCH = range(10**8, 10**13)
EPOCH_MILLIS = 10**11
SERIALS = range(18_264, 73_415)
"""A spreadsheet's day numbers of 1950 to 2100, counted from 30 December 1899 (ECMA-376, 1900 date base system)."""

BUDDHIST = range(2443, 2644)
"""Thailand's years, 543 ahead; between these no other calendar has a career."""


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

NO_DATE: Reading = (None, "not a date")


def checked(year: int | None, month: int | None = None, day: int | None = None) -> Reading:
    """Keep the leading parts that make sense; zero stands for "not known" in many exports."""
    if year is not None and year in BUDDHIST:
        year -= 543
    if not year or not EARLIEST <= year <= LATEST:
        return None, None if year == 0 and not month and not day else "no year between 1900 and 2100"
    if not month:
        return PartialDate(year), None if not day else "a day without a month"
    if month > MONTHS:
        return PartialDate(year), f"there is no month {month}"
    if not day:
        return PartialDate(year, month), None
    try:
        date(year, month, day)
    except (ValueError, OverflowError):
        return PartialDate(year, month), f"there is no day {day} in that month"
    return PartialDate(year, month, day), None


def from_number(number: int) -> Reading:
    """A year, `201812`, `20181231`, a spreadsheet's day number, or epoch seconds or milliseconds."""
    if EARLIEST <= number <= LATEST or number in BUDDHIST or number == 0:
        return checked(number)
    if number in SERIALS:
        day = date(1899, 12, 30) + timedelta(days=number)
        return PartialDate(day.year, day.month, day.day), None
    if number in EPOCH:
        moment = datetime.fromtimestamp(number / 1000 if number >= EPOCH_MILLIS else number, UTC)
        return checked(moment.year, moment.month, moment.day)
    return _run_together(number)


def _run_together(number: int) -> Reading:
    """`201812`, `122018`, `20181231`, `31122018`."""
    front, back = divmod(number, 10_000)
    if number >= 10**7 and EARLIEST <= front <= LATEST:
        return checked(front, *divmod(back, 100))
    if number >= 10**7 // 10 and EARLIEST <= back <= LATEST:
        return _day_and_month(*divmod(front, 100), back)
    year, month = divmod(number, 100)
    if EARLIEST <= year <= LATEST and month <= MONTHS:
        return checked(year, month)
    return checked(back, front) if 1 <= front <= MONTHS and EARLIEST <= back <= LATEST else NO_DATE


def from_text(text: str) -> Reading:
    """Read a date out of a text that holds nothing else."""
    text = " ".join(unicodedata.normalize("NFKC", text).split()).strip(_AROUND)
    if text[-1:] in _QUOTES and text[:1] == text[-1:]:
        text = text.strip(text[-1])
    text = _TIME.sub("", text).strip(" ,") or text
    if text[-1:] == "?":
        found, why = _read(text.rstrip("? "))
        return found, why or "only roughly said"
    return _read(text)


def _read(text: str) -> Reading:
    read = _in_a_shape(text)
    if read is None:
        first, _, rest = text.partition(" ")
        word = folded(first).strip(",")
        joins = bool(rest) and (is_connector(word) or is_weekday(word)) and month_number(word) is None
        read = _in_a_shape(rest) if joins else None  # "von 06/2015", but not "Des 2015"
    return read or _from_words(_ELIDED.sub(" ", text))


def _in_a_shape(text: str) -> Reading | None:
    for shape, read in _SHAPES:
        if parts := shape.fullmatch(text):
            return read(*parts.groups())
    return None


def _whole(*parts: str | None) -> list[int | None]:
    return [int(part) if part else None for part in parts]


def _century(year: str) -> int:
    number = int(year)
    return number if len(year) > 2 else number + (2000 if number < PIVOT else 1900)  # noqa: PLR2004 -- two digits


def _day_and_month(first: int, second: int, year: int) -> Reading:
    """`31/01/2021` and `01/31/2021` are certain; `03/04/2021` is March or April, depending on the country."""
    if first == second or second > MONTHS >= first:
        return checked(year, first, second)
    if first > MONTHS >= second:
        return checked(year, second, first)
    certain, _ = checked(year)
    return certain, "day and month cannot be told apart" if certain else "not a date"


def _short_year(first: str, second: str, year: str) -> Reading:
    """`12/31/18`; where the first number alone can be the year, `18/12/31`."""
    one, two, three = int(first), int(second), int(year)
    if MONTHS < one < NOT_YET <= three <= DAYS and two <= MONTHS:
        return checked(_century(first))[0], "day and year cannot be told apart"
    return _day_and_month(one, two, _century(year))


def _month_and_short_year(month: str, year: str) -> Reading:
    found, why = checked(_century(year), int(month))
    return (found, why or "read as a month and a year") if int(month) <= MONTHS else NO_DATE


def _part_of_year(year: str, what: str) -> Reading:
    found, why = checked(_century(year))
    return found, why or f"only a {what} is said"


def _from_words(text: str) -> Reading:
    """`1er janvier 2019`, `31-Dec-18`, `2020 Mar.`, `Summer 2016`: words and numbers in nearly any order."""
    text = _JOINED.sub(" ", text)
    numbers: list[str] = []
    months: list[int] = []
    why: str | None = None
    short = False
    for token in re.split(r"[\s,/\-_\u2010-\u2015]+", text):
        if digits := _NUMBER.fullmatch(token):
            numbers.append(digits[2])
            short = short or bool(digits[1])
            continue
        word = folded(token).strip("()[]")
        if (month := month_number(word)) is not None:
            months.append(month)
        elif not word or is_connector(word):
            continue
        elif is_rough(word):
            why = "only roughly said"
        elif is_season(word):
            why = "only a season is said"
        elif not is_weekday(word):
            return NO_DATE
    return _put_together(numbers, months, why, short)


def _put_together(numbers: list[str], months: list[int], why: str | None, short: bool) -> Reading:
    if len(months) > 1 or not numbers or len(numbers) > 2 or (not months and len(numbers) != 1):  # noqa: PLR2004
        return NO_DATE if numbers or not months else (None, "a month without a year")
    years = [number for number in numbers if len(number) == len("2021")]
    if not months:
        found, no_year = checked(_century(numbers[0])) if years or short else NO_DATE
        return found, no_year or why
    if len(numbers) == 1:
        return _month_of(months[0], numbers[0], why, sure=bool(years) or short or int(numbers[0]) > DAYS)
    year = years[0] if years else numbers[1]
    day = next(number for number in (*numbers, "") if number is not year)
    if not years and int(day) > DAYS:
        year, day = day, year
    found, doubt = checked(_century(year), months[0], int(day))
    return found, doubt or why


def _month_of(month: int, year: str, why: str | None, *, sure: bool) -> Reading:
    """`Dec 2018`, `Dec '18`; `Dec-18` as spreadsheets print a month, which could be a day as well."""
    if len(year) == 1:
        return None, "no year is said"
    found, doubt = checked(_century(year), None if why else month)
    return found, doubt or why or (None if sure else "read as a month and a year")


_AROUND = " ,;()[]-\u2013\u2014"
_QUOTES = ("'", '"', "`")
_TIME = re.compile(r"(?:(?<=\d)[T ]|, ?| )\d{1,2}:\d{2}\b.*$")
_ELIDED = re.compile(r"\b[dl]['\u2019](?=[^\W\d]{3})|(?<=\d)['\u2019][dt][ae]n\b", re.IGNORECASE)
"""`d'octobre 2020`, `2020'den beri`."""
_NUMBER = re.compile(r"(['\u2019]?)(\d{1,4})(?:st|nd|rd|th|er|ère|e|o|º|ª|\.|:a|:e|日|일)?", re.IGNORECASE)
_JOINED = re.compile(
    r"(?<=\d)\.(?=\D)|(?<=[^\W\d])\.(?=\d)|(?<=\d)(?=(?:de|janv|déc)\b)|(?<=[a-z])(?=['\u2019]\d)|(?<=[^\W\d])(?=\d{4}\b)|(?<=\d)(?=[^\W\d]{3,9}\d{4}\b)"
)

_SHAPES: tuple[tuple[re.Pattern[str], Callable[..., Reading]], ...] = (
    (
        re.compile(r"(\d{4})(?:[-/. ] ?(\d{1,2})(?:[-/.] ?(\d{1,2})(?:[T ].*)?)?)?[-/.]?"),
        lambda y, m, d: checked(*_whole(y, m, d)),
    ),
    (re.compile(r"(\d{1,2})[-/. ] ?(\d{4})"), lambda m, y: checked(*_whole(y, m))),
    (re.compile(r"(\d{1,2})[-/.] ?(\d{1,2})[-/.] ?(\d{4})"), lambda a, b, y: _day_and_month(int(a), int(b), int(y))),
    (re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]['\u2019]?(\d{2})"), _short_year),
    (re.compile(r"(\d{1,2})/['\u2019]?(\d{2})"), _month_and_short_year),
    (
        re.compile(
            r"(\d{4}) ?[年년](?: ?(\d{1,2}) ?[月월](?: ?(\d{1,2}) ?[日일号]?)?)?(?: ?(?:から|まで|부터|까지|起|止))?"
        ),
        lambda *p: checked(*_whole(*p)),
    ),
    (re.compile(r"(?:tháng|thg) ?(\d{1,2})[ ,/]*(?:năm )?(\d{4})", re.IGNORECASE), lambda m, y: checked(*_whole(y, m))),
    (
        re.compile(r"[qtk][1-4][ -/,.]*(?:of )?['\u2019]?(\d{4}|\d{2})", re.IGNORECASE),
        lambda y: _part_of_year(y, "quarter"),
    ),
    (re.compile(r"(\d{4})[ -/,.]*[qtk][1-4]", re.IGNORECASE), lambda y: _part_of_year(y, "quarter")),
    (re.compile(r"[1-4][qt] ?['\u2019]?(\d{4}|\d{2})", re.IGNORECASE), lambda y: _part_of_year(y, "quarter")),
    (
        re.compile(r"(?:[hs][12]|[12][hs])[ -/,.]*['\u2019]?(\d{4}|\d{2})", re.IGNORECASE),
        lambda y: _part_of_year(y, "half-year"),
    ),
    (re.compile(r"(\d{4})[ -/,.]*[hs][12]", re.IGNORECASE), lambda y: _part_of_year(y, "half-year")),
    (re.compile(r"(\d{4})[ -]?w\d{1,2}", re.IGNORECASE), lambda y: _part_of_year(y, "week")),
    (re.compile(r"(\d{4})\+"), lambda y: checked(int(y))),
    (re.compile(r"[fac]y[ -]?['\u2019]?(\d{4}|\d{2})", re.IGNORECASE), lambda y: _part_of_year(y, "business year")),
    (
        re.compile(r"(?:c\.?|ca\.?|~|\u2248) ?(\d{4})", re.IGNORECASE),
        lambda y: (checked(int(y))[0], "only roughly said"),
    ),
    (re.compile(r"(\d{5})\.\d{1,12}"), lambda days: from_number(int(days))),
    (
        re.compile(r"(\d+)(?:\.0+)?"),
        lambda number: from_number(int(number)) if len(number) <= LONGEST_NUMBER else NO_DATE,
    ),
)
"""What is more than words and numbers side by side; tried in this order."""
