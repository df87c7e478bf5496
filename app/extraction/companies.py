"""Companies in payloads: which one is meant (domain, LinkedIn page, name) and what a company record says about it.

A domain is only believed when it can belong to one company: link shorteners, social networks and free mail hosts are
reported and left out, because people search and customer matching go by domain first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from app.extraction.figures import head_count, read_amount
from app.extraction.keys import Names, Record, fields_of, key_of, keys, record_of, unread
from app.extraction.payloads import (
    Layers,
    Report,
    find_record,
    first,
    first_text,
    link_in,
    read_list,
    read_text,
    said_under,
    whole_of,
    with_parts,
)
from app.extraction.places import Place, read_place
from app.extraction.reports import careful
from app.text.companies import company_key, is_no_company
from app.text.domains import company_domain, registrable_domain
from app.text.linkedin import linkedin_company, linkedin_person
from app.text.values import year as spoken_year

__all__ = ["COMPANY_MARKS", "SIZE_BUCKETS", "Company", "CompanyRef", "read_company", "read_company_ref", "size_bucket"]

SIZE_BUCKETS = ("1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10001+")
"""LinkedIn's company sizes, with its two smallest as one."""

_UPPER = (10, 50, 200, 500, 1_000, 5_000, 10_000)
_RANGE = re.compile(r"(\d[\d,. ]*[kK]?) ?(?:-|\u2013|to) ?(\d[\d,. ]*[kK]?)(?: .*)?")
_OPEN = re.compile(r"(\d[\d,. ]*[kK]?) ?\+(?: .*)?|(?:over|more than|>) ?(\d[\d,. ]*[kK]?)(?: .*)?", re.IGNORECASE)
MOST_SITES = 5
_ENDS = (("start", "end"), ("min", "max"), ("from", "to"), ("low", "high"), ("lower", "upper"))

_YEARS = range(1500, 2100)
"""Numbers that `spoken_year` takes for a year."""

CARD = " \u00b7 "

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
_NAME, _DOMAIN, _PAGE = _FIELDS["name"], _FIELDS["domain"], _FIELDS["linkedin"]
_NAME_INSIDE = Names(("name", *_NAME))
_LINKS = Names(("url", "link"))
_PHONE_PARTS = Names(
    ("sanitizednumber", "number", "phonenumber", "phone", "rawnumber", "mobilenumber", "mobilephone", "mobile", "value")
)
_LINE_PARTS = Names(("name", "full", "default", "rawaddress", "line"))
_PRIMARY = Names(("isprimary", "isheadquarter", "isheadquarters", "ishq", "primary", "headquarter"))


class CompanyRef(NamedTuple):
    """What tells one company from another; any part may be missing."""

    name: str | None = None
    key: str | None = None
    domain: str | None = None
    linkedin: str | None = None

    def same_as(self, other: CompanyRef) -> str | None:
        """By what both are the same company (`domain`, `linkedin`, `name`, strongest first), or None."""
        if self.domain and self.domain == other.domain:
            return "domain"
        if self.linkedin and self.linkedin == other.linkedin:
            return "linkedin"
        if self.key and self.key == other.key:
            return "name"
        return None

    def fits(self, other: CompanyRef) -> bool:
        """Whether neither domain nor page speaks against both being the same company."""
        return self.domain in (None, other.domain or self.domain) and self.linkedin in (
            None,
            other.linkedin or self.linkedin,
        )

    def filled_from(self, other: CompanyRef) -> CompanyRef:
        """The same company with the domain and page that only the other names."""
        return CompanyRef(self.name, self.key, self.domain or other.domain, self.linkedin or other.linkedin)

    def is_among(self, companies: list[CompanyRef]) -> bool:
        """Whether one of these is the same company."""
        for company in companies:  # noqa: SIM110 -- a generator costs more than the comparison
            if self.same_as(company):
                return True
        return False


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


@careful(None)
def read_domain(values: Iterable[Any], field: str, report: Report) -> str | None:
    """The first value that is a company's own domain; those that are not are reported."""
    for value in values:
        text = read_text(value, field, report)
        if text is None:
            continue
        domain = company_domain(text)
        if domain is not None:
            return domain
        shared = registrable_domain(text)
        report.doubt(field, value, f"{shared} is not one company's own" if shared else "not a domain")
    return None


