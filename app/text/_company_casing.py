"""Capitals of company names: `NORTHGATE ROBOTICS` is shouted, `IBM` and `IKEA` are spelt so.

Only names written wholly in one case are touched, and of those only what is no acronym: a short word stays in capitals
unless it is a known word, a longer one unless it is a known brand or has no vowel.
"""

from __future__ import annotations

import re

from app.text import _company_capitals as words
from app.text._casing import capitalised_word
from app.text.values import fold

__all__ = ["recase_company"]

VOWELS = frozenset("aeiouy")
ACRONYM_LENGTH = 3
SURELY_SHOUTED = 6
LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
NUMBERED = re.compile(r"(\d+)(?=[^\W\d_]*[AEIOUaeiou])([^\W\d_]{4,})")
DOMAIN = re.compile(r"(?P<name>[\w-]+)(?P<end>(?:\.[a-z]{2,})+)", re.IGNORECASE)


def recase_company(name: str, written: str) -> str:
    """Write a name with care if it is in one case.

    Args:
        name: the name without legal form.
        written: the cell it came from, whose form may show that everything was shouted (`ACME CORP.`).
    """
    capitals, small = name.upper(), name.lower()
    if name not in {capitals, small} or capitals == small:
        return name  # in mixed case; or digits, or a script without capitals
    if small in words.BRANDS:
        return words.BRANDS[small]
    if name == small:
        meant = written != written.lower() or DOMAIN.fullmatch(name)  # adidas AG, acme.com
        return name if meant else _spelt(name, shouted=False)
    return _spelt(name, shouted=True) if _is_shouted(name, written) else name


def _is_shouted(name: str, written: str) -> bool:
    """Whether capitals are carelessness rather than an acronym."""
    long_words = [word for word in LETTERS.findall(name) if len(word) > ACRONYM_LENGTH]
    if not long_words:
        return any(len(word) > 1 and fold(word) in words.SHORT_WORDS for word in name.split())
    if len(name.split()) > 1 or len(long_words[0]) >= SURELY_SHOUTED:
        return True
    return any(word.isupper() and fold(word) in words.SHOUTABLE for word in LETTERS.findall(written))


def _spelt(name: str, *, shouted: bool) -> str:
    """Each word with its capitals; joining words small."""
    parts = name.split()
    return " ".join(
        part.lower() if 0 < i < len(parts) - 1 and part.lower() in words.SMALL_WORDS else _word(part, shouted=shouted)
        for i, part in enumerate(parts)
    )


def _word(word: str, *, shouted: bool) -> str:
    """One word with its capitals; punctuation around it stays."""
    bare = word.strip("()[]\"'.,!?:;")
    return word.replace(bare, _bare_word(bare, shouted=shouted)) if bare else word


def _bare_word(bare: str, *, shouted: bool) -> str:
    low = bare.lower()
    if low in words.BRANDS:
        return words.BRANDS[low]
    domain = DOMAIN.fullmatch(bare)
    if domain and len(domain["end"]) > len(".x") and not domain["end"].isdigit():
        return capitalised_word(domain["name"].lower()) + domain["end"].lower()
    if "-" in bare or "/" in bare:
        pieces = re.sub(r"[^-/]+", lambda piece: _bare_word(piece[0], shouted=shouted), bare)
        return f"Co-{low[3:]}" if low.startswith("co-") else pieces
    if shouted and (numbered := NUMBERED.fullmatch(bare)):
        return numbered[1] + capitalised_word(numbered[2])
    if any(char.isdigit() or char in "&." for char in bare):
        return bare.upper() if shouted or len(bare) <= ACRONYM_LENGTH else bare
    return capitalised_word(bare) if _is_word(fold(bare), shouted=shouted) else bare.upper()


def _is_word(letters: str, *, shouted: bool) -> bool:
    """Whether letters are a word rather than an acronym."""
    if not VOWELS & set(letters):
        return letters in words.ABBREVIATIONS
    return not shouted or len(letters) > ACRONYM_LENGTH or letters in words.SHORT_WORDS | words.SMALL_WORDS
