"""Writing CSV that spreadsheets open safely: the last station of rows that leave Leadloom.

A cell that a spreadsheet would run as a formula gets an apostrophe in front, so that it is shown as text (OWASP, "CSV
Injection"). Plain numbers and phone numbers stay as they are: they cannot do anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

__all__ = ["csv_line", "harmless"]

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMERIC = re.compile(r"[+-]?[\d\s().,/-]*", re.ASCII)
_QUOTED = re.compile(r'[",\r\n]|^\s|\s$')


def harmless(text: str) -> str:
    """The text, with an apostrophe in front if it could run as a formula."""
    return f"'{text}" if text.startswith(_RISKY) and not _NUMERIC.fullmatch(text) else text


def csv_line(cells: Sequence[Any]) -> bytes:
    """One line of RFC 4180 CSV in UTF-8: None is empty, objects and lists are written as JSON."""
    return (",".join(map(_cell, cells)) + "\r\n").encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = harmless(value if isinstance(value, str) else orjson.dumps(value).decode())
    if _QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
