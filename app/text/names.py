"""People's names out of profile headings and CSV columns: first name, last name, and the whole name as a letter has it.

What is no name goes: titles and credentials, emoji, taglines, pronouns, nicknames. What is one stays as its bearer
writes it: particles, accents, inner capitals, other scripts. `nameparser` splits what is left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from app.text import _name_words as words
from app.text._casing import UNPRONOUNCED, is_shouted, is_turkish, is_whispered, recase, settle_outliers
from app.text._company_words import NO_PERSON
from app.text._name_cleaning import LONGEST, strip_decoration
from app.text._name_commas import Core, particles_in_front
from app.text._name_occupations import OCCUPATION_FIELDS, OCCUPATIONS, UNITS, names_nobody
from app.text._name_order import (
    before_patronymic,
    given_with_devotion,
    joined_surname,
    surname_in_front,
    vietnamese_name,
)
from app.text._name_plain import is_plain
from app.text._name_splitting import LATIN, first_and_last, parser
from app.text._name_titles import key_of, only_titles
from app.text.companies import names_a_company
from app.text.places import country_code
from app.text.values import clean_text, fold

__all__ = ["PersonName", "person_name"]

PLAIN = re.compile(r"[A-Z][a-z]{2,} [A-Z][a-z]{2,}")
PLAIN_PART = re.compile(r"[A-Z][a-z]{2,}")
SPELT_WITHOUT_BLANKS = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
EMPLOYER = re.compile(r"(,\s|\s(?:[-|\u2013\u2014@\u2022\u00b7]|//|at|bei|chez)\s)")
POLISH = re.compile(r"(?:[sc]ki|czyk|wicz|szek|arek|czak|[sc]ky|ek|ak|ik)\Z")
INITIAL_TAIL = re.compile(r"(?<=[^\W\d_]{2})(?:\s+[^\W\d_]\.?)+\Z")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name. `full` has middle names and Jr./III; `last` is None for people of one name."""

    first: str | None = None
    last: str | None = None
    full: str | None = None


NOBODY = PersonName()


@lru_cache(maxsize=16_384)
def person_name(
    full: str | None = None, first: str | None = None, last: str | None = None, country: str | None = None
) -> PersonName:
    """Read a name from the columns that there are.

    Args:
        full: the whole name, as a heading or a "Full name" column has it.
        first: the column for first names.
        last: the column for last names.
        country: where the person lives, in any spelling; decides whether a middle name is a first surname (Spain).
    """
    if first and last:
        if not full and PLAIN_PART.fullmatch(first) and PLAIN_PART.fullmatch(last) and not _needs_care(first, last):
            return PersonName(first, last, f"{first} {last}")
        if not full and _is_one_word(first) and _is_one_word(last) and not _is_nobody(first, last):
            return PersonName(first, last, f"{first} {last}")
        return _from_columns(first, last, full, country)
    text = full or first or last
    if text and PLAIN.fullmatch(text):
        given, _, family = text.partition(" ")
        if not _needs_care(given, family):
            return PersonName(given, family, text)
    if text and (_stands_for_nobody(text) or (not last and only_titles(text))):
        return NOBODY
    core = strip_decoration(text)
    if core and not first and text == last:
        core = replace(core, titled=True)  # a last name, whatever it looks like
    return _from_core(core, country) if core else NOBODY


def _stands_for_nobody(text: str) -> bool:
    """Whether a text is a company's name, or what a form shows where nobody is named."""
    return (names_a_company(text.strip()) and not _at_work(text)) or names_nobody(text)


def _is_one_word(cell: str) -> bool:
    """Whether a cell is one word of a name, in careful capitals already: `Benoît`, `Jean-Luc`."""
    return cell.istitle() and " " not in cell and cell == clean_text(cell) and len(cell) <= LONGEST and is_plain(cell)


def _is_nobody(first: str, last: str) -> bool:
    """Whether two cells that each may hold a part of a name are a company or a mailbox together: Support Team."""
    whole = f"{first} {last}"
    return names_a_company(whole) or names_nobody(whole)


