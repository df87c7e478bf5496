"""Looks a person up in the client's Clay table, and reads what comes back.

Rows about the same person (by LinkedIn URL, e-mail address, or name and employer) share one paid answer. The whole
answer, work history included, is kept as it came for `extract_work_history`; what is read here is what later steps and
conditions need. The employer that Clay found gets names of its own (`current_company_…`): it never replaces the company
that the list is about.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.clay.config import ClayConfig
from app.errors import BadInputError
from app.extraction.company_refs import CompanyRef
from app.extraction.people import Person, read_person
from app.extraction.reports import Report
from app.text.companies import company_key
from app.text.contacts import personal_email
from app.text.domains import company_domain
from app.text.linkedin import linkedin_person
from app.text.names import person_name
from app.text.values import fold
from app.workflow import ClayWorkflow, Fields

__all__ = ["workflow"]


class Input(Fields):
    """What a person is looked up by: LinkedIn profile, e-mail address, or name and company."""

    linkedin: str | None = None
    email: str | None = None
    person_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    company_domain: str | None = None


class Output(Fields):
    """What is known about the person afterwards; what Clay did not say is left out, and keeps its earlier value."""

    title: str | None = None
    headline: str | None = None
    seniority: str | None = None
    department: str | None = None
    email: str | None = None
    email_status: str | None = None
    phone: str | None = None
    linkedin: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    current_company_name: str | None = None
    current_company_domain: str | None = None
    current_company_linkedin: str | None = None


WRITTEN = tuple(Output.model_fields)


def payload(given: Input) -> dict[str, Any]:
    """The row that goes to Clay: what is known, and nothing empty.

    Raises:
        BadInputError: there is nothing to look a person up by.
    """
    named = given.person_name or (given.first_name and given.last_name)
    employed = given.company_domain or given.company_name
    if not (given.linkedin or given.email or (named and employed)):
        raise BadInputError("This row has no LinkedIn URL, no e-mail address, and no name with a company.")
    return given.model_dump(exclude_none=True)


def parse(body: dict[str, Any], report: Report) -> Output:
    """The person in an answer, wherever in the body it is."""
    person = read_person(body, datetime.now(UTC).date().isoformat(), report)
    employer = _employer(person)
    found = {
        **person._asdict(),
        "title": person.title or _title_at(person, employer),
        "current_company_name": employer.name,
        "current_company_domain": employer.domain,
        "current_company_linkedin": employer.linkedin,
    }
    return Output.of({name: found[name] for name in WRITTEN if found[name]}, report)


def _employer(person: Person) -> CompanyRef:
    """The company of the current position that the record itself names, else of the first current one."""
    current = [position.company for position in person.positions if position.is_current]
    named = [company for company in current if company.same_as(person.company)]
    return next(iter(named or current), person.company)


def _title_at(person: Person, employer: CompanyRef) -> str | None:
    """The title of the current position there, where the record itself names none."""
    current = [position for position in person.positions if position.is_current and position.title]
    there = [position.title for position in current if position.company.same_as(employer)]
    return next(iter(there), None)


def name_at(given: Input, employer: str | None) -> str | None:
    """A whole name at an employer."""
    known = person_name(given.person_name, given.first_name, given.last_name)
    if not (known.first and known.last and employer):
        return None
    return f"{fold(known.first)} {fold(known.last)}|{employer}"


workflow = ClayWorkflow(
    slug="enrich_person_clay",
    title="Enrich person (Clay)",
    description="Sends the person to the client's Clay table and fills in title, location, e-mail and work history.",
    Input=Input,
    Output=Output,
    Config=ClayConfig,
    payload=payload,
    parse=parse,
    applies_to=("people",),
    identity=("title", "email", "linkedin", "country"),
    entity_keys={
        "LinkedIn URL": lambda given: linkedin_person(given.linkedin),
        "e-mail address": lambda given: personal_email(given.email),
        "name and company domain": lambda given: name_at(given, company_domain(given.company_domain)),
        "name and company": lambda given: name_at(given, company_key(given.company_name)),
    },
    max_attempts=6,
    cost_per_row=1,
)
