"""People and companies in the shapes that vendors document; everybody in them is invented."""

from __future__ import annotations

from typing import Any

import pytest

from app.extraction.companies import Company, read_company
from app.extraction.people import Person, read_person
from app.extraction.reports import Report

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

HISTORIES: dict[str, dict[str, Any]] = {
    "linkedin voyager: one object for both dates": {
        "positions": {
            "elements": [
                {
                    "companyName": "Tern Vale",
                    "title": "Head of Care",
                    "timePeriod": {"startDate": {"month": 7, "year": 2021}},
                },
                {
                    "companyName": "Hollow Pine",
                    "title": "Nurse",
                    "timePeriod": {"startDate": {"year": 2015}, "endDate": {"month": 12, "year": 2018}},
                },
            ]
        }
    },
    "dateRange with start and end": {
        "experience": [
            {"company": "Tern Vale", "position": "Head of Care", "dateRange": {"start": {"year": 2021, "month": 7}}},
            {"company": "Hollow Pine", "position": "Nurse", "date_range": {"start": "2015", "end": "2018-12"}},
        ]
    },
    "date as an object": {
        "jobs": [
            {"organization": "Tern Vale", "role": "Head of Care", "date": {"start": "Jul 2021", "end": "Present"}},
            {"organization": "Hollow Pine", "role": "Nurse", "date": {"start": "2015", "end": "Dec 2018"}},
        ]
    },
    "proxycurl": {
        "experiences": [
            {
                "starts_at": {"day": None, "month": 7, "year": 2021},
                "ends_at": None,
                "company": "Tern Vale",
                "company_linkedin_profile_url": "https://www.linkedin.com/company/tern-vale",
                "title": "Head of Care",
            },
            {
                "starts_at": {"year": 2015, "month": None, "day": None},
                "ends_at": {"year": 2018, "month": 12, "day": None},
                "company": "Hollow Pine",
                "title": "Nurse",
            },
        ]
    },
    "people data labs": {
        "experience": [
            {
                "company": {
                    "name": "Tern Vale",
                    "website": "ternvale.com",
                    "linkedin_url": "linkedin.com/company/tern-vale",
                },
                "title": {"name": "Head of Care", "role": "health", "levels": ["director"]},
                "start_date": "2021-07",
                "end_date": None,
                "is_primary": True,
            },
            {
                "company": {"name": "Hollow Pine"},
                "title": {"name": "Nurse"},
                "start_date": "2015",
                "end_date": "2018-12",
                "is_primary": False,
            },
        ]
    },
    "coresignal, member_experience_collection": {
        "member_experience_collection": [
            {
                "company_name": "Tern Vale",
                "title": "Head of Care",
                "date_from": "July 2021",
                "date_to": None,
                "deleted": 0,
            },
            {
                "company_name": "Hollow Pine",
                "title": "Nurse",
                "date_from": "2015",
                "date_to": "December 2018",
                "deleted": 0,
            },
        ]
    },
    "coresignal, multi source": {
        "experience": [
            {
                "active_experience": 1,
                "position_title": "Head of Care",
                "company_name": "Tern Vale",
                "date_from_year": 2021,
                "date_from_month": 7,
                "date_to_year": None,
                "date_to_month": None,
            },
            {
                "active_experience": 0,
                "position_title": "Nurse",
                "company_name": "Hollow Pine",
                "date_from_year": 2015,
                "date_to_year": 2018,
                "date_to_month": 12,
            },
        ]
    },
    "apify, cards with sub-components": {
        "experiences": [
            {
                "title": "Tern Vale",
                "subtitle": "Full-time · 3 yrs",
                "breakdown": True,
                "subComponents": [
                    {"title": "Head of Care", "caption": "Jul 2021 - Present · 3 yrs", "metadata": "Oslo"}
                ],
            },
            {
                "title": "Nurse",
                "subtitle": "Hollow Pine · Full-time",
                "caption": "2015 - Dec 2018 · 4 yrs",
                "breakdown": False,
                "subComponents": [{"description": [{"type": "textComponent", "text": "Care."}]}],
            },
        ]
    },
    "bright data": {
        "experience": [
            {
                "company": "Tern Vale",
                "url": "https://no.linkedin.com/company/tern-vale",
                "positions": [{"title": "Head of Care", "start_date": "Jul 2021", "end_date": "Present"}],
            },
            {"company": "Hollow Pine", "title": "Nurse", "start_date": "2015", "end_date": "Dec 2018"},
        ]
    },
    "apollo": {
        "employment_history": [
            {
                "current": True,
                "organization_name": "Tern Vale",
                "title": "Head of Care",
                "start_date": "2021-07",
                "end_date": None,
            },
            {
                "current": False,
                "organization_name": "Hollow Pine",
                "title": "Nurse",
                "start_date": "2015",
                "end_date": "2018-12",
            },
        ]
    },
    "rapidapi": {
        "fullPositions": [
            {
                "companyName": "Tern Vale",
                "title": "Head of Care",
                "start": {"year": 2021, "month": 7, "day": 0},
                "end": {"year": 0, "month": 0, "day": 0},
            },
            {
                "companyName": "Hollow Pine",
                "title": "Nurse",
                "start": {"year": 2015, "month": 0, "day": 0},
                "end": {"year": 2018, "month": 12, "day": 0},
            },
        ]
    },
    "a range in the start field": {
        "experience": [
            {"company": "Tern Vale", "title": "Head of Care", "start_date": "Jul 2021 - Present"},
            {"company": "Hollow Pine", "title": "Nurse", "start_date": "2015 \u2013 Dec 2018"},
        ]
    },
    "keys as column labels": {
        "Work Experience": [
            {"Company Name": "Tern Vale", "Job Title": "Head of Care", "Start Date": "2021-07", "End Date": ""},
            {"COMPANY_NAME": "Hollow Pine", "JOB-TITLE": "Nurse", "start date": "2015", "end date": "2018-12"},
        ]
    },
    "a flag that the end is present": {
        "experience": [
            {"company": "Tern Vale", "title": "Head of Care", "start_date": "2021-07", "endDateIsPresent": True},
            {
                "company": "Hollow Pine",
                "title": "Nurse",
                "start_date": "2015",
                "end_date": "2018-12",
                "currently": False,
            },
        ]
    },
    "current and past lists": {
        "current_positions": [{"company": "Tern Vale", "title": "Head of Care", "start_date": "2021-07"}],
        "past_positions": [{"company": "Hollow Pine", "title": "Nurse", "start_date": "2015", "end_date": "2018-12"}],
    },
    "JSON in a cell": {
        "experience": '[{"company": "Tern Vale", "title": "Head of Care", "start": "2021-07"}, '
        '{"company": "Hollow Pine", "title": "Nurse", "start": "2015", "end": "2018-12"}]'
    },
}


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


