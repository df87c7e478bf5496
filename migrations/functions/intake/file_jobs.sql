-- The life of a file job: SENDING (an upload's pieces arrive) -> WAITING -> RUNNING -> READY or FAILED; an export's
-- READY ends as EXPIRED after a day.
--
--   begin_… ─▶ take_file_job ─▶ keep_file_job … ─▶ finish_file_job | fail_file_job
--                  ▲                  └─ the lease runs out, or release_file_job: the next worker takes it
--                  └──────────────────────────────────────────────────┘
--
-- Whoever holds the lease says so with every call (p_holder); a worker that was replaced changes nothing more.

create or replace function leadloom.file_job_row(p_job public.file_jobs) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'uid', p_job.uid, 'kind', p_job.kind, 'state', p_job.state, 'filename', p_job.filename, 'request', p_job.request,
    'client', (select jsonb_build_object('uid', uid, 'name', name) from public.clients where id = p_job.client_id),
    'sha256', p_job.sha256, 'byte_size', p_job.byte_size, 'piece_bytes', p_job.piece_bytes,
    'piece_count', p_job.piece_count, 'missing', case when p_job.state = 'SENDING' then (
      select coalesce(jsonb_agg(n order by n), '[]') from generate_series(0, p_job.piece_count - 1) n
      where not exists (select 1 from public.file_pieces where job_id = p_job.id and number = n)) else '[]' end,
    'phase', p_job.phase, 'done_rows', p_job.done_rows, 'total_rows', p_job.total_rows, 'resume_at', p_job.resume_at,
    'result', p_job.result, 'error', p_job.error, 'hint', p_job.hint, 'code', p_job.code, 'attempts', p_job.attempts,
    'created_by', p_job.created_by, 'created_at', p_job.created_at, 'finished_at', p_job.finished_at,
    'expires_at', case when p_job.kind = 'export' then p_job.finished_at + interval '1 day' end)
$$;

