"""Who works, and who worked, at a customer: by what it is matched, and when."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.engine_kit import World
from tests.results_kit import customers, enriched


async def test_former_employees_are_those_who_left_the_company_not_the_position(world: World) -> None:
    await enriched(world, 2)

    async def people(**filters: Any) -> dict[str, Any]:
        found: dict[str, Any] = await world.db.read(
            "search_people", client=world.client, filters=filters, after=None, limit=10
        )
        return found

    assert (await people(domain="kstrl.example", status="former"))["count"] == 2
    assert (await people(domain="acme.example", status="former"))["count"] == 0
    assert (await people(domain="acme.example", status="current"))["count"] == 2
    assert (await people(domain="acme.example", title="seller"))["count"] == 2
    misspelt = await people(company="Kestrelpai", company_key="kestrelpai", status="former")
    assert misspelt["count"] == 2
    assert misspelt["companies"][0]["name"] == "KestrelPay Ltd"
    assert misspelt["companies"][0]["similarity"] < 1
    assert [p["hit"] for p in misspelt["rows"][0]["positions"]] == [False, False, True]
    assert (await people(company="Nobody", company_key="nobody"))["count"] == 0
    assert (await people(domain="kstrl.example", from_year="2022"))["count"] == 2
    assert (await people(domain="kstrl.example", from_year="2023"))["count"] == 0
    assert (await people(domain="kstrl.example", to_year="2018"))["count"] == 0
    assert (await people())["count"] == 2


async def test_customers_set_the_flags_in_the_background_and_say_by_what(world: World) -> None:
    await enriched(world, 5)
    saved = await customers(world, {"name": "Kestrel", "name_key": "kestrel", "domain": "kstrl.example"})
    assert saved == {"added": 1, "changed": 0, "removed": 0, "given": 1}
    page = await world.db.read("customers_page", client=world.client, search="", after=None, limit=10)
    assert page["refresh"]["done"] == page["refresh"]["total"] == page["refresh"]["changed"] == 5
    assert page["rows"][0]["people"] == 5
    flagged = await world.db.read(
        "search_leads", client=world.client, filters={"worked_at_customer": True}, after=None, limit=10
    )
    assert flagged["count"] == 5
    [customer] = flagged["rows"][0]["customers"]
    assert (customer["status"], customer["match"], customer["name"]) == ("former", "domain", "Kestrel")
    assert customer["positions"][0]["end"] == "2022"

    await customers(world, {"name": "Acme", "name_key": "acme"})
    lead = (await world.db.read("search_leads", client=world.client, filters={}, after=None, limit=1))["rows"][0]
    assert (lead["worked_at_customer"], lead["works_at_customer"]) == (True, True)
    assert {c["name"]: (c["status"], c["match"]) for c in lead["customers"]} == {
        "Kestrel": ("former", "domain"),
        "Acme": ("current", "name"),
    }
    anyone = await world.db.read(
        "search_people", client=world.client, filters={"customer": "any", "status": "former"}, after=None, limit=10
    )
    assert anyone["count"] == 5

    await customers(world, {"name": "Acme", "name_key": "acme"}, replace=True)
    lead = (await world.db.read("search_leads", client=world.client, filters={}, after=None, limit=1))["rows"][0]
    assert [c["name"] for c in lead["customers"]] == ["Acme"]
    assert not lead["worked_at_customer"]


async def test_leads_stored_later_are_matched_at_once(world: World) -> None:
    await customers(world, {"name": "Kestrel", "name_key": "kestrel", "domain": "kstrl.example"})
    await enriched(world, 2)
    found = await world.db.read(
        "search_leads", client=world.client, filters={"worked_at_customer": True}, after=None, limit=10
    )
    assert found["count"] == 2


async def test_a_name_match_with_another_domain_says_so(world: World) -> None:
    await enriched(world, 1)
    await customers(world, {"name": "KestrelPay", "name_key": "kestrelpay", "domain": "kestrelpay.test"})
    lead = (await world.db.read("search_leads", client=world.client, filters={}, after=None, limit=1))["rows"][0]
    assert [(c["match"], c["domain_differs"]) for c in lead["customers"]] == [("name", True)]


async def test_saving_customers_twice_adds_nothing_and_a_second_domain_is_kept(world: World) -> None:
    first = {"name": "Acme", "name_key": "acme", "domain": "acme.example", "linkedin": "https://l/company/acme"}
    assert (await customers(world, first))["added"] == 1
    again = await customers(world, first)
    assert (again["added"], again["changed"]) == (0, 0)
    assert (await customers(world, first | {"domain": "acme.test"}))["added"] == 1
    assert await world.pg.fetchval("select count(*) from client_customers") == 2
    removed = await world.db.call(
        "remove_customers",
        client=world.client,
        customers=[str(r["uid"]) for r in await world.pg.fetch("select uid from client_customers")],
        actor="test",
    )
    assert removed == {"removed": 2}


async def test_leads_of_two_clients_stored_at_once_are_each_matched_with_their_own_list(world: World) -> None:
    other = replace(world, client=(await world.db.call("create_client", name="Southgate", actor="test"))["uid"])
    other.client_id = await world.pg.fetchval("select id from clients where uid = $1", other.client)
    for owner, domain in ((world, "acme.example"), (other, "kstrl.example")):
        await enriched(owner, 2)
        await customers(owner, {"name": domain, "domain": domain})
    items = await world.pg.fetch("select id from batch_items")
    rows = [{"item": item["id"], "parser_version": 1} for item in items]
    await world.pg.fetchval("select leadloom.store_extractions($1::jsonb)", json.dumps(rows))
    for owner in (world, other):
        page = await owner.db.read("customers_page", client=owner.client, search="", after=None, limit=10)
        assert [row["people"] for row in page["rows"]] == [2]
