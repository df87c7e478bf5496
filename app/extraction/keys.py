"""Names under which payloads say things, and the one way to compare them: `Company Name` is `companyName`.

Headers of uploads are matched without case, blanks and punctuation; so are the keys of answers. Which keys mean what is
data (`vendor_keys.toml`): the readers of this package ask for a field and get every key that any vendor has for it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Self

__all__ = ["EMPTY", "Names", "fields_of", "key_of", "keys", "known_to", "knows"]

EMPTY: tuple[Any, ...] = (None, "", [], {})
"""Values that are there and say nothing whatever their words mean; `is_nothing` knows the words, too."""

LONGEST_KEY = 80


class Names(tuple[str, ...]):  # noqa: SLOT001 -- a tuple's subclass can have no slot of its own
    """The keys of a field, in the order in which they are believed.

    `known` are the same as a set. Equal only to itself: a `Shape` remembers by it what it found.
    """

    known: frozenset[str]

    def __new__(cls, names: Iterable[str]) -> Self:
        """Keys in order, each once."""
        made = super().__new__(cls, dict.fromkeys(names))
        made.known = frozenset(made)
        return made

    __eq__ = object.__eq__
    __hash__ = object.__hash__


_BETWEEN = re.compile(r"[\W_]+")


@lru_cache(maxsize=16_384)
def key_of(name: str) -> str:
    """A key without case, blanks and punctuation; what is longer than any key stays as it is."""
    return _BETWEEN.sub("", name).casefold() if len(name) <= LONGEST_KEY else name


@cache
def keys(*path: str) -> Names:
    """Every key that any vendor has for a field, in the order in which they are believed.

    Args:
        path: section and field of `vendor_keys.toml`: `keys("person", "title")`.
    """
    table = _table()
    for name in path:
        table = table[name]
    return Names(key_of(name) for names in table.values() for name in names)


def knows(name: str, *sections: str) -> bool:
    """Whether any reader of these sections knows the name."""
    return key_of(name) in known_to(*sections).known


@cache
def known_to(*sections: str) -> Names:
    """Every key that a reader of these sections knows, those of envelopes included."""
    table = _table()
    return Names(
        key_of(name)
        for section in (*sections, "envelope")
        for vendors in table[section].values()
        for names in vendors.values()
        for name in names
    )


def fields_of(section: str) -> tuple[str, ...]:
    """The fields of a section: `fields_of("company")`."""
    return tuple(_table()[section])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("app.extraction").joinpath("vendor_keys.toml").read_text("utf-8"))
