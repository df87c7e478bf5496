"""Finding one's way in a payload of any shape: where the record is, and under which of its keys a value stands.

What comes back from Clay is whatever the agency typed there: the record at top level, under a key, or as JSON inside a
string; missing keys, nulls, the string "null", numbers as text. What the values say is read in `reading.py`.
"""

from __future__ import annotations

from typing import Any

from app.extraction.keys import EMPTY, Names
from app.extraction.reading import decoded, is_nothing, may_be_json, read_text
from app.extraction.records import Record, named, record_of
from app.extraction.reports import Report

__all__ = ["find_record", "first", "first_text", "link_in", "whole_of", "with_parts"]

_LINK_PARTS = Names(("url", "link", "href", "handle", "value"))

MAX_DEPTH = 5
MAX_NODES = 400


def find_record(body: Any, marks: Names) -> tuple[Record | None, list[Record]]:
    """Find the record in a body: the object that has most of the fields it is known by.

    Args:
        body: a decoded JSON value, or text that holds JSON.
        marks: keys that records of this kind have.

    Returns:
        The record, and the objects around it from the inside out (an agency's envelope often has the better e-mail).
        None and nothing around it where there is no object with any such field.
    """
    best: Record | None = None
    best_score = 0
    best_around: list[Record] = []
    queue: list[tuple[Any, list[Record]]] = [(body, [])]
    for seen, (node, around) in enumerate(queue):
        if seen >= MAX_NODES:
            break
        value = decoded(node)
        if value.__class__ is list and value:
            value = decoded(value[0])
        if not isinstance(value, dict):
            continue
        record = record_of(value)
        values = record.values
        score = sum([1 for place in record.shape[marks] if (said := values[place]) or said not in EMPTY])
        if score > best_score:
            best, best_score, best_around = record, score, around
        if len(around) < MAX_DEPTH:
            inner = [record, *around]
            queue += [
                (child, inner)
                for place in record.shape.besides(marks)
                if (child := values[place]).__class__ is dict
                or child.__class__ is list
                or (child.__class__ is str and not child[:1].isalnum() and may_be_json(child))
            ]
    return best, best_around


def whole_of(record: Record | None, around: list[Record], parts: Names) -> tuple[Record | None, list[Record]]:
    """The record that an object by theme (`metrics`, `geo`) belongs to, where `find_record` found such a one."""
    while record is not None and around and any(part is record.said for part in around[0].under(parts)):
        record, around = around[0], around[1:]
    return record, around


def with_parts(record: Record, parts: Names) -> Record:
    """A record with what it keeps in objects by theme, where it does not say it itself."""
    if not record.shape[parts]:
        return record
    whole = named(record)
    for place in record.shape[parts]:
        part = decoded(whole[record.shape.compared[place]])
        for key, value in named(record_of(part)).items() if isinstance(part, dict) else ():
            if whole.get(key) in EMPTY:
                whole[key] = value
    return record_of(whole)


def link_in(value: Any) -> Any:
    """A link, also where an object holds it: `{"url": …}`, `{"handle": "company/tern-vale"}`."""
    if isinstance(value, dict):
        value = first(record_of(value), _LINK_PARTS)
    elif value.__class__ is str and value[:4] == "http":
        return value
    if value.__class__ is str and value.startswith(("in/", "company/")):
        return f"https://www.linkedin.com/{value}"
    return value


def first(record: Record, names: Names) -> Any:
    """The first value under one of the names that says anything, the most believed name first; else None."""
    values = record.values
    for place in record.shape[names]:
        value = values[place]
        if value is not None and not is_nothing(value):
            return value
    return None


def first_text(record: Record, names: Names, field: str, report: Report) -> str | None:
    """The first value that says anything, as text: what `read_text` makes of what `first` finds."""
    values = record.values
    for place in record.shape[names]:
        value = values[place]
        if value is not None:
            text = read_text(value, field, report)
            if text is not None or not is_nothing(value):
                return text
    return None