@careful(None)
def read_linkedin(value: Any, kind: str, field: str, report: Report) -> str | None:
    """The canonical form of a LinkedIn address, if it is one of the wanted kind (`company` or `person`)."""
    text = read_text(value, field, report)
    if text is None:
        return None
    url = linkedin_person(text) if kind == "person" else linkedin_company(text)
    if url is None:
        report.doubt(field, value, f"not the LinkedIn address of a {kind}")
    return url


@careful(CompanyRef(), "company")
def read_company_ref(layers: Layers, report: Report) -> CompanyRef:
    """Which company a position, a person's or a company's record names."""
    said = first(layers, _NAME)
    if said.__class__ is not str:
        if said.__class__ is list:
            said = next((entry for entry in said if entry), None)
        if isinstance(said, dict):
            inner = record_of(said)
            layers = (inner, *layers)
            said = first((inner,), _NAME_INSIDE)
    name = read_text(said, "company_name", report)
    if name and CARD in name:
        name = name.partition(CARD)[0].strip() or name  # LinkedIn's card: "Tern Vale · Full-time"
    sites = [site for value in said_under(layers, _DOMAIN) if value for site in _several(value) if site]
    domain = read_domain(sites, "company_domain", report) if sites else None
    link = _link(layers)
    page = None if link is None else read_linkedin(link, "company", "company_linkedin", report)
    return CompanyRef(name, _employer_key(name) if name else None, domain, page)


def _several(value: Any) -> list[Any]:
    return value[:MOST_SITES] if value.__class__ is list else [value]


@lru_cache(maxsize=65_536)
def _employer_key(name: str) -> str | None:
    """The key of an employer's name; "Self-employed" and "Stealth Startup" have none: nobody worked together there."""
    return None if is_no_company(name) else company_key(name)


def _link(layers: Layers) -> Any:
    """The link to the company's LinkedIn page; a plain `url` counts only where it leads to LinkedIn."""
    link = first(layers, _PAGE)
    if link is None:
        link = first(layers, _LINKS)
        if link.__class__ is not str or "linkedin" not in link.lower():
            return None
    return link_in(link)


@careful(None, "size_bucket")
def size_bucket(value: Any, count: int | None, report: Report) -> str | None:
    """The size class of a statement such as "51-200 employees", "10,001+" or [51, 200], or of a head count."""
    text = read_text(_range_text(value), "size_bucket", report) if value is not None else None
    if text:
        most = _most_of_a_range(text)
        most = head_count(text.lstrip("<\u2264 "), report) if most is None else most
        if most is not None:
            return _bucket_of(most)
    return _bucket_of(count) if count is not None else None


@lru_cache(maxsize=4_096)
def _most_of_a_range(text: str) -> int | None:
    """How many a range such as "51-200 employees" allows; there are few, and every company has one."""
    match = _RANGE.fullmatch(text) or _OPEN.fullmatch(text)
    if match is None:
        return None
    low, high = _whole(match[1] or match[2]), _whole(match[2]) if match.re is _RANGE else None
    return high if high is not None else low + 1


def _range_text(value: Any) -> Any:
    """Two numbers as one text: `[51, 200]`, `[10001, null]`, `{"start": 51, "end": 200}`."""
    bounds = value
    if isinstance(value, dict):
        ends = next((pair for pair in _ENDS if pair[0] in value), None)
        bounds = [value.get(name) for name in ends] if ends else value
    if bounds.__class__ is list and len(bounds) == 2 and bounds[0].__class__ is int:  # noqa: PLR2004 -- from and to
        return f"{bounds[0]}-{bounds[1]}" if bounds[1].__class__ is int else f"{bounds[0]}+"
    return value


def _whole(text: str) -> int:
    """`1,000`, `1.5k` and `1. 5 k` as a number; the patterns above let digits, commas, points and blanks through."""
    digits = re.sub(r"[,. ](?=\d{3})", "", text).replace(" ", "").rstrip(",.")
    if digits[-1:] in ("k", "K"):
        whole, _, part = digits[:-1].replace(",", ".").partition(".")
        return round(float(f"{whole or 0}.{re.sub(r'[^0-9]', '', part) or 0}") * 1_000)
    return int(re.sub(r"\D", "", digits)[:12] or 0)


