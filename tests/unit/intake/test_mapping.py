"""Choices of columns' fields: how they are written, and what is said about wrong ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.intake.mapping import _chosen, as_mapping, header_shape, parse_choice

HEADER = ["Vorname", "Nachname", "E-Mail", "Email", "Tel 1", "Tel (1)", "Ratio = A/B", "Notiz"]
NOW = {"first_name": "Vorname", "last_name": "Nachname"}


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Job Title=title", ("Job Title", "title")),
        (" Job Title = title ", ("Job Title", "title")),
        ("Ratio = A/B=keywords", ("Ratio = A/B", "keywords")),
        ("Notiz=", ("Notiz", "")),
    ],
)
def test_a_choice_is_read(text: str, choice: tuple[str, str]) -> None:
    assert parse_choice(text) == choice


@pytest.mark.parametrize("text", ["Notiz", "", "=title", " = title"])
def test_what_is_no_choice_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match="COLUMN=FIELD"):
        parse_choice(text)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ([("Vornahme", "first_name")], "The file has no column “Vornahme”. Did you mean “Vorname”?"),
        ([("xyz", "title")], "The file has no column “xyz”. Its columns are “Vorname”, “Nachname”, "),
        ([("e mail", "email")], "“e mail” could be “E-Mail” or “Email”. Write the column name exactly as in the file."),
        ([("Notiz", "titel")], "There is no field “titel”. Did you mean title?"),
        ([("Notiz", "Job Title")], "There is no field “Job Title”. Did you mean title?"),
        ([("Notiz", "Firma")], "There is no field “Firma”. Did you mean company_name?"),
        ([("Notiz", "compnay_name")], "There is no field “compnay_name”. Did you mean company_name?"),
        ([("Notiz", "qqq")], "There is no field “qqq”. Fields are first_name, last_name, "),
        ([("Notiz", "title"), ("E-Mail", "title")], "Two columns cannot both be “title”: Notiz and E-Mail."),
        (
            [("Notiz", "title"), ("notiz", "city")],
            "The column “Notiz” is mapped to “title” and “city”. Name each column once.",
        ),
        (
            [("Notiz", "title"), ("Notiz", "")],
            "The column “Notiz” is mapped to “title” and unmapped. Name each column once.",
        ),
    ],
)
def test_a_wrong_choice_is_refused_in_words(choices: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(InputError) as refused:
        _chosen(HEADER, "people", NOW, choices)
    assert str(refused.value).startswith(said)


def test_a_field_of_people_in_a_list_of_companies_is_refused() -> None:
    with pytest.raises(InputError, match="“first_name” is a field of people, and this file is one of companies"):
        _chosen(HEADER, "companies", {}, [("Vorname", "first_name")])


def test_the_very_label_goes_before_one_that_is_alike() -> None:
    assert _chosen(HEADER, "people", NOW, [("Email", "email")]) == NOW | {"email": "Email"}
    assert _chosen(HEADER, "people", NOW, [("Tel (1)", "phone")])["phone"] == "Tel (1)"


def test_a_form_with_an_odd_field_is_refused() -> None:
    assert as_mapping([("a", "title"), ("b", "")], ["title"]) == {"title": "a"}
    with pytest.raises(InputError, match="“shoe size” is not a field"):
        as_mapping([("a", "shoe size")], ["title"])


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=8), st.randoms())
def test_the_shape_knows_no_order_and_no_spelling(header: list[str], chance: object) -> None:
    other = list(header)
    chance.shuffle(other)  # type: ignore[attr-defined]
    assert header_shape(header) == header_shape(other)
    assert header_shape(["E-Mail", "First Name"]) == header_shape(["first_name", "EMAIL"])
    assert header_shape(["Email", "Email"]) != header_shape(["Email"])
