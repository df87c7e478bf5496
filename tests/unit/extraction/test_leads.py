"""What of all that is known of a row becomes its lead: the best value of every field, and where it came from."""

from __future__ import annotations

from typing import Any

import pytest

from app.extraction.companies import Company, read_company
from app.extraction.evidence import evidence_from
from app.extraction.leads import Lead, consolidate
from app.extraction.people import Person
from app.extraction.reports import Report
from app.results.columns import LEAD_COLUMNS
from app.text.field_names import COMPANY_FIELDS, PERSON_FIELDS
from tests.answers import AS_OF, PERSON


def test_the_best_value_wins_and_its_origin_is_known() -> None:
    def result(step: int, workflow: str, source: str, **more: Any) -> dict[str, Any]:
        return {"step": step, "workflow": workflow, "attempt": 2, "source": source, "at": AS_OF, "raw": None} | more

    lead = consolidate(
        evidence_from(
            {
                "First": "MARTA",
                "Mail": "m@northgate.example",
                "Site": "http://www.northgate.example",
                "Heads": "51-200",
            },
            {"first_name": "First", "email": "Mail", "website": "Site", "employee_count": "Heads"},
            [
                result(0, "normalize_name", "computed", parsed={"first_name": "Marta"}),
                result(1, "enrich_person_clay", "clay", raw=PERSON, parsed={}),
                result(2, "enrich_phone", "clay", parsed={"phone": "+31201234567"}),
            ],
        )
    )
    assert lead.fields["first_name"] == "step:0"
    assert lead.fields["last_name"] == lead.fields["title"] == "step:1"
    assert lead.fields["phone"] == "step:2"
    assert lead.fields["email"] == "upload:Mail"
    assert (lead.values["company_domain"], lead.fields["company_domain"]) == ("northgate.example", "step:1")
    assert (lead.values["size_bucket"], lead.fields["size_bucket"]) == ("51-200", "upload:Heads")
    assert lead.sources["step:1"]["attempt"] == 2


def test_a_shared_result_without_a_payload_is_read_from_what_was_made_of_it() -> None:
    shared = {
        "step": 1,
        "workflow": "enrich_company_clay",
        "attempt": 1,
        "source": "shared",
        "at": AS_OF,
        "raw": None,
        "parsed": {"company_name": "Northgate", "company_domain": "northgate.example", "industry": "Robots"},
    }
    lead = consolidate(evidence_from({}, {}, [shared]))
    assert (lead.values["industry"], lead.sources["step:1"]["source"]) == ("Robots", "shared")


def lead_of(row: dict[str, str], *answers: dict[str, Any]) -> Any:
    """What is concluded from a row whose columns are named as the fields are, and from answers about the person."""
    results = [
        {"step": step, "workflow": "enrich_person_clay", "attempt": 1, "source": "clay", "at": AS_OF, "raw": answer}
        for step, answer in enumerate(answers)
    ]
    return consolidate(evidence_from(row, {name: name for name in row}, results))


def test_level_and_department_come_from_the_title_with_the_words_that_decided() -> None:
    lead = lead_of({"person_name": "Marta Lind", "title": "Head of Sales, EMEA"})
    assert (lead.values["seniority"], lead.values["department"]) == ("Head", "Sales")
    assert lead.fields["seniority"] == "derived:title:Head of"
    assert lead.fields["department"] == "derived:title:Sales"


def test_what_a_file_or_an_answer_states_is_never_overridden() -> None:
    stated = {"title": "Head of Sales", "seniority": "C suite", "department": "Revenue"}
    lead = lead_of(stated)
    assert (lead.values["seniority"], lead.fields["seniority"]) == ("C suite", "upload:seniority")
    assert (lead.values["department"], lead.fields["department"]) == ("Revenue", "upload:department")
    told = lead_of(
        {"title": "Head of Sales"}, PERSON | {"job_function": ["Business Development"], "seniority": "Owner"}
    )
    assert (told.values["seniority"], told.fields["seniority"]) == ("Owner", "step:0")
    assert (told.values["department"], told.fields["department"]) == ("Business Development", "step:0")


def test_the_title_of_the_current_job_is_the_one_that_counts() -> None:
    lead = lead_of({"title": "Marketing Intern"}, PERSON)
    assert (lead.values["title"], lead.values["seniority"], lead.values["department"]) == ("VP Sales", "VP", "Sales")


def test_a_title_that_says_neither_gives_neither() -> None:
    lead = lead_of({"person_name": "Marta Lind", "title": "Ninja"})
    assert {"seniority", "department"}.isdisjoint(lead.values)


@pytest.mark.parametrize(
    ("said", "year"),
    [(2011, 2011), ("2011", 2011), ("Founded in 2011", 2011), ("2011-03-01", 2011), ({"year": 2011, "month": 3}, 2011)],
)
def test_a_year_of_foundation_is_read_like_everywhere(said: object, year: int) -> None:
    assert lead_of_step({"founded_year": said}).values["founded_year"] == year
    assert read_company({"name": "Northgate", "founded_year": said}, Report()).founded_year == year


@pytest.mark.parametrize("said", [12, 143_000, "1,234", "long ago"])
def test_what_is_no_year_is_no_year_of_foundation(said: object) -> None:
    lead = lead_of_step({"founded_year": said})
    assert "founded_year" not in lead.values
    assert lead.report["step:0.founded_year"] == {"value": str(said), "why": "not a value of this kind"}


def lead_of_step(parsed: dict[str, object]) -> Lead:
    result = {"step": 0, "workflow": "enrich_funding", "attempt": 1, "source": "clay", "at": AS_OF, "raw": None}
    return consolidate(evidence_from({}, {}, [result | {"parsed": parsed}]))


def test_facts_of_two_companies_are_never_mixed() -> None:
    company = {"name": "Oldco", "domain": "oldco.example", "industry": "Mining", "employee_count": 40, "founded": 1999}
    evidence = evidence_from(
        {"Domain": "oldco.example"},
        {"company_domain": "Domain"},
        [
            {"step": s, "workflow": w, "attempt": 1, "source": "clay", "at": "2026-11-20", "raw": raw, "parsed": {}}
            for s, w, raw in ((0, "enrich_company_clay", company), (1, "enrich_person_clay", PERSON))
        ],
    )
    lead = consolidate(evidence)
    assert lead.values["company_domain"] == "northgate.example"
    assert "industry" not in lead.values
    assert "another company" in lead.report["company"]["why"]


def test_a_lead_has_the_fields_that_the_readers_of_answers_look_for() -> None:
    assert (*PERSON_FIELDS, "company", "positions") == Person._fields
    assert Company._fields == COMPANY_FIELDS
    assert set(PERSON_FIELDS) | set(COMPANY_FIELDS) <= {"location", *LEAD_COLUMNS}
