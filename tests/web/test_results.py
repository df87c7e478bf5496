"""Leads, people, customers, share links and replays in the browser: pages whole and in part, and what they do."""

from __future__ import annotations

import io
import re
from typing import Any

import asyncpg
import httpx
import polars as pl
import pytest

from app.db import Database
from app.engine.background import work_in_background
from app.engine.file_jobs import work_off
from app.intake import pieces
from app.results.search import narrowed
from tests.engine_kit import World, make_world
from tests.results_kit import customers, enriched
from tests.web.forms_kit import Hands
from tests.web.kit import SCRIPT

FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}
KESTREL = {"name": "Kestrel", "name_key": "kestrel", "domain": "kstrl.example"}


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    return await make_world(db, pg)


async def filled(world: World, count: int = 3, **changes: Any) -> str:
    """A batch with leads, one of the client's customers among the former employers."""
    batch = await enriched(world, count, **changes)
    await customers(world, KESTREL)
    return batch


async def test_every_page_answers_whole_and_in_part(operator: httpx.AsyncClient, world: World) -> None:
    base = f"/clients/{world.client}"
    empty = ["/leads", "/people", f"{base}/leads", f"{base}/people", f"{base}/customers", f"{base}/share"]
    for path in empty:
        assert (await operator.get(path)).status_code == 200, path
    batch = await filled(world)
    item = await world.pg.fetchval("select item_uid::text from final_leads order by batch_item_id limit 1")
    paths = {
        "/leads": "leads",
        f"{base}/leads": "leads",
        f"{base}/leads?q=number2&country=Netherlands&new=1&worked=1&email=1&cols=email&cols=customers": "leads",
        f"{base}/leads?q=nothing": "leads",
        f"{base}/leads?batch={batch}&title=head": "leads",
        f"/leads/{item}": "lead",
        "/people": "people",
        f"{base}/people?company=kestrelpai&status=former": "people",
        f"{base}/people?company=kstrl.example&from_year=2018&to_year=2020&title=analyst": "people",
        f"{base}/people?customer=any&status=former": "people",
        f"{base}/people?company=nobody": "people",
        f"{base}/customers": "customers",
        f"{base}/customers?q=kes": "customers",
        f"{base}/share": "links",
        f"/batches/{batch}/extraction": "extraction",
    }
    for path, root in paths.items():
        whole = await operator.get(path)
        assert whole.status_code == 200, (path, whole.text[:800])
        assert whole.text.startswith("<!doctype html>"), path
        part = await operator.get(path, headers=FRAGMENT)
        assert part.text.lstrip().startswith(f'<div id="{root}"'), (path, part.text[:200])
        again = await operator.get(path, headers=FRAGMENT | {"HX-PTag": part.headers["hx-ptag"]})
        assert again.status_code == 304, path


async def test_filters_are_offered_only_where_there_is_data(operator: httpx.AsyncClient, world: World) -> None:
    await enriched(world, 2)
    page = (await operator.get(f"/clients/{world.client}/leads")).text
    assert 'id="facet-country"' in page
    assert 'id="facet-industry"' not in page
    assert 'id="facet-department"' in page
    assert 'name="worked"' not in page
    for department, count in (("Sales", 2), ("Legal", 0)):
        filtered = (await operator.get(f"/clients/{world.client}/leads?department={department}")).text
        assert filtered.count('id="lead-') == count
    await customers(world, KESTREL)
    page = (await operator.get(f"/clients/{world.client}/leads")).text
    assert 'name="worked"' in page
    assert "Former Kestrel" in page


async def test_a_lead_says_where_every_field_came_from(operator: httpx.AsyncClient, world: World) -> None:
    await filled(world, headline=SCRIPT, location_name="Somewhere nice")
    item = await world.pg.fetchval("select item_uid::text from final_leads limit 1")
    page = (await operator.get(f"/leads/{item}")).text
    assert "upload, column “Email”" in page
    assert "enriched by alpha, step 1, attempt 1" in page
    assert "derived from “Head of” in the job title" in page
    assert "derived from “Sales” in the job title" in page
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    missing = await operator.get("/leads/00000000-0000-0000-0000-000000000000")
    assert missing.status_code == 404


