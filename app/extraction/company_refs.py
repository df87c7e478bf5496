"""Which company a record means: by its domain, its LinkedIn page and its name.

A domain is only believed when it can belong to one company: link shorteners, social networks and free mail hosts are
reported and left out, because people search and customer matching go by domain first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from app.extraction.keys import Names, keys
from app.extraction.payloads import first, link_in
from app.extraction.reading import read_text
from app.extraction.records import Record, layered, record_of
from app.extraction.reports import Report, careful
from app.text.companies import company_key, is_no_company
from app.text.domains import company_domain, registrable_domain
from app.text.linkedin import linkedin_company, linkedin_person

__all__ = ["CompanyRef", "read_company_ref", "read_domain", "read_linkedin", "several"]

MOST_SITES = 5
CARD = " \u00b7 "

_NAME, _DOMAIN, _PAGE = (keys("company", field) for field in ("name", "domain", "linkedin"))
_NAME_INSIDE = Names(("name", *_NAME))
_LINKS = Names(("url", "link"))


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
        return self.domain in (None, other.domain or self.domain) and (
            self.linkedin in (None, other.linkedin or self.linkedin)
            or _is_numbered(self.linkedin) != _is_numbered(other.linkedin)
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


def read_domain(values: Sequence[Any], field: str, report: Report) -> str | None:
    """The first value that is a company's own domain; those that are not are reported."""
    try:
        for value in values:
            text = read_text(value, field, report)
            if text is None:
                continue
            domain = company_domain(text)
            if domain is not None:
                return domain
            shared = registrable_domain(text)
            report.doubt(field, value, f"{shared} is not one company's own" if shared else "not a domain")
    except Exception as error:  # noqa: BLE001 -- whatever it is, it costs this field alone
        report.defect(field, values, error)
    return None


def read_linkedin(value: Any, kind: str, field: str, report: Report) -> str | None:
    """The canonical form of a LinkedIn address, if it is one of the wanted kind (`company` or `person`)."""
    text = read_text(value, field, report)
    if text is None:
        return None
    try:
        url = linkedin_person(text) if kind == "person" else linkedin_company(text)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it costs this field alone
        report.defect(field, value, error)
        return None
    if url is None:
        report.doubt(field, value, f"not the LinkedIn address of a {kind}")
    return url


@careful(CompanyRef(), "company")
def read_company_ref(record: Record, report: Report) -> CompanyRef:
    """Which company a position, a person's or a company's record names."""
    said = first(record, _NAME)
    if said.__class__ is not str:
        if said.__class__ is list:
            said = next((entry for entry in said if entry), None)
        if isinstance(said, dict):
            inner = record_of(said)
            record = layered(inner, record)
            said = first(inner, _NAME_INSIDE)
    name = read_text(said, "company_name", report)
    if name and CARD in name:
        name = name.partition(CARD)[0].strip() or name  # LinkedIn's card: "Tern Vale · Full-time"
    sites = _sites(record)
    domain = read_domain(sites, "company_domain", report) if sites else None
    link = _link(record)
    page = None if link is None else read_linkedin(link, "company", "company_linkedin", report)
    return CompanyRef(name, _employer_key(name) if name else None, domain, page)


def _sites(record: Record) -> list[Any]:
    values, sites = record.values, []
    for place in record.shape[_DOMAIN]:
        value = values[place]
        if value.__class__ is list:
            sites += [site for site in several(value) if site]
        elif value:
            sites.append(value)
    return sites


def _is_numbered(page: str | None) -> bool:
    """Whether a page is told by its number, which says nothing about one that is told by its name."""
    return bool(page) and str(page).rpartition("/")[2].isdigit()


def several(value: Any) -> list[Any]:
    """The first few values of a list; any other value as a list of its own."""
    return value[:MOST_SITES] if value.__class__ is list else [value]


@lru_cache(maxsize=65_536)
def _employer_key(name: str) -> str | None:
    """The key of an employer's name; "Self-employed" and "Stealth Startup" have none: nobody worked together there."""
    return None if is_no_company(name) else company_key(name)


def _link(record: Record) -> Any:
    """The link to the company's LinkedIn page; a plain `url` counts only where it leads to LinkedIn."""
    link = first(record, _PAGE)
    if link is None:
        link = first(record, _LINKS)
        if link.__class__ is not str or "linkedin" not in link.lower():
            return None
    return link_in(link)
