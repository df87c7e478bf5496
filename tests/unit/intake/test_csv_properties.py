"""Rules for every file: nothing disappears without a word, nothing is made up, reading twice gives the same."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence

import pytest
from faker import Faker
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.intake.dialects import Dialect
from app.intake.encodings import code_page
from app.intake.mending import regrouped
from app.intake.text import open_text
from tests.unit.intake.test_csv_files import taken

HEADER = ["First Name", "Company Name", "Note"]
LEFT_OUT = {"repeated_header", "other_header", "ruler", "footer", "mojibake"}
DAMAGE = st.text(st.sampled_from("ab1,;\t|\" \\'\n\r“”"), max_size=30)
CELL = st.text(st.sampled_from("abcÄñ ,;'-\n"), min_size=1, max_size=10).filter(lambda cell: cell == cell.strip())
# A row that says something: one of marks alone is a ruled line or a blank one, and is left out.
ROW = st.tuples(CELL, CELL, CELL).filter(lambda row: any(c.isalnum() for cell in row for c in cell))
ROWS = st.lists(ROW, min_size=1, max_size=10)


def said(text: str) -> Counter[str]:
    """Letters and digits; marks and separators belong to the dialect."""
    return Counter(c for c in text if c.isalnum())


@settings(max_examples=400, deadline=None)
@given(st.lists(DAMAGE, min_size=1, max_size=12))
def test_nothing_disappears_and_nothing_is_made_up(lines: list[str]) -> None:
    body = "\n".join(lines)
    try:
        header, rows, codes = taken((",".join(HEADER) + "\n" + body).encode())
    except InputError:
        return
    if header[:3] == HEADER and not LEFT_OUT & set(codes):
        assert said("".join(cell for row in rows for cell in row)) == said(body)


@settings(max_examples=150, deadline=None)
@given(st.lists(DAMAGE, min_size=1, max_size=12))
def test_what_was_read_is_read_the_same_again(lines: list[str]) -> None:
    try:
        header, rows, codes = taken((",".join(HEADER) + "\n" + "\n".join(lines)).encode())
    except InputError:
        return
    if header != HEADER or LEFT_OUT & set(codes) or any(len(row) != len(HEADER) for row in rows):
        return
    assert taken(written([HEADER, *rows]))[1] == rows


def written(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode()


@settings(max_examples=150, deadline=None)
@given(ROWS, st.sampled_from(",;|"), st.integers(1, 4))
def test_blanks_before_quotes_change_no_cell(rows: list[tuple[str, ...]], separator: str, blanks: int) -> None:
    between = separator + " " * blanks
    lines = [between.join(f'"{cell}"' for cell in row) for row in [HEADER, *rows]]
    assert taken("\n".join(lines).encode())[:2] == (HEADER, [list(row) for row in rows])


@settings(max_examples=150, deadline=None)
@given(ROWS, st.sampled_from(",;\t"))
def test_backslashes_before_quotes_change_no_cell(rows: list[tuple[str, ...]], separator: str) -> None:
    rows = [*rows, ('says "hi", loud', "x; y", 'a "b"')]
    lines = [separator.join('"' + cell.replace('"', '\\"') + '"' for cell in row) for row in [HEADER, *rows]]
    assert taken("\n".join(lines).encode())[:2] == (HEADER, [list(row) for row in rows])


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_lines_in_quotes_as_a_whole_change_no_cell(rows: list[tuple[str, ...]]) -> None:
    rows = [tuple(cell.replace("\n", " ") for cell in row) for row in rows]
    lines = written([HEADER, *rows]).decode().splitlines()
    wrapped = "\n".join('"' + line.replace('"', '""') + '"' for line in lines)
    assert taken(wrapped.encode())[:2] == (HEADER, [list(row) for row in rows])


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('ab," '), max_size=40), st.integers(1, 8))
def test_a_mended_row_has_the_width_and_the_text_that_was_there(line: str, width: int) -> None:
    cells = regrouped(line, Dialect(","), width)
    if cells is not None:
        assert len(cells) == width
        assert said("".join(cells)) == said(line)


@pytest.mark.parametrize(
    ("locale", "encoding"),
    [
        ("de_DE", "cp1252"), ("de_DE", "mac_roman"), ("de_DE", "cp850"), ("fr_FR", "cp1252"), ("fr_FR", "mac_roman"),
        ("es_ES", "cp850"), ("pt_BR", "cp1252"), ("pl_PL", "cp1250"), ("cs_CZ", "cp1250"), ("hu_HU", "cp1250"),
        ("tr_TR", "cp1254"), ("ru_RU", "cp1251"), ("ja_JP", "shift_jis"), ("ja_JP", "euc_jp"), ("zh_CN", "gbk"),
        ("zh_TW", "big5"), ("ko_KR", "cp949"),
    ],
)  # fmt: skip
def test_forty_people_of_a_country_are_read_in_their_encoding(locale: str, encoding: str) -> None:
    fake = Faker(locale)
    fake.seed_instance(11)
    people = "".join(f"{fake.first_name()},{fake.last_name()},{fake.city()}\n" for _ in range(40))
    content = ("First Name,Last Name,City\n" + people).encode(encoding, "ignore")
    text = open_text(content)
    assert text.read(text.start, text.end).decode() == content.decode(encoding)
    assert [warning.code for warning in text.warnings] == ["encoding"]


@pytest.mark.parametrize("seed", range(6))
def test_a_file_from_all_over_europe_stays_windows_1252(seed: int) -> None:
    countries = [Faker(locale) for locale in ("de_DE", "fr_FR", "es_ES", "pt_PT", "sv_SE", "da_DK", "it_IT", "nl_NL")]
    for fake in countries:
        fake.seed_instance(seed)
    people = "".join(f"{fake.first_name()},{fake.last_name()},{fake.city()}\n" for fake in countries * 12)
    assert code_page([people.encode("cp1252", "ignore")]).name == "cp1252"
