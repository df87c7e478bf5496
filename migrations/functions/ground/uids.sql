-- From the uid that a URL or a caller gives to the id that tables join by: one function a table, and one kind of answer,
-- PT404 in words, where there is no such row. Whoever wants the row reads it by that id, with the lock that it needs.
-- Not for what may be missing without fault (a draft that was never begun, a lease that somebody else has), nor for lists.

-- The answer where there is none: never returns.
create or replace function leadloom.no_such(p_message text, p_hint text) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  raise exception using errcode = 'PT404', message = p_message, hint = p_hint;
end
$$;

create or replace function leadloom.client_id(p_client uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.clients where uid = p_client),
                  leadloom.no_such('There is no such client.', 'Choose one from the list of clients.'));
end
$$;

create or replace function leadloom.batch_id(p_batch uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.batches where uid = p_batch),
                  leadloom.no_such('There is no such batch.', 'Choose one from the list of batches.'));
end
$$;

create or replace function leadloom.item_id(p_item uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.batch_items where uid = p_item),
                  leadloom.no_such('There is no such row.', 'Choose one from its batch.'));
end
$$;

create or replace function leadloom.pipeline_id(p_pipeline uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.enrichment_pipelines where uid = p_pipeline),
                  leadloom.no_such('There is no such pipeline.', 'Choose one from its client''s page.'));
end
$$;

create or replace function leadloom.file_job_id(p_job uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.file_jobs where uid = p_job),
                  leadloom.no_such('There is no such file.', 'Choose it again.'));
end
$$;

create or replace function leadloom.run_id(p_run uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.extraction_runs where uid = p_run),
                  leadloom.no_such('There is no such re-extraction.', 'Start one from its batch''s page.'));
end
$$;

create or replace function leadloom.archive_file_id(p_file uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.archive_files where uid = p_file),
                  leadloom.no_such('There is no such file in the archive.', 'Ask for the files of the archive again.'));
end
$$;

create or replace function leadloom.deletion_id(p_deletion uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.deletions where uid = p_deletion),
                  leadloom.no_such('There is no such deletion.', 'Start it from the client''s page.'));
end
$$;

create or replace function leadloom.erasure_id(p_erasure uuid) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.erasures where uid = p_erasure),
                  leadloom.no_such('There is no such erasure.', 'Start it again.'));
end
$$;

-- Where p_client is given, only if it is that client's.
create or replace function leadloom.upload_id(p_upload uuid, p_client uuid default null) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.uploads
                   where uid = p_upload and (p_client is null or client_id = leadloom.client_id(p_client))),
                  leadloom.no_such('There is no such upload.', 'Choose one from its client''s page.'));
end
$$;

-- Where p_client is given, only if it is that client's.
create or replace function leadloom.share_link_id(p_link uuid, p_client uuid default null) returns bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce((select id from public.share_links
                   where uid = p_link and (p_client is null or client_id = leadloom.client_id(p_client))),
                  leadloom.no_such('There is no such link.', 'Choose one on the client''s Share page.'));
end
$$;
