-- A worker claims a chunk and gets its rows with all that the step reads. A chunk has one claimer; a second delivery of
-- the same call finds it taken.

-- Rows of one step with what the step reads: identity, the earlier results it declares, and the untouched row where it
-- wants that.
create or replace function leadloom.items_with_inputs(p_state_ids bigint[], p_step jsonb) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_reads integer[] := array(select r::integer from jsonb_array_elements_text(p_step -> 'reads_steps') r);
  v_needs_original boolean := (p_step ->> 'needs_original')::boolean;
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
      'state_id', s.id, 'attempt', s.attempt, 'item', i.uid, 'row_number', i.row_number,
      'fields', leadloom.identity_fields(i) || coalesce(earlier.fields, '{}'),
      'original', case when v_needs_original then coalesce(i.original_data, (
        select r.data from public.batches b join public.raw_apollo_uploads r on r.upload_id = b.upload_id
        where b.id = i.batch_id and r.row_number = i.row_number)) end))
    from unnest(p_state_ids) as e(id)
    join public.workflow_states s on s.id = e.id
    join public.batch_items i on i.id = s.batch_item_id
    left join lateral (
      select jsonb_object_agg(f.key, f.value order by r.step_index) as fields
      from public.enrichment_results r, jsonb_each(r.parsed) f
      where cardinality(v_reads) > 0 and r.batch_item_id = s.batch_item_id and r.step_index = any (v_reads)
    ) earlier on true), '[]');
end
$$;

-- What a worker needs for its chunk, handed out to one worker: another one's claim gets no items, and neither does a
-- claim after its time, when the rows may be in another chunk. The same worker (p_claimer) may ask again when it lost
-- the reply. p_holder: the process it lives in, where that can be found dead.
create or replace function public.claim_chunk(
  p_chunk uuid, p_claimer uuid default gen_random_uuid(), p_holder uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_chunk public.dispatch_chunks;
  v_step jsonb;
begin
  update public.dispatch_chunks set claimed_by = p_claimer, holder = p_holder
  where id = p_chunk and (claimed_by is null or claimed_by = p_claimer) and expires_at > leadloom.clock()
  returning * into v_chunk;
  if v_chunk.id is null then
    return jsonb_build_object('chunk_id', p_chunk, 'items', '[]'::jsonb);
  end if;
  if leadloom.clock() > v_chunk.created_at + interval '20 seconds' then
    -- The call was a while on its way: the worker's time starts now.
    update public.workflow_states
    set lease_until = leadloom.clock() + (v_chunk.expires_at - v_chunk.created_at)
    where id = any (v_chunk.state_ids) and status = 'IN_PROGRESS' and sent_at is null;
    update public.dispatch_chunks
    set created_at = leadloom.clock(), expires_at = leadloom.clock() + (v_chunk.expires_at - v_chunk.created_at)
    where id = p_chunk;
  end if;
  select blueprint -> v_chunk.step_index::integer into v_step from public.batches where id = v_chunk.batch_id;
  return (
    select jsonb_build_object(
      'chunk_id', v_chunk.id, 'workflow', v_chunk.workflow_slug, 'batch', b.uid, 'client', c.uid, 'client_id', c.id,
      'client_slug', c.slug, 'step_index', v_chunk.step_index, 'settings', v_step, 'config_id', v_chunk.config_id,
      'config', (select f.config from public.client_workflow_configs f where f.id = v_chunk.config_id),
      'mapping', case when (v_step ->> 'needs_original')::boolean then b.mapping end,
      'items', leadloom.items_with_inputs(array(
        select id from public.workflow_states
        where id = any (v_chunk.state_ids) and status = 'IN_PROGRESS' and sent_at is null order by id), v_step))
    from public.batches b join public.clients c on c.id = b.client_id
    where b.id = v_chunk.batch_id);
end
$$;
