"""Commas in names: "Last, First", "First Last, credentials", "First Last, what or where somebody is".

One word before the comma is a surname. Two are a double surname only where what follows is a given name and they are
not one; given names of seventy countries (`given_names.txt`) and the names of places tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.text import _name_words as words
from app.text._name_occupations import WORK_WORDS
from app.text._name_titles import (
    are_credentials,
    key_of,
    looks_like_credential,
    without_credentials,
    without_titles,
)
from app.text._towns import is_town
from app.text.places import country_code
from app.text.regions import is_region, is_region_of
from app.text.values import fold

__all__ = ["EDGES", "Core", "by_commas", "is_work", "particles_in_front"]

EDGES = ' \t,;:-_*"\u201c\u201d`\u00b4/&+!?\u00b7|@~#=<>^'
INITIAL = len("J.")
SHORT = 4
ENDS = EDGES + "'\u2018\u2019"


@dataclass(frozen=True, slots=True)
class Core:
    """What is left of a name: the text before a comma, the given names behind it if it was "Last, First", Jr./III."""

    text: str
    given: str | None = None
    generation: str | None = None
    titled: bool = False


def is_work(text: str) -> bool:
    """Whether a text speaks of somebody's work; a lone capital at its end is an initial."""
    tokens = text.split()
    tokens = (
        tokens[:-1] if len(tokens) > 1 and tokens[-1].rstrip(".").isupper() and len(tokens[-1]) <= INITIAL else tokens
    )
    return any(
        word.strip(".,;:!()").casefold() in WORK_WORDS and not (len(word) == INITIAL and word[1] == ".")
        for word in tokens
    )


def by_commas(line: str, *, column: bool) -> Core | None:
    """Tell "Last, First" from "Name, credentials" and "Name, tagline"."""
    head, *rest = (part.strip(EDGES) for part in line.split(","))
    parts, titled = without_titles(head.split())
    parts, generation = without_credentials(parts, column=column, surname_only=bool(rest))
    given: list[str] = []
    if len(rest) > 1 and len(parts) > 1 and _is_town(rest, parts):
        rest = []  # Nathan Brooks, Austin, TX
    for part in rest:
        tokens, _ = without_titles(part.split(), all_of_them=True)
        if tokens and key_of(tokens[0]) in words.GENERATIONS and tokens[0].lower() not in {"2nd", "3rd"}:
            generation = words.GENERATIONS[key_of(tokens.pop(0))]
        if tokens and all((token if head[1:2].islower() else token.lower()) in words.PARTICLES for token in tokens):
            parts = [*tokens, *parts]  # "Berg, van den"
            continue
        if not tokens or ((len(parts) > 1 or column) and are_credentials(tokens, parts, sure_only=False)):
            continue
        if len(parts) == 1 and are_credentials(tokens[:1], parts, sure_only=True):
            continue
        if given or column or is_work(part) or any(char.isdigit() for char in part):
            break
        if len(parts) > 1 and not _is_given(tokens, parts):
            break
        given, behind = without_credentials(tokens, column=True)
        generation = generation or behind
    parts, given = _letters(parts), _letters(given)
    if not parts and not given:
        return None
    given, parts = _particles_first(given, particles_in_front(parts) if given else parts)
    return Core(" ".join(parts or given), " ".join(given) if parts and given else None, generation, titled)


def particles_in_front(parts: list[str]) -> list[str]:
    """`Vries de` and `Berg van den` are how registers sort de Vries and van den Berg."""
    cut = len(parts)
    while cut and parts[cut - 1] in words.SORTED_BEHIND:
        cut -= 1
    return [*parts[cut:], *parts[:cut]] if cut else parts


def _particles_first(given: list[str], parts: list[str]) -> tuple[list[str], list[str]]:
    """`Berg, Joost van den` is Joost van den Berg."""
    cut = len(given)
    while cut > 1 and given[cut - 1] in words.SMALL:
        cut -= 1
    if cut > 1 and cut < len(given) and given[cut - 1] == "in":
        cut -= 1  # in 't Veld
    return given[:cut], [*given[cut:], *parts]


def _is_given(behind: list[str], head: list[str]) -> bool:
    """Whether what follows the comma after two or more words is a given name, and those words a surname."""
    if any(looks_like_credential(token) for token in behind):
        return False
    first = fold(behind[0].strip(EDGES))
    opens_with_given = fold(head[0].strip(EDGES)) in words.given_names()
    if _is_place(" ".join(behind)):
        return first in words.given_names() and not opens_with_given
    if first in words.given_names():
        return not opens_with_given or fold(head[-1].strip(EDGES)) not in _surnames_only(head)
    return not opens_with_given and head[0].lower() in words.PARTICLES


def _surnames_only(head: list[str]) -> frozenset[str]:
    """The last word of "First Last", where it is no given name itself."""
    last = fold(head[-1].strip(EDGES))
    return frozenset() if last in words.given_names() else frozenset((last,))


def _is_town(rest: list[str], head: list[str]) -> bool:
    """Whether a town and its state or country follow a whole name."""
    if fold(head[0]) not in words.given_names() or not _is_region(rest[-1]):
        return False
    return key_of(rest[0]) not in words.GENERATIONS and not are_credentials(rest[0].split(), head, sure_only=False)


def _is_region(text: str) -> bool:
    """Whether a text is a country or a state, by name or by code."""
    return country_code(text) is not None or is_region(text) or is_region_of(text, "US") or is_region_of(text, "CA")


def _is_place(text: str) -> bool:
    """Whether a text is a country, a state or province, or a town that is known."""
    return country_code(text) is not None or is_region(text) or is_town(text)


def _letters(tokens: list[str]) -> list[str]:
    """The tokens that hold a letter, without the punctuation that hangs on them."""
    bare = (
        token.strip(EDGES).rstrip("'\u2018\u2019") if token[:1] in "'\u2019" else token.strip(ENDS) for token in tokens
    )
    trimmed = (
        token if len(token) < SHORT or token.count(".") > 1 or token[-3:-2] == "-" else token.rstrip(".")
        for token in bare
    )
    return [token for token in trimmed if any(char.isalpha() for char in token)]
