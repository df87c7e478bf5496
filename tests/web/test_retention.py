"""Deleting and erasing on the pages: asked twice, refused in words, and shown until it is done."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.db import Database
from app.engine.background import work_in_background
from app.setup.clients import create_client
from tests.web.kit import Scene, csrf


@pytest.fixture
async def ended(scene: Scene, db: Database) -> Scene:
    """Nothing runs."""
    await db.call("cancel_batch", batch=scene.batch, actor="test")
    await db.call("cancel_batch", batch=scene.done, actor="test")
    return scene


async def send(http: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    form = await http.get(path)
    assert form.status_code == 200, form.text
    return await http.post(path, data={"csrf_token": csrf(form), **fields})


async def test_a_client_is_deleted_after_its_name_was_typed(
    ended: Scene, operator: httpx.AsyncClient, db: Database, pg: asyncpg.Connection
) -> None:
    path = f"/clients/{ended.client}/delete"
    refused = await send(operator, path, confirm="Alder")
    assert refused.status_code == 422
    assert "The name does not match. Nothing was deleted." in refused.text
    assert await pg.fetchval("select count(*) from deletions") == 0
    asked = await send(operator, path, confirm="Alder & Finch")
    assert asked.status_code == 303
    page = await operator.get(asked.headers["location"])
    assert "Deleting…" in page.text
    assert "hx-trigger" in page.text
    while await work_in_background(db):
        pass
    page = await operator.get(asked.headers["location"])
    assert "Its data is no longer in the database." in page.text
    assert "hx-trigger" not in page.text
    assert (await operator.get(f"/clients/{ended.client}")).status_code == 404
    assert (await operator.get("/audit")).status_code == 200
    assert (await operator.get("/health")).status_code == 200


async def test_while_a_batch_runs_the_page_says_so(scene: Scene, operator: httpx.AsyncClient) -> None:
    for path, name in (
        (f"/clients/{scene.client}/delete", "Alder & Finch"),
        (f"/clients/{scene.client}/uploads/{scene.upload}/delete", "people.csv"),
    ):
        refused = await send(operator, path, confirm=name)
        assert refused.status_code == 409
        assert re.search(r"\d batch(es)? (is|are) not finished", refused.text)


async def test_an_upload_is_deleted_and_its_client_stays(
    ended: Scene, operator: httpx.AsyncClient, db: Database, pg: asyncpg.Connection
) -> None:
    name = await pg.fetchval("select filename from uploads where uid = $1::uuid", ended.hostile)
    asked = await send(operator, f"/clients/{ended.client}/uploads/{ended.hostile}/delete", confirm=name)
    assert asked.status_code == 303
    page = await operator.get(asked.headers["location"])
    assert "<b>hostile" not in page.text
    while await work_in_background(db):
        pass
    assert (await operator.get(f"/clients/{ended.client}/uploads/{ended.hostile}")).status_code == 404
    assert (await operator.get(f"/clients/{ended.client}/uploads/{ended.upload}")).status_code == 200
    assert (await operator.get(f"/batches/{ended.done}")).status_code == 404


async def test_what_is_not_there_or_anothers_cannot_be_deleted(
    ended: Scene, operator: httpx.AsyncClient, db: Database
) -> None:
    other = (await create_client(db, "Bellwether", actor="test"))["uid"]
    theirs = f"/clients/{other}/uploads/{ended.upload}/delete"
    token = csrf(await operator.get("/clients"))
    assert (await operator.post(theirs, data={"csrf_token": token, "confirm": "people.csv"})).status_code == 404
    for path in (
        theirs,
        f"/clients/{uuid4()}/delete",
        f"/clients/{ended.client}/uploads/{uuid4()}/delete",
        f"/deletions/{uuid4()}",
    ):
        assert (await operator.get(path)).status_code == 404


async def test_a_person_is_erased_after_the_address_was_typed_twice(
    ended: Scene, operator: httpx.AsyncClient, db: Database, pg: asyncpg.Connection
) -> None:
    ada = "ada@engines.example"
    for fields, said in (
        ({"email": "ada", "confirm": "ada"}, "This is not an e-mail address."),
        ({"email": ada, "confirm": "ada@engines.exampl"}, "The confirmation does not match"),
        ({"confirm": "x"}, "Who should be erased?"),
    ):
        refused = await send(operator, "/erasures", **fields)
        assert refused.status_code == 422
        assert said in refused.text
    assert await pg.fetchval("select count(*) from erasures") == 0
    assert (await send(operator, "/erasures", email=ada, confirm=ada)).status_code == 303
    page = await operator.get("/erasures")
    assert "In progress" in page.text
    while await work_in_background(db):
        pass
    page = await operator.get("/erasures")
    assert "Done" in page.text
    assert ada not in page.text
    assert (
        await pg.fetchval("select count(*) from raw_apollo_uploads where data::text ilike '%' || $1 || '%'", ada) == 0
    )
    row = await pg.fetchval("select uid::text from batch_items where erased_at is not null limit 1")
    assert (await operator.get(f"/items/{row}")).status_code == 200, "an emptied row's page is there"
    assert (await operator.get("/audit")).status_code == 200


async def test_a_stranger_may_not(ended: Scene, guest: httpx.AsyncClient) -> None:
    for path in (f"/clients/{ended.client}/delete", "/erasures", f"/deletions/{uuid4()}"):
        assert (await guest.get(path)).status_code == 303
        assert (await guest.post(path, data={"confirm": "Alder & Finch"})).status_code in (303, 405)
