-- Archiving: payloads and bodies of batches that ended long ago leave the database for files, and come back.
--
--   archive_rows ─▶ (a file is written and read again) ─▶ record_archive_file ─▶ remove_archived … ─▶ finish_archive
--   archive_files_of ─▶ (a file is read and its checksum compared) ─▶ restore_archived … ─▶ finish_restore
--
-- A payload is removed only where it still is what the file holds (by MD5), and comes back only to the row it left.
-- Output (`parsed`), leads and work histories stay: an archived batch is searched and exported as
-- before.

-- Batches that ended, or were brought back, at least so long ago and still have their payloads here.
create or replace function public.archivable_batches(p_older_than_s numeric, p_limit integer default 1000) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('batch', b.uid, 'name', b.name, 'client', c.name, 'rows', b.item_count,
                                               'finished_at', b.finished_at) order by b.finished_at), '[]')
  from (select * from public.batches b
        where archived_at is null and state in ('COMPLETED', 'CANCELLED')
          and finished_at <= leadloom.clock() - p_older_than_s * interval '1 second'
          and coalesce(restored_at, '-infinity') <= leadloom.clock() - p_older_than_s * interval '1 second'
          and not exists (select 1 from public.extraction_runs r where r.batch_id = b.id and r.state = 'RUNNING')
        order by finished_at limit p_limit) b
  join public.clients c on c.id = b.client_id
$$;

