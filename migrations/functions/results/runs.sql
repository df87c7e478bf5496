-- Replays: the extraction again over batches that are there, from what is stored, without calling anyone.

-- What is known about items, as JSON. Raw payloads stay text inside it: whoever only hands them on need not take them
-- apart. Stops at p_max_bytes, but never before
-- the first item, so the caller asks again from where it ended.
create or replace function leadloom.evidence_of(p_items bigint[], p_original boolean, p_max_bytes bigint)
returns text[]
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_part text;
  v_parts text[] := '{}';
  v_bytes bigint := 0;
begin
  for v_part in
    select json_build_object('item', i.id, 'uid', i.uid,
             'original', case when p_original then coalesce(i.original_data, (
               select r.data from public.batches b
               join public.raw_apollo_uploads r on r.upload_id = b.upload_id and r.row_number = i.row_number
               where b.id = i.batch_id)) end,
             'results', coalesce((
               select json_agg(json_build_object(
                 'step', r.step_index, 'workflow', r.step_name, 'attempt', r.attempt, 'source', r.source,
                 'at', r.created_at, 'raw', r.raw::text, 'parsed', r.parsed) order by r.step_index)
               from public.enrichment_results r
               where r.batch_item_id = i.id
                 and r.step_name not in ('extract_work_history', 'consolidate_lead')), '[]'))::text
    from unnest(p_items) with ordinality as e(id, no)
    join public.batch_items i on i.id = e.id
    order by e.no
  loop
    v_parts := array_append(v_parts, v_part);
    v_bytes := v_bytes + octet_length(v_part);
    exit when v_bytes >= p_max_bytes;
  end loop;
  return v_parts;
end
$$;

-- For a step that runs in a pipeline: the evidence of its chunk's items, as many as fit.
create or replace function public.item_evidence(p_items uuid[], p_max_bytes bigint) returns json
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return ('[' || array_to_string(leadloom.evidence_of(
    array(select i.id from unnest(p_items) with ordinality as e(uid, no)
          join public.batch_items i on i.uid = e.uid order by e.no), false, p_max_bytes), ',') || ']')::json;
end
$$;

-- Which items of a batch have something to extract: those that got through, and those that failed on the way but have
-- results that were paid for. By row number, which is how the index has them; the scalar subquery is asked for the few
-- that failed and cannot become a hash of every result there is.
create or replace function leadloom.extractable(p_batch_id bigint, p_after integer, p_limit integer) returns bigint[]
language sql stable security invoker set search_path = ''
as $$
  select array(
    select i.id from public.batch_items i
    where i.batch_id = p_batch_id and i.row_number > p_after
      and case when i.state = 'COMPLETED' then true
               else (select true from public.enrichment_results r
                     where r.batch_item_id = i.id and r.source <> 'computed' limit 1) end
    order by i.row_number limit p_limit)
$$;

