"""Company names: every case of the table, the key that spellings share, and what is no company."""

from __future__ import annotations

import pytest

from app.text.companies import company_key, company_name, is_no_company
from tests.unit.tables import read_table


@pytest.mark.parametrize(("given", "expected"), read_table("company_names"))
def test_a_company_is_called_what_people_call_it(given: str, expected: list[str | None]) -> None:
    assert company_name(given) == expected[0]


@pytest.mark.parametrize("given", [case[0] for case in read_table("company_names")])
def test_a_name_is_never_emptied(given: str) -> None:
    says_something = any(char.isalnum() for char in given) and given not in {"null", "N/A"}
    assert (company_name(given) is not None) == says_something


def test_there_are_enough_cases() -> None:
    assert len({given for given, _ in read_table("company_names")}) >= 150


@pytest.mark.parametrize(
    "spellings",
    [
        ("Coca-Cola", "coca cola", "COCA COLA LTD", "Coca-Cola, Inc."),
        ("The Home Depot", "Home Depot", "THE HOME DEPOT, INC."),
        ("Brandt & Soll GmbH", "Brandt and Soll", "BRANDT + SOLL"),
        ("McKinsey & Company", "McKinsey", "McKinsey and Co."),
        ("Nestlé S.A.", "Nestle", "NESTLE"),
        ("Müller GmbH & Co. KG", "Muller", "MÜLLER GMBH"),
        ("Amazon.com, Inc.", "Amazon.com", "amazon.com"),
        ("Müller Tern GmbH", "Mueller Tern", "MUELLER TERN GMBH", "Muller Tern"),
        ("Ørsted Vind A/S", "Oersted Vind", "Orsted Vind"),
        ("Århus Tern", "Aarhus Tern", "Arhus Tern"),
        ("Acme™ (formerly Foo)", "Acme, Inc.", "ACME"),
        ("ООО «Ромашка»", "Ромашка"),  # noqa: RUF001 -- Russian
    ],
)
def test_spellings_of_one_company_share_a_key(spellings: tuple[str, ...]) -> None:
    assert len({company_key(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Apple", "Applebee's"),
        ("Sky UK", "Sky"),
        ("Acme Group", "Acme"),
        ("AG Insurance", "Insurance"),
        ("X", "Y"),
        ("True", "Tru"),
    ],
)
def test_different_companies_have_different_keys(one: str, other: str) -> None:
    assert company_key(one) != company_key(other)


@pytest.mark.parametrize("text", [None, "", "-", "N/A", "🚀", "..."])
def test_nothing_has_no_key(text: str | None) -> None:
    assert company_key(text) is None


@pytest.mark.parametrize("text", ["Self-employed", "self employed", "Freelance", "Stealth Startup", "N/A", "", None])
def test_some_employers_are_none(text: str | None) -> None:
    assert is_no_company(text)


@pytest.mark.parametrize("text", ["Stealth Robotics", "Freelance Writers Den", "Student Universe", "Acme"])
def test_and_others_only_sound_like_it(text: str) -> None:
    assert not is_no_company(text)
