-- An upload's life: RECEIVING (rows arrive in chunks, in any order, some twice) -> READY, or FAILED without rows.
--
--   begin_upload ─▶ append_rows … ─▶ finish_upload ─▶ READY: listed, can be launched
--        │ ▲────────── begun again: a reader was lost, the next one goes on where it ended
--        └──────────── fail_upload, or sweep_stale_uploads when nobody came back ─▶ FAILED, its rows removed
--
-- Nothing but these functions sees an upload before it is READY. Every one of them may be repeated. Whoever began an
-- upload last holds it (p_holder); calls of an earlier holder are refused.

-- p_upload is chosen by the caller: beginning the same one again goes on with it. So does beginning another one with
-- the very file that an unfinished upload of the client has: its reader was lost, or will find itself replaced.
create or replace function public.begin_upload(
  p_client uuid, p_kind text, p_filename text, p_sha256 text, p_byte_size bigint, p_header jsonb, p_mapping jsonb,
  p_report jsonb, p_allow_duplicate boolean, p_actor text, p_upload uuid default gen_random_uuid(),
  p_holder uuid default null, p_header_shape text default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_client public.clients;
  v_upload public.uploads;
begin
  -- The lock makes two people who send the same file at once come one after the other.
  select * into v_client from public.clients where id = leadloom.client_id(p_client) for update;
  select * into v_upload from public.uploads where uid = p_upload;
  if v_upload.id is null and not coalesce(p_allow_duplicate, false) then
    perform leadloom.check_same_file(v_client.id, p_sha256);
    select * into v_upload from public.uploads u
    where u.client_id = v_client.id and u.sha256 = p_sha256 and u.kind = p_kind::public.upload_kind
      and u.state = 'RECEIVING'
    order by u.id desc limit 1;
  end if;
  if v_upload.state = 'READY' then
    return leadloom.begun_upload(v_upload);
  elsif v_client.archived_at is not null then
    raise exception using errcode = 'PT409', message = format('The client %s is archived.', v_client.name),
      hint = 'Restore the client, or choose another one.';
  elsif v_upload.id is not null then
    if v_upload.mapping <> p_mapping then  -- rows that are stored have keys of the former mapping: all are made again
      insert into public.upload_scans (upload_id) values (v_upload.id) on conflict do nothing;
    end if;
    update public.uploads
    set state = 'RECEIVING', error = null, holder = p_holder, touched_at = leadloom.clock(), header = p_header,
        header_shape = p_header_shape, mapping = p_mapping, report = coalesce(p_report, '{}')
    where id = v_upload.id and state <> 'READY' returning * into v_upload;
    return leadloom.begun_upload(v_upload);
  end if;
  insert into public.uploads
    (uid, client_id, kind, filename, sha256, byte_size, header, header_shape, mapping, report, created_by, created_at,
     touched_at, holder)
  values (p_upload, v_client.id, p_kind::public.upload_kind, p_filename, p_sha256, p_byte_size, p_header, p_header_shape,
          p_mapping, coalesce(p_report, '{}'), coalesce(nullif(p_actor, ''), 'system'), leadloom.clock(), leadloom.clock(),
          p_holder)
  returning * into v_upload;
  return leadloom.begun_upload(v_upload);
end
$$;

-- What a reader must know to go on: rows 1 to rows_through are stored already.
create or replace function leadloom.begun_upload(p_upload public.uploads) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'upload', p_upload.uid, 'state', p_upload.state, 'kind', p_upload.kind, 'row_count', p_upload.row_count,
    'header', p_upload.header, 'mapping', p_upload.mapping, 'report', p_upload.report,
    'rows_through', (select case when count(*) = max(row_number) then max(row_number) else 0 end
                     from public.raw_apollo_uploads where upload_id = p_upload.id))
$$;

create or replace function leadloom.check_same_file(p_client_id bigint, p_sha256 text) returns void
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_same public.uploads;
begin
  select * into v_same from public.uploads u
  where u.client_id = p_client_id and u.sha256 = p_sha256 and u.state = 'READY' order by u.id desc limit 1;
  if v_same.id is not null then
    raise exception using errcode = 'PT409',
      message = format('You already uploaded this file on %s: “%s”, %s.',
                       to_char(v_same.created_at at time zone 'UTC', 'FMDD Mon YYYY, HH24:MI "UTC"'), v_same.filename,
                       leadloom.plural(v_same.row_count, 'row')),
      hint = 'Use that upload, or upload the file again anyway.';
  end if;
end
$$;

-- Whether the caller may write to an upload: it is being received, and by nobody else.
create or replace function leadloom.check_receiving(p_upload public.uploads, p_holder uuid) returns void
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if p_upload.state = 'RECEIVING' and p_upload.holder is distinct from p_holder then
    raise exception using errcode = 'PT409', message = 'A later upload is already reading this file.',
      hint = 'Follow that one instead; nothing is lost.';
  elsif p_upload.state = 'FAILED' then
    raise exception using errcode = 'PT409', message = 'This upload failed. ' || coalesce(p_upload.error, ''),
      hint = 'Start a new one.';
  elsif p_upload.state <> 'RECEIVING' then
    raise exception using errcode = 'PT409', message = 'This upload is complete and takes no more rows.';
  end if;
end
$$;

