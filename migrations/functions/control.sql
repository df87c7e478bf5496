-- What an operator does to a batch or to rows of it. Each answers with how many rows it changed and writes the audit log.

create or replace function public.pause_batch(p_batch uuid, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
  v_changed boolean;
begin
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
  update public.batches set state = 'RUNNING', state_reason = null where id = v_id and state = 'PAUSED';
  v_changed := found;
  if v_changed then
    perform leadloom.audit(p_actor, 'resume_batch', (select client_id from public.batches where id = v_id), 'batch', p_batch);
  end if;
  return jsonb_build_object('changed', v_changed::integer);
end
$$;

-- Nothing more is started or sent; what Clay still sends back is kept in the inbox. The cancelled rows are done in
-- chunks by the caller repeating the call while `more` is true, so that a huge batch stays under the statement time-out.
create or replace function public.cancel_batch(p_batch uuid, p_actor text, p_limit integer default 20000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
  v_now timestamptz := leadloom.clock();
  v_first boolean;
  v_items bigint[];
begin
  update public.batches
  set state = 'CANCELLED', state_reason = 'Cancelled by ' || p_actor, finished_at = v_now, item_count = filled_rows
  where id = v_id and state in ('RUNNING', 'PAUSED');
  v_first := found;
  if v_first then
    perform leadloom.audit(p_actor, 'cancel_batch', (select client_id from public.batches where id = v_id), 'batch', p_batch);
  elsif not exists (select 1 from public.batches where id = v_id and state = 'CANCELLED') then
    return jsonb_build_object('changed', 0, 'items', 0, 'more', false);
  end if;
  delete from public.dispatch_chunks where batch_id = v_id;
  with ended as (
    update public.batch_items set state = 'CANCELLED', finished_at = v_now
    where id in (select id from public.batch_items where batch_id = v_id and state = 'ACTIVE' limit p_limit)
    returning id
  )
  select array_agg(id) into v_items from ended;
  update public.workflow_states s
  set status = 'CANCELLED', finished_at = v_now, advanced_at = v_now, lease_until = null, deadline_at = null,
      error_code = null, error_text = null
  where s.batch_item_id = any (v_items) and s.status in ('PENDING', 'IN_PROGRESS');
  return jsonb_build_object('changed', v_first::integer, 'items', coalesce(cardinality(v_items), 0),
    'more', exists (select 1 from public.batch_items where batch_id = v_id and state = 'ACTIVE'));
end
$$;

-- A batch that had ended runs again because rows of it do.
create or replace function leadloom.reopen_batch(p_batch_id bigint) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.batches set state = 'RUNNING', state_reason = null, finished_at = null
  where id = p_batch_id and state = 'COMPLETED'
$$;

-- p_filter: {"step_index", "error_code", "error_text"}, each optional. Requeues at most p_limit rows a call; `more` says
-- whether others match, and `as_of`, passed back as p_as_of, keeps rows that failed since out of the next call. A paid
-- step is sent again: the caller has confirmed the count.
create or replace function public.retry_failed(
  p_batch uuid, p_filter jsonb, p_actor text, p_as_of timestamptz default null, p_limit integer default 10000)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
  v_now timestamptz := leadloom.clock();
  v_items bigint[];
  v_state public.batch_state;
begin
  select state into v_state from public.batches where id = v_id for update;
  if v_state = 'CANCELLED' then
    raise exception using errcode = 'PT409', message = 'This batch is cancelled; its rows cannot be retried.',
      hint = 'Launch a new batch from the same upload.';
  end if;
  with chosen as (
    select id from public.workflow_states
    where batch_id = v_id and status = 'FAILED'
      and (p_filter ->> 'step_index' is null or step_index = (p_filter ->> 'step_index')::smallint)
      and (p_filter ->> 'error_code' is null or error_code = p_filter ->> 'error_code')
      and (p_filter ->> 'error_text' is null or error_text = p_filter ->> 'error_text')
      and finished_at <= coalesce(p_as_of, v_now)
    order by id limit p_limit for update
  ), requeued as (
    update public.workflow_states s
    set status = 'PENDING', max_attempts = s.attempt + (b.blueprint -> s.step_index::integer ->> 'max_attempts')::smallint,
        available_at = v_now, finished_at = null, advanced_at = null, sent_at = null, accepted_at = null,
        lease_until = null, deadline_at = null
    from chosen c, public.batches b where s.id = c.id and b.id = v_id
    returning s.batch_item_id
  )
  select array_agg(batch_item_id) into v_items from requeued;
  update public.batch_items set state = 'ACTIVE', finished_at = null where id = any (v_items);
  if v_items is not null then
    perform leadloom.park_followers(v_id, v_items);
    perform leadloom.reopen_batch(v_id);
    perform leadloom.audit(p_actor, 'retry_failed', (select client_id from public.batches where id = v_id), 'batch',
                           p_batch, p_filter || jsonb_build_object('requeued', cardinality(v_items)));
  end if;
  return jsonb_build_object('requeued', coalesce(cardinality(v_items), 0), 'as_of', coalesce(p_as_of, v_now),
                            'more', coalesce(cardinality(v_items), 0) >= p_limit);
end
$$;

-- Requeued rows of one entity wait for the first of them, as at launch.
create or replace function leadloom.park_followers(p_batch_id bigint, p_item_ids bigint[]) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.workflow_states s set available_at = 'infinity'
  from (select id, row_number() over (partition by step_index, entity_value order by id) as n
        from public.workflow_states
        where batch_item_id = any (p_item_ids) and batch_id = p_batch_id and status = 'PENDING'
          and entity_value is not null) f
  where s.id = f.id and f.n > 1
$$;

-- Run rows again from a step. Results from that step on are kept in superseded_results; later states go.
create or replace function public.reset_items(p_items uuid[], p_from_step integer, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_ids bigint[];
  v_batch record;
  v_n integer := 0;
begin
  select array_agg(i.id) into v_ids
  from public.batch_items i
  join public.workflow_states s on s.batch_item_id = i.id and s.step_index = p_from_step
  join public.batches b on b.id = i.batch_id and b.state <> 'CANCELLED'
  where i.uid = any (p_items);
  if v_ids is null then
    raise exception using errcode = 'PT409', message = 'None of these rows has reached that step, or their batch is cancelled.',
      hint = 'Choose a step that the row has reached.';
  end if;
  insert into public.superseded_results
    (batch_item_id, step_index, step_name, attempt, source, raw, parsed, created_at, superseded_at)
  select batch_item_id, step_index, step_name, attempt, source, raw, parsed, created_at, v_now
  from public.enrichment_results where batch_item_id = any (v_ids) and step_index >= p_from_step;
  delete from public.enrichment_results where batch_item_id = any (v_ids) and step_index >= p_from_step;
  delete from public.workflow_states where batch_item_id = any (v_ids) and step_index > p_from_step;
  update public.workflow_states s
  set status = 'PENDING', max_attempts = s.attempt + (b.blueprint -> s.step_index::integer ->> 'max_attempts')::smallint,
      available_at = v_now, finished_at = null, advanced_at = null, sent_at = null, accepted_at = null,
      lease_until = null, deadline_at = null, error_code = null, error_text = null, entity_value = null,
      history = case when s.attempt > 0 then leadloom.with_attempt(s, 'rerun', 'Run again by ' || p_actor) end
  from public.batches b
  where s.batch_item_id = any (v_ids) and s.step_index = p_from_step and b.id = s.batch_id;
  update public.batch_items set state = 'ACTIVE', finished_at = null where id = any (v_ids);
  for v_batch in select b.id, b.uid, b.client_id, count(*) as n from public.batch_items i
                 join public.batches b on b.id = i.batch_id where i.id = any (v_ids) group by 1, 2, 3 loop
    perform leadloom.reopen_batch(v_batch.id);
    perform leadloom.audit(p_actor, 'reset_items', v_batch.client_id, 'batch', v_batch.uid,
                           jsonb_build_object('rows', v_batch.n, 'from_step', p_from_step));
    v_n := v_n + v_batch.n;
  end loop;
  return jsonb_build_object('reset', v_n);
end
$$;
