-- Counting without counting. Statement triggers on workflow_states add, per batch, step and bucket, what one statement
-- changed; reads sum a few rows; `fold_tallies` keeps them few. Only inserts happen on the hot path, so callers that
-- work on the same batch never wait for each other here.

-- The chart's resolution: 5 seconds in a batch's first ten minutes, a minute in its first six hours, then ten minutes;
-- so a chart never has more than a few hundred points, however long the batch waits for callbacks.
create or replace function leadloom.period_start(p_batch_id bigint) returns timestamptz
language sql stable security invoker set search_path = ''
as $$
  select date_bin(
    case when leadloom.clock() < created_at + interval '10 minutes' then interval '5 seconds'
         when leadloom.clock() < created_at + interval '6 hours' then interval '1 minute'
         else interval '10 minutes' end,
    leadloom.clock(), timestamptz '2000-01-01 00:00:00+00')
  from public.batches where id = p_batch_id
$$;

create or replace function leadloom.tally_inserted() returns trigger
language plpgsql security invoker set search_path = ''
as $$
begin
  insert into public.batch_tallies (batch_id, step_index, bucket, error_code, period_start, n)
  select batch_id, step_index, leadloom.bucket(status, attempt, sent_at), coalesce(error_code, ''),
         leadloom.period_start(batch_id), count(*)
  from new_states
  group by 1, 2, 3, 4;
  return null;
end
$$;

create or replace function leadloom.tally_updated() returns trigger
language plpgsql security invoker set search_path = ''
as $$
begin
  insert into public.batch_tallies (batch_id, step_index, bucket, error_code, period_start, n)
  select batch_id, step_index, bucket, error_code, leadloom.period_start(batch_id), sum(n)
  from (
    select batch_id, step_index, leadloom.bucket(status, attempt, sent_at) as bucket,
           leadloom.bucket_code(status, error_code, not_found) as error_code, count(*) as n
    from new_states group by 1, 2, 3, 4
    union all
    select batch_id, step_index, leadloom.bucket(status, attempt, sent_at),
           leadloom.bucket_code(status, error_code, not_found), -count(*)
    from old_states group by 1, 2, 3, 4
  ) change
  group by 1, 2, 3, 4
  having sum(n) <> 0;
  return null;
end
$$;

create or replace function leadloom.tally_deleted() returns trigger
language plpgsql security invoker set search_path = ''
as $$
begin
  insert into public.batch_tallies (batch_id, step_index, bucket, error_code, period_start, n)
  select s.batch_id, s.step_index, leadloom.bucket(s.status, s.attempt, s.sent_at),
         leadloom.bucket_code(s.status, s.error_code, s.not_found),
         leadloom.period_start(s.batch_id), -count(*)
  from old_states s
  join public.batches b on b.id = s.batch_id
  group by 1, 2, 3, 4;
  return null;
end
$$;

-- Made once, all three or none: making them again waits for whoever writes, and the functions are replaced as they are.
do $$
begin
  if not exists (select from pg_catalog.pg_trigger
                 where tgrelid = 'public.workflow_states'::regclass and tgname = 'tally_inserted') then
    create trigger tally_inserted after insert on public.workflow_states
      referencing new table as new_states for each statement execute function leadloom.tally_inserted();
    create trigger tally_updated after update on public.workflow_states
      referencing old table as old_states new table as new_states
      for each statement execute function leadloom.tally_updated();
    create trigger tally_deleted after delete on public.workflow_states
      referencing old table as old_states for each statement execute function leadloom.tally_deleted();
  end if;
end
$$;

-- Sends are counted by those who know: mark_sending adds, an attempt that certainly did not go out takes back.
create or replace function leadloom.tally_sent(p_batch_id bigint, p_step_index smallint, p_n bigint) returns void
language sql volatile security invoker set search_path = ''
as $$
  insert into public.batch_tallies (batch_id, step_index, bucket, period_start, n)
  select p_batch_id, p_step_index, 'sent', leadloom.period_start(p_batch_id), p_n where p_n <> 0
$$;

-- Fold tallies into totals and series. The loop calls this; it is safe beside anything, since tallies are only added.
create or replace function public.fold_tallies(p_limit integer default 20000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(4710, 1);
  return '{"folded": 0}'::jsonb || leadloom.in_every_batch('fold_counts', jsonb_build_object('limit', p_limit));
end
$$;

create or replace function leadloom.fold_counts(p_args jsonb, p_batch_id bigint) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_faulty bigint[] := leadloom.faulty_batches();
  v_taken bigint;
begin
  with taken as (
    delete from public.batch_tallies t
    where t.id in (select id from public.batch_tallies
                   where (p_batch_id is null or batch_id = p_batch_id) and batch_id <> all (v_faulty)
                   order by id limit (p_args ->> 'limit')::integer)
    returning t.batch_id, t.step_index, t.bucket, t.error_code, t.period_start, t.n
  ), totals as (
    insert into public.batch_totals as o (batch_id, step_index, bucket, error_code, n)
    select batch_id, step_index, bucket, error_code, sum(n) from taken group by 1, 2, 3, 4
    on conflict (batch_id, step_index, bucket, error_code) do update set n = o.n + excluded.n
  ), series as (
    insert into public.batch_series as o (batch_id, step_index, bucket, period_start, n)
    select batch_id, step_index, bucket, period_start, sum(n) from taken
    where bucket in ('completed', 'skipped', 'failed', 'sent') group by 1, 2, 3, 4
    on conflict (batch_id, period_start, step_index, bucket) do update set n = o.n + excluded.n
  )
  select count(*) into v_taken from taken;
  return jsonb_build_object('folded', v_taken);
end
$$;

-- Counts of one batch as they are now: what is folded plus what is not yet.
create or replace function leadloom.batch_counts(p_batch_id bigint)
returns table (step_index smallint, bucket text, error_code text, n bigint)
language sql stable security invoker set search_path = ''
as $$
  select step_index, bucket, error_code, sum(n)::bigint
  from (
    select step_index, bucket, error_code, n from public.batch_totals where batch_id = p_batch_id
    union all
    select step_index, bucket, error_code, n from public.batch_tallies where batch_id = p_batch_id
  ) counts
  group by 1, 2, 3
  having sum(n) <> 0
$$;
