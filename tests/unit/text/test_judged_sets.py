"""Names, companies, domains and LinkedIn URLs whose right answer was decided before any code ran on them.

Other tables grow case by case with the rules. These were written blind, as somebody who receives the results would
judge them, so that they tell how well the rules do on what nobody had in mind.
"""

from __future__ import annotations

import pytest

from app.text.companies import company_name
from app.text.domains import company_domain
from app.text.names import PersonName, person_name
from tests.unit.tables import canonical_linkedin, read_table

LINKEDIN = "https://www.linkedin.com/"


@pytest.mark.parametrize(("given", "expected"), read_table("judged_person_names"))
def test_a_whole_name_is_read_as_people_expect(given: str, expected: list[str | None]) -> None:
    assert _stated(person_name(given), expected) == expected


@pytest.mark.parametrize(("given", "expected"), read_table("judged_person_columns"))
def test_two_name_columns_are_read_as_people_expect(given: str, expected: list[str | None]) -> None:
    first, last = [None if cell == "∅" else cell for cell in given.split(" + ")]
    assert _stated(person_name(None, first, last), expected) == expected


@pytest.mark.parametrize(("given", "expected"), read_table("judged_company_names"))
def test_a_company_is_called_as_people_call_it(given: str, expected: list[str | None]) -> None:
    assert company_name(given) == expected[0]


@pytest.mark.parametrize(("given", "expected"), read_table("judged_company_domains"))
def test_a_domain_is_one_companys_own(given: str, expected: list[str | None]) -> None:
    assert company_domain(given) == expected[0]


@pytest.mark.parametrize(("given", "expected"), read_table("judged_linkedin_urls"))
def test_a_linkedin_address_has_its_one_spelling(given: str, expected: list[str | None]) -> None:
    assert canonical_linkedin(given) == (LINKEDIN + expected[0] if expected[0] else None)


def _stated(name: PersonName, expected: list[str | None]) -> list[str | None]:
    """First and last name, and the whole name where the case says one."""
    return [name.first, name.last, name.full][: len(expected)]
