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

-- The gate of a batch. Whoever makes work in it, or makes ended work live again, holds the gate shared until its
-- transaction ends, and looks at the batch's state after that; cancelling and finishing hold it alone. So a cancelled
-- or finished batch never gets a live row behind its back.
--
-- Locks are always taken in this order, and what a cancel, a finish or a sweep wants is skipped when it is locked:
-- states (by id), gate, webhook counter, batch row, entities of a step (by batch and step), items.
create or replace function leadloom.hold_batch(p_batch_id bigint) returns void
language sql volatile security invoker set search_path = ''
as $$
  select pg_catalog.pg_advisory_xact_lock_shared(4711, (p_batch_id % 2147483647)::integer)
$$;

-- Items enter a step: PENDING, or SKIPPED where the step's condition is not met; past the last step they are done.
-- Where rows share paid results they enter unplaced (available_at 'infinity') until it is known which entity each is
-- about (placing.sql). Entering twice changes nothing. Returns how many items are done.
create or replace function leadloom.enter_step(p_batch_id bigint, p_step_index integer, p_item_ids bigint[])
returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_step jsonb;
  v_state public.batch_state;
  v_now timestamptz := leadloom.clock();
  v_done integer := 0;
begin
  perform leadloom.hold_batch(p_batch_id);
  select blueprint -> p_step_index, state into v_step, v_state from public.batches where id = p_batch_id;
  if v_step is null then
    update public.batch_items set state = 'COMPLETED', finished_at = v_now
    where id = any (p_item_ids) and state = 'ACTIVE';
    get diagnostics v_done = row_count;
  elsif v_state = 'CANCELLED' then
    perform leadloom.enter_cancelled(p_batch_id, p_step_index, v_step, p_item_ids);
  elsif v_step -> 'condition' is distinct from 'null' or leadloom.is_shared_step(v_step) then
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

-- A step that finished while its batch was being cancelled goes no further.
create or replace function leadloom.enter_cancelled(
  p_batch_id bigint, p_step_index integer, p_step jsonb, p_item_ids bigint[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
begin
  insert into public.workflow_states
    (batch_item_id, batch_id, step_index, step_name, status, max_attempts, available_at, finished_at, advanced_at,
     created_at)
  select id, p_batch_id, p_step_index, p_step ->> 'slug', 'CANCELLED', (p_step ->> 'max_attempts')::smallint, v_now,
         v_now, v_now, v_now
  from unnest(p_item_ids) id
  on conflict (batch_item_id, step_index) do nothing;
  update public.batch_items set state = 'CANCELLED', finished_at = v_now
  where id = any (p_item_ids) and state = 'ACTIVE';
end
$$;

create or replace function leadloom.enter_particular_step(
  p_batch_id bigint, p_step_index integer, p_step jsonb, p_item_ids bigint[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_unconditional boolean := p_step -> 'condition' is null or p_step -> 'condition' = 'null';
  v_ready_at timestamptz := case when leadloom.is_shared_step(p_step) then 'infinity' else v_now end;
begin
  insert into public.workflow_states
    (batch_item_id, batch_id, step_index, step_name, status, max_attempts, available_at, finished_at, created_at)
  select id, p_batch_id, p_step_index, p_step ->> 'slug', case when met then 'PENDING' else 'SKIPPED' end::public.state_status,
         (p_step ->> 'max_attempts')::smallint, case when met then v_ready_at else v_now end,
         case when not met then v_now end, v_now
  from (select i.id, v_unconditional
                     or leadloom.condition_met(p_step -> 'condition', leadloom.item_fields(i, p_step_index)) as met
        from unnest(p_item_ids) with ordinality as e(id, o) join public.batch_items i on i.id = e.id) judged
  order by id
  on conflict (batch_item_id, step_index) do nothing;
end
$$;

-- End batches whose last row has ended. A paused batch with nothing left to do has ended too.
create or replace function leadloom.finish_batches(p_args jsonb, p_batch_id bigint) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_ids bigint[];
  v_n integer;
begin
  v_ids := array(
    select b.id from public.batches b
    where b.state in ('RUNNING', 'PAUSED') and b.filled_rows = b.item_count and b.fault is null
      and (p_batch_id is null or b.id = p_batch_id)
      and not exists (select 1 from public.batch_items i where i.batch_id = b.id and i.state = 'ACTIVE')
    for no key update skip locked);
  -- Rows that somebody makes live again just now show in a look taken with the gate closed.
  v_ids := array(select id from unnest(v_ids) id
                 where pg_catalog.pg_try_advisory_xact_lock(4711, (id % 2147483647)::integer));
  update public.batches b set state = 'COMPLETED', state_reason = null, finished_at = leadloom.clock()
  where b.id = any (v_ids)
    and not exists (select 1 from public.batch_items i where i.batch_id = b.id and i.state = 'ACTIVE');
  get diagnostics v_n = row_count;
  return jsonb_build_object('finished_batches', v_n);
end
$$;

-- Advance up to `limit` finished states, of every batch at once or of one; one statement per chunk.
create or replace function leadloom.advance_finished(p_args jsonb, p_batch_id bigint) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_group record;
  v_now timestamptz := leadloom.clock();
  v_faulty bigint[] := leadloom.faulty_batches();
  v_advanced integer := 0;
  v_items integer := 0;
begin
  for v_group in
    with finished as (
      select id from public.workflow_states
      where advanced_at is null and status in ('COMPLETED', 'SKIPPED', 'FAILED')
        and (p_batch_id is null or batch_id = p_batch_id) and batch_id <> all (v_faulty)
      order by id limit (p_args ->> 'limit')::integer for update skip locked
    ), marked as (
      update public.workflow_states s set advanced_at = v_now from finished f where s.id = f.id
      returning s.batch_id, s.step_index, s.batch_item_id, s.status
    )
    select batch_id, step_index, status = 'FAILED' as failed, array_agg(batch_item_id order by batch_item_id) as items
    from marked group by 1, 2, 3 order by 1, 2, 3
  loop
    v_advanced := v_advanced + cardinality(v_group.items);
    if v_group.failed then
      update public.batch_items set state = 'FAILED', finished_at = v_now
      where id = any (v_group.items) and state = 'ACTIVE';
    elsif p_batch_id is null then
      v_items := v_items + leadloom.enter_step(v_group.batch_id, v_group.step_index + 1, v_group.items);
    else
      v_items := v_items + leadloom.enter_step_by_parts(v_group.batch_id, v_group.step_index + 1, v_group.items);
    end if;
  end loop;
  return jsonb_build_object('advanced', v_advanced, 'finished_items', v_items);
end
$$;

-- One turn of the sequencer: advance finished states, finish batches, settle parked rows, fill launched batches. What
-- the database refuses in one batch holds that batch alone.
create or replace function public.advance_completed_items(p_limit integer default 2000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_args jsonb := jsonb_build_object('limit', p_limit);
begin
  -- Two engines may overlap for a moment; they take turns.
  perform pg_catalog.pg_advisory_xact_lock(4710, 3);
  return '{"advanced": 0, "finished_items": 0, "finished_batches": 0, "settled": 0, "filled": 0}'::jsonb
    || leadloom.in_every_batch('advance_finished', v_args)
    || leadloom.in_every_batch('finish_batches', v_args)
    || leadloom.in_every_batch('settle_parked', v_args)
    || leadloom.in_every_batch('fill_rows', v_args)
    || jsonb_build_object('unplaced', leadloom.any_unplaced());
end
$$;
