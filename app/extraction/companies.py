"""What a company's record says about it, in the fields that a lead has.

Which company it is (domain, LinkedIn page, name) is read in `company_refs.py`, how large it is in `sizes.py`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from app.extraction.company_refs import CompanyRef, read_company_ref, several
from app.extraction.figures import head_count, read_amount, read_year
from app.extraction.keys import Names, fields_of, key_of, keys
from app.extraction.payloads import find_record, first, first_text, whole_of, with_parts
from app.extraction.places import Place, read_place
from app.extraction.reading import is_nothing, read_list, read_text
from app.extraction.records import Record, layered, record_of, unread
from app.extraction.reports import Report, careful
from app.extraction.sizes import is_open_range, is_range, size_bucket
from app.text.companies import company_key
from app.text.places import place_name

__all__ = ["COMPANY_MARKS", "Company", "read_company", "text_of_phone"]


_SHARED = ("city", "state", "country", "location", "phone", "linkedin")
_ENVELOPES = ("company", "organization", "organisation", "org", "employer", "current_company")
COMPANY_MARKS = frozenset(
    {key for field in fields_of("company") if field != "parts" for key in keys("company", field)}
    - {key for field in _SHARED for key in keys("person", field)}
    - {key_of(name) for name in _ENVELOPES}
)
"""Keys that a company's record is known by: not those that a person's has as well, nor those that wrap one."""

_MARKS = Names(COMPANY_MARKS)
_FIELDS = {field: keys("company", field) for field in fields_of("company")}
_PHONE_PARTS = Names(
    ("sanitizednumber", "number", "phonenumber", "phone", "rawnumber", "mobilenumber", "mobilephone", "mobile", "value")
)
_LINE_PARTS = Names(("name", "full", "default", "rawaddress", "line"))
_PRIMARY = Names(("isprimary", "isheadquarter", "isheadquarters", "ishq", "primary", "headquarter"))


class Company(NamedTuple):
    """A company record as far as it was understood; texts as they came, apart from clean-up."""

    company_name: str | None = None
    company_domain: str | None = None
    company_linkedin: str | None = None
    website: str | None = None
    industry: str | None = None
    size_bucket: str | None = None
    employee_count: int | None = None
    company_city: str | None = None
    company_state: str | None = None
    company_country: str | None = None
    company_phone: str | None = None
    annual_revenue: str | None = None
    total_funding: str | None = None
    latest_funding: str | None = None
    founded_year: int | None = None
    company_type: str | None = None
    company_description: str | None = None
    specialties: tuple[str, ...] = ()

    @property
    def ref(self) -> CompanyRef:
        """What this record is matched by."""
        return CompanyRef(
            self.company_name, company_key(self.company_name or ""), self.company_domain, self.company_linkedin
        )


def read_company(body: Any, report: Report) -> Company:
    """Read a company payload of any shape.

    Args:
        body: the callback's body as it came (JSON value or JSON text).
        report: takes what could not be read, by the names of `Company`'s fields.
    """
    record, around = whole_of(*find_record(body, _MARKS), _FIELDS["parts"])
    if not record:
        if not is_nothing(body):
            report.doubt("company", body, "no company record found")
        return Company()
    report.unread = unread(record, "company")
    record = with_parts(record, _FIELDS["parts"])

    def said(field: str) -> Any:
        return first(record, _FIELDS[field])

    def text(field: str) -> str | None:
        return first_text(record, _FIELDS[field], field, report)

    def first_of(field: str) -> str | None:
        value = said(field)
        if value.__class__ is list:
            value = next((entry for entry in several(value) if entry), None)
        return read_text(value or None, field, report)

    ref = read_company_ref(layered(record, *around), report)
    employees = said("employee_count")
    count = None
    if employees.__class__ is list or (employees.__class__ is str and is_range(employees)):
        stated = employees
    else:
        count = None if employees is None else head_count(employees, report)
        stated = said("size")
        if stated is None and employees.__class__ is str and is_open_range(employees):
            stated = employees
    place = _seat(record, report)
    company = Company(
        company_name=ref.name,
        company_domain=ref.domain,
        company_linkedin=ref.linkedin,
        website=first_of("website"),
        industry=first_of("industry"),
        size_bucket=size_bucket(stated, count, report),
        employee_count=count,
        company_city=place.city,
        company_state=place.state,
        company_country=place.country,
        company_phone=text_of_phone(said("phone"), "company_phone", report),
        annual_revenue=read_amount(said("annual_revenue"), "annual_revenue", report),
        total_funding=read_amount(said("total_funding"), "total_funding", report),
        latest_funding=text("latest_funding"),
        founded_year=read_year(said("founded_year"), "founded_year", report),
        company_type=text("company_type"),
        company_description=read_text(said("description"), "company_description", report, lines=True),
        specialties=_specialties(record, report),
    )
    report.recognised = company != Company()
    return company


@careful(None)
def text_of_phone(value: Any, field: str, report: Report) -> str | None:
    """A phone number as text: of a list the first, of an object its number."""
    for entry in value[:20] if value.__class__ is list else (value,):
        inner = entry
        if isinstance(entry, dict):
            inner = first(record_of(entry), _PHONE_PARTS)
        text = read_text(inner, field, report)
        if text:
            return text
    return None


@careful(Place(), "locality")
def _seat(record: Record, report: Report) -> Place:
    """City, state and country: of the primary location when there is one, else of the locality line."""
    stated: list[str | None] = [
        first_text(record, _FIELDS[field], f"company_{field}", report) for field in ("city", "state", "country")
    ]
    primary = _primary_location(record, report)
    if primary is not None:
        for index, field in enumerate(("city", "state", "country")):
            stated[index] = stated[index] or first_text(primary, _FIELDS[field], f"locations.{field}", report)
    value = first(record, _FIELDS["locality"])
    if value is None and (lines := several(first(record, _FIELDS["locations"]))) and len(lines) == 1:
        value = lines[0] if lines[0].__class__ is str else None
    if isinstance(value, dict):
        seat = record_of(value)
        for index, field in enumerate(("city", "state", "country")):
            stated[index] = stated[index] or first_text(seat, _FIELDS[field], f"headquarters.{field}", report)
        value = first(seat, _LINE_PARTS)
    line = read_text(value, "locality", report)
    place = read_place(line, stated[2])
    if place.rest and not stated[0]:
        report.doubt("locality", line, "which part is the city is not clear")
    city, state = stated[0] or place.city, stated[1] or (place.state if not stated[0] else None)
    return Place(place_name(city), place_name(state), place.country)


def _primary_location(record: Record, report: Report) -> Record | None:
    found = first(record, _FIELDS["locations"])
    if found is None:
        return None
    locations = [record_of(place) for place in read_list(found, "locations", report) if isinstance(place, dict)]
    for place in locations:
        if first(place, _PRIMARY) in (True, "true", "True", 1):
            return place
    return locations[0] if len(locations) == 1 else None


@careful((), "specialties")
def _specialties(record: Record, report: Report) -> tuple[str, ...]:
    value = first(record, _FIELDS["specialties"])
    if value.__class__ is str and not value.lstrip().startswith(("[", "{")):
        items: list[Any] = re.split(r"[,;\n]", value)
    else:
        items = read_list(value, "specialties", report)
    texts = [read_text(item, "specialties", report) for item in items[:200]]
    return tuple(dict.fromkeys([text for text in texts if text]))
