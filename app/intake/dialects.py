"""How the cells of a record are told apart: the separator, the quotation marks, and what exporters do to them.

The reader of single records (`app/intake/records.py`) feeds lines to a `Tokens`; `app/intake/measuring.py` tries
several dialects on a file and keeps the one that gives the most rows of the header's width. Time is linear.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Dialect", "Tokens", "split_quoted"]

_BLANK = " \u00a0"
_ENDS = "\r\n"


@dataclass(frozen=True)
class Dialect:
    """A way to read cells.

    Attributes:
        separator: between cells.
        quotes: characters that open and close a quoted cell; none: a quotation mark is a character like others.
        blanks: blanks may stand before the opening quotation mark.
        backslash: a quotation mark inside a quoted cell has a backslash before it.
        lonely: an opening quotation mark that nothing closes on its line is a character like others.
    """

    separator: str
    quotes: str = '"'
    blanks: bool = False
    backslash: bool = False
    lonely: bool = False

    @property
    def plain(self) -> bool:
        """Whether this is RFC 4180, which Python's own reader knows."""
        return self.quotes == '"' and not (self.blanks or self.backslash or self.lonely)


@dataclass(frozen=True)
class _Patterns:
    opening: re.Pattern[str]
    """What opens a quoted cell, with the blanks before it."""
    closing: re.Pattern[str]
    """From behind the opening mark to behind the closing one."""
    border: re.Pattern[str]
    """What may follow the closing mark: blanks, then a separator or the end."""
    doubled: re.Pattern[str]
    """A mark inside a quoted cell, as it is written."""


@lru_cache(maxsize=64)
def _patterns(dialect: Dialect) -> _Patterns:
    marks = re.escape(dialect.quotes)
    blank = _BLANK if dialect.separator == "\t" else _BLANK + "\t"
    escaped = rf"[^{marks}\\]++|\\.|([{marks}])\1" if dialect.backslash else rf"[^{marks}]++|([{marks}])\1"
    return _Patterns(
        re.compile(rf"[{blank}]*+[{marks}]" if dialect.blanks else rf"[{marks}]"),
        re.compile(rf"(?:{escaped})*+[{marks}]", re.DOTALL),
        re.compile(rf"[{blank}]*+(?={re.escape(dialect.separator)}|\Z)"),
        re.compile(rf"\\([{marks}\\])|([{marks}])\2" if dialect.backslash else rf"()([{marks}])\2"),
    )


class Tokens:
    """One record, line by line.

    Attributes:
        cells: those that are complete.
        broken: a quoted cell over several lines closes where no cell ends: the mark that opened it was left open.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._patterns = _patterns(dialect) if dialect.quotes else None
        self._parts: list[str] = []
        self._inside = False
        self.cells: list[str] = []
        self.broken = False

    def feed(self, line: str, *, keep: bool = True) -> bool:
        """Take the record's next line; whether the record ends with it.

        Args:
            line: with its line break.
            keep: False only looks for the end of a record that is too long to be kept.
        """
        body = line.rstrip(_ENDS)
        patterns = self._patterns
        if patterns is None or (not self._inside and not any(mark in body for mark in self._dialect.quotes)):
            self.cells += body.split(self._dialect.separator)
            return True
        place = 0
        if self._inside:
            end = patterns.closing.match(body)
            if end is None:
                if keep:
                    self._parts.append(line)
                return False
            border = patterns.border.match(body, end.end())
            if border is None:
                self.broken = True
                return True
            self.cells.append(self._unescaped("".join((*self._parts, body[: end.end() - 1]))))
            self._parts, self._inside, place = [], False, border.end() + 1
        while place <= len(body):
            next_place = self._cell(body, line, place, patterns)
            if next_place is None:
                return False
            place = next_place + 1
        return True

    def _cell(self, body: str, line: str, place: int, patterns: _Patterns) -> int | None:
        """Read the cell that begins there; where its separator stands, or None when it goes on on the next line."""
        opening = patterns.opening.match(body, place)
        stop = body.find(self._dialect.separator, place)
        stop = len(body) if stop < 0 else stop
        if opening is None:
            self.cells.append(body[place:stop])
            return stop
        end = patterns.closing.match(body, opening.end())
        if self._dialect.lonely and (end is None or (end.end() > stop and not patterns.border.match(body, end.end()))):
            self.cells.append(body[place:stop])
            return stop
        if end is None:
            self._parts, self._inside = [line[opening.end() :]], True
            return None
        if border := patterns.border.match(body, end.end()):
            self.cells.append(self._unescaped(body[opening.end() : end.end() - 1]))
            return border.end()
        stop = body.find(self._dialect.separator, end.end())
        stop = len(body) if stop < 0 else stop
        self.cells.append(self._going_on(body, place, opening.end(), end.end(), stop))
        return stop

    def _going_on(self, body: str, place: int, begin: int, end: int, stop: int) -> str:
        """A cell that goes on behind its closing mark: `"Best" Inc` loses the two, `"The "Best" one"` keeps its own."""
        rest = body[end:stop].rstrip()
        if rest[-1:] and rest[-1] in self._dialect.quotes:
            whole = body[begin : end + len(rest) - 1]
            bare = whole.strip(self._dialect.quotes)
            if begin == end - 1 and not any(mark in bare for mark in self._dialect.quotes):
                return bare  # ""Acme""
            first = end - 1  # an inner mark that opens stands behind a blank or before a word
            if body[first - 1 : first].isspace() or body[end : end + 1].isalnum():
                return self._unescaped(whole)
            return body[place:stop]
        if begin - place > 1:
            return body[place:stop]
        return self._unescaped(body[begin : end - 1]) + body[end:stop]

    def _unescaped(self, text: str) -> str:
        assert self._patterns is not None  # noqa: S101 -- only quoted cells come here
        if "\\" not in text and not any(mark in text for mark in self._dialect.quotes):
            return text
        return self._patterns.doubled.sub(lambda found: found[1] or found[2], text)


def split_quoted(line: str, dialect: Dialect) -> list[str] | None:
    """The cells of a line that quotes as RFC 4180 says; None where it does not, or does not end with its line."""
    try:
        return next(csv.reader((line,), delimiter=dialect.separator, strict=True), [])
    except csv.Error:
        return None
