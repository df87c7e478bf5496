"""Whatever a cell holds, reading it ends soon, never fails, and gives the same again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.text.companies import company_key, company_name
from app.text.contacts import email, phone
from app.text.domains import company_domain, registrable_domain, website_url
from app.text.names import person_name
from app.text.places import country_name, place_name
from app.text.values import clean_text, count, year
from tests.timing import quickest
from tests.unit.tables import canonical_linkedin

READERS: list[Callable[[str], Any]] = [
    clean_text,
    company_domain,
    company_key,
    company_name,
    canonical_linkedin,
    count,
    country_name,
    email,
    person_name,
    lambda text: person_name(None, text, "Smith"),
    lambda text: person_name(None, "Jane", text),
    lambda text: phone(text, "US"),
    place_name,
    registrable_domain,
    website_url,
    year,
]
PIECES = st.sampled_from(
    (
        *("John", "Smith", "JANE", "van", "der", "de", "la", "McDonald", "O'Neil", "PhD", "MBA,", "Jr.", "III", "null"),
        *(
            "(she/her)",
            "|",
            "@",
            "\u2013",
            "\u2014",
            "-",
            "&",
            "Co.",
            "GmbH",
            "KG",
            "S.A.",
            "Inc.",
            "LLC",
            ".",
            ",",
            ";",
        ),
        *(
            ":",
            "/",
            "\\",
            "'",
            '"',
            "\u201c",
            "\u201d",
            "(",
            ")",
            "[",
            "]",
            "🚀",
            "®",
            "™",
            "李明",
            "김민준",
            "محمد",
            "İ",
            "ß",
        ),
        *(
            "acme.com",
            "https://",
            "http://",
            "www.",
            "linkedin.com/in/",
            "%C3%A9",
            "%25",
            "?",
            "#",
            "+",
            "1,234",
            "51-200",
        ),
        *("+1 415", "\u200d", "\u00a0", "\n", "\t", "&amp;", "&#39;", "a\u0301", "\U0001d5dd", "\u2026"),
    )
)
CELLS = st.one_of(
    st.text(max_size=60), st.lists(PIECES, max_size=8).map(" ".join), st.lists(PIECES, max_size=8).map("".join)
)


@given(CELLS)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_no_cell_is_too_strange(cell: str) -> None:
    for read in READERS:
        read(cell)


@given(CELLS)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_company_with_a_letter_has_a_name_and_only_one(cell: str) -> None:
    name = company_name(cell)
    assert (name is None) == (clean_text(cell) is None or not any(char.isalnum() for char in clean_text(cell) or ""))
    assert name is None or any(char.isalnum() for char in name)


@given(CELLS)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_canonical_forms_are_their_own(cell: str) -> None:
    for read in (company_domain, canonical_linkedin, website_url, email):
        found = read(cell)
        assert found is None or read(found) == found


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        " ",
        "a ",
        "John ",
        ", ",
        "(",
        "((a",
        "- ",
        "a-",
        '"',
        "a.",
        ".",
        "&",
        "Inc. ",
        "/",
        "http://",
        "'",
        "🚀",
        "1,",
        "a@",
        "é ",
    ],
)
def test_long_cells_do_not_take_long(unit: str) -> None:
    _read_quickly(unit)


@given(st.lists(PIECES, min_size=1, max_size=3).map("".join) | st.text(min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, derandomize=True)
@example("inc ")
@example("AB ")
@example("Co. ")
@example("von ")
@example("Dr. ")
@example("s. a. ")
@example("a@b.")
@example("+1 ")
@example("(0)")
@example("https://linkedin.com/?u=")
def test_every_reader_is_linear(unit: str) -> None:
    _read_quickly(unit)


def _read_quickly(unit: str) -> None:
    """20,000 characters of one repetition cost each reader at most 20 ms of processor time."""
    _take_at_most_20_ms((unit * (20_000 // len(unit) + 1))[:20_000], unit)


def test_blanks_between_two_words_do_not_take_long() -> None:
    _take_at_most_20_ms(f"John{' ' * 20_000}Smith ", "blanks")
    _take_at_most_20_ms(f"John,{' ' * 20_000}& Co ", "blanks")


def _take_at_most_20_ms(cell: str, unit: str) -> None:
    for number, read in enumerate(READERS):
        taken = quickest(partial(read, f"{cell}{number}{attempt}") for attempt in range(5))
        assert taken < 0.02, (read, unit)
