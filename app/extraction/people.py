"""A person's payload, understood: who it is, where, what he or she does now, and the work history.

Works on the body as it came, at any depth and under any of the names that enrichment tools use. The fields it returns
have the canonical names; `Person.as_json()` read again gives the same person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from app.extraction.companies import text_of_phone
from app.extraction.company_refs import CompanyRef, read_company_ref, read_linkedin
from app.extraction.keys import Names, fields_of, keys
from app.extraction.payloads import find_record, first, first_text, link_in, whole_of, with_parts
from app.extraction.places import Place, read_place
from app.extraction.positions import Position, read_positions
from app.extraction.reading import decoded, is_nothing, read_text
from app.extraction.records import Record, layered, record_of, unread
from app.extraction.reports import Report, careful
from app.text.contacts import email as email_address
from app.text.domains import company_domain, is_free_mail
from app.text.places import place_name

__all__ = ["PERSON_MARKS", "Person", "read_person"]

OFTEN_SEVERAL = ("seniority", "title", "department")
TEXTS = ("first_name", "last_name", "person_name", "headline", "title", "seniority", "department", "email_status")
PERSON_MARKS = frozenset(
    {key for field in fields_of("person") if field != "parts" for key in keys("person", field)}
    | {key for field in ("lists", "current_lists", "past_lists") for key in keys("position", field)}
    | {"org", "companyname", "companydomain", "companylinkedin", "jobcompanyname"}
) - {"url", "inputurl"}
"""Keys that a person's record is known by."""

_MARKS = Names(PERSON_MARKS)
_FIELDS = {field: keys("person", field) for field in fields_of("person")}
_SITES = Names(("domain", "website", "websiteurl"))
_ANY_ADDRESS = Names(("inputurl", "url"))
_PROFILE = Names(name for name in _FIELDS["linkedin"] if name not in _ANY_ADDRESS)
_PLACE_PARTS = Names(("name", "default", "full", "short", "text", "linkedintext"))
_PARSED = Names(("parsed",))
_ADDRESS_PARTS = Names(("email", "emailaddress", "address", "value", "mail"))
_ADDRESS_NOTES = Names(
    ("type", "emailtype", "kind", "label", "status", "emailstatus", "verificationstatus", "smtpvalid", "category")
)
_EMPLOYER = Names(
    {*keys("company", "name"), *keys("company", "domain"), *keys("company", "linkedin")}
    - {"name", "displayname", "legalname", "linkedinurl", "linkedin", "linkedinprofileurl", "professionalnetworkurl"}
    - {"nom", "nombre", "nome", "naam", "linkedinpage", "linkedinpageurl", "linkedinlink", "linkedinprofile"}
    - {"domain", "website", "websiteurl", "homepage", "homepageurl", "domainname"}
)
"""Keys of a person's record that speak of the employer."""


MOST_ADDRESSES = 20
LONGEST_LIST = 2_000
_SEVERAL = re.compile(r"[;,|\n]| / | or | and ")
BUSINESS = frozenset(
    ("work", "professional", "business", "corporate", "company", "current_professional", "office", "job")
)
PRIVATE = frozenset(("personal", "private", "home"))
REFUSED = frozenset(("invalid", "undeliverable", "bounced", "bad", "undeliverable_address", "not_valid", "hard_bounce"))


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
    record, around = whole_of(*find_record(body, _MARKS), _FIELDS["parts"])
    if not record:
        if not is_nothing(body):
            report.doubt("person", body, "no person record found")
        return Person()
    report.unread = unread(record, "person", "company", "position")
    record = with_parts(record, _FIELDS["parts"])
    whole = layered(record, *around)
    texts = {name: _text(record if name == "title" else whole, name, report) for name in TEXTS}
    place, line = _place(record, report)
    employer, positions = _completed(_employer(record, report), _positions((record, *around), as_of, report))
    texts["title"] = _without_employer(texts["title"], employer.name)
    email = _email(whole, report)
    employer = _with_site_of(employer, record, email)
    person = Person(
        **texts,
        phone=text_of_phone(first(whole, _FIELDS["phone"]), "phone", report),
        email=email,
        linkedin=_linkedin(whole, report),
        city=place.city,
        state=place.state,
        country=place.country,
        location=line,
        company=employer,
        positions=positions,
    )
    report.recognised = person != Person()
    return person


def _without_employer(title: str | None, name: str | None) -> str | None:
    """The title of `Head of Care at Tern Vale`, where Tern Vale is the employer that the record names."""
    if title and name and title.casefold().endswith(f" at {name.casefold()}"):
        return title[: -len(f" at {name}")].strip() or title
    return title


def _positions(layers: Iterable[Record], as_of: str, report: Report) -> tuple[Position, ...]:
    """The history in the record, or beside it in its envelope."""
    for layer in layers:
        positions = read_positions(layer, as_of, report)
        if positions:
            return positions
    return ()


