"""Capitals of people's names: what `JOHN MCDONALD` and `maria de la cruz` look like when written with care.

Only input in one case is touched (a word that stands out as such, or all of it): whoever wrote `McKay`, `deVries` or
`van der Lind` meant it.
"""

from __future__ import annotations

import re

from app.text import _name_words as words

__all__ = ["UNPRONOUNCED", "capitalised_word", "is_shouted", "is_turkish", "is_whispered", "recase", "settle_outliers"]

MAC_PREFIX = re.compile(r"\bMa?c(?=[A-Z])")
LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019\u02bc][^\W\d_]*)*")
VOWELS = frozenset("AEIOUYÀÁÂÃÄÅÈÉÊËÌÍÎÏÒÓÔÕÖÙÚÛÜÝĂÆØŒĄĘİŐŰŌŪĒĪ")
INITIALS = frozenset(("AJ", "CJ", "DJ", "EJ", "OJ", "PJ", "RJ", "TJ", "AC", "AB", "AK", "JA", "KA"))
UNPRONOUNCED = re.compile(r"[B-DF-HJ-NP-TV-XZ]+|(?!ANN|ART|ALF|ASH|AMR)[AEIOU][B-DF-HJ-NP-TV-XZ]{2}")
"""Capitals that are initials rather than a shouted name: APJ, KR; not ANN, TOM."""
MIN_SHOUT = 3
MIN_WORDS_WITH_TAIL = 3
MIN_SURNAME = 4


def is_shouted(text: str) -> bool:
    """Whether a text is written in capitals throughout (`JOHN McDONALD` included)."""
    text = text.replace("\u00df", "\u1e9e")  # STRAßE has its capital seldom
    if text.isupper() or text.upper() == text != text.lower():
        return True
    return "c" in text and MAC_PREFIX.sub("MC", text).isupper()


def is_whispered(text: str) -> bool:
    """Whether a text has no capital at all."""
    return text.lower() == text != text.upper()


def recase(text: str, *, opens: bool = True, turkish: bool = False) -> str:
    """Write a name that is in one case as names are written.

    Args:
        text: the name, or the part of it in one column.
        opens: whether its first word opens the whole name, and so is never a particle written small.
        turkish: whether another part of the name shows that it is Turkish.
    """
    result: list[str] = []
    parts = text.split()
    turkish = turkish or is_turkish(text)
    for i, part in enumerate(parts):
        low = part.lower()
        alone = len(parts) == 1
        after_de = low in words.SMALL_AFTER_DE and i > 0 and parts[i - 1].lower() in {"de", "van", "op", "in"}
        if i == len(parts) - 1 and not after_de:
            small = False  # a name never ends in a particle: Andy Do, Ben Van
        else:
            small = (low in words.SMALL or after_de) and not (opens and i == 0) and not alone
        if low == "in" and i < len(parts) - 1 and parts[i + 1].lower() in {"'t", "\u2019t", "den", "der"}:
            small = not (opens and i == 0)
        result.append(low if small else _turkish(part) if turkish else capitalised_word(part))
    return " ".join(result)


def is_turkish(text: str) -> bool:
    """Whether a text has a letter that only Turkish and its kin have, so that its I has no dot when small."""
    if text.isascii():
        return False
    if "\u0130" in text or "\u011e" in text:
        return True
    return "\u015e" in text and any(letter in text for letter in "\u00dc\u00d6\u00c7")  # no Romanian has these


def settle_outliers(text: str) -> str:
    """Recase the first or last word of a name where it alone is in one case: `Jean DUPONT`, `john Smith`."""
    parts = text.split()
    if len(parts) == 1:
        return text
    last = parts[-1]
    if _stands_out(last, len(parts)):
        parts[-1] = capitalised_word(last)
        opens = _surname_in_capitals(parts, last) if last.isupper() else 0
        if opens:
            parts[opens:] = recase(" ".join([*parts[opens:-1], last]), opens=False).split()
    first = parts[0]
    whispered = first.islower() and first not in words.PARTICLES and "'" not in first
    shouted = len(first) >= MIN_SHOUT and first.isupper() and first.isalpha() and not UNPRONOUNCED.fullmatch(first)
    if whispered or shouted:
        parts[0] = capitalised_word(first)
    return " ".join(parts)


