"""What was concluded, as rows for the database: one lead and its positions per item.

The shape is the one that `leadloom.store_extractions` documents. A pipeline step keeps it in its result under
`extraction`, a replay sends it directly: both are stored by the same function.
"""

from __future__ import annotations

from typing import Any

from app.extraction import PARSER_VERSION
from app.extraction.evidence import Evidence
from app.extraction.leads import Lead, consolidate
from app.extraction.positions import Position
from app.text.values import fold

__all__ = ["history_row", "item_row", "lead_row"]

SEARCHED = (
    "person_name",
    "headline",
    "email",
    "city",
    "country",
    "company_name",
    "company_domain",
    "industry",
)


def lead_row(evidence: Evidence) -> dict[str, Any]:
    """The lead of one item, with provenance and report."""
    lead = consolidate(evidence)
    return {
        "parser_version": PARSER_VERSION,
        "lead": lead.values,
        "fields": lead.fields,
        "sources": lead.sources,
        "report": lead.report,
        "search": _searched(lead),
        "title_search": fold(str(lead.values.get("title") or "")),
    }


def history_row(evidence: Evidence) -> dict[str, Any]:
    """The work history of one item, with the result that it was read from."""
    step, person, _ = evidence.person()
    return {
        "parser_version": PARSER_VERSION,
        "positions": [_position(position) for position in person.positions],
        "history": {"step": step.step, "attempt": step.attempt} if step else {},
    }


def item_row(item: int, evidence: Evidence) -> dict[str, Any]:
    """Lead and work history of one item together."""
    return {"item": item, **history_row(evidence), **lead_row(evidence)}


def _position(position: Position) -> dict[str, Any]:
    company = position.company
    start, end = position.start, position.end
    row = {
        "company_name": company.name,
        "company_key": company.key,
        "company_domain": company.domain,
        "company_linkedin": company.linkedin,
        "title": position.title,
        "location": position.location,
        "is_current": position.is_current,
        "has_left": position.has_left,
        "doubts": position.doubts,
        "start_date": start and start.earliest(),
        "start_precision": start and start.precision,
        "end_date": end and end.earliest(),
        "end_precision": end and end.precision,
    }
    return {name: value for name, value in row.items() if value is not None}


def _searched(lead: Lead) -> str:
    """The words besides the title that the full-text search finds a lead by: lower case, without accents."""
    values = [str(lead.values[name]) for name in SEARCHED if lead.values.get(name)]
    return fold(" ".join([*values, *lead.values.get("specialties", ())]))[:20_000]
