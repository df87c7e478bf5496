-- A batch, row by row as it was uploaded, with what became of every row. Driven by the raw rows, not by the items: a
-- row that never became an item is in the export too, and says so.

-- What became of a row: delivered (`not_found` names the steps that found nothing), failed (with why) or waiting. A
-- batch of the first N rows speaks of those N.
create or replace function leadloom.row_outcome(
  p_batch public.batches, p_item public.batch_items,
  out status text, out reason text, out failed_at text, out code text, out not_found text)
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_state public.workflow_states;
begin
  if p_item.id is null then
    status := case when p_batch.state = 'CANCELLED' then 'failed' else 'waiting' end;
    reason := case when p_batch.state = 'CANCELLED' then 'The batch was cancelled before this row started.'
                   else 'This row has not started yet.' end;
    return;
  elsif p_item.state = 'COMPLETED' then
    status := 'delivered';
    not_found := (
      select string_agg(p_batch.blueprint -> s.step_index::integer ->> 'title', '; ' order by s.step_index)
      from public.workflow_states s
      where s.batch_item_id = p_item.id and s.status = 'COMPLETED' and s.not_found is not null);
    return;
  end if;
  select * into v_state from public.workflow_states
  where batch_item_id = p_item.id order by step_index desc limit 1;
  if p_item.state = 'ACTIVE' then
    status := 'waiting';
    reason := case when v_state.status = 'IN_PROGRESS' and v_state.sent_at is not null
                   then 'Sent; waiting for the answer.' else 'In progress.' end;
  else
    status := 'failed';
    failed_at := p_batch.blueprint -> v_state.step_index::integer ->> 'title';
    code := v_state.error_code;
    reason := coalesce(v_state.error_text, case when p_item.state = 'CANCELLED' then 'The batch was cancelled.'
                                                else v_state.error_code end, 'Failed.');
  end if;
end
$$;

-- The next rows of a batch's export: original columns, outcome, and what is known: what the item's steps have found so
-- far, and on top of that the lead, where there is one.
create or replace function public.batch_export_rows(p_batch uuid, p_after integer, p_limit integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_batch public.batches;
begin
  select * into v_batch from public.batches where id = leadloom.batch_id(p_batch);
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'row_number', r.row_number, 'original', r.data, 'status', o.status, 'reason', o.reason,
      'failed_at', o.failed_at, 'code', o.code, 'not_found', o.not_found,
      'known', coalesce((
          select jsonb_object_agg(e.key, e.value order by x.step_index)
          from public.enrichment_results x, jsonb_each(x.parsed) e
          where x.batch_item_id = i.id and e.key <> 'extraction' and jsonb_typeof(e.value) <> 'null'), '{}')
        || leadloom.identity_fields(i)
        || case when f.batch_item_id is not null
             then jsonb_strip_nulls(leadloom.lead_row(f, leadloom.new_role_since(v_batch.client_id))) else '{}' end)
      order by r.row_number), '[]')
    from (
      select row_number, data from public.raw_apollo_uploads
      where upload_id = v_batch.upload_id and row_number > p_after
        and row_number <= leadloom.last_row(v_batch)
      order by row_number limit least(p_limit, 5000)
    ) r
    left join public.batch_items i on i.batch_id = v_batch.id and i.row_number = r.row_number
    left join public.final_leads f on f.batch_item_id = i.id
    cross join lateral leadloom.row_outcome(v_batch, i) o);
end
$$;

-- The last uploaded row that this batch speaks of.
create or replace function leadloom.last_row(p_batch public.batches) returns integer
language sql stable security invoker set search_path = ''
as $$
  select coalesce(max(row_number), 0) from (
    select row_number from public.raw_apollo_uploads where upload_id = p_batch.upload_id
    order by row_number limit p_batch.item_count) rows
$$;

-- The export's columns and its account: uploaded = delivered + failed + waiting.
create or replace function public.batch_manifest(p_batch uuid) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_batch public.batches;
  v_upload public.uploads;
  v_done integer;
  v_failed integer;
  v_active integer;
  v_unborn integer;
begin
  select * into v_batch from public.batches where id = leadloom.batch_id(p_batch);
  select * into v_upload from public.uploads where id = v_batch.upload_id;
  select count(*) filter (where state = 'COMPLETED'), count(*) filter (where state in ('FAILED', 'CANCELLED')),
         count(*) filter (where state = 'ACTIVE')
  into v_done, v_failed, v_active
  from public.batch_items where batch_id = v_batch.id;
  v_unborn := greatest(0, v_batch.item_count - v_done - v_failed - v_active);
  return jsonb_build_object(
    'batch', v_batch.uid, 'name', v_batch.name, 'client', (select name from public.clients where id = v_batch.client_id),
    'filename', v_upload.filename, 'sha256', v_upload.sha256, 'header', v_upload.header, 'kind', v_upload.kind,
    'fields', (
      select coalesce(jsonb_agg(field order by place), '[]')
      from (select w.field, min(e.no * 1000 + w.no) as place
            from jsonb_array_elements(v_batch.blueprint) with ordinality as e(step, no)
            join public.enrichment_registry r on r.slug = e.step ->> 'slug'
            cross join lateral unnest(r.writes) with ordinality as w(field, no)
            where w.field <> 'extraction' group by w.field) written),
    'state', v_batch.state, 'rows_in_file', v_upload.row_count, 'uploaded', v_batch.item_count,
    'delivered', v_done,
    'not_found', (select coalesce(sum(n), 0) from leadloom.batch_counts(v_batch.id)
                  where bucket = 'completed' and error_code = 'not_found'),
    'failed', v_failed + case when v_batch.state = 'CANCELLED' then v_unborn else 0 end,
    'waiting', v_active + case when v_batch.state = 'CANCELLED' then 0 else v_unborn end,
    'leads', (select count(*) from public.final_leads where batch_id = v_batch.id),
    'made_at', leadloom.clock());
end
$$;

-- The next rows of an upload as they came: cells in the order of the header.
create or replace function public.upload_export_rows(p_upload uuid, p_after integer, p_limit integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload);
  return jsonb_build_object('header', v_upload.header, 'rows', (
    select coalesce(jsonb_agg((
      select jsonb_agg(r.data ->> h.name order by h.place)
      from jsonb_array_elements_text(v_upload.header) with ordinality as h(name, place)) order by r.row_number), '[]')
    from (select row_number, data || '{}' as data from public.raw_apollo_uploads
          where upload_id = v_upload.id and row_number > p_after
          order by row_number limit least(p_limit, 5000) offset 0) r));
end
$$;
