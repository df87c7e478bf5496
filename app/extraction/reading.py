"""What a value in a payload says: text, whole numbers, yes or no, lists, also where JSON or an object holds them.

These readers never raise (`careful`); what they cannot read they write into a `Report`, field by field, so that nothing
disappears without a word. Where in a payload a value stands is `payloads.py`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from app.extraction.reports import Report, careful, shown
from app.text.loose_json import LooseJsonError, read_loose_json
from app.text.values import clean_block, clean_text, says_nothing

__all__ = ["decoded", "is_nothing", "may_be_json", "read_bool", "read_int", "read_list", "read_text"]

TOO_LARGE = 1e18
MOST_ESCAPES = 5
LONGEST_REMEMBERED = 200
"""Letters; longer texts are descriptions, of which hardly any comes twice."""

SPOKEN = (
    "name",
    "value",
    "text",
    "title",
    "label",
    "fullName",
    "full_name",
    "full",
    "default",
    "localized",
    "localizedName",
)
"""Under which keys an object says what it is, the first first."""

WRAPPERS = ("values", "elements", "items", "data", "list", "results")
"""Under which keys a list hides in an object of its own."""

_NUMBER = re.compile(r"[+]?(\d{1,3}(?:[ ,.']\d{3})+|\d+)(?:[.,]0+)?\+?(?: ?(?:employees|people|staff))?", re.IGNORECASE)
_THOUSANDS = re.compile(r"(\d+(?:\.\d+)?) ?([kKmM])\+?")


def may_be_json(value: Any) -> bool:
    """Whether a value may be JSON in a text; `decoded` looks closer."""
    return value.__class__ is str and len(value) > 2 and value.lstrip()[:1] in ("{", "[", "`")  # noqa: PLR2004 -- "{}"


def decoded(value: Any) -> Any:
    """JSON inside a string, as tables without a JSON column send it; anything else as it is."""
    if not may_be_json(value):
        return value
    try:
        return orjson.loads(value)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return _mended(value) if '":' in value or "':" in value else value


def _mended(value: str) -> Any:
    """JSON inside a string that Python printed, or that a model put in a code fence."""
    try:
        return read_loose_json(value).value
    except LooseJsonError:
        return value


def is_nothing(value: Any) -> bool:
    """Whether a value means none: null, empty, or one of the words for it (`null`, `n/a`, `-`)."""
    if value.__class__ is not str:
        return value is None or value in ([], {})
    if len(value) <= LONGEST_REMEMBERED and "&" not in value and _line(value) is not None:
        return False
    return says_nothing(value.strip())


def read_text(value: Any, field: str, report: Report, *, lines: bool = False) -> str | None:
    """Text without HTML entities, control characters and double spaces; None when it says nothing.

    Args:
        value: text or a number; of an object its `name`, `value`, `text` or the like is taken.
        field: what the report calls it.
        report: takes what cannot be read as text.
        lines: keep line breaks (descriptions).
    """
    if value is None:
        return None
    if value.__class__ is str and not lines and len(value) <= LONGEST_REMEMBERED:
        try:
            return _line(value)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it costs this field alone
            report.defect(field, value, error)
            return None
    return _any_text(value, field, report, lines=lines)


@careful(None)
def _any_text(value: Any, field: str, report: Report, *, lines: bool) -> str | None:
    if value.__class__ is not str:
        value = _as_text(value, field, report)
        if value is None:
            return None
    return _plain(value, clean_block if lines else clean_text)


def _plain(value: str, clean: Callable[[str], str | None]) -> str | None:
    text = clean(_unescaped(value) if "&" in value else value)
    # The database stores no lone surrogates, which some JSON decoders let through.
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()


@lru_cache(maxsize=16_384)
def _line(value: str) -> str | None:
    """One line of text, remembered: it comes under several names of one answer, and in many answers."""
    return clean_text(value) if value.isascii() and "&" not in value else _plain(value, clean_text)


def _as_text(value: Any, field: str, report: Report) -> str | None:
    """What is text in a value that is none: an object's `name`, `value` or `text`, or a number's digits."""
    if value.__class__ is dict:
        value = next((value[name] for name in SPOKEN if value.get(name)), value or None)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        if not is_nothing(value):
            report.doubt(field, value, "not a text")
        return None
    if not abs(value) < TOO_LARGE:
        report.doubt(field, shown(value), "not a number that can be kept")
        return None
    return clean_text(value)


def _unescaped(text: str) -> str:
    """Text without HTML entities, also where it was escaped more than once on its way."""
    for _ in range(MOST_ESCAPES):
        plain = html.unescape(text)
        if plain == text:
            break
        text = plain
    return text


@careful(None)
def read_int(value: Any, field: str, report: Report) -> int | None:
    """A whole number: `143`, `"143"`, `"1,234"`, `"143 employees"`, `"1.2k"`; ranges and prose are reported."""
    if value is None:
        return None
    if value.__class__ is int:
        number = value
    elif value.__class__ is float and value == value // 1:
        number = int(value)
    else:
        text = read_text(value, field, report)
        if text is None:
            return None
        if exact := _NUMBER.fullmatch(text):
            number = int(re.sub(r"\D", "", exact[1]))
        elif short := _THOUSANDS.fullmatch(text):
            number = round(float(short[1]) * (1_000 if short[2] in "kK" else 1_000_000))
        else:
            report.doubt(field, value, "not a whole number")
            return None
    if not 0 <= number < 2**31:
        report.doubt(field, value, "not a number of this kind")
        return None
    return number


def read_bool(value: Any, field: str, report: Report) -> bool | None:
    """True or false, also as text or number."""
    return value if value is None or value.__class__ is bool else _bool_in_words(value, field, report)


@careful(None)
def _bool_in_words(value: Any, field: str, report: Report) -> bool | None:
    word = str(value).strip().lower() if value.__class__ in (str, int, float) else ""
    if word in {"true", "yes", "1", "1.0", "y", "t", "current", "present", "active", "ongoing"}:
        return True
    if word in {"false", "no", "0", "0.0", "n", "f", "past", "former", "previous", "ended", "inactive", "left"}:
        return False
    if not says_nothing(word) or value.__class__ not in (str, int, float):
        report.doubt(field, value, "neither yes nor no")
    return None


def read_list(value: Any, field: str, report: Report) -> list[Any]:
    """A list: of an object what it wraps, its numbered values or itself, of text the JSON in it; else reported."""
    value = decoded(value)
    if value is None or value.__class__ is list:
        return value or []
    if isinstance(value, dict):
        wrapped = next((value[name] for name in WRAPPERS if isinstance(value.get(name), list)), None)
        if wrapped is not None:
            return list(wrapped)
        numbered = value and all(str(name).isdigit() for name in value)
        return list(value.values()) if numbered else [value] if value else []
    if not is_nothing(value):
        report.doubt(field, value, "not a list")
    return []
