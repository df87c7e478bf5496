-- Which column of an upload holds which field: confirmed by people, remembered per client for its next file with the
-- same columns, forgotten again. A file is read by what is remembered (`app/intake/mapping.py`); uploads that were read
-- keep theirs.
--
--   save_mapping ─▶ the upload's mapping, and remembered_mappings (client, kind, shape of the header)
--   forget_mapping ─▶ nothing is remembered; the upload is mapped as its labels and values say

-- p_mapping: field -> column. Saved without a change it is confirmed all the same. Batches launched before keep what
-- they read.
create or replace function public.save_mapping(
  p_upload uuid, p_mapping jsonb, p_actor text, p_client uuid default null, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_upload public.uploads;
  v_bad text;
  v_remembered boolean := false;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  v_upload := leadloom.mappable_upload(p_upload, p_client);
  select string_agg(value, ', ') into v_bad from jsonb_each_text(p_mapping) m
  where not (v_upload.header ? m.value);
  if v_bad is not null then
    raise exception using errcode = 'PT422', message = format('The file has no column %s.', v_bad),
      hint = 'Reload the page and choose again.';
  end if;
  if v_upload.header_shape is not null then
    insert into public.remembered_mappings as r (client_id, kind, header_shape, mapping, confirmed_by, confirmed_at)
    values (v_upload.client_id, v_upload.kind, v_upload.header_shape, p_mapping, coalesce(nullif(p_actor, ''), 'system'),
            leadloom.clock())
    on conflict (client_id, kind, header_shape) do update
    set mapping = excluded.mapping, confirmed_by = excluded.confirmed_by, confirmed_at = excluded.confirmed_at
    where r.mapping <> excluded.mapping;
    v_remembered := found;
  end if;
  if v_upload.mapping <> p_mapping or v_remembered then
    perform leadloom.map_upload(v_upload, p_mapping);
    perform leadloom.audit(p_actor, 'save_mapping', v_upload.client_id, 'upload', p_upload,
                           jsonb_build_object('from', v_upload.mapping, 'to', p_mapping, 'remembered', v_remembered));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object(
    'changed', v_upload.mapping <> p_mapping, 'remembered', v_remembered));
end
$$;

-- Files with this upload's columns are mapped automatically again, and so is the upload itself where that is known.
create or replace function public.forget_mapping(
  p_upload uuid, p_actor text, p_client uuid default null, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_upload public.uploads;
  v_automatic jsonb;
  v_forgotten boolean;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  v_upload := leadloom.mappable_upload(p_upload, p_client);
  v_automatic := coalesce(v_upload.report -> 'automatic_mapping', v_upload.mapping);
  delete from public.remembered_mappings
  where client_id = v_upload.client_id and kind = v_upload.kind and header_shape = v_upload.header_shape;
  v_forgotten := found;
  if v_forgotten or v_upload.mapping <> v_automatic then
    perform leadloom.map_upload(v_upload, v_automatic);
    perform leadloom.audit(p_actor, 'forget_mapping', v_upload.client_id, 'upload', p_upload,
                           jsonb_build_object('from', v_upload.mapping, 'to', v_automatic, 'forgotten', v_forgotten));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object(
    'changed', v_upload.mapping <> v_automatic, 'forgotten', v_forgotten));
end
$$;

-- What is remembered of files of this shape, the latest first: a list of kind, mapping, confirmed_at, confirmed_by.
create or replace function public.remembered_mappings(p_client uuid, p_header_shape text) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(to_jsonb(r) - array['client_id', 'header_shape'] order by r.confirmed_at desc), '[]')
  from public.remembered_mappings r
  where r.client_id = leadloom.client_id(p_client) and r.header_shape = p_header_shape
$$;

-- The upload, locked, if its mapping may change.
create or replace function leadloom.mappable_upload(p_upload uuid, p_client uuid) returns public.uploads
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload, p_client);
  select * into v_upload from public.uploads where id = v_upload.id for update;
  if v_upload.state <> 'READY' then
    raise exception using errcode = 'PT409', message = 'This upload is still being read.',
      hint = 'Wait until it is ready, then change the mapping.';
  end if;
  return v_upload;
end
$$;

create or replace function leadloom.map_upload(p_upload public.uploads, p_mapping jsonb) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if p_upload.mapping <> p_mapping then
    update public.uploads set mapping = p_mapping where id = p_upload.id;
    -- Keys of the old mapping are made again when the rows are compared next.
    update public.upload_scans set key_version = 0, finished_at = null where upload_id = p_upload.id;
  end if;
end
$$;
