"""Writing CSV that spreadsheets open safely: the last station of rows that leave Leadloom.

A file is not always read with the separator that it was written with: a European spreadsheet splits at semicolons, and
then quotation marks in the middle of a line mean nothing. So a cell is looked at piece by piece, as any dialect may cut
it (comma, semicolon, tab, vertical bar, line break): a piece that a spreadsheet would run as a formula gets an
apostrophe before the sign, which shows it as text (OWASP, "CSV Injection"). Plain numbers and phone numbers stay as
they are: they cannot do anything.

The way back: read the file as RFC 4180, then take away one apostrophe at the beginning of each piece where apostrophes
stand before one of `=+-@`, a tab or a line break, unless what follows is a plain number. Pieces that came with such
apostrophes get one more on the way out, so nothing is confused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

__all__ = ["csv_line", "harmless"]

_SEPARATORS = r",;\t|\r\n"
_BLANKS = r"(?:[^\S\t\r\n]|\")*"  # what a reader may drop before it looks at a piece's first sign
_START = re.compile(
    rf"(?P<before>(?:\A|(?<=[{_SEPARATORS}])){_BLANKS}'*)(?=(?P<sign>[=+@-])(?P<rest>[^{_SEPARATORS}]*))"
    rf"|(?P<blank>\A'*)(?=[\t\r\n])"
)
# The same without a look back at every place: whether there is anything to do.
_SUSPECT = re.compile(rf"(?:[{_SEPARATORS}]|\A)(?:{_BLANKS}'*[=+@-]|'*[\t\r\n])")
_NUMERIC = re.compile(r"[\d\s()./-]*", re.ASCII)
_CUT = re.compile(rf"[{_SEPARATORS}]")
_QUOTED = re.compile(rf'["{_SEPARATORS}]|^\s|\s$')


def harmless(text: str) -> str:
    """The text, with an apostrophe in front of every piece of it that could run as a formula."""
    suspect = _SUSPECT.search(text) if _CUT.search(text) else _SUSPECT.match(text)
    return _START.sub(_shielded, text) if suspect else text


def _shielded(start: re.Match[str]) -> str:
    if start["sign"] and start["sign"] in "+-" and _NUMERIC.fullmatch(start["rest"]):
        return start[0]
    return f"{start[0]}'"


def csv_line(cells: Sequence[Any]) -> bytes:
    """One line of RFC 4180 CSV in UTF-8: None is empty, objects and lists are written as JSON.

    A cell that holds the separator of any dialect is quoted. A lone empty cell is quoted too: readers skip blank lines.
    """
    return ((",".join(map(_cell, cells)) or '""' * bool(cells)) + "\r\n").encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = harmless(value if isinstance(value, str) else orjson.dumps(value).decode())
    if _QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
