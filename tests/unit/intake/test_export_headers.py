"""Every export of `tables/export_headers.toml` maps by itself, whichever tool and language wrote its header."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from app.intake.headers import match_headers

EXPORTS = tomllib.loads((Path(__file__).parents[1] / "tables" / "export_headers.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_maps_by_itself(name: str) -> None:
    columns: dict[str, str] = EXPORTS[name]["columns"]
    match = match_headers(list(columns))
    fields = {column: field for field, column in match.mapping.items()}
    unknown = dict.fromkeys(match.unrecognised, "?")
    assert {column: fields.get(column, unknown.get(column, "")) for column in columns} == columns
    assert match.kind == EXPORTS[name]["kind"]


def test_a_label_in_parts_never_takes_a_field_from_a_label_of_its_own() -> None:
    match = match_headers(["Lead First Name", "First Name", "Account Website", "Website"])
    assert match.mapping == {"first_name": "First Name", "website": "Website"}
