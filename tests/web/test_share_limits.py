"""What a share link must not do: open for an archived client or after its end, show more than it was made for."""

from __future__ import annotations

import re

import asyncpg
import httpx
import pytest

from app.db import Database
from tests.engine_kit import World, make_world
from tests.results_kit import customers, enriched
from tests.web.forms_kit import Hands
from tests.web.kit import csrf
from web.session.security import seal

KESTREL = {"name": "Kestrel", "name_key": "kestrel", "domain": "kstrl.example"}


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    return await make_world(db, pg)


async def share(operator: httpx.AsyncClient, world: World, **limits: str) -> str:
    """A link made on the client's page; returns its path."""
    hands = Hands(operator, csrf(await operator.get("/clients")))
    page = await hands.told(await hands.post(f"/clients/{world.client}/share", {"days": "7", **limits}))
    found = re.search(r"https://leadloom.example(/share/[\w.=-]+)", page)
    assert found is not None
    return found[1]


async def test_a_link_of_an_archived_client_opens_nothing(operator: httpx.AsyncClient, world: World) -> None:
    await enriched(world, 2)
    path = await share(operator, world)
    assert "Ann Number" in (await operator.get(path)).text
    await world.pg.execute("update batches set state = 'COMPLETED'")
    await world.db.call("archive_client", client=world.client, archived=True, actor="test")
    for address in (path, f"{path}/leads.csv"):
        gone = await operator.get(address)
        assert gone.status_code == 404
        assert "Ann" not in gone.text


async def test_a_revoked_link_opens_nothing(operator: httpx.AsyncClient, world: World) -> None:
    await enriched(world, 1)
    path = await share(operator, world)
    link = await world.pg.fetchval("select uid::text from share_links")
    await world.db.call("revoke_share_link", link=link, actor="test")
    assert (await operator.get(path)).status_code == 404


@pytest.mark.parametrize("asked", ["worked=0", "worked=", "worked=false", "worked_at_customer=0"])
async def test_a_visitor_cannot_ask_for_more_than_the_link_shows(
    operator: httpx.AsyncClient, world: World, asked: str
) -> None:
    """The link is limited to former employees of customers; one of the two leads is none."""
    await enriched(world, 2)
    await customers(world, KESTREL)
    other = "(select min(batch_item_id) from final_leads)"
    await world.pg.execute(f"update final_leads set worked_at_customer = false where batch_item_id = {other}")
    hidden = await world.pg.fetchval("select person_name from final_leads where not worked_at_customer")
    shown = await world.pg.fetchval("select person_name from final_leads where worked_at_customer")
    path = await share(operator, world, worked_at_customer="1")
    for address in (f"{path}?{asked}", f"{path}/leads.csv?{asked}"):
        page = (await operator.get(address)).text
        assert shown in page
        assert hidden not in page


async def test_a_visitor_cannot_ask_past_what_the_link_is_limited_to(operator: httpx.AsyncClient, world: World) -> None:
    await enriched(world, 2)
    made = {"client": world.client, "label": "", "filters": {"q": "number2"}, "days": 7, "actor": "test"}
    link = await world.db.call("create_share_link", **made)
    path = f"/share/{seal('share', {'link': link['uid'], 'ends': link['expires']})}"
    for address in (f"{path}?q=number1", f"{path}/leads.csv?q=number1"):
        page = (await operator.get(address)).text
        assert "Ann Number2" in page
        assert "Ann Number1" not in page
