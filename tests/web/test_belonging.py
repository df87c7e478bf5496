"""An address under one client leads to nothing of another client's, be it to look at or to change."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from app.clay.trial import trial_answer
from app.intake import ingest
from app.setup.clients import create_client
from tests.sql.ground.test_repeats import dump
from tests.web.forms_kit import Hands
from tests.web.kit import HOSTILE_CSV, Scene


@pytest.fixture
async def other(scene: Scene) -> str:
    return str((await create_client(scene.db, "Other", actor="test"))["uid"])


async def test_anothers_upload_is_not_there(hands: Hands, scene: Scene, other: str) -> None:
    base = f"/clients/{other}/uploads/{scene.upload}"
    for path in (base, f"{base}/rows", f"{base}/rows?q=a", f"{base}/rows.csv", f"{base}/launch"):
        assert (await hands.http.get(path)).status_code == 404, path
    before = await dump(scene.pg)
    key = str(uuid4())
    launch = {"launch_key": key, "pipeline": scene.pipeline, "scope": "all", "estimate": "x"}
    for path, fields in (
        (f"{base}/mapping", {"field": "email"}),
        (f"{base}/duplicates", {}),
        (f"{base}/launch", launch),
    ):
        assert (await hands.post(path, fields)).status_code == 404, path
    assert await dump(scene.pg) == before


async def test_a_customer_list_is_read_from_the_clients_own_uploads_only(
    hands: Hands, scene: Scene, other: str
) -> None:
    theirs = await ingest.ingest(
        scene.db,
        HOSTILE_CSV,
        client=scene.client,
        kind="customers",
        filename="c.csv",
        allow_duplicate=True,
        actor="test",
    )
    answer = await hands.post(f"/clients/{other}/customers/upload/{theirs.uid}")
    assert answer.status_code == 404
    assert await scene.pg.fetchval("select count(*) from client_customers") == 0
    assert (await hands.post(f"/clients/{scene.client}/customers/upload/{theirs.uid}")).status_code == 303
    assert await scene.pg.fetchval("select count(*) from client_customers") > 0
    uid = await scene.pg.fetchval("select uid::text from client_customers limit 1")
    await hands.post(f"/clients/{other}/customers/remove", {"customer": uid})
    assert await scene.pg.fetchval("select count(*) from client_customers where uid = $1::uuid", uid) == 1


async def test_anothers_share_link_is_not_closed(hands: Hands, scene: Scene, other: str) -> None:
    link = await scene.db.call("create_share_link", client=scene.client, label="", filters={}, days=1, actor="test")
    assert (await hands.post(f"/clients/{other}/share/{link['uid']}/revoke")).status_code == 404
    assert await scene.pg.fetchval("select revoked_at from share_links") is None


async def test_what_came_back_for_a_row_is_shown_to_the_client_that_sent_it_as_a_test(scene: Scene, other: str) -> None:
    uid = str(uuid4())
    await scene.db.call(
        "note_test_row", client=scene.client, workflow="enrich_company_clay", url_sha256="a" * 64, cap=9, actor="test",
        request=uid, sender=str(uuid4()),
    )  # fmt: skip
    item = scene.items["completed1"]
    for each in (uid, item):
        await scene.pg.execute(
            """insert into callback_inbox (received_at, item_uid, workflow_slug, body, verdict)
               values (now(), $1::uuid, 'enrich_company_clay', '{}', 'unmatched')""",
            each,
        )
    assert await trial_answer(scene.db, scene.client, uid) is not None
    assert await trial_answer(scene.db, other, uid) is None
    assert await trial_answer(scene.db, scene.client, item) is None


async def test_a_form_sent_twice_does_its_work_once(hands: Hands, scene: Scene) -> None:
    forms = {
        f"/clients/{scene.client}/share": {"label": "Board", "days": "30"},
        f"/pipelines/{scene.pipeline}/duplicate": {"client": scene.client},
        "/views": {"page": "leads", "client": scene.client, "name": "Mine", "q": "a"},
    }
    page = await hands.http.get(f"/clients/{scene.client}/share")
    key = re.search(r'name="request_key" value="([\w-]+)"', page.text)
    assert key is not None
    for path, fields in forms.items():
        first = await hands.post(path, fields | {"request_key": key[1]})
        before = await dump(scene.pg)
        second = await hands.post(path, fields | {"request_key": key[1]})
        assert first.headers["location"] == second.headers["location"], path
        assert await dump(scene.pg) == before, path
    # The Back button gives the same form; changed, it is another wish.
    await hands.post(f"/clients/{scene.client}/share", {"label": "Sales", "days": "30", "request_key": key[1]})
    assert await scene.pg.fetchval("select count(*) from share_links") == 2