create or replace function leadloom.ended_batch(p_batch uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
begin
  if not exists (select 1 from public.batches where id = v_id and state in ('COMPLETED', 'CANCELLED')) then
    raise exception using errcode = 'PT409', message = 'This batch has not finished.', hint = 'Only finished batches can be archived.';
  end if;
  return v_id;
end
$$;

-- The payloads of the next items of a batch after a row, until p_max_bytes, all of an item or none: {"rows": [{id,
-- step, item, row_number, name, attempt, at, body, md5}], "through": row to go on after, null at the end}.
create or replace function public.archive_rows(
  p_batch uuid, p_kind text, p_after_row integer, p_max_bytes integer default 1000000, p_items integer default 500)
returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.ended_batch(p_batch);
begin
  return (
    with items as (
      select i.id, i.uid, i.row_number from public.batch_items i
      where i.batch_id = v_id and i.row_number > p_after_row order by i.row_number limit p_items
    ), sized as (
      select i.uid, i.row_number, p.*,
             coalesce(sum(octet_length(p.body)) over (
               order by i.row_number range between unbounded preceding and 1 preceding), 0) as before
      from items i cross join lateral leadloom.payloads_of(i.id, p_kind) p
    ), fitting as (
      select * from sized where before <= p_max_bytes
    )
    select jsonb_build_object(
      'rows', (select coalesce(jsonb_agg(jsonb_build_object(
          'id', f.id, 'step', f.step, 'item', f.uid, 'row_number', f.row_number, 'name', f.name, 'attempt', f.attempt,
          'at', f.at, 'body', f.body, 'md5', md5(f.body)) order by f.row_number, f.step, f.id), '[]') from fitting f),
      'through', case when (select count(*) from fitting) < (select count(*) from sized)
                      then (select max(row_number) from fitting) else (select max(row_number) from items) end));
end
$$;

-- What an item has in payloads. Keys are (id, step): of results the item's id, of the others their own and step 0.
create or replace function leadloom.payloads_of(p_item_id bigint, p_kind text)
returns table (id bigint, step integer, name text, attempt integer, at timestamptz, body text)
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if p_kind = 'results' then
    return query
      select r.batch_item_id, r.step_index::integer, r.step_name, r.attempt::integer, r.created_at, r.raw::text
      from public.enrichment_results r where r.batch_item_id = p_item_id and r.raw is not null;
  elsif p_kind = 'superseded' then
    return query
      select r.id, 0, r.step_name, r.attempt::integer, r.created_at, r.raw::text
      from public.superseded_results r where r.batch_item_id = p_item_id and r.raw is not null;
  else
    return query
      select c.id, 0, c.workflow_slug, c.attempt::integer, c.received_at, c.body
      from public.callback_inbox c where c.batch_item_id = p_item_id and c.body <> '' and c.verdict <> 'received';
  end if;
end
$$;

-- A file that was written and read again. The same part again, before anything was removed for it, replaces the record.
create or replace function public.record_archive_file(
  p_batch uuid, p_kind text, p_part integer, p_path text, p_sha256 text, p_byte_size bigint, p_row_count integer)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.ended_batch(p_batch);
  v_file public.archive_files;
begin
  insert into public.archive_files as f (batch_id, batch_uid, kind, part, path, sha256, byte_size, row_count, written_at)
  values (v_id, p_batch, p_kind, p_part, p_path, p_sha256, p_byte_size, p_row_count, leadloom.clock())
  on conflict (batch_uid, kind, part) do update
    set path = excluded.path, sha256 = excluded.sha256, byte_size = excluded.byte_size, row_count = excluded.row_count
    where f.removed_at is null or f.sha256 = excluded.sha256
  returning * into v_file;
  if v_file.id is null then
    raise exception using errcode = 'PT409', message = 'This part of the archive already exists.',
      hint = 'Archive the batch again: it continues with the next part.';
  end if;
  return leadloom.archive_file_as_json(v_file);
end
$$;

create or replace function leadloom.archive_file_as_json(p_file public.archive_files) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select to_jsonb(p_file) - array['id', 'batch_id']
$$;

-- The files of a batch, in the order in which they were written.
create or replace function public.archive_files_of(p_batch uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(leadloom.archive_file_as_json(f) order by f.id), '[]')
  from public.archive_files f where f.batch_uid = p_batch
$$;

-- Take payloads out that a file holds: p_keys is [{id, step, md5}]. One that has changed since stays. p_last: all keys
-- of the file were given now. Returns how many were taken out.
create or replace function public.remove_archived(p_file uuid, p_keys jsonb, p_last boolean) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_file public.archive_files;
  v_n integer;
begin
  select * into v_file from public.archive_files where id = leadloom.archive_file_id(p_file);
  perform leadloom.ended_batch(v_file.batch_uid);
  if v_file.kind = 'results' then
    update public.enrichment_results r set raw = null, archived_in = v_file.id
    from jsonb_to_recordset(p_keys) as k(id bigint, step smallint, md5 text)
    where r.batch_item_id = k.id and r.step_index = k.step and md5(r.raw::text) = k.md5;
  elsif v_file.kind = 'superseded' then
    update public.superseded_results r set raw = null, archived_in = v_file.id
    from jsonb_to_recordset(p_keys) as k(id bigint, md5 text)
    where r.id = k.id and md5(r.raw::text) = k.md5;
  else
    update public.callback_inbox c set body = '', archived_in = v_file.id
    from jsonb_to_recordset(p_keys) as k(id bigint, md5 text)
    where c.id = k.id and md5(c.body) = k.md5;
  end if;
  get diagnostics v_n = row_count;
  if p_last then
    update public.archive_files set removed_at = coalesce(removed_at, leadloom.clock()) where id = v_file.id;
  end if;
  return jsonb_build_object('removed', v_n);
end
$$;

-- Nothing is left here: the batch is archived. Says false where something came in meanwhile.
create or replace function public.finish_archive(p_batch uuid, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.ended_batch(p_batch);
begin
  if exists (select 1 from public.batch_items i join public.enrichment_results r on r.batch_item_id = i.id
             where i.batch_id = v_id and r.raw is not null)
     or exists (select 1 from public.batch_items i join public.superseded_results r on r.batch_item_id = i.id
                where i.batch_id = v_id and r.raw is not null)
     or exists (select 1 from public.batch_items i join public.callback_inbox c on c.batch_item_id = i.id
                where i.batch_id = v_id and c.body <> '') then
    return jsonb_build_object('archived', false);
  end if;
  update public.batches set archived_at = leadloom.clock() where id = v_id and archived_at is null;
  if found then
    perform leadloom.audit(p_actor, 'archive_batch', (select client_id from public.batches where id = v_id), 'batch',
                           p_batch);
  end if;
  return jsonb_build_object('archived', true);
end
$$;

-- Bring payloads back to the rows that they left: p_rows is [{id, step, body}]. A row that was erased, or was written
-- since, is left alone. Returns how many came back.
create or replace function public.restore_archived(p_file uuid, p_rows jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_file public.archive_files;
  v_n integer;
begin
  select * into v_file from public.archive_files where id = leadloom.archive_file_id(p_file);
  if v_file.kind = 'results' then
    update public.enrichment_results r set raw = k.body::jsonb, archived_in = null
    from jsonb_to_recordset(p_rows) as k(id bigint, step smallint, body text)
    where r.batch_item_id = k.id and r.step_index = k.step and r.archived_in = v_file.id;
  elsif v_file.kind = 'superseded' then
    update public.superseded_results r set raw = k.body::jsonb, archived_in = null
    from jsonb_to_recordset(p_rows) as k(id bigint, body text)
    where r.id = k.id and r.archived_in = v_file.id;
  else
    update public.callback_inbox c set body = k.body, archived_in = null
    from jsonb_to_recordset(p_rows) as k(id bigint, body text)
    where c.id = k.id and c.archived_in = v_file.id;
  end if;
  get diagnostics v_n = row_count;
  return jsonb_build_object('restored', v_n);
end
$$;

-- All files of the batch were brought back; the next archiving waits as long again.
create or replace function public.finish_restore(p_batch uuid, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.batch_id(p_batch);
begin
  update public.archive_files set restored_at = leadloom.clock()
  where batch_id = v_id and removed_at is not null and restored_at is null;
  update public.batches set archived_at = null, restored_at = leadloom.clock() where id = v_id and archived_at is not null;
  if found then
    perform leadloom.audit(p_actor, 'restore_batch', (select client_id from public.batches where id = v_id), 'batch',
                           p_batch);
  end if;
  return jsonb_build_object('batch', p_batch);
end
$$;

-- What needs the payloads of a batch asks first.
create or replace function leadloom.refuse_archived(p_batch_id bigint) returns void
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_uid uuid;
begin
  select uid into v_uid from public.batches where id = p_batch_id and archived_at is not null;
  if v_uid is not null then
    raise exception using errcode = 'PT409', message = 'The payloads of this batch are archived.',
      hint = format('Restore them first: leadloom archive --restore %s', v_uid);
  end if;
end
$$;

-- Which of these items are erased, or deleted: their rows in files of the archive go, too.
create or replace function public.erased_among(p_items uuid[]) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(e.uid), '[]') from (select distinct uid from unnest(p_items) as g(uid)) e
  where not exists (select 1 from public.batch_items i where i.uid = e.uid and i.erased_at is null)
$$;

-- A file was written again without an erased person.
create or replace function public.note_scrubbed_file(
  p_erasure uuid, p_path text, p_sha256 text, p_byte_size bigint, p_row_count integer) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.archive_files set sha256 = p_sha256, byte_size = p_byte_size, row_count = p_row_count where path = p_path;
  update public.erasures set archives = array_remove(archives, p_path) where uid = p_erasure;
$$;

-- A file that held deleted data was removed.
create or replace function public.note_removed_file(p_deletion uuid, p_path text) returns void
language sql volatile security invoker set search_path = ''
as $$
  delete from public.archive_files where path = p_path and batch_id is null;
  update public.deletions set archives = array_remove(archives, p_path) where uid = p_deletion;
$$;