def _needs_care(given: str, family: str) -> bool:
    """Whether one of two plain words may be a title, a credential, a particle or an empty value."""
    first, last = given.lower(), family.lower()
    return (
        first in words.TITLES
        or first in words.TITLES_ALONE
        or first == "pan"
        or first in words.PARTICLES
        or first == last
        or last in words.SURE_CREDENTIALS
        or last in words.GENERATIONS
        or last in words.FAMILY_TAILS
        or last in NO_PERSON
        or not UNITS.isdisjoint((first, last))
        or bool({first, last} & {"none", "null", "unknown", "undefined"})
        or last
        in {
            "team",
            "member",
            "user",
            "last",
            "name",
            "lastname",
            "service",
            "support",
            "resources",
            "desk",
            "manager",
            "department",
            "care",
        }
    )


def _at_work(text: str) -> bool:
    """Whether a company's name only follows a person's: `Amina Yusuf, Acme Ltd`."""
    person, _, employer = (*EMPLOYER.split(text, maxsplit=1), "", "")[:3]
    opening, *others = person.split() or [""]
    return bool(others) and len(employer.split()) > 1 and fold(opening) in words.given_names()


def _from_core(core: Core, country: str | None) -> PersonName:
    """Split one text into first and last name."""
    if core.given:
        given, family = _written(core.given), _written(core.text, opens=False)
        return _assembled(given, family, f"{given} {family}", core.generation)
    if vietnamese := vietnamese_name(core.text.split()):
        return _assembled(*vietnamese, core.generation)
    if in_front := surname_in_front(core.text.split()):
        given, family = in_front[0], _written(in_front[1], opens=False)
        return _assembled(given, family, f"{given} {family}", core.generation)
    text = _written(_without_occupation(core.text))
    parts = text.split()
    if len(parts) == 1:
        return _one_word(text, core)
    if parts[0] in words.SMALL:
        return PersonName(None, text, text)
    if len(parts) > 2 and parts[-1] in words.SORTED_BEHIND:  # noqa: PLR2004
        parts = [parts[0], *particles_in_front(parts[1:])]  # Joost Berg van den
        text = " ".join(parts)
    devoted = given_with_devotion(parts)
    behind = parts[devoted:]
    given, family = (
        _two_surnames(behind, country) or before_patronymic(behind) or joined_surname(behind) or first_and_last(behind)
    )
    given = " ".join([*parts[:devoted], given])
    return _assembled(given, family, text, core.generation)


def _without_occupation(text: str) -> str:
    """`Dana Whitlock Realtor`: what somebody does, behind a first and a last name."""
    parts = text.split()
    last = OCCUPATIONS
    while len(parts) > 2 and parts[-1].casefold() in last:  # noqa: PLR2004
        parts.pop()
        last = OCCUPATIONS | OCCUPATION_FIELDS
    return " ".join(parts)


def _one_word(text: str, core: Core) -> PersonName:
    """A mononym; with a title before it, a surname; unspaced Han or kana cannot be split by their script alone."""
    if SPELT_WITHOUT_BLANKS.fullmatch(text):
        return PersonName(None, None, text)
    if not LATIN.search(text):
        parsed = parser().parse(text)
        if parsed.given and parsed.family:
            return PersonName(parsed.given, parsed.family, text)
    if core.titled:
        return PersonName(None, text, text)
    return PersonName(text, None, text)


def _from_columns(first: str, last: str, full: str | None, country: str | None) -> PersonName:
    """Clean two columns that belong together, and put right what landed in the wrong one."""
    given = None if only_titles(first) or _is_pan(first, last) else strip_decoration(first, column=True)
    family = None if _is_no_surname(last) else strip_decoration(last, column=True)
    if given and family and (names_a_company(f"{given.text} {last}") or names_nobody(f"{first} {last}")):
        return NOBODY
    if given is None or family is None:
        return _from_one_column(first if given else last, given or family, country, is_last=given is None)
    head, tail = fold(given.text), fold(family.text)
    if head == tail and " " in head:
        return _from_core(given, country)
    given_text, family_text = given.text, family.text
    if head.endswith(f" {tail}"):
        given_text = given_text[: -len(family_text) - 1]
    elif tail.startswith(f"{head} "):
        family_text = family_text[len(given_text) + 1 :]
    given_text, family_text = _particles_sorted(given_text, family_text)
    if " " in family_text:
        family_text = _without_occupation(f"- {family_text}")[2:]
    initials = UNPRONOUNCED.fullmatch(given_text) and not is_shouted(family_text)
    turkish = is_turkish(given_text + family_text)
    given_text = given_text if initials else _written(given_text, turkish=turkish)
    family_text = _written(family_text, opens=False, turkish=turkish)
    name = _assembled(given_text, family_text, f"{given_text} {family_text}", family.generation or given.generation)
    return PersonName(name.first, name.last, _longer(name, full, country))


