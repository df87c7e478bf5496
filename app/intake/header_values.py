"""What a column plainly holds, whatever its label says: LinkedIn pages, e-mail addresses, the companies' websites.

`app/intake/headers.py` asks here about columns whose label nobody knows, or whose cells are not what the label says.
Only what cannot be taken for anything else counts, and only where enough rows show it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from app.text.domains import company_domain

__all__ = ["COMPANY_PAGE", "PROFILE", "fields_by_value", "held"]

# LinkedIn's hashed member ids ("ACwAAB…") open no public profile; /sales/ links open only for a Sales Navigator seat.
PROFILE = re.compile(r"linkedin\.com/(?:in|pub)/(?!A[A-Z][A-Za-z]AA[\w-]{15,})", re.ASCII)
COMPANY_PAGE = re.compile(r"linkedin\.com/(?:company|school|showcase)/", re.IGNORECASE)

_ADDRESS = re.compile(r"(?:mailto:)?[^\s@,;/]+@[^\s@,;/]+\.[^\s@,;/]+", re.IGNORECASE)
_SITE = re.compile(r"[^\s@]{1,200}\.[^\s@]{2,200}")
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_FEWEST = 3
_LOOKED_AT = 100
_PLAIN_SHARE = 0.9

WHAT = {
    "linkedin": "LinkedIn profiles",
    "company_linkedin": "LinkedIn company pages",
    "email": "e-mail addresses",
    "website": "websites",
    "company_domain": "domains",
}
"""Fields that are recognised by their values, and what these are called."""


def held(cells: Sequence[str]) -> str | None:
    """The field that a column's cells plainly are; None: too few of them, or no such field."""
    filled = [text for cell in cells if (text := cell.strip().lstrip("'"))][:_LOOKED_AT]
    if len(filled) < _FEWEST:
        return None
    most = _PLAIN_SHARE * len(filled)
    for field, look in (("linkedin", PROFILE.search), ("company_linkedin", COMPANY_PAGE.search)):
        if sum(bool(look(cell)) for cell in filled) >= most:
            return field
    if sum(bool(_ADDRESS.fullmatch(cell)) for cell in filled) >= most:
        return "email"
    return _site(filled, most)


def _site(filled: Sequence[str], most: float) -> str | None:
    """Websites or domains, if they are of many companies: links into one site are no company's own."""
    if sum(bool(_SITE.fullmatch(cell)) for cell in filled) < most:
        return None
    domains = [domain for cell in filled if (domain := company_domain(cell))]
    if len(domains) < most or len(set(domains)) <= len(domains) / 2:
        return None
    return "website" if sum(bool(_LINK.match(cell)) for cell in filled) > len(filled) / 2 else "company_domain"


def fields_by_value(
    columns: Sequence[str], cells: Mapping[str, Sequence[str]], free: Collection[str]
) -> dict[str, str]:
    """Fields that columns plainly hold.

    Args:
        columns: those to look at, the likelier first.
        cells: column -> some of its cells.
        free: fields that no column has taken.

    Returns:
        field -> column; of website and domain only one, and only where both are free.
    """
    found: dict[str, str] = {}
    sites = {"website", "company_domain"}
    for column in columns:
        field = held(cells.get(column, ()))
        if field is None or field not in free or field in found:
            continue
        if field in sites and not (sites <= set(free) and sites.isdisjoint(found)):
            continue
        found[field] = column
    return found
