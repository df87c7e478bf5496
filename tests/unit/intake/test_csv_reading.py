"""Wild files, read: every cell as it stands, whatever the encoding, the separator, the quotes and the shape."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.intake.reading import MAX_CHUNK_BYTES, MAX_CHUNK_ROWS, NOTHING, TableReader
from app.intake.survey import Table, survey
from app.intake.text import open_text
from app.local.samples.files import PEOPLE_COLUMNS, write_people

HEADER = ["First Name", "Company Name", "Note"]
ROWS = [
    ["Zoë", "Café Noir", "a"],
    ["Łukasz", 'The "Original" Bakery, Ltd', "line one\nline two"],
    ["Ann", "", "'+1 415"],
]


def read(content: bytes | Path) -> tuple[Table, list[Sequence[str]], TableReader]:
    text = open_text(content)
    table = survey(text)
    reader = TableReader(table)
    rows = [row for chunk in reader.chunks() for row in chunk.rows]
    text.close()
    return table, rows, reader


def written(rows: Sequence[Sequence[str]], **dialect: Any) -> str:
    out = io.StringIO()
    csv.writer(out, **({"lineterminator": "\n"} | dialect)).writerows(rows)
    return out.getvalue()


def codes(reader: TableReader) -> dict[str, list[int]]:
    return {warning["code"]: warning["lines"] for warning in reader.report()["warnings"]}


def columns(reader: TableReader) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in reader.report()["columns"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_line_ends(encoding: str, separator: str, eol: str) -> None:
    text = written([HEADER, *ROWS], delimiter=separator, lineterminator=eol)
    table, rows, reader = read(text.encode(encoding))
    assert (table.separator, table.header) == (separator, HEADER)
    assert [list(row) for row in rows] == ROWS
    assert reader.report()["warnings"] == []


@pytest.mark.parametrize("mark", ["le", "be"])
def test_utf16_with_its_mark(mark: str) -> None:
    content = "\ufeff".encode(f"utf-16-{mark}") + written([HEADER, *ROWS]).encode(f"utf-16-{mark}")
    table, rows, _ = read(content)
    assert table.text.encoding == f"utf-16-{mark}"
    assert [list(row) for row in rows] == ROWS


def test_what_is_not_utf8_is_read_as_windows_1252() -> None:
    content = "First Name;Company Name\nJürgen;“Größe” €5\n".encode("windows-1252")
    table, rows, _ = read(content)
    assert [list(row) for row in rows] == [["Jürgen", "“Größe” €5"]]
    assert table.text.encoding == "windows-1252"
    assert [w.code for w in table.text.warnings] == ["encoding"]


def test_a_byte_that_windows_1252_leaves_out_is_latin_1() -> None:
    _, rows, _ = read(b"First Name,Company Name\nA\x81,\xe9\n")
    assert [list(row) for row in rows] == [["A\x81", "é"]]


def test_one_foreign_byte_does_not_spoil_the_rest() -> None:
    content = "First Name,Company Name\nZoë,Łódź\nÅsa,Çelik\n".encode() + b"J\xfcrgen,x\n"
    table, rows, _ = read(content)
    assert [list(row) for row in rows] == [["Zoë", "Łódź"], ["Åsa", "Çelik"], ["Jürgen", "x"]]
    assert table.text.encoding == "utf-8 with windows-1252"


def test_linkedins_preamble_is_kept_apart() -> None:
    notes = (
        '"When exporting your connection data, you may notice, that some are missing.\nLearn more: https://x.example"'
    )
    header = "First Name,Last Name,URL,Email Address,Company,Position,Connected On"
    content = f"Notes:\n{notes}\n\n{header}\nAnn,Ó,,,,,1 Oct 2026\n"
    table, rows, _ = read(content.encode())
    assert table.header[-1] == "Connected On"
    assert table.header_line == 5
    assert table.preamble.startswith("Notes:")
    assert "https://x.example" in table.preamble
    assert [list(row) for row in rows] == [["Ann", "Ó", "", "", "", "", "1 Oct 2026"]]


@pytest.mark.parametrize(
    "above",
    ["Leads of October\n", "Leads of October,,\n", "\n\n", "sep=,\n", '"Leads, of\nOctober"\n', ",,\n\nLeads\n"],
)
def test_lines_above_the_header(above: str) -> None:
    table, rows, _ = read((above + written([HEADER, *ROWS])).encode())
    assert table.header == HEADER
    assert table.header_line == above.count("\n") + 1
    assert [list(row) for row in rows] == ROWS


def test_labels_are_made_distinct() -> None:
    table, rows, _ = read(b"Email,Email,,Email (2),Email\na@x.example,b,c,d,e\n")
    assert table.header == ["Email", "Email (3)", "column_3", "Email (2)", "Email (4)"]
    assert list(rows[0]) == ["a@x.example", "b", "c", "d", "e"]
    assert {w.code for w in table.warnings} == {"repeated_label", "unnamed_column"}


def test_ragged_rows_lose_nothing_and_name_their_lines() -> None:
    content = b'First Name,Company Name,Note\na,"b\nb",c\nd,e\nf,g,h,i,j\nk,l,m,,\nn,o,p\n'
    table, rows, reader = read(content)
    assert [list(row) for row in rows] == [
        ["a", "b\nb", "c"],
        ["d", "e", ""],
        ["f", "g", "h", "i", "j"],
        ["k", "l", "m"],
        ["n", "o", "p"],
    ]
    assert reader.columns == [*table.header, "column_4", "column_5"]
    assert codes(reader) == {"short_rows": [4], "long_rows": [5]}


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_padding_is_no_column(eol: str) -> None:
    content = eol.join(["First Name,Company Name,,", "Ann,Acme,,", "Bob,Bar,,", ""])
    table, rows, reader = read(content.encode())
    assert table.header == reader.columns == ["First Name", "Company Name"]
    assert [list(row) for row in rows] == [["Ann", "Acme"], ["Bob", "Bar"]]
    assert table.slices[0].regular
    assert codes(reader) == {}


def test_a_cell_in_the_padding_is_kept() -> None:
    _, rows, reader = read(b"First Name,Company Name,,\nAnn,Acme,,\nBob,Bar,,!\n")
    assert [list(row) for row in rows] == [["Ann", "Acme"], ["Bob", "Bar", "", "!"]]
    assert reader.columns == ["First Name", "Company Name", "column_3", "column_4"]
    assert codes(reader) == {"unnamed_column": [3]}


def test_a_row_too_long_and_one_too_short_do_not_cancel_out() -> None:
    _, rows, reader = read(b"First Name,Company Name\na,b,c\nd\n")
    assert [list(row) for row in rows] == [["a", "b", "c"], ["d", ""]]
    assert codes(reader) == {"long_rows": [2], "short_rows": [3]}


def test_blank_rows_and_repeated_headers_are_left_out_and_counted() -> None:
    content = b"First Name,Company Name\na,b\n\n,\nFirst Name,Company Name\nFirst Name,x\n,\n"
    _, rows, reader = read(content)
    assert [list(row) for row in rows] == [["a", "b"], ["First Name", "x"]]
    assert set(codes(reader)) == {"blank_rows", "repeated_header"}
    assert reader.report()["blank_rows"] == 2


def test_quotes_inside_unquoted_cells_stay() -> None:
    content = b'First Name,Company Name,Note\nAnn,6" pipe,24"\nBob,"Foo ""Bar"", Ltd","x\ny"\nCy,"Best" Inc,z\n'
    table, rows, _ = read(content)
    assert [w.code for w in table.warnings] == ["quotes"]
    assert [list(row) for row in rows] == [
        ["Ann", '6" pipe', '24"'],
        ["Bob", 'Foo "Bar", Ltd', "x\ny"],
        ["Cy", "Best Inc", "z"],
    ]


def test_nul_becomes_the_replacement_character() -> None:
    _, rows, reader = read(b"First Name,Company Name\na\x00b,c\nd,e,f\x00\n")
    assert [list(row) for row in rows] == [["a\ufffdb", "c"], ["d", "e", "f\ufffd"]]
    assert "nul" in codes(reader)


def test_long_cells_and_thousands_of_quoted_line_breaks(tmp_path: Path) -> None:
    rows = [[f"n{i}", "x" * (7_000 if i % 500 == 0 else 5), "one\r\ntwo\n\nthree"] for i in range(3_000)]
    file = tmp_path / "long.csv"
    file.write_bytes(written([HEADER, *rows]).encode())
    table, got, _ = read(file)
    assert [list(row) for row in got] == rows
    assert all(part.regular for part in table.slices)


def test_a_carriage_return_inside_a_cell_is_no_line_end() -> None:
    _, rows, _ = read(b'First Name,Company Name\r\na\rb,"c\rd"\r\ne,f,g\rh\r\n')
    assert [list(row) for row in rows] == [["a\rb", "c\rd"], ["e", "f", "g\rh"]]


def test_one_column_is_a_table_too() -> None:
    table, rows, reader = read(b'Domain\nnorthgate.example\n\n"kestrel.example"\n')
    assert table.header == ["Domain"]
    assert [list(row) for row in rows] == [["northgate.example"], ["kestrel.example"]]
    assert set(codes(reader)) <= {"blank_rows"}


def test_separators_in_other_cells_do_not_mislead() -> None:
    table, rows, _ = read(b"First Name;Company Name;Keywords\nAnn;Foo, Inc.;a, b, c, d\nBob;Bar|Baz;e, f\tg\n")
    assert table.separator == ";"
    assert list(rows[1]) == ["Bob", "Bar|Baz", "e, f\tg"]


def test_columns_are_described() -> None:
    lines = ["Name,# Employees,Phone,Nothing,Website"]
    lines += [f"n{i},{i},'+1 415 555 01{i:02},,https://n{i}.example" for i in range(40)]
    lines += ["m,51-200,,,"]
    _, _, reader = read("\n".join(lines).encode())
    seen = columns(reader)
    assert {name: [w["code"] for w in column["warnings"]] for name, column in seen.items()} == {
        "Name": [],
        "# Employees": ["mixed"],
        "Phone": ["escaped"],
        "Nothing": ["empty"],
        "Website": [],
    }
    assert (seen["Phone"]["escaped"], seen["Phone"]["filled"], seen["Name"]["filled"]) == (40, 40, 41)
    assert seen["Website"]["longest"] == len("https://n10.example")


def test_chunks_fit_into_one_call(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    write_people(file, 4_000)
    text = open_text(file)
    chunks = list(TableReader(survey(text)).chunks())
    text.close()
    assert [chunk.first_row for chunk in chunks][1:] == [chunk.first_row + len(chunk.rows) for chunk in chunks[:-1]]
    for chunk in chunks:
        assert len(chunk.rows) <= MAX_CHUNK_ROWS
        assert sum(len(cell) + 3 for row in chunk.rows for cell in row) <= MAX_CHUNK_BYTES
    assert sum(len(chunk.rows) for chunk in chunks) == 4_000


def test_many_narrow_rows_are_cut_by_number() -> None:
    content = b"Domain\n" + b"".join(b"n%d.example\n" % i for i in range(12_000))
    text = open_text(content)
    assert max(len(chunk.rows) for chunk in TableReader(survey(text)).chunks()) <= MAX_CHUNK_ROWS


def test_a_realistic_export_is_read_as_pythons_own_reader_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    write_people(file, 3_000)
    with file.open(newline="") as lines:
        expected = list(csv.reader(lines))
    table, rows, _ = read(file)
    assert table.header == list(PEOPLE_COLUMNS) == expected[0]
    assert [list(row) for row in rows] == expected[1:]


# Line breaks, separators and quotes as often as everything else together; the two disguises are private-use characters.
_CHARACTER = st.characters(exclude_characters="\ue00d\ue00a", exclude_categories=["Cs", "Cc"])
_CELL = st.text(_CHARACTER | st.sampled_from("\n\t\",;| '"), max_size=12)
_ROW = st.tuples(_CELL, _CELL, _CELL).filter(lambda row: "".join(row).strip(NOTHING))
_ROWS = st.lists(_ROW, min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    _ROWS,
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_was_written_is_read_back(rows: list[tuple[str, ...]], separator: str, eol: str, quoting: int) -> None:
    text = written([HEADER, *rows], delimiter=separator, lineterminator=eol, quoting=quoting)
    _, got, _ = read(text.encode())
    assert [tuple(row) for row in got] == [row for row in rows if list(row) != HEADER]


@pytest.mark.parametrize("deep", [";" * 40, "\t" * 40, "|" * 40])
def test_other_separators_far_below_the_header_change_nothing(deep: str) -> None:
    rows = [["Ann", "Acme", "x"]] * 60 + [["Bo", "Dahl", deep]]
    table, read_rows, _ = read(written([HEADER, *rows]).encode())
    assert table.separator == ","
    assert [list(row) for row in read_rows] == rows


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab;,|\t \"'\n"), max_size=30), min_size=1, max_size=80))
def test_any_text_is_read_or_refused_in_words(lines: list[str]) -> None:
    with suppress(InputError):  # anything else is a defect
        read("\n".join(lines).encode())
