"""Bodies that hold several rows: a list, JSON lines, objects one behind the other, or a list under a key.

Each of them becomes a callback of its own with a verdict of its own. What it says is cut out of the body as it stands
there, so that the raw text is kept.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from app.clay.answers.texts import words_of
from app.extraction.keys import key_of

__all__ = ["ITEM_KEYS", "MOST_ROWS", "may_hold_rows", "names_item", "split_body"]

MOST_ROWS = 1000
ITEM_KEYS = ("batch_item_id", "batchItemId", "item_id")
_BETWEEN = re.compile(r"[\s,;\ufeff\x1e]*")  # a record separator begins each text of a JSON sequence (RFC 7464)
_NAMES_ITEM = re.compile(r"item_?id", re.IGNORECASE)
_DECODER = json.JSONDecoder(strict=False)
_LISTS = ("rows", "items", "results", "records", "values", "entries", "list", "batch")


def names_item(value: Any) -> bool:
    """Whether an object says which row it is about."""
    return isinstance(value, dict) and any(value.get(key) for key in ITEM_KEYS)


def may_hold_rows(body: dict[str, Any]) -> bool:
    """Whether an object that names no row itself has a list whose entries do."""
    return not names_item(body) and any(
        value.__class__ is list and len(value) > 1 and names_item(value[0]) for value in body.values()
    )


def split_body(text: str) -> list[str]:
    """The texts of the rows in a body, in their order; just the body where it is one, or more than are taken.

    A list whose elements name no row is one body: it may be a record's own.
    """
    text = text.strip("\ufeff\u200b\x1e \t\r\n")
    if text[:1] not in ("{", "["):
        return [text]
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pieces = _one_behind_the_other(text) if text[0] == "{" else _elements(text)
    else:
        pieces = _of_value(text, value)
    return pieces if 1 < len(pieces) <= MOST_ROWS else [text]


def _of_value(text: str, value: Any) -> list[str]:
    if isinstance(value, list):
        return _elements(text) if len(value) > 1 and any(map(names_item, value)) else [text]
    if isinstance(value, dict) and not names_item(value):
        wanted = {*_LISTS, *words_of("keys", "wrappers")}
        for name, inner in value.items():
            if inner.__class__ is list and len(inner) > 1 and key_of(name) in wanted and all(map(names_item, inner)):
                return [orjson.dumps(entry).decode() for entry in inner]
    return [text]


def _elements(text: str) -> list[str]:
    """The elements of a list as they stand there; the whole where it is no list that ends."""
    at = _behind(text, 1)
    pieces: list[str] = []
    while at < len(text) and text[at] != "]" and len(pieces) <= MOST_ROWS:
        end = _end_of(text, at)
        if end is None:
            return [text]
        pieces.append(text[at:end])
        at = _behind(text, end)
    return pieces if text[at:] == "]" else [text]


def _one_behind_the_other(text: str) -> list[str]:
    """Objects without a list around them. Where one is broken, lines are rows, each to be judged alone."""
    pieces: list[str] = []
    at = 0
    while at < len(text) and len(pieces) <= MOST_ROWS:
        end = _end_of(text, at) if text[at] == "{" else None
        if end is None:
            return _lines(text)
        pieces.append(text[at:end])
        at = _behind(text, end)
    return pieces


def _lines(text: str) -> list[str]:
    lines = [line for part in text.splitlines() if (line := part.strip().rstrip(",;").rstrip())]
    rows = len(lines) > 1 and all(line[0] == "{" and line[-1] == "}" and _NAMES_ITEM.search(line) for line in lines)
    return lines if rows else [text]


def _behind(text: str, at: int) -> int:
    """Where the next value begins."""
    blanks = _BETWEEN.match(text, at)
    return blanks.end() if blanks else at


def _end_of(text: str, at: int) -> int | None:
    """Where the value that begins here ends; None: it is broken."""
    try:
        return _DECODER.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return None
