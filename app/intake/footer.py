"""Finds what stands below the last row of a table and is no row: copyright lines, totals, who made the report when.

Called by `app/intake/survey.py`. Reports of CRM systems end like that; read as rows, such lines would become people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.intake.dialects import Dialect, Tokens
from app.intake.records import Span
from app.intake.text import TextFile, Warned

__all__ = ["find_footer"]

_TAIL = 8_000
_MOST_LINES = 12
_NARROW = 3
_WORDS = 3
_SHOWN = 300
_COUNT = re.compile(r"\(\d+ rows?\)")
_SAYS_SO = re.compile(
    r"\W*\d[\d,.]* (?:rows?|records?|results?|leads?|contacts?|accounts?|datens.tze?|eintr.ge?|zeilen?|kontakte?|"
    r"enregistrements?|lignes?|r.sultats?|registros?|filas?|contactos?|resultados?|righe|contatti|risultati|linhas?|"
    r"contatos?|rijen|regels|contacten|resultaten)(?: \w+)?\W*\Z"
    r"|\W*(?:grand |sub)?totals?(?: (?:rows|records|count|leads|contacts|accounts))?\W*\d[\d,.]*\W*\Z|grand total\W*\Z"
    r"|(?:rows|records|count)\s*:\s*\d|(?:\*+\s*)?end of (?:report|file|list|data|export)\b"
    r"|(?:copyright|\(c\)|\N{COPYRIGHT SIGN}).*\d{4}|confidential information\b"
    r"|(?:report )?(?:generated|exported|created|downloaded|run|erstellt|g.n.r. )\s?(?:by|on|at|from|am|von|le|:|\d)"
    r"|as of \d|filtered by\b|page \d+ of",
    re.IGNORECASE,
)


def find_footer(text: TextFile, below: Span, dialect: Dialect, eol: bytes, width: int) -> tuple[int, Warned | None]:
    """Where the rows end, as a byte, and what to say of the lines behind them.

    Lines are a footer when each is a single cell of a table of three columns or more, a blank line stands above them,
    and they read like sentences or counts; or when they say so by themselves (`(20 rows)`, `Copyright`, `Total`). In a
    narrower table only a database's `(20 rows)` is one.
    """
    start = max(below.start, below.end - _TAIL)
    lines = text.read(start, below.end).decode("utf-8", "ignore").split(eol.decode())
    if start > below.start:
        del lines[0]
    seen = [_Line.of(line, dialect) for line in lines]
    taken = _reach(seen) if width >= _NARROW else _count_of_rows(seen)
    said = [line.cell for line in seen[len(seen) - taken :] if line.cell]
    if not said or not any(line.cell != "" for line in seen[: len(seen) - taken]):
        return below.end, None
    end = below.end - len(eol.decode().join(lines[len(lines) - taken :]).encode())
    shown = " / ".join(said)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    were = (
        "1 line below the rows is not a row; it was"
        if len(said) == 1
        else f"{len(said)} lines below the rows are not rows; they were"
    )
    return end, Warned("footer", f"{were} left out: “{shown}”")


@dataclass(frozen=True)
class _Line:
    """A line below a table.

    Attributes:
        cell: its only cell, empty for a blank line; None where it has several or is part of a quoted cell.
        padded: separators stand in it.
    """

    cell: str | None
    padded: bool

    @classmethod
    def of(cls, line: str, dialect: Dialect) -> _Line:
        """The line, looked at by itself."""
        tokens = Tokens(dialect)
        if line.count('"') % 2 or not tokens.feed(line):
            return cls(None, padded=False)
        filled = [cell.strip() for cell in tokens.cells if cell.strip()]
        return cls(None if len(filled) > 1 else "".join(filled), padded=len(tokens.cells) > 1)

    @property
    def says_so(self) -> bool:
        """Whether it reads like the end of a report."""
        return bool(self.cell and _SAYS_SO.match(self.cell))

    @property
    def is_prose(self) -> bool:
        """Whether it is a line of several words that no separator touches."""
        return bool(self.cell and not self.padded and len(self.cell.split()) >= _WORDS)


def _count_of_rows(seen: Sequence[_Line]) -> int:
    """How many lines from the end are a database's count of rows and blank: all that is a footer in a narrow table."""
    filled = next((n for n, line in enumerate(reversed(seen), 1) if line.cell != ""), 0)
    return filled if filled and _COUNT.fullmatch(seen[-filled].cell or "") else 0


def _reach(seen: Sequence[_Line]) -> int:
    """How many lines from the end are a footer, blank ones above it included."""
    taken = block = 0  # lines of the footer so far; those of the block that is being looked at
    certain = False
    for n, line in enumerate(reversed(seen), 1):
        if line.cell is None or n > _MOST_LINES:
            break
        if line.cell == "":
            if block and not certain:
                break
            taken, block, certain = (n, 0, False) if taken or block else (0, 0, False)
        else:
            block += 1
            certain = certain or line.says_so or line.is_prose
            if line.says_so:
                taken = n
    return taken
