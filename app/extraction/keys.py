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

__all__ = ["Names", "Record", "fields_of", "key_of", "keys", "knows", "record_of", "unread"]

LONGEST_KEY = 80
MOST_UNREAD = 100


class Record(dict[str, Any]):
    """An object of a payload whose keys are in the form of `key_of`; `said` is the object as it came."""

    __slots__ = ("said",)

    def __init__(self, said: dict[str, Any]) -> None:
        super().__init__()
        self.said = said


class Names(tuple[str, ...]):  # noqa: SLOT001 -- a tuple's subclass can have no slot of its own
    """The keys of a field, in the order in which they are believed; `known` tells fast that an object has none."""

    known: frozenset[str]

    def __new__(cls, names: Iterable[str]) -> Self:
        """Keys in order, each once."""
        made = super().__new__(cls, dict.fromkeys(names))
        made.known = frozenset(made)
        return made


_BETWEEN = re.compile(r"[\W_]+")


@lru_cache(maxsize=16_384)
def key_of(name: str) -> str:
    """A key without case, blanks and punctuation; what is longer than any key stays as it is."""
    return _BETWEEN.sub("", name).casefold() if len(name) <= LONGEST_KEY else name


def record_of(said: dict[str, Any]) -> Record:
    """The same object with comparable keys; of two keys that are one, the first that says something wins."""
    record = Record(said)
    for name, value in said.items():
        key = key_of(name)
        if key not in record or record[key] in (None, "", [], {}):
            record[key] = value
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
    """The names in a record, as it said them, that say something and that no reader of these sections knows."""
    known = _known(sections)
    names = (
        name for name, value in record.said.items() if value not in (None, "", [], {}) and key_of(name) not in known
    )
    return list(names)[:MOST_UNREAD]


def knows(name: str, *sections: str) -> bool:
    """Whether any reader of these sections knows the name."""
    return key_of(name) in _known(sections)


@cache
def _known(sections: tuple[str, ...]) -> frozenset[str]:
    table = _table()
    return frozenset(
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
