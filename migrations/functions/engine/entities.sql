-- Rows of one batch that are about the same entity, the same company say (placing.sql finds out), pay for one answer
-- and share it: one row leads, the others wait parked (available_at 'infinity'). Whenever a row of an entity ends
-- without one under way, the entity is noted in waking_entities, and the sequencer shares the answer, fails the
-- followers or picks a new leader.

-- One at a time decides who leads an entity of this step: two rows of one company never both go out because neither saw
-- the other.
create or replace function leadloom.hold_entities(p_batch_id bigint, p_step_index integer) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform leadloom.hold_batch(p_batch_id);
  perform pg_catalog.pg_advisory_xact_lock(p_batch_id * 64 + p_step_index);
end
$$;

-- Those of all these states, in the order of batches and steps.
create or replace function leadloom.hold_entities_of(p_state_ids bigint[]) returns void
language sql volatile security invoker set search_path = ''
as $$
  select leadloom.hold_entities(e.batch_id, e.step_index)
  from (select distinct batch_id, step_index from public.workflow_states
        where id = any (p_state_ids) and entity_value is not null order by 1, 2) e
$$;

-- The same without waiting, for whoever holds locks of later steps already: entity locks are taken in the order of
-- steps.
create or replace function leadloom.try_hold_entities(p_batch_id bigint, p_step_index integer) returns boolean
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform leadloom.hold_batch(p_batch_id);
  return pg_catalog.pg_try_advisory_xact_lock(p_batch_id * 64 + p_step_index);
end
$$;

-- Give parked states the result of a finished sibling with the same entity; states without one stay parked.
create or replace function leadloom.share_results(p_state_ids bigint[]) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_group record;
  v_shared integer := 0;
begin
  for v_group in
    with parked as (
      select s.id, s.batch_item_id, s.batch_id, s.step_index, s.step_name, s.entity_value
      from public.workflow_states s
      where s.id = any (p_state_ids) and s.status = 'PENDING' and s.available_at = 'infinity'
      for update of s skip locked
    ), answers as (
      -- Any finished row of the entity will do: a shared answer is a copy.
      select e.*, r.raw, r.parsed, r.attempt, r.not_found
      from (select distinct batch_id, step_index, entity_value from parked) e
      cross join lateral (
        select r.raw, r.parsed, r.attempt, o.not_found from public.workflow_states o
        join public.enrichment_results r on r.batch_item_id = o.batch_item_id and r.step_index = o.step_index
        where o.batch_id = e.batch_id and o.step_index = e.step_index and o.entity_value = e.entity_value
          and o.status = 'COMPLETED'
        limit 1) r
    ), taken as (
      select p.*, a.raw, a.parsed, a.attempt, a.not_found from parked p join answers a using (batch_id, step_index, entity_value)
    ), done as (
      update public.workflow_states s
      set status = 'COMPLETED', finished_at = v_now, advanced_at = v_now, available_at = v_now, error_code = null,
          error_text = null, not_found = t.not_found
      from taken t where s.id = t.id
      returning s.id
    ), results as (
      insert into public.enrichment_results
        (batch_item_id, step_index, step_name, attempt, source, raw, parsed, created_at)
      select t.batch_item_id, t.step_index, t.step_name, t.attempt, 'shared', t.raw, t.parsed, v_now from taken t
      on conflict (batch_item_id, step_index) do nothing
      returning 1
    )
    select t.batch_id, t.step_index, array_agg(t.batch_item_id order by t.batch_item_id) as items
    from taken t group by 1, 2 order by 1, 2
  loop
    perform leadloom.enter_step(v_group.batch_id, v_group.step_index + 1, v_group.items);
    v_shared := v_shared + cardinality(v_group.items);
  end loop;
  return v_shared;
end
$$;

-- A row of these entities has ended, or is about to lead no longer: whoever waits for it is looked at by the sequencer.
create or replace function leadloom.wake_followers(p_batch_id bigint, p_step_index smallint, p_entities text[])
returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if p_entities is null then
    return;
  end if;
  perform leadloom.hold_entities(p_batch_id, p_step_index);
  insert into public.waking_entities (batch_id, step_index, entity_value, noted_at)
  select p_batch_id, p_step_index, e, leadloom.clock() from (select distinct e from unnest(p_entities) e) entities
  where exists (select 1 from public.workflow_states w
                where w.batch_id = p_batch_id and w.step_index = p_step_index and w.entity_value = e
                  and w.status = 'PENDING' and w.available_at = 'infinity')
    and not exists (select 1 from public.workflow_states w
                    where w.batch_id = p_batch_id and w.step_index = p_step_index and w.entity_value = e
                      and (w.status = 'IN_PROGRESS' or w.status = 'PENDING' and w.available_at < 'infinity'))
  on conflict do nothing;
