-- Deleting a client or an upload with all its data, in portions. Nothing of it may be running. What is kept: the record
-- here, the audit log (without its link to the client), and the counters of webhooks, which belong to the URLs.

-- p_confirm: the name of the client or the file, as the operator typed it. Asked again while it is under way: the same.
create or replace function public.request_deletion(p_kind text, p_subject uuid, p_confirm text, p_actor text)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_client bigint;
  v_upload bigint;
  v_name text;
  v_deletion public.deletions;
begin
  select * into v_deletion from public.deletions where subject_uid = p_subject order by finished_at nulls first limit 1;
  if v_deletion.id is not null then
    return leadloom.deletion_as_json(v_deletion);
  end if;
  if p_kind = 'client' then
    v_client := leadloom.client_id(p_subject);
    select name into v_name from public.clients where id = v_client for update;
  else
    select id, client_id, filename into v_upload, v_client, v_name from public.uploads
    where id = leadloom.upload_id(p_subject) for update;
  end if;
  perform leadloom.refuse_deletion(v_client, v_upload);
  if btrim(coalesce(p_confirm, '')) <> btrim(v_name) then
    raise exception using errcode = 'PT422', message = 'The name does not match. Nothing was deleted.',
      hint = format('Type %s to confirm.', v_name);
  end if;
  insert into public.deletions (kind, subject_uid, client_id, upload_id, name, requested_by, requested_at, archives)
  values (p_kind, p_subject, v_client, v_upload, v_name, coalesce(nullif(p_actor, ''), 'system'), leadloom.clock(), array(
    select f.path from public.archive_files f join public.batches b on b.id = f.batch_id
    where b.client_id = v_client and (v_upload is null or b.upload_id = v_upload) order by f.path))
  returning * into v_deletion;
  if v_upload is null then
    update public.clients set archived_at = coalesce(archived_at, leadloom.clock()) where id = v_client;
  end if;
  perform leadloom.audit(p_actor, 'delete_' || p_kind, v_client, p_kind, p_subject, jsonb_build_object('name', v_name));
  return leadloom.deletion_as_json(v_deletion);
end
$$;

-- What stands against deleting: work under way, or a file that is being read.
create or replace function leadloom.refuse_deletion(p_client_id bigint, p_upload_id bigint) returns void
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_running integer;
begin
  select count(*) into v_running from public.batches
  where client_id = p_client_id and (p_upload_id is null or upload_id = p_upload_id) and state in ('RUNNING', 'PAUSED');
  if v_running > 0 then
    raise exception using errcode = 'PT409', message = leadloom.plural(v_running, 'batch is', 'batches are') || ' not finished.',
      hint = 'Wait for all batches to finish, or cancel them, then delete.';
  elsif exists (select 1 from public.uploads where client_id = p_client_id and state = 'RECEIVING'
                  and (p_upload_id is null or id = p_upload_id)
                  and touched_at > leadloom.clock() - interval '10 minutes') then
    raise exception using errcode = 'PT409', message = 'A file is still being read.',
      hint = 'Wait until it is done, then delete.';
  end if;
end
$$;

create or replace function leadloom.deletion_as_json(p_deletion public.deletions) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select (to_jsonb(p_deletion) - array['id', 'client_id', 'upload_id'])
         || jsonb_build_object('done', p_deletion.finished_at is not null,
                               'client', (select uid from public.clients where id = p_deletion.client_id))
$$;

create or replace function public.list_deletions(p_limit integer default 100) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(leadloom.deletion_as_json(d) order by d.id desc), '[]')
  from (select * from public.deletions order by id desc limit p_limit) d
$$;

