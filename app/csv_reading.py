"""Reads the rows of a surveyed table in chunks, every cell as it came, and keeps count of what is odd about them.

Third station of an upload: polars parses the regular slices; irregular ones go record by record, so that a cell too
many is kept instead of dropped. What was seen goes into the upload's report, column by column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from app.csv_columns import ColumnStats
from app.csv_records import records
from app.csv_survey import Slice, Table
from app.csv_text import Warned
from app.errors import InputError

__all__ = ["Chunk", "TableReader"]

MAX_CHUNK_ROWS = 5_000
MAX_CHUNK_BYTES = 1_900_000
_BATCH = 1_500
_LINES_NAMED = 20
_NUL, _STAND_IN = "\0", "\ufffd"


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
        self._header_cells = tuple(table.labels)
        self._schema = dict.fromkeys(table.header, pl.String)
        self._padding = [f"\0{place}" for place in range(self._width, table.width)]  # no label has a NUL
        self._stats = ColumnStats(table.header)
        self._short: list[int] = []
        self._long: list[int] = []
        self._counts = {"short": 0, "long": 0, "repeated": 0, "blank": 0, "nul": 0}
        self.rows = 0
        self.columns = list(table.header)

    def chunks(self) -> Iterator[Chunk]:
        """The rows, chunk by chunk; blank ones and repeated header lines are left out and counted.

        Raises:
            InputError: there is no row; seen before the first chunk.
        """
        for part in self._table.slices:
            for rows, frame in self._read(part):
                kept = self._keep(rows)
                self._stats.add(frame if len(kept) == len(rows) else self._frame(kept))
                yield from self._cut(kept)
        if not self.rows:
            raise InputError(
                f"Line {self._table.header_line} names {self._width} columns, but no row below has anything in it.",
                "Export the rows too.",
            )

    def report(self) -> dict[str, Any]:
        """What was seen, for the upload's report; complete once `chunks` has ended."""
        return {
            "rows": self.rows,
            "blank_rows": self._counts["blank"],
            "columns": self._stats.report(),
            "warnings": [asdict(warning) for warning in (*self._table.warnings, *self._warnings())],
        }

    def _read(self, part: Slice) -> Iterator[tuple[list[Sequence[str]], pl.DataFrame]]:
        text = self._table.text
        if part.regular:
            content = text.read(part.start, part.end)
            nuls = content.count(b"\0") if text.has_nul else 0
            frame = self._parse(content.replace(b"\0", _STAND_IN.encode()) if nuls else content)
            if frame is not None:
                self._counts["nul"] += nuls
                yield list(frame.iter_rows()), frame
                return
        batch: list[Sequence[str]] = []
        for line, cells in records(text, part, self._table.separator, self._table.eol):
            batch.append(self._fitted(cells, line))
            if len(batch) == _BATCH:
                yield batch, self._frame(batch)
                batch = []
        yield batch, self._frame(batch)

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
        return frame.drop(self._padding)

    def _frame(self, rows: Sequence[Sequence[str]]) -> pl.DataFrame:
        columns = zip(*(row[: self._width] for row in rows), strict=True) if rows else [()] * self._width
        return pl.DataFrame(dict(zip(self._table.header, columns, strict=True)), schema_overrides=self._schema)

    def _fitted(self, cells: list[str], line: int) -> Sequence[str]:
        """The record with at least as many cells as the header; empty cells beyond that are padding."""
        if self._table.text.has_nul and any(_NUL in cell for cell in cells):
            self._counts["nul"] += sum(cell.count(_NUL) for cell in cells)
            cells = [cell.replace(_NUL, _STAND_IN) for cell in cells]
        missing = self._width - len(cells)
        if missing > 0:
            self._note("short", self._short, line)
            return [*cells, *[""] * missing]
        while len(cells) > self._width and not cells[-1]:
            cells.pop()
        if len(cells) > self._width:
            self._note("long", self._long, line)
            self._name_extras(len(cells))
        return cells

    def _name_extras(self, count: int) -> None:
        for place in range(len(self.columns) + 1, count + 1):
            name = f"column_{place}"
            while name in self.columns:
                name += "_"
            self.columns.append(name)

    def _note(self, what: str, lines: list[int], line: int) -> None:
        self._counts[what] += 1
        if len(lines) < _LINES_NAMED:
            lines.append(line)

    def _keep(self, rows: list[Sequence[str]]) -> list[Sequence[str]]:
        kept = [row for row in rows if any(row)]
        self._counts["blank"] += len(rows) - len(kept)
        first = self._header_cells[0]
        if any(row[0] == first for row in kept):
            whole = [row for row in kept if row[0] != first or tuple(row) != self._header_cells]
            self._counts["repeated"] += len(kept) - len(whole)
            return whole
        return kept

    def _cut(self, rows: list[Sequence[str]]) -> Iterator[Chunk]:
        """Pieces that fit into one call each."""
        # A cell costs its bytes, two quotes and a comma; three bytes a character is what Latin text never reaches.
        weight = sum(map(len, map("".join, rows))) + 3 * self._width * len(rows)
        pieces = max(-(-weight // MAX_CHUNK_BYTES), -(-len(rows) // MAX_CHUNK_ROWS), 1)
        step = -(-len(rows) // pieces) or 1
        for start in range(0, len(rows), step):
            piece = rows[start : start + step]
            yield Chunk(self.rows + 1, list(self.columns), piece)
            self.rows += len(piece)

    def _warnings(self) -> Iterator[Warned]:
        counts = self._counts
        if counts["long"]:
            extra = ", ".join(self.columns[self._width :])
            said = f"{counts['long']:,} rows have more cells than the header; the extra cells are kept as {extra}."
            yield Warned("long_rows", said, self._long)
        if counts["short"]:
            said = f"{counts['short']:,} rows have fewer cells than the header; the missing ones are empty."
            yield Warned("short_rows", said, self._short)
        if counts["blank"]:
            yield Warned("blank_rows", f"{counts['blank']:,} rows without any content were left out.")
        if counts["repeated"]:
            said = f"The header line occurs {counts['repeated']:,} more times below; it was left out there."
            yield Warned("repeated_header", said)
        if counts["nul"]:
            said = f"{counts['nul']:,} NUL characters, which no database stores, became “{_STAND_IN}”."
            yield Warned("nul", said)
