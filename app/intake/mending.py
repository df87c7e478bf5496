"""Mends a single record that does not have as many cells as the header has columns, where only one way does it.

Called by `app/intake/records.py` when the dialect of the file gives a row too many or too few cells. What fits in no
way or in two is left as it came, and said so in the report by whoever counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.intake.dialects import Dialect, Tokens

__all__ = ["fits", "regrouped", "rows_in_line", "unescaped", "unwrapped"]

_MOST_PIECES = 1_500
_MOST_EXCESS = 24


def fits(cells: Sequence[str], width: int) -> bool:
    """Whether a row has the header's width: no cell missing, and nothing in those beyond."""
    return len(cells) >= width and not any(cell.strip() for cell in cells[width:])


def regrouped(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """The cells of a record whose quoted cells hold quotation marks of their own, as many as the header has columns.

    The record is cut at every separator; pieces are joined again where the first begins and the last ends with a
    quotation mark, but never across `","`, which ends a cell. None where no way gives that many cells, or several do.
    """
    pieces = text.rstrip("\r\n").split(dialect.separator)
    excess = len(pieces) - width
    if not dialect.quotes or not 0 <= excess <= _MOST_EXCESS or len(pieces) > _MOST_PIECES:
        return None
    bare = [piece.strip() for piece in pieces]
    opens = [piece[:1] in dialect.quotes and piece != "" for piece in bare]
    closes = [piece[-1:] in dialect.quotes and piece != "" for piece in bare]
    # ways[i][x]: the first i pieces as whole cells with x separators inside: how many ways (two is many), the last cut
    ways: list[dict[int, tuple[int, int]]] = [{0: (1, 0)}] + [{} for _ in pieces]
    for i in range(len(pieces)):
        for used, (count, _) in ways[i].items():
            for more in range(excess - used + 1 if opens[i] else 1):
                last = i + more
                if last >= len(pieces) or (more and closes[last - 1] and opens[last]):
                    break
                alone = more == 0 and (not opens[i] or (closes[i] and len(bare[i]) > 1))
                if alone or (more and closes[last]):
                    before = ways[last + 1].get(used + more, (0, 0))[0]
                    ways[last + 1][used + more] = (min(before + count, 2), i)
    if ways[-1].get(excess, (0, 0))[0] != 1:
        return None
    return _joined(pieces, ways, excess, dialect)


def _joined(
    pieces: Sequence[str], ways: Sequence[dict[int, tuple[int, int]]], excess: int, dialect: Dialect
) -> list[str]:
    cells: list[str] = []
    end, used = len(pieces), excess
    while end:
        start = ways[end][used][1]
        cells.append(_bare(dialect.separator.join(pieces[start:end]), dialect))
        used -= end - start - 1
        end = start
    return cells[::-1]


def _bare(raw: str, dialect: Dialect) -> str:
    """A cell without the marks around it; `""Acme, Inc""` has two of them."""
    text = raw.strip()
    if len(text) < 2 or text[0] not in dialect.quotes or text[-1] not in dialect.quotes:  # noqa: PLR2004 -- a pair
        return raw
    inner = text[1:-1]
    twice = len(inner) > 1 and inner[0] == text[0] and inner[-1] == text[-1]
    if twice and not any(mark in inner[1:-1] for mark in dialect.quotes):
        return inner[1:-1]
    for mark in dialect.quotes:
        inner = inner.replace(mark * 2, mark)
    return inner


def unwrapped(cells: Sequence[str], dialect: Dialect, width: int) -> list[str] | None:
    """The cells of a row that was put into quotation marks as a whole: `"Ann,""Acme, Inc"",x"`."""
    if width == 1 or not cells or any(cells[1:]) or dialect.separator not in cells[0]:
        return None
    tokens = Tokens(dialect)
    # A spreadsheet that splits at semicolons pads with them.
    whole = tokens.feed(cells[0].rstrip(";\t ") if dialect.separator == "," else cells[0])
    return tokens.cells if whole and fits(tokens.cells, width) else None


def rows_in_line(line: str, dialect: Dialect, width: int) -> list[list[str]] | None:
    """The rows of a line in which carriage returns end rows, as where two files became one; None if they do not."""
    rows = []
    for part in line.rstrip("\r\n").split("\r"):
        tokens = Tokens(dialect)
        if not tokens.feed(part) or not fits(tokens.cells, width):
            return None
        rows.append(tokens.cells)
    return rows if len(rows) > 1 else None


def unescaped(cells: Sequence[str], dialect: Dialect, width: int) -> list[str] | None:
    """The cells of a row in which separators inside a cell have a backslash before them; None if it does not fit."""
    joined: list[str] = []
    for cell in cells:
        if joined and (len(joined[-1]) - len(joined[-1].rstrip("\\"))) % 2:
            joined[-1] = joined[-1][:-1] + dialect.separator + cell
        else:
            joined.append(cell)
    return joined if len(joined) < len(cells) and fits(joined, width) else None
