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

from app.extraction.reports import shown

__all__ = ["EMPTY", "Names", "Record", "fields_of", "key_of", "keys", "knows", "record_of", "unread"]

EMPTY: tuple[Any, ...] = (None, "", [], {})
"""Values that are there and say nothing whatever their words mean; `is_nothing` knows the words, too."""

LONGEST_KEY = 80
MOST_UNREAD = 100
MOST_KEYS_KEPT = 200
"""An object with more keys than this is no vendor's record: its shape is not worth remembering."""


class Names(tuple[str, ...]):  # noqa: SLOT001 -- a tuple's subclass can have no slot of its own
    """The keys of a field, in the order in which they are believed.

    `known` tells fast that an object has none, `rank` in which order two are. Equal only to
    itself: a `Shape` remembers by it what it found.
    """

    known: frozenset[str]
    rank: dict[str, int]

    def __new__(cls, names: Iterable[str]) -> Self:
        """Keys in order, each once."""
        made = super().__new__(cls, dict.fromkeys(names))
        made.known = frozenset(made)
        made.rank = {name: place for place, name in enumerate(made)}
        return made

    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Shape(dict[Names, tuple[str, ...]]):
    """What objects with the same keys have in common: `shape[names]` are those of the names that they have, in order.

    The objects that a tool sends nearly all have the same keys, so that this is worked out once for thousands of them.
    `spelt` are the keys as they came, `compared` the same in the form of `key_of`.
    """

    __slots__ = ("_besides", "compared", "distinct", "spelt")

    def __init__(self, spelt: tuple[str, ...]) -> None:
        super().__init__()
        self.spelt = spelt
        self.compared = tuple(map(key_of, spelt))
        self.distinct = frozenset(self.compared)
        self._besides: dict[Names, tuple[tuple[str, str], ...]] = {}

    def __missing__(self, names: Names) -> tuple[str, ...]:
        """Look for the names once."""
        found = self[names] = tuple(name for name in names if name in self.distinct)
        return found

    def besides(self, names: Names) -> tuple[tuple[str, str], ...]:
        """The keys that are none of the names, each as it came and in the form of `key_of`."""
        found = self._besides.get(names)
        if found is None:
            pairs = zip(self.spelt, self.compared, strict=True)
            found = self._besides[names] = tuple(pair for pair in pairs if pair[1] not in names.known)
        return found


class Record(dict[str, Any]):
    """An object of a payload whose keys are in the form of `key_of`; `said` is the object as it came."""

    __slots__ = ("said", "shape")

    said: dict[str, Any]
    shape: Shape


_BETWEEN = re.compile(r"[\W_]+")


@lru_cache(maxsize=16_384)
def key_of(name: str) -> str:
    """A key without case, blanks and punctuation; what is longer than any key stays as it is."""
    return _BETWEEN.sub("", name).casefold() if len(name) <= LONGEST_KEY else name


_shape = lru_cache(maxsize=2_048)(Shape)


def record_of(said: dict[str, Any]) -> Record:
    """The same object with comparable keys; of two keys that are one, the first that says something wins."""
    spelt = tuple(said)
    shape = _shape(spelt) if len(spelt) <= MOST_KEYS_KEPT else Shape(spelt)
    pairs = zip(shape.compared, said.values(), strict=True)
    if len(shape.distinct) == len(spelt):
        record = Record(pairs)
    else:
        record = Record()
        for key, value in pairs:
            if key not in record or record[key] in EMPTY:
                record[key] = value
    record.said, record.shape = said, shape
    return record


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


def unread(record: Record, *sections: str) -> list[str]:
    """The names in a record (as they can be shown) that say something and that no reader of these sections knows."""
    said = record.said
    strangers = record.shape.besides(_known(sections))
    return [shown(name) for name, _ in strangers if said[name] not in EMPTY][:MOST_UNREAD]


def knows(name: str, *sections: str) -> bool:
    """Whether any reader of these sections knows the name."""
    return key_of(name) in _known(sections).known


@cache
def _known(sections: tuple[str, ...]) -> Names:
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
