"""Words that dates of work histories are written with: months, "present", seasons, in the languages of LinkedIn.

Month names and days of the week come from CLDR (package `babel`), everything else from `date_words.toml` beside this
file. `dates` and `_date_shapes` read with them and keep no list of their own.
"""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib import resources

from rapidfuzz.distance import DamerauLevenshtein

__all__ = [
    "NOT_STATED",
    "folded",
    "is_connector",
    "is_length_unit",
    "is_rough",
    "is_season",
    "is_since",
    "is_until",
    "is_weekday",
    "month_number",
    "says_present",
]

LANGUAGES = (
    *("en", "es", "pt", "fr", "de", "it", "nl", "sv", "da", "nb", "pl", "cs", "ru", "uk", "tr", "ro", "fi", "hu", "el"),
    *("id", "ms", "fil", "ja", "ko", "zh", "ar", "he", "fa", "hi", "bn", "mr", "pa", "te", "th", "vi"),
)
"""LinkedIn's interface languages (LinkedIn Help, "Change your display language")."""

NOT_STATED = frozenset(
    (
        "",
        "null",
        "none",
        "nil",
        "undefined",
        "nan",
        "nat",
        "n/a",
        "-",
        "--",
        "---",
        "[]",
        "{}",
        "\u2013",
        "\u2014",
        "\\n",
    )
)
"""What tools write where there is no date at all. "unknown" and "left" are not among them: they say that it ended."""

MOST_WORDS = 6
SHORTEST_MISSPELT = 6
SHORTEST_PREFIX = 3
ACCENTS = range(0x300, 0x370)
MARKS = ".'\u2019\u02bc\u05f3\u0970"

_ENGLISH = {
    name: number
    for number, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august"),
            *("sep sept september", "oct october", "nov november", "dec december"),
        ),
        start=1,
    )
    for name in names.split()
}
"""Looked at first: nearly all words are these, and CLDR need not be opened for them."""


def folded(text: str) -> str:
    """A word without case, accents, dots and apostrophes: what months and words are looked up by."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("\u0131", "i"))
    return "".join(letter for letter in plain if letter not in MARKS and ord(letter) not in ACCENTS)


@cache
def _words() -> dict[str, dict[str, object]]:
    text = resources.files("app.extraction").joinpath("date_words.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _folded_list(section: str, name: str | None = None) -> frozenset[str]:
    table = _words()[section]
    lists = table.values() if name is None else [table[name]]
    return frozenset(" ".join(folded(words).split()) for found in lists if isinstance(found, list) for words in found)


@cache
def _months() -> dict[str, int]:
    from babel import Locale  # noqa: PLC0415 -- a quarter of a second, and most dates are numbers

    months: dict[str, int] = {}
    for language in LANGUAGES:
        names = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in names[context][width].items():
                    months.setdefault(folded(name).replace(" ", ""), number)
    return months | {folded(name): int(str(number)) for name, number in _words()["months"].items()}


@cache
def _weekdays() -> frozenset[str]:
    from babel import Locale  # noqa: PLC0415 -- as above

    days = (Locale.parse(language).days["format"] for language in LANGUAGES)
    widths = ("wide", "abbreviated")
    return frozenset(folded(name) for named in days for width in widths for name in named[width].values())


@lru_cache(maxsize=4_096)
def month_number(word: str) -> int | None:
    """The month that a word names in any of the languages, also cut short as long as that leaves one month.

    Args:
        word: one word, in any case, with or without accents and full stops.
    """
    name = folded(word).replace(" ", "")
    known = _ENGLISH.get(name)
    if known is None:
        known = _months().get(name)
    if known is not None:
        return known or None
    if len(name) < SHORTEST_PREFIX:
        return None
    possible = {number for month, number in _months().items() if month.startswith(name)}
    if not possible and len(name) >= SHORTEST_MISSPELT:
        possible = {
            number
            for month, number in _ENGLISH.items()
            if len(month) >= SHORTEST_MISSPELT and DamerauLevenshtein.distance(name, month, score_cutoff=1) <= 1
        }
    return possible.pop() if len(possible) == 1 else None


@lru_cache(maxsize=4_096)
def says_present(words: str) -> bool:
    """Whether words say that something still goes on."""
    said = " ".join(folded(words).replace(",", " ").split())
    return said in _present() or _is_present_with_nouns(said.split())


def _is_present_with_nouns(words: list[str]) -> bool:
    """`I currently work here`, `poste actuel`: a word for it among words that change nothing."""
    beside = _folded_list("within", "beside_present")
    core = [word for word in words if word not in beside]
    return 1 < len(words) <= MOST_WORDS and len(core) == 1 and core[0] in _folded_list("within", "alone_present")


@cache
def _present() -> frozenset[str]:
    """The phrases, also without their "until", which a range has between its sides: `od 2015 do | chwili obecnej`."""
    phrases = _folded_list("present")
    split = (phrase.partition(" ") for phrase in phrases)
    return phrases | {rest for word, _, rest in split if rest and is_connector(word)}


@cache
def _length_units() -> frozenset[str]:
    from babel.units import format_unit  # noqa: PLC0415 -- as above

    lengths = (
        format_unit(number, f"duration-{unit}", length, locale=language, numbering_system="latn")
        for language in LANGUAGES
        for unit in ("year", "month", "week", "day")
        for length in ("long", "short", "narrow")
        for number in (1, 2, 5)
    )
    return frozenset(folded(text.strip(" \xa0\u202f0123456789")) for text in lengths) | _folded_list("within", "units")


def is_length_unit(word: str) -> bool:
    """Whether a word counts a length of time: `yrs`, `mois`, `Monate`."""
    return folded(word.strip("(),;")) in _length_units()


def is_since(word: str) -> bool:
    """Whether a word says that something goes on from then: `since`, `seit`, `depuis`."""
    return folded(word) in _folded_list("within", "since") and month_number(word) is None


def is_until(word: str) -> bool:
    """Whether a word says that something went on to then: `until`, `bis`, `jusqu'à`."""
    return folded(word) in _folded_list("within", "until") and month_number(word) is None


def is_weekday(word: str) -> bool:
    """Whether a folded word is a day of the week."""
    return word in _weekdays()


def is_season(word: str) -> bool:
    """Whether a folded word is a season."""
    return word in _folded_list("within", "seasons")


def is_rough(word: str) -> bool:
    """Whether a folded word makes a date vague."""
    return word in _folded_list("within", "roughly")


def is_connector(word: str) -> bool:
    """Whether a folded word only joins the parts of a date."""
    return word in _folded_list("within", "connectors")
