-- Rows run again, by an operator: those that failed (retry_failed), from a step on (reset_items), or at once instead of
-- later (retry_item_now). A batch that had ended is reopened; rows of one entity still pay for one answer.

-- A batch that had ended runs again because rows of it do.
create or replace function leadloom.reopen_batch(p_batch_id bigint) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.batches set state = 'RUNNING', state_reason = null, finished_at = null
  where id = p_batch_id and state = 'COMPLETED'
$$;

-- p_filter: {"step_index", "error_code", "error_text"}, each optional. Requeues at most p_limit rows a call; `more`
-- says whether others match, and `as_of`, passed back as p_as_of, keeps rows that failed since out of the next call. A
-- paid step is sent again: the caller has confirmed the count, and gives each call a p_request of its own, so that a
-- call repeated for a lost reply requeues nothing more.
create or replace function public.retry_failed(
  p_batch uuid, p_filter jsonb, p_actor text, p_as_of timestamptz default null, p_limit integer default 10000,
  p_request uuid default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
  v_now timestamptz := leadloom.clock();
  v_items bigint[];
  v_answer jsonb := leadloom.answered(p_request);
begin
  if v_answer is not null then
    return v_answer;
  end if;
  perform leadloom.refuse_archived(v_id);
  with chosen as (
    select id from public.workflow_states
    where batch_id = v_id and status = 'FAILED'
      and (p_filter ->> 'step_index' is null or step_index = (p_filter ->> 'step_index')::smallint)
      and (p_filter ->> 'error_code' is null or error_code = p_filter ->> 'error_code')
      and (p_filter ->> 'error_text' is null or error_text = p_filter ->> 'error_text')
      and finished_at <= coalesce(p_as_of, v_now)
    order by id limit p_limit for no key update skip locked
  ), requeued as (
    update public.workflow_states s
    set status = 'PENDING', max_attempts = s.attempt - s.snoozes + (b.blueprint -> s.step_index::integer ->> 'max_attempts')::smallint,
        available_at = v_now, finished_at = null, advanced_at = null, sent_at = null, accepted_at = null,
        lease_until = null, deadline_at = null
    from chosen c, public.batches b where s.id = c.id and b.id = v_id
    returning s.batch_item_id
  )
  select array_agg(batch_item_id) into v_items from requeued;
  perform leadloom.hold_batch(v_id);
  if exists (select 1 from public.batches where id = v_id and state = 'CANCELLED') then
    raise exception using errcode = 'PT409', message = 'This batch is cancelled; its rows cannot be retried.',
      hint = 'Launch a new batch from the same upload.';
  end if;
  if v_items is not null then
    perform leadloom.reopen_batch(v_id);
    perform leadloom.park_followers(v_id, v_items);
    update public.batch_items set state = 'ACTIVE', finished_at = null where id = any (v_items);
    perform leadloom.audit(p_actor, 'retry_failed', (select client_id from public.batches where id = v_id), 'batch',
                           p_batch, p_filter || jsonb_build_object('requeued', cardinality(v_items)));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object(
    'requeued', coalesce(cardinality(v_items), 0), 'as_of', coalesce(p_as_of, v_now),
    'more', coalesce(cardinality(v_items), 0) >= p_limit));
end
$$;