create or replace function public.show_deletion(p_deletion uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.deletion_as_json(d) from public.deletions d where d.id = leadloom.deletion_id(p_deletion)
$$;

-- Nothing new begins for what is being deleted: launches and uploads ask here.
create or replace function leadloom.refuse_deleted(p_client_id bigint, p_upload_id bigint) returns void
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if exists (select 1 from public.deletions where finished_at is null
               and (upload_id = p_upload_id or kind = 'client' and client_id = p_client_id)) then
    raise exception using errcode = 'PT409', message = 'This client or upload is being deleted.', hint = 'Choose another one.';
  end if;
end
$$;

-- Rows of one table that point to any of these, at most p_limit (null: all): deleted. Returns the counts with theirs.
create or replace function leadloom.delete_pointing(
  p_relation regclass, p_column name, p_ids bigint[], p_limit integer, p_counts jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_n integer;
begin
  execute format('delete from %1$s where ctid = any (array(select ctid from %1$s where %2$I = any ($1) limit $2))',
                 p_relation, p_column)
  using p_ids, p_limit;
  get diagnostics v_n = row_count;
  return leadloom.add_count(p_counts, split_part(p_relation::text, '.', 2), v_n);
end
$$;

-- Whatever table points to a client or an upload by a foreign key: its rows go as well, whichever tables there are.
create or replace function leadloom.delete_all_pointing(p_target regclass, p_id bigint, p_limit integer, p_counts jsonb)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_key record;
begin
  for v_key in
    select c.conrelid::regclass as relation, a.attname as column_name
    from pg_catalog.pg_constraint c
    join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'f' and c.confrelid = p_target and cardinality(c.conkey) = 1 and c.confdeltype in ('a', 'r', 'c')
      and c.conrelid not in ('public.batches'::regclass, 'public.uploads'::regclass, 'public.audit_log'::regclass,
                             'public.webhook_counters'::regclass)
    order by c.conrelid::regclass::text, a.attname
  loop
    p_counts := leadloom.delete_pointing(v_key.relation, v_key.column_name, array[p_id], p_limit, p_counts);
  end loop;
  return p_counts;
end
$$;

-- Delete what belongs to one batch, at most p_limit of its rows; with them goes all that hangs on them.
create or replace function leadloom.delete_batch_rows(p_batch_id bigint, p_limit integer, p_counts jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_items bigint[] :=
    array(select id from public.batch_items where batch_id = p_batch_id order by row_number limit p_limit);
begin
  p_counts := leadloom.delete_pointing('public.callback_inbox', 'batch_item_id', v_items, null, p_counts);
  p_counts := leadloom.delete_pointing('public.batch_items', 'id', v_items, null, p_counts);
  if cardinality(v_items) < p_limit then
    p_counts := leadloom.delete_pointing('public.callback_inbox', 'batch_id', array[p_batch_id], p_limit, p_counts);
    if not exists (select 1 from public.callback_inbox where batch_id = p_batch_id) then
      delete from public.batches where id = p_batch_id;
      p_counts := leadloom.add_count(p_counts, 'batches', 1);
    end if;
  end if;
  return p_counts;
end
$$;

-- Delete an upload's rows, then the upload, once no batch of it is left.
create or replace function leadloom.delete_upload_rows(p_upload_id bigint, p_limit integer, p_counts jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_client bigint := (select client_id from public.uploads where id = p_upload_id);
  v_before jsonb := p_counts;
begin
  if exists (select 1 from public.client_customers where upload_id = p_upload_id) then
    perform leadloom.customers_changed(v_client);
  end if;
  p_counts := leadloom.delete_all_pointing('public.uploads', p_upload_id, p_limit, p_counts);
  if p_counts = v_before then
    delete from public.uploads where id = p_upload_id;
    p_counts := leadloom.add_count(p_counts, 'uploads', 1);
  end if;
  return p_counts;
end
$$;

-- Drafts of a list that is being read hang on its job by name only.
create or replace function leadloom.delete_drafts(p_client_id bigint, p_limit integer, p_counts jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_n integer;
begin
  delete from public.customer_drafts where ctid = any (array(
    select d.ctid from public.file_jobs f join public.customer_drafts d on d.list_uid = f.uid
    where f.client_id = p_client_id limit p_limit));
  get diagnostics v_n = row_count;
  return leadloom.add_count(p_counts, 'customer_drafts', v_n);
end
$$;

-- Go on with a deletion for about p_ms; says whether it is done.
create or replace function public.delete_portion(p_deletion uuid, p_ms integer default 800, p_limit integer default 1000)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_began timestamptz := clock_timestamp();
  v_one public.deletions;
begin
  select * into v_one from public.deletions where id = leadloom.deletion_id(p_deletion) for update;
  while v_one.finished_at is null and clock_timestamp() < v_began + p_ms * interval '1 millisecond' loop
    v_one := leadloom.delete_some(v_one, p_limit);
  end loop;
  update public.deletions set counts = v_one.counts, finished_at = v_one.finished_at where id = v_one.id
  returning * into v_one;
  return leadloom.deletion_as_json(v_one);
end
$$;

create or replace function leadloom.delete_some(p_deletion public.deletions, p_limit integer) returns public.deletions
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_before jsonb := p_deletion.counts;
  v_batch bigint;
  v_upload bigint;
begin
  select id into v_batch from public.batches
  where client_id = p_deletion.client_id and (p_deletion.kind = 'client' or upload_id = p_deletion.upload_id)
  order by id limit 1;
  select id into v_upload from public.uploads
  where client_id = p_deletion.client_id and (p_deletion.kind = 'client' or id = p_deletion.upload_id)
  order by id limit 1;
  if v_batch is not null then
    p_deletion.counts := leadloom.delete_batch_rows(v_batch, p_limit, p_deletion.counts);
  elsif v_upload is not null then
    p_deletion.counts := leadloom.delete_upload_rows(v_upload, p_limit, p_deletion.counts);
  elsif p_deletion.kind = 'client' and p_deletion.client_id is not null then
    p_deletion.counts := leadloom.delete_drafts(p_deletion.client_id, p_limit, v_before);
    if p_deletion.counts = v_before then
      p_deletion.counts := leadloom.delete_all_pointing('public.clients', p_deletion.client_id, p_limit, v_before);
    end if;
    if p_deletion.counts = v_before then
      update public.webhook_counters set client_id = null where client_id = p_deletion.client_id;
      update public.audit_log set client_id = null where client_id = p_deletion.client_id;
      delete from public.clients where id = p_deletion.client_id;
      p_deletion.counts := leadloom.add_count(p_deletion.counts, 'clients', 1);
      p_deletion.client_id := null;
    end if;
  else
    p_deletion.finished_at := leadloom.clock();
    perform leadloom.withdraw_exports();
  end if;
  return p_deletion;
end
$$;

-- The deletion that an engine should go on with; null when there is none.
create or replace function public.open_deletion() returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select to_jsonb(uid) from public.deletions where finished_at is null order by id limit 1
$$;
