"""Which encoding a file's bytes are in, where no mark says it: UTF-16 and UTF-32 by their zeros, code pages by sense.

`app/intake/text.py` asks. A code page never announces itself: the bytes are read in each of a few, and the one wins in
which letters stand where letters stand in words. Windows-1252, the encoding of Excel's plain CSV, is believed until
another is clearly better.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
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
    "cp1254": "windows-1254",
    "cp850": "cp850",
    "cp1253": "windows-1253",
    "cp1257": "windows-1257",
    "iso8859_2": "iso-8859-2",
    "iso8859_15": "iso-8859-15",
    "koi8_r": "koi8-r",
}
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
_WEST = (
    "\u00e4\u00f6\u00fc\u00df",
    "\u00e0\u00e2\u00e7\u00e9\u00e8\u00ea\u00eb\u00ee\u00ef\u00f4\u00f9\u00fb\u00fc\u0153\u00e6\u2019",
    "\u00e1\u00e9\u00ed\u00f3\u00fa\u00f1\u00fc\u00aa\u00ba",
    "\u00e1\u00e2\u00e3\u00e0\u00e7\u00e9\u00ea\u00ed\u00f3\u00f4\u00f5\u00fa",
    "\u00e0\u00e8\u00e9\u00ec\u00f2\u00f9\u2019",
    "\u00e5\u00e4\u00f6\u00e9",
    "\u00e6\u00f8\u00e5\u00e9\u00f6\u00e4",
    "\u00e1\u00f0\u00e9\u00ed\u00f3\u00fa\u00fd\u00fe\u00e6\u00f6",
)
"""Letters beyond ASCII of German, French, Spanish, Portuguese, Italian, Swedish and Finnish, Danish, Icelandic."""
_ALPHABETS: dict[str, tuple[str, ...]] = {
    "cp1252": _WEST,
    "mac_roman": _WEST,
    "cp850": _WEST,
    # Polish, Czech and Slovak, Hungarian, Romanian, Croatian and Slovene
    "cp1250": (
        "\u0105\u0107\u0119\u0142\u0144\u00f3\u015b\u017a\u017c",
        "\u00e1\u00e4\u010d\u010f\u00e9\u011b\u00ed\u013a\u013e\u0148\u00f3\u00f4\u0155\u0159\u0161\u0165\u00fa\u016f\u00fd\u017e",
        "\u00e1\u00e9\u00ed\u00f3\u00f6\u0151\u00fa\u00fc\u0171",
        "\u0103\u00e2\u00ee\u015f\u0163",
        "\u010d\u0107\u0111\u0161\u017e",
    ),
    "cp1251": (
        "\u0430\u0431\u0432\u0433\u0434\u0435\u0451\u0436\u0437\u0438\u0439\u043a\u043b\u043c\u043d\u043e\u043f\u0440\u0441\u0442\u0443\u0444\u0445\u0446\u0447\u0448\u0449\u044a\u044b\u044c\u044d\u044e\u044f\u0456\u0457\u0454\u0491\u045e",
    ),
    "iso8859_15": _WEST,
    # Greek; Lithuanian, Latvian, Estonian
    "cp1253": (
        "\u03b1\u03b2\u03b3\u03b4\u03b5\u03b6\u03b7\u03b8\u03b9\u03ba\u03bb\u03bc\u03bd\u03be\u03bf\u03c0\u03c1\u03c3\u03c2\u03c4\u03c5\u03c6\u03c7\u03c8\u03c9\u03ac\u03ad\u03ae\u03af\u03cc\u03cd\u03ce\u03ca\u03cb\u0390\u03b0",
    ),
    "cp1257": (
        "\u0105\u010d\u0119\u0117\u012f\u0161\u0173\u016b\u017e",
        "\u0101\u010d\u0113\u0123\u012b\u0137\u013c\u0146\u0161\u016b\u017e",
        "\u00f5\u00e4\u00f6\u00fc\u0161\u017e",
    ),
    "cp1254": ("\u00e7\u011f\u0131\u0130\u00f6\u015f\u00fc\u00e2\u00ee\u00fb",),
}
_ALPHABETS |= {"iso8859_2": _ALPHABETS["cp1250"], "koi8_r": _ALPHABETS["cp1251"]}
_ONE_LANGUAGE, _A_FEW_LETTERS, _MUCH_BETTER, _FEW_LETTERS = 0.97, 0.02, 0.35, 8
# First bytes of the everyday characters of an encoding; another encoding's text shows rare ones there.
_EVERYDAY = {
    "shift_jis": range(0x88, 0x99),
    "euc_jp": range(0xB0, 0xD0),
    "gb18030": range(0xB0, 0xD8),
    "euc_kr": range(0xB0, 0xC9),
    "big5": range(0xA4, 0xC7),
}
_MOST_OF_THEM, _KANA_COUNTS = 0.85, 0.05
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7a3]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_AMONG_LATIN = re.compile(r"[a-z][\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]|[\u4e00-\u9fff\uac00-\ud7a3](?=[a-z])")
_CAPITAL_INSIDE = re.compile("aB|[AB]Ba")
"""Capitals beyond ASCII behind a small letter, or between a capital and a small letter: `Jos\u017d`, `M\u00c5ller`."""
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
    chosen = _best_page(found)
    mixed = len(found) < _MOSTLY * len(words)
    return CodePage(chosen, _NAMES[chosen], whole=chosen != "cp1252" and not mixed)


def _best_page(words: list[bytes]) -> str:
    """The code page that shows the most words; where several do, the one that shows the letters of one language."""
    senses = {name: _sense(words, name) for name in _NAMES}
    alphabets = {name: _of_one_language(words, name) for name in _NAMES}
    best = max(senses, key=lambda name: (round(senses[name], 2), alphabets[name]))
    plain = senses["cp1252"]
    if plain < _DOUBTED:
        clearly = senses[best] - plain >= (_BETTER if senses[best] >= _CLEARLY else _MUCH_BETTER)
        return best if clearly else "cp1252"
    rival = max((name for name in _NAMES if senses[name] >= _DOUBTED), key=lambda name: alphabets[name])
    better = alphabets[rival] >= _ONE_LANGUAGE > alphabets["cp1252"]
    return rival if better and alphabets[rival] - alphabets["cp1252"] >= _A_FEW_LETTERS else "cp1252"


def _of_one_language(words: list[bytes], encoding: str) -> float:
    """The greatest share of the letters beyond ASCII that belong to one language of that code page."""
    letters = _BEYOND_ASCII.findall(b" ".join(words).decode(encoding, "replace"))
    if len(letters) < _FEW_LETTERS:
        return 0.0
    counts = Counter(c if len(c.lower()) > 1 else c.lower() for c in letters)
    return max(sum(counts[c] for c in alphabet) for alphabet in _ALPHABETS[encoding]) / len(letters)


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


def _shape(c: str) -> str:
    """A letter as a capital of ASCII or beyond, a small letter, or something else."""
    return ("A" if c.isascii() else "B") if c.isupper() else "a" if c.islower() else "."


def _plausible(word: str) -> bool:
    """Whether the signs of a word stand as they do in words: letters of one script, capitals in front or everywhere."""
    text = word.strip(_AROUND_WORDS)
    if any(not (c.isalpha() or c in _WITHIN_WORDS) for c in text):
        return False
    if _CAPITAL_INSIDE.search("".join(map(_shape, text))):
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
    for name, first_bytes in _EVERYDAY.items():
        text = lines.decode(name, "replace")
        if "\ufffd" in text or not (beyond := len(_BEYOND_ASCII.findall(text))):
            continue
        kana = len(_KANA_OR_HANGUL.findall(text))
        everyday = sum(c.encode(name)[0] in first_bytes for c in _HAN.findall(text)) if name != "euc_kr" else 0
        # Among Latin letters they would be accents that were read in pairs with the letter behind them.
        score = (everyday + (1 + _KANA_COUNTS) * kana - len(_AMONG_LATIN.findall(text))) / beyond
        if score > share:
            best, share = name, score
    return best