async def test_lists_leave_as_csv_and_parquet(operator: httpx.AsyncClient, world: World) -> None:
    await filled(world)
    base = f"/clients/{world.client}"
    text = await operator.get(f"{base}/leads.csv?q=number2&cols=person_name&cols=customers")
    assert text.headers["content-type"].startswith("text/csv")
    assert text.content.decode("utf-8-sig").splitlines() == [
        "Name,Customers",
        'Ann Number2,"Kestrel (former, 2019\u20132022; by domain)"',
    ]
    frame = pl.read_parquet(io.BytesIO((await operator.get(f"{base}/leads.parquet")).content))
    assert frame.height == 3
    people = await operator.get(f"{base}/people.csv?company=kstrl.example")
    assert len(people.text.splitlines()) == 4
    assert (await operator.get("/leads.csv")).status_code == 200
    assert (await operator.get(f"{base}/leads.csv?cols=nothing")).status_code == 422


async def test_views_are_saved_opened_and_deleted(hands: Hands, world: World) -> None:
    await filled(world)
    base = f"/clients/{world.client}"
    form = await hands.http.get(
        f"/views/new?page=leads&client={world.client}&country=Netherlands&cols=email&cols=title"
    )
    assert 'name="cols" value="title"' in form.text
    fields = [("page", "leads"), ("client", world.client), ("name", "Dutch"), ("country", "Netherlands")]
    answer = await hands.post("/views", [*fields, ("cols", "email"), ("cols", "title")])
    assert answer.headers["location"] == f"{base}/leads?country=Netherlands&cols=email&cols=title"
    assert "View “Dutch” saved." in await hands.told(answer)
    page = (await hands.http.get(f"{base}/leads")).text
    assert "cols=email&amp;cols=title&amp;country=Netherlands" in page
    uid = await world.pg.fetchval("select uid::text from saved_views")
    await hands.told(await hands.post(f"/views/{uid}/delete", {"page": "leads", "client": world.client}))
    assert await world.pg.fetchval("select count(*) from saved_views") == 0


async def test_customers_are_pasted_uploaded_and_removed(hands: Hands, world: World) -> None:
    await enriched(world, 3)
    base = f"/clients/{world.client}/customers"
    lines = "Company, Domain\nKestrelPay, kstrl.example\nhttps://www.linkedin.com/company/acme\n12345\n\n"
    told = await hands.told(await hands.post(base, {"lines": lines, "mode": "add"}))
    assert "2 customers added. 1 line without a domain, LinkedIn page or name: 12345." in told
    assert "Flags are being refreshed: 0 of 3 leads" in told
    while await work_in_background(world.db):
        pass
    assert "Flags of 3 leads refreshed" in (await hands.http.get(base)).text
    assert await world.pg.fetchval("select count(*) from final_leads where worked_at_customer") == 3
    nothing = await hands.post(base, {"lines": "   \n42\n", "mode": "add"})
    assert nothing.status_code == 422
    file = {"file": ("customers.csv", b"Customer,Domain\r\nBrandt & Soll,brandt.example\r\n", "text/csv")}
    answer = await hands.http.post(f"{base}/file", files=file, data={"csrf_token": hands.token, "mode": "add"})
    assert "1 customer added" in await hands.told(answer)
    empty = {"file": ("none.csv", b"Customer,Domain\r\n12,\r\n", "text/csv")}
    answer = await hands.http.post(f"{base}/file", files=empty, data={"csrf_token": hands.token, "mode": "replace"})
    assert "none.csv: No customers found in that file." in await hands.told(answer)
    page = (await hands.http.get(base)).text
    assert "No customers found in that file." in page, "it stays to be read"
    assert page.count("Brandt &amp; Soll") > 0
    chosen = [("customer", str(row["uid"])) for row in await world.pg.fetch("select uid from client_customers")]
    assert "3 customers removed" in await hands.told(await hands.post(f"{base}/remove", chosen))
    while await work_in_background(world.db):
        pass
    assert await world.pg.fetchval("select count(*) from final_leads where worked_at_customer") == 0
    assert "within the last 3 months" in await hands.told(await hands.post(f"{base}/months", {"months": "3"}))


