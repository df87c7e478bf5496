"""Fills a database as an agency's looks after a busy year: a million rows in 200 batches, five finished steps each.

    python -m bench.seed_pages postgresql://…

Written in SQL with generate_series and with triggers off, so that the counts which triggers would keep are put in
directly. One batch is a hundred thousand rows, one still runs; there are failures of four causes, callbacks, results,
a 100,000-row upload, and 50,000 audit entries. Run it on a migrated, empty database, as its superuser.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import asdict, dataclass

import asyncpg

__all__ = ["YEAR", "Size", "seed"]

STEPS = 5


@dataclass(frozen=True)
class Size:
    """How much there is.

    Attributes:
        clients: clients.
        batches: batches, all but one of them ended.
        big: rows of the first batch, and of its upload.
        small: rows of each of the others.
    """

    clients: int = 12
    batches: int = 200
    big: int = 100_000
    small: int = 4_522


YEAR = Size()

CATALOGUE = """
insert into clients (name, slug) select 'Client ' || to_char(g, 'FM00'), 'client-' || g from generate_series(1,
       {clients}) g;
insert into uploads (client_id, kind, filename, sha256, byte_size, row_count, state, header, mapping, ready_at)
select (g % {clients}) + 1, 'people', 'export ' || g || '.csv', md5(g::text) || md5(g::text),
       case when g = 1 then 180000000 else 9000000 end, case when g = 1 then {big} else {small} end, 'READY',
       (select jsonb_agg('Column ' || c) from generate_series(1, 60) c),
       '{{"first_name": "Column 1", "last_name": "Column 2", "email": "Column 3", "company_name": "Column 4"}}', now()
from generate_series(1, {batches}) g;
insert into enrichment_pipelines (client_id, name, upload_kind, steps)
select (g % {clients}) + 1, 'Pipeline ' || g, 'people',
       '[{{"workflow": "split_raw"}}, {{"workflow": "normalize_name"}}, {{"workflow": "normalize_domain"}},
         {{"workflow": "enrich_company_clay"}}, {{"workflow": "enrich_person_clay"}}]'
from generate_series(1, 60) g;
insert into pipeline_versions select id, 1, steps, now(), 'seed' from enrichment_pipelines on conflict do nothing;
insert into client_workflow_configs (client_id, workflow_slug, config)
select c.id, w, jsonb_build_object('webhook_url', 'https://api.clay.example/' || c.id || '/' || w,
       'receiver_token', repeat('x', 32))
from clients c, unnest(array['enrich_company_clay', 'enrich_person_clay']) w;
insert into batches (launch_key, client_id, upload_id, pipeline_id, pipeline_version, name, blueprint,
       step_count, state,
                     item_count, filled_rows, filled_through, spent, created_at, finished_at)
select gen_random_uuid(), u.client_id, u.id, p.id, 1, u.filename || ' · Pipeline', leadloom.blueprint(p.steps),
       {steps},
       case when u.id = 2 then 'RUNNING' else 'COMPLETED' end::batch_state, u.row_count, u.row_count, u.row_count,
       u.row_count, now() - ({batches} + 1 - u.id) * interval '1 day',
       case when u.id = 2 then null else now() - ({batches} + 1 - u.id) * interval '1 day' + interval '5 hours' end
from uploads u, enrichment_pipelines p where p.name = 'Pipeline 1' order by u.id;
"""

RAW = """
insert into raw_apollo_uploads
select 1, g, (select jsonb_object_agg('Column ' || c, 'value ' || c || ' of row ' || g) from generate_series(1, 60) c)
from generate_series(1, {big}) g;
insert into raw_apollo_uploads
select u.id, g, jsonb_build_object('Column 1', 'First ' || g, 'Column 3', 'p' || g || '@example.test')
from uploads u, generate_series(1, 200) g where u.id > 1;
"""

ITEMS = """
insert into batch_items (batch_id, row_number, state, person_name, title, email, linkedin, company_name,
       company_domain,
                         industry, original_data, created_at, finished_at)
select b.id, g, case when g % 50 = 0 then 'FAILED' when b.id = 2 and g % 3 = 0 then 'ACTIVE'
       else 'COMPLETED' end::item_state,
       'Person ' || g || ' of ' || b.id, 'Head of ' || (g % 90), 'p' || g || '@company' || (g % 9000) || '.example',
       'https://www.linkedin.com/in/p' || g, 'Company ' || (g % 9000), 'company' || (g % 9000) || '.example',
       'Industry ' || (g % 60), jsonb_build_object('Column 1', 'Person ' || g, 'Column 2', g, 'Column 3',
              repeat('x', 120)),
       b.created_at, b.finished_at
from batches b cross join lateral generate_series(1, b.item_count) g order by b.id, g
"""

STATES = """
insert into workflow_states (batch_item_id, batch_id, step_index, step_name, status, attempt, max_attempts,
       available_at,
                             started_at, sent_at, deadline_at, finished_at, advanced_at, error_code, error_text,
                                    created_at)