end
$$;

-- Parked states whose leader has ended share its answer, fail with it, or get a new leader; at most `limit` states.
create or replace function leadloom.settle_parked(p_args jsonb, p_batch_id bigint) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_wake public.waking_entities;
  v_parked bigint[];
  v_limit integer := (p_args ->> 'limit')::integer;
  v_left integer := v_limit;
  v_faulty bigint[] := leadloom.faulty_batches();
begin
  for v_wake in
    select * from public.waking_entities
    where (p_batch_id is null or batch_id = p_batch_id) and batch_id <> all (v_faulty)
    order by batch_id, step_index, entity_value limit v_limit for update skip locked
  loop
    exit when v_left <= 0;
    continue when not leadloom.try_hold_entities(v_wake.batch_id, v_wake.step_index);
    v_parked := array(
      select id from public.workflow_states
      where batch_id = v_wake.batch_id and step_index = v_wake.step_index and entity_value = v_wake.entity_value
        and status = 'PENDING' and available_at = 'infinity'
      order by id limit v_left for update skip locked);
    v_left := v_left - greatest(1, cardinality(v_parked));
    perform leadloom.settle_entity(v_wake, v_parked);
    -- Rows beyond the limit, or locked just now, are looked at in the next turn.
    delete from public.waking_entities k
    where k.batch_id = v_wake.batch_id and k.step_index = v_wake.step_index and k.entity_value = v_wake.entity_value
      and (exists (select 1 from public.workflow_states w
                   where w.batch_id = k.batch_id and w.step_index = k.step_index and w.entity_value = k.entity_value
                     and (w.status = 'IN_PROGRESS' or w.status = 'PENDING' and w.available_at < 'infinity'))
           or not exists (select 1 from public.workflow_states w
                          where w.batch_id = k.batch_id and w.step_index = k.step_index
                            and w.entity_value = k.entity_value and w.status = 'PENDING'
                            and w.available_at = 'infinity'));
  end loop;
  return jsonb_build_object('settled', v_limit - v_left);
end
$$;

-- What was asked is not asked again: a final answer ("unknown to Clay") holds for every row that knows no better key
-- than the row that was asked had; a call that may have been paid for, and brought nothing that can be used, for every
-- row. Where nothing went out, the strongest row leads next.
create or replace function leadloom.settle_entity(p_wake public.waking_entities, p_parked bigint[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_asked record;
  v_over bigint[];
begin
  if leadloom.share_results(p_parked) > 0 or exists (
    select 1 from public.workflow_states o
    where o.batch_id = p_wake.batch_id and o.step_index = p_wake.step_index and o.entity_value = p_wake.entity_value
      and (o.status = 'IN_PROGRESS' or o.status = 'PENDING' and o.available_at < 'infinity'))
  then
    return;
  end if;
  select o.error_code as code, case when o.error_code in ('clay_error', 'not_found') then coalesce(o.entity_rank, 1) else 1 end as rank
  into v_asked
  from public.workflow_states o
  where o.batch_id = p_wake.batch_id and o.step_index = p_wake.step_index and o.entity_value = p_wake.entity_value
    and o.status = 'FAILED' and (o.sent_at is not null or o.error_code in ('clay_error', 'not_found', 'unreadable_answer'))
  order by 2, o.id limit 1;
  v_over := array(select id from public.workflow_states
                  where id = any (p_parked) and coalesce(entity_rank, 1) >= v_asked.rank order by id);
  if v_over <> '{}' then
    perform leadloom.fail_states(v_over, v_asked.code, case v_asked.code
      when 'clay_error' then
        'Clay had no answer for another row with the same company or person; it was not sent again.'
      when 'not_found' then
        'Nothing was found for another row with the same company or person; it was not sent again.'
      when 'unreadable_answer' then
        'The answer for another row with the same company or person could not be read; it was not sent again.'
      else
        'Another row with the same company or person was sent and may have been charged, but got no answer; this one was not sent.'
      end);
    return;
  end if;
  update public.workflow_states set available_at = leadloom.clock()
  where id = (select w.id from public.workflow_states w
              where w.batch_id = p_wake.batch_id and w.step_index = p_wake.step_index
                and w.entity_value = p_wake.entity_value and w.status = 'PENDING' and w.available_at = 'infinity'
              order by w.entity_rank, w.id limit 1 for update skip locked);
end
$$;
