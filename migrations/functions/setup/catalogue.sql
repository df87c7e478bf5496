-- What exists before a batch: the workflow registry (told by the code), clients, pipelines, workflow configs.

-- Called at every deploy and engine start with the workflows that the code has; a slug that is gone is retired, never
-- deleted, because old batches name it.
create or replace function public.sync_registry(p_workflows jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upserted integer;
  v_retired integer;
begin
  insert into public.enrichment_registry as r
    (slug, title, description, kind, applies_to, reads, required, writes, needs_original, config_schema,
     default_timeout_s, default_max_attempts, cost_per_row, entity_keys, updated_at, retired_at)
  select w.slug, w.title, coalesce(w.description, ''), w.kind, w.applies_to, w.reads, coalesce(w.required, '{}'),
         w.writes, coalesce(w.needs_original, false), nullif(w.config_schema, 'null'), w.default_timeout_s,
         w.default_max_attempts, coalesce(w.cost_per_row, 0), coalesce(w.entity_keys, '{}'), leadloom.clock(), null
  from jsonb_to_recordset(p_workflows) as w(
    slug text, title text, description text, kind public.workflow_kind, applies_to public.upload_kind[], reads text[],
    required text[], writes text[], needs_original boolean, config_schema jsonb, default_timeout_s integer,
    default_max_attempts integer, cost_per_row numeric, entity_keys text[])
  on conflict (slug) do update set
    title = excluded.title, description = excluded.description, kind = excluded.kind,
    applies_to = excluded.applies_to, reads = excluded.reads, required = excluded.required, writes = excluded.writes,
    needs_original = excluded.needs_original, config_schema = excluded.config_schema,
    default_timeout_s = excluded.default_timeout_s, default_max_attempts = excluded.default_max_attempts,
    cost_per_row = excluded.cost_per_row, entity_keys = excluded.entity_keys, updated_at = excluded.updated_at,
    retired_at = null
  where (r.title, r.description, r.kind, r.applies_to, r.reads, r.required, r.writes, r.needs_original,
         r.config_schema, r.default_timeout_s, r.default_max_attempts, r.cost_per_row, r.entity_keys, r.retired_at)
    is distinct from
        (excluded.title, excluded.description, excluded.kind, excluded.applies_to, excluded.reads, excluded.required,
         excluded.writes, excluded.needs_original, excluded.config_schema, excluded.default_timeout_s,
         excluded.default_max_attempts, excluded.cost_per_row, excluded.entity_keys, null::timestamptz);
  get diagnostics v_upserted = row_count;
  update public.enrichment_registry set retired_at = leadloom.clock()
  where retired_at is null
    and slug not in (select w ->> 'slug' from jsonb_array_elements(p_workflows) w);
  get diagnostics v_retired = row_count;
  return jsonb_build_object('upserted', v_upserted, 'retired', v_retired);
end
$$;

create or replace function leadloom.slugify(p_name text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select coalesce(nullif(btrim(regexp_replace(lower(p_name), '[^a-z0-9]+', '-', 'g'), '-'), ''), 'client')
$$;

-- Idempotent by name: the same name again answers with the client that is there.
create or replace function public.create_client(p_name text, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client public.clients;
  v_slug text := leadloom.slugify(p_name);
  v_new boolean := false;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if length(btrim(coalesce(p_name, ''))) not between 1 and 200 then
    raise exception using errcode = 'PT422', message = 'A client needs a name of 1 to 200 characters.',
      hint = 'Type the name as it should be shown.';
  end if;
  insert into public.clients (name, slug)
  values (btrim(p_name),
          case when exists (select 1 from public.clients where slug = v_slug)
               then v_slug || '-' || left(replace(gen_random_uuid()::text, '-', ''), 6) else v_slug end)
  on conflict (lower(name)) do nothing
  returning * into v_client;
  v_new := v_client.id is not null;
  if v_new then
    perform leadloom.audit(p_actor, 'create_client', v_client.id, 'client', v_client.uid,
                           jsonb_build_object('name', v_client.name));
  else
    select * into v_client from public.clients where lower(name) = lower(btrim(p_name));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object(
    'uid', v_client.uid, 'slug', v_client.slug, 'name', v_client.name, 'created', v_new));
end
$$;

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
      hint = 'Choose from the available steps, and take a removed one out of the pipeline.';
  end if;
  select string_agg(distinct r.title, ', ') into v_bad
  from jsonb_array_elements(p_steps) s
  join public.enrichment_registry r on r.slug = s ->> 'workflow'
  where not p_kind = any (r.applies_to);
  if v_bad is not null then
    raise exception using errcode = 'PT422', message = format('%s cannot work on an upload of %s.', v_bad, p_kind),
      hint = 'Take the step out, or choose another kind of upload for this pipeline.';
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
  raise exception using errcode = 'PT409', message = format('A pipeline named "%s" exists already.', btrim(p_name)),
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
  select * into v_pipeline from public.enrichment_pipelines where uid = p_pipeline for update;
  if v_pipeline.id is null then
    raise exception using errcode = 'PT404', message = 'There is no such pipeline.';
  end if;
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
  raise exception using errcode = 'PT409', message = format('A pipeline named "%s" exists already.', btrim(p_name)),
    hint = 'Choose another name.';
end
$$;

-- The clients other than p_client whose configs name this webhook: their rows would land in one Clay table. URLs are
-- secrets and are compared by hash.
create or replace function leadloom.webhook_owners(p_client_id bigint, p_config jsonb) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(distinct c.name), '[]')
  from public.client_workflow_configs f join public.clients c on c.id = f.client_id
  where f.client_id <> p_client_id and leadloom.webhook_hash(f.config) = leadloom.webhook_hash(p_config)
$$;

create or replace function leadloom.webhook_hash(p_config jsonb) returns text
language sql stable security invoker set search_path = ''
as $$
  select encode(sha256(convert_to(btrim(p_config ->> 'webhook_url'), 'UTF8')), 'hex')
  where coalesce(btrim(p_config ->> 'webhook_url'), '') <> ''
$$;

create or replace function public.webhook_owners(p_client uuid, p_config jsonb) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.webhook_owners(leadloom.client_id(p_client), p_config)
$$;

-- A webhook that another client uses is refused unless p_share_webhook says that it is meant; once saved it is not
-- asked about again.
create or replace function public.save_workflow_config(
  p_client uuid, p_workflow text, p_label text, p_config jsonb, p_version integer, p_actor text,
  p_request uuid default null, p_share_webhook boolean default false) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client bigint := leadloom.client_id(p_client);
  v_config public.client_workflow_configs;
  v_owners jsonb;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if length(p_label) > 200 then
    raise exception using errcode = 'PT422', message = 'The label has more than 200 letters.', hint = 'Choose a shorter one.';
  end if;
  select * into v_config from public.client_workflow_configs
  where client_id = v_client and workflow_slug = p_workflow and label = coalesce(p_label, '') for update;
  if v_config.id is not null and p_version is not null and v_config.version <> p_version then
    raise exception using errcode = 'PT409',
      message = format('%s changed this configuration meanwhile.', v_config.updated_by),
      hint = 'Open it again to see the change, then repeat yours.';
  end if;
  if v_config.config = p_config then
    return leadloom.note_answer(p_request, jsonb_build_object('id', v_config.id, 'version', v_config.version));
  end if;
  if not p_share_webhook and leadloom.webhook_hash(v_config.config) is distinct from leadloom.webhook_hash(p_config) then
    v_owners := leadloom.webhook_owners(v_client, p_config);
    if v_owners <> '[]' then
      raise exception using errcode = 'PT409',
        message = format('This webhook URL is already used by %s.',
                         (select string_agg(n, ' and ') from jsonb_array_elements_text(v_owners) n)),
        hint = 'Rows of both clients would land in the same Clay table. Copy the URL of this client''s own table, '
               'or confirm that they share it.';
    end if;
  end if;
  insert into public.client_workflow_configs as c
    (client_id, workflow_slug, label, config, receiver_sha256, updated_by)
  values (v_client, p_workflow, coalesce(p_label, ''), p_config,
          encode(sha256(convert_to(p_config ->> 'receiver_token', 'UTF8')), 'hex'), p_actor)
  on conflict (client_id, workflow_slug, label) do update
    set config = excluded.config, receiver_sha256 = excluded.receiver_sha256, version = c.version + 1, updated_at = leadloom.clock(), updated_by = p_actor
  returning * into v_config;
  perform leadloom.audit(p_actor, 'save_workflow_config', v_client, 'workflow_config', p_client,
                         jsonb_build_object('workflow', p_workflow, 'label', coalesce(p_label, '')));
  return leadloom.note_answer(p_request, jsonb_build_object('id', v_config.id, 'version', v_config.version));
exception when foreign_key_violation then
  raise exception using errcode = 'PT404', message = format('There is no workflow "%s".', p_workflow);
end
$$;
