"""The two Clay workflows: what they send, and what they take from an answer."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from app.errors import BadInputError
from app.local.clay.made_up import answer_for
from app.workflows import registry

COMPANY = registry()["enrich_company_clay"]
PERSON = registry()["enrich_person_clay"]


@pytest.mark.parametrize(
    ("workflow", "fields", "sent"),
    [
        (COMPANY, {"company_domain": "acme.example", "email": "x@y.example"}, {"company_domain": "acme.example"}),
        (COMPANY, {"company_name": " Acme ", "company_domain": ""}, {"company_name": "Acme"}),
        (COMPANY, {"company_linkedin": "https://l.example/acme"}, {"company_linkedin": "https://l.example/acme"}),
        (PERSON, {"linkedin": "https://l.example/in/x", "title": "CEO"}, {"linkedin": "https://l.example/in/x"}),
        (PERSON, {"email": "a@b.example"}, {"email": "a@b.example"}),
        (
            PERSON,
            {"first_name": "Ada", "last_name": "Byron", "company_name": "Acme"},
            {"first_name": "Ada", "last_name": "Byron", "company_name": "Acme"},
        ),
        (
            PERSON,
            {"person_name": "Ada Byron", "company_domain": "acme.example"},
            {"person_name": "Ada Byron", "company_domain": "acme.example"},
        ),
    ],
)
def test_a_row_sends_what_is_known_and_nothing_else(workflow: Any, fields: dict[str, str], sent: Any) -> None:
    assert workflow.compose(fields) == sent


@pytest.mark.parametrize(
    ("workflow", "fields"),
    [
        (COMPANY, {}),
        (COMPANY, {"company_domain": " ", "company_name": None}),
        (PERSON, {}),
        (PERSON, {"person_name": "Ada Byron"}),
        (PERSON, {"first_name": "Ada", "company_name": "Acme"}),
        (PERSON, {"company_name": "Acme"}),
    ],
)
def test_a_row_that_names_nobody_is_not_sent(workflow: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match="This row has no"):
        workflow.compose(fields)


COMPANY_RECORD = {"name": "Acme", "domain": "acme.example", "industry": "Robotics", "employee_count": "143"}
PERSON_RECORD = {
    "name": "Ada Byron",
    "headline": "Building engines",
    "title": "CTO",
    "url": "https://www.linkedin.com/in/ada",
    "country": "Netherlands",
    "experience": [
        {"company": "Advice", "title": "Advisor", "start_date": "2020", "end_date": None, "is_current": True},
        {"company": "Acme", "company_domain": "acme.example", "title": "CTO", "start_date": "2021", "is_current": True},
        {"company": "Old Co", "title": "Clerk", "start_date": "2010", "end_date": "2012", "is_current": False},
    ],
    "org": "Acme",
}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda record: record,
        lambda record: {"raw_payload": record},
        lambda record: {"raw_payload": orjson.dumps(record).decode()},
        lambda record: {"data": {"result": record}},
        lambda record: {"status": "success", "company": record, "person": None},
        lambda record: {"batch_item_id": "x", "result": [record]},
        lambda record: {"enrich_company_clay": record},
        lambda record: {"Enrich Company": record, "work_email": "null"},
    ],
    ids=["top", "raw_payload", "json in a string", "nested", "company", "list", "slug", "column name"],
)
def test_the_record_is_found_wherever_the_agency_put_it(wrap: Any) -> None:
    parsed, identity = COMPANY.interpret(wrap(COMPANY_RECORD))
    assert parsed == {
        "company_name": "Acme",
        "company_domain": "acme.example",
        "industry": "Robotics",
        "employee_count": 143,
        "company_size": "51-200",
    }
    assert identity == {"company_name": "Acme", "company_domain": "acme.example", "industry": "Robotics"}
    assert PERSON.interpret(wrap(PERSON_RECORD))[0]["title"] == "CTO"


def test_the_employer_is_the_current_job_that_the_record_names() -> None:
    parsed, identity = PERSON.interpret({"raw_payload": PERSON_RECORD, "work_email": "ada@acme.example"})
    assert parsed == {
        "title": "CTO",
        "headline": "Building engines",
        "email": "ada@acme.example",
        "linkedin": "https://www.linkedin.com/in/ada",
        "country": "Netherlands",
        "current_company_name": "Acme",
        "current_company_domain": "acme.example",
    }
    assert identity is not None
    assert "company_name" not in identity, "the company that the list is about stays"


@pytest.mark.parametrize("nothing", [None, "null", "", "N/A", [], {}])
def test_nothing_found_writes_nothing_over_what_is_known(nothing: Any) -> None:
    body = {"batch_item_id": "x", "status": "success", "raw_payload": nothing, "work_email": nothing}
    assert COMPANY.interpret(body) == ({}, None)
    assert PERSON.interpret(body) == ({}, None)


def test_nulls_in_a_record_write_nothing_either() -> None:
    record = COMPANY_RECORD | {"domain": "null", "website": None, "industry": "", "employee_count": "unknown"}
    assert COMPANY.interpret({"raw_payload": record})[0] == {"company_name": "Acme"}


def test_a_very_long_description_is_cut() -> None:
    parsed, _ = COMPANY.interpret({"raw_payload": COMPANY_RECORD | {"description": "x" * 10_000}})
    assert len(parsed["company_description"]) == 2_000


@pytest.mark.parametrize("seed", range(40))
def test_the_sandboxs_answers_are_understood(seed: int) -> None:
    sent = {"company_domain": f"c{seed}.example", "company_name": f"Company {seed}", "workflow_slug": COMPANY.slug}
    parsed, _ = COMPANY.interpret(answer_for(sent, str(seed)))
    assert (parsed["company_domain"], parsed["company_name"]) == (sent["company_domain"], sent["company_name"])
    assert isinstance(parsed["employee_count"], int)
    sent = {"linkedin": f"https://www.linkedin.com/in/p{seed}", "company_domain": "acme.example"}
    parsed, _ = PERSON.interpret(answer_for(sent | {"workflow_slug": PERSON.slug}, str(seed)))
    assert parsed["linkedin"] == sent["linkedin"]
    assert parsed["current_company_domain"] == "acme.example"
    assert parsed["title"]


def test_the_registry_knows_what_the_workflows_need() -> None:
    row = COMPANY.registry_row()
    assert (row["kind"], row["entity_keys"][0], row["required"]) == ("clay", "company domain", [])
    assert "webhook_url" in row["config_schema"]["properties"]
    assert PERSON.registry_row()["entity_keys"][0] == "LinkedIn URL"
