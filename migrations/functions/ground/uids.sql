-- From the uid that a URL or a caller gives to the id that tables join by: one function a table, and one kind of answer,
-- PT404 in words, where there is no such row. Whoever wants the row reads it by that id, with the lock that it needs.
-- Not for what may be missing without fault (a draft that was never begun, a lease that somebody else has), nor for lists.

create or replace function leadloom.client_id(p_client uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.clients where uid = p_client;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such client.', hint = 'Choose one from the list of clients.';
  end if;
  return v_id;
end
$$;

create or replace function leadloom.batch_id(p_batch uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.batches where uid = p_batch;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such batch.', hint = 'Choose one from the list of batches.';
  end if;
  return v_id;
end
$$;

create or replace function leadloom.item_id(p_item uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.batch_items where uid = p_item;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such row.', hint = 'Choose one from its batch.';
  end if;
  return v_id;
end
$$;

create or replace function leadloom.pipeline_id(p_pipeline uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.enrichment_pipelines where uid = p_pipeline;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such pipeline.', hint = 'Choose one from its client''s page.';
  end if;
  return v_id;
end
$$;

create or replace function leadloom.file_job_id(p_job uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.file_jobs where uid = p_job;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such file.', hint = 'Choose it again.';
  end if;
  return v_id;
end
$$;

create or replace function leadloom.run_id(p_run uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.extraction_runs where uid = p_run;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such re-extraction.', hint = 'Start one from its batch''s page.';
  end if;
  return v_id;
end
$$;

create or replace function leadloom.archive_file_id(p_file uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.archive_files where uid = p_file;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such file in the archive.', hint = 'Ask for the files of the archive again.';
  end if;
  return v_id;
end
$$;

create or replace function leadloom.deletion_id(p_deletion uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.deletions where uid = p_deletion;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such deletion.', hint = 'Start it from the client''s page.';
  end if;
  return v_id;
end
$$;

create or replace function leadloom.erasure_id(p_erasure uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.erasures where uid = p_erasure;
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such erasure.', hint = 'Start it again.';
  end if;
  return v_id;
end
$$;

-- Where p_client is given, only if it is that client's.
create or replace function leadloom.upload_id(p_upload uuid, p_client uuid default null) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.uploads
  where uid = p_upload and (p_client is null or client_id = leadloom.client_id(p_client));
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such upload.', hint = 'Choose one from its client''s page.';
  end if;
  return v_id;
end
$$;

-- Where p_client is given, only if it is that client's.
create or replace function leadloom.share_link_id(p_link uuid, p_client uuid default null) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  select id into v_id from public.share_links
  where uid = p_link and (p_client is null or client_id = leadloom.client_id(p_client));
  if v_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such link.', hint = 'Choose one on the client''s Share page.';
  end if;
  return v_id;
end
$$;
