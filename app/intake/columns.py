"""What a reader of the upload inspector wants to know of each column: how full, how escaped, of what kind.

Fed chunk by chunk by `app/intake/reading.py` while a file is read. Emptiness and escapes are counted in every row; what
kind of values a column holds is estimated from every eighth at first, then from every thirty-second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from app.text.mojibake import SUSPECT, mended

__all__ = ["ESCAPED", "ColumnStats"]

# The apostrophe that spreadsheets and exports put before a cell that would be taken for a formula.
ESCAPED = r"^\s*'[-=+@0-9(]"
_KINDS = {
    "number": r"^\s*-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?\s*$",
    "date": r"^\s*\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?\s*$",
    "e-mail": r"^\s*[^\s@]+@[^\s@]+\.[^\s@]+\s*$",
    "link": r"^\s*https?://\S+\s*$",
}
_PLURALS = {"number": "numbers", "date": "dates", "e-mail": "e-mail addresses", "link": "links", "text": "text"}
_EVERY = 8
_FEW_ROWS = 400
_EVENLY, _LATER = 4, 4
"""How many chunks are looked at all over; of those behind them, every how many at its beginning, which costs less."""
_MOST = 0.6


class ColumnStats:
    """Counts over the cells of each column.

    Args:
        columns: their names.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = list(columns)
        self._filled = [0] * len(self._columns)
        self._escaped = [0] * len(self._columns)
        self._longest = [0] * len(self._columns)
        self._mended = [0] * len(self._columns)
        self._mended_example: tuple[str, str] | None = None
        self._chunks = 0
        self._kinds: list[dict[str, int]] = [dict.fromkeys((*_KINDS, "text"), 0) for _ in self._columns]

    def add(self, frame: pl.DataFrame, *, suspect: bool = True) -> int:
        """Count a chunk; how many characters it has.

        Args:
            frame: columns of strings, in the order given to the constructor.
            suspect: False where it is known that no cell holds anything of `SUSPECT`.
        """
        if not frame.height:
            return 0
        cells = pl.all()
        lengths = frame.select(cells.str.len_chars())
        longest, characters = lengths.max().row(0), lengths.sum().row(0)
        filled, quoted = (
            frame.select(what).row(0) for what in (cells.ne("").sum(), cells.str.contains("'", literal=True).any())
        )
        for i in range(len(self._columns)):
            self._filled[i] += filled[i]
            self._longest[i] = max(self._longest[i], longest[i])
        if places := [i for i, has_one in enumerate(quoted) if has_one]:
            some = pl.DataFrame([frame.to_series(i) for i in places])
            for i, count in zip(places, some.select(cells.str.contains(ESCAPED).sum()).row(0), strict=True):
                self._escaped[i] += count
        if suspect:
            for i, size in enumerate(frame.select(cells.str.len_bytes().sum()).row(0)):
                if size > characters[i]:
                    self._count_mended(i, frame[self._columns[i]])
        self._chunks += 1
        if self._chunks <= _EVENLY:
            self._sample(frame if frame.height < _FEW_ROWS else frame.gather_every(_EVERY))
        elif self._chunks % _LATER == 0:
            self._sample(frame.head(max(frame.height // _EVERY, 1)))
        return sum(characters)

    def _count_mended(self, i: int, column: pl.Series) -> None:
        for cell in column.filter(column.str.contains(SUSPECT.pattern)):
            if (right := mended(cell)) != cell:
                self._mended[i] += 1
                self._mended_example = self._mended_example or (cell, right)

    @property
    def mended_cells(self) -> int:
        """How many cells hold UTF-8 that was once read as Windows-1252, and are certain to be mended when read."""
        return sum(self._mended)

    @property
    def mended_example(self) -> tuple[str, str]:
        """The first such cell, and what it is read as."""
        return self._mended_example or ("", "")

    def _sample(self, frame: pl.DataFrame) -> None:
        cells = pl.all()
        filled = frame.select(cells.str.strip_chars().ne("").sum()).row(0)
        seen = [0] * len(self._columns)
        for kind, pattern in _KINDS.items():
            for i, count in enumerate(frame.select(cells.str.contains(pattern).sum()).row(0)):
                self._kinds[i][kind] += count
                seen[i] += count
        for i, count in enumerate(filled):
            self._kinds[i]["text"] += count - seen[i]

    def report(self) -> list[dict[str, Any]]:
        """Per column, in order: name, filled, escaped, mended, longest, and warnings (code and text)."""
        return [
            {
                "name": name,
                "filled": self._filled[i],
                "escaped": self._escaped[i],
                "mended": self._mended[i],
                "longest": self._longest[i],
                "warnings": list(self._warnings(i)),
            }
            for i, name in enumerate(self._columns)
        ]

    def _warnings(self, i: int) -> list[dict[str, str]]:
        if not self._filled[i]:
            return [{"code": "empty", "text": "This column is empty."}]
        warnings = []
        if self._escaped[i]:
            said = f"{self._escaped[i]:,} values start with an apostrophe against formulas; steps read them without it."
            warnings.append({"code": "escaped", "text": said})
        if self._mended[i]:
            said = (
                f"{self._mended[i]:,} values were damaged by a wrong encoding (JosÃ©); steps read them repaired (José)."
            )
            warnings.append({"code": "mended", "text": said})
        kinds = {kind: count for kind, count in self._kinds[i].items() if count}
        total = sum(kinds.values())
        main = max(kinds, key=lambda kind: kinds[kind], default="text")
        if main != "text" and len(kinds) > 1 and kinds[main] >= _MOST * total:
            others = " and ".join(_PLURALS[kind] for kind in kinds if kind != main)
            share = 100 * kinds[main] / total
            said = f"About {share:.0f} % are {_PLURALS[main]}, the rest {others}."
            warnings.append({"code": "mixed", "text": said})
        return warnings