async def test_a_long_list_is_read_by_the_worker_and_its_page_says_how_far(
    hands: Hands, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 2_000)
    base = f"/clients/{world.client}/customers"
    rows = "".join(f"Firm {n},firm{n}.example\r\n" for n in range(300))
    file = {"file": ("long.csv", f"Customer,Domain\r\n{rows}".encode(), "text/csv")}
    answer = await hands.http.post(f"{base}/file", files=file, data={"csrf_token": hands.token, "mode": "add"})
    told = await hands.told(answer)
    assert "long.csv uploaded; reading it now." in told
    assert "Reading starts in a moment" in told
    assert "0 customers" in told
    await work_off(world.db)
    page = (await hands.http.get(base)).text
    assert "300 customers added." in page
    upload = await world.pg.fetchval("select uid::text from uploads")
    answer = await hands.post(f"{base}/upload/{upload}")
    assert "0 customers added, 300 already known." in await hands.told(answer)


async def test_a_share_link_shows_this_clients_leads_and_nothing_else(
    hands: Hands, guest: httpx.AsyncClient, world: World
) -> None:
    await filled(world)
    other = (await world.db.call("create_client", name="Somebody else", actor="test"))["uid"]
    base = f"/clients/{world.client}/share"
    page = await hands.told(await hands.post(base, {"label": "Sales", "days": "7"}))
    token = re.search(r"https://leadloom.example/share/([\w.=-]+)", page)
    assert token
    visitor = httpx.AsyncClient(transport=guest._transport, base_url="https://leadloom.example")
    shared = f"/share/{token[1]}"
    seen = await visitor.get(shared)
    assert seen.status_code == 200
    assert "Ann Number2" in seen.text
    assert seen.headers["x-robots-tag"] == "noindex, nofollow"
    assert not re.search(r'href="/(?!static|share/)', seen.text)
    assert "Ann Number2" in (await visitor.get(f"{shared}/leads.csv?q=number2")).text
    assert "Ann Number1" not in (await visitor.get(f"{shared}?q=number2")).text
    for path in ("/leads", f"/clients/{world.client}/leads", f"/clients/{other}/leads", f"{base}", "/leads.csv"):
        assert (await visitor.get(path)).status_code in (303, 401), path
    forged = token[1][:-1] + ("0" if token[1][-1] != "0" else "1")
    refused = await visitor.get(f"/share/{forged}")
    assert refused.status_code == 404
    assert "This link has expired or was revoked." in refused.text
    assert 'href="/clients"' not in refused.text, "a client's reader is led to the admin's pages"
    link = await world.pg.fetchval("select uid::text from share_links")
    assert "Link revoked" in await hands.told(await hands.post(f"{base}/{link}/revoke"))
    gone = await visitor.get(shared)
    assert gone.status_code == 404
    assert "Ann" not in gone.text
    assert (await visitor.get(f"{shared}/leads.csv")).status_code == 404
    await visitor.aclose()