def _is_pan(first: str, last: str) -> bool:
    """Whether a first-name cell `Pan` is the Polish and Czech form of address, which the surname's ending tells."""
    return first.strip(" .").casefold() == "pan" and POLISH.search(fold(last)) is not None


def _particles_sorted(given: str, family: str) -> tuple[str, str]:
    """("Jan van der", "Berg") and ("Jan", "Berg van der") are Jan / van der Berg."""
    parts = given.split()
    cut = len(parts)
    while cut > 1 and parts[cut - 1] in words.SORTED_BEHIND:
        cut -= 1
    family = " ".join([*parts[cut:], *particles_in_front(family.split())])
    return " ".join(parts[:cut]), family


def _is_no_surname(last: str) -> bool:
    """Whether a last-name cell holds only what may follow a surname: `Jr.`, `III`, `PhD`."""
    key = key_of(last)
    return key in words.GENERATIONS or key in words.NEVER_SURNAMES


def _from_one_column(text: str, core: Core | None, country: str | None, *, is_last: bool) -> PersonName:
    """One of the two columns says nothing: a single word in the other stays what its column says it is."""
    whole = strip_decoration(text) or core
    if whole is None:
        return NOBODY
    if is_last and not whole.given and whole.text.partition(" ")[0].lower() in words.SMALL and " " in whole.text:
        family = _written(whole.text, opens=False)
        return PersonName(None, family, f"{family} {whole.generation}" if whole.generation else family)
    if is_last and len(whole.text.split()) == 1 and not whole.given:
        whole = replace(whole, titled=True)
    return _from_core(whole, country)


def _longer(name: PersonName, full: str | None, country: str | None) -> str | None:
    """The whole name of its own column, where it only adds to the other two (a middle name, Jr.)."""
    core = strip_decoration(full)
    whole = _from_core(core, country).full if core else None
    if whole and whole == f"{name.last}{name.first}":
        return whole  # Korean and Japanese names are written in one word, family first
    if whole and name.full and set(fold(name.full).split()) <= set(fold(whole).split()):
        return whole
    return name.full


def _written(text: str, *, opens: bool = True, turkish: bool = False) -> str:
    """The text with its capitals put right where they are plainly wrong."""
    if text.istitle() and not text.isupper():
        return text
    if all(word[0].islower() and word[1:].isupper() for word in text.split()):
        text = text.upper()  # jOHN sMITH: somebody's caps lock
    if is_shouted(text) or is_whispered(text):
        return recase(text, opens=opens, turkish=turkish)
    return settle_outliers(text)


def _assembled(given: str, family: str, whole: str, generation: str | None) -> PersonName:
    first = INITIAL_TAIL.sub("", given) if " " in given else given
    return PersonName(first, family, f"{whole} {generation}" if generation else whole)


def _two_surnames(parts: list[str], country: str | None) -> tuple[str, str] | None:
    """Where people bear two surnames, three plain words are a given name and both of them."""
    if country_code(country) not in words.TWO_SURNAME_COUNTRIES:
        return None
    if any(part.lower() in words.PARTICLES or "." in part for part in parts):
        return None
    if len(parts) == 4:  # noqa: PLR2004
        return " ".join(parts[:2]), " ".join(parts[2:])
    if len(parts) == 3 and fold(parts[1]) not in words.SECOND_GIVEN_NAMES:  # noqa: PLR2004
        return parts[0], " ".join(parts[1:])
    return None
