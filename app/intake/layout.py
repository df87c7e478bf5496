"""Finds the header line in a text's first lines, under whatever stands above it, and the separator that shows it.

Part of the second station of an upload: `app/intake/survey.py` asks for a `Layout` and then looks at the whole file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app.errors import InputError
from app.intake.headers import is_known
from app.intake.remarks import unnamed_columns
from app.intake.text import Warned

__all__ = ["SEP_LINE", "Layout", "bare_label", "distinct", "find_layout", "without_blank_tail"]

SEP_LINE = re.compile(r'^"?sep=(.|\\t)"?[\s,;]*$', re.IGNORECASE)
"""The line by which a file tells Excel its separator."""

SEPARATORS = (",", ";", "\t", "|")
_RARE_SEPARATORS = ("~", "^", ":")
_CALLED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_HEADER_WITHIN = 30
_SAMPLE_RECORDS = 300
_AGREEMENT = 0.6
_DATA_LIKE = re.compile(r"@|://|^[(\[{]\s*['\"]|^\W*\d[\d\s.,:/+()-]*$")
_ADDRESS = re.compile(r"\S@\S+\.\S|://")
_FAILURE = re.compile(
    r"\b(?:[45]\d\d|error|not found|forbidden|unauthori[sz]ed|access denied|denied|expired|unavailable|bad gateway|"
    r"bad request|time(?:d )?-?out|too many requests|rate limit|no such|try again)\b",
    re.IGNORECASE,
)
_SHORT = 500
_LABELS = 2
# Python's reader takes any line break outside quotes for the end of a record; those inside a line travel in disguise.
_HIDE = str.maketrans("\r\n", "\ue00d\ue00a")


@dataclass(frozen=True)
class Layout:
    """One way to read the file's head: a separator, and the header found with it.

    Attributes:
        separator: between cells.
        header: index of the header in `rows`.
        rows: line number and cells of the first records.
        known: how many of the header's labels are ones that exports use.
        agreement: share of the rows below that have the header's width.
    """

    separator: str
    header: int
    rows: list[tuple[int, list[str]]]
    known: int
    agreement: float

    @property
    def labels(self) -> list[str]:
        """The header's cells without padding."""
        return without_blank_tail(self.rows[self.header][1])

    @property
    def rank(self) -> tuple[int, bool, float, int]:
        """Compared between separators: the greatest makes most sense."""
        return self.known, len(self.labels) > 1, self.agreement, len(self.labels)


def find_layout(lines: Sequence[str]) -> Layout:
    """The separator that makes most sense of the file's first lines, and the header it shows.

    Raises:
        InputError: the lines hold no table, or no line of column names.
    """
    said = next((m.group(1).replace("\\t", "\t") for m in map(SEP_LINE.match, lines[:1]) if m), None)
    layouts = [_try(lines, separator) for separator in ((said, *SEPARATORS) if said else SEPARATORS)]
    found = [layout for layout in layouts if layout is not None]
    best = max(found, key=lambda layout: layout.rank)
    best = best if best.known else _rarely_separated(lines) or best
    if said and found[0].separator == said and (found[0].known or not best.known):
        best = found[0]
    _refuse_what_is_no_header(best, lines)
    return best


def _rarely_separated(lines: Sequence[str]) -> Layout | None:
    """The layout by a separator that hardly any file has, where labels and rows leave no doubt about it."""
    layouts = [layout for separator in _RARE_SEPARATORS if (layout := _try(lines, separator))]
    sure = (layout for layout in layouts if layout.known >= _LABELS and layout.agreement == 1)
    return max(sure, key=lambda layout: layout.rank, default=None)


def _refuse_what_is_no_header(layout: Layout, lines: Sequence[str]) -> None:
    line, labels = layout.rows[layout.header][0], layout.labels
    if layout.known:
        _refuse_another_separator(layout)
        return
    lined_up = len(labels) > 1 and layout.agreement >= _AGREEMENT
    alone = layout.header == len(layout.rows) - 1
    if (alone or not lined_up) and sum(map(len, lines)) < _SHORT and _FAILURE.search("".join(lines)):
        raise InputError(
            f"The file contains a message, not a table: “{lines[line - 1].strip()[:100]}”. "
            "This looks like a failed download.",
            "Download it again, then upload it.",
        )
    if any(_DATA_LIKE.search(label.strip()) for label in labels):
        raise InputError(
            f"Line {line} looks like a row of data, not column names.",
            "Add a first line with the column names, e.g. First Name, Last Name, Company Name, Website.",
        )
    if not lined_up:
        raise InputError(
            f"No table was found: line {line} has no known column name, and the lines below do not line up with it.",
            "Save the file as CSV with the column names in the first line.",
        )


