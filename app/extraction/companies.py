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
from app.extraction.keys import Record, fields_of, key_of, keys, record_of, unread
from app.extraction.payloads import Report, decoded, find_record, first, read_int, read_list, read_text
from app.extraction.places import Place, read_place
from app.extraction.reports import careful
from app.text import companies as names
from app.text import domains, linkedin
from app.text.domains import registrable_domain
from app.text.linkedin import linkedin_person
from app.text.values import year as spoken_year

__all__ = ["COMPANY_MARKS", "SIZE_BUCKETS", "Company", "CompanyRef", "read_company", "read_company_ref", "size_bucket"]

SIZE_BUCKETS = ("1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10001+")
"""LinkedIn's company sizes, with its two smallest as one."""

# The same employers come up again and again in a list: what was worked out about one is kept for the next.
company_key = lru_cache(maxsize=65_536)(names.company_key)
company_domain = lru_cache(maxsize=65_536)(domains.company_domain)
linkedin_company = lru_cache(maxsize=65_536)(linkedin.linkedin_company)

_UPPER = (10, 50, 200, 500, 1_000, 5_000, 10_000)
_RANGE = re.compile(r"(\d[\d,. ]*[kK]?) ?(?:-|\u2013|to) ?(\d[\d,. ]*[kK]?)(?: .*)?")
_OPEN = re.compile(r"(\d[\d,. ]*[kK]?) ?\+(?: .*)?|(?:over|more than|>) ?(\d[\d,. ]*[kK]?)(?: .*)?", re.IGNORECASE)
CARD = " \u00b7 "

_SHARED = ("city", "state", "country", "location", "phone", "linkedin")
_ENVELOPES = ("company", "organization", "organisation", "org", "employer", "current_company")
COMPANY_MARKS = frozenset(
    {key for field in fields_of("company") for key in keys("company", field)}
    - {key for field in _SHARED for key in keys("person", field)}
    - {key_of(name) for name in _ENVELOPES}
)
"""Keys that a company's record is known by: not those that a person's has as well, nor those that wrap one."""


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
        return self._replace(domain=self.domain or other.domain, linkedin=self.linkedin or other.linkedin)


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


@careful(CompanyRef())
def read_company_ref(layers: tuple[Record, ...], field: str, report: Report) -> CompanyRef:
    """Which company a position or a person's record names; `field` prefixes the report's lines."""
    names_of = keys("company", "name")
    raw_name, _ = first(layers, names_of)
    if isinstance(raw_name, list):
        raw_name = next((entry for entry in raw_name if entry), None)
    if isinstance(raw_name, dict):
        inner = record_of(raw_name)
        layers = (inner, *layers)
        raw_name, _ = first((inner,), ("name", *names_of))
    name = read_text(raw_name, f"{field}company_name", report)
    if name and CARD in name:
        name = name.partition(CARD)[0].strip() or name  # LinkedIn's card: "Tern Vale · Full-time"
    sites = keys("company", "domain")
    saying = [layer for layer in layers if not sites.known.isdisjoint(layer)]
    stated = (value for key in sites for layer in saying if (value := layer.get(key)))
    domain = read_domain(stated, f"{field}company_domain", report) if saying else None
    page = _page(layers, f"{field}company_linkedin", report)
    # "Self-employed" and "Stealth Startup" are what many write; nobody worked together there.
    return CompanyRef(name, None if names.is_no_company(name) else company_key(name), domain, page)


@careful(None)
def _page(layers: tuple[Record, ...], field: str, report: Report) -> str | None:
    """The company's LinkedIn page; a plain `url` counts only where it leads to LinkedIn."""
    link, _ = first(layers, keys("company", "linkedin"))
    if link is None:
        link, _ = first(layers, ("url", "link"))
        if link.__class__ is not str or "linkedin" not in link.lower():
            return None
    return read_linkedin(link, "company", field, report)


@careful(None, "size_bucket")
def size_bucket(value: Any, count: int | None, report: Report) -> str | None:
    """The size class of a statement such as "51-200 employees", "10,001+" or [51, 200], or of a head count."""
    text = read_text(_range_text(value), "size_bucket", report)
    if text:
        match = _RANGE.fullmatch(text) or _OPEN.fullmatch(text)
        if match:
            low, high = _whole(match[1] or match[2]), _whole(match[2]) if match.re is _RANGE else None
            return _bucket_of(high if high is not None else low + 1)
        number = read_int(text, "size_bucket", report)
        if number is not None:
            return _bucket_of(number)
    return _bucket_of(count) if count is not None else None


