"""What is odd about the rows of a file, counted while they are read, and the sentences that say it.

`app/intake/records.py` and `app/intake/reading.py` note what they meet; the upload's report shows `warnings` on the
upload's page and on the console.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.intake.text import Warned

__all__ = ["Remarks", "mojibake", "remember", "unnamed_columns", "warnings"]

_LINES_NAMED = 20
_SHOWN = 60

# kind -> the sentence of one, the sentence of several
_SENTENCES: dict[str, tuple[str, str]] = {
    "long_rows": (
        "1 row has more cells than the header; the extra cells are kept as {extra}.",
        "{n} rows have more cells than the header; the extra cells are kept as {extra}.",
    ),
    "short_rows": (
        "1 row has fewer cells than the header; the missing ones are empty.",
        "{n} rows have fewer cells than the header; the missing ones are empty.",
    ),
    "inner_quotes": (
        "1 row has quotation marks inside quoted cells; it was read in the one way that fits the header.",
        "{n} rows have quotation marks inside quoted cells; they were read in the one way that fits the header.",
    ),
    "escaped_separators": (
        "1 row has separators with a backslash before them; they were read as part of the cell.",
        "{n} rows have separators with a backslash before them; they were read as part of the cell.",
    ),
    "wrapped": (
        "1 row was wrapped in quotation marks as a whole; they were removed.",
        "{n} rows were wrapped in quotation marks as a whole; they were removed.",
    ),
    "carriage_returns": (
        "1 line with carriage returns inside contains several rows; each was read as a row of its own.",
        "{n} lines with carriage returns inside contain several rows; each was read as a row of its own.",
    ),
    "blank_rows": ("1 empty row was left out.", "{n} empty rows were left out."),
    "repeated_header": (
        "The header line appears once more below; it was left out there.",
        "The header line appears {n} more times below; it was left out there.",
    ),
    "other_header": (
        "1 row below contains different column names; it was left out. {parts}",
        "{n} rows below contain different column names; they were left out. {parts}",
    ),
    "ruler": ("The ruled line below the column names was left out.", "{n} ruled lines were left out."),
    "nul": (
        "1 NUL character, which no database stores, became “\ufffd”.",
        "{n} NUL characters, which no database stores, became “\ufffd”.",
    ),
}
_PARTS = "The file looks like several joined together; rows below may be under wrong names. Upload each part by itself."


@dataclass
class Remarks:
    """Counts of what was met: kind -> how often, and on which lines first."""

    counts: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def note(self, kind: str, line: int | None = None, times: int = 1) -> None:
        """Count something, with the line it is on where that is known."""
        if times:
            self.counts[kind] = self.counts.get(kind, 0) + times
        if line is not None:
            remember(self.lines.setdefault(kind, []), line)


def remember(lines: list[int], line: int) -> None:
    """Add a line number to those that will be named, as long as they are few."""
    if len(lines) < _LINES_NAMED:
        lines.append(line)


def warnings(remarks: Remarks, extra: Sequence[str]) -> Iterator[Warned]:
    """What to say of a file's rows.

    Args:
        remarks: what was met.
        extra: the names under which cells beyond the header are kept.
    """
    for kind, (one, several) in _SENTENCES.items():
        if count := remarks.counts.get(kind):
            said = (one if count == 1 else several).format(n=f"{count:,}", extra=", ".join(extra), parts=_PARTS)
            yield Warned(kind, said, remarks.lines.get(kind, []))


def mojibake(cells: int, example: tuple[str, str]) -> Warned:
    """What to say of cells that are mended when they are read.

    Args:
        cells: how many.
        example: one of them, as it came and as it is read.
    """
    before, after = (text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…" for text in example)
    were, them = ("1 cell was", "it") if cells == 1 else (f"{cells:,} cells were", "them")
    said = f"{were} damaged by a wrong encoding before (“{before}”); steps read {them} repaired (“{after}”). "
    return Warned("mojibake", said + "The original rows are kept.")


def unnamed_columns(unnamed: Mapping[int, str], line: int, rows: Sequence[int] = ()) -> Warned:
    """What to say of columns that the header line leaves without a label.

    Args:
        unnamed: place, from 1 -> the name it is kept under.
        line: the header's.
        rows: lines that have a cell there, if that is worth naming.
    """
    places, several = " and ".join(", ".join(map(str, unnamed)).rsplit(", ", 1)), len(unnamed) > 1
    said = f"Line {line} leaves column{'s' * several} {places} without a name; "
    kept = f"{'they are' if several else 'it is'} kept as {', '.join(unnamed.values())}."
    return Warned("unnamed_column", said + kept, list(rows) or [line])
