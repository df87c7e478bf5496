"""Payloads as agencies really send them, one property a test."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import orjson
import pytest

from app.extraction.companies import read_company
from app.extraction.people import Person, read_person
from app.extraction.reports import Report
from app.extraction.sizes import size_bucket
from tests.answers import AS_OF, JOB, NOW, PERSON
from tests.timing import quickest


def person(record: Any, report: Report | None = None) -> Person:
    return read_person(record, AS_OF, report or Report())


@pytest.mark.parametrize(
    "body",
    [
        PERSON,
        {"status": "success", "raw_payload": PERSON},
        {"data": {"person": PERSON}},
        {"result": [PERSON]},
        {"raw_payload": orjson.dumps(PERSON).decode()},
        orjson.dumps(PERSON).decode(),
        {"batch_item_id": "x", "Enrich person": PERSON, "company_table": {"name": "Other", "industry": "Mining"}},
    ],
)
def test_the_record_is_found_wherever_it_is(body: Any) -> None:
    found = person(body)
    assert (found.first_name, len(found.positions)) == ("Marta", 2)


@pytest.mark.parametrize("empty", [None, "null", "", "NULL", "None", "N/A", [], {}, "undefined"])
def test_what_says_nothing_is_missing(empty: Any) -> None:
    found = person(PERSON | {"headline": empty, "title": empty, "email": empty, "country": empty})
    assert (found.headline, found.title, found.email, found.country) == (None, None, None, None)


@pytest.mark.parametrize("nothing", [None, "null", "", "NULL", " n/a ", []])
def test_entries_of_a_history_that_say_nothing_are_passed_over(nothing: Any) -> None:
    report = Report()
    found = person(PERSON | {"experience": [JOB, nothing, NOW]}, report)
    assert (len(found.positions), report.lines) == (2, {})


def test_the_envelope_fills_what_the_record_lacks() -> None:
    body = {"work_email": "marta@northgate.example", "linkedin_url": "null", "raw_payload": PERSON | {"email": "null"}}
    assert person(body).email == "marta@northgate.example"
    assert person(body).linkedin == "https://www.linkedin.com/in/marta"


@pytest.mark.parametrize("flag", [True, "true", "True", "yes", 1, "1"])
def test_booleans_come_as_text_and_numbers(flag: Any) -> None:
    assert person(PERSON | {"experience": [JOB | {"is_current": flag, "end_date": None}]}).positions[0].is_current


@pytest.mark.parametrize("experience", [None, [], "null", "[]", "absent"])
def test_latest_experience_alone_is_a_history(experience: Any) -> None:
    record = {**PERSON, "experience": experience, "latest_experience": NOW}
    if experience == "absent":
        del record["experience"]
    [position] = person(record).positions
    assert (position.title, position.is_current, str(position.start)) == ("VP Sales", True, "2024-03")


def test_several_current_jobs_stay_and_repetitions_go() -> None:
    advisor = {"title": "Advisor", "company": "Self-employed", "start_date": "2022", "is_current": True}
    record = {
        **PERSON,
        "experience": [NOW | {"is_current": True}, advisor, JOB],
        "current_experience": [NOW, advisor],
        "latest_experience": NOW,
    }
    found = person(record).positions
    assert [p.title for p in found] == ["VP Sales", "Advisor", "Director, Sales"]
    assert [p.is_current for p in found] == [True, True, False]
    assert found[1].company.key is None


def test_roles_grouped_under_their_company_are_unfolded() -> None:
    grouped = {
        "company": "KestrelPay",
        "company_domain": "kestrelpay.example",
        "positions": [
            {"title": "Head", "start": "2020", "end": "2022"},
            {"title": "Clerk", "start": "2018", "end": "2020"},
        ],
    }
    found = person(PERSON | {"experience": [grouped]}).positions
    assert [(p.title, p.company.domain) for p in found] == [
        ("Head", "kestrelpay.example"),
        ("Clerk", "kestrelpay.example"),
    ]


def test_an_end_before_the_start_is_kept_and_said() -> None:
    [position] = person(PERSON | {"experience": [JOB | {"start_date": "2024", "end_date": "2019-05"}]}).positions
    assert (str(position.start), str(position.end)) == ("2024", "2019-05")
    assert position.doubts
    assert "before the start" in position.doubts["end_date"]["why"]


def test_contradictions_are_said_and_a_future_end_is_current() -> None:
    past = person(PERSON | {"experience": [JOB | {"is_current": True}]}).positions[0]
    assert past.is_current is False
    assert past.doubts
    assert "contradicts" in past.doubts["is_current"]["why"]
    future = person(PERSON | {"experience": [JOB | {"end_date": "2031", "is_current": None}]}).positions[0]
    assert future.is_current is True


def test_nothing_is_guessed_about_a_position_that_says_nothing() -> None:
    bare = {"title": "Analyst", "company": "Brandt & Soll GmbH"}
    [position] = person(PERSON | {"experience": [bare]}).positions
    assert (position.start, position.end, position.is_current, position.has_left) == (None, None, None, None)


def test_a_promotion_is_not_a_departure() -> None:
    earlier = NOW | {"title": "Seller", "start_date": "2020", "end_date": "2024-03", "is_current": False}
    found = person(PERSON | {"experience": [NOW | {"is_current": True}, earlier, JOB]}).positions
    assert [p.has_left for p in found] == [False, False, True]


@pytest.mark.parametrize(
    "domain", ["https://bit.ly/3xyz", "linktr.ee/marta", "https://lnkd.in/abc", "linkedin.com", "gmail.com"]
)
def test_a_domain_that_is_nobodys_own_is_reported(domain: str) -> None:
    [position] = person(PERSON | {"experience": [JOB | {"company_domain": domain}]}).positions
    assert position.company.domain is None
    assert position.doubts
    assert position.doubts["company_domain"]["value"] == domain


def test_entities_are_decoded_and_descriptions_keep_their_lines() -> None:
    report = Report()
    found = read_company(
        {"name": "Brandt &amp;amp; Soll", "industry": "R&amp;D", "description": "One&#39;s\n\ntwo"}, report
    )
    assert (found.company_name, found.industry) == ("Brandt & Soll", "R&D")
    assert found.company_description == "One's\n\ntwo"


@pytest.mark.parametrize(
    ("size", "count", "bucket"),
    [
        ("51-200 employees", None, "51-200"),
        ("51 - 200", 143, "51-200"),
        ("10,001+ employees", None, "10001+"),
        ("1,001-5,000", None, "1001-5000"),
        ("1K-5K", None, "1001-5000"),
        (None, 143, "51-200"),
        (None, 3, "1-10"),
        ("143", None, "51-200"),
        ("many", None, None),
    ],
)
def test_sizes_fall_into_their_class(size: Any, count: int | None, bucket: str | None) -> None:
    assert size_bucket(size, count, Report()) == bucket


def test_numbers_as_text_and_the_seat_of_a_company() -> None:
    report = Report()
    found = read_company(
        {
            "name": "Northgate",
            "employee_count": "1,430",
            "founded": "2017",
            "country": "NL",
            "locations": [
                {"city": "Austin", "country": "US"},
                {"city": "Utrecht", "country": "NL", "is_primary": True},
            ],
            "specialties": "Robotics, Vision",
        },
        report,
    )
    assert (found.employee_count, found.founded_year) == (1430, 2017)
    assert (found.company_city, found.company_country) == ("Utrecht", "Netherlands")
    assert found.specialties == ("Robotics", "Vision")
    assert report.lines == {}


def test_what_cannot_be_read_is_reported_per_field_and_kept() -> None:
    record = {
        "name": "Northgate",
        "employee_count": "a lot",
        "founded": "long ago",
        "domain": "bit.ly/x",
        "type": ["?"],
    }
    before = copy.deepcopy(record)
    report = Report()
    read_company(record, report)
    assert set(report.lines) == {"employee_count", "founded_year", "company_domain", "company_type"}
    assert report.lines["founded_year"] == {"value": "long ago", "why": "not a year"}
    assert record == before


def test_two_hundred_positions_and_two_megabytes_take_no_time() -> None:
    many = [JOB | {"title": f"Title {n}", "summary": "x" * 10_000} for n in range(200)]
    body = {"raw_payload": PERSON | {"experience": many, "current_experience": many[:3]}}
    assert len(orjson.dumps(body)) > 2_000_000
    assert len(person(body).positions) == 200
    assert quickest(partial(person, body) for _ in range(3)) < 0.5