create or replace function public.file_job(p_job uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.file_job_row(j) from public.file_jobs j where j.id = leadloom.file_job_id(p_job)
$$;

-- Files of a client that are on their way in, and those that failed within a day.
create or replace function public.insights_files(p_client uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'client', p_client, 'client_name', (select name from public.clients where id = leadloom.client_id(p_client)),
    'rows', coalesce(jsonb_agg(leadloom.file_job_row(j) order by j.id desc), '[]'))
  from (select f.* from public.file_jobs f
        where f.client_id = leadloom.client_id(p_client) and f.kind = 'upload'
          and (f.state in ('SENDING', 'WAITING', 'RUNNING')
               or f.state = 'FAILED' and f.touched_at > leadloom.clock() - interval '1 day')
        order by f.id desc limit 10) j
$$;

create or replace function public.insights_exports(p_limit integer) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object('rows', coalesce(jsonb_agg(leadloom.file_job_row(j) order by j.id desc), '[]'))
  from (select * from public.file_jobs where kind = 'export' and request ->> 'share' is null
        order by id desc limit p_limit) j
$$;

-- Ask for an export or a comparison; asked again while that is under way, it is the same one.
create or replace function public.request_file_job(
  p_kind text, p_client uuid, p_request jsonb, p_filename text, p_total integer, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.file_jobs;
  v_key text := md5(p_request::text || case when p_kind = 'export' then p_actor else '' end);
begin
  if p_kind not in ('export', 'duplicates', 'customers') then
    raise exception using errcode = 'PT422', message = format('There is no file job of the kind %s.', p_kind);
  end if;
  if (select count(*) >= 50 from public.file_jobs
      where state in ('WAITING', 'RUNNING') and kind = p_kind::public.file_job_kind) then
    raise exception using errcode = 'PT409', message = '50 files are already being prepared.',
      hint = 'Wait until some of them are ready.';
  end if;
  insert into public.file_jobs
    (kind, state, client_id, filename, request, request_key, total_rows, created_by, created_at, touched_at)
  values (p_kind::public.file_job_kind, 'WAITING', case when p_client is not null then leadloom.client_id(p_client) end,
          p_filename, p_request, v_key, p_total, coalesce(nullif(p_actor, ''), 'system'), leadloom.clock(), leadloom.clock())
  on conflict (kind, request_key) where state in ('SENDING', 'WAITING', 'RUNNING') do nothing
  returning * into v_job;
  if v_job.id is null then
    select * into v_job from public.file_jobs
    where kind = p_kind::public.file_job_kind and request_key = v_key and state in ('WAITING', 'RUNNING');
  end if;
  return leadloom.file_job_row(v_job);
end
$$;

-- How many jobs a worker should be started for. A job is offered once in half a minute: starting one takes a while.
create or replace function public.offer_file_jobs() returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  with offered as (
    update public.file_jobs j set offered_at = leadloom.clock()
    where j.id = any (array(
      select f.id from public.file_jobs f
      where (f.state = 'WAITING' or f.state = 'RUNNING' and f.lease_until < leadloom.clock())
        and (f.offered_at is null or f.offered_at < leadloom.clock() - interval '30 seconds')
      order by f.id limit 20 for update skip locked))
    returning 1
  )
  select jsonb_build_object('due', (select count(*) from offered))
$$;

-- Take the job named, or the oldest one that is due, for p_seconds. Five workers that were lost over it are enough.
create or replace function public.take_file_job(p_holder uuid, p_seconds integer, p_job uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.file_jobs;
begin
  select * into v_job from public.file_jobs where state = 'RUNNING' and holder = p_holder;
  while v_job.id is null loop
    select * into v_job from public.file_jobs j
    where (j.state = 'WAITING' or j.state = 'RUNNING' and j.lease_until < leadloom.clock())
      and (p_job is null or j.uid = p_job)
      -- Of a client's lists of customers the one that was asked for last counts: they are read in turn.
      and not (leadloom.is_list_job(j) and exists (
        select 1 from public.file_jobs o
        where o.client_id = j.client_id and o.id < j.id and o.state in ('WAITING', 'RUNNING') and leadloom.is_list_job(o)))
    order by j.id limit 1 for update skip locked;
    if v_job.id is null then
      return null;
    elsif v_job.attempts >= 5 then
      update public.file_jobs
      set state = 'FAILED', holder = null, touched_at = leadloom.clock(), finished_at = leadloom.clock(),
          error = coalesce('Failed after five attempts: ' || error, 'Interrupted on all five attempts.'),
          hint = 'Try again. If it fails again, see the log for details.'
      where id = v_job.id;
      v_job := null;
    end if;
  end loop;
  update public.file_jobs
  set state = 'RUNNING', attempts = attempts + (holder is distinct from p_holder)::integer, holder = p_holder,
      lease_until = leadloom.clock() + make_interval(secs => p_seconds), touched_at = leadloom.clock()
  where id = v_job.id returning * into v_job;
  return leadloom.file_job_row(v_job);
end
$$;

-- Stay in possession, and tell how far the work is.
create or replace function public.keep_file_job(
  p_job uuid, p_holder uuid, p_seconds integer, p_phase text, p_done integer, p_total integer) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  update public.file_jobs
  set lease_until = leadloom.clock() + make_interval(secs => p_seconds), phase = p_phase, done_rows = p_done,
      total_rows = p_total, touched_at = leadloom.clock()
  where uid = p_job and state = 'RUNNING' and holder = p_holder;
  return jsonb_build_object('held', found);
end
$$;

-- Give a job back unfinished: p_error null, because the worker must end (not counted), or what went wrong.
create or replace function public.release_file_job(p_job uuid, p_holder uuid, p_error text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  update public.file_jobs
  set state = 'WAITING', holder = null, lease_until = null, touched_at = leadloom.clock(),
      attempts = attempts - (p_error is null)::integer, error = left(p_error, 500),
      offered_at = case when p_error is null then null else leadloom.clock() end
  where uid = p_job and state = 'RUNNING' and holder = p_holder;
  return jsonb_build_object('released', found);
end
$$;

create or replace function public.finish_file_job(p_job uuid, p_holder uuid, p_result jsonb, p_done integer) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.file_jobs;
begin
  update public.file_jobs
  set state = 'READY', result = p_result, done_rows = p_done, total_rows = p_done, phase = '', error = null,
      holder = null, lease_until = null, touched_at = leadloom.clock(), finished_at = leadloom.clock()
  where uid = p_job and state = 'RUNNING' and holder = p_holder returning * into v_job;
  if v_job.id is not null then
    -- An upload's rows are stored; an export may have been longer when an earlier worker made it.
    delete from public.file_pieces where job_id = v_job.id and (v_job.kind <> 'export' or number >= v_job.piece_count);
  end if;
  return public.file_job(p_job);
end
$$;

create or replace function public.fail_file_job(p_job uuid, p_holder uuid, p_error text, p_hint text, p_code text)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  update public.file_jobs
  set state = 'FAILED', error = left(p_error, 2000), hint = left(p_hint, 500), code = p_code, holder = null,
      lease_until = null, touched_at = leadloom.clock(), finished_at = leadloom.clock()
  where uid = p_job and state = 'RUNNING' and holder = p_holder returning id into v_id;
  delete from public.file_pieces where job_id = v_id;
  return public.file_job(p_job);
end
$$;

-- After an erasure or a deletion: files made before may hold what is gone. Ready ones expire, the others are made anew.
create or replace function leadloom.withdraw_exports() returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.file_jobs
  set state = case when state = 'READY' then 'EXPIRED'::public.file_job_state else 'WAITING' end, holder = null,
      lease_until = null, resume_at = null, done_rows = 0, touched_at = leadloom.clock()
  where kind = 'export' and state in ('READY', 'RUNNING', 'WAITING')
$$;

-- Before an erasure: nobody can look for a person in the pieces of a file, so no file that has come so far may bring the
-- person back when it is read. Its sender is told to send it again.
create or replace function leadloom.refuse_incoming_files() returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.file_jobs
  set state = 'FAILED', error = 'While this file was on its way, a person was erased.', hint = 'Choose the file again.',
      holder = null, lease_until = null, touched_at = leadloom.clock(), finished_at = leadloom.clock()
  where kind = 'upload' and state in ('SENDING', 'WAITING', 'RUNNING')
$$;

-- Let go of what nobody will ask for: files whose rest never came within a day, exports of yesterday, pieces without a
-- use (p_portion of them a call), and after a month the jobs themselves.
create or replace function public.sweep_file_jobs(p_portion integer default 100) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_removed integer;
begin
  update public.file_jobs
  set state = 'FAILED', error = 'The rest of the file never arrived.', hint = 'Choose the file again.',
      touched_at = leadloom.clock(), finished_at = leadloom.clock()
  where state = 'SENDING' and touched_at < leadloom.clock() - interval '1 day';
  update public.file_jobs set state = 'EXPIRED', touched_at = leadloom.clock()
  where kind = 'export' and state = 'READY' and finished_at < leadloom.clock() - interval '1 day';
  delete from public.file_pieces p
  where (p.job_id, p.number) in (
    select o.job_id, o.number from public.file_pieces o join public.file_jobs j on j.id = o.job_id
    where j.state in ('FAILED', 'EXPIRED') or j.state = 'READY' and j.kind <> 'export' limit p_portion);
  get diagnostics v_removed = row_count;
  delete from public.customer_drafts d
  where not exists (select 1 from public.file_jobs f where f.uid = d.list_uid and f.state in ('WAITING', 'RUNNING'));
  delete from public.file_jobs j
  where j.id = any (array(
    select f.id from public.file_jobs f
    where f.state in ('READY', 'FAILED', 'EXPIRED') and f.touched_at < leadloom.clock() - interval '30 days'
    order by f.touched_at limit p_portion));
  return jsonb_build_object('removed', v_removed, 'done', v_removed < p_portion);
end
$$;
