"""Files kept apart while the reader was written: what is right of each stands in `tables/csv_held_out.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from app.errors import InputError
from tests.unit.intake.test_csv_files import taken

TABLE = tomllib.loads((Path(__file__).parents[1] / "tables" / "csv_held_out.toml").read_text("utf-8"))["file"]


@pytest.mark.parametrize("case", TABLE, ids=[f"{case['level']}: {case['name']}" for case in TABLE])
def test_held_out_files(case: dict[str, Any]) -> None:
    content = case["text"].encode(case.get("encoding", "utf-8"))
    if "refused" in case:
        with pytest.raises(InputError) as caught:
            taken(content)
        assert case["refused"] in caught.value.message
        assert caught.value.hint
        return
    header, rows, said = taken(content)
    assert (header, rows) == (case["header"], case["rows"])
    assert case.get("doubt") is None or case["doubt"] in said