def _with_site_of(employer: CompanyRef, record: Record, email: str | None) -> CompanyRef:
    """The employer with the record's `website`, which may be the person's own, where the e-mail address is there."""
    if employer.key is None or employer.domain or not email or not record.shape[_SITES]:
        return employer
    domains = (company_domain(site) for site in record.under(_SITES) if isinstance(site, str))
    mine = email.partition("@")[2]
    return employer._replace(domain=next((found for found in domains if found == mine), None))


def _completed(employer: CompanyRef, positions: tuple[Position, ...]) -> tuple[CompanyRef, tuple[Position, ...]]:
    """Domain and page of the employer that the record names, for its positions there, and the other way round."""
    if employer.key is None:
        return employer, positions
    for position in positions:
        if position.is_current and position.company.key == employer.key and position.company.fits(employer):
            employer = employer.filled_from(position.company)

    def completed(position: Position) -> Position:
        company = position.company
        if company.key != employer.key or not company.fits(employer):
            return position
        filled = company.filled_from(employer)
        return position if filled == company else position._replace(company=filled)

    return employer, tuple([completed(position) for position in positions])


def _text(record: Record, name: str, report: Report) -> str | None:
    """A field's text; of several titles, levels or departments the first."""
    if name not in OFTEN_SEVERAL:
        return first_text(record, _FIELDS[name], name, report)
    value = first(record, _FIELDS[name])
    if value is None:
        return None
    if value.__class__ is list:
        value = next((entry for entry in value if entry), None)
    return read_text(value, name, report)


@careful((Place(), None), "location")
def _place(record: Record, report: Report) -> tuple[Place, str | None]:
    """Where the person lives: fields of their own before the parts of the place line, which is returned as well."""
    value = first(record, _FIELDS["location"])
    if isinstance(value, dict):
        inner = record_of(value)
        for part in inner.under(_PARSED):
            inner = layered(inner, record_of(part)) if isinstance(part, dict) else inner
        record = layered(record, inner)
        value = first(inner, _PLACE_PARTS)
    line = read_text(value, "location", report)
    city, state, country = (first_text(record, _FIELDS[field], field, report) for field in ("city", "state", "country"))
    if city and "," in city:  # Bright Data's "city" is the whole line
        named = read_place(city, country)
        line, city = line or city, named.city or city
        state, country = state or named.state, country or named.country
    place = read_place(line, country)
    city, state = city or place.city, state or (place.state if not city else None)
    return Place(place_name(city), place_name(state), place.country), line


@careful(None, "email")
def _email(record: Record, report: Report) -> str | None:
    """The best address: business addresses before others, the inner record before its envelope."""
    for value in record.under(_FIELDS["email"]):
        if value is None:
            continue
        found = [_address(entry, report) for entry in _listed(value)]
        best = min((entry for entry in found if entry), default=None, key=lambda entry: entry[0])
        if best:
            return best[1]
    return None


def _listed(value: Any) -> list[Any]:
    value = decoded(value)
    if value.__class__ is str and "@" in value:
        return [part for part in _SEVERAL.split(value[:LONGEST_LIST]) if "@" in part] or [value]
    return value[:MOST_ADDRESSES] if value.__class__ is list else [value]


def _address(entry: Any, report: Report) -> tuple[tuple[bool, bool, bool], str] | None:
    """An address of a list, and how little it is wanted: refused ones last, private ones behind business ones."""
    said = record_of(entry) if isinstance(entry, dict) and entry else None
    inner = first(said, _ADDRESS_PARTS) if said else entry
    text = read_text(inner, "email", report)
    address = email_address(text)
    if address is None:
        if text:
            report.doubt("email", entry, "not an e-mail address")
        return None
    words = {str(note).lower() for note in said.under(_ADDRESS_NOTES)} if said else set()
    private = bool(words & PRIVATE) or (not words & BUSINESS and is_free_mail(address.partition("@")[2]))
    return (bool(words & REFUSED), private, not words & BUSINESS), address


@careful(None, "linkedin")
def _linkedin(record: Record, report: Report) -> str | None:
    """The profile's address; under a name that any address may have, only one that leads to LinkedIn."""
    others = [value for value in record.under(_ANY_ADDRESS) if value.__class__ is str]
    for value in (
        *map(link_in, record.under(_PROFILE)),
        *(value for value in others if "linkedin" in value.lower()),
    ):
        if value.__class__ is str and (url := read_linkedin(value, "person", "linkedin", report)):
            return url
    return None


@careful(CompanyRef(), "company")
def _employer(record: Record, report: Report) -> CompanyRef:
    """The employer by the record's own fields; `name`, `url` and `linkedin_url` belong to the person here."""
    compared, values = record.shape.compared, record.values
    said = {compared[place]: value for place in record.shape[_EMPLOYER] if (value := values[place]) is not None}
    return read_company_ref(record_of(said), report) if said else CompanyRef()
