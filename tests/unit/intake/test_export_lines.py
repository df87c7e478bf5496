"""Header lines of exports in seven languages, each column with the field that it must become."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.intake.headers import match_headers

TABLE = Path(__file__).parents[1] / "tables" / "export_lines.txt"
HEAD = re.compile(r"\[(.+)\] (people|companies)")
Export = tuple[str, dict[str, list[str]]]


def exports() -> dict[str, Export]:
    """Name of the export -> its kind, and per column the fields that are right, "" for none."""
    found: dict[str, Export] = {}
    for block in TABLE.read_text("utf-8").split("\n\n")[1:]:
        head, *lines = block.strip().splitlines()
        name = HEAD.fullmatch(head)
        assert name is not None, head
        columns = [column.partition(" = ") for column in " ".join(lines).split(" ; ")]
        found[name[1]] = (name[2], {label: [one.strip() for one in said.split("|")] for label, _, said in columns})
    return found


EXPORTS = exports()


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_maps_by_itself(name: str) -> None:
    kind, columns = EXPORTS[name]
    match = match_headers(list(columns))
    got = {column: field for field, column in match.mapping.items()}
    wrong = {column: got.get(column, "") for column, right in columns.items() if got.get(column, "") not in right}
    assert wrong == {}
    assert match.kind == kind


@pytest.mark.parametrize("name", EXPORTS)
def test_every_field_that_must_be_taken_is_taken_once(name: str) -> None:
    kind, columns = EXPORTS[name]
    mapping = match_headers(list(columns), kind).mapping
    certain = {fields[0] for fields in columns.values() if len(fields) == 1 and fields[0]}
    assert certain <= mapping.keys()
    assert len(set(mapping.values())) == len(mapping)


def test_the_order_of_columns_changes_no_export() -> None:
    for kind, columns in EXPORTS.values():
        there, back = (match_headers(labels, kind).mapping for labels in (list(columns), list(columns)[::-1]))
        certain = {fields[0] for fields in columns.values() if len(fields) == 1 and fields[0]}
        assert {name: there[name] for name in certain} == {name: back.get(name) for name in certain}


KEPT = (TABLE.parent / "kept_labels.txt").read_text("utf-8").splitlines()[1:]


@pytest.mark.parametrize("label", KEPT)
@pytest.mark.parametrize("kind", ["people", "companies"])
def test_what_is_no_field_is_mapped_to_none(kind: str, label: str) -> None:
    assert match_headers(["Record ID", label], kind).mapping == {}
