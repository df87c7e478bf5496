"""Understands a text as a table: which dialect it is written in, and where its records end.

Second station of an upload: `survey` reads the whole file once before a single row is stored, so that a file which
cannot be taken is refused in one piece. `app/intake/reading.py` then reads the slices that it noted. Quotes follow RFC
4180 as far as the file does; a file that quotes in another way is measured, and read record by record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from app.errors import InputError
from app.intake.dialects import Dialect
from app.intake.footer import find_footer
from app.intake.layout import SEP_LINE, SEPARATORS, Layout, distinct, find_layout, without_blank_tail
from app.intake.measuring import measure, quotes_otherwise
from app.intake.records import MAX_COLUMNS, records, split_lines
from app.intake.text import TextFile, Warned
from app.intake.wrapping import unwrap

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "Slice", "Table", "survey"]

MAX_ROWS = 1_000_000

_HEAD = 1 << 18
_MAX_UNCUT = 1_000_000
_BLOCK = 1_200_000  # a slice's JSON stays within the two megabytes of one call
_SAMPLE_RECORDS = 300
_PREAMBLE = 2_000
_LOOKED_AT = 20


@dataclass(frozen=True)
class Slice:
    """Whole records, one after another.

    Attributes:
        start: first byte.
        end: byte after the last.
        line: number of the first line, from 1.
        regular: every record has as many cells as the header, as far as counting can tell.
    """

    start: int
    end: int
    line: int
    regular: bool


@dataclass(frozen=True)
class Table:
    """A text understood as a table.

    Attributes:
        text: the file under it.
        dialect: how its cells are told apart.
        eol: what ends a line, as far as counting goes: a line feed or a carriage return.
        header: distinct column names in file order.
        labels: the header's cells as they stand in the file, without padding.
        width: how many cells the header line has, padding included.
        header_line: its line number.
        preamble: what stands above it.
        slices: where the records are; one for all of them when the file quotes loosely.
        records: how many there are, blank ones included.
        sample: column name -> cells of the first records.
        warnings: about the header and the dialect.
    """

    text: TextFile
    dialect: Dialect
    eol: bytes
    header: list[str]
    labels: list[str]
    width: int
    header_line: int
    preamble: str
    slices: list[Slice]
    records: int
    sample: dict[str, list[str]]
    warnings: list[Warned]

    @property
    def separator(self) -> str:
        """What stands between cells."""
        return self.dialect.separator


def survey(text: TextFile) -> Table:
    """Understand a text as a table.

    Raises:
        InputError: there is no table in it, no row, too many rows or columns, rows in another dialect than the header,
            or a quote that is never closed; the message names the line.
    """
    lines, eol = _head(text)
    if unwrap(text, lines, Slice(text.start, text.end, 1, regular=False), eol):
        lines, eol = _head(text)
    layout = find_layout(lines)
    header_line, cells = layout.rows[layout.header]
    if len(layout.labels) > MAX_COLUMNS:
        raise InputError(
            f"Line {header_line} names {len(layout.labels):,} columns; the limit is {MAX_COLUMNS}.",
            "Remove the columns that you do not need.",
        )
    data_line = layout.rows[layout.header + 1][0] if layout.header + 1 < len(layout.rows) else len(lines) + 1
    numbered = _has_row_numbers(layout)
    if numbered:
        cells = ["", *cells]
    offsets = [text.start + sum(len(line.encode()) for line in lines[: n - 1]) for n in (header_line, data_line)]
    below = Slice(offsets[1], text.end, data_line, regular=False)
    marks = quotes_otherwise(cells, lines[data_line - 1 : data_line - 1 + _LOOKED_AT])
    found = _find_records(text, below, layout.separator, eol, cells, marks)
    if found.records > MAX_ROWS:
        raise InputError(
            f"The file has {found.records:,} rows; the limit is {MAX_ROWS:,}. "
            f"The first row too many is near line {data_line + MAX_ROWS:,}.",
            "Split it into smaller files and upload them one after another.",
        )
    width = len(cells)
    labels = without_blank_tail(cells)
    if found.measured:
        above = Slice(offsets[0], offsets[1], header_line, regular=False)
        cells = [*[""] * numbered, *next(records(text, above, found.dialect, eol, width - numbered))[1]]
        labels = without_blank_tail(cells)
    header, warnings = distinct(labels, header_line)
    preamble = "".join(line for line in lines[: header_line - 1] if not SEP_LINE.match(line)).strip()[:_PREAMBLE]
    return Table(
        text=text,
        dialect=found.dialect,
        eol=eol,
        header=header,
        labels=labels,
        width=len(cells),
        header_line=header_line,
        preamble=preamble,
        slices=found.slices,
        records=found.records,
        sample=_sample(text, found, eol, header),
        warnings=[*warnings, *found.warnings],
    )


def _head(text: TextFile) -> tuple[list[str], bytes]:
    """The text's first lines, and what ends a line."""
    head = text.read(text.start, min(text.end, text.start + _HEAD))
    outside = b"".join(head.split(b'"')[::2])
    breaks = outside if b"\n" in outside or b"\r" in outside else head
    eol = b"\r" if breaks.count(b"\r") - breaks.count(b"\r\n") > breaks.count(b"\n") else b"\n"
    if text.start + len(head) < text.end:
        head = head[: head.rfind(eol) + 1] or head
    if not head.strip(b' \r\n"' + "".join(SEPARATORS).encode()):
        raise InputError("The file contains nothing but blanks.", "Export it again, then upload it.")
    return list(split_lines(head.decode("utf-8", "ignore"), eol.decode())), eol


