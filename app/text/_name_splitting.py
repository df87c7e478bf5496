"""Splits a clean name into first and last: what `nameparser` does, and which particles it leaves to the surname.

`names.py` asks this where nothing else gives away which word is which (`_name_order`).
"""

from __future__ import annotations

import re
from functools import cache

from nameparser import Parser, Policy

from app.text import _name_words as words

__all__ = ["LATIN", "first_and_last", "parser"]

LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
DUTCH = frozenset(("de", "den", "der"))
INITIAL = re.compile(r"\w\.?")


def first_and_last(parts: list[str]) -> tuple[str, str]:
    """First and last name out of two or more words; middle names go with neither."""
    text = " ".join(parts)
    if parts[0] in words.DOUBLED and len(parts) > 2:  # noqa: PLR2004
        given, family = first_and_last(parts[1:])
        return f"{parts[0]} {given}", family
    if len(parts) == 2 and LATIN.match(text) and not set(map(str.lower, parts)) & words.PARTICLES:  # noqa: PLR2004
        return parts[0], parts[1]
    parsed = parser().parse(text)
    given, middle, family = parsed.given, parsed.middle, parsed.family
    if not (given and family):
        given, middle, family = parts[0], " ".join(parts[1:-1]), parts[-1]
    if middle and family.lower() in words.FAMILY_TAILS:
        *others, before = middle.split()
        middle, family = " ".join(others), f"{before} {family}"
    middle, family = _particles_to_family(middle, family)
    if middle.endswith(" in") or middle == "in":
        middle, family = middle[:-2].rstrip(), f"in {family}"  # Sophie in 't Veld
    for word in middle.split():
        if not _goes_on(given, word):
            break
        given = f"{given} {word}"
    return given, family


def _particles_to_family(middle: str, family: str) -> tuple[str, str]:
    """`von und zu`, `El`, `Ait`, `Oude` before the surname belong to it; so does what a Dutch or German one opens."""
    before = middle.split()
    if family.partition(" ")[0].lower() in words.PARTICLES:
        opens = next((n for n, word in enumerate(before) if word.lower() in words.OPEN_SURNAMES), len(before))
        if before[:1] and before[0] in DUTCH:
            opens = 0  # de Vos van Steenwijk
        before, family = before[:opens], " ".join([*before[opens:], family])
        if before and before[-1].lower() in words.NOBLE:
            family = f"{before.pop()} {family}"
    elif before and before[-1].lower() in words.LENITED and family[1:2] == "h":
        family = f"{before.pop()} {family}"
    cut = len(before)
    while cut and (before[cut - 1] == "v." or before[cut - 1].lower() in words.PARTICLES - {"y", "e", "i"}):
        cut -= 1
    return " ".join(before[:cut]), " ".join([*before[cut:], family])


def _goes_on(given: str, following: str) -> bool:
    """Whether the first name has a further word: `Jean Pierre`, `J. Robert`."""
    if given == "Jean":
        return following.lower() in words.JEANS
    return all(INITIAL.fullmatch(word) for word in given.split())


@cache
def parser() -> Parser:
    """`nameparser` without titles and post-nominals, which are gone by then: Dean, Prince and Major are names here."""
    lexicon = words.LEXICON
    ascii_only = {
        field: {entry for entry in getattr(lexicon, field) if entry.isascii()}
        for field in ("titles", "given_name_titles", "suffix_acronyms", "suffix_words", "suffix_acronyms_ambiguous")
    }
    return Parser(
        lexicon=lexicon.remove(**ascii_only).add(particles={"ten", "tot"}),
        policy=Policy(unlisted_dotted_suffixes=False, lenient_comma_suffixes=False),
    )
