"""A person's payload, understood: who it is, where, what he or she does now, and the work history.

Works on the body as it came, at any depth and under any of the names that enrichment tools use. The fields it returns
have the canonical names; `Person.as_json()` read again gives the same person.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from app.extraction.companies import CompanyRef, read_company_ref, read_linkedin, text_of_phone
from app.extraction.keys import Record, fields_of, keys, record_of, unread
from app.extraction.payloads import Report, find_record, first, read_text
from app.extraction.places import Place, read_place
from app.extraction.positions import Position, read_positions
from app.extraction.reports import careful
from app.text.contacts import email as email_address

__all__ = ["PERSON_MARKS", "Person", "read_person"]

TEXTS = ("first_name", "last_name", "person_name", "headline", "title", "seniority", "department", "email_status")
PERSON_MARKS = frozenset(
    {key for field in fields_of("person") for key in keys("person", field)}
    | {key for field in ("lists", "current_lists", "past_lists") for key in keys("position", field)}
    | {"org", "companyname", "companydomain", "companylinkedin", "jobcompanyname"}
) - {"url", "inputurl"}
"""Keys that a person's record is known by."""


class Person(NamedTuple):
    """A person's record as far as it was understood; `company` is the employer that the record itself names."""

    person_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
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
    report.unread = unread(record, "person", "company", "position")
    layers = (record, *around)
    texts = {name: read_text(_value(layers if name != "title" else (record,), name), name, report) for name in TEXTS}
    place, line = _place(record, report)
    positions = read_positions(record, as_of, report)
    person = Person(
        **texts,
        phone=text_of_phone(_value(layers, "phone"), "phone", report),
        email=_email(layers, report),
        linkedin=_linkedin(layers, report),
        city=place.city,
        state=place.state,
        country=place.country,
        location=line,
        company=_employer(record, report),
        positions=positions,
    )
    report.recognised = person != Person()
    return person


def _value(layers: tuple[Record, ...], name: str) -> Any:
    value, _ = first(layers, keys("person", name))
    if value.__class__ is list and name in ("seniority", "title", "department"):
        value = next((entry for entry in value if entry), None)
    return value


@careful((Place(), None), "location")
def _place(record: Record, report: Report) -> tuple[Place, str | None]:
    """Where the person lives: fields of their own before the parts of the place line, which is returned as well."""
    value, _ = first((record,), keys("person", "location"))
    layers: tuple[Record, ...] = (record,)
    if isinstance(value, dict):
        inner = record_of(value)
        layers = (record, inner)
        value = first((inner,), ("name", "default", "full", "short", "text"))[0]
    line = read_text(value, "location", report)
    city, state, country = (
        read_text(first(layers, keys("person", field))[0], field, report) for field in ("city", "state", "country")
    )
    place = read_place(line, country)
    return Place(city or place.city, state or (place.state if not city else None), place.country), line


@careful(None, "email")
def _email(layers: tuple[Record, ...], report: Report) -> str | None:
    """The first address that is one: business addresses before others, the inner record before its envelope."""
    for name in keys("person", "email"):
        for layer in layers:
            value = layer.get(name)
            for entry in value[:20] if value.__class__ is list else (value,):
                inner = entry
                if isinstance(entry, dict):
                    inner, _ = first((record_of(entry),), ("email", "emailaddress", "address", "value"))
                text = read_text(inner, "email", report)
                address = email_address(text)
                if address:
                    return address
                if text:
                    report.doubt("email", value, "not an e-mail address")
    return None


@careful(None, "linkedin")
def _linkedin(layers: tuple[Record, ...], report: Report) -> str | None:
    for name in keys("person", "linkedin"):
        for layer in layers:
            value = layer.get(name)
            if value.__class__ is not str or (name in ("url", "inputurl") and "linkedin" not in value.lower()):
                continue
            url = read_linkedin(value, "person", "linkedin", report)
            if url:
                return url
    return None


@careful(CompanyRef(), "company")
def _employer(record: Record, report: Report) -> CompanyRef:
    """The employer by the record's own fields; `name`, `url` and `linkedin_url` belong to the person here."""
    named = Record(record.said)
    named.update({key: value for key, value in record.items() if key in EMPLOYER and value is not None})
    return read_company_ref((named,), "", report) if named else CompanyRef()


EMPLOYER = frozenset(
    {*keys("company", "name"), *keys("company", "domain"), *keys("company", "linkedin")}
    - {"name", "displayname", "legalname", "linkedinurl", "linkedin", "linkedinprofileurl", "professionalnetworkurl"}
    - {"domain", "website", "websiteurl", "homepage", "homepageurl", "domainname"}
)
"""Keys of a person's record that speak of the employer."""
