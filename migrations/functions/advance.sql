-- The sequencer: a finished state becomes the next step's PENDING state, or the end of its item; the last item's end
-- is the end of its batch. The next step is read from the batch's blueprint, never guessed.

-- Everything an item is known by before step p_before: identity, then each earlier result on top of it.
create or replace function leadloom.item_fields(p_item public.batch_items, p_before integer) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.identity_fields(p_item) || coalesce((
    select jsonb_object_agg(f.key, f.value order by r.step_index)
    from public.enrichment_results r, jsonb_each(r.parsed) f
    where r.batch_item_id = p_item.id and r.step_index < p_before), '{}')
$$;

-- Items enter a step: PENDING, or SKIPPED where the step's condition is not met; past the last step they are done.
-- Rows that name the same entity (the same company, say) as an earlier row of the batch wait for that row's paid answer
-- (available_at 'infinity') and share it. Entering twice changes nothing. Returns how many items are done.
create or replace function leadloom.enter_step(p_batch_id bigint, p_step_index integer, p_item_ids bigint[])
returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_step jsonb;
  v_now timestamptz := leadloom.clock();
  v_done integer := 0;
begin
  select blueprint -> p_step_index into v_step from public.batches where id = p_batch_id;
  if v_step is null then
    update public.batch_items set state = 'COMPLETED', finished_at = v_now
    where id = any (p_item_ids) and state = 'ACTIVE';
    get diagnostics v_done = row_count;
  elsif v_step -> 'condition' is distinct from 'null' or v_step ->> 'entity_key' is not null then
    perform leadloom.enter_particular_step(p_batch_id, p_step_index, v_step, p_item_ids);
  else
    insert into public.workflow_states
      (batch_item_id, batch_id, step_index, step_name, max_attempts, available_at, created_at)
    select id, p_batch_id, p_step_index, v_step ->> 'slug', (v_step ->> 'max_attempts')::smallint, v_now, v_now
    from unnest(p_item_ids) id
    on conflict (batch_item_id, step_index) do nothing;
  end if;
  return v_done;
end
$$;