COMPANIES: dict[str, dict[str, Any]] = {
    "apollo": {
        "name": "Tern Vale",
        "primary_domain": "ternvale.com",
        "website_url": "http://www.ternvale.com",
        "estimated_num_employees": 143,
        "industry": "hospital & health care",
        "founded_year": 2009,
        "linkedin_url": "http://www.linkedin.com/company/tern-vale",
    },
    "people data labs, in a person's record": {
        "job_company_name": "Tern Vale",
        "job_company_website": "ternvale.com",
        "job_company_size": "51-200",
        "job_company_industry": "hospital & health care",
        "job_company_linkedin_url": "linkedin.com/company/tern-vale",
        "founded": 2009,
        "employee_count": 143,
    },
    "column labels": {
        "Company Name": "Tern Vale",
        "Company Domain": "ternvale.com",
        "EMPLOYEE_COUNT": "143",
        "Industry": "hospital & health care",
        "Founded": "2009",
        "LinkedIn": "https://www.linkedin.com/company/tern-vale",
    },
    "proxycurl": {
        "name": "Tern Vale",
        "website": "https://www.ternvale.com",
        "company_size": [51, 200],
        "company_size_on_linkedin": 143,
        "industry": "hospital & health care",
        "founded_year": 2009,
        "company_linkedin_url": "https://www.linkedin.com/company/tern-vale",
    },
    "linkedin voyager": {
        "name": "Tern Vale",
        "companyPageUrl": "https://www.linkedin.com/company/tern-vale",
        "website": "https://ternvale.com/",
        "staffCount": 143,
        "staffCountRange": {"start": 51, "end": 200},
        "foundedOn": {"year": 2009},
        "industries": ["hospital & health care"],
    },
}


@pytest.mark.parametrize("name", COMPANIES)
def test_a_company_is_read_whatever_tool_wrote_it(name: str) -> None:
    report = Report()
    found = read_company(COMPANIES[name], report)
    assert (found.company_name, found.company_domain, found.size_bucket, found.founded_year, found.industry) == (
        "Tern Vale",
        "ternvale.com",
        "51-200",
        2009,
        "hospital & health care",
    )
    assert found.company_linkedin == "https://www.linkedin.com/company/tern-vale"
    assert found.employee_count == 143
    assert report.lines == {}


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


def test_the_seat_of_a_company_is_no_country_where_it_can_be_a_state() -> None:
    found = read_company({"name": "Tern Vale", "headquarters": "Boston, MA", "industry": "Care"}, Report())
    assert (found.company_city, found.company_state, found.company_country) == ("Boston", "MA", None)
    found = read_company({"name": "T", "hq": {"city": "Oslo", "country": "NO"}, "industry": "Care"}, Report())
    assert isinstance(found, Company)
    assert (found.company_city, found.company_country) == ("Oslo", "Norway")


def test_what_is_not_used_is_named() -> None:
    report = Report()
    read({"Full Name": "Mira Okafor", "Shoe Size": 44, "dob": None, "picture": "x", "email": "m@ternvale.com"}, report)
    assert report.unread == ["Shoe Size", "picture"]
