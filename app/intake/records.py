"""Records of a text one by one, for the parts of a file that are not plain enough for the fast reader.

Ragged rows, loose quotes and blank lines come through here, with the line that each record starts on. Used by
`app/intake/survey.py` to try dialects on a file and by `app/intake/reading.py` wherever polars would drop or refuse a
cell.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from app.errors import InputError
from app.intake.dialects import Dialect, Tokens, split_quoted
from app.intake.mending import fits, regrouped, rows_in_line, unescaped, unwrapped
from app.intake.remarks import Remarks
from app.intake.text import BLOCK, TextFile

__all__ = ["MAX_COLUMNS", "MAX_RECORD", "Span", "all_lines", "records", "split_lines"]

MAX_COLUMNS = 500
MAX_RECORD = 2_500_000
_LOOK_AHEAD = 20
_LOOK_AHEAD_LENGTH = 50_000

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


def records(  # noqa: PLR0917 -- where, how, and what to tell
    text: TextFile, span: Span, dialect: Dialect, eol: bytes, width: int, remarks: Remarks | None = None
) -> Iterator[tuple[int, list[str]]]:
    """The records of a span, each with the number of the line it starts on; blank lines give no record.

    A quote inside a cell that does not open with one is a plain character (`24" screen`). A cell that opens with a
    quote and goes on behind the closing one (`"Best" Inc`) loses the two quotes. A record that does not have `width`
    cells is mended where just one way gives it that many (`app/intake/mending.py`).

    Raises:
        InputError: a quote is never closed, or a row is too long or too wide; names the line it begins on.
    """
    return _Records(all_lines(text, span, eol), span.line, dialect, width, remarks or Remarks()).all()


class _Records:
    def __init__(self, lines: Iterator[str], first: int, dialect: Dialect, width: int, remarks: Remarks) -> None:
        self._lines = lines
        self._number = first
        self._waiting: deque[str] = deque()
        self._dialect = dialect
        self._width = width
        self._remarks = remarks

    def all(self) -> Iterator[tuple[int, list[str]]]:
        while (line := self._next()) is not None:
            if line.strip("\r\n"):
                for number, cells in self._record(line, self._number - 1):
                    if len(cells) > MAX_COLUMNS and any(map(str.strip, cells[MAX_COLUMNS:])):
                        raise _wide_row(number, len(cells))
                    yield number, cells

    def _next(self) -> str | None:
        line = self._waiting.popleft() if self._waiting else next(self._lines, None)
        self._number += line is not None
        return line

    def _record(self, line: str, number: int) -> Iterator[tuple[int, list[str]]]:
        if len(line) > MAX_RECORD:
            self._too_long(line, number)
        if self._dialect.plain and "\r" not in line.rstrip("\r\n"):
            cells = (
                split_quoted(line, self._dialect) if '"' in line else line.rstrip("\r\n").split(self._dialect.separator)
            )
            if cells is not None and fits(cells, self._width):
                yield number, cells
                return
        tokens = Tokens(self._dialect)
        whole = tokens.feed(line)
        if (whole and fits(tokens.cells, self._width)) or (not whole and self._ends_soon(line)):
            yield number, tokens.cells if whole else self._over_lines(line, number, tokens)
        elif rows := self._mended(line, number, tokens.cells if whole else None):
            for cells in rows:
                yield number, cells
        else:
            yield number, tokens.cells if whole else self._over_lines(line, number, tokens)

    def _ends_soon(self, line: str) -> bool:
        """Whether the record, read on over a few more lines, has the header's width; takes no line."""
        tokens = Tokens(self._dialect)
        whole, size = tokens.feed(line), len(line)
        taken: list[str] = []
        while (
            not whole and len(taken) < _LOOK_AHEAD and size < _LOOK_AHEAD_LENGTH and (more := self._next()) is not None
        ):
            taken.append(more)
            size += len(more)
            whole = tokens.feed(more)
        self._give_back(taken)
        return whole and not tokens.broken and fits(tokens.cells, self._width)

    def _give_back(self, lines: list[str]) -> None:
        self._waiting.extendleft(reversed(lines))
        self._number -= len(lines)

    def _over_lines(self, line: str, number: int, tokens: Tokens) -> list[str]:
        """The record whose first line leaves a quoted cell open."""
        size, whole = len(line), False
        while not whole and size <= MAX_RECORD and (more := self._next()) is not None:
            size += len(more)
            whole = tokens.feed(more)
        if size > MAX_RECORD:
            while not whole and (more := self._next()) is not None:
                size += len(more)
                whole = tokens.feed(more, keep=False)
            if whole and not tokens.broken:
                raise _long_row(number, size)
        if not whole or tokens.broken:
            raise _open_quote(number)
        return tokens.cells

    def _mended(self, line: str, number: int, cells: list[str] | None) -> list[list[str]] | None:
        """The rows that the line holds when it is read in the one other way that gives it the header's width."""
        dialect, width = self._dialect, self._width
        if "\r" in line.rstrip("\r\n") and (rows := rows_in_line(line, dialect, width)):
            self._remarks.note("carriage_returns", number)
            return rows
        if cells and "\\" in line and (row := unescaped(cells, dialect, width)):
            self._remarks.note("escaped_separators", number)
            return [row]
        if not any(mark in line for mark in dialect.quotes):
            return None
        if cells and (row := unwrapped(cells, dialect, width)):
            self._remarks.note("wrapped", number)
            return [row]
        row = regrouped(line, dialect, width)
        if row is None and cells is not None and len(cells) < width:
            row = self._with_next_lines(line)
        if row is None:
            return None
        self._remarks.note("inner_quotes", number)
        return [row]

    def _with_next_lines(self, line: str) -> list[str] | None:
        """The row that goes on on the next lines, because quotation marks inside a quoted cell hid that it is open."""
        count = sum(map(line.count, self._dialect.quotes))
        taken: list[str] = []
        size = len(line)
        row = None
        while count % 2 and row is None and len(taken) < _LOOK_AHEAD and size < _LOOK_AHEAD_LENGTH:
            more = self._next()
            if more is None:
                break
            taken.append(more)
            size += len(more)
            count += sum(map(more.count, self._dialect.quotes))
            row = regrouped("".join((line, *taken)), self._dialect, self._width) if count % 2 == 0 else None
        if row is None:
            self._give_back(taken)
        return row

    def _too_long(self, line: str, number: int) -> None:
        """Refuse a line that is too long for a row; names what is wrong with it."""
        tokens = Tokens(self._dialect)
        whole, size = tokens.feed(line, keep=False), len(line)
        while not whole and (more := self._next()) is not None:
            size += len(more)
            whole = tokens.feed(more, keep=False)
        raise _long_row(number, size) if whole and not tokens.broken else _open_quote(number)