-- Rows p_first_row, p_first_row + 1, … as arrays of text: cell i belongs to p_columns[i] (null: the upload's header). A
-- row may be shorter than p_columns; it then has no value for the rest. p_keys: what each row is recognised by.
create or replace function public.append_rows(
  p_upload uuid, p_first_row integer, p_rows jsonb, p_columns jsonb default null, p_keys jsonb default null,
  p_holder uuid default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
  v_columns text[];
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload);
  perform leadloom.check_receiving(v_upload, p_holder);
  v_columns := array(select c from jsonb_array_elements_text(coalesce(p_columns, v_upload.header)) c);
  insert into public.raw_apollo_uploads (upload_id, row_number, data)
  select v_upload.id, p_first_row + r.place::integer - 1,
         jsonb_object(case when cardinality(c.cells) = cardinality(v_columns) then v_columns
                           else v_columns[1:cardinality(c.cells)] end, c.cells)
  from jsonb_array_elements(p_rows) with ordinality r(cells, place)
  cross join lateral (select array(select jsonb_array_elements_text(r.cells)) as cells) c
  on conflict (upload_id, row_number) do nothing;
  if p_keys is not null then
    perform leadloom.insert_keys(v_upload, p_first_row, p_keys);
  end if;
  -- Not at every call: the calls of one upload run side by side and must not wait for one another.
  if v_upload.touched_at < leadloom.clock() - interval '15 seconds' then
    update public.uploads set touched_at = leadloom.clock() where id = v_upload.id;
  end if;
  return jsonb_build_object('rows', jsonb_array_length(p_rows));
end
$$;

create or replace function public.finish_upload(
  p_upload uuid, p_row_count integer, p_report jsonb, p_header jsonb default null, p_key_version integer default null,
  p_holder uuid default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
  v_rows integer;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload) for update;
  if v_upload.state = 'READY' then
    return jsonb_build_object('upload', p_upload, 'row_count', v_upload.row_count, 'state', 'READY');
  end if;
  perform leadloom.check_receiving(v_upload, p_holder);
  select count(*) into v_rows from public.raw_apollo_uploads where upload_id = v_upload.id;
  if v_rows <> p_row_count then
    raise exception using errcode = 'PT409',
      message = format('%s of %s arrived.', to_char(v_rows, 'FM999,999,999,990'),
                       leadloom.plural(p_row_count, 'row')), hint = 'Upload the file again.';
  end if;
  update public.uploads
  set state = 'READY', row_count = v_rows, report = report || coalesce(p_report, '{}'),
      header = coalesce(p_header, header), ready_at = leadloom.clock(), holder = null
  where id = v_upload.id;
  if p_key_version is not null then
    insert into public.upload_scans (upload_id, key_version, keyed_through) values (v_upload.id, p_key_version, v_rows)
    on conflict do nothing;
  end if;
  perform leadloom.audit(v_upload.created_by, 'upload_file', v_upload.client_id, 'upload', v_upload.uid,
                         jsonb_build_object('filename', v_upload.filename, 'rows', v_rows, 'kind', v_upload.kind));
  return jsonb_build_object('upload', p_upload, 'row_count', v_rows, 'state', 'READY');
end
$$;

-- Give an upload up. Its rows go in portions that fit the statement time-out: repeat while `done` is false.
create or replace function public.fail_upload(
  p_upload uuid, p_error text, p_portion integer default 50000, p_holder uuid default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
  v_removed integer;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload) for update;
  if v_upload.state = 'READY' then
    raise exception using errcode = 'PT409', message = 'This upload is already complete.';
  elsif v_upload.state = 'RECEIVING' then
    perform leadloom.check_receiving(v_upload, p_holder);
  end if;
  update public.uploads set state = 'FAILED', error = coalesce(error, left(p_error, 2000)), row_count = 0
  where id = v_upload.id;
  v_removed := leadloom.remove_rows(v_upload.id, p_portion);
  return jsonb_build_object('removed', v_removed, 'done', v_removed < p_portion);
end
$$;

create or replace function leadloom.remove_rows(p_upload_id bigint, p_portion integer) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_removed integer;
begin
  with gone as (
    delete from public.raw_apollo_uploads
    where upload_id = p_upload_id and row_number = any (array(
      select r.row_number from public.raw_apollo_uploads r where r.upload_id = p_upload_id
      order by r.row_number limit p_portion))
    returning row_number
  ), keys as (
    delete from public.upload_keys k using gone where k.upload_id = p_upload_id and k.row_number = gone.row_number
  )
  select count(*) into v_removed from gone;
  return v_removed;
end
$$;

-- Uploads whose sender vanished become FAILED and lose their rows, p_portion rows a call.
create or replace function public.sweep_stale_uploads(p_idle_s integer default 600, p_portion integer default 50000)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_stale public.uploads;
  v_failed integer := 0;
  v_removed integer := 0;
begin
  for v_stale in
    select * from public.uploads u
    where u.state <> 'READY'
      and (u.state = 'RECEIVING' and u.touched_at < leadloom.clock() - make_interval(secs => p_idle_s)
           or u.state = 'FAILED' and exists (select 1 from public.raw_apollo_uploads r where r.upload_id = u.id))
    order by u.id for update skip locked
  loop
    exit when v_removed >= p_portion;
    v_failed := v_failed + (v_stale.state = 'RECEIVING')::integer;
    update public.uploads
    set state = 'FAILED', error = coalesce(error, 'The upload was interrupted before all rows arrived.'), row_count = 0
    where id = v_stale.id;
    v_removed := v_removed + leadloom.remove_rows(v_stale.id, p_portion - v_removed);
  end loop;
  return jsonb_build_object('failed', v_failed, 'removed', v_removed, 'done', v_removed < p_portion);
end
$$;
