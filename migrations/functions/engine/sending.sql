-- Around a paid call. `mark_sending` comes before it: from then on the attempt "was or may have been sent", is in
-- `sends` and in the books, and is never repeated by itself. What became of it is recorded with the next group's mark,
-- or by `record_sends` after the last one. Where nobody said, the callback's deadline decides.

-- p_items: [{"state_id", "attempt"}], one group that goes out at once. Counts the webhook's lifetime submissions.
-- Answers with the states that are `allowed` to go, `capped` (beyond p_cap) and `returned` (their batch was paused or
-- cancelled, or their step held, meanwhile: they are pending again, no attempt used up). An attempt that is not the
-- current one, or was marked before, is none of these. A sender that lost the reply asks again with the same
-- p_send_key, made for this one group: it gets the rows that it marked then, and they count once. p_outcomes: what
-- became of rows sent before, as for record_sends; recorded in the same transaction.
--
-- Pausing and cancelling close the batch's gate: once they have returned, no later mark sees a running batch.
create or replace function public.mark_sending(
  p_url_sha256 text, p_client_id bigint, p_items jsonb, p_cap integer, p_send_key uuid default null,
  p_outcomes jsonb default '[]', p_bucket text default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_total bigint;
  v_room integer;
  v_allowed bigint[] := '{}';
  v_marked bigint[];
  v_capped bigint[];
  v_returned bigint[];
  v_group record;
begin
  insert into public.webhook_counters (url_sha256, client_id, first_at, last_at)
  values (p_url_sha256, p_client_id, v_now, v_now) on conflict (url_sha256) do nothing;
  perform leadloom.hold_for_sending(p_items || p_outcomes);
  v_returned := leadloom.return_stopped(p_items);
  select sent into v_total from public.webhook_counters where url_sha256 = p_url_sha256 for update;
  -- What the outcomes take back further down is room already.
  v_room := greatest(0, p_cap - v_total + (
    select count(*)
    from jsonb_to_recordset(p_outcomes) as o(state_id bigint, attempt smallint, outcome text, unmarked boolean)
    join public.workflow_states s on s.id = o.state_id
    where o.outcome in ('refused', 'unsent') and not coalesce(o.unmarked, false) and s.attempt = o.attempt and s.status = 'IN_PROGRESS'
      and s.sent_at is not null))::integer;
  v_marked := array(
    select s.id from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
    join public.workflow_states s on s.id = i.state_id
    where s.attempt = i.attempt and s.status = 'IN_PROGRESS' and s.sent_at is not null and s.accepted_at is null
      and s.send_key = p_send_key);
  for v_group in
    with ready as (
      select s.id from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
      join public.workflow_states s on s.id = i.state_id
      where s.attempt = i.attempt and s.status = 'IN_PROGRESS' and s.sent_at is null
      order by s.id limit v_room
    ), marked as (
      update public.workflow_states s
      set sent_at = v_now, send_key = p_send_key, send_count = send_count + 1, lease_until = null,
          deadline_at = v_now + (b.blueprint -> s.step_index::integer ->> 'timeout_s')::integer * interval '1 second'
      from ready r, public.batches b where s.id = r.id and b.id = s.batch_id
      returning s.id, s.batch_id, s.batch_item_id, s.step_index, s.attempt
    ), recorded as (
      insert into public.sends (batch_id, batch_item_id, step_index, attempt, url_sha256, marked_at)
      select batch_id, batch_item_id, step_index, attempt, p_url_sha256, v_now from marked
    )
    select batch_id, step_index, array_agg(id) as ids from marked group by 1, 2 order by 1, 2
  loop
    v_allowed := v_allowed || v_group.ids;
    perform leadloom.count_sends(v_group.batch_id, v_group.step_index, cardinality(v_group.ids));
  end loop;
  update public.webhook_counters set sent = sent + cardinality(v_allowed), last_at = v_now
  where url_sha256 = p_url_sha256 and v_allowed <> '{}';
  select array_agg(s.id) into v_capped
  from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
  join public.workflow_states s on s.id = i.state_id
  where s.attempt = i.attempt and s.status = 'IN_PROGRESS' and s.sent_at is null;
  perform leadloom.record_outcomes(p_outcomes, p_url_sha256, p_bucket);
  return jsonb_build_object('allowed', to_jsonb(v_marked || v_allowed), 'capped', coalesce(to_jsonb(v_capped), '[]'),
                            'returned', to_jsonb(v_returned), 'sent_total', v_total + cardinality(v_allowed));
end
$$;

-- p_outcomes: [{"state_id", "attempt", "outcome", "http_status", "text", …}] of rows that were marked. Outcomes:
-- `taken`; `unknown` (with "resend": goes out again all the same, while attempts are left, and is paid for twice then);
-- `refused` and `unsent` (with what fail_items takes: "code", "retry", "retry_after_s", "snooze"). Safe to repeat.
create or replace function public.record_sends(p_outcomes jsonb, p_url_sha256 text, p_bucket text default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform leadloom.hold_for_sending(p_outcomes);
  return leadloom.record_outcomes(p_outcomes, p_url_sha256, p_bucket);
end
$$;

-- Locks in the order that advance.sql names: these states, then their batches' gates.
create or replace function leadloom.hold_for_sending(p_items jsonb) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_ids bigint[] := leadloom.hold_states(p_items);
begin
  perform leadloom.hold_batch(b.batch_id)
  from (select distinct batch_id from public.workflow_states where id = any (v_ids) order by 1) b;
end
$$;

-- Rows of a batch that does not run any more, or of a step that is held, are not sent. (A budget holds the rows that it
-- does not cover; these were covered when they were claimed.) Returns the states that are pending again.
create or replace function leadloom.return_stopped(p_items jsonb) returns bigint[]
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_ids bigint[] := array(
    select s.id from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
    join public.workflow_states s on s.id = i.state_id
    join public.batches b on b.id = s.batch_id
    where s.attempt = i.attempt and s.status = 'IN_PROGRESS' and s.sent_at is null
      and (b.state <> 'RUNNING' or exists (
        select 1 from public.step_holds h
        where h.batch_id = s.batch_id and h.step_index = s.step_index and h.code <> 'budget')));
begin
  perform leadloom.give_back(v_ids);
  return v_ids;
end
$$;

-- States under way that certainly were not sent, and not run, are pending again; no attempt is used up.
create or replace function leadloom.give_back(p_state_ids bigint[]) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_n integer;
begin
  update public.workflow_states s
  set status = 'PENDING', available_at = leadloom.clock(), lease_until = null, snoozes = s.snoozes + 1,
      -- What the attempt before it came to stands again.
      error_code = nullif(s.history -> -1 ->> 'code', 'rerun'),
      error_text = case when s.history -> -1 ->> 'code' <> 'rerun' then s.history -> -1 ->> 'text' end
  where s.id = any (p_state_ids) and s.status = 'IN_PROGRESS' and s.sent_at is null;
  get diagnostics v_n = row_count;
  return v_n;
end
$$;

create or replace function leadloom.record_taken(p_items jsonb) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_n integer;
begin
  with taken as (
    update public.workflow_states s set accepted_at = leadloom.clock()
    from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
    where s.id = i.state_id and s.attempt = i.attempt and s.sent_at is not null and s.accepted_at is null
    returning s.batch_item_id, s.step_index, s.attempt
  ), recorded as (
    update public.sends x set outcome = 'taken', settled_at = leadloom.clock()
    from taken t
    where x.batch_item_id = t.batch_item_id and x.step_index = t.step_index and x.attempt = t.attempt
      and x.outcome in ('marked', 'unknown')
  )
  select count(*) into v_n from taken;
  return v_n;
end
$$;

create or replace function leadloom.record_outcomes(p_outcomes jsonb, p_url_sha256 text, p_bucket text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_taken integer;
  v_failed jsonb;
begin
  if p_outcomes = '[]' then
    return jsonb_build_object('taken', 0, 'failed', 0, 'retrying', 0);
  end if;
  v_taken := leadloom.record_taken(jsonb_path_query_array(p_outcomes, '$[*] ? (@.outcome == "taken")'));
  update public.sends x
  set outcome = 'unknown', http_status = o.http_status, note = left(o.text, 500), settled_at = leadloom.clock()
  from jsonb_to_recordset(p_outcomes) as o(
    state_id bigint, attempt smallint, outcome text, http_status smallint, text text)
  join public.workflow_states s on s.id = o.state_id
  where o.outcome = 'unknown' and x.batch_item_id = s.batch_item_id and x.step_index = s.step_index
    and x.attempt = o.attempt and x.outcome = 'marked';
  v_failed := public.fail_items(coalesce((
    select jsonb_agg(o || jsonb_build_object('unsent', o ->> 'outcome' <> 'unknown', 'url_sha256', p_url_sha256))
    from jsonb_array_elements(p_outcomes) o
    where o ->> 'outcome' in ('refused', 'unsent') or (o ->> 'resend')::boolean), '[]'));
  if v_taken > 0 then
    perform leadloom.forget_refusals(p_bucket);
  end if;
  return jsonb_build_object('taken', v_taken, 'failed', v_failed -> 'failed', 'retrying', v_failed -> 'retrying');
end
$$;

-- An answer proves that an attempt, booked as not sent, did leave: its send is booked after all, whatever became of the
-- (locked) state since. An answer that comes again, or to an attempt that is in the books, books nothing.
create or replace function leadloom.book_answered(p_state public.workflow_states, p_attempt smallint) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_proven public.sends;
begin
  select * into v_proven from public.sends
  where batch_item_id = p_state.batch_item_id and step_index = p_state.step_index and attempt = p_attempt
    and outcome in ('refused', 'unsent');
  if v_proven.id is null then
    return;
  end if;
  perform leadloom.hold_batch(p_state.batch_id);
  update public.sends
  set outcome = 'taken', note = 'Recorded as not sent, but Clay answered.', settled_at = leadloom.clock()
  where id = v_proven.id;
  -- A state that a rerun made anew has no part in sends before its first attempt.
  update public.workflow_states
  set send_count = send_count + 1, history = leadloom.with_proven_send(history, p_attempt, v_proven.marked_at)
  where id = p_state.id and attempt >= p_attempt;
  update public.webhook_counters set sent = sent + 1 where url_sha256 = v_proven.url_sha256;
  perform leadloom.count_sends(p_state.batch_id, p_state.step_index, 1);
end
$$;

-- The earlier attempts of a state, with the one that left after all; it may have been counted in with its neighbours.
create or replace function leadloom.with_proven_send(p_history jsonb, p_attempt smallint, p_at timestamptz) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select case when bool_or((h ->> 'attempt')::smallint = p_attempt)
    then jsonb_agg(h || case when (h ->> 'attempt')::smallint = p_attempt then jsonb_build_object('sent_at', p_at)
                             else '{}' end order by place)
    else jsonb_build_object('attempt', p_attempt, 'sent_at', p_at, 'code', 'answered',
                            'text', 'Recorded as not sent, but Clay answered.')
         || coalesce(p_history, '[]') end
  from jsonb_array_elements(coalesce(p_history, '[]')) with ordinality as e(h, place)
$$;

-- When an attempt left, or may have; null where it did not.
create or replace function leadloom.left_at(p_state public.workflow_states, p_attempt smallint) returns timestamptz
language sql stable security invoker set search_path = ''
as $$
  select coalesce(
    case when p_attempt = p_state.attempt then p_state.sent_at end,
    (select max(marked_at) from public.sends
     where batch_item_id = p_state.batch_item_id and step_index = p_state.step_index and attempt = p_attempt
       and outcome in ('marked', 'unknown', 'taken')),
    case when (p_state.history -> -1 ->> 'attempt')::smallint = p_attempt
         then (p_state.history -> -1 ->> 'sent_at')::timestamptz end)
$$;
