"""Dates of work histories, as precise as they were given: a year, a month of a year, or a day.

Profiles say "2021", "2021-03", "03-2021", "Mar 2021", "déc. 2018" or `{"year": 2021, "month": 3}`. Nothing is made up:
no January and no first of the month appears that was not there, and what can be read in two ways ("03/04/2021") keeps
only what both ways agree on. The words are in `_date_words`, the ways to write a date in `_date_shapes`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from app.extraction._date_shapes import SERIALS, PartialDate, Reading, checked, from_number, from_text
from app.extraction._date_words import NOT_STATED, is_length_unit, is_since, is_until, month_number, says_present

__all__ = [
    "PartialDate",
    "day_first",
    "in_order",
    "is_present",
    "is_stated",
    "only_end",
    "read_date",
    "says_since",
    "split_range",
    "within_words",
]

LONGEST = 100
LONGEST_RANGE = 200
MOST_DASHES = 6
MONTHS, DAYS = 12, 31

_RANGE = re.compile(
    r" (?:-|/|to|until|till|through|thru|bis(?: zum)?|à|au|jusqu['\u2019]à|jusqu['\u2019]en|a|al|ad|hasta|até|tot|t/m"
    r"|do|til|fino al?|sampai|hingga|s/d|\u043f\u043e|\u0434\u043e) "
    r"| ?-> ?| ?\.\.\.? ?"
    r"| ?[\u2010\u2011\u2212\u2012\u2013\u2014\u2192~\uff5e\u301c] ?|-|/(?=\d{4}-\d\d)|(?<=[\d年月日])[至到]|から",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"(?:between|zwischen|entre|tra|fra|tussen|mellan|mellem|mellom) (\S.*?) (?:and|und|et|y|e|en|och|og) (\S.*)",
    re.IGNORECASE,
)
_SHORT_END = re.compile(r"(\d\d)(\d\d) ?[-/\u2013\u2014] ?['\u2019]?(\d\d)")
"""`2015-18`, `2015/16`: what cannot be a month is the year of the end."""
_BEHIND = re.compile(r"[\u00b7\u2022|;(\[\n]")
_PRESENT = ("present", "isPresent", "is_present", "current", "isCurrent", "is_current")
_SHORT_PARTS = {"y": "year", "yyyy": "year", "m": "month", "mm": "month", "d": "day", "dd": "day"}
_WRAPPED = ("date", "value", "label", "text", "name", "iso", "$date", "raw", "formatted", "start", "end")


_ZEROS = re.compile(r"[0\-/.:TZ ]+")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
NO_END = "9999"
"""The year that databases write for "without an end"."""


def is_present(value: Any) -> bool:
    """Whether an end date says "still going on" in words, in any of LinkedIn's languages; `Present (2 yrs)` does."""
    if value.__class__ is not str:
        if isinstance(value, dict) and any(value.get(name) is True for name in _PRESENT):
            return True
        inner = _wrapped(value)
        return inner.__class__ is str and is_present(inner)
    if len(value) > LONGEST or value[:1].isdigit():
        return False
    words = _BEHIND.split(value.strip(), maxsplit=1)[0] or value.strip(" ()[]")
    words = words.strip(" -\u2013\u2014\"')]")
    if says_present(words) or says_present(_without_length(words)):
        return True
    said, dash, length = words.partition(" - ")
    return bool(dash) and length[:1].isdigit() and says_present(said)


def says_since(value: Any) -> bool:
    """Whether a text begins or ends with a word for "since": `seit 2019` goes on."""
    if value.__class__ is not str or not value.strip():
        return False
    words = value[:LONGEST].split()
    if words[-1].endswith("+"):
        return True
    return is_since(words[0]) or is_since(words[-1])


def _without_length(text: str) -> str:
    """The same without a length behind it: `Present 10 years 3 months`."""
    words = text.split()
    while len(words) > len("ab") and _LENGTH.fullmatch(words[-2]) and is_length_unit(words[-1]):
        words = words[:-2]
    return " ".join(words)


