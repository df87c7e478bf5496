"""Keyset paging and filters that live in the URL.

A cursor is the sort key of the last row shown, packed so that it survives a URL; SQL gets back the values it gave.
Pages never count past what they show: "next" exists when one row more than a page came.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request

from app.text.numbers import read_digits
from app.text.uids import read_uid

__all__ = [
    "LARGEST_BIGINT",
    "LARGEST_INTEGER",
    "PAGE_SIZE",
    "cursor_name",
    "cursor_number",
    "keep",
    "pack",
    "small_number",
    "text_filter",
    "unpack",
    "uuid_filter",
]

PAGE_SIZE = 50
LONGEST_FILTER = 200
LARGEST_INTEGER, LARGEST_BIGINT = 2**31 - 1, 2**63 - 1


def pack(cursor: Any) -> str | None:
    """A cursor as text for a URL; None stays None."""
    return None if cursor is None else base64.urlsafe_b64encode(orjson.dumps(cursor)).decode().rstrip("=")


def unpack(text: str | None) -> Any | None:
    """What `pack` packed; anything else starts at the first page."""
    if not text:
        return None
    try:
        body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        value = orjson.loads(body)
    except (ValueError, binascii.Error):
        return None
    # JSON's true is a Python integer, and NUL cannot be looked for: neither was ever packed.
    return None if isinstance(value, bool) or b"\\u0000" in body else value


def cursor_number(request: Request, *, most: int = LARGEST_BIGINT) -> int | None:
    """The cursor of a list whose rows are in the order of a number; None, the first page, for anything else."""
    value = unpack(request.query_params.get("after"))
    return value if _is_id(value, most) else None


def cursor_name(request: Request) -> list[Any] | None:
    """The cursor of a list in the order of names: `[name, id]`; None, the first page, for anything else."""
    match unpack(request.query_params.get("after")):
        case [str() as name, number] if _is_id(number, LARGEST_BIGINT):
            return [name, number]
    return None


def _is_id(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def small_number(text: str | None, *, most: int = LARGEST_INTEGER) -> int | None:
    """A whole number that PostgreSQL's `integer` can hold, or up to `most`; None for any other text."""
    return read_digits(text, most=most)


def uuid_filter(request: Request, name: str) -> str | None:
    """The uid that a filter names; None when it is not set, or names none."""
    uid = read_uid(request.query_params.get(name))
    return str(uid) if uid else None


def text_filter(request: Request, name: str) -> str | None:
    """A filter out of the URL, trimmed; None when it is not set. NUL cannot be stored, so it cannot be found either."""
    value = request.query_params.get(name, "").replace("\x00", "").strip()[:LONGEST_FILTER]
    return value or None


def keep(request: Request, **changes: Any) -> str:
    """This page's address with some filters changed; None takes one out. The cursor goes unless it is set anew."""
    query = {k: v for k, v in request.query_params.items() if k != "after"}
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = str(value)
    return request.url.path + (f"?{urlencode(query)}" if query else "")
