"""LinkedIn URLs: every case of the table, for people and for pages."""

from __future__ import annotations

import pytest

from app.text.linkedin import linkedin_company, linkedin_person
from tests.unit.tables import canonical_linkedin, read_table

SITE = "https://www.linkedin.com/"
CASES = [(given, expected[0] and SITE + expected[0]) for given, expected in read_table("linkedin_urls")]


@pytest.mark.parametrize(("given", "expected"), CASES)
def test_an_address_has_one_spelling(given: str, expected: str | None) -> None:
    person = expected if expected and "/in/" in expected else None
    page = None if person else expected
    assert (linkedin_person(given), linkedin_company(given)) == (person, page)
    assert canonical_linkedin(given) == expected


@pytest.mark.parametrize("address", [expected for _, expected in CASES if expected])
def test_the_canonical_spelling_is_its_own(address: str) -> None:
    assert canonical_linkedin(address) == address


def test_there_are_enough_cases() -> None:
    assert len({given for given, _ in CASES}) >= 150


def test_a_person_and_a_company_in_one_cell_are_told_apart() -> None:
    cell = "https://www.linkedin.com/company/acme https://www.linkedin.com/in/jane-doe"
    assert linkedin_person(cell) == "https://www.linkedin.com/in/jane-doe"
    assert linkedin_company(cell) == "https://www.linkedin.com/company/acme"
