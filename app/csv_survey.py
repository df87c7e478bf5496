"""Finds the table in a text: the separator, the header line under whatever stands above it, and where records end.

Second station of an upload: `survey` reads the whole file once before a single row is stored, so that a file which
cannot be taken is refused in one piece. `app/csv_reading.py` then reads the slices that it noted. Quotes follow RFC
4180 as far as the file does; a file that quotes loosely is read record by record instead.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app.csv_records import MAX_RECORD, hide_breaks, records, split_lines
from app.csv_text import TextFile, Warned
from app.errors import InputError
from app.headers import is_known

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "Slice", "Table", "survey"]

MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
SEPARATORS = (",", ";", "\t", "|")

_HEAD = 1 << 18
_BLOCK = 1_200_000  # a slice's JSON stays within the two megabytes of one call
_HEADER_WITHIN = 30
_SAMPLE_RECORDS = 300
_AGREEMENT = 0.6
_PREAMBLE = 2_000
_SEP_LINE = re.compile(r"^sep=(.)\s*$", re.IGNORECASE)
_DATA_LIKE = re.compile(r"@|://|^\W*\d[\d\s.,:/+()-]*$")


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
        separator: between cells.
        eol: what ends a line, as far as counting goes: a line feed or a carriage return.
        header: distinct column names in file order.
        labels: the header's cells as they stand in the file, without padding.
        width: how many cells the header line has, padding included.
        header_line: its line number.
        preamble: what stands above it.
        slices: where the records are; one for all of them when the file quotes loosely.
        loose: quotes do not follow RFC 4180.
        records: how many there are, blank ones included.
        sample: column name -> cells of the first records.
        warnings: about the header.
    """

    text: TextFile
    separator: str
    eol: bytes
    header: list[str]
    labels: list[str]
    width: int
    header_line: int
    preamble: str
    slices: list[Slice]
    loose: bool
    records: int
    sample: dict[str, list[str]]
    warnings: list[Warned]


@dataclass(frozen=True)
class _Layout:
    """One way to read the file's head: a separator, and the header found with it."""

    separator: str
    header: int  # index into rows
    rows: list[tuple[int, list[str]]]  # line number, cells
    known: int
    agreement: float

    @property
    def labels(self) -> list[str]:
        return _without_blank_tail(self.rows[self.header][1])

    @property
    def rank(self) -> tuple[int, bool, float, int]:
        return self.known, len(self.labels) > 1, self.agreement, len(self.labels)


def survey(text: TextFile) -> Table:
    """Understand a text as a table.

    Raises:
        InputError: there is no table in it, no row, too many rows or columns, or a quote that is never closed; the
            message names the line.
    """
    head = text.read(text.start, min(text.end, text.start + _HEAD))
    eol = b"\r" if head.count(b"\r") - head.count(b"\r\n") > head.count(b"\n") else b"\n"
    if text.start + len(head) < text.end:
        head = head[: head.rfind(eol) + 1] or head
    lines = list(split_lines(head.decode("utf-8", "ignore"), eol.decode()))
    if not head.strip(b' \r\n"' + "".join(SEPARATORS).encode()):
        raise InputError("The file holds nothing but blanks.", "Export it again, then upload it.")
    layout = _layout(lines)
    (header_line, cells), labels = layout.rows[layout.header], layout.labels
    if len(labels) > MAX_COLUMNS:
        raise InputError(
            f"Line {header_line} names {len(labels):,} columns; an upload may have {MAX_COLUMNS}.",
            "Leave out the columns that nobody needs.",
        )
    header, warnings = _distinct(labels, header_line)
    data_line = layout.rows[layout.header + 1][0] if layout.header + 1 < len(layout.rows) else len(lines) + 1
    data_start = text.start + sum(len(line.encode()) for line in lines[: data_line - 1])
    slices, loose, count = _slices(text, data_start, data_line, layout.separator.encode(), eol, len(cells))
    if count > MAX_ROWS:
        raise InputError(
            f"The file has {count:,} rows; an upload may have {MAX_ROWS:,}. "
            f"The first row too many is near line {data_line + MAX_ROWS:,}.",
            "Split it into smaller files and upload them one after another.",
        )
    below = [_padded(row, len(header)) for _, row in layout.rows[layout.header + 1 :]]
    sample = {name: [row[i] for row in below] for i, name in enumerate(header)}
    preamble = "".join(line for line in lines[: header_line - 1] if not _SEP_LINE.match(line)).strip()[:_PREAMBLE]
    return Table(
        text=text,
        separator=layout.separator,
        eol=eol,
        header=header,
        labels=labels,
        width=len(cells),
        header_line=header_line,
        preamble=preamble,
        slices=slices,
        loose=loose,
        records=count,
        sample=sample,
        warnings=warnings,
    )


