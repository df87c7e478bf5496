"""From payloads to leads and work histories in the database: as pipeline steps, as replays, and back as searches."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine import replay
from app.engine.background import work_in_background
from app.engine.dispatcher import run_chunk
from app.engine.replay import extract_batches
from app.extraction import leads, rows
from app.results import search
from app.workflows import registry_rows
from functions import modal_run
from tests.engine_kit import SLUGS, World, registry_row

STEPS = ("alpha", "extract_work_history", "consolidate_lead")


def person(number: int, **changes: Any) -> dict[str, Any]:
    """A person payload: today at Acme, before that at Kestrel (left), and once at a promotion within Acme."""
    record = {
        "first_name": "Ann",
        "last_name": f"Number{number}",
        "name": f"Ann Number{number}",
        "headline": "Builds things",
        "country": "NL",
        "location_name": "Utrecht, Utrecht, Netherlands",
        "url": f"https://www.linkedin.com/in/ann-{number}",
        "experience": [
            {
                "company": "Acme",
                "company_domain": "acme.example",
                "title": "Head of Sales",
                "start_date": "2026-09",
                "is_current": True,
            },
            {
                "company": "Acme",
                "company_domain": "acme.example",
                "title": "Seller",
                "start_date": "2023",
                "end_date": "2026-09",
                "is_current": False,
            },
            {
                "company": "KestrelPay Ltd",
                "company_domain": "kstrl.example",
                "title": "Analyst",
                "start_date": "2019-02",
                "end_date": "2022",
                "is_current": False,
            },
        ],
    }
    return {"status": "success", "raw_payload": record | changes}


async def enriched(world: World, count: int, *steps: str, **changes: Any) -> str:
    """A finished batch whose first step was answered with person payloads."""
    await world.db.call("sync_registry", workflows=[registry_row(s) for s in SLUGS] + registry_rows())
    columns = {"Email": "'p' || g || '@acme.example'"}
    batch = await world.launch(count, *(steps or STEPS), columns=columns)
    items = await world.claim(count)
    done = [
        {
            "state_id": item["state_id"],
            "attempt": item["attempt"],
            "parsed": {},
            "source": "clay",
            "raw": person(item["row_number"], **changes),
        }
        for item in items
    ]
    await world.db.call("complete_items", items=done)
    world.slugs += [slug for slug in STEPS if slug not in world.slugs]
    for _ in range(len(STEPS)):
        for chunk in (await world.dispatch())["chunks"]:
            await run_chunk(world.db, chunk["chunk_id"])
    return batch


async def customers(world: World, *given: dict[str, Any], replace: bool = False) -> dict[str, Any]:
    full = [{"name": None, "name_key": None, "domain": None, "linkedin": None, "given": "x"} | row for row in given]
    saved: dict[str, Any] = await world.db.call(
        "save_customers", client=world.client, customers=full, upload=None, replace=replace, actor="test"
    )
    while await work_in_background(world.db):
        pass
    return saved


async def test_steps_of_a_pipeline_fill_leads_and_positions(world: World) -> None:
    await enriched(world, 3)
    found = await world.db.read("search_leads", client=world.client, filters={}, after=None, limit=10)
    assert found["count"] == 3
    assert not found["more"]
    lead = found["rows"][0]
    assert lead["person_name"] == "Ann Number3"
    assert lead["title"] == "Head of Sales"
    assert lead["current_job_start"] == "2026-09"
    assert lead["is_new_in_role"]
    assert lead["country"] == "Netherlands"
    detail = await world.db.read("lead_detail", item=lead["item"])
    assert detail["provenance"]["title"] == "step:0"
    assert detail["provenance"]["email"] == "upload:Email"
    assert detail["sources"]["step:0"]["workflow"] == "alpha"
    assert [(p["title"], p["start"], p["end"]) for p in detail["positions"]] == [
        ("Head of Sales", "2026-09", None),
        ("Seller", "2023", "2026-09"),
        ("Analyst", "2019-02", "2022"),
    ]
    assert [p["has_left"] for p in detail["positions"]] == [False, False, True]


async def test_running_it_twice_changes_nothing_and_a_better_parser_says_what_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await enriched(world, 4, "alpha")
    [first] = await extract_batches(world.db, [batch])
    assert (first.state, first.done, first.leads_new, first.positions_new) == ("COMPLETED", 4, 4, 12)
    [second] = await extract_batches(world.db, [batch])
    assert (second.done, second.changed) == (4, 0)
    before = await world.pg.fetch("select xmin::text, * from person_work_history order by batch_item_id, position_no")

    original = rows.history_row

    def better(evidence: Any) -> dict[str, Any]:
        row = original(evidence)
        row["positions"][2]["title"] = "Data Analyst"
        return {**row, "positions": row["positions"][1:]}

    monkeypatch.setattr(rows, "history_row", better)
    monkeypatch.setattr(rows, "PARSER_VERSION", 2)
    [third] = await extract_batches(world.db, [batch])
    assert (third.leads_new, third.leads_changed) == (0, 0)
    assert (third.positions_changed, third.positions_removed) == (8, 4)
    assert await world.pg.fetchval("select array_agg(distinct parser_version) from final_leads") == [2]
    assert len(before) == 12


async def test_a_defect_of_the_parser_costs_one_row_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = await enriched(world, 3, "alpha")
    original = rows.history_row

    def broken(evidence: Any) -> dict[str, Any]:
        if evidence.original["Company"] == "Company 2":
            raise ValueError("a payload that nobody thought of")
        return original(evidence)

    monkeypatch.setattr(rows, "history_row", broken)
    [done] = await extract_batches(world.db, [batch])
    assert (done.state, done.done, done.leads_new, done.positions_new) == ("COMPLETED", 3, 3, 6)
    report = await world.pg.fetchval("select report::text from final_leads where row_number = 2")
    assert "a payload that nobody thought of" in report
    monkeypatch.undo()
    [done] = await extract_batches(world.db, [batch])
    assert (done.leads_changed, done.positions_new) == (1, 3)


async def test_a_replay_that_is_cut_off_goes_on_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await enriched(world, 20, "alpha")
    monkeypatch.setattr(replay, "PORTION_ITEMS", 3)
    await world.db.call("request_extraction", batches=[batch], parser_version=1, actor="test")
    slices = 0
    while await work_in_background(world.db, max_seconds=0.001):
        slices += 1
        assert slices < 60
    run = (await world.db.read("batch_extractions", batch=batch))[0]
    assert slices > 3
    assert (run["state"], run["done"], run["leads_new"]) == ("COMPLETED", 20, 20)


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


async def test_facts_of_two_companies_are_never_mixed() -> None:
    from app.extraction.evidence import evidence_from  # noqa: PLC0415

    company = {"name": "Oldco", "domain": "oldco.example", "industry": "Mining", "employee_count": 40, "founded": 1999}
    evidence = evidence_from(
        {"Domain": "oldco.example"},
        {"company_domain": "Domain"},
        [
            {"step": s, "workflow": w, "attempt": 1, "source": "clay", "at": "2026-11-20", "raw": raw, "parsed": {}}
            for s, w, raw in ((0, "enrich_company_clay", company), (1, "enrich_person_clay", person(1)))
        ],
    )
    lead = leads.consolidate(evidence)
    assert lead.values["company_domain"] == "acme.example"
    assert "industry" not in lead.values
    assert "another company" in lead.report["company"]["why"]


async def test_the_modal_entry_point_extracts_and_says_what_is_not_there(world: World) -> None:
    batch = await enriched(world, 2, "alpha")
    [done] = (await modal_run.extract_results.local([batch]))["answer"]
    assert (done["state"], done["done"], done["changed"]) == ("COMPLETED", 2, 8)
    refused = await modal_run.extract_results.local(["00000000-0000-0000-0000-000000000000"])
    assert "no such batch" in refused["error"]


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
