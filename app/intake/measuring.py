"""Measures which dialect gives the most rows of the header's width, where a file does not quote as RFC 4180 says.

Called by `app/intake/survey.py`. Every dialect that the file shows signs of is tried on all of it; on a tie the more
particular one wins. What was assumed is said in the upload's report; where nothing fits, the file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from app.errors import InputError
from app.intake.dialects import Dialect
from app.intake.mending import fits
from app.intake.records import Span, records
from app.intake.text import BLOCK, TextFile, Warned

__all__ = ["Measured", "measure", "quotes_otherwise"]

_OVERLAP = 64
_ENOUGH = 0.9
_A_HABIT = 2
_NEVER_IN_CELLS = "\t|"
_OTHER_MARKS = ("'", "“”„", "\u00b4`", "«»")


@dataclass(frozen=True)
class Measured:
    """What a dialect makes of a file.

    Attributes:
        dialect: the one that fits best.
        records: how many rows it gives.
        fitting: how many of them have the header's width.
        marked: how many of these keep a quotation mark at the beginning of a cell.
        warnings: what was assumed.
    """

    dialect: Dialect
    records: int
    fitting: int
    marked: int
    warnings: list[Warned] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Compared between dialects: one that tears rows apart makes many that fit, but others too, or marks stay."""
        return 2 * self.fitting - self.records - self.marked / 2


@dataclass
class _Signs:
    """What a file does with quotation marks, counted: on how many places."""

    blanks: int = 0
    backslashes: int = 0
    whole: int = 0
    lonely: int = 0


def quotes_otherwise(header: Sequence[str], rows: Sequence[str]) -> str:
    """The marks that stand around every label, or around every row, instead of quotation marks; nothing as a rule.

    Args:
        header: the labels.
        rows: some of the lines below.
    """
    for marks in _OTHER_MARKS:
        if any(_all_between(texts, marks) for texts in (header, rows)):
            return marks
    return ""


def _all_between(texts: Sequence[str], marks: str) -> bool:
    filled = [text.strip() for text in texts if text.strip()]
    return len(filled) > 1 and all(len(text) > 1 and text[0] in marks and text[-1] in marks for text in filled)


def measure(  # noqa: PLR0917 -- where, and what is known of how
    text: TextFile, below: Span, separator: str, eol: bytes, header: Sequence[str], marks: str
) -> Measured:
    """The dialect that gives the most rows of the header's width; `marks`: what may stand for quotation marks.

    Raises:
        InputError: no dialect reads the file to its end; says why RFC 4180 does not.
    """
    signs = _signs(text, below, separator, eol)
    standard = Dialect(separator)
    tried: list[Measured] = []
    refusal: InputError | None = None
    for dialect in _candidates(separator, signs, marks):
        try:
            tried.append(_tried(text, below, dialect, eol, len(header)))
        except InputError as error:
            if refusal is None or dialect == standard:
                refusal = error
    if refusal is not None and _lonely_is_likely(separator, signs):
        found = _tried(text, below, replace(standard, lonely=True), eol, len(header))
        tried += [found] if found.fitting >= _ENOUGH * found.records else []
    if not tried:
        raise refusal or InputError("No row could be read.", "Export the file again, then upload it.")
    # A header with blanks before its quotation marks says how the rows are written.
    spaced = any(cell[:1].isspace() and cell.strip()[:1] == '"' == cell.strip()[-1:] for cell in header)
    best = max(tried, key=lambda measured: (spaced and measured.dialect.blanks, measured.score))
    said = _assumed(best.dialect)
    return replace(best, warnings=[Warned("quotes", said)] if said else [])


def _candidates(separator: str, signs: _Signs, marks: str) -> Iterator[Dialect]:
    """The dialects to try, the more particular ones first."""
    if marks:
        yield Dialect(separator, quotes=marks, blanks=True)
    if signs.blanks and signs.backslashes:
        yield Dialect(separator, blanks=True, backslash=True)
    if signs.backslashes:
        yield Dialect(separator, backslash=True)
    if signs.blanks:
        yield Dialect(separator, blanks=True)
    yield Dialect(separator)


def _lonely_is_likely(separator: str, signs: _Signs) -> bool:
    """Whether marks that nothing closes are how the file is written; a single one is an accident to be looked at."""
    if separator in _NEVER_IN_CELLS:
        return True
    return signs.lonely >= _A_HABIT and not signs.whole


def _tried(text: TextFile, below: Span, dialect: Dialect, eol: bytes, width: int) -> Measured:
    count = fitting = marked = 0
    for _, cells in records(text, below, dialect, eol, width):
        count += 1
        if fits(cells, width):
            fitting += 1
            marked += any(cell.lstrip().startswith('"') for cell in cells)
    return Measured(dialect, count, fitting, marked)


def _signs(text: TextFile, below: Span, separator: str, eol: bytes) -> _Signs:
    mark, end = re.escape(separator.encode()), re.escape(eol)
    opened = rb"(?:^|" + mark + rb"|" + end + rb")"
    blank = rb"[ \t\xa0]" if separator != "\t" else rb"[ \xa0]"
    # A mark inside quoted cells stands before its separator as well; so these are signs, and the measure decides.
    looks = {
        "blanks": re.compile(opened + blank + rb'{1,8}"'),
        "backslashes": re.compile(rb'\\"'),
        "whole": re.compile(opened + rb'"[^"]*"(?=' + mark + rb"|[\r\n]|$)"),
        "lonely": re.compile(opened + rb'"[^"\r\n]*(?=[\r\n]|$)'),
    }
    signs = _Signs()
    for start in range(below.start, below.end, BLOCK):
        block = text.read(start, min(below.end, start + BLOCK + _OVERLAP))
        for name, look in looks.items():
            setattr(signs, name, getattr(signs, name) + sum(1 for _ in look.finditer(block)))
    return signs


def _assumed(dialect: Dialect) -> str:
    """What the report says about a dialect."""
    if dialect.quotes != '"':
        return f"Cells stand between {' and '.join(dialect.quotes[:2])}; these marks were removed."
    if dialect.lonely:
        return "Quotation marks that are never closed on their line were kept as part of the cell."
    said = []
    if dialect.blanks:
        said.append("Some cells have spaces before their quotation marks; both were removed.")
    if dialect.backslash:
        said.append("Quotation marks inside cells are escaped with a backslash; the backslash was removed.")
    return " ".join(said) or "Some unquoted cells contain quotation marks; they were kept."
