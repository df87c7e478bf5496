"""People and companies in the shapes that vendors document; everybody in them is invented."""

from __future__ import annotations

from typing import Any

import pytest

from app.extraction.people import Person, read_person
from app.extraction.reports import Report
from tests.unit.tables.vendor_histories import HISTORIES

AS_OF = "2026-11-20"

Row = tuple[str | None, str | None, str | None, str | None, bool | None]


def read(record: Any, report: Report | None = None) -> Person:
    return read_person(record, AS_OF, report or Report())


def rows(person: Person) -> list[Row]:
    """Company, title, start, end, current."""
    return [
        (p.company.name, p.title, str(p.start) if p.start else None, str(p.end) if p.end else None, p.is_current)
        for p in person.positions
    ]


CURRENT: Row = ("Tern Vale", "Head of Care", "2021-07", None, True)
FORMER: Row = ("Hollow Pine", "Nurse", "2015", "2018-12", False)


@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_is_read_whatever_tool_wrote_it(name: str) -> None:
    found = rows(read({"full_name": "Mira Okafor", **HISTORIES[name]}))
    assert sorted(found, key=lambda row: row[4] is not True) == [CURRENT, FORMER]


@pytest.mark.parametrize(
    "end",
    [
        *("Dec-18", "12/31/18", "31-Dec-2018", "Q4 2018", "201812", "20181231", 43465, "déc. 2018", "dic. de 2018"),
        *("left", "unknown", "ended", "n/k", {"label": "Dec 2018"}, ["2018"], {"reason": "left"}, "12.2018", "someday"),
    ],
)
@pytest.mark.parametrize("key", ["end_date", "date_to", "ends_at", "endDate", "End"])
def test_a_stated_end_is_an_end_even_if_it_cannot_be_read(end: Any, key: str) -> None:
    [position] = read({"experience": [{"company_name": "Hollow Pine", "start_date": "2015", key: end}]}).positions
    assert position.is_current is False
    assert position.has_left is True
    assert position.end is not None or "end_date" in (position.doubts or {})


@pytest.mark.parametrize(
    ("said", "current"),
    [
        ({"date_to_year": 2018}, False),
        ({"endYear": 2018}, False),
        ({"timePeriod": {"startDate": {"year": 2015}, "endDate": {"year": 2018}}}, False),
        ({"endDateIsPresent": False}, False),
        ({"active_experience": 0}, False),
        ({"currently": False}, False),
        ({"former": True}, False),
        ({"deleted": 1}, None),
        ({"is_primary": False}, None),
        ({}, True),
        ({"end_date": None}, True),
        ({"end_date": "null"}, True),
        ({"end_date": "0000-00-00"}, True),
        ({"end_date": "Aujourd'hui"}, True),
        ({"end_date": "Present (2 yrs)"}, True),
        ({"is_current": "yes"}, True),
        ({"deleted": 0, "is_primary": True}, True),
    ],
)
def test_flags_and_ends_under_any_name(said: dict[str, Any], current: bool | None) -> None:
    [position] = read({"experience": [{"company_name": "Hollow Pine", "start_date": "2015", **said}]}).positions
    assert position.is_current is current
    if current is None:
        assert position.doubts


@pytest.mark.parametrize(
    "record",
    [
        {
            "First Name": "Mira",
            "LAST-NAME": "Okafor",
            "Work Email": "mira@ternvale.com",
            "LinkedIn Profile": "in/mira-okafor",
        },
        {
            "firstName": "Mira",
            "lastName": "Okafor",
            "email": "mira@ternvale.com",
            "linkedinUrl": "linkedin.com/in/mira-okafor",
        },
        {
            "Email": ["", "mira@ternvale.com"],
            "NAME": "Mira Okafor",
            "profileUrl": "https://linkedin.com/in/mira-okafor",
        },
        {"emails": [{"address": "mira@ternvale.com", "type": "professional"}], "full_name": "Mira Okafor"},
        {"primary_professional_email": "mira@ternvale.com", "full_name": "Mira Okafor"},
    ],
)
def test_a_person_is_read_under_any_spelling_of_the_keys(record: dict[str, Any]) -> None:
    found = read(record)
    assert found.email == "mira@ternvale.com"
    assert (found.first_name, found.last_name) == ("Mira", "Okafor") or found.person_name == "Mira Okafor"


def test_a_list_under_an_unknown_name_is_read_with_a_doubt() -> None:
    report = Report()
    record = {
        "full_name": "Mira Okafor",
        "cv_entries": [{"company": "Tern Vale", "title": "Head of Care", "start_date": "2021-07", "is_current": True}],
    }
    assert rows(read(record, report)) == [CURRENT]
    assert report.lines["experience"]["value"] == "cv_entries"


@pytest.mark.parametrize("name", ["education", "Volunteer Experience", "certifications", "projects"])
def test_other_lists_are_not_taken_for_positions(name: str) -> None:
    record = {"full_name": "Mira Okafor", name: [{"company": "X", "title": "Helper", "start_date": "2015"}]}
    assert rows(read(record)) == []


@pytest.mark.parametrize("field", ["title", "city", "headline", "first_name", "company_name"])
@pytest.mark.parametrize(
    "text", ["{{Job Title}}", "{{ 7 }}", "{{First}} {{Last}}", "${title}", "[[Title]]", "<%= title %>"]
)
def test_a_placeholder_that_nobody_filled_is_missing(field: str, text: str) -> None:
    record = {"full_name": "Mira Okafor", "email": "mira@ternvale.com", field: text}
    found = read(record)
    assert (found.company.name if field == "company_name" else getattr(found, field)) is None


def test_what_is_not_used_is_named() -> None:
    report = Report()
    read({"Full Name": "Mira Okafor", "Shoe Size": 44, "dob": None, "picture": "x", "email": "m@ternvale.com"}, report)
    assert report.unread == ["Shoe Size", "picture"]


@pytest.mark.parametrize(
    "record",
    [
        {"company": "Tern Vale", "company_linkedin_profile_url": "https://www.linkedin.com/company/tern-vale/"},
        {"company": "Tern Vale", "company_linkedin_url": "linkedin.com/company/tern-vale"},
        {"job_company_name": "Tern Vale", "job_company_linkedin_url": "linkedin.com/company/tern-vale"},
        {"company": {"name": "Tern Vale", "linkedin_url": "linkedin.com/company/tern-vale"}},
        {"organization": {"name": "Tern Vale", "linkedin_url": "http://www.linkedin.com/company/tern-vale"}},
        {"Company Name": "Tern Vale", "Company LinkedIn URL": "https://linkedin.com/company/tern-vale"},
        {"company": "Tern Vale", "companyLink1": "https://www.linkedin.com/company/tern-vale/"},
        {"company_name": "Tern Vale", "company_professional_network_url": "https://www.linkedin.com/company/tern-vale"},
    ],
)
def test_a_companys_page_is_found_under_every_vendors_key(record: dict[str, Any]) -> None:
    [position] = read({"experience": [{"title": "Head", **record}]}).positions
    assert (position.company.name, position.company.linkedin) == (
        "Tern Vale",
        "https://www.linkedin.com/company/tern-vale",
    )
