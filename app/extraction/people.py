"""A person's payload, understood: who it is, where, what he or she does now, and the work history.

Works on the body as it came, at any depth and under any of the names that enrichment tools use. The fields it returns
have the canonical names; `Person.as_json()` read again gives the same person.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from app.extraction.companies import CompanyRef, read_company_ref, read_linkedin
from app.extraction.payloads import Report, find_record, first, read_text
from app.extraction.places import read_place
from app.extraction.positions import CURRENT_LISTS, POSITION_LISTS, Position, read_positions
from app.text.values import email as email_address

__all__ = ["PERSON_MARKS", "Person", "read_person"]

FIELDS: dict[str, tuple[str, ...]] = {
    "first_name": ("first_name", "firstName", "given_name"),
    "last_name": ("last_name", "lastName", "family_name", "surname"),
    "person_name": ("person_name", "full_name", "fullName", "name"),
    "headline": ("headline", "tagline"),
    "title": ("title", "job_title", "jobTitle", "current_title", "position"),
    "seniority": ("seniority", "seniority_level"),
    "email_status": ("email_status", "emailStatus"),
    "phone": ("phone", "mobile_phone", "mobile", "phone_number", "direct_phone"),
}
EMAIL = ("work_email", "workEmail", "email", "business_email", "email_address", "emails", "personal_email")
LINKEDIN = ("linkedin", "linkedin_url", "linkedinUrl", "linkedin_profile_url", "profile_url", "profileUrl", "url")
PERSON_MARKS = frozenset(
    (
        *POSITION_LISTS,
        *CURRENT_LISTS,
        *(name for names in FIELDS.values() for name in names),
        *EMAIL,
        "linkedin_url",
        "education",
        "connections",
        "num_followers",
        "location_name",
        "location",
        "city",
        "state",
        "org",
        "company_name",
        "company_domain",
        "company_linkedin",
        "summary",
        "certifications",
        "country",
    )
)


class Person(NamedTuple):
    """A person's record as far as it was understood; `company` is the employer that the record itself names."""

    person_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    headline: str | None = None
    seniority: str | None = None
    email: str | None = None
    email_status: str | None = None
    phone: str | None = None
    linkedin: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    location: str | None = None
    company: CompanyRef = CompanyRef()
    positions: tuple[Position, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The person with names that `read_person` knows."""
        said = self._asdict()
        company = said.pop("company")
        said |= {"company_name": company.name, "company_domain": company.domain, "company_linkedin": company.linkedin}
        said["experience"] = [position.as_json() for position in said.pop("positions")]
        return said


def read_person(body: Any, as_of: str, report: Report) -> Person:
    """Read a person payload of any shape.

    Args:
        body: the callback's body as it came (JSON value or JSON text).
        as_of: ISO date on which it came.
        report: takes what could not be read, by the names of `Person`'s fields.
    """
    record, around = find_record(body, PERSON_MARKS)
    if not record:
        if body not in (None, "", [], {}):
            report.doubt("person", body, "no person record found")
        return Person()
    layers = (record, *around)
    texts = {
        name: read_text(first(layers if name != "title" else (record,), keys)[0], name, report)
        for name, keys in FIELDS.items()
    }
    country = read_text(first((record,), ("country", "country_name", "country_code"))[0], "country", report)
    line = read_text(first((record,), ("location_name", "location", "locality"))[0], "location", report)
    city = read_text(first((record,), ("city",))[0], "city", report)
    state = read_text(first((record,), ("state", "region"))[0], "state", report)
    place = read_place(line, country)
    positions = read_positions(record, as_of, report)
    return Person(
        **texts,
        email=_email(layers, report),
        linkedin=_linkedin(layers, report),
        city=city or place.city,
        state=state or (place.state if not city else None),
        country=place.country,
        location=line,
        company=_employer(record, report),
        positions=positions,
    )


def _email(layers: tuple[dict[str, Any], ...], report: Report) -> str | None:
    """The first address that is one: business addresses before others, the inner record before its envelope."""
    for name in EMAIL:
        for layer in layers:
            value = layer.get(name)
            for entry in value[:20] if value.__class__ is list else (value,):
                inner = entry
                if isinstance(entry, dict):
                    inner, _ = first((entry,), ("email", "address", "value"))
                text = read_text(inner, "email", report)
                address = email_address(text)
                if address:
                    return address
                if text:
                    report.doubt("email", value, "not an e-mail address")
    return None


def _linkedin(layers: tuple[dict[str, Any], ...], report: Report) -> str | None:
    for name in LINKEDIN:
        for layer in layers:
            value = layer.get(name)
            if value.__class__ is not str or (name == "url" and "linkedin" not in value.lower()):
                continue
            url = read_linkedin(value, "person", "linkedin", report)
            if url:
                return url
    return None


def _employer(record: dict[str, Any], report: Report) -> CompanyRef:
    """The employer by the record's own fields; `name`, `url` and `linkedin_url` belong to the person here."""
    named = {
        key: record[key]
        for key in (
            "company_name",
            "companyName",
            "company",
            "organization_name",
            "organization",
            "org",
            "employer",
            "company_domain",
            "companyDomain",
            "organization_domain",
            "company_website",
            "company_linkedin",
            "company_linkedin_url",
            "company_url",
            "companyUrl",
        )
        if record.get(key) is not None
    }
    return read_company_ref((named,), "", report) if named else CompanyRef()
