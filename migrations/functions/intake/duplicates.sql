-- Which rows of an upload repeat each other or an earlier upload of the same client.
--
--   keys come with the rows (append_rows), or from store_keys for an upload whose keys are of older rules or of another
--   mapping; then scan_upload compares a window of rows a call. Python makes the keys, SQL compares them.

-- The uploads to key and compare before this one's answer is complete: its client's earlier ones, then itself.
create or replace function public.unscanned_uploads(
  p_upload uuid, p_key_version integer, p_client uuid default null) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload, p_client);
  return (select coalesce(jsonb_agg(jsonb_build_object(
            'upload', u.uid, 'kind', u.kind, 'mapping', u.mapping, 'row_count', u.row_count,
            'keyed_through', case when s.key_version = p_key_version then s.keyed_through else 0 end) order by u.id), '[]')
          from public.uploads u left join public.upload_scans s on s.upload_id = u.id
          where u.client_id = v_upload.client_id and u.id <= v_upload.id and u.state = 'READY'
            and (s.finished_at is null or s.key_version <> p_key_version));
end
$$;

-- The next rows of an upload, as far as keys are made of them: p_fields, in order, null where the mapping has none.
create or replace function public.rows_to_key(p_upload uuid, p_fields text[], p_after integer, p_limit integer)
returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload);
  return (
    select coalesce(jsonb_agg((
      select jsonb_agg(r.data ->> (v_upload.mapping ->> f.name) order by f.place)
      from unnest(p_fields) with ordinality as f(name, place)) order by r.row_number), '[]')
    from (select row_number, data || '{}' as data from public.raw_apollo_uploads
          where upload_id = v_upload.id and row_number > p_after
          order by row_number limit least(p_limit, 5000) offset 0) r);
end
$$;

-- Keys of the rows p_first_row, p_first_row + 1, …, null for a row without any. Keys of another version or mapping than
-- the ones before begin the upload's comparison anew.
create or replace function public.store_keys(p_upload uuid, p_key_version integer, p_first_row integer, p_keys jsonb)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
  v_last integer := p_first_row + jsonb_array_length(p_keys) - 1;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload);
  insert into public.upload_scans (upload_id) values (v_upload.id) on conflict do nothing;
  perform 1 from public.upload_scans where upload_id = v_upload.id for update;
  update public.upload_scans
  set key_version = p_key_version, keyed_through = 0, through_row = 0, without_key = 0, in_file = 0, earlier = 0,
      finished_at = null
  where upload_id = v_upload.id and key_version <> p_key_version;
  delete from public.upload_keys
  where upload_id = v_upload.id and row_number between p_first_row and v_last;
  perform leadloom.insert_keys(v_upload, p_first_row, p_keys);
  update public.upload_scans set keyed_through = greatest(keyed_through, v_last) where upload_id = v_upload.id;
  return jsonb_build_object('through', v_last);
end
$$;

create or replace function leadloom.insert_keys(p_upload public.uploads, p_first_row integer, p_keys jsonb) returns void
language sql volatile security invoker set search_path = ''
as $$
  insert into public.upload_keys (upload_id, row_number, client_id, key)
  select p_upload.id, p_first_row + k.place::integer - 1, p_upload.client_id, k.key::bigint
  from jsonb_array_elements_text(p_keys) with ordinality as k(key, place)
  where k.key is not null
  on conflict (upload_id, row_number) do nothing
$$;

-- Compare the next p_limit rows of an upload with itself and with earlier uploads; called until `more` is false. An
-- upload without keys for all of its rows is not compared: `unkeyed` says so.
create or replace function public.scan_upload(p_upload uuid, p_limit integer default 5000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
  v_scan public.upload_scans;
  v_last integer;
  v_keys integer;
  v_in_file integer;
  v_earlier integer;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload);
  select * into v_scan from public.upload_scans where upload_id = v_upload.id for update;
  if v_upload.state <> 'READY' or v_scan.finished_at is not null then
    return jsonb_build_object('more', false, 'through_row', coalesce(v_scan.through_row, 0), 'unkeyed', false);
  elsif v_scan.upload_id is null or v_scan.key_version = 0 or v_scan.keyed_through < v_upload.row_count then
    return jsonb_build_object('more', false, 'through_row', 0, 'unkeyed', true);
  end if;
  v_last := least(v_scan.through_row + p_limit, v_upload.row_count);
  with found as (
    select k.row_number,
      (select o.row_number from public.upload_keys o
       where o.client_id = k.client_id and o.key = k.key and o.upload_id = k.upload_id and o.row_number < k.row_number
       order by o.row_number limit 1) as first_row,
      -- Rows of an upload that is still being read, or was given up, are nobody's duplicates.
      (select o.upload_id from public.upload_keys o join public.uploads u on u.id = o.upload_id and u.state = 'READY'
       where o.client_id = k.client_id and o.key = k.key and o.upload_id < k.upload_id
       order by o.upload_id desc limit 1) as earlier_upload
    from public.upload_keys k
    where k.upload_id = v_upload.id and k.row_number > v_scan.through_row and k.row_number <= v_last
  ), noted as (
    update public.upload_keys k set first_row = f.first_row, earlier_upload = f.earlier_upload
    from found f
    where k.upload_id = v_upload.id and k.row_number = f.row_number
      and (f.first_row is not null or f.earlier_upload is not null)
    returning k.first_row, k.earlier_upload
  )
  select (select count(*) from found), count(first_row), count(earlier_upload) into v_keys, v_in_file, v_earlier from noted;
  update public.upload_scans
  set through_row = v_last, without_key = without_key + (v_last - v_scan.through_row) - v_keys,
      in_file = in_file + v_in_file, earlier = earlier + v_earlier,
      finished_at = case when v_last >= v_upload.row_count then leadloom.clock() end
  where upload_id = v_upload.id returning * into v_scan;
  return jsonb_build_object('more', v_scan.finished_at is null, 'through_row', v_scan.through_row, 'unkeyed', false);
end
$$;
