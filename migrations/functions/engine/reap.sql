-- What time does to states under way, and the engine's own lease.

-- A lease that ran out: back to PENDING while attempts are left, else FAILED. A chunk that no worker ever claimed costs
-- no attempt, and neither does a paid row whose worker went before it was marked as sent. A callback that did not come
-- by its deadline: FAILED, never sent again by itself. At most `limit` of each.
create or replace function leadloom.reap_states(p_args jsonb, p_batch_id bigint) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_limit integer := (p_args ->> 'limit')::integer;
  v_faulty bigint[] := leadloom.faulty_batches();
  v_unclaimed integer;
  v_released integer;
  v_spent bigint[];
  v_unsure bigint[];
  v_unanswered bigint[];
  v_exhausted integer;
  v_unconfirmed integer;
  v_timed_out integer;
begin
  with lost as (
    delete from public.dispatch_chunks where id in (
      select id from public.dispatch_chunks
      where expires_at <= v_now and (p_batch_id is null or batch_id = p_batch_id) and batch_id <> all (v_faulty)
      limit 200 for update skip locked)
    returning state_ids, claimed_by
  )
  select leadloom.give_back(array_agg(s.id)) into v_unclaimed
  from (select unnest(state_ids) as id from lost where claimed_by is null) l
  join public.workflow_states s on s.id = l.id
  where s.status = 'IN_PROGRESS' and s.sent_at is null and s.lease_until <= v_now;
  with expired as (
    select s.id, leadloom.may_snooze(s, leadloom.is_paid(b, s.step_index)) as snoozed
    from public.workflow_states s join public.batches b on b.id = s.batch_id
    where s.status = 'IN_PROGRESS' and s.sent_at is null and s.lease_until <= v_now
      and leadloom.attempts_left(s, leadloom.is_paid(b, s.step_index))
      and (p_batch_id is null or s.batch_id = p_batch_id) and s.batch_id <> all (v_faulty)
    order by s.lease_until limit v_limit for update of s skip locked
  )
  update public.workflow_states s
  set status = 'PENDING', available_at = v_now, lease_until = null, error_code = 'lease_expired',
      error_text = 'The worker did not respond in time.', snoozes = s.snoozes + e.snoozed::integer,
      history = case when e.snoozed then leadloom.with_snooze(s, 'lease_expired', 'The worker did not respond in time.')
                     else leadloom.with_attempt(s, 'lease_expired', 'The worker did not respond in time.') end
  from expired e where s.id = e.id;
  get diagnostics v_released = row_count;
  v_spent := array(
    select s.id from public.workflow_states s join public.batches b on b.id = s.batch_id
    where s.status = 'IN_PROGRESS' and s.sent_at is null and s.lease_until <= v_now
      and not leadloom.attempts_left(s, leadloom.is_paid(b, s.step_index))
      and (p_batch_id is null or s.batch_id = p_batch_id) and s.batch_id <> all (v_faulty)
    order by s.lease_until limit v_limit for update of s skip locked);
  v_unsure := array(
    select id from public.workflow_states
    where status = 'IN_PROGRESS' and sent_at is not null and accepted_at is null and deadline_at <= v_now
      and (p_batch_id is null or batch_id = p_batch_id) and batch_id <> all (v_faulty)
    order by deadline_at limit v_limit for update skip locked);
  v_unanswered := array(
    select id from public.workflow_states
    where status = 'IN_PROGRESS' and accepted_at is not null and sent_at is not null and deadline_at <= v_now
      and (p_batch_id is null or batch_id = p_batch_id) and batch_id <> all (v_faulty)
    order by deadline_at limit v_limit for update skip locked);
  -- Each of the three would take these locks in its own order.
  perform leadloom.hold_entities_of(v_spent || v_unsure || v_unanswered);
  v_exhausted := leadloom.fail_states(v_spent, 'lease_expired', 'The worker did not respond in time on any attempt.');
  v_unconfirmed := leadloom.fail_states(v_unsure, 'send_unconfirmed',
    'May have been sent: Clay did not confirm it, and no callback came in time. It is not sent again automatically, since it '
    'may have been charged.');
  v_timed_out := leadloom.fail_states(v_unanswered, 'callback_timeout',
    'Clay accepted the row, but no callback came in time. It is not sent again automatically, since it may have been charged.');
  return jsonb_build_object('unclaimed', coalesce(v_unclaimed, 0), 'released', v_released, 'exhausted', v_exhausted,
                            'unconfirmed', v_unconfirmed, 'timed_out', v_timed_out);
