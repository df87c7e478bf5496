"""The read models of results: leads, people, customers, share links, replays; one call of a SQL function per screen.

The filters of a page are plain values out of an address. They are brought into the shape that SQL searches by here, so
that pages, exports, saved views and share links all mean the same by them.
"""

from __future__ import annotations

from typing import Any

from app.db import Database
from app.text.companies import company_key
from app.text.domains import registrable_domain
from app.text.values import fold

__all__ = [
    "customers",
    "extraction",
    "lead",
    "lead_filters",
    "leads",
    "narrowed",
    "people",
    "people_filters",
    "share",
    "shared_leads",
]

Answer = dict[str, Any]
LISTS = ("industry", "size", "country", "seniority", "department")
NOTHING = [""]
"""A list that no lead's value is in; an empty one would not filter at all."""

FLAGS = ("new_in_role", "worked_at_customer", "works_at_customer", "has_email", "has_doubts")


def lead_filters(query: dict[str, Any]) -> Answer:
    """The filters of a leads page in the shape of `search_leads`; whatever is empty or unknown is left out."""
    filters: Answer = {name: fold(query[name]) for name in ("q", "title") if query.get(name)}
    filters |= {name: list(query[name]) for name in LISTS if query.get(name)}
    filters |= {name: True for name in FLAGS if query.get(name)}
    if query.get("batch"):
        filters["batch"] = query["batch"]
    if query.get("domain"):
        filters["company_domain"] = registrable_domain(query["domain"]) or query["domain"]
    return filters


def people_filters(query: dict[str, Any]) -> Answer:
    """The filters of a people page in the shape of `search_people`; a company typed as a domain or URL is one."""
    filters: Answer = {
        name: query[name] for name in ("customer", "title", "from_year", "to_year", "batch") if query.get(name)
    }
    filters |= {"q": fold(query["q"])} if query.get("q") else {}
    filters |= {name: list(query[name]) for name in ("country", "seniority", "department") if query.get(name)}
    if query.get("status") in ("former", "current"):
        filters["status"] = query["status"]
    company = query.get("company")
    if company:
        domain = registrable_domain(company) if "." in company else None
        if domain:
            filters["domain"] = domain
        else:
            filters |= {"company": company, "company_key": company_key(company) or fold(company)}
    return filters


async def leads(db: Database, client: str | None, filters: Answer, *, after: int | None, limit: int) -> Answer:
    """One page of leads with facets and saved views; `client` None: across all clients."""
    return _paged(await db.read("leads_page", client=client, filters=filters, after=after, limit=limit))


async def shared_leads(
    db: Database, client: str, filters: Answer, *, within: Answer, after: int | None, limit: int
) -> Answer:
    """One page of leads for a share link, and what its visitor can filter by.

    Args:
        db: the database.
        client: the link's client.
        filters: what is searched by, `narrowed` to the link.
        within: the filters that the link is limited to.
        after: the cursor.
        limit: rows of a page.
    """
    return _paged(
        await db.read("shared_leads", client=client, filters=filters, within=within, after=after, limit=limit)
    )


def narrowed(filters: Answer, within: Answer) -> Answer:
    """A visitor's filters inside those of a link: lists are cut to the link's, else the link's counts."""
    lists = {
        name: [value for value in filters[name] if value in within[name]] or NOTHING
        for name in LISTS
        if filters.get(name) and within.get(name)
    }
    return filters | within | lists


async def people(db: Database, client: str | None, filters: Answer, *, after: int | None, limit: int) -> Answer:
    """One page of people by their work history; no filter finds nobody, since it asks nothing."""
    return _paged(await db.read("people_page", client=client, filters=filters, after=after, limit=limit))


async def lead(db: Database, item: str, *, client: str | None = None) -> Answer:
    """One lead with work history and the origin of every field."""
    answer: Answer = await db.read("lead_detail", item=item, client=client)
    return answer


async def customers(db: Database, client: str, *, search: str | None, after: int | None, limit: int) -> Answer:
    """A client's customers, and how far the refresh of the flags is."""
    page: Answer = await db.read("customers_screen", client=client, search=search or "", after=after, limit=limit)
    rows = page["rows"]
    return {**page, "rows": rows[:limit], "next": rows[limit - 1]["id"] if len(rows) > limit else None}


async def share(db: Database, client: str) -> Answer:
    """A client's share links."""
    answer: Answer = await db.read("share_page", client=client)
    return answer


async def extraction(db: Database, batch: str) -> Answer:
    """The replays of one batch.

    Raises:
        NotFoundError: there is no such batch.
    """
    answer: Answer = await db.read("extraction_page", batch=batch)
    return answer


def _paged(page: Answer) -> Answer:
    return {**page, "next": page["rows"][-1]["id"] if page["more"] else None}
