"""One person or company is one key, in all the spellings that exports use; two are two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake.row_keys import KEY_FIELDS, row_keys

PEOPLE = ["linkedin", "email", "first_name", "last_name", "company_name"]
COMPANIES = ["company_domain", "company_linkedin", "company_name"]


def keys(kind: str, columns: list[str], rows: list[list[str]]) -> list[int | None]:
    return row_keys(kind, columns, dict(zip(columns, columns, strict=True)), rows)


@pytest.mark.parametrize(
    "rows",
    [
        [["https://www.linkedin.com/in/ann-smith"], ["linkedin.com/in/Ann-Smith/"], ["http://de.linkedin.com/in/ann-smith?trk=x"],
         ["https://www.linkedin.com/in/ann%2Dsmith/details/skills"], ["'www.linkedin.com/mwlite/in/ann-smith"]],
        [["", "ann@acme.com"], ["n/a", "ANN@ACME.COM "], ["", "mailto:ann@acme.com"], ["", "Ann Smith <ann@acme.com>"]],
        [["", "", "Ann", "Smith", "Acme"], ["", "", "ANN", "smith", "ACME GmbH"],
         ["", "", "Ann ", "Smith, PhD", "Acme, Inc."]],
    ],
)  # fmt: skip
def test_spellings_of_one_person(rows: list[list[str]]) -> None:
    found = keys("people", PEOPLE, rows)
    assert None not in found
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [["acme.com"], ["https://www.acme.com/about"], ["WWW.ACME.COM"], ["shop.acme.com:443/?x"], ["a@acme.com"]],
        [["", "https://www.linkedin.com/company/acme/"], ["-", "linkedin.com/company/Acme?x"],
         ["gmail.com", "uk.linkedin.com/company/acme/about"]],
        [["", "", "Acme GmbH"], ["", "", "ACME"], ["", "", "The Acme, Inc."]],
    ],
)  # fmt: skip
def test_spellings_of_one_company(rows: list[list[str]]) -> None:
    found = keys("companies", COMPANIES, rows)
    assert None not in found
    assert len(set(found)) == 1


def test_different_ones_and_nobody() -> None:
    rows = [["linkedin.com/in/a-b"], ["linkedin.com/in/a-c"], ["", "a@acme.com"], ["", "b@acme.com"],
            ["", "", "Ann", "Smith", "Acme"], ["", "", "Ann", "Smith", "Kestrel"]]  # fmt: skip
    assert len(set(keys("people", PEOPLE, rows))) == len(rows)
    nobody = [[], ["", "", "", ""], ["n/a", "-", "NULL", ""]]
    assert keys("people", PEOPLE, nobody) == [None] * 3
    assert keys("companies", COMPANIES, [["gmail.com"], ["", "", "Self-employed"], ["", "", "-"]]) == [None] * 3


@given(st.sampled_from(sorted(KEY_FIELDS)), st.lists(st.lists(st.text(), max_size=7), max_size=5))
def test_no_cell_breaks_the_keys(kind: str, rows: list[list[str]]) -> None:
    fields = list(KEY_FIELDS[kind])
    made = keys(kind, fields, rows)
    assert len(made) == len(rows)
    assert all(key is None or -(2**63) <= key < 2**63 for key in made)