end
$$;

-- What time does, once; what the database refuses in one batch holds that batch alone.
create or replace function public.reap_expired(p_limit integer default 2000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  delete from public.operator_requests where at < leadloom.clock() - interval '1 day';
  return '{"unclaimed": 0, "released": 0, "exhausted": 0, "unconfirmed": 0, "timed_out": 0}'::jsonb
    || leadloom.in_every_batch('reap_states', jsonb_build_object('limit', p_limit));
end
$$;

create or replace function leadloom.is_paid(p_batch public.batches, p_step_index smallint) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select p_batch.blueprint -> p_step_index::integer ->> 'kind' = 'clay'
$$;

-- Workers that lived inside processes that are gone answer no more: their leases end now, and only theirs. The local
-- engine calls this with the ids of its machine's dead predecessors; workers elsewhere live on whoever starts.
create or replace function public.abandon_leases(p_holders uuid[]) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_n integer;
begin
  with latest as (  -- a row that was given out again since belongs to whoever has it now
    select distinct on (e.state_id) e.state_id, c.id, c.holder
    from public.dispatch_chunks c cross join lateral unnest(c.state_ids) as e(state_id)
    where c.expires_at > v_now order by e.state_id, c.created_at desc
  )
  update public.workflow_states s set lease_until = v_now
  from latest l
  where s.id = l.state_id and l.holder = any (p_holders)
    and s.status = 'IN_PROGRESS' and s.sent_at is null and s.lease_until > v_now;
  get diagnostics v_n = row_count;
  update public.dispatch_chunks set expires_at = v_now, announced_at = v_now
  where holder = any (p_holders) and expires_at > v_now;
  return jsonb_build_object('abandoned', v_n);
end
$$;

-- One engine at a time. The same holder renews; another gets it when it ran out. p_trouble: what keeps it from working.
create or replace function public.take_engine_lease(p_holder uuid, p_seconds integer, p_trouble text default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_held boolean;
begin
  insert into public.engine_leases as l (name, holder, expires_at, last_run_at, trouble)
  values ('engine', p_holder, leadloom.clock() + p_seconds * interval '1 second', leadloom.clock(), p_trouble)
  on conflict (name) do update
    set holder = p_holder, expires_at = excluded.expires_at, last_run_at = excluded.last_run_at,
        trouble = excluded.trouble
    where l.holder = p_holder or l.holder is null or l.expires_at <= leadloom.clock()
  returning true into v_held;
  return jsonb_build_object('held', coalesce(v_held, false));
end
$$;

-- An engine that wants to rest says for how long it has found nothing (p_quiet_s). Work that somebody made since then,
-- and was told that an engine runs, keeps it up: it would else wait for the next minute.
create or replace function public.release_engine_lease(p_holder uuid, p_report jsonb, p_quiet_s numeric default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  update public.engine_leases set woken_at = null
  where name = 'engine' and holder = p_holder and woken_at >= leadloom.clock() - p_quiet_s * interval '1 second';
  if found then
    return jsonb_build_object('released', false);
  end if;
  update public.engine_leases set holder = null, expires_at = null, woken_at = null, last_report = coalesce(p_report, '{}')
  where name = 'engine' and holder = p_holder;
  return jsonb_build_object('released', true);
end
$$;

-- Somebody made work: should the caller start the engine? At most one caller in five seconds is told so, and nobody
-- while it runs; the running one is told.
create or replace function public.wake_engine() returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_spawn boolean;
begin
  insert into public.engine_leases as l (name, woken_at) values ('engine', leadloom.clock())
  on conflict (name) do update set woken_at = leadloom.clock()
    where (l.holder is null or l.expires_at <= leadloom.clock())
      and (l.woken_at is null or l.woken_at < leadloom.clock() - interval '5 seconds')
  returning true into v_spawn;
  if v_spawn is null then
    update public.engine_leases set woken_at = leadloom.clock()
    where name = 'engine' and holder is not null and expires_at > leadloom.clock();
  end if;
  return jsonb_build_object('spawn', coalesce(v_spawn, false));
end
$$;
