"""Plain values of a spreadsheet cell: text, counts, years.

Everything here takes a cell as somebody typed or exported it and returns the value, or None where there is none.
`split_raw` reads uploads with it, extraction reads Clay's answers with it.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import Any

from app.text._blanks import says_nothing
from app.text.mojibake import mended

__all__ = ["clean_block", "clean_text", "count", "fold", "says_nothing", "year"]


INVISIBLE = re.compile(  # control characters and format marks; Arabic and Indic letters keep their (non-)joiners
    r"[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufffd]"
    r"|(?<![\u0590-\u1fff])[\u200c\u200d]"
)
KEPT_APOSTROPHE = re.compile(r"'(?:[tsnk] |[tsn]-|em |cause )", re.IGNORECASE)  # 't Hooft, 's-Hertogenbosch

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATE_FOR_RANGE = re.compile(r"(?:(\d{1,2})[- /.]?([a-z]{3})|([a-z]{3})[- /.]?(\d{1,2}))", re.IGNORECASE)
NUMBER = re.compile(r"\d{1,3}(?:[., '\u2019\u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
SCALE = {"k": 1_000, "m": 1_000_000, "mm": 1_000_000, "b": 1_000_000_000, "bn": 1_000_000_000}
YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")


def clean_text(value: Any) -> str | None:
    """One line of text: no escapes, invisible characters or doubled blanks; None where the cell says "nothing".

    Apostrophes that protect a formula (`'+1 415…`) go, those of `'t Hooft` stay; `&amp;` becomes `&`; the text is
    composed (NFC).
    """
    if value.__class__ is str:
        text: str = value.strip()
        plain = text.isascii() and text.isprintable() and "  " not in text and text[:1] != "'"
        if plain and not ("&" in text and ";" in text):
            return None if says_nothing(text) else text
    block = clean_block(value)
    return " ".join(block.split()) if block else None


def clean_block(value: Any) -> str | None:
    """Text that may run over several lines, cleaned as `clean_text` does but with its line breaks kept."""
    if value is None or value is True or value is False:
        return None
    text = mended(value if isinstance(value, str) else _number_text(value)).strip()
    if "&" in text and ";" in text:
        text = unescape(text)
    # A printable text has no invisible characters, and no blank but " ".
    if "\ufffd" in text or not text.replace("\n", " ").isprintable():
        text = INVISIBLE.sub("", text).replace("\u00a0", " ").strip()
    text = unicodedata.normalize("NFC", text)
    if text[:1] == "'" and not KEPT_APOSTROPHE.match(text):
        text = text[1:]
        if text[-1:] == "'" and "'" not in text[:-1]:
            text = text[:-1]
    text = text.strip()
    return None if says_nothing(text) else text


def fold(text: str) -> str:
    """A spelling to compare by: no accents, no case, composed; `Müller` and `MULLER` are the same."""
    return text.lower() if text.isascii() else text.translate(FOLDED)


def count(value: Any) -> int | None:
    """A head count: `1,234`, `1.2K`, `10,001+`; of a range (`51-200 employees`) the lower end.

    Spreadsheets turn the ranges 1-10 and 2-10 into dates (`10-Feb`, `02-Oct`); those are read back.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if value == value and 0 <= value < 10**9 else None  # noqa: PLR0124 -- nan
    text = clean_text(value)
    if text is None:
        return None
    if text.isdecimal():
        return int(text) if len(text) < 10 else None  # noqa: PLR2004 -- more people than there are
    if text.casefold() in {"self-employed", "myself only", "just me"}:
        return 1
    if date := DATE_FOR_RANGE.fullmatch(text):
        return _range_from_date(date)
    return _first_number(text)


def year(value: Any) -> int | None:
    """The year something was founded: `2017`, `2017.0`, `Founded in 2017`, `2017-03-01`."""
    text = clean_text(value)
    found = YEAR.search(text) if text else None
    return int(found[0]) if found else None


UNDECOMPOSED = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "\u0131": "i", "ð": "d", "þ": "th", "ħ": "h"}
)
"""Letters of Latin alphabets that Unicode does not take apart into a base letter and a mark."""

MOST_KNOWN = 20_000


class _Folded(dict[int, str]):
    """Each character's folded spelling, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(code).casefold())
        folded = "".join(mark for mark in decomposed if not unicodedata.combining(mark)).translate(UNDECOMPOSED)
        if len(self) < MOST_KNOWN:
            self[code] = folded
        return folded


FOLDED = _Folded()


def _number_text(value: Any) -> str:
    """A number out of JSON as text: `12.0` is `12`."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _range_from_date(date: re.Match[str]) -> int | None:
    """`10-Feb` was 2-10 and `02-Oct` was 2-10 too: of day and month, the smaller opens the range."""
    day, month = int(date[1] or date[4]), (date[2] or date[3]).lower()
    return min(day, MONTHS.index(month) + 1) if month in MONTHS else None


def _first_number(text: str) -> int | None:
    """The first number of a text, with thousands separators of any country and K/M/B."""
    found = NUMBER.search(text)
    if found is None or text[: found.start()].rstrip().endswith("-"):
        return None
    digits = found[0]
    scale = re.match(r"\s?(k|mm?|bn?)\b", text[found.end() :], re.IGNORECASE)
    if re.search(r"[., '\u2019\u00a0\u202f]\d{3}(?!\d)", digits) and not scale:
        number = float(re.sub(r"\D", "", digits))
    else:
        number = float(digits.replace(",", "."))
    number *= SCALE[scale[1].lower()] if scale else 1
    return int(number) if number < 10**9 else None