def _surname_in_capitals(parts: list[str], last: str) -> int:
    """Where a surname of several words opens that is in capitals as a whole: `Vera AL SABAH`; 0 for any other."""
    opens = len(parts) - 1
    while opens > 1 and parts[opens - 1].isupper() and len(parts[opens - 1]) > 1 and _is_spoken(parts[opens - 1]):
        opens -= 1
    return opens if opens < len(parts) - 1 and len(last) >= MIN_SHOUT and not parts[0].isupper() else 0


def _is_spoken(word: str) -> bool:
    """Whether capitals are a word rather than initials: a particle, or at least three letters with a vowel."""
    if not word.replace("-", "").isalpha():
        return False
    return word.lower() in words.PARTICLES | words.ARTICLES or (
        len(word) >= MIN_SHOUT and bool(VOWELS & set(word)) and UNPRONOUNCED.fullmatch(word) is None
    )


def _stands_out(last: str, count: int) -> bool:
    """Whether the last word is a surname in capitals or small letters rather than initials or an unknown credential."""
    if last.islower():
        return last not in words.PARTICLES and last.isalpha()
    bare = last.replace("-", "").replace("'", "")
    if not (bare.isalpha() and is_shouted(last)) or (bare < "\u0370" and not VOWELS & set(bare.upper())):
        return False
    return len(bare) >= (MIN_SURNAME if count >= MIN_WORDS_WITH_TAIL else 2)


def capitalised_word(word: str) -> str:
    """One word of a name with its capitals, inside hyphens and behind apostrophes too: `O'NEIL-MCKAY`."""
    if "-" in word:
        pieces = word.split("-")
        return "-".join(
            piece.lower() if 0 < i < len(pieces) - 1 and piece.lower() in words.SMALL else capitalised_word(piece)
            for i, piece in enumerate(pieces)
        )
    if "." in word:
        return _dotted(word)
    if "\u0130" in word or "\u011e" in word or "\u0307" in word:
        return _turkish(word.replace("i\u0307", "\u0130"))
    low = word.lower()
    if known := words.WRITTEN.get(low) or words.GENERATIONS.get(low):
        return known
    if len(word) == 2 and word.isalpha() and (word.upper() in INITIALS or not VOWELS & set(word.upper())):  # noqa: PLR2004
        return word.upper() if low not in words.TWO_LETTER_NAMES else word.capitalize()
    return LETTERS.sub(lambda found: _capitalised(found[0]), low)


def _turkish(word: str) -> str:
    """Turkish has two letters I, each with its own small letter: `ÇELİK` is Çelik."""
    low = word.replace("\u0130", "i").replace("I", "\u0131").lower()
    return word[0] + low[1:]


def _dotted(word: str) -> str:
    """Initials and abbreviations: `J.R.`, `ST.JOHN`."""
    return ".".join(capitalised_word(piece) if piece else piece for piece in word.split("."))


def _capitalised(low: str) -> str:
    """One run of lower-case letters, perhaps with an apostrophe, with its capital or capitals."""
    mark = next((char for char in low if char in "'\u2019\u02bc"), "")
    if not mark:
        return _capitalised_letters(low)
    head, _, tail = low.partition(mark)
    if not head:
        return low
    if tail and head in words.APOSTROPHE_OPENERS:
        tail = _capitalised(tail)
    return f"{_capitalised_letters(head)}{mark}{tail}"


def _capitalised_letters(low: str) -> str:
    """One run of nothing but lower-case letters."""
    if low.startswith("mc") and len(low) > 3:  # noqa: PLR2004 -- Mc and at least two letters
        return "Mc" + low[2:].capitalize()
    if low in words.MAC_NAMES:
        return "Mac" + low[3:].capitalize()
    if low.startswith("ij") and len(low) > 3:  # noqa: PLR2004 -- the Dutch letter: IJsbrand
        return "IJ" + low[2:]
    return low.capitalize()
