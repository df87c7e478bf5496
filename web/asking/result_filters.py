"""The filters of leads and people as they stand in an address, and back again.

An address is all the state that these pages have: a saved view keeps one, the Back button returns to one, an export
follows one.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from web.asking.paging import text_filter

__all__ = ["active_filters", "addresses", "lead_query", "people_query", "view_address", "without"]

LISTS = {
    "industry": "industry",
    "size": "size",
    "country": "country",
    "seniority": "seniority",
    "department": "department",
    "cols": "columns",
}
FLAGS = {
    "new": ("new_in_role", "New in role"),
    "worked": ("worked_at_customer", "Worked at a customer"),
    "works": ("works_at_customer", "Works at a customer"),
    "email": ("has_email", "With e-mail"),
    "doubts": ("has_doubts", "With doubts"),
}
TEXTS = {"title": "Title", "domain": "Company domain"}
MOST_VALUES = 100


def lead_query(request: Request) -> dict[str, Any]:
    """What a leads page is asked for, by the names that `app.results.search.lead_filters` knows."""
    query: dict[str, Any] = {name: text_filter(request, name) for name in ("q", "title", "domain", "batch")}
    for given, name in LISTS.items():
        values = (value.replace("\x00", "")[:200] for value in request.query_params.getlist(given)[:MOST_VALUES])
        query[name] = [value for value in values if value]
    query |= {name: request.query_params.get(given) == "1" for given, (name, _) in FLAGS.items()}
    return query


def people_query(request: Request) -> dict[str, Any]:
    """What a people page is asked for, by the names that `app.results.search.people_filters` knows."""
    names = ("company", "customer", "status", "title", "from_year", "to_year", "batch", "q")
    query: dict[str, Any] = {name: text_filter(request, name) for name in names}
    if query["status"] not in ("former", "current"):
        query["status"] = None
    return query


def active_filters(query: dict[str, Any], facets: dict[str, Any]) -> list[dict[str, Any]]:
    """The filters that are set, each with its words and the parameter and value that take it out."""
    found = [
        {"words": value, "name": given, "value": value}
        for given, name in LISTS.items()
        if name != "columns"
        for value in query[name]
    ]
    found += [
        {"words": f"{words}: {query[name]}", "name": name, "value": query[name]}
        for name, words in TEXTS.items()
        if query[name]
    ]
    found += [{"words": words, "name": given, "value": "1"} for given, (name, words) in FLAGS.items() if query[name]]
    if query["batch"]:
        name = next((b["name"] for b in facets.get("batches", []) if b["batch"] == query["batch"]), "one batch")
        found.append({"words": f"Batch: {name}", "name": "batch", "value": query["batch"]})
    return found


def without(request: Request, name: str, value: str) -> str:
    """This address with one value of one filter taken out, and back on its first page."""
    rest = [(k, v) for k, v in request.query_params.multi_items() if k != "after" and (k, v) != (name, value)]
    return request.url.path + (f"?{urlencode(rest)}" if rest else "")


def onwards(request: Request, **changes: str | None) -> str:
    """This address with single-valued parameters changed and every other one kept, multi-valued filters included."""
    rest = [(k, v) for k, v in request.query_params.multi_items() if k != "after" and k not in changes]
    rest += [(k, v) for k, v in changes.items() if v]
    return request.url.path + (f"?{urlencode(rest)}" if rest else "")


def addresses(request: Request) -> dict[str, Any]:
    """What templates make addresses with: `without(name, value)`, `onwards(name=value)`, and this page's query."""
    return {
        "without": lambda name, value: without(request, name, value),
        "onwards": lambda **changes: onwards(request, **changes),
        "query_text": urlencode([(k, v) for k, v in request.query_params.multi_items() if k != "after"]),
        "pairs": [(k, v) for k, v in request.query_params.multi_items() if k != "after"],
    }


def view_address(path: str, query: dict[str, Any]) -> str:
    """The address of a saved view."""
    pairs = [
        (name, value) for name, values in query.items() for value in (values if isinstance(values, list) else [values])
    ]
    return f"{path}?{urlencode(pairs)}" if pairs else path
