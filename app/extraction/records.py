"""An object of a payload as its readers see it: by fields, whatever its keys are called and however they are spelt.

The objects that a tool sends nearly all have the same keys. What there is to find out about a set of keys (which of
them may hold the title, and which is believed first) is worked out once, in a `Shape`; a `Record` is an object's shape
and its values, of which nothing is copied.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import Any

from app.extraction.keys import EMPTY, Names, key_of, known_to
from app.extraction.reports import shown

__all__ = ["Record", "Shape", "layered", "named", "record_of", "unread"]

MOST_KEYS_KEPT = 200
"""An object with more keys than this is no vendor's record: its shape is not worth remembering."""

MOST_UNREAD = 100


class Shape(dict[Names, tuple[int, ...]]):
    """Where objects with the same keys have what.

    `shape[names]` are the places of a field's keys among an object's values: by name, the most believed first, and
    of one name the innermost object's first (`layered`). `spelt` are the keys as they came, `compared` the same in
    the form of `key_of`, `double` says that two keys of one object are the same then.
    """

    __slots__ = ("_besides", "_places", "compared", "distinct", "double", "layers", "spelt")

    def __init__(self, *layers: tuple[str, ...]) -> None:
        super().__init__()
        self.layers = layers
        self.spelt = tuple(chain(*layers))
        self.compared = tuple(map(key_of, self.spelt))
        self._besides: dict[Names, tuple[int, ...]] = {}
        self._places: dict[str, list[int]] = {}
        start = 0
        for keys in layers:
            first = {name: place for place, name in reversed([*enumerate(self.compared)][start : start + len(keys)])}
            for name, place in first.items():
                self._places.setdefault(name, []).append(place)
            start += len(keys)
        self.distinct = frozenset(self._places)
        self.double = len(layers) == 1 and len(self._places) < len(self.spelt)

    __eq__ = object.__eq__
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __missing__(self, names: Names) -> tuple[int, ...]:
        """Look for the names once."""
        found = self[names] = tuple(chain(*(self._places.get(name, ()) for name in names)))
        return found

    def besides(self, names: Names) -> tuple[int, ...]:
        """The places of the keys that are none of the names."""
        found = self._besides.get(names)
        if found is None:
            strangers = (place for place, name in enumerate(self.compared) if name not in names.known)
            found = self._besides[names] = tuple(strangers)
        return found

    def merged(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values of an object with keys that are one: under each of them what the first says that says anything."""
        told: dict[str, Any] = {}
        for name, value in zip(self.compared, values, strict=True):
            if name not in told or told[name] in EMPTY:
                told[name] = value
        return tuple([told[name] for name in self.compared])


class Record:
    """An object of a payload: `said` is the object as it came, `values` are its values in the order of the shape."""

    __slots__ = ("said", "shape", "values")

    def __init__(self, said: dict[str, Any], shape: Shape, values: tuple[Any, ...]) -> None:
        self.said = said
        self.shape = shape
        self.values = values

    def is_among(self, others: list[Record]) -> bool:
        """Whether another one says the same under the same names, however these are spelt."""
        shape, values = self.shape, self.values
        for other in others:  # noqa: SIM110 -- a generator costs more than the comparison
            if values == other.values if other.shape is shape else self._is_like(other):
                return True
        return False

    def _is_like(self, other: Record) -> bool:
        return self.shape.distinct == other.shape.distinct and named(self) == named(other)

    def under(self, names: Names) -> list[Any]:
        """Every value under one of the names, the most believed name first."""
        values = self.values
        return [values[place] for place in self.shape[names]]


_shape = lru_cache(maxsize=2_048)(Shape)


def record_of(said: dict[str, Any]) -> Record:
    """An object with what its keys mean; of two keys that are one, the first that says something wins."""
    spelt = tuple(said)
    shape = _shape(spelt) if len(spelt) <= MOST_KEYS_KEPT else Shape(spelt)
    values = tuple(said.values())
    return Record(said, shape, shape.merged(values) if shape.double else values)


def layered(record: Record, *around: Record) -> Record:
    """A record together with the objects around it, from the inside out, as if it were one."""
    if not around:
        return record
    keys, values = record.shape.layers, record.values
    for layer in around:
        keys += layer.shape.layers
        values += layer.values
    return Record(record.said, _shape(*keys) if len(values) <= MOST_KEYS_KEPT else Shape(*keys), values)


def named(record: Record) -> dict[str, Any]:
    """What a record says by comparable names."""
    return dict(zip(record.shape.compared, record.values, strict=True))


def unread(record: Record, *sections: str) -> list[str]:
    """The names in a record (as they can be shown) that say something and that no reader of these sections knows."""
    said, spelt = record.said, record.shape.spelt
    strangers = [spelt[place] for place in record.shape.besides(known_to(*sections))]
    return [_shown(name) for name in strangers if said[name] not in EMPTY][:MOST_UNREAD]


_shown = lru_cache(maxsize=4_096)(shown)
