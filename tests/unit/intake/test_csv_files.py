"""Damaged files, case by case: what is right of each stands in `tables/csv_files.toml`, decided before it was read."""

from __future__ import annotations

import csv
import io
import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.errors import InputError
from app.intake.reading import TableReader
from app.intake.survey import survey
from app.intake.text import open_text

TABLE = tomllib.loads((Path(__file__).parents[1] / "tables" / "csv_files.toml").read_text("utf-8"))["file"]


def taken(content: bytes) -> tuple[list[str], list[list[str]], list[str]]:
    """Header, rows and the codes of all warnings, the file's own and those of its rows."""
    text = open_text(content)
    try:
        table = survey(text)
        reader = TableReader(table)
        rows = [list(row) for chunk in reader.chunks() for row in chunk.rows]
        said = [warning.code for warning in text.warnings] + [w["code"] for w in reader.report()["warnings"]]
    finally:
        text.close()
    return table.header, rows, sorted(said)


@pytest.mark.parametrize("case", TABLE, ids=[case["name"] for case in TABLE])
def test_damaged_files(case: dict[str, Any]) -> None:
    content = case["text"].encode(case.get("encoding", "utf-8"))
    if "refused" in case:
        with pytest.raises(InputError) as caught:
            taken(content)
        assert case["refused"] in caught.value.message
        assert caught.value.hint
    else:
        assert taken(content) == (case["header"], case["rows"], case["said"])


@pytest.mark.parametrize("case", [case for case in TABLE if "refused" not in case], ids=lambda case: case["name"])
def test_what_was_read_reads_the_same_again(case: dict[str, Any]) -> None:
    header, rows, _ = taken(case["text"].encode(case.get("encoding", "utf-8")))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    assert taken(out.getvalue().encode())[:2] == (header, rows)
