-- Ends of a step, in bulk. Every answer carries the attempt it belongs to: a late or second one is a counted no-op, so
-- a call whose reply was lost can simply be repeated. Completing advances in the same transaction; the sequencer's
-- sweep finds whatever was finished elsewhere.

-- Lock the states of these items, in the order of their ids, whatever order they come in. Returns the ids.
create or replace function leadloom.hold_states(p_items jsonb) returns bigint[]
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_ids bigint[] := array(select (i ->> 'state_id')::bigint from jsonb_array_elements(p_items) i);
begin
  perform 1 from public.workflow_states where id = any (v_ids) order by id for no key update;
  return v_ids;
end
$$;

-- p_items: [{"state_id", "attempt", "parsed": {}, "raw": any, "source": "computed", "identity": {}, "not_found": text}]
-- `not_found`: the answer's words that there is nothing; left out where something was found.
create or replace function public.complete_items(p_items jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_group record;
  v_now timestamptz := leadloom.clock();
  v_applied integer := 0;
begin
  perform leadloom.hold_states(p_items);
  for v_group in
    with done as (
      update public.workflow_states s
      set status = 'COMPLETED', finished_at = v_now, advanced_at = v_now, lease_until = null, deadline_at = null,
          error_code = null, error_text = null, not_found = left(i.not_found, 2000)
      from jsonb_to_recordset(p_items) as i(
        state_id bigint, attempt smallint, parsed jsonb, raw jsonb, source public.result_source, identity jsonb,
        not_found text)
      where s.id = i.state_id and s.attempt = i.attempt and s.status = 'IN_PROGRESS'
      returning s.batch_item_id, s.batch_id, s.step_index, s.step_name, s.attempt, s.entity_value, i.parsed, i.raw,
                i.source, i.identity
    ), results as (
      insert into public.enrichment_results
        (batch_item_id, step_index, step_name, attempt, source, raw, parsed, created_at)
      select batch_item_id, step_index, step_name, attempt, coalesce(source, 'computed'), nullif(raw, 'null'),
             coalesce(nullif(parsed, 'null'), '{}'), v_now
      from done
      on conflict (batch_item_id, step_index) do update
        set attempt = excluded.attempt, source = excluded.source, raw = excluded.raw, parsed = excluded.parsed,
            step_name = excluded.step_name, created_at = excluded.created_at
      returning 1
    )
    select batch_id, step_index, array_agg(batch_item_id order by batch_item_id) as items,
           jsonb_object_agg(batch_item_id, identity) filter (where jsonb_typeof(identity) = 'object') as identities,
           array_agg(distinct entity_value) filter (where entity_value is not null) as entities
    from done group by batch_id, step_index order by batch_id, step_index
  loop
    perform leadloom.hold_batch(v_group.batch_id);
    if v_group.entities is not null then
      -- Before the next step's: entity locks are taken in the order of the steps.
      perform leadloom.hold_entities(v_group.batch_id, v_group.step_index);
    end if;
    v_applied := v_applied + cardinality(v_group.items);
    if v_group.identities is not null then
      perform leadloom.set_identity(v_group.identities);
    end if;
    perform leadloom.project_results(v_group.batch_id, v_group.step_index, v_group.items);
    perform leadloom.enter_step(v_group.batch_id, v_group.step_index + 1, v_group.items);
    if v_group.entities is not null then
      -- A few followers at once; very many are the sequencer's work, in portions.
      perform leadloom.share_results(array(
        select w.id from public.workflow_states w
        where w.batch_id = v_group.batch_id and w.step_index = v_group.step_index and w.status = 'PENDING'
          and w.entity_value = any (v_group.entities) and w.available_at = 'infinity'
        limit 200));
      perform leadloom.wake_followers(v_group.batch_id, v_group.step_index, v_group.entities);
    end if;
  end loop;
  return jsonb_build_object('applied', v_applied, 'stale', jsonb_array_length(p_items) - v_applied);
end
$$;

-- Identity columns follow what a step found out; a key that is absent leaves its column alone.
create or replace function leadloom.set_identity(p_identities jsonb) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.batch_items i
  set person_name = case when f ? 'person_name' then f ->> 'person_name' else i.person_name end,
      first_name = case when f ? 'first_name' then f ->> 'first_name' else i.first_name end,
      last_name = case when f ? 'last_name' then f ->> 'last_name' else i.last_name end,
      title = case when f ? 'title' then f ->> 'title' else i.title end,
      email = case when f ? 'email' then f ->> 'email' else i.email end,
      linkedin = case when f ? 'linkedin' then f ->> 'linkedin' else i.linkedin end,
      company_name = case when f ? 'company_name' then f ->> 'company_name' else i.company_name end,
      company_domain = case when f ? 'company_domain' then f ->> 'company_domain' else i.company_domain end,
      company_linkedin = case when f ? 'company_linkedin' then f ->> 'company_linkedin' else i.company_linkedin end,
      website = case when f ? 'website' then f ->> 'website' else i.website end,
      industry = case when f ? 'industry' then f ->> 'industry' else i.industry end,
      country = case when f ? 'country' then f ->> 'country' else i.country end
  from jsonb_each(p_identities) as e(id, f)
  where i.id = e.id::bigint
$$;

-- An earlier attempt, as the item's timeline shows it.
create or replace function leadloom.with_attempt(p_state public.workflow_states, p_code text, p_text text)
returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(p_state.history, '[]') || jsonb_build_object(
    'attempt', p_state.attempt, 'started_at', p_state.started_at, 'sent_at', p_state.sent_at,
    'finished_at', leadloom.clock(), 'code', p_code, 'text', left(p_text, 500))
$$;

-- The same for an attempt that certainly did not go out: many of a kind in a row are one entry that counts them.
create or replace function leadloom.with_snooze(p_state public.workflow_states, p_code text, p_text text)
returns jsonb
language sql stable security invoker set search_path = ''
as $$
  with entry as (
    select leadloom.with_attempt(p_state, p_code, p_text) -> -1
           || jsonb_build_object('sent_at', null, 'snoozed', coalesce((p_state.history -> -1 ->> 'snoozed')::integer, 0) + 1) as e
  )
  select case when p_state.history -> -1 ? 'snoozed' and p_state.history -> -1 ->> 'code' = p_code
              then jsonb_set(p_state.history, '{-1}', e || jsonb_build_object('started_at', p_state.history -> -1 -> 'started_at'))
              else coalesce(p_state.history, '[]') || (e || jsonb_build_object('snoozed', 1)) end
  from entry
$$;

-- Whether a failed attempt may be followed by another. Snoozed ones, which never went out or never ran, are not
-- counted, up to 300 of them: with pauses of up to five minutes that is a day's outage, and no row loops for ever.
create or replace function leadloom.attempts_left(p_state public.workflow_states, p_snooze boolean) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select p_state.attempt - p_state.snoozes < p_state.max_attempts or leadloom.may_snooze(p_state, p_snooze)
$$;

create or replace function leadloom.may_snooze(p_state public.workflow_states, p_snooze boolean) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select coalesce(p_snooze, false) and p_state.snoozes < 300
$$;

-- p_items: [{"state_id", "attempt", "code", "text", "retry": bool, "retry_after_s": n, "unsent": bool, "unmarked":
-- bool, "snooze": bool, "resend": bool, "http_status": n, "url_sha256"}] `retry` waits and tries again while attempts
-- are left (the delay doubles per attempt, with jitter, up to an hour, and is never shorter than retry_after_s).
-- `unsent` says that the send certainly did not go out, and takes its count back; with `snooze` it uses up no attempt
-- either, and waits just for retry_after_s. `unmarked`: the caller never marked the row as sent, so if it is, that was
-- another sender, and nothing is taken back. `resend` tries again although it may have been sent: the step's setting
-- wants it so.
create or replace function public.fail_items(p_items jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_group record;
  v_failed integer := 0;
  v_retrying integer := 0;
begin
  perform leadloom.hold_states(p_items);
  for v_group in
    with input as (
      select i.*, coalesce(i.unsent, false) as not_out,
             leadloom.may_snooze(s, i.snooze and i.retry) as snoozed,
             coalesce(i.retry, false) and leadloom.attempts_left(s, i.snooze)
               and (s.sent_at is null or coalesce(i.unsent, false) or coalesce(i.resend, false)) as again,
             coalesce(i.unsent, false) and s.sent_at is not null as take_back,
             case when leadloom.may_snooze(s, i.snooze and i.retry) then leadloom.with_snooze(s, i.code, i.text)
                  when coalesce(i.unsent, false) then jsonb_set(leadloom.with_attempt(s, i.code, i.text), '{-1,sent_at}', 'null')
                  else leadloom.with_attempt(s, i.code, i.text) end as history,
             case when leadloom.may_snooze(s, i.snooze and i.retry) then coalesce(i.retry_after_s, 0)
                  else leadloom.retry_delay_s(s.attempt - s.snoozes,
                         (b.blueprint -> s.step_index::integer ->> 'retry_delay_s')::numeric, i.retry_after_s) end as delay_s
      from jsonb_to_recordset(p_items) as i(
        state_id bigint, attempt smallint, outcome text, code text, text text, retry boolean, retry_after_s numeric,
        unsent boolean, unmarked boolean, snooze boolean, resend boolean, http_status smallint, url_sha256 text)
      join public.workflow_states s
        on s.id = i.state_id and s.attempt = i.attempt and s.status = 'IN_PROGRESS'
           and (s.sent_at is null or not coalesce(i.unmarked, false))
      join public.batches b on b.id = s.batch_id
    ), done as (
      update public.workflow_states s
      set status = case when i.again then 'PENDING' else 'FAILED' end::public.state_status,
          available_at = case when i.again then v_now + i.delay_s * interval '1 second' else s.available_at end,
          error_code = coalesce(leadloom.indexable(i.code), 'workflow_error'), error_text = left(i.text, 2000), history = i.history,
          sent_at = case when i.not_out or i.again then null else s.sent_at end,
          send_count = s.send_count - i.take_back::integer, lease_until = null, deadline_at = null,
          snoozes = s.snoozes + i.snoozed::integer,
          finished_at = case when i.again then null else v_now end,
          advanced_at = case when i.again then null else v_now end
      from input i where s.id = i.state_id and s.attempt = i.attempt and s.status = 'IN_PROGRESS'
        and (s.sent_at is null or not coalesce(i.unmarked, false))
      returning s.batch_id, s.step_index, s.batch_item_id, s.entity_value, s.attempt, i.again, i.take_back, i.outcome,
                i.http_status, i.text, i.url_sha256
    ), recorded as (
      update public.sends x
      set outcome = case when d.outcome = 'unsent' then 'unsent' else 'refused' end, http_status = d.http_status,
          note = left(d.text, 500), settled_at = v_now
      from done d
      where d.take_back and x.batch_item_id = d.batch_item_id and x.step_index = d.step_index
        and x.attempt = d.attempt and x.outcome in ('marked', 'unknown', 'taken')
    )
    select batch_id, step_index, count(*) filter (where again) as retrying,
           count(*) filter (where take_back) as taken_back, min(url_sha256) as url_sha256,
           array_agg(batch_item_id order by batch_item_id) filter (where not again) as failed_items,
           array_agg(distinct entity_value) filter (where not again and entity_value is not null) as entities
    from done group by 1, 2 order by 1, 2
  loop
    perform leadloom.hold_batch(v_group.batch_id);
    v_retrying := v_retrying + v_group.retrying;
    -- The webhook's counter before the batch, as in mark_sending: two senders never wait for each other in a circle.
    update public.webhook_counters set sent = greatest(0, sent - v_group.taken_back)
    where url_sha256 = v_group.url_sha256 and v_group.taken_back > 0;
    perform leadloom.count_sends(v_group.batch_id, v_group.step_index, -v_group.taken_back);
    perform leadloom.wake_followers(v_group.batch_id, v_group.step_index, v_group.entities);
    if v_group.failed_items is not null then
      v_failed := v_failed + cardinality(v_group.failed_items);
      update public.batch_items set state = 'FAILED', finished_at = v_now
      where id = any (v_group.failed_items) and state = 'ACTIVE';
    end if;
  end loop;
  return jsonb_build_object('failed', v_failed, 'retrying', v_retrying,
                            'stale', jsonb_array_length(p_items) - v_failed - v_retrying);
end
$$;

-- The delay before attempt p_attempt + 1: doubles per attempt, plus up to a fifth of jitter, at most an hour, and never
-- shorter than the service asked for.
create or replace function leadloom.retry_delay_s(p_attempt integer, p_base_s numeric, p_retry_after_s numeric)
returns numeric
language sql volatile security invoker set search_path = ''
as $$
  select greatest(coalesce(p_retry_after_s, 0),
                  least(3600, coalesce(p_base_s, 5) * power(2, greatest(p_attempt - 1, 0)))
                    * (1 + 0.2 * random()::numeric))
$$;

-- Fail states that nobody works on (PENDING, or a lease that ran out). Returns how many.
create or replace function leadloom.fail_states(p_state_ids bigint[], p_code text, p_text text) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_group record;
  v_failed integer := 0;
begin
  for v_group in
    with failed as (
      update public.workflow_states s
      set status = 'FAILED', error_code = p_code, error_text = p_text, finished_at = v_now, advanced_at = v_now,
          lease_until = null, deadline_at = null, history = leadloom.with_attempt(s, p_code, p_text)
      where s.id = any (p_state_ids) and s.status in ('PENDING', 'IN_PROGRESS')
      returning s.batch_id, s.step_index, s.batch_item_id, s.entity_value
    )
    select batch_id, step_index, array_agg(batch_item_id order by batch_item_id) as items,
           array_agg(distinct entity_value) filter (where entity_value is not null) as entities
    from failed group by 1, 2 order by 1, 2
  loop
    v_failed := v_failed + cardinality(v_group.items);
    perform leadloom.wake_followers(v_group.batch_id, v_group.step_index, v_group.entities);
    update public.batch_items set state = 'FAILED', finished_at = v_now
    where id = any (v_group.items) and state = 'ACTIVE';
  end loop;
  return v_failed;
end
$$;

create or replace function leadloom.fail_due(
  p_batch_id bigint, p_step_index smallint, p_limit integer, p_code text, p_text text) returns integer
language sql volatile security invoker set search_path = ''
as $$
  select leadloom.fail_states(array(
    select id from public.workflow_states
    where batch_id = p_batch_id and step_index = p_step_index and status = 'PENDING'
      and available_at <= leadloom.clock()
    order by available_at, id limit p_limit for update skip locked), p_code, p_text)
$$;

-- Sends of a paid step, counted where they are charged: the batch's chart, and what it has spent.
create or replace function leadloom.count_sends(p_batch_id bigint, p_step_index smallint, p_n bigint) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if p_n <> 0 then
    perform leadloom.tally_sent(p_batch_id, p_step_index, p_n);
    update public.batches
    set spent = greatest(0, spent + p_n * (blueprint -> p_step_index::integer ->> 'cost_per_row')::numeric)
    where id = p_batch_id;
  end if;
end
$$;