create or replace function leadloom.enter_particular_step(
  p_batch_id bigint, p_step_index integer, p_step jsonb, p_item_ids bigint[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_fresh bigint[];
begin
  with entering as (
    select i.id, leadloom.item_fields(i, p_step_index) as fields
    from unnest(p_item_ids) with ordinality as e(id, o) join public.batch_items i on i.id = e.id
  ), judged as (
    select id, leadloom.condition_met(p_step -> 'condition', fields) as met,
           nullif(lower(btrim(fields ->> (p_step ->> 'entity_key'))), '') as entity
    from entering
  ), fresh as (
    insert into public.workflow_states
      (batch_item_id, batch_id, step_index, step_name, status, max_attempts, available_at, finished_at, entity_value,
       created_at)
    select j.id, p_batch_id, p_step_index, p_step ->> 'slug',
           case when j.met then 'PENDING' else 'SKIPPED' end::public.state_status, (p_step ->> 'max_attempts')::smallint,
           case when j.met and j.entity is not null and (
                  row_number() over (partition by j.met, j.entity order by j.id) > 1
                  or exists (select 1 from public.workflow_states o
                             where o.batch_id = p_batch_id and o.step_index = p_step_index
                               and o.entity_value = j.entity and o.status in ('PENDING', 'IN_PROGRESS', 'COMPLETED')))
                then 'infinity'::timestamptz else v_now end,
           case when j.met then null else v_now end, case when j.met then j.entity end, v_now
    from judged j order by j.id
    on conflict (batch_item_id, step_index) do nothing
    returning id, entity_value, available_at
  )
  select array_agg(id) into v_fresh from fresh where available_at = 'infinity';
  if v_fresh is not null then
    perform leadloom.share_results(v_fresh);
  end if;
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
    with taken as (
      select s.id, s.batch_item_id, s.batch_id, s.step_index, s.step_name, r.raw, r.parsed, r.attempt
      from public.workflow_states s
      cross join lateral (
        select r.* from public.workflow_states o
        join public.enrichment_results r on r.batch_item_id = o.batch_item_id and r.step_index = o.step_index
        where o.batch_id = s.batch_id and o.step_index = s.step_index and o.entity_value = s.entity_value
          and o.status = 'COMPLETED' and r.source <> 'shared'
        order by o.finished_at desc limit 1) r
      where s.id = any (p_state_ids) and s.status = 'PENDING' and s.available_at = 'infinity'
      for update of s skip locked
    ), done as (
      update public.workflow_states s
      set status = 'COMPLETED', finished_at = v_now, advanced_at = v_now, available_at = v_now, error_code = null,
          error_text = null
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
    from taken t group by 1, 2
  loop
    perform leadloom.enter_step(v_group.batch_id, v_group.step_index + 1, v_group.items);
    v_shared := v_shared + cardinality(v_group.items);
  end loop;
  return v_shared;
end
$$;

-- Parked states whose leader is gone (it failed, was cancelled, or finished in the same moment) share, fail with it, or
-- get a new leader. Looks only at steps where nothing is under way, so a busy batch costs one probe per step.
create or replace function leadloom.settle_parked(p_limit integer) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_step record;
  v_parked bigint[];
  v_changed integer := 0;
  v_n integer;
begin
  for v_step in
    select b.id as batch_id, (e.o - 1)::smallint as step_index
    from public.batches b, jsonb_array_elements(b.blueprint) with ordinality as e(s, o)
    where b.state = 'RUNNING' and e.s ->> 'entity_key' is not null
      and exists (select 1 from public.workflow_states w where w.batch_id = b.id and w.step_index = e.o - 1
                  and w.status = 'PENDING' and w.available_at = 'infinity')
      and not exists (select 1 from public.workflow_states w where w.batch_id = b.id and w.step_index = e.o - 1
                      and w.status = 'PENDING' and w.available_at < 'infinity')
  loop
    select array_agg(id) into v_parked from (
      select w.id from public.workflow_states w
      where w.batch_id = v_step.batch_id and w.step_index = v_step.step_index and w.status = 'PENDING'
        and w.available_at = 'infinity'
        and not exists (select 1 from public.workflow_states o
          where o.batch_id = w.batch_id and o.step_index = w.step_index and o.entity_value = w.entity_value
            and o.status = 'IN_PROGRESS')
      order by w.id limit p_limit) parked;
    continue when v_parked is null;
    v_changed := v_changed + leadloom.share_results(v_parked);
    -- Clay said that there is nothing to find: asking again for the same entity would only cost again.
    v_changed := v_changed + leadloom.fail_states(
      (select array_agg(w.id) from public.workflow_states w
       where w.id = any (v_parked) and w.status = 'PENDING' and exists (
         select 1 from public.workflow_states o
         where o.batch_id = w.batch_id and o.step_index = w.step_index and o.entity_value = w.entity_value
           and o.status = 'FAILED' and o.error_code = 'clay_error')),
      'clay_error', 'Clay had no answer for another row with the same company or person; it was not asked again.');
    update public.workflow_states w set available_at = leadloom.clock()
    from (select distinct on (entity_value) id from public.workflow_states
          where id = any (v_parked) and status = 'PENDING' order by entity_value, id) first
    where w.id = first.id;
    get diagnostics v_n = row_count;
    v_changed := v_changed + v_n;
  end loop;
  return v_changed;
end
$$;

-- Advance up to p_limit finished states (one statement per chunk), fill launched batches, finish finished ones.
create or replace function public.advance_completed_items(p_limit integer default 2000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_group record;
  v_now timestamptz := leadloom.clock();
  v_advanced integer := 0;
  v_items integer := 0;
  v_batches integer;
begin
  for v_group in
    with finished as (
      select id from public.workflow_states
      where advanced_at is null and status in ('COMPLETED', 'SKIPPED', 'FAILED')
      order by id limit p_limit for update skip locked
    ), marked as (
      update public.workflow_states s set advanced_at = v_now from finished f where s.id = f.id
      returning s.batch_id, s.step_index, s.batch_item_id, s.status
    )
    select batch_id, step_index, status = 'FAILED' as failed, array_agg(batch_item_id order by batch_item_id) as items
    from marked group by 1, 2, 3
  loop
    v_advanced := v_advanced + cardinality(v_group.items);
    if v_group.failed then
      update public.batch_items set state = 'FAILED', finished_at = v_now
      where id = any (v_group.items) and state = 'ACTIVE';
    else
      v_items := v_items + leadloom.enter_step(v_group.batch_id, v_group.step_index + 1, v_group.items);
    end if;
  end loop;
  update public.batches b set state = 'COMPLETED', state_reason = null, finished_at = v_now
  where b.state = 'RUNNING' and b.filled_rows = b.item_count
    and not exists (select 1 from public.batch_items i where i.batch_id = b.id and i.state = 'ACTIVE');
  get diagnostics v_batches = row_count;
  return jsonb_build_object('advanced', v_advanced, 'finished_items', v_items, 'finished_batches', v_batches,
    'settled', leadloom.settle_parked(p_limit),
    'filled', (public.fill_batches(p_limit) -> 'filled')::integer);
end
$$;
