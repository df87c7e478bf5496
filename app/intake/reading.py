"""Reads the rows of a surveyed table in chunks, every cell as it came, and keeps count of what is odd about them.

Third station of an upload: polars parses the regular slices; irregular ones go record by record, so that a cell too
many is kept instead of dropped. What was seen goes into the upload's report, column by column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import chain
from typing import Any

import polars as pl

from app.errors import InputError
from app.intake.columns import ColumnStats
from app.intake.headers import FIELDS, is_known
from app.intake.layout import bare_label
from app.intake.records import records
from app.intake.remarks import Remarks, mojibake, remember, unnamed_columns, warnings
from app.intake.survey import Slice, Table
from app.intake.text import Warned
from app.text.mojibake import SUSPECT_BYTES

__all__ = ["NOTHING", "Chunk", "TableReader"]

MAX_CHUNK_ROWS = 5_000
MAX_CHUNK_BYTES = 1_900_000
_BATCH = 1_500
_LOOKED_AT = 4
_FEW_LABELS, _MOST = 3, 0.75
_USUAL = ("first_name", "last_name", "person_name", "email", "company_name")
_MARK = "\ufeff"
_RULER = re.compile(r"\s*[+|]?[:=+-]{3,}[+|]?\s*")
_NUL, _STAND_IN = "\0", "\ufffd"
NOTHING = " \t\r\n\x0b\x0c\x1a\u00a0\u200b\u200c\u200d\u2060\u3000\ufeff\ufffd"
"""What a row of blanks may consist of: blanks, marks without width, and what becomes of NUL."""


@dataclass(frozen=True)
class Chunk:
    """Rows that go to the database in one call.

    Attributes:
        first_row: number of the first one, from 1.
        columns: names of the columns; more than the header has where a row has cells too many.
        rows: cells by place; at least as many as the header has columns, at most `len(columns)`.
    """

    first_row: int
    columns: list[str]
    rows: list[Sequence[str]]


class TableReader:
    """Reads a table once, from front to back.

    Attributes:
        rows: rows read so far.
        columns: column names so far; grows when a row has more cells than the header.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._width = len(table.header)
        self._header_cells = tuple(bare_label(label).strip() for label in table.labels)
        self._schema = dict.fromkeys(table.header, pl.String)
        self._padding = [f"\0{place}" for place in range(self._width, table.width)]  # no label has a NUL
        self._stats = ColumnStats(table.header)
        self._folded = tuple(map(_folded, self._header_cells))
        self._labels = frozenset(self._header_cells) - {""} | _usual_labels()
        self._remarks = Remarks()
        self._unnamed: dict[int, list[int]] = {}
        self.rows = 0
        self.columns = list(table.header)

    def chunks(self) -> Iterator[Chunk]:
        """The rows, chunk by chunk; blank ones and repeated header lines are left out and counted.

        Raises:
            InputError: there is no row; seen before the first chunk.
        """
        for part in self._table.slices:
            for rows, frame, suspect in self._read(part):
                kept = self._keep(rows)
                whole = frame if len(kept) == len(rows) else self._frame(kept)
                yield from self._cut(kept, self._stats.add(whole, suspect=suspect))
        if not self.rows:
            raise InputError(
                f"Line {self._table.header_line} names {self._width} columns, but no row below contains data.",
                "Export the file with its rows.",
            )

    def report(self) -> dict[str, Any]:
        """What was seen, for the upload's report; complete once `chunks` has ended."""
        return {
            "rows": self.rows,
            "blank_rows": self._remarks.counts.get("blank_rows", 0),
            "mended_cells": self._stats.mended_cells,
            "columns": self._stats.report(),
            "warnings": [asdict(warning) for warning in (*self._table.warnings, *self._warnings())],
        }

    def _read(self, part: Slice) -> Iterator[tuple[list[Sequence[str]], pl.DataFrame, bool]]:
        """Rows, the same as a frame without cells beyond the header, and whether mojibake may be among them."""
        text = self._table.text
        if part.regular:
            content = text.read(part.start, part.end)
            nuls = content.count(b"\0") if text.has_nul else 0
            frame = self._parse(content.replace(b"\0", _STAND_IN.encode()) if nuls else content)
            if frame is not None:
                self._remarks.note("nul", times=nuls)
                rows: list[Sequence[str]] = list(
                    zip(*(column.to_list() for column in frame.get_columns()), strict=True)
                )
                yield rows, frame, SUSPECT_BYTES.search(content) is not None
                return
        batch: list[Sequence[str]] = []
        for line, cells in records(text, part, self._table.dialect, self._table.eol, self._table.width, self._remarks):
            batch.append(self._fitted(cells, line))
            if len(batch) == _BATCH:
                yield batch, self._frame(batch), True
                batch = []
        yield batch, self._frame(batch), True

    def _parse(self, content: bytes) -> pl.DataFrame | None:
        """The slice as polars reads it; None when it has more cells somewhere than the header has columns."""
        try:
            frame = pl.read_csv(
                content,
                has_header=False,
                schema=self._schema | dict.fromkeys(self._padding, pl.String),
                separator=self._table.separator,
                eol_char=self._table.eol.decode(),
                empty_string_is_null=False,
                infer_schema=False,
            )
        except (pl.exceptions.PolarsError, ValueError):
            return None
        if self._padding and frame.select(pl.any_horizontal(pl.col(self._padding).ne("").any())).item():
            return None
        return frame.drop(self._padding).rechunk()  # it comes in pieces, which every look at it would join anew

    def _frame(self, rows: Sequence[Sequence[str]]) -> pl.DataFrame:
        columns = zip(*(row[: self._width] for row in rows), strict=True) if rows else [()] * self._width
        return pl.DataFrame(dict(zip(self._table.header, columns, strict=True)), schema_overrides=self._schema)

    def _fitted(self, cells: list[str], line: int) -> Sequence[str]:
        """The record with at least as many cells as the header; empty cells beyond that are padding."""
        if self._table.text.has_nul and any(_NUL in cell for cell in cells):
            self._remarks.note("nul", times=sum(cell.count(_NUL) for cell in cells))
            cells = [cell.replace(_NUL, _STAND_IN) for cell in cells]
        missing = self._width - len(cells)
        if missing > 0:
            self._remarks.note("short_rows", line)
            return [*cells, *[""] * missing]
        while len(cells) > self._width and not cells[-1]:
            cells.pop()
        if len(cells) > self._width:
            self._name_extras(len(cells))
            if len(cells) > self._table.width:
                self._remarks.note("long_rows", line)
            else:
                for place in range(self._width, len(cells)):
                    if cells[place]:
                        remember(self._unnamed.setdefault(place + 1, []), line)
        return cells

    def _name_extras(self, count: int) -> None:
        for place in range(len(self.columns) + 1, count + 1):
            name = f"column_{place}"
            while name in self.columns:
                name += "_"
            self.columns.append(name)

    def _keep(self, rows: list[Sequence[str]]) -> list[Sequence[str]]:
        # A cell of letters and digits alone, mostly the first one, says most cheaply that a row is not blank.
        kept = [row for row in rows if any(map(str.isalnum, row)) or not _is_blank(row)]
        self._remarks.note("blank_rows", times=len(rows) - len(kept))
        if not self.rows and kept and _is_ruler(kept[0]):
            self._remarks.note("ruler")
            del kept[0]
        if self._may_repeat(kept):
            return [row for row in kept if not self._left_out(row)]
        return kept

    def _may_repeat(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether any row can be one that `_left_out` leaves out; looks at columns, not rows, because that is quick."""
        first = [row[0] for row in rows]
        return (
            not self._labels.isdisjoint(chain.from_iterable(row[:_LOOKED_AT] for row in rows))
            or _MARK in "".join(first)
            or self._folded[0] in map(str.casefold, map(str.strip, first))
        )

    def _left_out(self, row: Sequence[str]) -> bool:
        """Whether a row holds names of columns instead of values; counts it."""
        if self._is_header(row):
            self._remarks.note("repeated_header")
            return True
        if self._labels.isdisjoint(row[:_LOOKED_AT]):
            return False
        filled = [cell for cell in row if cell.strip()]
        if len(filled) >= _FEW_LABELS and sum(map(is_known, filled)) >= _MOST * len(filled):
            self._remarks.note("other_header")
            return True
        return False

    def _is_header(self, row: Sequence[str]) -> bool:
        """Whether a row is the header line once more, as in files that were put together."""
        labels = self._folded
        if len(row) < len(labels) or _folded(row[0]) != labels[0]:
            return False
        return tuple(map(_folded, row[: len(labels)])) == labels and not any(row[len(labels) :])

    def _cut(self, rows: list[Sequence[str]], characters: int) -> Iterator[Chunk]:
        """Pieces that fit into one call each; `characters` counts those in the header's columns."""
        if len(self.columns) > self._width:
            characters += sum(len(cell) for row in rows for cell in row[self._width :])
        # A cell costs its bytes, two quotes and a comma; three bytes a character is what Latin text never reaches.
        weight = characters + 3 * self._width * len(rows)
        pieces = max(-(-weight // MAX_CHUNK_BYTES), -(-len(rows) // MAX_CHUNK_ROWS), 1)
        step = -(-len(rows) // pieces) or 1
        for start in range(0, len(rows), step):
            piece = rows[start : start + step]
            yield Chunk(self.rows + 1, list(self.columns), piece)
            self.rows += len(piece)

    def _warnings(self) -> Iterator[Warned]:
        yield from warnings(self._remarks, self.columns[self._table.width :])
        if self._unnamed:
            names = {place: self.columns[place - 1] for place in sorted(self._unnamed)}
            lines = sorted({line for seen in self._unnamed.values() for line in seen})
            yield unnamed_columns(names, self._table.header_line, lines)
        if self._stats.mended_cells:
            yield mojibake(self._stats.mended_cells, self._stats.mended_example)


@cache
def _usual_labels() -> frozenset[str]:
    """How exports in any language call names, addresses and companies: one of them may begin another header."""
    labels = chain.from_iterable(FIELDS["people"][name] for name in _USUAL)
    return frozenset(spelt for label in labels for spelt in (label, label.lower(), label.upper()))


def _folded(cell: str) -> str:
    """A label to compare by: without byte order marks, the quotation marks behind them, blanks and case."""
    return bare_label(cell).strip(' "').casefold()


def _is_blank(row: Sequence[str]) -> bool:
    return not any(map(str.strip, row)) or not "".join(row).strip(NOTHING)


def _is_ruler(row: Sequence[str]) -> bool:
    """Whether a row is the line that tables in text have below their header: `---+---`, `:---|---:`."""
    filled = [cell for cell in row if cell.strip()]
    return (len(filled) >= min(2, len(row)) or "+" in "".join(filled)) and all(map(_RULER.fullmatch, filled))