select i.id, i.batch_id, s, b.blueprint -> s ->> 'slug',
       case when i.state = 'FAILED' and s = 4 then 'FAILED' when i.state = 'ACTIVE' and s = 4 then 'IN_PROGRESS'
            else 'COMPLETED' end::state_status,
       1, 3, i.created_at, i.created_at + s * interval '1 minute',
       case when s >= 3 then i.created_at + s * interval '1 minute' end,
       case when i.state = 'ACTIVE' and s = 4 then now() + interval '1 day' end,
       case when i.state = 'ACTIVE' and s = 4 then null else i.created_at + (s + 1) * interval '1 minute' end,
       case when i.state = 'ACTIVE' and s = 4 then null else i.created_at + (s + 1) * interval '1 minute' end,
       case when i.state = 'FAILED' and s = 4
            then (array['callback_timeout', 'clay_error', 'bad_input',
                   'clay_not_found'])[1 + i.row_number / 50 % 4] end,
       case when i.state = 'FAILED' and s = 4 then 'What was said about it, cause ' || (i.row_number / 50 % 4) end,
       i.created_at
from batch_items i join batches b on b.id = i.batch_id cross join generate_series(0, {last}) s
where i.batch_id between $1 and $2
order by i.id, s
"""

COUNTS = """
insert into batch_totals (batch_id, step_index, bucket, error_code, n)
select batch_id, step_index, leadloom.bucket(status, attempt, sent_at), coalesce(error_code, ''), count(*)
from workflow_states group by 1, 2, 3, 4;
insert into batch_totals (batch_id, step_index, bucket, n) select id, 3, 'sent', item_count from batches;
insert into batch_series (batch_id, step_index, bucket, period_start, n)
select b.id, s, 'completed', b.created_at + g * interval '1 minute', b.item_count / 300
from batches b, generate_series(0, {last}) s, generate_series(1, 300) g;
insert into batch_tallies (batch_id, step_index, bucket, period_start, n)
select 2, 4, 'completed', now(), 1 from generate_series(1, 200);
"""

AROUND = """
insert into enrichment_results (batch_item_id, step_index, step_name, attempt, source, raw, parsed)
select i.id, s, b.blueprint -> s ->> 'slug', 1, 'computed', null, jsonb_build_object('industry', 'Farming', 'n',
       i.row_number)
from batch_items i join batches b on b.id = i.batch_id cross join generate_series(0, {last}) s where i.batch_id <= 3;
insert into callback_inbox (received_at, workflow_slug, item_uid, step_index, attempt, batch_id, batch_item_id, body,
                            verdict, settled_at)
select now() - (i.id * 7919 % 604800) * interval '1 second', 'enrich_company_clay', i.uid, 3, 1, i.batch_id, i.id,
       '{{"status": "success"}}', case when i.id % 97 = 0 then 'late' when i.id % 31 = 0 then 'duplicate'
              else 'applied' end::callback_verdict,
       now()
from batch_items i where i.id % 2 = 0;
insert into webhook_counters (url_sha256, client_id, sent)
select encode(sha256(convert_to(config ->> 'webhook_url', 'UTF8')), 'hex'), client_id, 40000
       from client_workflow_configs;
insert into audit_log (at, actor, action, client_id, subject_type, subject_uid, detail)
select now() - g * interval '1 minute', 'person' || (g % 9) || '@example.test',
       (array['launch_batch', 'pause_batch', 'save_pipeline', 'sign_in', 'retry_failed'])[1 + g % 5],
              1 + g % {clients},
       'batch', (select uid from batches where id = 1 + g % {batches}), '{{"rows": 4522}}'
from generate_series(1, 50000) g;
insert into engine_leases (name, holder, expires_at, last_run_at) values ('engine', gen_random_uuid(), now(), now())
on conflict do nothing;
"""


async def seed(database_url: str, size: Size = YEAR) -> dict[str, int]:
    """Fill the database; answers with how many rows of each kind there are."""
    numbers = {**asdict(size), "steps": STEPS, "last": STEPS - 1}
    connection = await asyncpg.connect(database_url, timeout=30)
    try:
        # Neither foreign keys nor counting triggers: the data is known to fit, and the counts are put in below.
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        for name in ("CATALOGUE", "RAW", "ITEMS"):
            await _run(connection, name, globals()[name].format(**numbers))
        for first in range(1, size.batches + 1, 20):
            began = time.perf_counter()
            await connection.execute(STATES.format(**numbers), first, first + 19, timeout=600)
            print(f"  states of batches {first} to {first + 19}: {time.perf_counter() - began:.1f} s")
        for name in ("COUNTS", "AROUND"):
            await _run(connection, name, globals()[name].format(**numbers))
        await _run(connection, "VACUUM", "vacuum analyze")
        tables = ("batch_items", "workflow_states", "batches", "callback_inbox", "raw_apollo_uploads", "audit_log")
        return {table: await connection.fetchval(f"select count(*) from {table}") for table in tables}
    finally:
        await connection.close()


async def _run(connection: asyncpg.Connection, name: str, sql: str) -> None:
    began = time.perf_counter()
    await connection.execute(sql, timeout=900)
    print(f"  {name.lower()}: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    print(asyncio.run(seed(sys.argv[1])))
