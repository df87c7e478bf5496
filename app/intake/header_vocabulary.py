"""The labels of all fields made ready for looking up, and the kinds of label that say what a file is a list of.

Made when the first header is read, not when the program starts: pages and workers that read no file do without. Labels
come from `app/intake/header_names.py`; `app/intake/headers.py` looks them up.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain

from app.intake.header_names import COMPANY, COMPANY_SIGNS, CUSTOMER, KNOWN, PERSON, PERSON_SIGNS
from app.intake.header_parts import LabelIndex, spellings
from app.text.mojibake import mended
from app.text.values import fold

__all__ = ["FIELDS", "Vocabulary", "compared", "normalise", "parts", "vocabulary"]

# kind of upload -> field -> labels that may hold it, best first
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {"people": PERSON, "companies": COMPANY, "customers": CUSTOMER}


@dataclass(frozen=True)
class Vocabulary:
    """All labels, as `compared` spells them.

    Attributes:
        labels: kind of upload -> field -> its labels, best first.
        known: those that exports use, whether a field takes them or not.
        known_in: kind of upload -> those of `known` that are no other kind's alone.
        people: any one of these means that a row is a person.
        companies: any one of these means that a row is a company, where nobody is named.
        somebody: labels of columns that name a person.
    """

    labels: dict[str, dict[str, tuple[str, ...]]]
    known: frozenset[str]
    known_in: dict[str, frozenset[str]]
    people: frozenset[str]
    companies: frozenset[str]
    somebody: frozenset[str]


def normalise(label: str) -> str:
    """A label without case, accents' encoding, spaces and punctuation: `# Employees` and `employees` are the same."""
    plain = label.lower() if label.isascii() else unicodedata.normalize("NFKC", mended(label)).casefold()
    return "".join(filter(str.isalnum, plain))


def compared(label: str) -> str:
    """A label to look up by: normalised, and without the accents that exports in capitals leave out."""
    return fold(normalise(label))


def _all_compared(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(map(_ways, labels))))


@cache  # the kinds of upload share most of their labels
def _ways(label: str) -> tuple[str, ...]:
    return tuple(map(compared, spellings(label)))


@cache
def vocabulary() -> Vocabulary:
    """The labels, made once."""
    labels = {kind: {name: _all_compared(own) for name, own in fields.items()} for kind, fields in FIELDS.items()}
    kept = frozenset(_all_compared(KNOWN))
    known_in = {kind: kept.union(*fields.values()) for kind, fields in labels.items()}
    names = (labels["people"][name] for name in ("first_name", "last_name", "person_name"))
    return Vocabulary(
        labels=labels,
        known=frozenset().union(*known_in.values()),
        known_in=known_in,
        people=frozenset(_all_compared(PERSON_SIGNS)),
        companies=frozenset(_all_compared(COMPANY_SIGNS)),
        somebody=frozenset().union(*names) - {"name", "contact"},
    )


@cache
def parts(kind: str) -> LabelIndex:
    """The labels of a kind of upload by their words."""
    return LabelIndex(FIELDS[kind])
