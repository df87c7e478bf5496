"""Place lines, case by case."""

from __future__ import annotations

import pytest

from app.extraction.places import read_place
from tests.unit.tables import Case, read_table


@pytest.mark.parametrize("case", read_table("places"), ids=lambda case: case[0])
def test_places(case: Case) -> None:
    given, expected = case
    line, _, country = given.partition(" + ")
    assert list(read_place(line, country or None)) == expected
