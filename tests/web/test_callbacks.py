"""The inbox page: filters in the address, a body view, reading one or all of a filter again, without JavaScript too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from app.engine import inbox
from tests.clay_kit import SLUG, ClayWorld, answer
from tests.web.kit import SCRIPT, csrf
from web.routes import callbacks as route

FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def trips() -> Iterator[pytest.MonkeyPatch]:
    """A parser that fails on every company, until `undo`."""

    def read(*_: Any) -> Any:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.workflows.enrich_company_clay.read_company", read)
        yield patched


async def failed(clay: ClayWorld, rows: int) -> list[int]:
    """Callbacks that could not be read, by their numbers."""
    for row in await clay.sent(rows, "alpha"):
        await clay.call_back(row)
    return [record["id"] for record in await clay.inbox()]


def rows_of(page: httpx.Response) -> list[int]:
    return [int(number) for number in re.findall(r'<tr id="callback-(\d+)"', page.text)]


async def test_the_inbox_shows_verdict_client_workflow_time_body_and_why(
    operator: httpx.AsyncClient, clay: ClayWorld, trips: pytest.MonkeyPatch
) -> None:
    [number] = await failed(clay, 1)
    trips.undo()
    [row] = await clay.sent(1)
    await clay.call_back(row, answer(SCRIPT))
    page = await operator.get("/callbacks")
    assert len(rows_of(page)) == 2
    for words in ("Rejected", "Applied", "Northgate", "Enrich company (Clay)", "Internal error in Leadloom"):
        assert words in page.text
    assert SCRIPT not in page.text
    assert re.search(r'href="/items/[0-9a-f-]{36}"', page.text)
    assert 'href="/callbacks"' in (await operator.get("/clients")).text, "it is in the navigation"
    assert 'href="/callbacks?verdict=rejected"' in (await operator.get("/health")).text
    assert rows_of(await operator.get("/callbacks?verdict=rejected")) == [number]
    assert rows_of(await operator.get("/callbacks?verdict=doubtful")) == []
    assert rows_of(await operator.get("/callbacks?workflow=enrich_person_clay")) == []
    assert len(rows_of(await operator.get(f"/callbacks?client={clay.world.client}&since=2020-01-01"))) == 2
    assert rows_of(await operator.get("/callbacks?until=2020-01-01")) == []
    for odd in ("verdict=odd", "client=7", "since=x", "client=00000000-0000-0000-0000-000000000000"):
        answered = await operator.get(f"/callbacks?{odd}")
        assert answered.status_code in (404, 422), odd


async def test_pages_follow_one_another_by_key(
    operator: httpx.AsyncClient, clay: ClayWorld, trips: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = await failed(clay, 5)
    monkeypatch.setattr(route, "PAGE_SIZE", 2)
    seen, path = [], "/callbacks?verdict=rejected"
    while path:
        page = await operator.get(path)
        seen += rows_of(page)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert seen == sorted(numbers, reverse=True)
    assert trips


async def test_one_callback_shows_its_body_and_is_read_again(
    operator: httpx.AsyncClient, clay: ClayWorld, trips: pytest.MonkeyPatch
) -> None:
    [number] = await failed(clay, 1)
    page = await operator.get(f"/callbacks/{number}")
    assert "&#34;name&#34;: &#34;Acme&#34;" in page.text
    assert "Row 1" in page.text
    still = await operator.post(f"/callbacks/{number}/reread", data={"csrf_token": csrf(page)}, follow_redirects=True)
    assert "still unreadable" in still.text
    trips.undo()
    done = await operator.post(f"/callbacks/{number}/reread", data={"csrf_token": csrf(page)}, follow_redirects=True)
    assert "1 row completed" in done.text
    assert "Read again</button>" not in done.text, "there is nothing left to read"
    assert (await operator.get("/callbacks/999999")).status_code == 404
    assert (await operator.get("/callbacks/99999999999999999999999")).status_code == 404


async def test_all_of_a_filter_are_read_again_in_portions_with_progress(
    operator: httpx.AsyncClient, clay: ClayWorld, trips: pytest.MonkeyPatch, pg: asyncpg.Connection
) -> None:
    await failed(clay, 5)
    form = await operator.get("/callbacks/reread?verdict=rejected")
    assert "Read 5 callbacks again?" in form.text
    trips.undo()
    trips.setattr(inbox, "AT_A_TIME", 2)
    trips.setattr(route, "REQUEST_S", 0.0)
    fields = {"verdict": "rejected", "csrf_token": csrf(form)}
    first = await operator.post("/callbacks/reread", data=fields)
    assert "2 of 5 read again" in first.text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', first.text))
    second = await operator.post("/callbacks/reread", data=hidden, headers=FRAGMENT)
    assert "4 of 5 read again" in second.text
    assert "<html" not in second.text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', second.text))
    last = await operator.post("/callbacks/reread", data=hidden, headers=FRAGMENT)
    assert last.headers["hx-redirect"] == "/callbacks"
    assert "5 callbacks read again: 5 rows completed." in (await operator.get("/callbacks")).text
    told = await pg.fetch("select actor, detail from audit_log where action = 'reread_callbacks'")
    assert [(entry["actor"], orjson.loads(entry["detail"])["callbacks"]) for entry in told] == [
        ("operator@example.test", 5)
    ]
    odd = await operator.post("/callbacks/reread", data=fields | {"before": "x", "count": "-1"})
    assert odd.status_code == 422
    nothing = await operator.post("/callbacks/reread", data=fields, follow_redirects=True)
    assert "Nothing to read again." in nothing.text


async def test_a_batch_offers_to_read_again_before_it_offers_to_pay_again(
    operator: httpx.AsyncClient, clay: ClayWorld, trips: pytest.MonkeyPatch, pg: asyncpg.Connection
) -> None:
    [number] = await failed(clay, 1)
    batch = await pg.fetchval("select uid from batches")
    page = await operator.get(f"/batches/{batch}")
    link = re.search(r'href="(/callbacks/reread\?[^"]+)"', page.text)
    assert link is not None
    assert "Read 1 callback again?" in (await operator.get(link[1].replace("&amp;", "&"))).text
    assert "Resend these (may cost twice)" in page.text
    asked = await operator.get(f"/batches/{batch}/retry?error_code=unreadable_answer")
    assert "may have been sent already" in asked.text
    item = await pg.fetchval("select uid from batch_items")
    assert f'href="/callbacks/{number}"' in (await operator.get(f"/items/{item}")).text
    assert trips


async def test_a_rerun_numbers_its_attempts_on_in_the_timeline(
    operator: httpx.AsyncClient, clay: ClayWorld, pg: asyncpg.Connection
) -> None:
    await clay.world.launch(1, "alpha", SLUG, columns={"Domain": "'c.example'"})
    for _ in range(2):
        await clay.world.complete(await clay.world.claim())
        await clay.mark(await clay.claim())
        item = str(await pg.fetchval("select uid from batch_items"))
        page = await operator.get(f"/items/{item}")
        await clay.db.call("reset_items", items=[item], from_step=0, actor="test")
    assert "Attempt 2 of 7 started" in page.text, "six tries, and the one before the rerun"


async def test_reading_again_needs_a_form_of_ours(operator: httpx.AsyncClient, clay: ClayWorld) -> None:
    assert (await operator.post("/callbacks/reread", data={})).status_code == 403
    assert (await operator.post("/callbacks/1/reread", data={})).status_code == 403
    assert clay


async def test_health_names_what_was_given_up_and_what_the_engine_waits_for(
    operator: httpx.AsyncClient, clay: ClayWorld, trips: pytest.MonkeyPatch, pg: asyncpg.Connection
) -> None:
    await failed(clay, 2)
    await pg.execute("update callback_inbox set verdict = 'given_up'")
    holder = "00000000-0000-0000-0000-000000000001"
    await clay.db.call("take_engine_lease", holder=holder, seconds=60, trouble="DatabaseError: reap_expired: no")
    page = await operator.get("/health")
    assert "2 callbacks were given up" in page.text
    assert "The engine is waiting for the database" in page.text
    assert "reap_expired: no" in page.text
    assert trips


async def test_not_found_is_grey_and_apart_on_every_page(operator: httpx.AsyncClient, clay: ClayWorld) -> None:
    found, missing = await clay.sent(2)
    batch = await clay.pg.fetchval("select uid from batches")
    await clay.call_back(found)
    page = await operator.get(f"/batches/{batch}")
    assert 'data-state="not_found"' not in page.text, "no column where there is none"
    await clay.call_back(missing, {"status": "not_found", "message": f"No company {SCRIPT}"})
    page = await operator.get(f"/batches/{batch}")
    link = f"/batches/{batch}/items?step=0&amp;bucket=not_found"
    assert f'href="{link}" aria-label="1 not found at Enrich company (Clay)"' in page.text
    rows = await operator.get(link.replace("&amp;", "&"))
    assert ('data-state="not_found"' in rows.text, f"/items/{missing.item}" in rows.text) == (True, True)
    assert f"/items/{found.item}" not in rows.text
    item = await operator.get(f"/items/{missing.item}")
    assert "Nothing found" in item.text
    assert SCRIPT not in page.text + rows.text + item.text


async def test_a_callback_names_what_was_not_used(operator: httpx.AsyncClient, clay: ClayWorld) -> None:
    [row] = await clay.sent()
    await clay.call_back(row, {"name": "Tern Vale", "Umsatzrendite": "12", f"x{SCRIPT}": 5})
    [stored] = await clay.inbox()
    for address in (f"/callbacks/{stored['id']}", "/callbacks"):
        page = await operator.get(address)
        assert ("Not used" in page.text, "Umsatzrendite" in page.text, SCRIPT in page.text) == (True, True, False)
        assert "Not understood" not in page.text, "the row's answer was understood"
    verdict = re.search(r"<dt>Verdict</dt><dd>(.*?)</dd>", (await operator.get(f"/callbacks/{stored['id']}")).text)
    assert verdict
    assert re.sub(r"<[^>]+>", "", verdict[1]).split() == ["Applied"], "said once"
    timeline = (await operator.get(f"/items/{row.item}")).text
    assert re.search(rf"Callback applied\s+<a [^>]+>Callback {stored['id']}<", timeline)


async def test_the_recipe_says_how_a_table_tells_that_nothing_was_found(
    operator: httpx.AsyncClient, clay: ClayWorld
) -> None:
    page = await operator.get(f"/clients/{clay.world.client}/workflows/{SLUG}")
    told = re.findall(r'<code>(\{.*?"status".*?\})</code>', unescape(page.text))
    for body in told:
        [row] = await clay.sent()
        await clay.call_back(row, orjson.loads(body))
    ended = await clay.pg.fetch("select status::text, error_code from workflow_states order by id")
    assert [tuple(state) for state in ended] == [("COMPLETED", None), ("FAILED", "clay_error")]