def _layout(lines: Sequence[str]) -> _Layout:
    """The separator that makes most sense of the file's first lines, and the header it shows."""
    said = next((m.group(1) for m in map(_SEP_LINE.match, lines[:1]) if m), None)
    layouts = [_try(lines, separator) for separator in ((said,) if said else SEPARATORS)]
    best = max((layout for layout in layouts if layout is not None), key=lambda layout: layout.rank)
    line, labels = best.rows[best.header][0], best.labels
    if best.known == 0 and any(_DATA_LIKE.search(label.strip()) for label in labels):
        raise InputError(
            f"Line {line} looks like a row of data, not like column names.",
            "Add a first line that names the columns, e.g. First Name, Last Name, Company Name, Website.",
        )
    if best.known == 0 and (len(labels) == 1 or best.agreement < _AGREEMENT):
        raise InputError(
            f"No table was found: line {line} names no known column, and the lines below do not line up with it.",
            "Save the file as CSV with the column names in the first line.",
        )
    return best


def _try(lines: Sequence[str], separator: str) -> _Layout | None:
    reader = csv.reader(map(hide_breaks, lines), delimiter=separator)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    for cells in islice(reader, _SAMPLE_RECORDS):
        rows.append((line, cells))
        line = reader.line_num + 1
    filled = [i for i, (_, cells) in enumerate(rows) if any(cell.strip() for cell in cells)]
    if not filled:
        return None
    widest = max(len(_without_blank_tail(rows[i][1])) for i in filled)
    top = filled[:_HEADER_WITHIN]
    known = {i: sum(is_known(cell) for cell in rows[i][1]) for i in top}
    header = max(top, key=lambda i: known[i])
    if known[header] == 0:
        # Half as wide as the widest line will do. With a wrong separator no line near the top may be: then the widest.
        wide = {i: len(_without_blank_tail(rows[i][1])) for i in top}
        header = next((i for i in top if wide[i] * 2 >= widest), max(top, key=lambda i: wide[i]))
    width = len(_without_blank_tail(rows[header][1]))
    below = [rows[i][1] for i in filled if i > header]
    agreeing = sum(len(cells) >= width >= len(_without_blank_tail(cells)) for cells in below)
    return _Layout(separator, header, rows, known[header], agreeing / len(below) if below else 1.0)


def _without_blank_tail(cells: Sequence[str]) -> list[str]:
    """The cells up to the last one that has something in it: spreadsheets pad lines with empty cells."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return list(cells[:end])


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def _distinct(labels: Sequence[str], line: int) -> tuple[list[str], list[Warned]]:
    """Labels as column names: none empty, none twice."""
    names: dict[str, None] = {}
    repeated: list[str] = []
    unnamed: list[str] = []
    for place, raw in enumerate(labels, 1):
        label = raw.replace("\0", "\ufffd").removeprefix("\ufeff")
        name, n = label, 2
        if not label.strip():
            name = label = f"column_{place}"
            unnamed.append(name)
        while name in names or (name != label and name in labels):
            name, n = f"{label} ({n})", n + 1
        if name != label:
            repeated.append(f"“{label}” again, kept as “{name}”")
        names[name] = None
    warnings = []
    if repeated:
        warnings.append(Warned("repeated_label", f"Line {line} has {'; '.join(repeated)}.", [line]))
    if unnamed:
        warnings.append(Warned("unnamed_column", f"Line {line} leaves {', '.join(unnamed)} without a name.", [line]))
    return list(names), warnings


def _slices(  # noqa: PLR0917 -- a place in a file and how to read on from there
    text: TextFile, start: int, line: int, separator: bytes, eol: bytes, width: int
) -> tuple[list[Slice], bool, int]:
    """Cut the file where records end; also whether it quotes loosely, and how many records there are.

    Between quotes everything is content. So the pieces between quote characters are outside and inside by turns, and as
    long as each piece outside begins and ends at a separator or a line's end, that count is exact.
    """
    slices: list[Slice] = []
    count, carry, first_line = 0, b"", line
    position = start
    while True:
        block = text.read(position + len(carry), min(text.end, position + len(carry) + _BLOCK))
        buffer, last = carry + block, position + len(carry) + len(block) >= text.end
        parts = buffer.split(b'"')
        cut = len(buffer) if last else _last_end(parts, eol)
        left_open = len(parts) % 2 == 0 if last else not cut and len(buffer) > MAX_RECORD
        if left_open or not _well_quoted(parts, separator):
            return _loose(text, start, first_line, separator, eol)
        if cut:
            outside = b'"'.join(buffer[:cut].split(b'"')[::2])
            ends = outside.count(eol)
            here = ends + (last and not buffer.endswith(eol) and bool(buffer))
            regular = outside.count(separator) == here * (width - 1)
            if here:
                slices.append(Slice(position, position + cut, line, regular))
            count += here
            line += buffer.count(eol, 0, cut)
            position += cut
        carry = buffer[cut:]
        if last:
            return slices, False, count


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


def _loose(text: TextFile, start: int, line: int, separator: bytes, eol: bytes) -> tuple[list[Slice], bool, int]:
    """Everything as one slice, after a look through all of it for a quote that is never closed."""
    rest = Slice(start, text.end, line, regular=False)
    return [rest], True, sum(1 for _ in records(text, rest, separator.decode(), eol))
