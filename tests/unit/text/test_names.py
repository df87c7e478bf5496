"""People's names: every case of the two tables, and what tables do not say."""

from __future__ import annotations

import pytest

from app.text.names import NOBODY, PersonName, person_name
from tests.unit.tables import read_table


def expected_name(values: list[str | None]) -> PersonName:
    """First and last name of a case; the whole name is both of them unless the case says more."""
    first, last = values[0], values[1]
    both = " ".join(name for name in (first, last) if name) or None
    return PersonName(first, last, values[2] if len(values) > 2 else both)


@pytest.mark.parametrize(("given", "expected"), read_table("person_names"))
def test_a_whole_name_is_split_and_cleaned(given: str, expected: list[str | None]) -> None:
    assert person_name(given) == expected_name(expected)


@pytest.mark.parametrize(("given", "expected"), read_table("person_columns"))
def test_name_columns_are_cleaned_together(given: str, expected: list[str | None]) -> None:
    first, last, *whole = [None if cell == "∅" else cell for cell in given.split(" + ")]
    assert person_name(whole[0] if whole else None, first, last) == expected_name(expected)


@pytest.mark.parametrize(
    ("full", "country", "first", "last"),
    [
        ("Gabriel García Márquez", "Colombia", "Gabriel", "García Márquez"),
        ("Gabriel García Márquez", "CO", "Gabriel", "García Márquez"),
        ("Gabriel García Márquez", None, "Gabriel", "Márquez"),
        ("Gabriel García Márquez", "United States", "Gabriel", "Márquez"),
        ("Juan Carlos García", "España", "Juan", "García"),
        ("Juan Carlos García López", "Spain", "Juan Carlos", "García López"),
        ("María de la Cruz", "Mexico", "María", "de la Cruz"),
        ("Juan García", "Mexico", "Juan", "García"),
    ],
)
def test_the_country_decides_about_two_surnames(full: str, country: str | None, first: str, last: str) -> None:
    name = person_name(full, country=country)
    assert (name.first, name.last, name.full) == (first, last, full)


def test_there_are_enough_cases() -> None:
    assert len({given for given, _ in read_table("person_names")}) >= 150


def test_nothing_is_nobody() -> None:
    assert person_name() == person_name("") == person_name(None, " ", "-") == NOBODY


@pytest.mark.parametrize("given", [case[0] for case in read_table("person_names")])
def test_a_clean_name_stays_as_it_is(given: str) -> None:
    once = person_name(given)
    again = person_name(once.full, once.first, once.last)
    assert (again.first, again.full) == (once.first, once.full)
