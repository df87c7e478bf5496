-- One batch's fault holds that batch, says why, and touches no other. The engine works on all batches at once; where
-- the database refuses that, it works on them one by one, in halves and quarters, until the row or the batch is found.
--
-- A phase of the engine is a function (p_args jsonb, p_batch_id bigint) returning counts: all batches when p_batch_id
-- is null, as fast as can be; one batch otherwise, which may look for single rows. Phases pass faulty batches by.

-- What passes, or concerns the whole database and no batch: lost connections, read-only, deadlocks, locks, cancels, no
-- room, a function that is just being replaced. The call fails as it is, and is repeated.
create or replace function leadloom.is_passing(p_sqlstate text) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select left(p_sqlstate, 2) in ('08', '25', '40', '42', '53', '55', '57', '58')
$$;

create or replace function leadloom.faulty_batches() returns bigint[]
language sql stable security invoker set search_path = ''
as $$
  select array(select id from public.batches where fault is not null)
$$;

-- Run a phase for every batch. A happy turn costs one savepoint; a refused one is worked off batch by batch, each with
-- its share of `limit`, and whichever batch is refused then is held.
create or replace function leadloom.in_every_batch(p_phase text, p_args jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_call text := format('select leadloom.%I($1, $2)', p_phase);
  v_counts jsonb;
  v_sums jsonb := '{}';
  v_ids bigint[];
  v_id bigint;
  v_code text;
  v_words text;
begin
  begin
    execute v_call into v_counts using p_args, null::bigint;
    return v_counts;
  exception when others then
    if leadloom.is_passing(sqlstate) then
      raise;
    end if;
    v_code := sqlstate;
    v_words := sqlerrm;
  end;
  v_ids := array(
    select b.id from public.batches b
    where b.fault is null and (b.state in ('RUNNING', 'PAUSED')
                               or exists (select 1 from public.batch_tallies t where t.batch_id = b.id))
    order by b.id);
  if v_ids = '{}' then
    raise exception using errcode = v_code, message = v_words;
  end if;
  p_args := p_args || jsonb_build_object('limit', ceil((p_args ->> 'limit')::numeric / cardinality(v_ids)));
  foreach v_id in array v_ids loop
    begin
      execute v_call into v_counts using p_args, v_id;
      v_sums := v_sums || (
        select coalesce(jsonb_object_agg(key, coalesce((v_sums ->> key)::numeric, 0) + value::numeric), '{}')
        from jsonb_each_text(v_counts));
    exception when others then
      if leadloom.is_passing(sqlstate) then
        raise;
      end if;
      perform leadloom.hold_faulty_batch(v_id, p_phase, sqlstate, sqlerrm);
    end;
  end loop;
  return v_sums;
end
$$;

-- Held until somebody resumes it. A batch whose row is locked just now is refused, and held, in the next turn.
create or replace function leadloom.hold_faulty_batch(p_batch_id bigint, p_phase text, p_code text, p_words text)
returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_batch public.batches;
begin
  select * into v_batch from public.batches where id = p_batch_id for no key update skip locked;
  if v_batch.id is null then
    return;
  end if;
  update public.batches
  set state = case when state = 'RUNNING' then 'PAUSED' else state end, fault = p_phase,
      state_reason = 'Held: ' || leadloom.refusal(p_code, p_words)
  where id = p_batch_id;
  perform leadloom.audit('system', 'hold_batch', v_batch.client_id, 'batch', v_batch.uid,
    jsonb_build_object('phase', p_phase, 'code', p_code, 'text', left(p_words, 500)));
end
$$;

-- The database's words for a refusal.
create or replace function leadloom.refusal(p_code text, p_words text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select format('%s (SQLSTATE %s)', left(p_words, 500), p_code)
$$;

-- Items enter a step in ever smaller parts until the row that is refused is alone: it fails with the database's words.
-- Where more than a few rows are refused it is not the rows' fault, and the error goes on to hold the batch.
create or replace function leadloom.enter_step_by_parts(p_batch_id bigint, p_step_index integer, p_item_ids bigint[])
returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_at integer := 1;
  v_size integer := cardinality(p_item_ids);
  v_refused integer := 0;
  v_done integer := 0;
begin
  while v_at <= cardinality(p_item_ids) loop
    begin
      v_done := v_done + leadloom.enter_step(p_batch_id, p_step_index, p_item_ids[v_at : v_at + v_size - 1]);
      v_at := v_at + v_size;
      v_size := least(v_size * 2, cardinality(p_item_ids));
    exception when others then
      v_size := v_size / 2;
      if leadloom.is_passing(sqlstate) or v_refused >= 10 then
        raise;
      elsif v_size = 0 then
        perform leadloom.refuse_item(p_batch_id, p_step_index, p_item_ids[v_at], sqlstate, sqlerrm);
        v_refused := v_refused + 1;
        v_at := v_at + 1;
        v_size := 1;
      end if;
    end;
  end loop;
  return v_done;
end
$$;

-- The same for raw rows that become items: one that is refused becomes an item without fields, which says why.
create or replace function leadloom.fill_batch_by_parts(p_batch_id bigint, p_limit integer) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_left integer := p_limit;
  v_size integer := p_limit;
  v_refused integer := 0;
  v_made integer;
begin
  while v_left > 0 loop
    begin
      v_made := leadloom.fill_batch(p_batch_id, v_size);
      exit when v_made = 0;
      v_left := v_left - v_made;
      v_size := least(v_size * 2, v_left);
    exception when others then
      v_size := v_size / 2;
      if leadloom.is_passing(sqlstate) or v_refused >= 10 then
        raise;
      elsif v_size = 0 then
        perform leadloom.fill_refused_row(p_batch_id, sqlstate, sqlerrm);
        v_refused := v_refused + 1;
        v_left := v_left - 1;
        v_size := least(1, v_left);
      end if;
    end;
  end loop;
  return p_limit - v_left;
end
$$;

create or replace function leadloom.fill_refused_row(p_batch_id bigint, p_code text, p_words text) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_row record;
  v_item bigint;
begin
  select r.row_number, r.data into v_row
  from public.batches b join public.raw_apollo_uploads r on r.upload_id = b.upload_id
  where b.id = p_batch_id and r.row_number > b.filled_through order by r.row_number limit 1;
  insert into public.batch_items (batch_id, row_number, original_data)
  values (p_batch_id, v_row.row_number, v_row.data) returning id into v_item;
  perform leadloom.refuse_item(p_batch_id, 0, v_item, p_code, p_words);
  update public.batches set filled_rows = filled_rows + 1, filled_through = v_row.row_number where id = p_batch_id;
end
$$;

-- The item ends at this step, with the database's words for why.
create or replace function leadloom.refuse_item(
  p_batch_id bigint, p_step_index integer, p_item_id bigint, p_code text, p_words text) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_step jsonb := (select blueprint -> p_step_index from public.batches where id = p_batch_id);
  v_now timestamptz := leadloom.clock();
begin
  if v_step is null then
    raise exception using errcode = p_code, message = p_words;
  end if;
  insert into public.workflow_states
    (batch_item_id, batch_id, step_index, step_name, status, max_attempts, available_at, finished_at, advanced_at,
     error_code, error_text, created_at)
  values (p_item_id, p_batch_id, p_step_index, v_step ->> 'slug', 'FAILED', (v_step ->> 'max_attempts')::smallint,
          v_now, v_now, v_now, 'database_refused',
          'The database rejected this row: ' || leadloom.refusal(p_code, p_words), v_now)
  on conflict (batch_item_id, step_index) do nothing;
  update public.batch_items set state = 'FAILED', finished_at = v_now where id = p_item_id and state = 'ACTIVE';
end
$$;

-- What an index over a text takes of it: 500 letters are at most 2,000 bytes, and an entry may have 2,704. Whole values
-- stay where they came from: the raw row, the raw answer.
create or replace function leadloom.indexable(p_text text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select left(p_text, 500)
$$;