def _has_row_numbers(layout: Layout) -> bool:
    """Whether every row begins with its number, which the header has no name for, as R writes tables."""
    below = [cells for _, cells in layout.rows[layout.header + 1 :] if any(cell.strip() for cell in cells)]
    width = len(layout.rows[layout.header][1])
    first = below[0][0] if below else ""
    return (
        len(below) > 1
        and first in {"0", "1"}
        and all(len(cells) == width + 1 and cells[0] == str(int(first) + n) for n, cells in enumerate(below))
    )


@dataclass(frozen=True)
class _Found:
    """The records below a header."""

    dialect: Dialect
    slices: list[Slice]
    records: int
    warnings: list[Warned]
    measured: bool


def _find_records(  # noqa: PLR0917 -- where, and what is known of how
    text: TextFile, below: Slice, separator: str, eol: bytes, header: Sequence[str], marks: str
) -> _Found:
    """Where the records are: counted where the file quotes as RFC 4180 says, else measured."""
    end, footer = find_footer(text, below, Dialect(separator), eol, len(header))
    below = replace(below, end=end)
    about = [footer] if footer else []
    slices, count = _slices(text, below, separator.encode(), eol, len(header))
    if slices is None or marks:
        measured = measure(text, below, separator, eol, header, marks)
        return _Found(measured.dialect, [below], measured.records, [*measured.warnings, *about], measured=True)
    return _Found(Dialect(separator), slices, count, about, measured=False)


def _sample(text: TextFile, found: _Found, eol: bytes, header: Sequence[str]) -> dict[str, list[str]]:
    if not found.slices:
        return {name: [] for name in header}
    first = records(text, found.slices[0], found.dialect, eol, len(header))
    rows = [cells for _, cells in islice(first, _SAMPLE_RECORDS)]
    return {name: [row[i] if i < len(row) else "" for row in rows] for i, name in enumerate(header)}


def _slices(text: TextFile, below: Slice, separator: bytes, eol: bytes, width: int) -> tuple[list[Slice] | None, int]:
    """Cut the file where records end, and count them; no slices where it does not quote as RFC 4180 says.

    Between quotes everything is content. So the pieces between quote characters are outside and inside by turns, and as
    long as each piece outside begins and ends at a separator or a line's end, that count is exact.
    """
    slices: list[Slice] = []
    count, carry, line, position = 0, b"", below.line, below.start
    while True:
        block = text.read(position + len(carry), min(below.end, position + len(carry) + _BLOCK))
        buffer, last = carry + block, position + len(carry) + len(block) >= below.end
        parts = buffer.split(b'"')
        cut = len(buffer) if last else _last_end(parts, eol)
        left_open = len(parts) % 2 == 0 if last else not cut and len(buffer) > _MAX_UNCUT
        if left_open or not _well_quoted(parts, separator):
            return None, 0
        if cut:
            outside = b'"'.join(buffer[:cut].split(b'"')[::2])
            ends = outside.count(eol)
            here = ends + (last and not buffer.endswith(eol) and bool(buffer))
            torn = b"\r" in outside and b"\r\r" in outside  # one byte is looked for much faster than two
            regular = outside.count(separator) == here * (width - 1) and not torn
            if here:
                slices.append(Slice(position, position + cut, line, regular))
            count += here
            line += buffer.count(eol, 0, cut)
            position += cut
        carry = buffer[cut:]
        if last:
            return slices, count


def _last_end(parts: Sequence[bytes], eol: bytes) -> int:
    """Byte after the last line end outside quotes; 0 when there is none."""
    for i in range((len(parts) - 1) // 2 * 2, -1, -2):
        found = parts[i].rfind(eol)
        if found >= 0:
            return sum(len(part) + 1 for part in parts[:i]) + found + 1
    return 0


def _well_quoted(parts: Sequence[bytes], separator: bytes) -> bool:
    """Whether every quoted cell is quoted from end to end; the buffer begins at a record."""
    border = separator + b"\r\n"
    outside = parts[::2]
    opens = all(not part or part[-1] in border for part in outside[: len(parts) // 2])
    return opens and all(not part or part[0] in border for part in outside[1:])