async def test_a_share_link_ends_by_itself_and_keeps_its_limits(
    hands: Hands, guest: httpx.AsyncClient, world: World
) -> None:
    await enriched(world, 2)
    base = f"/clients/{world.client}/share"
    page = await hands.told(await hands.post(base, {"days": "7", "worked_at_customer": "1"}))
    token = re.search(r"https://leadloom.example/share/([\w.=-]+)", page)
    assert token
    assert "Ann Number" not in (await guest.get(f"/share/{token[1]}?worked=")).text
    assert "Ann Number" not in (await guest.get(f"/share/{token[1]}/leads.csv")).text
    await customers(world, KESTREL)
    assert "Ann Number1" in (await guest.get(f"/share/{token[1]}")).text
    await world.pg.execute("update share_links set expires_at = now() - interval '1 second'")
    assert (await guest.get(f"/share/{token[1]}")).status_code == 404


async def test_a_share_link_offers_no_filter_from_outside_its_limits(
    hands: Hands, guest: httpx.AsyncClient, world: World
) -> None:
    await filled(world, 2)
    inside, outside = await world.pg.fetch("select batch_item_id as id from final_leads order by 1")
    change = """update final_leads set worked_at_customer = $2, industry = $3, size_bucket = $4, department = $5
                where batch_item_id = $1"""
    await world.pg.execute(change, inside["id"], True, "Farming", "11-50", "Sales")
    await world.pg.execute(change, outside["id"], False, "Mining", "5001+", "Legal")
    page = await hands.told(await hands.post(f"/clients/{world.client}/share", {"worked_at_customer": "1"}))
    token = re.search(r"https://leadloom.example/share/([\w.=-]+)", page)
    assert token
    for query in ("", "?q=number", "?worked=&industry=Mining"):
        seen = (await guest.get(f"/share/{token[1]}{query}")).text
        assert "Farming" in seen, query
        assert "5001+" not in seen, query
        assert 'value="Sales"' in seen, query
        assert 'value="Legal"' not in seen, query
        assert 'value="Mining"' not in seen, query
    assert "Ann Number" not in (await guest.get(f"/share/{token[1]}?industry=Mining")).text
    file = (await guest.get(f"/share/{token[1]}/leads.csv?worked=&cols=industry")).text
    assert ("Farming" in file, "Mining" in file) == (True, False)


def test_a_visitors_filters_never_win_over_the_links() -> None:
    link = {"industry": ["Farming", "Mining"], "new_in_role": True, "q": "ann"}
    asked = {"industry": ["Mining", "Retail"], "country": ["Chile"], "q": "bob"}
    both = {"industry": ["Mining"], "country": ["Chile"], "q": "ann", "new_in_role": True}
    assert narrowed(asked, link) == both
    assert narrowed({"industry": ["Retail"]}, link)["industry"] == [""]


async def test_a_batch_is_extracted_again_from_its_page(hands: Hands, world: World) -> None:
    batch = await enriched(world, 3, "alpha")
    page = await hands.told(await hands.post(f"/batches/{batch}/extraction"))
    assert "Extraction started" in page
    assert 'hx-trigger="every 2s' in page
    while await work_in_background(world.db):
        pass
    page = (await hands.http.get(f"/batches/{batch}/extraction")).text
    assert "3 of 3" in page
    assert "every 2s" not in page
    assert f"/batches/{batch}/extraction" in (await hands.http.get(f"/batches/{batch}")).text


async def test_nothing_of_it_is_shown_to_a_guest(guest: httpx.AsyncClient, world: World) -> None:
    base = f"/clients/{world.client}"
    for path in ("/leads", "/people", f"{base}/customers", f"{base}/share", "/leads.csv", "/views/new"):
        assert (await guest.get(path)).status_code in (303, 401), path


async def test_fields_of_an_answer_that_nobody_reads_are_named_with_the_lead(
    operator: httpx.AsyncClient, world: World
) -> None:
    await enriched(world, 1, wobble_factor=17, Sternzeichen="Waage")
    item = await world.pg.fetchval("select item_uid::text from final_leads")
    page = (await operator.get(f"/leads/{item}")).text
    assert "answer not used</summary>" in page
    named = page.partition("answer not used</summary>")[2].partition("</details>")[0]
    assert ("wobble_factor" in named, "Sternzeichen" in named) == (True, True)
