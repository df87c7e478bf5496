"""No cell is too long for an index: every text that is indexed is bounded, hashed or ours."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest

from app.engine.dispatcher import run_chunk
from app.engine.replay import extract_batches
from app.errors import InputError
from app.workflows import registry_rows
from tests.engine_kit import SLUGS, World, registry_row
from tests.results_kit import enriched

TEXT_INDEXES = """
select c.relname || '.' || a.attname
from pg_index x
join pg_class i on i.oid = x.indexrelid join pg_am am on am.oid = i.relam and am.amname = 'btree'
join pg_class c on c.oid = x.indrelid join pg_namespace n on n.oid = c.relnamespace
cross join lateral unnest(x.indkey) as k(attnum)
join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
where n.nspname = 'public' and a.atttypid in ('text'::regtype, 'varchar'::regtype)
union
select c.relname || '.' || pg_get_indexdef(x.indexrelid, k, true)
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am am on am.oid = i.relam and am.amname = 'btree'
join pg_class c on c.oid = x.indrelid join pg_namespace n on n.oid = c.relnamespace
cross join lateral generate_series(1, x.indnatts) k
where n.nspname = 'public' and x.indkey[k - 1] = 0
"""
# Why each of them fits into an index entry of 2,704 bytes.
BOUNDED = {
    "archive_files.kind": "a check",
    "audit_log.action": "ours",
    "audit_log.actor": "leadloom.audit",
    "batch_series.bucket": "ours",
    "batch_totals.bucket": "ours",
    "batch_totals.error_code": "fail_items",
    "callback_inbox.COALESCE(next_try_at, received_at)": "a time",
    "callback_inbox.workflow_slug": "receive_callback",
    "client_customers.domain": "save_customers",
    "client_customers.linkedin": "save_customers",
    "client_customers.name_key": "save_customers",
    "client_workflow_configs.label": "save_workflow_config: 200 letters",
    "client_workflow_configs.receiver_sha256": "a hash",
    "client_workflow_configs.workflow_slug": "ours",
    "clients.lower(name)": "a check: 200 letters",
    "clients.slug": "made of the name",
    "engine_leases.name": "ours",
    "enrichment_pipelines.COALESCE(client_id, 0::bigint)": "a number",
    "enrichment_pipelines.lower(name)": "a check: 200 letters",
    "enrichment_registry.slug": "ours",
    "entity_keys.entity": "a hash",
    "entity_keys.key": "a hash",
    "file_jobs.request_key": "hashes",
    "final_leads.company_domain": "store_leads",
    "final_leads.country": "store_leads",
    "final_leads.department": "store_leads",
    "final_leads.industry": "store_leads",
    "final_leads.seniority": "store_leads",
    "final_leads.size_bucket": "store_leads",
    "history_companies.company_key": "store_positions",
    "person_work_history.company_domain": "store_positions",
    "person_work_history.company_key": "store_positions",
    "rate_buckets.key": "ClayConfig: 200 letters",
    "remembered_mappings.header_shape": "a hash",
    "retired_receiver_tokens.token_sha256": "a check",
    "saved_views.COALESCE(client_id, 0::bigint)": "a number",
    "saved_views.lower(name)": "a check: 100 letters",
    "saved_views.page": "a check",
    "sends.url_sha256": "a hash",
    "sign_in_brakes.key": "a hash",
    "step_holds.code": "a check: 40 letters",
    "uploads.sha256": "a check",
    "waking_entities.entity_value": "a hash",
    "webhook_counters.url_sha256": "a hash",
    "workflow_states.entity_value": "a hash",
    "workflow_states.error_code": "fail_items",
}
_dice = random.Random(7)  # noqa: S311 -- incompressible, nothing more


def long_text(length: int = 6_000) -> str:
    """Letters that no compression makes fit."""
    return "".join(_dice.choices(string.ascii_letters + "äöü", k=length))


async def test_every_indexed_text_is_known_to_be_bounded(world: World) -> None:
    found = {row[0] for row in await world.pg.fetch(TEXT_INDEXES)}
    assert sorted(found ^ set(BOUNDED)) == [], "say in BOUNDED what keeps a new indexed text short"


async def test_rows_full_of_long_cells_become_leads(world: World) -> None:
    await world.db.call("sync_registry", workflows=[registry_row(s) for s in SLUGS] + registry_rows())
    fields = ("email", "company_name", "company_domain", "industry", "country", "seniority", "department", "title",
              "linkedin", "company_linkedin", "website", "person_name", "first_name", "last_name", "email_status",
              "company_size", "city", "keywords")  # fmt: skip
    batch = await world.launch(4, "split_raw", "normalize_name", "normalize_domain", "consolidate_lead")
    await world.pg.execute(
        "update raw_apollo_uploads set data = data || $1::jsonb where row_number = 2",
        "{" + ", ".join(f'"{name}": "{long_text()}"' for name in fields) + "}",
    )
    mapping = "{" + ", ".join(f'"{name}": "{name}"' for name in fields) + "}"
    await world.pg.execute("update batches set mapping = $1::jsonb, filled_rows = 0, filled_through = 0", mapping)
    await world.pg.execute("delete from batch_items")
    await world.db.call("fill_batches", limit=100)
    world.slugs = [row["slug"] for row in registry_rows()]
    for _ in range(5):
        for chunk in (await world.dispatch())["chunks"]:
            await run_chunk(world.db, chunk["chunk_id"])
        await world.advance()
    status = await world.status(batch)
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", 4, 0)
    assert await world.pg.fetchval("select max(length(industry)) from final_leads") == 500


async def test_long_answers_become_histories_and_leads(world: World) -> None:
    job = {"company": long_text(), "company_domain": long_text(), "title": long_text(), "start_date": "2020"}
    batch = await enriched(world, 5, experience=[job], industry=long_text(), country=long_text())
    status = await world.status(batch)
    assert (status["completed"], status["failed"]) == (5, 0)
    assert await world.pg.fetchval("select count(*) from person_work_history") == 5
    [report] = await extract_batches(world.db, [batch])
    assert (report.state, report.changed) == ("COMPLETED", 0)


async def test_customers_with_long_names_are_kept(world: World) -> None:
    name = long_text()
    given = [{"name": name, "name_key": name.lower(), "domain": None, "linkedin": long_text(), "given": name}]
    args: dict[str, Any] = {"client": world.client, "upload": None, "replace": False, "actor": "ann"}
    assert (await world.db.call("save_customers", customers=given, **args))["added"] == 1
    assert (await world.db.call("save_customers", customers=given, **args))["added"] == 0


async def refuse_leads(world: World, rows: str) -> None:
    """Let the database refuse these leads."""
    await world.pg.execute(
        f"""create function public.refuse() returns trigger language plpgsql as $f$
            begin raise exception using errcode = '22003', message = 'the made-up fault'; end $f$;
            create trigger refuse before insert or update on final_leads for each row
            when ({rows}) execute function public.refuse()"""
    )


async def test_a_lead_that_is_refused_fails_its_row_alone(world: World) -> None:
    await world.db.call("sync_registry", workflows=[registry_row(s) for s in SLUGS] + registry_rows())
    await refuse_leads(world, "new.row_number = 3")
    batch = await world.launch(20, "consolidate_lead")
    world.slugs = [*world.slugs, "consolidate_lead"]
    for chunk in (await world.dispatch())["chunks"]:
        await run_chunk(world.db, chunk["chunk_id"])
    await world.advance()
    status = await world.status(batch)
    assert (status["state"], status["completed"], status["failed"]) == ("COMPLETED", 19, 1)


async def test_a_replay_passes_a_refused_lead_by(world: World) -> None:
    batch = await enriched(world, 20, "alpha", "beta")
    await world.complete(await world.claim())
    await world.advance()
    await refuse_leads(world, "new.row_number = 3 and new.title is not null")
    [report] = await extract_batches(world.db, [batch])
    assert report.state == "COMPLETED"
    assert await world.pg.fetchval("select count(*) from final_leads where title is not null") == 19
    told = await world.pg.fetchval("select report from final_leads where row_number = 3")
    assert "the made-up fault (SQLSTATE 22003)" in told


async def test_a_refused_refresh_lets_other_clients_refresh(world: World) -> None:
    await enriched(world, 3)
    other = (await world.db.call("create_client", name="Southgate", actor="test"))["uid"]
    for client in (world.client, other):
        customer = {"name": "Acme", "name_key": "acme", "domain": "acme.example", "linkedin": None, "given": "Acme"}
        await world.db.call(
            "save_customers", client=client, customers=[customer], upload=None, replace=False, actor="ann"
        )
    await refuse_leads(world, "new.works_at_customer")
    for _ in range(3):
        await world.db.call("refresh_customer_flags", limit=100)
    rows = await world.pg.fetch(
        "select error, finished_at is not null as done from customer_refreshes order by client_id"
    )
    assert [(row["error"], row["done"]) for row in rows] == [("the made-up fault (SQLSTATE 22003)", True), (None, True)]


async def test_a_long_error_code_and_a_long_actor_are_cut(world: World) -> None:
    batch = await world.launch(2, "alpha")
    assert (await world.fail(await world.claim(), code=long_text()))["failed"] == 2
    assert (await world.db.call("retry_failed", batch=batch, filter={}, actor=long_text()))["requeued"] == 2


async def test_a_long_label_is_refused_in_words(world: World) -> None:
    with pytest.raises(InputError, match="The label is longer than 200 characters"):
        await world.db.call(
            "save_workflow_config", client=world.client, workflow="paid", label=long_text(), config={}, version=None,
            actor="ann",
        )  # fmt: skip