-- Requeued rows of one entity wait for the first of them, or for a sibling that is under way or has the answer.
create or replace function leadloom.park_followers(p_batch_id bigint, p_item_ids bigint[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_step record;
begin
  for v_step in
    select step_index, array_agg(id) as ids, array_agg(distinct entity_value) as entities
    from public.workflow_states
    where batch_item_id = any (p_item_ids) and status = 'PENDING' and entity_value is not null
    group by 1 order by 1
  loop
    perform leadloom.hold_entities(p_batch_id, v_step.step_index);
    update public.workflow_states set available_at = 'infinity' where id = any (v_step.ids);
    update public.workflow_states s set available_at = leadloom.clock()
    from (select distinct on (entity_value) id, entity_value from public.workflow_states
          where id = any (v_step.ids) order by entity_value, entity_rank, id) first
    where s.id = first.id and not exists (
      select 1 from public.workflow_states o
      where o.batch_id = p_batch_id and o.step_index = v_step.step_index and o.entity_value = first.entity_value
        and (o.status in ('IN_PROGRESS', 'COMPLETED') or o.status = 'PENDING' and o.available_at < 'infinity'));
    perform leadloom.wake_followers(p_batch_id, v_step.step_index, v_step.entities);
  end loop;
end
$$;

-- Run rows again from a step. Results from that step on are kept in superseded_results; later states go. p_request as
-- in retry_failed.
create or replace function public.reset_items(
  p_items uuid[], p_from_step integer, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_ids bigint[];
  v_batch record;
  v_n integer := 0;
  v_answer jsonb := leadloom.answered(p_request);
begin
  if v_answer is not null then
    return v_answer;
  end if;
  v_ids := leadloom.lock_for_reset(p_items, p_from_step);
  if v_ids = '{}' then
    raise exception using errcode = 'PT409', message = 'None of these rows has reached that step, or their batch is cancelled.',
      hint = 'Choose a step that the rows have reached.';
  end if;
  perform leadloom.refuse_archived(b.id) from (select distinct batch_id as id from public.batch_items where id = any (v_ids)) b;
  perform leadloom.reopen_batch(b.id) from (
    select distinct batch_id as id from public.batch_items where id = any (v_ids) order by 1) b;
  perform leadloom.reset_states(v_ids, p_from_step, 'Run again by ' || p_actor);
  update public.batch_items set state = 'ACTIVE', finished_at = null where id = any (v_ids);
  for v_batch in select b.id, b.uid, b.client_id, count(*) as n from public.batch_items i
                 join public.batches b on b.id = i.batch_id where i.id = any (v_ids) group by 1, 2, 3 order by 1 loop
    perform leadloom.audit(p_actor, 'reset_items', v_batch.client_id, 'batch', v_batch.uid,
                           jsonb_build_object('rows', v_batch.n, 'from_step', p_from_step));
    v_n := v_n + v_batch.n;
  end loop;
  return leadloom.note_answer(p_request, jsonb_build_object('reset', v_n));
end
$$;

-- The rows that have reached the step, with every state from it on locked: no worker ends one of them, or begins a next
-- one, before they start over.
create or replace function leadloom.lock_for_reset(p_items uuid[], p_from_step integer) returns bigint[]
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_ids bigint[];
  v_locked bigint[];
begin
  v_ids := array(
    select i.id from public.batch_items i
    join public.workflow_states s on s.batch_item_id = i.id and s.step_index = p_from_step
    where i.uid = any (p_items));
  loop
    v_locked := array(select id from public.workflow_states
                      where batch_item_id = any (v_ids) and step_index >= p_from_step order by id for update);
    -- Who held one of them may have begun the next step meanwhile.
    exit when cardinality(v_locked) = (select count(*) from public.workflow_states
                                       where batch_item_id = any (v_ids) and step_index >= p_from_step);
  end loop;
  perform leadloom.hold_batch(b.id) from (
    select distinct batch_id as id from public.batch_items where id = any (v_ids) order by 1) b;
  return array(select i.id from public.batch_items i join public.batches b on b.id = i.batch_id
               where i.id = any (v_ids) and b.state <> 'CANCELLED' and i.erased_at is null);
end
$$;

create or replace function leadloom.reset_states(p_item_ids bigint[], p_from_step integer, p_why text) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_led jsonb;
  v_again text := '~' || pg_catalog.pg_current_xact_id()::text;
begin
  select jsonb_agg(distinct jsonb_build_object('b', batch_id, 's', step_index, 'e', entity_value)) into v_led
  from public.workflow_states
  where batch_item_id = any (p_item_ids) and step_index >= p_from_step and entity_value is not null;
  insert into public.superseded_results
    (batch_item_id, step_index, step_name, attempt, source, raw, parsed, created_at, superseded_at)
  select batch_item_id, step_index, step_name, attempt, source, raw, parsed, created_at, v_now
  from public.enrichment_results where batch_item_id = any (p_item_ids) and step_index >= p_from_step;
  delete from public.enrichment_results where batch_item_id = any (p_item_ids) and step_index >= p_from_step;
  insert into public.attempt_floors as f (batch_item_id, step_index, attempt)
  select batch_item_id, step_index, attempt from public.workflow_states
  where batch_item_id = any (p_item_ids) and step_index > p_from_step and attempt > 0
  on conflict (batch_item_id, step_index) do update set attempt = greatest(f.attempt, excluded.attempt);
  delete from public.workflow_states where batch_item_id = any (p_item_ids) and step_index > p_from_step;
  update public.workflow_states s
  set status = 'PENDING', max_attempts = s.attempt - s.snoozes + (b.blueprint -> s.step_index::integer ->> 'max_attempts')::smallint,
      -- A row that is not placed yet goes on waiting for that.
      available_at = case when s.status = 'PENDING' and s.available_at = 'infinity' and s.entity_value is null
                          then s.available_at else v_now end,
      finished_at = null, advanced_at = null, sent_at = null, accepted_at = null, lease_until = null,
      deadline_at = null, error_code = null, error_text = null, not_found = null,
      -- What was answered, or may have been paid for, is asked anew, once for all rows that start over together.
      entity_value = case when exists (
          select 1 from public.workflow_states o
          where o.batch_id = s.batch_id and o.step_index = s.step_index and o.entity_value = s.entity_value
            and (o.status in ('COMPLETED', 'FAILED') or o.sent_at is not null))
        then split_part(s.entity_value, '~', 1) || v_again else s.entity_value end,
      history = case when s.attempt > 0 then leadloom.with_attempt(s, 'rerun', p_why) end
  from public.batches b
  where s.batch_item_id = any (p_item_ids) and s.step_index = p_from_step and b.id = s.batch_id;
  -- Rows that waited for one of these wait no longer for it.
  perform leadloom.wake_followers(w.b, w.s, w.entities) from (
    select b, s, array_agg(e) as entities
    from jsonb_to_recordset(coalesce(v_led, '[]')) as l(b bigint, s smallint, e text)
    group by b, s order by b, s) w;
  -- An entity of which every row starts over goes on being recognised: who comes now waits for the new answer.
  update public.entity_keys k set entity = split_part(k.entity, '~', 1) || v_again
  from jsonb_to_recordset(coalesce(v_led, '[]')) as l(b bigint, s smallint, e text)
  where l.s = p_from_step and k.batch_id = l.b and k.step_index = l.s and k.entity = l.e
    and not exists (select 1 from public.workflow_states o
                    where o.batch_id = l.b and o.step_index = l.s and o.entity_value = l.e);
  perform leadloom.park_followers(b.id, b.items) from (
    select batch_id as id, array_agg(id) as items from public.batch_items where id = any (p_item_ids)
    group by 1 order by 1) b;
end
$$;

-- A row that waits for its next try is due at once.
create or replace function public.retry_item_now(p_item uuid, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_id bigint := leadloom.item_id(p_item);
  v_batch public.batches;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  select b.* into v_batch from public.batch_items i join public.batches b on b.id = i.batch_id where i.id = v_id;
  update public.workflow_states set available_at = leadloom.clock()
  where batch_item_id = v_id and status = 'PENDING' and attempt > 0 and available_at <> 'infinity'
    and available_at > leadloom.clock();
  if found then
    perform leadloom.audit(p_actor, 'retry_item_now', v_batch.client_id, 'item', p_item);
    return leadloom.note_answer(p_request, jsonb_build_object('changed', true));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('changed', false));
end
$$;