-- Ask for a replay of batches; a replay that is under way already is the answer. Who wants to do the work holds it for
-- p_hold_s seconds (every stored portion renews that), or else the engine's loop takes it.
create or replace function public.request_extraction(
  p_batches uuid[], p_parser_version integer, p_actor text, p_hold_s integer default 0,
  p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_uid uuid;
  v_batch bigint;
  v_client bigint;
  v_run public.extraction_runs;
  v_runs jsonb := '[]';
begin
  if v_answer is not null then
    return v_answer;
  end if;
  foreach v_uid in array p_batches loop
    v_batch := leadloom.batch_id(v_uid);
    perform leadloom.refuse_archived(v_batch);
    v_run := null;
    insert into public.extraction_runs (batch_id, parser_version, total, requested_by, started_at, lease_until)
    values (v_batch, p_parser_version, cardinality(leadloom.extractable(v_batch, 0, null)), p_actor, leadloom.clock(),
            leadloom.clock() + p_hold_s * interval '1 second')
    on conflict (batch_id) where state = 'RUNNING' do nothing
    returning * into v_run;
    if v_run.id is null then
      select * into v_run from public.extraction_runs where batch_id = v_batch and state = 'RUNNING';
    else
      select client_id into v_client from public.batches where id = v_batch;
      perform leadloom.audit(p_actor, 'extract_batch', v_client, 'batch', v_uid,
                             jsonb_build_object('rows', v_run.total));
    end if;
    v_runs := v_runs || leadloom.run_as_json(v_run);
  end loop;
  return leadloom.note_answer(p_request, v_runs);
end
$$;

create or replace function leadloom.run_as_json(p_run public.extraction_runs) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select (to_jsonb(p_run) - 'id' - 'batch_id' - 'through_row' - 'lease_until')
         || jsonb_build_object('batch', (select uid from public.batches where id = p_run.batch_id))
$$;

-- The next items of a replay with their evidence; "through" is where to go on. Reading changes nothing, so a reader
-- that died costs nothing.
create or replace function public.extraction_items(p_run uuid, p_after integer, p_limit integer, p_max_bytes bigint)
returns json
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_run public.extraction_runs;
  v_ids bigint[];
  v_parts text[];
begin
  select * into v_run from public.extraction_runs where id = leadloom.run_id(p_run);
  v_ids := leadloom.extractable(v_run.batch_id, greatest(p_after, v_run.through_row), p_limit);
  v_parts := leadloom.evidence_of(v_ids, true, p_max_bytes);
  return json_build_object(
    'mapping', (select mapping from public.batches where id = v_run.batch_id),
    'through', (select row_number from public.batch_items where id = v_ids[cardinality(v_parts)]),
    'items', ('[' || array_to_string(v_parts, ',') || ']')::json);
end
$$;

-- Store what was understood of a portion, and how far the replay is. Portions may come twice or out of turn: storing is
-- idempotent, and p_request, one per portion, keeps it from being counted again. p_through is up to where the caller
-- knows everything stored: a replay that was cut off goes on there.
create or replace function public.store_extractions(
  p_run uuid, p_rows jsonb, p_through integer, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_run_id bigint := leadloom.run_id(p_run);
  v_answer jsonb := leadloom.answered(p_request);
  v_counts jsonb;
  v_doubts integer;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  v_counts := leadloom.store_extractions(p_rows);
  select count(*) into v_doubts from jsonb_array_elements(p_rows) r where r -> 'report' <> '{}';
  update public.extraction_runs
  set through_row = greatest(through_row, coalesce(p_through, 0)),
      done = least(total, done + jsonb_array_length(p_rows)),
      leads_new = leads_new + (v_counts ->> 'leads_new')::integer,
      leads_changed = leads_changed + (v_counts ->> 'leads_changed')::integer,
      positions_new = positions_new + (v_counts ->> 'positions_new')::integer,
      positions_changed = positions_changed + (v_counts ->> 'positions_changed')::integer,
      positions_removed = positions_removed + (v_counts ->> 'positions_removed')::integer,
      with_doubts = with_doubts + v_doubts,
      lease_until = greatest(lease_until, leadloom.clock() + interval '60 seconds')
  where id = v_run_id and state = 'RUNNING';
  return leadloom.note_answer(p_request, v_counts);
end
$$;

create or replace function public.finish_extraction(p_run uuid, p_error text) returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  update public.extraction_runs r
  set state = case when p_error is null then 'COMPLETED'::public.run_state else 'FAILED' end, error = left(p_error, 500),
      finished_at = leadloom.clock()
  where r.id = leadloom.run_id(p_run) and r.state = 'RUNNING';
  select leadloom.run_as_json(r) from public.extraction_runs r where r.id = leadloom.run_id(p_run)
$$;

-- The engine's loop takes one requested replay at a time and holds it for p_seconds.
create or replace function public.take_extraction(p_seconds integer) returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  with next as (
    select id from public.extraction_runs
    where state = 'RUNNING' and (lease_until is null or lease_until < leadloom.clock())
    order by id limit 1 for update skip locked
  )
  update public.extraction_runs r set lease_until = leadloom.clock() + p_seconds * interval '1 second'
  from next where r.id = next.id
  returning leadloom.run_as_json(r)
$$;

create or replace function public.release_extraction(p_run uuid, p_through integer) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.extraction_runs set lease_until = null, through_row = greatest(through_row, p_through)
  where uid = p_run
$$;

create or replace function public.batch_extractions(p_batch uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(leadloom.run_as_json(r) order by r.id desc), '[]')
  from (select * from public.extraction_runs where batch_id = leadloom.batch_id(p_batch) order by id desc limit 10) r
$$;
