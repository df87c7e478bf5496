"""The uploaded row by field names, read with the same care as a payload.

What the mapping calls an e-mail address, a domain or a year is only taken as one if it is; everything else stays text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.extraction.company_refs import read_domain, read_linkedin
from app.extraction.evidence import Evidence
from app.extraction.reading import read_text
from app.extraction.reports import Report
from app.extraction.sizes import size_bucket
from app.text.contacts import email, phone
from app.text.places import country_name
from app.text.values import year

__all__ = ["read_uploaded"]

READERS: dict[str, Callable[[str], Any]] = {
    "email": email,
    "phone": phone,
    "company_phone": phone,
    "founded_year": year,
    "country": country_name,
    "company_country": country_name,
}


def read_uploaded(evidence: Evidence, report: Report) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the untouched row.

    Returns:
        Values by field name, and the column that each field was read from.
    """
    columns = {name: column for name, column in evidence.mapping.items() if column in evidence.original}
    said: dict[str, Any] = {
        name: read_text(evidence.original[column], name, report) for name, column in columns.items()
    }
    for name, read in READERS.items():
        text = said.get(name)
        if text is not None:
            try:
                said[name] = read(text)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it costs this field alone
                said[name] = None
                report.defect(name, text, error)
            if said[name] is None:
                report.doubt(name, text, "not readable")
    said["linkedin"] = read_linkedin(said.get("linkedin"), "person", "linkedin", report)
    said["company_linkedin"] = read_linkedin(said.get("company_linkedin"), "company", "company_linkedin", report)
    _domain(said, columns, report)
    _size(said, columns, report)
    if "keywords" in columns:
        said["specialties"], columns["specialties"] = said["keywords"], columns["keywords"]
    return said, columns


def _domain(said: dict[str, Any], columns: dict[str, str], report: Report) -> None:
    """The company's domain: from its own column, else from the website's."""
    for name in ("company_domain", "website"):
        domain = read_domain((said[name],), name, report) if said.get(name) else None
        if domain:
            said["company_domain"], columns["company_domain"] = domain, columns[name]
            return
    said["company_domain"] = None


def _size(said: dict[str, Any], columns: dict[str, str], report: Report) -> None:
    """The size class out of the head count's column, which often holds a range instead of a count."""
    text = said.get("employee_count")
    if text:
        said["size_bucket"] = size_bucket(text, None, report)
        columns["size_bucket"] = columns["employee_count"]
        if not text.replace(",", "").isdigit():
            said["employee_count"] = None