_LENGTH = re.compile(r"\d{1,2}\+?")


def is_stated(value: Any) -> bool:
    """Whether a field for a date says anything at all; "unknown" does, an empty text, 0 and "null" do not."""
    if value is None:
        return False
    if value.__class__ is str:
        if "1" <= value[:1] <= "9":
            return value[:4] != NO_END
        text = value.strip()
        unfilled = text[:2] == "{{" and text[-2:] == "}}"
        return text.lower() not in NOT_STATED and not unfilled and not _ZEROS.fullmatch(text)
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
    if kind is int or (kind is float and (value == value // 1 or SERIALS.start <= value < SERIALS.stop)):
        return from_number(int(value))
    if isinstance(value, dict):
        return _from_parts(value)
    if isinstance(value, list) and value:
        return read_date(value[0]) if len(value) == 1 else _from_list(value)
    return None, "not a date"


def _from_list(parts: list[Any]) -> Reading:
    """`[2018, 6]` and `["2018", "06", "30"]`: year, month, day."""
    numbers = [_part(part) for part in parts[: len("ymd")]]
    if len(parts) > len("ymd") or None in numbers or not 1 <= (numbers[1] or 0) <= MONTHS:
        return None, "not a date"
    return checked(*numbers)


@lru_cache(maxsize=16_384)
def _from_text(value: str) -> Reading:
    if not is_stated(value):
        return None, None
    if iso := _ISO.fullmatch(value):
        return checked(int(iso[1]), int(iso[2]), int(iso[3]))
    read = from_text(value)
    if read[0] is None and read[1]:
        alone = _without_length(_BEHIND.split(value.strip(), maxsplit=1)[0])
        if alone and alone != value and (found := from_text(alone))[0] is not None:
            return found
    return read


def within_words(value: Any) -> PartialDate | None:
    """The one date in a text that says more: `resigned in March 2020`, `XX/2018`, `4. Quartal 2018`; None without one.

    Only of texts that `read_date` cannot read; a text with two years, or with a long number beside one, has none.
    """
    if value.__class__ is not str or len(value) > LONGEST:
        return None
    numbers = _DIGITS.findall(value)
    years = [number for number in numbers if len(number) == len("2018")]
    if len(years) != 1 or any(len(number) > len("2018") for number in numbers):
        return None
    words = value.split()
    for length in (3, 2, 1):
        for part in (words[-length:], words[:length]):
            said = " ".join(part)
            if years[0] in said and len(part) < len(words) and (found := from_text(said)[0]):
                return found
    return checked(int(years[0]))[0]


_DIGITS = re.compile(r"\d+")


def split_range(value: Any) -> tuple[Any, Any]:
    """Cut "Mar 2019 - Present · 2 yrs" into start and end; what is no range is `(value, None)`."""
    return _cut(value) if value.__class__ is str and len(value) <= LONGEST_RANGE else (value, None)


@lru_cache(maxsize=16_384)
def _cut(value: str) -> tuple[str, str | None]:
    pieces = [" ".join(piece.split()) for piece in _BEHIND.split(value.strip(), maxsplit=MOST_DASHES)]
    for piece in pieces:
        bounds = _split(piece)
        if bounds:
            return bounds
    said = [piece for piece in pieces if piece]
    if len(said) > 1 and _is_date(said[0]) and (is_present(said[1]) or _is_date(said[1])):
        return said[0], said[1]
    return value, None


def only_end(value: Any) -> str | None:
    """The date of a text that says an end alone: `until Nov 2023`, `\u2013 2023`."""
    if value.__class__ is not str or len(value) > LONGEST:
        return None
    text = value.strip()
    word, _, rest = text.partition(" ")
    if text[:1] in ("-", "\u2013", "\u2014"):
        rest = text[1:]
    elif not is_until(word):
        return None
    return rest.strip() if _is_date(rest.strip()) else None


def day_first(value: str) -> bool | None:
    """Whether a text such as `31/12/2018` shows that the day comes before the month; None where it does not show."""
    parts = _NUMBERS.fullmatch(value.strip()) if len(value) <= LONGEST else None
    if parts is None:
        return None
    first, second = int(parts[1]), int(parts[2])
    return True if first > MONTHS >= second else False if second > MONTHS >= first else None


def in_order(value: str, *, days_first: bool) -> str:
    """`03/04/2021` as it is meant beside a date whose order is known; anything else as it is."""
    parts = _NUMBERS.fullmatch(value.strip()) if len(value) <= LONGEST else None
    if parts is None or day_first(value) is not None or len(parts[3]) != len("2021"):
        return value
    month, day = (parts[2], parts[1]) if days_first else (parts[1], parts[2])
    return f"{parts[3]}-{month}-{day}"


_NUMBERS = re.compile(r"(?:[^\W\d]+ )?(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})(?:,? \d{1,2}:\d\d.*)?")


def _split(text: str) -> tuple[str, str] | None:
    if short := _SHORT_END.fullmatch(text):
        century, begin, end = short.groups()
        if int(end) > MONTHS and end >= begin:
            return century + begin, century + end
    for cut, _ in zip(_RANGE.finditer(text), range(MOST_DASHES), strict=False):
        begin, end = text[: cut.start()].strip(), text[cut.end() :].strip()
        if is_present(end) or _is_date(end):
            begin = _with_year_of(end, begin)
            if _is_date(begin):
                return begin, end
    if (between := _BETWEEN.fullmatch(text)) and _is_date(between[1]) and _is_date(between[2]):
        return between[1], between[2]
    return None


def _with_year_of(end: str, begin: str) -> str:
    """`Jun - Aug 2018` began in that year, too."""
    words = begin.split()
    if len(words) != 1 or month_number(begin) is None:
        return begin
    year = _YEAR.search(end)
    return f"{begin} {year[0]}" if year else begin


_YEAR = re.compile(r"\b\d{4}\b")


_NAMES_YEAR = re.compile(r"\d{4}|[^\W\d]\.?[ -]?['\u2019]?\d\d$|^['\u2019]\d\d$|^\d{1,2}/\d\d$")


def _is_date(text: str) -> bool:
    """Whether a side of a range names a year of its own; a day number or a lone month does not make a range."""
    return bool(_NAMES_YEAR.search(text)) and read_date(text)[0] is not None


def _wrapped(value: Any) -> Any:
    """What a list of one, or an object without year, month and day, holds: `{"label": "Present"}`."""
    if value.__class__ is list:
        return value[0] if len(value) == 1 else None
    if not isinstance(value, dict):
        return None
    named = {str(name).lower(): inner for name, inner in value.items()}
    if any(named.get(name) for name in ("year", "month", "day")):
        return None
    return next((named[name] for name in _WRAPPED if is_stated(named.get(name))), None)


def _from_parts(parts: dict[Any, Any]) -> Reading:
    named = {_SHORT_PARTS.get(said := str(name).lower(), said): value for name, value in parts.items()}
    if not any(named.get(name) for name in ("year", "month", "day")):
        inner = _wrapped(parts)
        return read_date(inner) if inner is not None else (None, "not a date" if is_stated(parts) else None)
    year, month, day = (_part(named.get(name)) for name in ("year", "month", "day"))
    if year is None:
        return None, "not a date" if is_stated(parts) else None
    return checked(year, month, day)


def _part(value: Any) -> int | None:
    """A year, month or day out of an object: a number, its text, or a month's name."""
    if value.__class__ is float and value == value // 1:
        value = int(value)
    if isinstance(value, dict):
        value = value.get("name") or value.get("value")
    text = str(value).strip() if value.__class__ in (int, str) else ""
    if text.isascii() and text.isdigit() and len(text) <= len("2021"):
        return int(text)
    return month_number(text) if text and len(text) <= DAYS else None
