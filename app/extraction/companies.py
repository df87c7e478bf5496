"""Companies in payloads: which one is meant (domain, LinkedIn page, name) and what a company record says about it.

A domain is only believed when it can belong to one company: link shorteners, social networks and free mail hosts are
reported and left out, because people search and customer matching go by domain first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from app.extraction.payloads import Report, find_record, first, read_int, read_list, read_text
from app.extraction.places import read_place
from app.text import companies as names
from app.text import domains, linkedin
from app.text.domains import registrable_domain
from app.text.linkedin import linkedin_person

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
EARLIEST_YEAR, LATEST_YEAR = 1000, 2100

NAME = ("company_name", "companyName", "company", "organization_name", "organization", "org", "employer", "name")
DOMAIN = ("company_domain", "companyDomain", "domain", "organization_domain", "company_website", "website")
LINKEDIN = ("company_linkedin", "company_linkedin_url", "companyLinkedin", "company_url", "companyUrl", "linkedin_url")
COMPANY_MARKS = frozenset(
    (
        "company_name",
        "name",
        "domain",
        "company_domain",
        "website",
        "industry",
        "employee_count",
        "employees",
        "size",
        "company_size",
        "founded",
        "founded_year",
        "annual_revenue",
        "total_funding",
        "total_funding_amount_range_usd",
        "specialties",
        "follower_count",
        "locations",
        "locality",
        "org_id",
        "company_id",
        "type",
        "company_type",
        "description",
    )
)


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


def read_linkedin(value: Any, kind: str, field: str, report: Report) -> str | None:
    """The canonical form of a LinkedIn address, if it is one of the wanted kind (`company` or `person`)."""
    text = read_text(value, field, report)
    if text is None:
        return None
    url = linkedin_person(text) if kind == "person" else linkedin_company(text)
    if url is None:
        report.doubt(field, value, f"not the LinkedIn address of a {kind}")
    return url


def read_company_ref(layers: tuple[dict[str, Any], ...], field: str, report: Report) -> CompanyRef:
    """Which company a position or a person's record names; `field` prefixes the report's lines."""
    raw_name, _ = first(layers, NAME)
    inner = raw_name if isinstance(raw_name, dict) else None
    if inner is not None:
        layers = (inner, *layers)
        raw_name, _ = first((inner,), ("name", *NAME))
    name = read_text(raw_name, f"{field}company_name", report)
    domain = read_domain(
        (value for key in DOMAIN for layer in layers if (value := layer.get(key))), f"{field}company_domain", report
    )
    link, key = first(layers, LINKEDIN)
    if link is None and any("url" in layer for layer in layers):
        link, key = first(layers, ("url",))
    page = None
    if link is not None and (key != "url" or (link.__class__ is str and "linkedin" in link.lower())):
        page = read_linkedin(link, "company", f"{field}company_linkedin", report)
    # "Self-employed" and "Stealth Startup" are what many write; nobody worked together there.
    return CompanyRef(name, None if names.is_no_company(name) else company_key(name), domain, page)


def size_bucket(value: Any, count: int | None, report: Report) -> str | None:
    """The size class of a statement such as "51-200 employees" or "10,001+", or of a head count."""
    text = read_text(value, "size_bucket", report)
    if text:
        match = _RANGE.fullmatch(text) or _OPEN.fullmatch(text)
        if match:
            low, high = _whole(match[1] or match[2]), _whole(match[2]) if match.re is _RANGE else None
            return _bucket_of(high if high is not None else low + 1)
        number = read_int(text, "size_bucket", report)
        if number is not None:
            return _bucket_of(number)
    return _bucket_of(count) if count is not None else None


def _whole(text: str) -> int:
    digits = re.sub(r"[,. ](?=\d{3})", "", text).strip().rstrip(",. ")
    if digits[-1:] in ("k", "K"):
        return round(float(digits[:-1].replace(",", ".").strip() or 0) * 1_000)
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
    if not record:
        if body not in (None, "", [], {}):
            report.doubt("company", body, "no company record found")
        return Company()
    layers = (record, *around)

    def text(name: str, *keys: str, lines: bool = False, within: tuple[dict[str, Any], ...] = (record,)) -> str | None:
        value, _ = first(within, keys)
        return read_text(value, name, report, lines=lines)

    ref = read_company_ref(layers, "", report)
    employees, _ = first((record,), ("employee_count", "employees", "headcount", "staff_count", "num_employees"))
    count = None
    if employees.__class__ is str and _RANGE.fullmatch(employees.strip()):
        stated = employees
    else:
        count = read_int(employees, "employee_count", report)
        stated, _ = first((record,), ("size_bucket", "size", "company_size", "employee_range", "employee_count_range"))
    founded, _ = first((record,), ("founded_year", "founded", "year_founded", "founded_on"))
    place = _seat(record, report)
    return Company(
        company_name=ref.name,
        company_domain=ref.domain,
        company_linkedin=ref.linkedin,
        website=text("website", "website", "company_website", "website_url", "homepage"),
        industry=text("industry", "industry", "company_industry", "primary_industry"),
        size_bucket=size_bucket(stated, count, report),
        employee_count=count,
        company_city=place[0],
        company_state=place[1],
        company_country=place[2],
        company_phone=text("company_phone", "company_phone", "phone", "phone_number"),
        annual_revenue=text("annual_revenue", "annual_revenue", "revenue", "estimated_revenue", "revenue_range"),
        total_funding=text(
            "total_funding", "total_funding", "total_funding_amount_range_usd", "funding_total", "total_funding_usd"
        ),
        latest_funding=text("latest_funding", "latest_funding", "last_funding_type", "latest_funding_stage"),
        founded_year=_year(founded, report),
        company_type=text("company_type", "company_type", "type", "ownership"),
        company_description=text("company_description", "company_description", "description", "about", lines=True),
        specialties=_specialties(record, report),
    )


def _year(value: Any, report: Report) -> int | None:
    text = read_text(value, "founded_year", report)
    if text is None:
        return None
    if len(text) >= 4 and text[:4].isascii() and text[:4].isdigit() and not text[4:5].isdigit():  # noqa: PLR2004
        year = int(text[:4])
        if EARLIEST_YEAR <= year <= LATEST_YEAR:
            return year
    report.doubt("founded_year", value, "not a year")
    return None


def _seat(record: dict[str, Any], report: Report) -> tuple[str | None, str | None, str | None]:
    """City, state and country: of the primary location when there is one, else of the locality line."""
    stated = [
        read_text(first((record,), keys)[0], keys[0], report)
        for keys in (
            ("company_city", "city", "headquarters_city"),
            ("company_state", "state", "region", "headquarters_state"),
            ("company_country", "country", "country_code", "headquarters_country"),
        )
    ]
    locations = [place for place in read_list(record.get("locations"), "locations", report) if isinstance(place, dict)]
    primary = next((place for place in locations if place.get("is_primary") in (True, "true", "True", 1)), None)
    if primary is None and len(locations) == 1:
        primary = locations[0]
    if primary is not None:
        for index, key in enumerate(("city", "state", "country")):
            stated[index] = stated[index] or read_text(primary.get(key), f"locations.{key}", report)
    line = read_text(first((record,), ("locality", "location", "headquarters"))[0], "locality", report)
    place = read_place(line, stated[2])
    if place.rest and not stated[0]:
        report.doubt("locality", line, "which part is the city is not clear")
    return stated[0] or place.city, stated[1] or (place.state if not stated[0] else None), place.country


def _specialties(record: dict[str, Any], report: Report) -> tuple[str, ...]:
    value, _ = first((record,), ("specialties", "specialities", "keywords", "tags"))
    if value.__class__ is str and not value.lstrip().startswith(("[", "{")):
        items: list[Any] = re.split(r"[,;\n]", value)
    else:
        items = read_list(value, "specialties", report)
    texts = (read_text(item, "specialties", report) for item in items[:200])
    return tuple(dict.fromkeys(text for text in texts if text))
