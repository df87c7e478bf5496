"""A reader that trips over one field leaves that field out with a doubt, and takes every other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clay.answers.meaning import read_outcome
from app.extraction import companies, company_refs, people, periods, positions, sizes, uploaded
from app.extraction.companies import read_company
from app.extraction.evidence import evidence_from
from app.extraction.leads import consolidate
from app.extraction.people import read_person
from app.extraction.reports import Report
from app.extraction.sizes import size_bucket
from app.workflows import registry

COMPANY = registry()["enrich_company_clay"]
PERSON = registry()["enrich_person_clay"]
RECORD: dict[str, Any] = {
    "name": "Acme",
    "domain": "acme.example",
    "industry": "Robotics",
    "size": "51-200",
    "founded": "1999",
    "locality": "Utrecht, Utrecht, Netherlands",
    "specialties": ["robots"],
}


@pytest.mark.parametrize(
    ("size", "bucket"),
    [
        ("1. 5k+", "1001-5000"),
        ("1. 5", None),
        ("1,. k - 2 k", "1001-5000"),
        (". 5-1. 5k", None),
        ("1.5k-2k", "1001-5000"),
    ],
)
def test_a_size_with_odd_marks_costs_nothing_else(size: str, bucket: str | None) -> None:
    outcome = read_outcome(COMPANY, {"status": "success", "raw_payload": RECORD | {"size": size}})
    assert outcome.status == "success"
    parsed = outcome.parsed or {}
    assert (parsed["company_name"], parsed["industry"]) == ("Acme", "Robotics")
    assert bucket is None or parsed.get("company_size") == bucket


@given(st.text(alphabet="0123456789 ,.kK+-\u2013to>", max_size=14))
def test_no_size_trips_the_reader(text: str) -> None:
    report = Report()
    size_bucket(text, None, report)
    read_company(RECORD | {"size": text, "employee_count": text}, report)
    assert report.defects == {}


def boom(*_: Any, **__: Any) -> Any:
    """A reader that nobody foresaw the value of."""
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("place", "name", "lost"),
    [
        (sizes, "_bucket_of", {"company_size"}),
        (company_refs, "company_domain", {"company_domain"}),
        (companies, "read_place", {"company_city", "company_state", "company_country"}),
    ],
)
def test_a_defect_in_one_field_of_a_company_leaves_that_field_out(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, lost: set[str]
) -> None:
    whole = read_outcome(COMPANY, {"status": "success", "raw_payload": RECORD}).parsed or {}
    assert lost <= whole.keys()
    monkeypatch.setattr(place, name, boom)
    outcome = read_outcome(COMPANY, {"status": "success", "raw_payload": RECORD})
    assert outcome.status == "success"
    assert outcome.parsed == {key: value for key, value in whole.items() if key not in lost}
    [(_, doubt)] = (outcome.doubts or {}).items()
    assert "ZeroDivisionError" in doubt["why"]


PERSON_RECORD: dict[str, Any] = {
    "first_name": "Ada",
    "last_name": "Byron",
    "name": "Ada Byron",
    "title": "CTO",
    "work_email": "ada@acme.example",
    "location_name": "Utrecht, Utrecht, Netherlands",
    "linkedin_url": "https://www.linkedin.com/in/ada",
    "experience": [
        {"company": "Acme", "company_domain": "acme.example", "title": "CTO", "start_date": "2021", "is_current": True},
        {"company": "Kestrel", "title": "Analyst", "start_date": "2019", "end_date": "2020"},
    ],
}


@pytest.mark.parametrize(
    ("place", "name", "lost"),
    [
        (people, "email_address", {"email"}),
        (people, "read_place", {"city", "state", "country"}),
        (company_refs, "linkedin_person", {"linkedin"}),
        (positions, "_read_position", {"current_company_name", "current_company_domain"}),
    ],
)
def test_a_defect_in_one_field_of_a_person_leaves_that_field_out(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, lost: set[str]
) -> None:
    whole = read_outcome(PERSON, {"status": "success", "raw_payload": PERSON_RECORD}).parsed or {}
    assert lost <= whole.keys()
    monkeypatch.setattr(place, name, boom)
    outcome = read_outcome(PERSON, {"status": "success", "raw_payload": PERSON_RECORD})
    assert outcome.status == "success"
    assert outcome.parsed == {key: value for key, value in whole.items() if key not in lost}
    assert outcome.doubts


def test_a_defect_in_one_position_costs_that_position(monkeypatch: pytest.MonkeyPatch) -> None:
    read_date = periods.read_date
    monkeypatch.setattr(periods, "read_date", lambda value: boom() if value == "2019" else read_date(value))
    report = Report()
    person = read_person({"raw_payload": PERSON_RECORD}, "2026-01-01", report)
    assert [(p.title, str(p.start) if p.start else None) for p in person.positions] == [
        ("CTO", "2021"),
        ("Analyst", None),
    ]
    assert "ZeroDivisionError" in str(person.positions[1].doubts)


def test_a_value_that_does_not_fit_its_field_is_left_out() -> None:
    report = Report()
    output = COMPANY.Output.of({"company_name": "Acme", "employee_count": "many"}, report)
    assert output.model_dump(exclude_unset=True) == {"company_name": "Acme"}
    assert list(report.defects) == ["employee_count"]


def test_a_defect_in_one_column_of_an_upload_leaves_that_column_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(uploaded.READERS, "phone", boom)
    row = {"Name": "Ada", "Phone": "+31 20 123 45 67", "Mail": "ada@acme.example"}
    lead = consolidate(evidence_from(row, {"person_name": "Name", "phone": "Phone", "email": "Mail"}, []))
    assert (lead.values["person_name"], lead.values["email"]) == ("Ada", "ada@acme.example")
    assert "phone" not in lead.values
    assert "ZeroDivisionError" in str(lead.report["upload.phone"])
