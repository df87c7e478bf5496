-- One batch as numbers, from totals and tallies: what `leadloom status`, the demo's bar and the engine's users ask.

create or replace function public.batch_status(p_batch uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  with b as (
    select * from public.batches where id = leadloom.batch_id(p_batch)
  ), counts as (
    select c.* from b, leadloom.shown_counts(b.id) c
  ), rows as (
    select
      coalesce(sum(n) filter (where bucket in ('completed', 'not_found', 'skipped') and step_index = b.step_count - 1), 0) as completed,
      coalesce(sum(n) filter (where bucket = 'failed'), 0) as failed,
      coalesce(sum(n) filter (where bucket = 'cancelled'), 0) as cancelled,
      coalesce(sum(n) filter (where bucket = 'waiting'), 0) as waiting,
      coalesce(sum(n) filter (where bucket = 'retrying'), 0) as retrying,
      coalesce(sum(n) filter (where bucket = 'running'), 0) as running,
      coalesce(sum(n) filter (where bucket = 'pending'), 0) as pending,
      coalesce(sum(n) filter (where bucket = 'held'), 0) as held,
      coalesce(sum(n) filter (where bucket = 'sent'), 0) as sent,
      coalesce(sum(n) filter (where bucket in ('completed', 'not_found', 'skipped')), 0) as item_steps,
      coalesce(sum(n) filter (where bucket = 'not_found'), 0) as not_found
    from b left join counts on true group by b.step_count
  )
  select jsonb_build_object(
    'uid', b.uid, 'name', b.name, 'state', b.state, 'state_reason', b.state_reason, 'item_count', b.item_count,
    'filled_rows', b.filled_rows, 'completed', r.completed, 'failed', r.failed, 'cancelled', r.cancelled,
    'active', b.item_count - r.completed - r.failed - r.cancelled, 'waiting', r.waiting, 'retrying', r.retrying,
    'running', r.running, 'pending', r.pending, 'held', r.held, 'not_found', r.not_found, 'sent', r.sent, 'item_steps', r.item_steps, 'spent', b.spent,
    'budget', b.budget, 'created_at', b.created_at, 'finished_at', b.finished_at,
    'holds', leadloom.batch_holds(b.id),
    'steps', (
      select jsonb_agg(jsonb_build_object(
        'index', (e.o - 1), 'slug', e.s ->> 'slug', 'title', e.s ->> 'title', 'kind', e.s ->> 'kind',
        'buckets', coalesce((select jsonb_object_agg(c.bucket, c.n) from counts c where c.step_index = e.o - 1), '{}'))
        order by e.o)
      from jsonb_array_elements(b.blueprint) with ordinality as e(s, o)))
  from b, rows r
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
