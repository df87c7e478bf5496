"""Records of a text one by one, for the parts of a file that are not plain enough for the fast reader.

Ragged rows, loose quotes and blank lines come through here, with the line that each record starts on. Used by
`app/csv_survey.py` to look for open quotes and by `app/csv_reading.py` wherever polars would drop or refuse a cell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Protocol

from app.csv_text import BLOCK, TextFile
from app.errors import InputError

__all__ = ["MAX_RECORD", "Span", "hide_breaks", "records", "split_lines"]

MAX_RECORD = 1_000_000
# Python's reader takes any line break outside quotes for the end of a record; those inside a line travel in disguise.
_HIDE = str.maketrans("\r\n", "\ue00d\ue00a")
_SHOW = str.maketrans("\ue00d\ue00a", "\r\n")

csv.field_size_limit(MAX_RECORD)  # Python's own limit of 131,072 characters is below what exports contain


class Span(Protocol):
    """A stretch of a text, from whole record to whole record."""

    @property
    def start(self) -> int:
        """First byte."""

    @property
    def end(self) -> int:
        """Byte after the last."""

    @property
    def line(self) -> int:
        """Number of the first line."""


def split_lines(text: str, eol: str) -> Iterator[str]:
    """Lines with their ends; only `eol` ends a line (`str.splitlines` would also end one at U+2028 and others)."""
    start = 0
    while (end := text.find(eol, start)) >= 0:
        yield text[start : end + 1]
        start = end + 1
    if start < len(text):
        yield text[start:]


def records(text: TextFile, span: Span, separator: str, eol: bytes) -> Iterator[tuple[int, list[str]]]:
    """The records of a span, each with the number of the line it starts on; blank lines give no record.

    A quote inside a cell that does not open with one is a plain character (`24" screen`). A cell that opens with a
    quote and goes on behind the closing one (`"Best" Inc`) loses the two quotes. Where that would run over several
    lines, the quote was left open.

    Raises:
        InputError: a quote is never closed; names the line it was opened on.
    """
    pending: list[str] = []
    first, size, hidden = span.line, 0, False
    for number, line in enumerate(_lines(text, span, eol), span.line):
        if not pending and not line.strip("\r\n"):
            continue
        if not pending:
            first, size, hidden = number, 0, False
        plain = hide_breaks(line)
        hidden = hidden or plain is not line
        pending.append(plain)
        size += len(line)
        if size > MAX_RECORD:
            raise _open_quote(first)
        if len(pending) > 1 and '"' not in line:
            continue  # still inside the quoted cell
        cells = _parse(pending, separator, first)
        if cells is not None:
            pending = []
            yield first, [cell.translate(_SHOW) for cell in cells] if hidden else cells
    if pending:
        raise _open_quote(first)


def _parse(lines: list[str], separator: str, first: int) -> list[str] | None:
    """The lines' one record; None when its last cell is not closed yet."""
    try:
        return next(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            return None
    if len(lines) > 1:
        raise _open_quote(first)
    return next(csv.reader(lines, delimiter=separator))


def _open_quote(line: int) -> InputError:
    return InputError(
        f"A quotation mark in the row that starts on line {line:,} is never closed.",
        "Close it or remove it, and upload the file again.",
    )


def hide_breaks(line: str) -> str:
    """The line with the breaks inside it in disguise; itself when there are none."""
    body = line.rstrip("\r\n")
    return body.translate(_HIDE) + line[len(body) :] if "\r" in body or "\n" in body else line


def _lines(text: TextFile, span: Span, eol: bytes) -> Iterator[str]:
    """The span's lines; bytes become text line by line, so that no character is cut."""
    rest = b""
    for start in range(span.start, span.end, BLOCK):
        *whole, rest = (rest + text.read(start, min(span.end, start + BLOCK))).split(eol)
        yield from _decoded(whole, eol)
    if rest:
        yield rest.decode("utf-8", "replace")


def _decoded(lines: Iterable[bytes], eol: bytes) -> Iterator[str]:
    for line in lines:
        yield (line + eol).decode("utf-8", "replace")
