"""Leads as they are searched: filters, pages, spellings, and whose they are."""

from __future__ import annotations

from typing import Any

import pytest

from app.results import search
from tests.engine_kit import World
from tests.results_kit import enriched


async def test_filters_narrow_and_pages_follow_on(world: World) -> None:
    await enriched(world, 7)
    facets = await world.db.read("lead_facets", client=world.client)
    assert facets["country"] == ["Netherlands"]
    assert facets["industry"] == []
    assert facets["any"]

    async def leads_of(after: int | None = None, limit: int = 3, **filters: Any) -> dict[str, Any]:
        found: dict[str, Any] = await world.db.read(
            "search_leads", client=world.client, filters=filters, after=after, limit=limit
        )
        return found

    seen: list[str] = []
    page = await leads_of()
    seen += [row["item"] for row in page["rows"]]
    while page["more"]:
        page = await leads_of(after=page["rows"][-1]["id"])
        seen += [row["item"] for row in page["rows"]]
    assert len(seen) == len(set(seen)) == 7
    assert (await leads_of(q="number3"))["count"] == 1
    assert (await leads_of(q="head sal"))["count"] == 7
    assert (await leads_of(q="nothing"))["count"] == 0
    assert (await leads_of(title="head of sales"))["count"] == 7
    assert (await leads_of(title="seller"))["count"] == 0
    assert (await leads_of(country=["Netherlands"], new_in_role=True))["count"] == 7
    assert (await leads_of(country=["France"]))["count"] == 0
    assert (await leads_of(q="' | drop & (:*"))["count"] == 0
    await world.db.call("set_new_in_role", client=world.client, months=1, actor="test")
    assert (await leads_of(new_in_role=True))["count"] == 0
    capped = await world.db.read("search_leads", client=world.client, filters={}, after=None, limit=2, count_cap=5)
    assert (capped["count"], capped["capped"]) == (5, True)


async def test_accents_and_punctuation_do_not_hide_a_lead(world: World) -> None:
    job = {"company": "Müller & Söhne", "title": "Geschäftsführer, D/A/CH", "start_date": "2020", "is_current": True}
    await enriched(world, 2, experience=[job], first_name="José", name="José O'Brien-Núñez")

    async def count(**query: str) -> int:
        found = await world.db.read(
            "search_leads", client=world.client, filters=search.lead_filters(query), after=None, limit=5
        )
        return int(found["count"])

    for q in ("jose", "José", "o'brien", "nunez", "O'Brien-Núñez", "brien,", "geschaftsfuhrer."):
        assert await count(q=q) == 2, q
    assert await count(title="geschäftsführer") == 2
    assert await count(title="geschaftsf") == 2
    assert await count(title="muller") == 0
    people = await world.db.read(
        "search_people",
        client=world.client,
        filters=search.people_filters({"company": "Mueller Soehne", "title": "Geschäftsführer"}),
        after=None,
        limit=5,
    )
    assert people["companies"] is not None
    exact = search.people_filters({"company": "MÜLLER & SÖHNE GmbH", "title": "geschäftsf"})
    assert (await world.db.read("search_people", client=world.client, filters=exact, after=None, limit=5))["count"] == 2


async def test_lists_over_all_clients_page_in_one_order(world: World) -> None:
    await enriched(world, 3)
    first = world.client
    world.client = (await world.db.call("create_client", name="Second", actor="test"))["uid"]
    world.client_id += 1
    await enriched(world, 3)
    world.client = first
    world.client_id -= 1
    await enriched(world, 2)
    for newest in (True, False):
        seen: list[int] = []
        after = None
        while True:
            page = await world.db.read(
                "search_leads", client=None, filters={}, after=after, limit=3, newest_first=newest
            )
            seen += [row["id"] for row in page["rows"]]
            if not page["more"]:
                break
            after = seen[-1]
        assert len(seen) == len(set(seen)) == 8
        assert seen == sorted(seen, reverse=newest)


async def test_another_clients_lead_is_not_shown_for_this_client(world: World) -> None:
    await enriched(world, 1)
    lead = (await world.db.read("search_leads", client=world.client, filters={}, after=None, limit=1))["rows"][0]
    other = await world.db.call("create_client", name="Somebody else", actor="test")
    assert (await world.db.read("search_leads", client=other["uid"], filters={}, after=None, limit=5))["count"] == 0
    with pytest.raises(Exception, match="no such lead"):
        await world.db.read("lead_detail", item=lead["item"], client=other["uid"])


async def test_leads_are_found_by_the_department_of_their_title(world: World) -> None:
    await enriched(world, 2)
    args = {"client": world.client, "after": None, "limit": 10}
    found = await world.db.read("search_leads", filters={"department": ["Sales"], "seniority": ["Head"]}, **args)
    assert [lead["department"] for lead in found["rows"]] == ["Sales", "Sales"]
    assert (await world.db.read("search_leads", filters={"department": ["Finance"]}, **args))["rows"] == []
    facets = await world.db.read("lead_facets", client=world.client)
    assert (facets["department"], facets["seniority"]) == (["Sales"], ["Head"])
    lead = await world.db.read("lead_detail", item=found["rows"][0]["item"], client=None)
    assert lead["provenance"]["department"] == "derived:title:Sales"
    assert lead["provenance"]["seniority"] == "derived:title:Head of"
