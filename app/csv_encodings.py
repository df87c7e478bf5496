"""Which encoding a file's bytes are in, where no mark says it: UTF-16 and UTF-32 by their zeros, code pages by sense.

`app/csv_text.py` asks. A code page never announces itself: the bytes are read in each of a few, and the one wins in
which letters stand where letters stand in words. Windows-1252, the encoding of Excel's plain CSV, is believed until
another is clearly better.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterable

__all__ = ["BOMS", "EAST_ASIAN", "code_page", "wide_without_mark"]

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    ("\u00ef\u00bb\u00bf".encode(), "utf-8"),  # the mark of UTF-8, read as Windows-1252 and saved
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and what they announce, longer ones first."""

_NAMES = {
    "cp1252": "windows-1252",
    "mac_roman": "mac-roman",
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
    "cp850": "cp850",
}
EAST_ASIAN = ("shift_jis", "euc_jp", "gb18030", "euc_kr", "big5")
_WORD = re.compile(rb"[A-Za-z\x80-\xff'.&-]*[\x80-\xff][A-Za-z\x80-\xff'.&-]*")
_MOST_WORDS = 3_000
_FEW_WORDS = 3
_FEW_ODD = 2
_CLEARLY, _DOUBTED = 0.95, 0.75
# What stands inside a word in no language: signs between letters betray a wrong code page.
_OUTSIDE_WORDS = frozenset(
    "\u00a1\u00a2\u00a3\u00a4\u00a5\u00a6\u00a7\u00a8\u00ab\u00ac\u00af\u00b0\u00b1\u00b2\u00b3\u00b4\u00b5\u00b6\u00b8\u00b9\u00bb\u00bc\u00bd\u00be\u00bf"
    "\u00d7\u00f7\u0192\u02c6\u02dc\u201a\u201c\u201d\u201e\u2020\u2021\u2022\u2026\u2030\u2039\u203a\u20ac\u2122\ufffd"
)
_AROUND_WORDS = (
    "'.&-\u00a0\u00a9\u00aa\u00ae\u00b0\u00b4\u00b7\u00ba\u00ab\u00bb"
    "\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026\u20ac\u2122"
)
_LATIN_UNTIL = "\u0250"


def wide_without_mark(head: bytes) -> str | None:
    """UTF-16 and UTF-32 tell themselves by zero bytes, as far as separators, digits or letters of a text are Latin."""
    quarter, half = len(head) // 4, len(head) // 2
    if quarter and len(head) % 2 == 0:
        zeros = [head[place : 4 * quarter : 4].count(0) for place in range(4)]
        if zeros[2] == zeros[3] == quarter > zeros[0]:
            return "utf-32-le"
        if zeros[0] == zeros[1] == quarter > zeros[3]:
            return "utf-32-be"
    low, high = head[1 : 2 * half : 2].count(0), head[0 : 2 * half : 2].count(0)
    for encoding, many, few in (("utf-16-le", low, high), ("utf-16-be", high, low)):
        if (
            half
            and few < 0.01 * half
            and (many > 0.6 * half or (many > 0.08 * half and _reads(head[: 2 * half], encoding)))
        ):
            return encoding
        if half and many > 0.6 * half and few < 0.1 * half:
            return encoding
    return None


def _reads(head: bytes, encoding: str) -> bool:
    """Whether the bytes are text in that encoding, with line breaks and without characters that nobody uses."""
    text = head.decode(encoding, "replace")
    odd = sum(c == "\ufffd" or not (c.isprintable() or c in "\r\n\t") for c in text)
    return odd <= _FEW_ODD and ("\n" in text or "\r" in text)


def code_page(blocks: Iterable[bytes]) -> tuple[str, str]:
    """The code page that bytes which are not UTF-8 make most sense in: as Python calls it, and as a report does."""
    words: dict[bytes, None] = {}
    sample = bytearray()
    for block in blocks:
        if len(words) < _MOST_WORDS:
            words.update(dict.fromkeys(_WORD.findall(block)[:_MOST_WORDS]))
            sample += block[: 1 << 18]
    found = [word for word in words if not _is_utf8(word)]
    if len(found) < _FEW_WORDS:
        return "cp1252", _NAMES["cp1252"]
    if east := _east_asian(bytes(sample), found):
        return east, east.replace("_", "-")
    plain = _sense(found, "cp1252")
    if plain >= _DOUBTED:
        return "cp1252", _NAMES["cp1252"]
    rivals = {name: _sense(found, name) for name in _NAMES}
    best = max(rivals, key=lambda name: rivals[name])
    chosen = best if rivals[best] >= _CLEARLY or rivals[best] - plain >= 0.5 else "cp1252"  # noqa: PLR2004 -- half of all words
    return chosen, _NAMES[chosen]


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _sense(words: list[bytes], encoding: str) -> float:
    """The share of words that could be words in that code page."""
    return sum(_plausible(word.decode(encoding, "replace")) for word in words) / len(words)


def _plausible(word: str) -> bool:
    """Whether the signs of a word stand as they do in words: letters of one script, capitals in front or everywhere."""
    text = word.strip(_AROUND_WORDS)
    if any(c in _OUTSIDE_WORDS or not c.isprintable() for c in text):
        return False
    if any(one.islower() and other.isupper() and not other.isascii() for one, other in itertools.pairwise(text)):
        return False
    letters = [c for c in text if c.isalpha()]
    latin = sum(c < _LATIN_UNTIL for c in letters)
    accents = sum(not c.isascii() for c in letters)
    if latin == len(letters):
        return accents <= 2 or accents <= 0.6 * len(letters)  # noqa: PLR2004 -- accents are rare
    return latin == 0


def _east_asian(sample: bytes, words: list[bytes]) -> str | None:
    """The East Asian encoding in which everything decodes and what is beyond ASCII is mostly their characters."""
    if sum(len(word) for word in words) < 4 * _FEW_WORDS or _sense(words, "cp1252") >= _DOUBTED:
        return None
    best, share = None, 0.9
    for name in EAST_ASIAN:
        text = sample[: sample.rfind(b"\n") + 1 or len(sample)].decode(name, "replace")
        beyond = [c for c in text if not c.isascii()]
        usual = sum("\u3040" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3" for c in beyond)
        kana = sum("\u3040" <= c <= "\u30ff" for c in beyond) + sum("\uac00" <= c <= "\ud7a3" for c in beyond)
        if beyond and (score := (usual + 0.05 * kana) / len(beyond)) > share and "\ufffd" not in text:
            best, share = name, score
    return best
