"""The first step of most pipelines: takes the untouched CSV row apart into clean fields with canonical names.

Which column is which field was settled at upload (`uploads.mapping`); here each cell is read for what it is: text,
count, year, e-mail address, phone number, URL, country. A cell that holds something but nothing usable (`N/A`, a hashed
LinkedIn id, an address without a domain) yields None and so clears what the launch copied from it; an empty cell
yields nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.intake.header_names import PERSON
from app.text.contacts import email, phone
from app.text.domains import company_domain, website_url
from app.text.field_names import IDENTITY_COLUMNS
from app.text.linkedin import linkedin_company, linkedin_person
from app.text.places import country_code, country_name, place_name
from app.text.values import clean_block, clean_text, count, year
from app.workflow import ComputeWorkflow, Fields, Original


class Output(Fields):
    """Every field that an upload may map; only those that the row fills are written."""

    first_name: str | None = None
    last_name: str | None = None
    person_name: str | None = None
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
    company_name: str | None = None
    company_domain: str | None = None
    company_linkedin: str | None = None
    website: str | None = None
    industry: str | None = None
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
    technologies: str | None = None
    company_description: str | None = None
    company_type: str | None = None
    parent_company: str | None = None
    past_company_name: str | None = None
    past_company_linkedin: str | None = None
    past_title: str | None = None
    past_dates: str | None = None
    past_duration: str | None = None
    time_in_role: str | None = None
    time_in_company: str | None = None
    connected_on: str | None = None


FIELDS = frozenset(Output.model_fields)
READERS: dict[str, Callable[[Any], Any]] = dict.fromkeys(FIELDS, clean_text) | {
    "city": place_name,
    "company_city": place_name,
    "company_country": country_name,
    "company_description": clean_block,
    "company_domain": company_domain,
    "company_linkedin": linkedin_company,
    "country": country_name,
    "email": email,
    "email_status": lambda cell: (clean_text(cell) or "").lower() or None,
    "employee_count": count,
    "founded_year": year,
    "linkedin": linkedin_person,
    "past_company_linkedin": linkedin_company,
    "website": website_url,
}
"""How a field's cell is read: as one line of text, or as what it is."""

PHONES = {"phone": ("country", "company_country"), "company_phone": ("company_country", "country")}
"""Phone fields, and the fields that tell in which country a national number is meant, the likelier first."""


def split(row: Original) -> Output:
    """Read every mapped cell of the row."""
    original = row.original
    cells = {name: cell for name, column in row.mapping.items() if name in FIELDS and (cell := original.get(column))}
    if "phone" in row.mapping and "phone" not in cells:
        cells["phone"] = next((cell for column in PERSON["phone"] if (cell := original.get(column))), None)
    found: dict[str, Any] = {name: READERS[name](cell) for name, cell in cells.items() if name not in PHONES}
    if not found.get("company_domain") and (domain := _domain_elsewhere(cells)):
        found["company_domain"] = domain
    if not found.get("company_linkedin") and (page := linkedin_company(cells.get("linkedin"))):
        found["company_linkedin"] = page
    for name, places in PHONES.items():
        if cells.get(name):
            region = next((code for place in places if (code := country_code(found.get(place)))), None)
            found[name] = phone(cells[name], region)
    return Output(**found)


def _domain_elsewhere(cells: dict[str, Any]) -> str | None:
    """The company's domain out of cells that hold more than their field keeps.

    An address in the website's column names a domain, and so does the second of several e-mail addresses.
    """
    website, addresses = str(cells.get("website") or ""), str(cells.get("email") or "")
    in_website = company_domain(website) if "@" in website and not website_url(website) else None
    return in_website or (company_domain(addresses) if addresses.count("@") > 1 else None)


workflow = ComputeWorkflow(
    slug="split_raw",
    title="Split raw row",
    description=(
        "Turns the uploaded row into clean fields: trimmed text, e-mail addresses, E.164 phone numbers, "
        "canonical LinkedIn URLs, head counts, years and countries."
    ),
    Input=Original,
    Output=Output,
    identity=tuple(name for name in Output.model_fields if name in IDENTITY_COLUMNS),
    run=split,
)
