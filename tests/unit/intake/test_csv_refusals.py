"""Files that cannot be taken: each refusal says why, on which line, and what to do."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from app.errors import InputError
from app.intake import survey as csv_survey
from app.intake import text
from app.intake.reading import TableReader
from app.intake.survey import survey
from app.intake.text import open_text
from app.local.samples.files import write_people


def refusal(content: bytes | Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read(content)
    assert caught.value.hint
    return caught.value


def read(content: bytes | Path) -> None:
    for _ in TableReader(survey(open_text(content))).chunks():
        pass


def workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (workbook(), "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel workbook"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\x1f\x8b\x08\x00abc", "gzip"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b'<?xml version="1.0"?><rows/>', "web page or XML"),
        (json.dumps([{"First Name": "Ann"}]).encode(), "JSON"),
        (b'{"error": "session expired"}', "JSON"),
        (bytes(range(256)) * 40, "binary"),
    ],
)
def test_what_is_no_text_is_named(content: bytes, what: str) -> None:
    error = refusal(content)
    assert what in error.message
    assert "save it as CSV" in (error.hint or "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "nothing but blanks"),
        (b"\n\n  \n", "nothing but blanks"),
        (b",,,\n,,,\n", "nothing but blanks"),
        (b"First Name,Last Name,Email\n", "Line 1 names 3 columns, but no row"),
        (b"\n\nFirst Name,Last Name,Email", "Line 3 names 3 columns, but no row"),
        (b"First Name,Last Name,Email\n,,\n\n,,\n", "Line 1 names 3 columns, but no row"),
        (b"Ann,Smith,ann@northgate.example\nBob,Jones,bob@kestrel.example\n", "Line 1 looks like a row of data"),
        (
            b"Dear all, see below.\nThe list is attached.\nBest, Ann, away today\n",
            "No table was found: line 1",
        ),
        (b"just some words\nand some more\n", "No table was found: line 1"),
    ],
)
def test_what_is_no_table_names_the_line(content: bytes, said: str) -> None:
    assert said in refusal(content).message


GOOD = "".join(f'n{i},"Foo, Ltd {i}",x\n' for i in range(3_000))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('First Name,Company Name,Note\nAnn,"Acme,x\nBob,Bar,y\n', 2),
        ('First Name,Company Name,Note\nAnn,Acme,x\nBob,"Bar,y', 3),
        # the next quoted cell closes it by accident
        ('First Name,Company Name,Note\nAnn,"Acme,x\nBob,"Foo, Inc.",y\n', 2),
        # line breaks inside cells count as lines of the file
        ('First Name,Company Name,Note\nAnn,"A\nB\nC",x\nBob,"Bar,y\n', 5),
        ("First Name,Company Name,Note\n" + GOOD + 'Ann,"Acme,x\n' + GOOD, 3_002),
        ("First Name,Company Name,Note\n" + GOOD + 'Ann,"Acme,x\n' + "Bob,Bar,y\n" * 200_000, 3_002),
        ("First Name,Company Name,Note\n" + GOOD + 'Ann,Acme,"x\n', 3_002),
    ],
)
def test_an_open_quote_names_its_line(content: str, line: int) -> None:
    error = refusal(content.encode())
    assert f"line {line:,} is never closed" in error.message
    assert "Close it" in (error.hint or "")


def test_too_many_columns() -> None:
    content = ",".join(["First Name", *(f"c{i}" for i in range(600))]) + "\n" + "," * 600 + "x\n"
    assert "Line 1 names 601 columns" in refusal(content.encode()).message


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_survey, "MAX_ROWS", 50)
    content = "First Name,Company Name\n" + "Ann,Acme\n" * 60
    error = refusal(content.encode())
    assert "60 rows" in error.message
    assert "line 52" in error.message


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(text, "MAX_BYTES", 100_000)
    file = tmp_path / "people.csv"
    write_people(file, 200)
    assert "MB" in refusal(file).message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.csv").message