def _open_quote(line: int) -> InputError:
    return InputError(
        f"A quotation mark in the row that starts on line {line:,} is never closed.",
        "Close it or remove it, and upload the file again.",
    )


def _wide_row(line: int, count: int) -> InputError:
    return InputError(
        f"The row that starts on line {line:,} has {count:,} cells; the limit is {MAX_COLUMNS}.",
        "Check that line: an extra separator or a missing quotation mark may have split it.",
    )


def _long_row(line: int, size: int) -> InputError:
    return InputError(
        f"The row that starts on line {line:,} has {size / 1e6:,.1f} million characters; "
        f"the limit is {MAX_RECORD / 1e6:,.1f} million.",
        "Shorten its longest cell or leave that column out, and upload the file again.",
    )


def all_lines(text: TextFile, span: Span, eol: bytes) -> Iterator[str]:
    """The span's lines; bytes become text line by line, so that no character is cut."""
    rest: list[bytes] = []
    for start in range(span.start, span.end, BLOCK):
        first, *others = text.read(start, min(span.end, start + BLOCK)).split(eol)
        rest.append(first)
        if others:
            yield from _decoded([b"".join(rest), *others[:-1]], eol)
            rest = [others[-1]]
    if last := b"".join(rest):
        yield last.decode("utf-8", "replace")


def _decoded(lines: Iterable[bytes], eol: bytes) -> Iterator[str]:
    for line in lines:
        yield (line + eol).decode("utf-8", "replace")
