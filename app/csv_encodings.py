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
from dataclasses import dataclass

__all__ = ["BOMS", "CodePage", "code_page", "wide_without_mark"]

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
_EAST_ASIAN = ("shift_jis", "euc_jp", "gb18030", "euc_kr", "big5")
_WORD = re.compile(rb"[A-Za-z\x80-\xff'.&-]*[\x80-\xff][A-Za-z\x80-\xff'.&-]*")
_MOST_WORDS, _MOSTLY = 3_000, 0.7
_FEW_WORDS = 3
_FEW_ODD = 2
_CLEARLY, _DOUBTED, _BETTER = 0.95, 0.9, 0.1
_WITHIN_WORDS = frozenset("'.&-\u2019\u2013\u00b7\u00aa\u00ba")
"""What may stand between letters besides letters; any other sign there betrays a wrong code page."""
_AROUND_WORDS = (
    "'.&-\u00a0\u00a9\u00aa\u00ae\u00b0\u00b4\u00b7\u00ba\u00ab\u00bb"
    "\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026\u20ac\u2122"
)
_MOST_OF_THEM, _KANA_COUNTS = 0.85, 0.05
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7a3]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_AMONG_LATIN = re.compile(r"[a-z][\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]|[\u4e00-\u9fff\uac00-\ud7a3](?=[a-z])")
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


@dataclass(frozen=True)
class CodePage:
    """What bytes that are not UTF-8 are read as.

    Attributes:
        name: as Python calls it.
        called: as a report does.
        whole: the whole file is in it; else only what is not UTF-8.
    """

    name: str
    called: str
    whole: bool


def code_page(blocks: Iterable[bytes]) -> CodePage:
    """The code page that bytes which are not UTF-8 make most sense in."""
    words: dict[bytes, None] = {}
    sample = bytearray()
    for block in blocks:
        if len(words) < _MOST_WORDS:
            words.update(dict.fromkeys(_WORD.findall(block)[:_MOST_WORDS]))
            sample += block[: 1 << 18]
    found = [word for word in words if not _is_utf8(word)]
    if len(found) < _FEW_WORDS:
        return _WESTERN
    if east := _east_asian(bytes(sample), found):
        return CodePage(east, east.replace("_", "-"), whole=True)
    plain = _sense(found, "cp1252")
    if plain >= _DOUBTED:
        return _WESTERN
    rivals = {name: _sense(found, name) for name in _NAMES}
    best = max(rivals, key=lambda name: rivals[name])
    chosen = best if rivals[best] >= _CLEARLY and rivals[best] - plain >= _BETTER else "cp1252"
    mixed = len(found) < _MOSTLY * len(words)
    return CodePage(chosen, _NAMES[chosen], whole=chosen != "cp1252" and not mixed)


_WESTERN = CodePage("cp1252", _NAMES["cp1252"], whole=False)


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
    if any(not (c.isalpha() or c in _WITHIN_WORDS) for c in text):
        return False
    if any(one.islower() and other.isupper() and not other.isascii() for one, other in itertools.pairwise(text)):
        return False
    letters = [c for c in text if c.isalpha()]
    latin = sum(c < _LATIN_UNTIL for c in letters)
    accents = sum(not c.isascii() for c in letters)
    if latin == len(letters):
        return accents <= 2 or accents <= 0.75 * len(letters)  # noqa: PLR2004 -- accents are rare
    return latin == 0


def _east_asian(sample: bytes, words: list[bytes]) -> str | None:
    """The East Asian encoding in which everything decodes and what is beyond ASCII is mostly their characters."""
    if sum(len(word) for word in words) < 4 * _FEW_WORDS or _sense(words, "cp1252") >= _DOUBTED:
        return None
    best, share = None, _MOST_OF_THEM
    lines = sample[: sample.rfind(b"\n") + 1 or len(sample)]
    for name in _EAST_ASIAN:
        text = lines.decode(name, "replace")
        beyond = len(_BEYOND_ASCII.findall(text))
        kana = len(_KANA_OR_HANGUL.findall(text))
        usual = kana + len(_HAN.findall(text))
        # Among Latin letters they would be accents that were read in pairs with the letter behind them.
        score = (usual + _KANA_COUNTS * kana - len(_AMONG_LATIN.findall(text))) / max(beyond, 1)
        if score > share and "\ufffd" not in text:
            best, share = name, score
    return best
