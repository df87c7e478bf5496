"""Looks a company up in the client's Clay table, and reads what comes back.

Rows about the same company (by domain, LinkedIn page, or name) share one paid answer. The whole answer is kept as it
came; what is read here is what later steps and conditions need, and `consolidate_lead` reads the rest.
"""

from __future__ import annotations

from typing import Any

from app.clay.config import ClayConfig
from app.errors import BadInputError
from app.extraction.companies import read_company
from app.extraction.reports import Report
from app.text.companies import company_key
from app.text.domains import company_domain
from app.text.linkedin import linkedin_company
from app.text.places import country_code
from app.workflow import ClayWorkflow, Fields

__all__ = ["workflow"]

LONGEST_DESCRIPTION = 2000


class Input(Fields):
    """What a company is looked up by: domain, LinkedIn page or name. Its country tells namesakes apart."""

    company_domain: str | None = None
    company_name: str | None = None
    company_linkedin: str | None = None
    website: str | None = None
    company_country: str | None = None


class Output(Fields):
    """What is known about the company afterwards; what Clay did not say is left out, and keeps its earlier value."""

    company_name: str | None = None
    company_domain: str | None = None
    company_linkedin: str | None = None
    website: str | None = None
    industry: str | None = None
    company_size: str | None = None
    employee_count: int | None = None
    company_city: str | None = None
    company_state: str | None = None
    company_country: str | None = None
    company_phone: str | None = None
    annual_revenue: str | None = None
    total_funding: str | None = None
    latest_funding: str | None = None
    founded_year: int | None = None
    keywords: str | None = None
    company_description: str | None = None
    company_type: str | None = None


WRITTEN = tuple(Output.model_fields)


def payload(given: Input) -> dict[str, Any]:
    """The row that goes to Clay: what is known, and nothing empty.

    Raises:
        BadInputError: there is nothing to look a company up by.
    """
    if not (given.company_domain or given.company_linkedin or given.company_name or given.website):
        raise BadInputError("This row has no company domain, name, website or LinkedIn page to look a company up by.")
    return given.model_dump(exclude_none=True, exclude={"company_country"})


def parse(body: dict[str, Any], report: Report) -> Output:
    """The company in an answer, wherever in the body it is."""
    company = read_company(body, report)
    found = {**company._asdict(), "company_size": company.size_bucket, "keywords": ", ".join(company.specialties)}
    found["company_description"] = (company.company_description or "")[:LONGEST_DESCRIPTION]
    return Output.of({name: found[name] for name in WRITTEN if found[name]}, report)


def name_and_country(given: Input) -> str | None:
    """A namesake abroad is another company."""
    name, country = company_key(given.company_name), country_code(given.company_country)
    return f"{name}|{country}" if name and country else None


workflow = ClayWorkflow(
    slug="enrich_company_clay",
    title="Enrich company (Clay)",
    description="Sends the company to the client's Clay table and fills in industry, size, location, funding and more.",
    Input=Input,
    Output=Output,
    Config=ClayConfig,
    payload=payload,
    parse=parse,
    applies_to=("people", "companies"),
    identity=("company_name", "company_domain", "company_linkedin", "website", "industry"),
    entity_keys={
        "company domain": lambda given: company_domain(given.company_domain) or company_domain(given.website),
        "company LinkedIn page": lambda given: linkedin_company(given.company_linkedin),
        "company name and country": name_and_country,
        "company name": lambda given: company_key(given.company_name),
    },
    max_attempts=6,
    cost_per_row=1,
)
