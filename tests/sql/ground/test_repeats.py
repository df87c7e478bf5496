"""Whatever an operator does may be sent twice (a lost reply, a second click): the second time changes nothing."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from tests.web.kit import Scene

STEPS = [{"workflow": "split_raw"}]
CUSTOMER = {"name": "Kestrel", "name_key": "kestrel", "domain": "kstrl.example", "linkedin": None, "given": "Kestrel"}
CONFIG = {"webhook_url": "https://api.clay.example/v3/sources/webhook/other", "receiver_token": "receiver-0123456789"}


async def dump(pg: asyncpg.Connection) -> dict[str, list[str]]:
    """Every row of every table of ours, as text."""
    tables = [
        row[0] for row in await pg.fetch("select tablename from pg_tables where schemaname = 'public' order by 1")
    ]
    return {
        name: sorted(row[0] for row in await pg.fetch(f'select to_jsonb(t)::text from public."{name}" t'))
        for name in tables
    }


@pytest.fixture
async def scene(db: Database, pg: asyncpg.Connection) -> Scene:
    return await Scene(db, pg).set_up()


async def calls(scene: Scene) -> list[tuple[str, dict[str, Any]]]:
    """Each function that an operator's forms and commands reach, with arguments under which it does something."""
    customer = await scene.db.call(
        "save_customers", client=scene.client, customers=[CUSTOMER], upload=None, replace=False, actor="test"
    )
    assert customer["added"] == 1
    uid = await scene.pg.fetchval("select uid::text from client_customers")
    view = await scene.db.call("save_view", client=scene.client, page="leads", name="Old", query={}, actor="test")
    link = await scene.db.call("create_share_link", client=scene.client, label="old", filters={}, days=3, actor="test")
    spare = (await scene.db.call("create_client", name="Spare", actor="test"))["uid"]
    mapping = await scene.pg.fetchval("select mapping::text from uploads where uid = $1::uuid", scene.hostile)
    assert mapping
    return [
        ("create_client", {"name": "Larch"}),
        ("rename_client", {"client": spare, "name": "Spruce"}),
        ("archive_client", {"client": spare, "archived": True}),
        ("archive_client", {"client": spare, "archived": False}),
        (
            "create_pipeline",
            {"client": scene.client, "name": "Mine", "upload_kind": "people", "steps": STEPS},
        ),
        (
            "save_pipeline",
            {"pipeline": scene.pipeline, "expected_version": 1, "steps": STEPS, "name": "Names, then Clay"},
        ),
        ("duplicate_pipeline", {"pipeline": scene.pipeline, "client": scene.client}),
        ("archive_pipeline", {"pipeline": scene.pipeline, "archived": True}),
        ("archive_pipeline", {"pipeline": scene.pipeline, "archived": False}),
        ("save_mapping", {"upload": scene.hostile, "mapping": {"email": "Email"}}),
        (
            "save_workflow_config",
            {"client": scene.client, "workflow": "enrich_person_clay", "label": "", "config": CONFIG, "version": None},
        ),
        ("retry_item_now", {"item": scene.items["retrying0"]}),
        (
            "note_test_row",
            {"client": scene.client, "workflow": "enrich_company_clay", "url_sha256": "e" * 64, "cap": 50_000},
        ),
        ("save_view", {"client": scene.client, "page": "leads", "name": "New", "query": {"q": ["a"]}}),
        ("delete_view", {"view": view["uid"]}),
        ("create_share_link", {"client": scene.client, "label": "new", "filters": {}, "days": 3}),
        ("revoke_share_link", {"link": link["uid"]}),
        (
            "save_customers",
            {
                "client": scene.client,
                "customers": [CUSTOMER | {"domain": "larch.example", "name": "Larch", "name_key": "larch"}],
                "upload": None,
                "replace": True,
            },
        ),
        ("remove_customers", {"client": scene.client, "customers": [uid]}),
        ("set_new_in_role", {"client": scene.client, "months": 9}),
        ("request_extraction", {"batches": [scene.done], "parser_version": 1}),
        ("reset_items", {"items": [scene.items["failed0"]], "from_step": 0}),
        ("retry_failed", {"batch": scene.batch, "filter": {}}),
    ]


async def test_a_repeated_call_answers_the_same_and_changes_nothing(
    scene: Scene, db: Database, pg: asyncpg.Connection
) -> None:
    wrong = []
    for name, args in await calls(scene):
        named = args | {"actor": "test", "request": str(uuid4())}
        first = await db.call(name, **named)
        before = await dump(pg)
        second = await db.call(name, **named)
        after = await dump(pg)
        changed = [table for table in before if before[table] != after[table]]
        if changed or first != second:
            wrong.append((name, changed, first, second))
    assert not wrong


async def test_a_finished_extraction_is_not_started_again_by_a_repeat(scene: Scene, pg: asyncpg.Connection) -> None:
    args = {"batches": [scene.done], "parser_version": 1, "actor": "test", "request": str(uuid4())}
    first = await scene.db.call("request_extraction", **args)
    await pg.execute("update extraction_runs set state = 'COMPLETED', finished_at = now() where state = 'RUNNING'")
    assert await scene.db.call("request_extraction", **args) == first
    assert await pg.fetchval("select count(*) from extraction_runs") == 1


async def test_an_old_request_does_not_undo_what_came_after_it(scene: Scene, pg: asyncpg.Connection) -> None:
    """A repeat that comes late answers as it did, and leaves the newer state alone."""
    first = {"client": scene.client, "name": "Birch", "actor": "test", "request": str(uuid4())}
    await scene.db.call("rename_client", **first)
    await scene.db.call("rename_client", client=scene.client, name="Cedar", actor="Bo", request=str(uuid4()))
    assert (await scene.db.call("rename_client", **first))["changed"] is True
    assert await pg.fetchval("select name from clients where uid = $1::uuid", scene.client) == "Cedar"


async def test_a_view_saved_again_unchanged_writes_no_audit_entry(scene: Scene, pg: asyncpg.Connection) -> None:
    for _ in range(2):
        await scene.db.call(
            "save_view", client=scene.client, page="leads", name="Mine", query={"q": ["a"]}, actor="test"
        )
    assert await pg.fetchval("select count(*) from audit_log where action = 'save_view'") == 1
