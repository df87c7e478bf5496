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

__all__ = ["PAGE_SIZE", "keep", "pack", "text_filter", "unpack"]

PAGE_SIZE = 50
LONGEST_FILTER = 200


def pack(cursor: Any) -> str | None:
    """A cursor as text for a URL; None stays None."""
    return None if cursor is None else base64.urlsafe_b64encode(orjson.dumps(cursor)).decode().rstrip("=")


def unpack(text: str | None) -> Any | None:
    """What `pack` packed; anything else starts at the first page."""
    if not text:
        return None
    try:
        return orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return None


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
