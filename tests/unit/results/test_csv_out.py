"""CSV that leaves: whatever separator it is read with, no piece of a cell is a formula, and nothing is lost by that."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.results.csv_out import csv_line, harmless

PIECE = re.compile(r"[,;\t|\r\n]")
NUMBER = re.compile(r"[+-][\d\s()./-]*", re.ASCII)
SHIELDED = re.compile(
    r"((?:\A|(?<=[,;\t|\r\n]))(?:[^\S\t\r\n]|\")*'*)'(?=([=+@-][^,;\t|\r\n]*))|(\A'*)'(?=[\t\r\n])",
)
CELLS = st.lists(st.text(st.sampled_from("=+-@'\";,|\t\r\n a1(")) | st.text(), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ('=HYPERLINK("x")', '\'=HYPERLINK("x")'), ("@SUM(1)", "'@SUM(1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"), ("\tx", "'\tx"), ("+1 415 555-0100", "+1 415 555-0100"), ("-12.5", "-12.5"),
        ("plain", "plain"), ("", ""), ("a=b", "a=b"),
        ("Acme;=cmd|'/C calc'!A0;x", "Acme;'=cmd|'/C calc'!A0;x"), ("a\t@SUM(1)", "a\t'@SUM(1)"),
        ("a| =1+1", "a| '=1+1"), ('a;"=1+1', 'a;"\'=1+1'), ("two\n-lines", "two\n'-lines"), ("a, -b", "a, '-b"),
        ("a,-1.5; +1 415", "a,-1.5; +1 415"), ("'=1", "''=1"), ("'+1 415", "'+1 415"), ("\t=x", "'\t'=x"),
    ],
)  # fmt: skip
def test_cells_that_would_run_as_formulas_are_made_text(cell: str, safe: str) -> None:
    assert harmless(cell) == safe


def test_a_line_reads_back_as_it_was() -> None:
    cells = ["a,b", 'say "hi"', "two\nlines", None, {"a": [1]}, "  kept  ", "Ünïcödé"]
    [read] = csv.reader(io.StringIO(csv_line(cells).decode()))
    assert read == ["a,b", 'say "hi"', "two\nlines", "", '{"a":[1]}', "  kept  ", "Ünïcödé"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_cell_with_the_separator_of_any_dialect_is_quoted(separator: str) -> None:
    assert csv_line([f"a{separator}b", "c"]) == f'"a{separator}b",c\r\n'.encode()


@given(CELLS)
@settings(max_examples=400, deadline=None)
def test_no_reader_finds_a_formula(cells: list[str]) -> None:
    for piece in (piece for cell in cells for piece in PIECE.split(harmless(cell))):
        seen = piece.lstrip().lstrip('" ').lstrip()
        assert not seen.startswith(("=", "+", "-", "@")) or NUMBER.fullmatch(seen), piece
    line = csv_line(cells).decode("utf-8", "replace")
    for separator in ",;\t|":
        for read in (cell for row in csv.reader(io.StringIO(line, newline=""), delimiter=separator) for cell in row):
            assert not read.lstrip('" ').startswith(("=", "@")), (separator, read)


@given(CELLS)
@settings(max_examples=400, deadline=None)
def test_what_was_made_harmless_can_be_had_back(cells: list[str]) -> None:
    [read] = csv.reader(io.StringIO(csv_line(cells).decode("utf-8", "replace"), newline=""))

    def back(found: re.Match[str]) -> str:
        kept = found[2] is not None and NUMBER.fullmatch(found[2])
        return found[0] if kept else found[1] if found[2] is not None else found[3]

    assert [SHIELDED.sub(back, cell) for cell in read] == [cell.encode("utf-8", "replace").decode() for cell in cells]
