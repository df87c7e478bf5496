"""Deleting a client or an upload: all of it goes, nothing of anybody else, and never while something runs."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from app.db import Database
from app.engine.background import work_in_background
from app.engine.retention.deletion import deletions, request_deletion, work_off_deletion
from app.engine.retention.erasure import Person, request_erasure
from app.errors import ConflictError, InputError, NotFoundError
from tests.engine_kit import CONFIG, World, make_world
from tests.results_kit import customers, enriched
from tests.sql.retention.test_erasure import everything

KEPT = {"audit_log", "webhook_counters", "deletions", "operator_requests"}


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    return await make_world(db, pg)


async def another(world: World, name: str = "Southgate") -> World:
    """A second client in the same database."""
    client = (await world.db.call("create_client", name=name, actor="test"))["uid"]
    await world.db.call(
        "save_workflow_config",
        client=client,
        workflow="paid",
        label="",
        config=CONFIG | {"webhook_url": f"http://127.0.0.1:1/{name}"},
        version=None,
        actor="test",
    )
    client_id = await world.pg.fetchval("select id from clients where uid = $1::uuid", client)
    return World(world.db, world.pg, client, client_id)


async def furnish(world: World) -> str:
    """Something in every table that a client fills; returns its finished batch."""
    batch = await enriched(world, 5)
    await customers(world, {"name": "Acme", "name_key": "acme", "domain": "acme.example"})
    await world.db.call("create_share_link", client=world.client, label="x", filters={}, days=9, actor="test")
    for statement in (
        """insert into saved_views (client_id, page, name, query, created_by)
           values ($1, 'leads', 'v' || $1::text, '{}', 'test')""",
        """insert into callback_inbox (workflow_slug, client_id, body, verdict)
           values ('paid', $1, '{}', 'unmatched')""",
        """insert into callback_inbox (workflow_slug, body, verdict, batch_id, batch_item_id)
           select 'paid', '{}', 'duplicate', i.batch_id, i.id from batch_items i
           join batches b on b.id = i.batch_id where b.client_id = $1""",
        """insert into webhook_counters (url_sha256, client_id, sent) values ($1::text || repeat('0', 60), $1, 7)""",
        """insert into remembered_mappings (client_id, kind, header_shape, mapping, confirmed_by, confirmed_at)
           values ($1, 'people', repeat('a', 64), '{"email": "Email"}', 'test', now())""",
        """with job as (insert into file_jobs (kind, state, client_id, filename, request_key)
             values ('customers', 'WAITING', $1, 'customers.csv', 'c' || $1::text) returning id, uid),
           piece as (
             insert into file_pieces (job_id, number, start, size, content) select id, 0, 0, 1, '\\x00' from job)
           insert into customer_drafts (list_uid, row_number, name, given) select uid, 1, 'Acme', 'Acme' from job""",
    ):
        await world.pg.execute(statement.replace("$1", str(world.client_id)))
    items = "select i.uid::text from batch_items i join batches b on b.id = i.batch_id where b.uid = $1::uuid limit 1"
    item = await world.pg.fetchval(items, batch)
    await world.db.call("reset_items", items=[item], from_step=2, actor="test")
    await world.db.call("cancel_batch", batch=batch, actor="test")
    return batch


async def delete(world: World, kind: Any, subject: str, confirm: str) -> dict[str, Any]:
    record = await request_deletion(world.db, kind, subject, confirm=confirm, actor="admin@agency.example")
    return await work_off_deletion(world.db, record["uid"])


async def test_a_client_goes_with_all_its_data_and_nobody_elses(world: World) -> None:
    await furnish(world)
    before = await everything(world.pg)
    other = await another(world)
    other.slugs = world.slugs
    await furnish(other)
    full = await everything(world.pg)
    for name in ("remembered_mappings", "file_jobs", "file_pieces", "customer_drafts"):
        assert len(full[name]) > len(before[name]), name
    record = await delete(other, "client", other.client, " Southgate ")
    after = await everything(world.pg)
    assert {name for name in after if sorted(after[name]) != sorted(before[name])} <= KEPT | {
        "rate_buckets", "engine_leases", "customer_refreshes", "enrichment_registry"
    }  # fmt: skip
    assert record["counts"]["batch_items"] == 5
    assert record["counts"]["clients"] == 1
    assert await world.pg.fetchval("select sent from webhook_counters where client_id is null") == 7
    kept = "select array_agg(action) from audit_log where client_id is null and subject_uid = $1::uuid"
    assert "delete_client" in await world.pg.fetchval(kept, other.client)


async def test_an_upload_goes_with_its_batches_and_no_other(world: World) -> None:
    kept, gone = await furnish(world), await enriched(world, 4)
    await world.db.call("cancel_batch", batch=gone, actor="test")
    before = await everything(world.pg)
    upload = await world.pg.fetchval(
        "select u.uid::text from uploads u join batches b on b.upload_id = u.id where b.uid = $1::uuid", gone
    )
    record = await delete(world, "upload", upload, "people.csv")
    assert record["counts"]["batch_items"] == 4
    after = await everything(world.pg)
    left = {name: len(before[name]) - len(after[name]) for name in after if len(before[name]) != len(after[name])}
    assert left["batches"] == left["uploads"] == 1
    assert left["raw_apollo_uploads"] == left["batch_items"] == left["final_leads"] == 4
    assert await world.pg.fetchval("select count(*) from batches where uid = $1::uuid", kept) == 1
    for name in ("share_links", "saved_views", "client_customers", "enrichment_pipelines"):
        assert after[name] == before[name], name


async def test_an_uploaded_list_of_customers_takes_its_customers_along(world: World) -> None:
    await enriched(world, 2)
    upload = await world.upload(1)
    await customers(world, {"name": "Acme", "name_key": "acme", "domain": "acme.example"})
    await world.pg.execute(
        "update client_customers set upload_id = (select id from uploads where uid = $1::uuid)", upload
    )
    assert await world.pg.fetchval("select bool_and(works_at_customer) from final_leads")
    await delete(world, "upload", upload, "people.csv")
    assert await world.pg.fetchval("select count(*) from client_customers") == 0
    assert await world.pg.fetchval("select finished_at is null from customer_refreshes"), "the flags are made anew"


async def test_in_the_smallest_portions_and_cut_off_it_ends_the_same(world: World) -> None:
    await furnish(world)
    record = await request_deletion(world.db, "client", world.client, confirm="Northgate", actor="test")
    calls = 0
    while not record["done"]:
        record = await world.db.call("delete_portion", deletion=record["uid"], ms=1, limit=2)
        calls += 1
    assert calls > 5
    assert await world.db.call("delete_portion", deletion=record["uid"]) == record
    again = await request_deletion(world.db, "client", world.client, confirm="Northgate", actor="test")
    assert again == record, "asked again, it is the same deletion"
    assert await world.pg.fetchval("select count(*) from clients") == 0
    assert [one["name"] for one in await deletions(world.db)] == ["Northgate"]


@pytest.mark.parametrize("state", ["RUNNING", "PAUSED"])
async def test_nothing_is_deleted_while_a_batch_runs(world: World, state: str) -> None:
    batch = await world.launch(3)
    if state == "PAUSED":
        await world.db.call("pause_batch", batch=batch, actor="test")
    upload = await world.pg.fetchval("select uid::text from uploads")
    before = await everything(world.pg)
    for kind, subject, name in (("client", world.client, "Northgate"), ("upload", upload, "people.csv")):
        with pytest.raises(ConflictError, match="1 batch is not finished"):
            await delete(world, kind, subject, name)
    assert await everything(world.pg) == before


async def test_a_name_that_does_not_match_deletes_nothing(world: World) -> None:
    upload = await world.upload(2)
    before = await everything(world.pg)
    for kind, subject in (("client", world.client), ("upload", upload)):
        with pytest.raises(InputError, match="does not match"):
            await delete(world, kind, subject, "Northgat")
    with pytest.raises(NotFoundError):
        await delete(world, "client", upload, "people.csv")
    assert await everything(world.pg) == before


async def test_nothing_begins_for_what_is_being_deleted(world: World) -> None:
    upload, pipeline = await world.upload(2), await world.pipeline("alpha")
    await request_deletion(world.db, "upload", upload, confirm="people.csv", actor="test")
    with pytest.raises(ConflictError, match="being deleted"):
        await world.db.call(
            "launch_batch", upload=upload, pipeline=pipeline, actor="test", row_limit=None, name=None, budget=None,
            launch_key="0f9e1d2c-0000-4000-8000-1234567890ab",
        )  # fmt: skip


async def test_the_engine_works_off_what_a_page_ordered(world: World) -> None:
    await furnish(world)
    await request_erasure(world.db, Person.of("p1@acme.example"), actor="test")
    await request_deletion(world.db, "client", world.client, confirm="Northgate", actor="test")
    while await work_in_background(world.db):
        pass
    assert await world.pg.fetchval("select count(*) from clients") == 0
    assert await world.pg.fetchval("select count(*) from erasures where finished_at is null") == 0
