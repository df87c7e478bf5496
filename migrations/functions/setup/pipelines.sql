-- Pipelines: ordered steps, saved as versions. A batch freezes the version that it is launched with; what is saved later
-- changes nothing under way.

-- Every way a list of steps can be wrong is refused here, so that no pipeline is saved that a launch would refuse.
create or replace function leadloom.check_steps(p_steps jsonb, p_kind public.upload_kind) returns void
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_bad text;
begin
  if jsonb_typeof(p_steps) is distinct from 'array' or jsonb_array_length(p_steps) not between 1 and 50 then
    raise exception using errcode = 'PT422', message = 'A pipeline needs 1 to 50 steps.',
      hint = 'Add one of the available steps.';
  end if;
  select string_agg(distinct coalesce(s ->> 'workflow', '(no name)'), ', ') into v_bad
  from jsonb_array_elements(p_steps) s
  left join public.enrichment_registry r on r.slug = s ->> 'workflow'
  where r.slug is null or r.retired_at is not null;
  if v_bad is not null then
    raise exception using errcode = 'PT422', message = format('Unknown workflow: %s.', v_bad),
      hint = 'Choose from the available steps, and remove any that no longer exist.';
  end if;
  select string_agg(distinct r.title, ', ') into v_bad
  from jsonb_array_elements(p_steps) s
  join public.enrichment_registry r on r.slug = s ->> 'workflow'
  where not p_kind = any (r.applies_to);
  if v_bad is not null then
    raise exception using errcode = 'PT422', message = format('%s does not work on uploads of %s.', v_bad, p_kind),
      hint = 'Remove the step, or choose another upload type for this pipeline.';
  end if;
end
$$;

create or replace function public.create_pipeline(
  p_client uuid, p_name text, p_upload_kind public.upload_kind, p_steps jsonb, p_actor text,
  p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client bigint := case when p_client is null then null else leadloom.client_id(p_client) end;
  v_pipeline public.enrichment_pipelines;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if length(btrim(coalesce(p_name, ''))) not between 1 and 200 then
    raise exception using errcode = 'PT422', message = 'A pipeline needs a name of 1 to 200 characters.';
  end if;
  perform leadloom.check_steps(p_steps, p_upload_kind);
  insert into public.enrichment_pipelines (client_id, name, upload_kind, steps, updated_by)
  values (v_client, btrim(p_name), p_upload_kind, p_steps, p_actor)
  returning * into v_pipeline;
  insert into public.pipeline_versions (pipeline_id, version, steps, saved_by)
  values (v_pipeline.id, 1, p_steps, p_actor);
  perform leadloom.audit(p_actor, 'create_pipeline', v_client, 'pipeline', v_pipeline.uid,
                         jsonb_build_object('name', v_pipeline.name));
  return leadloom.note_answer(p_request, jsonb_build_object('uid', v_pipeline.uid, 'version', 1));
exception when unique_violation then
  raise exception using errcode = 'PT409', message = format('A pipeline named "%s" already exists.', btrim(p_name)),
    hint = 'Choose another name, or change the existing one.';
end
$$;

create or replace function public.save_pipeline(
  p_pipeline uuid, p_expected_version integer, p_steps jsonb, p_name text, p_actor text,
  p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_pipeline public.enrichment_pipelines;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  select * into v_pipeline from public.enrichment_pipelines where id = leadloom.pipeline_id(p_pipeline) for update;
  if v_pipeline.version <> p_expected_version then
    raise exception using errcode = 'PT409',
      message = format('%s saved version %s of this pipeline while you were editing version %s.',
                       v_pipeline.updated_by, v_pipeline.version, p_expected_version),
      hint = 'Open the pipeline again to see that version, then repeat your change.';
  end if;
  perform leadloom.check_steps(p_steps, v_pipeline.upload_kind);
  update public.enrichment_pipelines
  set steps = p_steps, name = coalesce(nullif(btrim(p_name), ''), name), version = version + 1,
      updated_at = leadloom.clock(), updated_by = p_actor
  where id = v_pipeline.id returning * into v_pipeline;
  insert into public.pipeline_versions (pipeline_id, version, steps, saved_by)
  values (v_pipeline.id, v_pipeline.version, p_steps, p_actor);
  perform leadloom.audit(p_actor, 'save_pipeline', v_pipeline.client_id, 'pipeline', v_pipeline.uid,
                         jsonb_build_object('name', v_pipeline.name, 'version', v_pipeline.version));
  return leadloom.note_answer(p_request, jsonb_build_object('uid', v_pipeline.uid, 'version', v_pipeline.version));
exception when unique_violation then
  raise exception using errcode = 'PT409', message = format('A pipeline named "%s" already exists.', btrim(p_name)),
    hint = 'Choose another name.';
end
$$;

-- A client's own pipeline wins over a template of the same name.
create or replace function public.find_pipeline(p_client uuid, p_name text) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client bigint := leadloom.client_id(p_client);
  v_pipeline public.enrichment_pipelines;
begin
  select * into v_pipeline from public.enrichment_pipelines
  where (client_id = v_client or client_id is null) and lower(name) = lower(btrim(p_name)) and archived_at is null
  order by client_id nulls last limit 1;
  if v_pipeline.id is null then
    raise exception using errcode = 'PT404', message = format('There is no pipeline named "%s" for this client.', p_name),
      hint = coalesce('Pipelines: ' || (select string_agg(name, ', ' order by name) from public.enrichment_pipelines
        where (client_id = v_client or client_id is null) and archived_at is null) || '.',
        'Create one on the client''s Pipelines page first.');
  end if;
  return jsonb_build_object('uid', v_pipeline.uid, 'name', v_pipeline.name, 'upload_kind', v_pipeline.upload_kind,
                            'version', v_pipeline.version);
end
$$;

-- A copy for the client given (null: a template), under the next free name.
create or replace function public.duplicate_pipeline(
  p_pipeline uuid, p_client uuid, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_from public.enrichment_pipelines;
  v_client bigint := case when p_client is null then null else leadloom.client_id(p_client) end;
  v_name text;
begin
  select * into v_from from public.enrichment_pipelines where id = leadloom.pipeline_id(p_pipeline) for update;
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
  v_pipeline public.enrichment_pipelines;
begin
  select * into v_pipeline from public.enrichment_pipelines where id = leadloom.pipeline_id(p_pipeline) for update;
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