def _bucket_of(count: int) -> str:
    for upper, bucket in zip(_UPPER, SIZE_BUCKETS, strict=False):
        if count <= upper:
            return bucket
    return SIZE_BUCKETS[-1]


def read_company(body: Any, report: Report) -> Company:
    """Read a company payload of any shape.

    Args:
        body: the callback's body as it came (JSON value or JSON text).
        report: takes what could not be read, by the names of `Company`'s fields.
    """
    record, around = whole_of(*find_record(body, _MARKS), _FIELDS["parts"])
    if not record:
        if body not in (None, "", [], {}):
            report.doubt("company", body, "no company record found")
        return Company()
    report.unread = unread(record, "company")
    record = with_parts(record, _FIELDS["parts"])
    only = (record,)

    def said(field: str) -> Any:
        return first(only, _FIELDS[field]) if record.shape[_FIELDS[field]] else None

    def text(field: str) -> str | None:
        return first_text(only, _FIELDS[field], field, report)

    def first_of(field: str) -> str | None:
        value = said(field)
        if value.__class__ is list:
            value = next((entry for entry in value[:MOST_SITES] if entry), None)
        return read_text(value or None, field, report)

    ref = read_company_ref((record, *around), report)
    employees = said("employee_count")
    count = None
    if employees.__class__ is list or (employees.__class__ is str and _RANGE.fullmatch(employees.strip()[:40])):
        stated = employees
    else:
        count = None if employees is None else head_count(employees, report)
        stated = said("size")
        if stated is None and employees.__class__ is str and _OPEN.fullmatch(employees.strip()[:40]):
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
        founded_year=_year(said("founded_year"), report),
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
            inner = first((record_of(entry),), _PHONE_PARTS)
        text = read_text(inner, field, report)
        if text:
            return text
    return None


@careful(None, "founded_year")
def _year(value: Any, report: Report) -> int | None:
    if value is None:
        return None
    if value.__class__ is int and value in _YEARS:
        return int(value)
    if isinstance(value, dict):
        value = value.get("year") or value
    text = read_text(value, "founded_year", report)
    if text is None:
        return None
    found = spoken_year(text)
    if found is None:
        report.doubt("founded_year", value, "not a year")
    return found


@careful(Place(), "locality")
def _seat(record: Record, report: Report) -> Place:
    """City, state and country: of the primary location when there is one, else of the locality line."""
    stated: list[str | None] = [
        first_text((record,), _FIELDS[field], f"company_{field}", report) for field in ("city", "state", "country")
    ]
    primary = _primary_location(record, report)
    if primary is not None:
        for index, field in enumerate(("city", "state", "country")):
            stated[index] = stated[index] or first_text((primary,), _FIELDS[field], f"locations.{field}", report)
    value = first((record,), _FIELDS["locality"])
    if value is None and (lines := _several(first((record,), _FIELDS["locations"]))) and len(lines) == 1:
        value = lines[0] if lines[0].__class__ is str else None
    if isinstance(value, dict):
        seat = record_of(value)
        for index, field in enumerate(("city", "state", "country")):
            stated[index] = stated[index] or first_text((seat,), _FIELDS[field], f"headquarters.{field}", report)
        value = first((seat,), _LINE_PARTS)
    line = read_text(value, "locality", report)
    place = read_place(line, stated[2])
    if place.rest and not stated[0]:
        report.doubt("locality", line, "which part is the city is not clear")
    return Place(stated[0] or place.city, stated[1] or (place.state if not stated[0] else None), place.country)


def _primary_location(record: Record, report: Report) -> Record | None:
    found = first((record,), _FIELDS["locations"])
    if found is None:
        return None
    locations = [record_of(place) for place in read_list(found, "locations", report) if isinstance(place, dict)]
    for place in locations:
        if first((place,), _PRIMARY) in (True, "true", "True", 1):
            return place
    return locations[0] if len(locations) == 1 else None


@careful((), "specialties")
def _specialties(record: Record, report: Report) -> tuple[str, ...]:
    value = first((record,), _FIELDS["specialties"])
    if value.__class__ is str and not value.lstrip().startswith(("[", "{")):
        items: list[Any] = re.split(r"[,;\n]", value)
    else:
        items = read_list(value, "specialties", report)
    texts = [read_text(item, "specialties", report) for item in items[:200]]
    return tuple(dict.fromkeys([text for text in texts if text]))
