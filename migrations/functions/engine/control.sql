-- What an operator does to a batch: pause, resume, cancel. Each answers with how many rows it changed and writes the
-- audit log. A paused batch starts and sends nothing more; a cancelled one never will again. Both keep what Clay sends.

-- The gate is closed for it: once this has returned, no group of rows is marked as sent any more.
create or replace function public.pause_batch(p_batch uuid, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
  v_changed boolean;
begin
  perform pg_catalog.pg_advisory_xact_lock(4711, (v_id % 2147483647)::integer);
  update public.batches set state = 'PAUSED', state_reason = 'Paused by ' || p_actor
  where id = v_id and state = 'RUNNING';
  v_changed := found;
  if v_changed then
    perform leadloom.audit(p_actor, 'pause_batch', (select client_id from public.batches where id = v_id), 'batch', p_batch);
  end if;
  return jsonb_build_object('changed', v_changed::integer);
end
$$;

create or replace function public.resume_batch(p_batch uuid, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
  v_changed boolean;
begin
  update public.batches
  set state = case when state = 'PAUSED' then 'RUNNING' else state end, state_reason = null, fault = null
  where id = v_id and (state = 'PAUSED' or fault is not null);
  v_changed := found;
  if v_changed then
    perform leadloom.audit(p_actor, 'resume_batch', (select client_id from public.batches where id = v_id), 'batch', p_batch);
  end if;
  return jsonb_build_object('changed', v_changed::integer);
end
$$;

-- Nothing more is started or sent; what Clay still sends back is kept in the inbox. The cancelled rows are done in
-- chunks by the caller repeating the call while `more` is true, so that a huge batch stays under the statement
-- time-out. Rows that a worker is ending at this moment are left to the next call.
create or replace function public.cancel_batch(p_batch uuid, p_actor text, p_limit integer default 10000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
  v_now timestamptz := leadloom.clock();
  v_first boolean;
  v_n integer;
begin
  perform pg_catalog.pg_advisory_xact_lock(4711, (v_id % 2147483647)::integer);
  update public.batches
  set state = 'CANCELLED', state_reason = 'Cancelled by ' || p_actor, finished_at = v_now, item_count = filled_rows,
      fault = null
  where id = v_id and state in ('RUNNING', 'PAUSED');
  v_first := found;
  if v_first then
    perform leadloom.audit(p_actor, 'cancel_batch', (select client_id from public.batches where id = v_id), 'batch', p_batch);
  elsif not exists (select 1 from public.batches where id = v_id and state = 'CANCELLED') then
    return jsonb_build_object('changed', 0, 'items', 0, 'more', false);
  end if;
  delete from public.dispatch_chunks where batch_id = v_id;
  delete from public.waking_entities where batch_id = v_id;
  v_n := leadloom.cancel_items(array(
    select id from public.batch_items where batch_id = v_id and state = 'ACTIVE'
    order by id limit p_limit for no key update skip locked));
  return jsonb_build_object('changed', v_first::integer, 'items', v_n,
    'more', exists (select 1 from public.batch_items where batch_id = v_id and state = 'ACTIVE'));
end
$$;

-- Cancel those of these (locked) items whose unfinished states nobody else has locked; returns how many.
create or replace function leadloom.cancel_items(p_items bigint[]) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_states bigint[];
  v_n integer;
begin
  -- Keyed looks only: joining two arrays here is planned for ten rows and takes the square of ten thousand.
  v_states := array(select id from public.workflow_states where batch_item_id = any (p_items) and advanced_at is null
                    for no key update skip locked);
  update public.workflow_states
  set status = 'CANCELLED', finished_at = v_now, advanced_at = v_now, lease_until = null, deadline_at = null,
      error_code = null, error_text = null
  where id = any (v_states) and status in ('PENDING', 'IN_PROGRESS', 'SKIPPED');
  update public.batch_items i set state = 'CANCELLED', finished_at = v_now
  where i.id = any (p_items)
    and (select count(*) from public.workflow_states s where s.batch_item_id = i.id and s.advanced_at is null) = 0;
  get diagnostics v_n = row_count;
  return v_n;
end
$$;
