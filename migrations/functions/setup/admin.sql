-- What the admin pages change besides launching and controlling batches: clients, pipelines, test rows. Each change
-- writes the audit log in the same transaction, and answers a repeat with the same p_request as it answered first.

create or replace function public.rename_client(
  p_client uuid, p_name text, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_id bigint := leadloom.client_id(p_client);
  v_old text;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if length(btrim(coalesce(p_name, ''))) not between 1 and 200 then
    raise exception using errcode = 'PT422', message = 'A client needs a name of 1 to 200 characters.',
      hint = 'Type the name as it should be shown.';
  end if;
  select name into v_old from public.clients where id = v_id for update;
  if v_old <> btrim(p_name) then
    update public.clients set name = btrim(p_name) where id = v_id;
    perform leadloom.audit(p_actor, 'rename_client', v_id, 'client', p_client,
                           jsonb_build_object('from', v_old, 'to', btrim(p_name)));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('changed', v_old <> btrim(p_name)));
exception when unique_violation then
  raise exception using errcode = 'PT409', message = format('A client named "%s" exists already.', btrim(p_name)),
    hint = 'Choose another name.';
end
$$;

-- An archived client is out of the way, nothing is lost. Batches that still run keep it from going.
create or replace function public.archive_client(
  p_client uuid, p_archived boolean, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_id bigint := leadloom.client_id(p_client);
  v_active integer;
  v_changed boolean;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  select count(*) into v_active from public.batches where client_id = v_id and state in ('RUNNING', 'PAUSED');
  if p_archived and v_active > 0 then
    raise exception using errcode = 'PT409', message = format('%s of this client''s batches are not finished.', v_active),
      hint = 'Wait until they end, or cancel them, then archive the client.';
  end if;
  update public.clients set archived_at = case when p_archived then leadloom.clock() end
  where id = v_id and (archived_at is not null) <> p_archived;
  v_changed := found;
  if v_changed then
    perform leadloom.audit(p_actor, case when p_archived then 'archive_client' else 'restore_client' end, v_id, 'client', p_client);
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('changed', v_changed));
end
$$;

create or replace function leadloom.pipeline_of(p_pipeline uuid) returns public.enrichment_pipelines
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_pipeline public.enrichment_pipelines;
begin
  select * into v_pipeline from public.enrichment_pipelines where uid = p_pipeline for update;
  if v_pipeline.id is null then
    raise exception using errcode = 'PT404', message = 'There is no such pipeline.',
      hint = 'Choose one from its client''s page.';
  end if;
  return v_pipeline;
end
$$;

-- A copy for the client given (null: a template), under the next free name.
create or replace function public.duplicate_pipeline(
  p_pipeline uuid, p_client uuid, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_from public.enrichment_pipelines := leadloom.pipeline_of(p_pipeline);
  v_client bigint := case when p_client is null then null else leadloom.client_id(p_client) end;
  v_name text;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  select n into v_name from (
    select v_from.name as n, 0 as rank
    union all
    select v_from.name || case when i = 1 then ' (copy)' else format(' (copy %s)', i) end, i from generate_series(1, 500) i) names
  where not exists (select 1 from public.enrichment_pipelines p where p.archived_at is null
                    and coalesce(p.client_id, 0) = coalesce(v_client, 0) and lower(p.name) = lower(n))
  order by rank limit 1;
  return leadloom.note_answer(
    p_request, public.create_pipeline(p_client, v_name, v_from.upload_kind, v_from.steps, p_actor)
      || jsonb_build_object('name', v_name));
end
$$;

create or replace function public.archive_pipeline(
  p_pipeline uuid, p_archived boolean, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_pipeline public.enrichment_pipelines := leadloom.pipeline_of(p_pipeline);
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if (v_pipeline.archived_at is not null) <> p_archived then
    update public.enrichment_pipelines set archived_at = case when p_archived then leadloom.clock() end where id = v_pipeline.id;
    perform leadloom.audit(p_actor, case when p_archived then 'archive_pipeline' else 'restore_pipeline' end,
                           v_pipeline.client_id, 'pipeline', p_pipeline, jsonb_build_object('name', v_pipeline.name));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object(
    'name', v_pipeline.name, 'client', (select uid from public.clients where id = v_pipeline.client_id)));
exception when unique_violation then
  raise exception using errcode = 'PT409', message = format('Somebody just created a pipeline named "%s".', v_pipeline.name),
    hint = 'Rename that one first, then restore this one.';
end
$$;

-- The whole config, secrets included, for code that sends or merges; no page ever gets it.
create or replace function public.config_with_secrets(p_client uuid, p_workflow text, p_label text) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select config from public.client_workflow_configs
  where client_id = leadloom.client_id(p_client) and workflow_slug = p_workflow and label = coalesce(p_label, '')
$$;

-- A row that waits for its next try is due at once.
create or replace function public.retry_item_now(p_item uuid, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_id bigint := leadloom.item_id(p_item);
  v_batch public.batches;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  select b.* into v_batch from public.batch_items i join public.batches b on b.id = i.batch_id where i.id = v_id;
  update public.workflow_states set available_at = leadloom.clock()
  where batch_item_id = v_id and status = 'PENDING' and attempt > 0 and available_at <> 'infinity'
    and available_at > leadloom.clock();
  if found then
    perform leadloom.audit(p_actor, 'retry_item_now', v_batch.client_id, 'item', p_item);
    return leadloom.note_answer(p_request, jsonb_build_object('changed', true));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('changed', false));
end
$$;

-- A test row is a submission like any other: it counts for the webhook's life, and stops where rows stop. p_request
-- names the row; whoever gets its own p_sender back is the one to send it, so that a form sent twice sends one row.
create or replace function public.note_test_row(
  p_client uuid, p_workflow text, p_url_sha256 text, p_cap integer, p_actor text, p_request uuid default null,
  p_sender uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_id bigint := leadloom.client_id(p_client);
  v_sent bigint;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  insert into public.webhook_counters as w (url_sha256, client_id, sent, first_at, last_at)
  values (p_url_sha256, v_id, 1, leadloom.clock(), leadloom.clock())
  on conflict (url_sha256) do update set sent = w.sent + 1, last_at = leadloom.clock() where w.sent < p_cap
  returning sent into v_sent;
  if v_sent is null then
    raise exception using errcode = 'PT409', message = format('This webhook has taken its %s submissions.', p_cap),
      hint = 'Make a new webhook in Clay and save its URL here.';
  end if;
  perform leadloom.audit(p_actor, 'send_test_row', v_id, 'workflow_config', p_client,
                         jsonb_build_object('workflow', p_workflow));
  return leadloom.note_answer(p_request, jsonb_build_object('sent', v_sent, 'client', p_client, 'sender', p_sender));
end
$$;

-- What came back for a client's test row: only for rows that this client sent.
create or replace function public.insights_test_answer(p_client uuid, p_item uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object('received_at', c.received_at, 'body', left(c.body, 20000), 'note', c.note)
  from public.operator_requests r
  join public.callback_inbox c on c.item_uid = r.key and c.received_at > leadloom.clock() - interval '1 day'
  where r.key = p_item and r.answer ->> 'client' = p_client::text
  order by c.received_at limit 1
$$;