def _range_text(value: Any) -> Any:
    """Two numbers as one text: `[51, 200]`, `[10001, null]`, `{"start": 51, "end": 200}`."""
    bounds = [value.get("start"), value.get("end")] if isinstance(value, dict) and "start" in value else value
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
    record, around = find_record(body, COMPANY_MARKS)
    _take_parts(record)
    if not record:
        if body not in (None, "", [], {}):
            report.doubt("company", body, "no company record found")
        return Company()
    report.unread = unread(record, "company")
    layers = (record, *around)

    def text(field: str, *, lines: bool = False) -> str | None:
        value, _ = first((record,), keys("company", field.removeprefix("company_") if lines else field))
        if value.__class__ is list and field == "industry":
            value = next((entry for entry in value if entry), None)
        return read_text(value, field, report, lines=lines)

    ref = read_company_ref(layers, "", report)
    employees, _ = first((record,), keys("company", "employee_count"))
    count = None
    if employees.__class__ is list or (employees.__class__ is str and _RANGE.fullmatch(employees.strip()[:40])):
        stated = employees
    else:
        count = head_count(employees, report)
        stated, _ = first((record,), keys("company", "size"))
    founded, _ = first((record,), keys("company", "founded_year"))
    place = _seat(record, report)
    company = Company(
        company_name=ref.name,
        company_domain=ref.domain,
        company_linkedin=ref.linkedin,
        website=text("website"),
        industry=text("industry"),
        size_bucket=size_bucket(stated, count, report),
        employee_count=count,
        company_city=place.city,
        company_state=place.state,
        company_country=place.country,
        company_phone=text_of_phone(first((record,), keys("company", "phone"))[0], "company_phone", report),
        annual_revenue=read_amount(record, "annual_revenue", report),
        total_funding=read_amount(record, "total_funding", report),
        latest_funding=text("latest_funding"),
        founded_year=_year(founded, report),
        company_type=text("company_type"),
        company_description=text("company_description", lines=True),
        specialties=_specialties(record, report),
    )
    report.recognised = company != Company()
    return company


def _take_parts(record: Record) -> None:
    """Add what a record keeps in objects by theme (`metrics`, `geo`), where it does not say it itself."""
    for name in keys("company", "parts"):
        part = decoded(record.get(name))
        for key, value in record_of(part).items() if isinstance(part, dict) else ():
            if record.get(key) in (None, "", [], {}):
                record[key] = value


@careful(None)
def text_of_phone(value: Any, field: str, report: Report) -> str | None:
    """A phone number as text: of a list the first, of an object its number."""
    for entry in value[:20] if value.__class__ is list else (value,):
        inner = entry
        if isinstance(entry, dict):
            inner, _ = first((record_of(entry),), _PHONE_PARTS)
        text = read_text(inner, field, report)
        if text:
            return text
    return None


_PHONE_PARTS = ("sanitizednumber", "number", "phonenumber", "phone", "rawnumber", "mobilenumber", "value")


@careful(None, "founded_year")
def _year(value: Any, report: Report) -> int | None:
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
        read_text(first((record,), keys("company", field))[0], f"company_{field}", report)
        for field in ("city", "state", "country")
    ]
    primary = _primary_location(record, report)
    if primary is not None:
        for index, field in enumerate(("city", "state", "country")):
            stated[index] = stated[index] or read_text(
                first((primary,), keys("company", field))[0], f"locations.{field}", report
            )
    value, _ = first((record,), keys("company", "locality"))
    if isinstance(value, dict):
        seat = record_of(value)
        for index, field in enumerate(("city", "state", "country")):
            stated[index] = stated[index] or read_text(
                first((seat,), keys("company", field))[0], f"headquarters.{field}", report
            )
        value = first((seat,), ("name", "full", "default", "rawaddress", "line"))[0]
    line = read_text(value, "locality", report)
    place = read_place(line, stated[2])
    if place.rest and not stated[0]:
        report.doubt("locality", line, "which part is the city is not clear")
    return Place(stated[0] or place.city, stated[1] or (place.state if not stated[0] else None), place.country)


def _primary_location(record: Record, report: Report) -> Record | None:
    found, _ = first((record,), keys("company", "locations"))
    if found is None:
        return None
    locations = [record_of(place) for place in read_list(found, "locations", report) if isinstance(place, dict)]
    for place in locations:
        flag, _ = first((place,), ("isprimary", "isheadquarter", "isheadquarters", "ishq", "primary", "headquarter"))
        if flag in (True, "true", "True", 1):
            return place
    return locations[0] if len(locations) == 1 else None


@careful((), "specialties")
def _specialties(record: Record, report: Report) -> tuple[str, ...]:
    value, _ = first((record,), keys("company", "specialties"))
    if value.__class__ is str and not value.lstrip().startswith(("[", "{")):
        items: list[Any] = re.split(r"[,;\n]", value)
    else:
        items = read_list(value, "specialties", report)
    texts = (read_text(item, "specialties", report) for item in items[:200])
    return tuple(dict.fromkeys(text for text in texts if text))