def _refuse_another_separator(layout: Layout) -> None:
    """Refuse a header in one dialect above rows in another: each row would be one cell."""
    below = [cells for _, cells in layout.rows[layout.header + 1 :] if any(cell.strip() for cell in cells)]
    line, breaks = layout.rows[layout.header][0], len(layout.labels) - 1
    if not breaks or not below or any(len(cells) > 1 for cells in below):
        return
    for mark in SEPARATORS:
        if mark != layout.separator and all(cells[0].count(mark) >= breaks for cells in below):
            raise InputError(
                f"Line {line} separates its cells by {_CALLED.get(layout.separator, layout.separator)}, "
                f"the rows below by {_CALLED[mark]}.",
                "Use one separator for all lines, or export the file again.",
            )


def _try(lines: Sequence[str], separator: str) -> Layout | None:
    reader = csv.reader(map(_hide_breaks, lines), delimiter=separator)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    for cells in islice(reader, _SAMPLE_RECORDS):
        rows.append((line, cells))
        line = reader.line_num + 1
    filled = [i for i, (_, cells) in enumerate(rows) if any(cell.strip() for cell in cells)]
    if not filled:
        return None
    widest = max(len(without_blank_tail(rows[i][1])) for i in filled)
    top = filled[:_HEADER_WITHIN]
    known = {i: _known_labels(rows[i][1]) for i in top}
    header = max(top, key=lambda i: known[i])
    if known[header] == 0:
        # Half as wide as the widest line will do. With a wrong separator no line near the top may be: then the widest.
        wide = {i: len(without_blank_tail(rows[i][1])) for i in top}
        header = next((i for i in top if wide[i] * 2 >= widest), max(top, key=lambda i: wide[i]))
    width = len(without_blank_tail(rows[header][1]))
    below = [rows[i][1] for i in filled if i > header]
    agreeing = sum(len(cells) >= width >= len(without_blank_tail(cells)) for cells in below)
    return Layout(separator, header, rows, known[header], agreeing / len(below) if below else 1.0)


def _known_labels(cells: Sequence[str]) -> int:
    """How many cells are labels that exports use; none in a row of data that happens to hold such a word."""
    filled = [label for cell in cells if (label := bare_label(cell).strip())]
    known = sum(map(is_known, filled))
    return 0 if 2 * known < len(filled) and any(map(_ADDRESS.search, filled)) else known


def _hide_breaks(line: str) -> str:
    """The line with the breaks inside it in disguise; itself when there are none."""
    body = line.rstrip("\r\n")
    return body.translate(_HIDE) + line[len(body) :] if "\r" in body or "\n" in body else line


def without_blank_tail(cells: Sequence[str]) -> list[str]:
    """The cells up to the last one that has something in it: spreadsheets pad lines with empty cells."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return list(cells[:end])


def bare_label(cell: str) -> str:
    """A header's cell without byte order marks, which files that were put together have in the middle."""
    return cell.replace("\0", "\ufffd").removeprefix("\ufeff").removeprefix("ï»¿")


def distinct(labels: Sequence[str], line: int) -> tuple[list[str], list[Warned]]:
    """Labels as column names: none empty, none twice; and what to say about it."""
    names: dict[str, None] = {}
    repeated: list[str] = []
    unnamed: dict[int, str] = {}
    for place, raw in enumerate(labels, 1):
        label = bare_label(raw)
        blank = not label.strip()
        name = label = f"column_{place}" if blank else label
        n = 2
        while name in names or (name != label and name in labels):
            name, n = f"{label} ({n})", n + 1
        if blank:
            unnamed[place] = name
        elif name != label:
            repeated.append(f"“{label}” again, kept as “{name}”")
        names[name] = None
    warnings = []
    if repeated:
        warnings.append(Warned("repeated_label", f"Line {line} has {'; '.join(repeated)}.", [line]))
    if unnamed:
        warnings.append(unnamed_columns(unnamed, line))
    return list(names), warnings
