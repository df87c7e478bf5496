-- One batch as numbers, from totals and tallies: what `leadloom status`, the demo's bar and the engine's users ask.

-- What became of the rows of batches, in one place for every list and page. `completed`: rows that finished their last
-- step; all others: rows whose latest state is that. What is not folded yet counts, too.
create or replace function leadloom.batch_numbers(p_batch_ids bigint[])
returns table (batch_id bigint, completed bigint, failed bigint, cancelled bigint, not_found bigint, waiting bigint,
               retrying bigint, running bigint)
language sql stable security invoker set search_path = ''
as $$
  select b.id,
    coalesce(sum(t.n) filter (where t.bucket in ('completed', 'skipped') and t.step_index = b.step_count - 1), 0)::bigint,
    coalesce(sum(t.n) filter (where t.bucket = 'failed'), 0)::bigint,
    coalesce(sum(t.n) filter (where t.bucket = 'cancelled'), 0)::bigint,
    coalesce(sum(t.n) filter (where t.bucket = 'completed' and t.error_code = 'not_found'), 0)::bigint,
    coalesce(sum(t.n) filter (where t.bucket = 'waiting'), 0)::bigint,
    coalesce(sum(t.n) filter (where t.bucket = 'retrying'), 0)::bigint,
    coalesce(sum(t.n) filter (where t.bucket = 'running'), 0)::bigint
  from public.batches b
  left join lateral (
    select o.step_index, o.bucket, o.error_code, o.n from public.batch_totals o where o.batch_id = b.id
    union all
    select o.step_index, o.bucket, o.error_code, o.n from public.batch_tallies o where o.batch_id = b.id
  ) t on true
  where b.id = any (p_batch_ids)
  group by b.id
$$;

create or replace function public.batch_status(p_batch uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  with b as (
    select * from public.batches where id = leadloom.batch_id(p_batch)
  ), counts as (
    select c.* from b, leadloom.shown_counts(b.id) c
  ), rows as (
    select n.* from b, leadloom.batch_numbers(array[b.id]) n
  ), states as (
    select
      coalesce(sum(n) filter (where bucket = 'pending'), 0) as pending,
      coalesce(sum(n) filter (where bucket = 'held'), 0) as held,
      coalesce(sum(n) filter (where bucket = 'sent'), 0) as sent,
      coalesce(sum(n) filter (where bucket in ('completed', 'not_found', 'skipped')), 0) as item_steps
    from counts
  )
  select jsonb_build_object(
    'uid', b.uid, 'name', b.name, 'state', b.state, 'state_reason', b.state_reason, 'item_count', b.item_count,
    'filled_rows', b.filled_rows, 'completed', r.completed, 'failed', r.failed, 'cancelled', r.cancelled,
    'active', b.item_count - r.completed - r.failed - r.cancelled, 'waiting', r.waiting, 'retrying', r.retrying,
    'running', r.running, 'pending', s.pending, 'held', s.held, 'not_found', r.not_found, 'sent', s.sent,
    'item_steps', s.item_steps, 'spent', b.spent,
    'budget', b.budget, 'created_at', b.created_at, 'finished_at', b.finished_at,
    'holds', leadloom.batch_holds(b.id),
    'steps', (
      select jsonb_agg(jsonb_build_object(
        'index', (e.o - 1), 'slug', e.s ->> 'slug', 'title', e.s ->> 'title', 'kind', e.s ->> 'kind',
        'buckets', coalesce((select jsonb_object_agg(c.bucket, c.n) from counts c where c.step_index = e.o - 1), '{}'))
        order by e.o)
      from jsonb_array_elements(b.blueprint) with ordinality as e(s, o)))
  from b, rows r, states s
$$;

-- What came back for a batch, and why rows failed, in counts: for the demo's summary and the batch's export.
create or replace function public.batch_facts(p_batch uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'callbacks', coalesce((
      select jsonb_object_agg(verdict, n) from (
        select verdict, count(*) as n from public.callback_inbox
        where batch_id = leadloom.batch_id(p_batch) group by verdict) c), '{}'),
    'failures', coalesce((
      select jsonb_object_agg(error_code, n) from (
        select error_code, sum(n) as n from leadloom.batch_counts(leadloom.batch_id(p_batch))
        where bucket = 'failed' group by error_code) f), '{}'))
$$;
