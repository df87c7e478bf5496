-- Files in pieces: an upload's come from the sender, an export's from the worker that makes it. Each piece is a row, so
-- that none of the calls grows with the file; a piece that comes twice is stored once.

-- Announce a file. The same file of the same client, unfinished, is gone on with, whoever began it: `missing` are the
-- numbers of the pieces that have not arrived. p_customers: `add` or `replace`; the file is a list of the client's
-- customers.
create or replace function public.begin_upload_file(
  p_client uuid, p_filename text, p_byte_size bigint, p_sha256 text, p_piece_bytes integer, p_kind text,
  p_allow_duplicate boolean, p_actor text, p_customers text default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_client public.clients;
  v_job public.file_jobs;
  v_key text;
  v_again boolean := coalesce(p_allow_duplicate, false);
begin
  select * into v_client from public.clients where id = leadloom.client_id(p_client) for update;
  if v_client.archived_at is not null then
    raise exception using errcode = 'PT409', message = format('The client %s is archived.', v_client.name),
      hint = 'Restore the client, or choose another one.';
  end if;
  if p_sha256 !~ '^[0-9a-f]{64}$' then
    raise exception using errcode = 'PT422', message = 'The file''s SHA-256 must be 64 hexadecimal digits.';
  end if;
  if p_customers not in ('add', 'replace') then
    raise exception using errcode = 'PT422', message = 'Choose whether to add to the customer list or replace it.';
  end if;
  v_key := concat_ws(' ', v_client.id, p_sha256, p_customers);
  select * into v_job from public.file_jobs
  where kind = 'upload' and request_key = v_key and state in ('SENDING', 'WAITING', 'RUNNING') for update;
  if v_job.id is null then
    if not v_again then
      perform leadloom.check_same_file(v_client.id, p_sha256);
    end if;
    insert into public.file_jobs
      (kind, state, client_id, filename, request, request_key, sha256, byte_size, piece_bytes, piece_count, created_by,
       created_at, touched_at)
    values ('upload', 'SENDING', v_client.id, p_filename, jsonb_build_object('kind', p_kind, 'again', v_again)
              || jsonb_strip_nulls(jsonb_build_object('customers', p_customers)), v_key,
            p_sha256, p_byte_size, p_piece_bytes, ceil(p_byte_size::numeric / p_piece_bytes),
            coalesce(nullif(p_actor, ''), 'system'), leadloom.clock(), leadloom.clock())
    returning * into v_job;
  elsif v_job.state = 'SENDING' then
    update public.file_jobs
    set filename = p_filename, touched_at = leadloom.clock(),
        request = request || jsonb_build_object('kind', p_kind, 'again', v_again or (request ->> 'again')::boolean)
    where id = v_job.id returning * into v_job;
  end if;
  return leadloom.file_job_row(v_job);
end
$$;

-- One piece of an announced file, packed, in base64. With the last one missing the file waits for a worker.
create or replace function public.store_piece(p_job uuid, p_number integer, p_size integer, p_content text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.file_jobs;
begin
  select * into v_job from public.file_jobs where id = leadloom.file_job_id(p_job) for update;
  if v_job.kind <> 'upload' then
    raise exception using errcode = 'PT422', message = 'This is not an upload.';
  elsif v_job.state = 'FAILED' then
    raise exception using errcode = 'PT409', message = coalesce(v_job.error, 'This upload failed.'),
      hint = coalesce(v_job.hint, 'Choose the file again.');
  elsif v_job.state <> 'SENDING' then
    return leadloom.file_job_row(v_job);
  elsif p_number not between 0 and v_job.piece_count - 1
     or p_size <> least(v_job.piece_bytes, v_job.byte_size - p_number::bigint * v_job.piece_bytes) then
    raise exception using errcode = 'PT422', message = 'This part does not belong to the file being uploaded.',
      hint = 'Choose the file again.';
  end if;
  insert into public.file_pieces (job_id, number, start, size, content)
  values (v_job.id, p_number, p_number::bigint * v_job.piece_bytes, p_size, decode(p_content, 'base64'))
  on conflict do nothing;
  update public.file_jobs
  set touched_at = leadloom.clock(),
      state = case when (select count(*) from public.file_pieces where job_id = v_job.id) = piece_count
                   then 'WAITING'::public.file_job_state else state end
  where id = v_job.id returning * into v_job;
  return leadloom.file_job_row(v_job);
end
$$;

create or replace function public.read_piece(p_job uuid, p_number integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_piece public.file_pieces;
begin
  select * into v_piece from public.file_pieces
  where job_id = leadloom.file_job_id(p_job) and number = p_number;
  if v_piece.job_id is null then
    raise exception using errcode = 'PT404', message = 'This file is no longer available.', hint = 'Request it again.';
  end if;
  return jsonb_build_object('start', v_piece.start, 'size', v_piece.size,
                            'content', translate(encode(v_piece.content, 'base64'), E'\n', ''));
end
$$;

-- The next piece of an export, and behind which row the one after it begins. Only the worker that holds the job may.
create or replace function public.store_export_piece(
  p_job uuid, p_holder uuid, p_number integer, p_size integer, p_content text, p_resume_at jsonb, p_done integer)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.file_jobs;
  v_start bigint;
begin
  select * into v_job from public.file_jobs
  where id = leadloom.file_job_id(p_job) and state = 'RUNNING' and holder = p_holder for update;
  if v_job.id is null then
    raise exception using errcode = 'PT409', message = 'Another worker has taken over this export.';
  end if;
  v_start := coalesce((select start + size from public.file_pieces
                       where job_id = v_job.id and number = p_number - 1), 0);
  insert into public.file_pieces as f (job_id, number, start, size, content)
  values (v_job.id, p_number, v_start, p_size, decode(p_content, 'base64'))
  on conflict (job_id, number) do update set start = excluded.start, size = excluded.size, content = excluded.content;
  update public.file_jobs
  set piece_count = p_number + 1, byte_size = v_start + p_size, resume_at = coalesce(p_resume_at, resume_at), done_rows = p_done,
      touched_at = leadloom.clock()
  where id = v_job.id;
  return jsonb_build_object('bytes', v_start + p_size);
end
$$;

-- What a download needs: where each piece begins. Only a file that is whole is given out.
create or replace function public.export_file(p_job uuid) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_job public.file_jobs;
begin
  select * into v_job from public.file_jobs where id = leadloom.file_job_id(p_job);
  if v_job.kind <> 'export' or v_job.state = 'EXPIRED' then
    raise exception using errcode = 'PT404', message = 'This export has expired.', hint = 'Export the list again.';
  elsif v_job.state <> 'READY' then
    raise exception using errcode = 'PT409', message = 'This export is not ready yet.', hint = 'Its page shows the progress.';
  end if;
  return leadloom.file_job_row(v_job) || jsonb_build_object(
    'starts', (select coalesce(jsonb_agg(start order by number), '[]') from public.file_pieces where job_id = v_job.id));
end
$$;
