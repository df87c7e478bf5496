"""The auditor's questions to the tables, each of which must find nothing. Written from the design, not from the code.

Every query takes the batch's uid as $1 and answers with rows that name what does not add up: `row` is a row number of
the upload (or null), `why` a few words.
"""

from __future__ import annotations

__all__ = ["QUERIES"]

# Shortens what every query begins with.
B = "b as (select * from public.batches where uid = $1)"
S = f"{B}, i as (select t.* from public.batch_items t join b on b.id = t.batch_id), \
s as (select t.*, i.row_number, i.state as item_state, i.uid as item_uid \
from public.workflow_states t join i on i.id = t.batch_item_id)"

QUERIES: dict[str, str] = {
    "every raw row one item": f"""
with {S}, want as (
  select r.row_number from public.raw_apollo_uploads r join b on b.upload_id = r.upload_id
), have as (select row_number, count(*) as n from i group by 1)
select coalesce(w.row_number, h.row_number) as row, coalesce(h.n, 0) || ' items' as why
from want w full join have h on h.row_number = w.row_number
where (coalesce(h.n, 0) <> 1 or w.row_number is null)
  and (select state from b) <> 'CANCELLED'""",
    "an item keeps its row's cells": f"""
with {S}
select i.row_number as row, 'its original data differ from the raw row' as why
from i join b on true join public.raw_apollo_uploads r on r.upload_id = b.upload_id and r.row_number = i.row_number
where i.original_data is not null and i.original_data <> '{{}}'::jsonb and i.original_data is distinct from r.data""",
    "every item ended or waiting": f"""
with {S}, open_steps as (
  select batch_item_id, count(*) filter (where status in ('PENDING', 'IN_PROGRESS') or advanced_at is null) as n
  from s group by 1)
select i.row_number as row, i.state || ' in a ' || b.state || ' batch, ' || coalesce(o.n, 0) || ' open steps' as why
from i join b on true left join open_steps o on o.batch_item_id = i.id
where (i.state = 'ACTIVE' and (b.state in ('COMPLETED', 'CANCELLED') or coalesce(o.n, 0) = 0))
   or (i.state <> 'ACTIVE' and (coalesce(o.n, 0) > 0 or i.finished_at is null))
   or (i.state = 'ACTIVE' and i.finished_at is not null)""",
    "an item's end is its last step's": f"""
with {S}, last as (select distinct on (batch_item_id) * from s order by batch_item_id, step_index desc, id)
select i.row_number as row, i.state || ', and its last step is ' || coalesce(l.status::text, 'missing')
       || ' at ' || coalesce(l.step_index::text, '-') as why
from i join b on true left join last l on l.batch_item_id = i.id
where (i.state = 'COMPLETED') is distinct from
        (l.step_index = b.step_count - 1 and l.status in ('COMPLETED', 'SKIPPED') and l.advanced_at is not null)
   or (i.state = 'FAILED') is distinct from (l.status = 'FAILED')
   or (i.state = 'CANCELLED') is distinct from (l.status = 'CANCELLED')""",
    "one advance per finished state": f"""
with {S}
select s.row_number as row, s.status || ' step ' || s.step_index || ' has ' || (
         select count(*) from s n where n.batch_item_id = s.batch_item_id and n.step_index = s.step_index + 1)
       || ' next steps' as why
from s join b on true
where s.status in ('COMPLETED', 'SKIPPED', 'FAILED', 'CANCELLED') and s.advanced_at is not null and (
  select count(*) from s n where n.batch_item_id = s.batch_item_id and n.step_index = s.step_index + 1)
  <> case when s.status in ('COMPLETED', 'SKIPPED') and s.step_index < b.step_count - 1 then 1 else 0 end
union all
select s.row_number, 'ended and never advanced: step ' || s.step_index from s join b on true
where s.status not in ('PENDING', 'IN_PROGRESS') and s.advanced_at is null and b.state = 'COMPLETED'""",
    "one state per item and step": f"""
with {S} select min(row_number) as row, count(*) || ' states of step ' || step_index as why
from s group by batch_item_id, step_index having count(*) > 1""",
    "no step without its predecessor": f"""
with {S}
select s.row_number as row, 'step ' || s.step_index || ' without a finished step before it' as why
from s where s.step_index > 0 and not exists (
  select 1 from s p where p.batch_item_id = s.batch_item_id and p.step_index = s.step_index - 1
    and p.status in ('COMPLETED', 'SKIPPED') and p.advanced_at is not null)""",
    "every item has a first step": f"""
with {S} select i.row_number as row, 'no step 0' as why from i
where not exists (select 1 from s where s.batch_item_id = i.id and s.step_index = 0)""",
    "steps are the blueprint's": f"""
with {S} select s.row_number as row, s.step_name || ' at ' || s.step_index as why from s join b on true
where s.step_name is distinct from b.blueprint -> s.step_index::int ->> 'slug'""",
    "results match states": f"""
with {S}, r as (select t.*, i.row_number from public.enrichment_results t join i on i.id = t.batch_item_id)
select coalesce(s.row_number, r.row_number) as row,
       coalesce(s.status::text, 'no state') || ' at ' || coalesce(s.step_index, r.step_index) || ', '
       || case when r.batch_item_id is null then 'no result' else 'a result of attempt ' || r.attempt end as why
from s full join r on r.batch_item_id = s.batch_item_id and r.step_index = s.step_index
where (s.status = 'COMPLETED') is distinct from (r.batch_item_id is not null)
   or (r.batch_item_id is not null and (r.step_name is distinct from s.step_name
       or (r.source not in ('shared', 'reused') and r.attempt is distinct from s.attempt)))""",
    "failures say why": f"""
with {S} select s.row_number as row, 'step ' || s.step_index || ' failed without a code or a text' as why
from s where s.status = 'FAILED' and (coalesce(s.error_code, '') = '' or coalesce(btrim(s.error_text), '') = '')""",
    "a shared answer has a giver": f"""
with {S} select i.row_number as row, 'a shared result at ' || r.step_index || ' that no other row has' as why
from public.enrichment_results r join i on i.id = r.batch_item_id
where r.source = 'shared' and not exists (
  select 1 from public.enrichment_results g join i o on o.id = g.batch_item_id
  where g.step_index = r.step_index and g.batch_item_id <> r.batch_item_id and g.parsed = r.parsed)""",
    "a paid answer came by callback": f"""
with {S} select i.row_number as row, 'a result from Clay at ' || r.step_index || ' without its callback' as why
from public.enrichment_results r join i on i.id = r.batch_item_id
where r.source = 'clay' and not exists (
  select 1 from public.callback_inbox c where c.item_uid = i.uid and c.step_index = r.step_index
    and c.attempt = r.attempt and c.verdict in ('applied', 'late') and c.settled_at is not null)""",
    "every stored callback is settled": f"""
with {S} select i.row_number as row, 'stored, not settled' as why
from public.callback_inbox c left join i on i.uid = c.item_uid where c.verdict = 'received' or c.settled_at is null""",
    "one answer applied per step": f"""
with {S} select min(i.row_number) as row, count(*) || ' callbacks applied to attempt ' || c.attempt as why
from public.callback_inbox c join i on i.uid = c.item_uid
where c.verdict = 'applied' or (c.verdict = 'late' and c.note = 'applied')
group by c.item_uid, c.step_index, c.attempt having count(*) > 1""",
    "money: sends booked once": f"""
with {S}, booked as (
  select s.id, (select count(distinct attempt) from (
    select (h ->> 'attempt')::int as attempt from jsonb_array_elements(coalesce(s.history, '[]')) h
    where h ->> 'sent_at' is not null
    union all select s.attempt where s.sent_at is not null) a) as n from s)
select s.row_number as row, 'send_count ' || s.send_count || ', attempts booked as sent ' || k.n as why
from s join booked k on k.id = s.id where s.send_count <> k.n""",
    "money: spent is what was sent": f"""
with {S} select null::int as row, 'spent ' || b.spent || ', sends cost ' || t.cost as why
from b, lateral (select coalesce(sum(s.send_count * (b.blueprint -> s.step_index::int ->> 'cost_per_row')::numeric), 0)
                 as cost from s) t where b.spent is distinct from t.cost""",
    "money: the webhook's counter": f"""
with {S}, counted as (select sum(w.sent) as n from public.webhook_counters w join b on b.client_id = w.client_id)
select null::int as row, 'counter ' || coalesce(c.n, 0) || ', sends ' || t.n as why
from counted c, lateral (select coalesce(sum(send_count), 0) as n from s) t where coalesce(c.n, 0) <> t.n""",
    "counts shown are counts": f"""
with {S}, shown as (
  select step_index, bucket, sum(n) as n from (
    select step_index, bucket, n from public.batch_totals t join b on b.id = t.batch_id
    union all select step_index, bucket, n from public.batch_tallies t join b on b.id = t.batch_id) x
  group by 1, 2 having sum(n) <> 0
), counted as (
  select step_index, lower(status::text) as bucket, count(*) as n from s
  where status in ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED') group by 1, 2
  union all select step_index, 'sent', sum(send_count) from s group by 1 having sum(send_count) > 0
)
select null::int as row, coalesce(c.bucket, w.bucket) || ' at ' || coalesce(c.step_index, w.step_index) || ': shown '
       || coalesce(w.n, 0) || ', counted ' || coalesce(c.n, 0) as why
from counted c full join shown w on w.step_index = c.step_index and w.bucket = c.bucket
where coalesce(c.n, 0) <> coalesce(w.n, 0)
  and coalesce(c.bucket, w.bucket) in ('completed', 'failed', 'skipped', 'cancelled', 'sent')""",
    "an ended batch leaves nothing behind": f"""
with {S} select null::int as row, what as why from (
  select 'a chunk' as what from public.dispatch_chunks c join b on b.id = c.batch_id where c.claimed_by is null
  union all select 'a waking entity ' || left(entity_value, 40)
    from public.waking_entities w join b on b.id = w.batch_id
  union all select 'filled ' || filled_rows || ' of ' || item_count from b where filled_rows <> item_count
  union all select 'no end' from b where finished_at is null) x
where (select state from b) in ('COMPLETED', 'CANCELLED')""",
    "a finished row is a lead": f"""
with {S} select s.row_number as row, 'consolidated, and not among the leads' as why from s
where s.step_name = 'consolidate_lead' and s.status = 'COMPLETED'
  and not exists (select 1 from public.final_leads l where l.batch_item_id = s.batch_item_id)""",
}
