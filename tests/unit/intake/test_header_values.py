"""Columns that are recognised by what is in them, under labels that say nothing."""

from __future__ import annotations

import pytest

from app.intake.header_values import held
from app.intake.headers import detect_kind, match_headers

PROFILES = [
    "https://www.linkedin.com/in/marta-lind",
    "linkedin.com/in/jo-brandt-8b1",
    "",
    "http://de.linkedin.com/in/x-y",
]
PAGES = [
    "https://www.linkedin.com/company/northgate",
    "https://linkedin.com/company/12345/",
    "linkedin.com/school/tern",
]
HASHED = [f"https://www.linkedin.com/in/ACwAABb3kLQBx9Zr7h2mZt0vYwQeRtYuIoPasDf{n}" for n in range(4)]
ADDRESSES = ["kim@northgate.com", "jo.brandt@ternvale.de", " a@b.co ", ""]
SITES = ["https://www.northgate.com/about", "http://ternvale.de", "www.orchardtools.io"]
DOMAINS = ["northgate.com", "ternvale.de", "orchardtools.io", "fernbrook.co.uk"]


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        (PROFILES, "linkedin"),
        (PAGES, "company_linkedin"),
        (HASHED, None),
        (ADDRESSES, "email"),
        (["mailto:kim@northgate.com"] * 3, "email"),
        (SITES, "website"),
        (DOMAINS, "company_domain"),
        (["'northgate.com", "ternvale.de", "orchardtools.io"], "company_domain"),
        (ADDRESSES[:2], None),  # too few to tell
        ([*ADDRESSES, "see the notes", "unknown"], None),
        (
            ["https://crm.example.com/contacts/1", "https://crm.example.com/contacts/2", "https://crm.example.com/c/3"],
            None,
        ),
        (["https://twitter.com/a", "https://twitter.com/b", "https://x.com/c"], None),
        (["node.js", "vue.js", "main.py"], None),
        (["12.5", "13.7", "4.0"], None),
        (["Northgate Roofing", "Ternvale", "Orchard Tools"], None),
        (["kim@northgate.com; jo@northgate.com"] * 3, None),
        ([], None),
    ],
)
def test_what_cells_plainly_are(cells: list[str], field: str | None) -> None:
    assert held(cells) == field


def test_useless_labels_are_read_by_their_cells_and_that_is_said() -> None:
    cells = {"Field 1": PROFILES, "x": ADDRESSES, "Spalte3": DOMAINS, "Note to self": ["call", "mail", "wait"]}
    match = match_headers(list(cells), None, cells)
    assert match.kind == "people"
    assert match.mapping == {"linkedin": "Field 1", "email": "x", "company_domain": "Spalte3"}
    assert match.by_value == ["Field 1", "x", "Spalte3"] or set(match.by_value) == {"Field 1", "x", "Spalte3"}
    assert match.unrecognised == ["Note to self"]
    assert "“x” contains e-mail addresses, so it is mapped to email." in match.notes


def test_a_label_of_its_own_comes_first() -> None:
    cells = {"Email": ADDRESSES, "Private": ["me@gmail.com"] * 3, "Website": SITES, "Custom 7": DOMAINS}
    match = match_headers(list(cells), "people", cells)
    assert match.mapping == {"email": "Email", "website": "Website"}
    assert match.by_value == []


def test_cells_that_are_not_what_the_label_says_are_taken_for_what_they_are() -> None:
    cells = {"Full Name": ["Ada King"] * 3, "LinkedIn": PAGES, "Website": PROFILES}
    match = match_headers(list(cells), None, cells)
    assert match.mapping == {"person_name": "Full Name", "company_linkedin": "LinkedIn", "linkedin": "Website"}


def test_the_kind_is_seen_by_the_cells_where_labels_say_nothing() -> None:
    assert detect_kind(["a", "b"], {"a": PAGES, "b": DOMAINS}) == "companies"
    assert detect_kind(["a", "b"], {"a": PAGES, "b": PROFILES}) == "people"
    assert detect_kind(["a", "b"], {"a": ["x"], "b": ["y"]}) == "people"


def test_a_title_column_of_salutations_is_no_job_title() -> None:
    cells = {"Title": ["Mr", "Mrs.", "Dr", ""], "Surname": ["Lee", "Lind", "Berg", "Moss"], "Position": ["CFO"] * 4}
    assert match_headers(list(cells), None, cells).mapping == {"last_name": "Surname", "title": "Position"}
    assert match_headers(["Title", "Surname"]).mapping["title"] == "Title"
