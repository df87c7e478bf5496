-- Read models of what is set up: pipelines with their versions, a client's workflow configs, the workflow registry.
-- A config leaves this file only without its secrets; their names are told instead.

create or replace function leadloom.palette(p_client_id bigint) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'slug', r.slug, 'title', r.title, 'description', r.description, 'kind', r.kind, 'applies_to', r.applies_to,
    'reads', r.reads, 'required', r.required, 'writes', r.writes, 'needs_original', r.needs_original,
    'cost_per_row', r.cost_per_row, 'timeout_s', r.default_timeout_s, 'max_attempts', r.default_max_attempts,
    'entity_keys', r.entity_keys, 'needs_config', r.config_schema is not null, 'retired', r.retired_at is not null,
    'labels', (select coalesce(jsonb_agg(f.label order by f.label), '[]') from public.client_workflow_configs f
               where f.client_id = p_client_id and f.workflow_slug = r.slug)) order by r.kind, r.title), '[]')
  from public.enrichment_registry r
$$;

create or replace function leadloom.pipeline_row(p public.enrichment_pipelines) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'uid', p.uid, 'name', p.name, 'kind', p.upload_kind, 'version', p.version, 'template', p.client_id is null,
    'updated_at', p.updated_at, 'updated_by', p.updated_by, 'archived_at', p.archived_at,
    'titles', (select jsonb_agg(coalesce(r.title, s ->> 'workflow') order by o)
               from jsonb_array_elements(p.steps) with ordinality as e(s, o)
               left join public.enrichment_registry r on r.slug = s ->> 'workflow'),
    'batches', (select count(*) from public.batches where pipeline_id = p.id))
$$;

create or replace function public.insights_pipelines(p_client uuid, p_archived boolean) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.client_id(p_client);
begin
  return jsonb_build_object(
    'client', leadloom.client_head(v_id),
    'rows', (select coalesce(jsonb_agg(leadloom.pipeline_row(p) order by lower(p.name)), '[]')
             from public.enrichment_pipelines p
             where p.client_id = v_id and (p.archived_at is not null) = p_archived),
    'archived', (select count(*) from public.enrichment_pipelines where client_id = v_id and archived_at is not null),
    'templates', (select coalesce(jsonb_agg(leadloom.pipeline_row(p) order by lower(p.name)), '[]')
                  from public.enrichment_pipelines p where p.client_id is null and p.archived_at is null),
    'missing', leadloom.missing_configs(v_id));
end
$$;

-- One pipeline for the builder; p_pipeline null: an empty one of p_client (null, too: a template).
create or replace function public.insights_pipeline(p_pipeline uuid, p_client uuid, p_version integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_pipeline public.enrichment_pipelines;
  v_client bigint;
begin
  if p_pipeline is not null then
    select * into v_pipeline from public.enrichment_pipelines where id = leadloom.pipeline_id(p_pipeline);
    v_client := v_pipeline.client_id;
  elsif p_client is not null then
    v_client := leadloom.client_id(p_client);
  end if;
  return jsonb_build_object(
    'client', case when v_client is not null then leadloom.client_head(v_client) end,
    'pipeline', case when v_pipeline.id is not null then leadloom.pipeline_row(v_pipeline) end,
    'steps', coalesce((select steps from public.pipeline_versions where pipeline_id = v_pipeline.id and version = p_version),
                      v_pipeline.steps, '[]'),
    'versions', (select coalesce(jsonb_agg(jsonb_build_object('version', version, 'saved_at', saved_at, 'saved_by', saved_by,
                   'steps', jsonb_array_length(steps)) order by version desc), '[]')
                 from (select * from public.pipeline_versions where pipeline_id = v_pipeline.id
                       order by version desc limit 50) v),
    'palette', leadloom.palette(v_client));
end
$$;

-- A config as a page may see it: secrets (fields that the model marks write-only, and anything not in the model) are
-- gone; `set` names those that have a value.
create or replace function leadloom.masked_config(p_config jsonb, p_schema jsonb) returns jsonb
language sql immutable security invoker set search_path = ''
as $$
  with fields as (
    select e.key, e.value, e.value <> 'null' and e.value <> '""' as given,
      p_schema -> 'properties' -> e.key is null
      or jsonb_path_exists(p_schema -> 'properties' -> e.key, '$.** ? (@.writeOnly == true || @.format == "password")') as secret
    from jsonb_each(p_config) e
  )
  select jsonb_build_object(
    'values', coalesce((select jsonb_object_agg(key, value) from fields where not secret), '{}'),
    'set', coalesce((select jsonb_agg(key) from fields where secret and given), '[]'))
$$;

create or replace function public.insights_configs(p_client uuid) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.client_id(p_client);
begin
  return jsonb_build_object(
    'client', leadloom.client_head(v_id),
    'workflows', (select coalesce(jsonb_agg(jsonb_build_object(
        'slug', r.slug, 'title', r.title, 'description', r.description, 'kind', r.kind,
        'needs_config', r.config_schema is not null, 'cost_per_row', r.cost_per_row,
        'retired', r.retired_at is not null,
        'used_by', (select coalesce(jsonb_agg(distinct p.name), '[]') from public.enrichment_pipelines p
                    cross join lateral jsonb_array_elements(p.steps) s
                    where p.client_id = v_id and p.archived_at is null and s ->> 'workflow' = r.slug),
        'configs', (select coalesce(jsonb_agg(jsonb_build_object('label', f.label, 'version', f.version,
                      'updated_at', f.updated_at, 'updated_by', f.updated_by,
                      'config', leadloom.masked_config(f.config, r.config_schema)) order by f.label), '[]')
                    from public.client_workflow_configs f where f.client_id = v_id and f.workflow_slug = r.slug))
        order by (r.config_schema is null), r.title), '[]')
      from public.enrichment_registry r
      where r.retired_at is null or exists (select 1 from public.client_workflow_configs f
                                            where f.client_id = v_id and f.workflow_slug = r.slug)),
    'counters', (select coalesce(jsonb_object_agg(w.url_sha256, w.sent), '{}')
                 from public.webhook_counters w where w.client_id = v_id),
    'missing', leadloom.missing_configs(v_id));
end
$$;

-- One config for its form. `counters` are this client's webhooks by the hash of their URL.
create or replace function public.insights_config(p_client uuid, p_workflow text, p_label text) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.client_id(p_client);
  v_workflow public.enrichment_registry;
  v_config public.client_workflow_configs;
begin
  select * into v_workflow from public.enrichment_registry where slug = p_workflow;
  if v_workflow.slug is null then
    raise exception using errcode = 'PT404', message = 'There is no such workflow.',
      hint = 'Choose one from the client''s Workflows page.';
  end if;
  select * into v_config from public.client_workflow_configs
  where client_id = v_id and workflow_slug = p_workflow and label = coalesce(p_label, '');
  return jsonb_build_object(
    'client', leadloom.client_head(v_id),
    'workflow', to_jsonb(v_workflow) - 'config_schema',
    'schema', v_workflow.config_schema,
    'label', coalesce(p_label, ''),
    'config', case when v_config.id is not null then leadloom.masked_config(v_config.config, v_workflow.config_schema)
      || jsonb_build_object('version', v_config.version, 'updated_at', v_config.updated_at, 'updated_by', v_config.updated_by) end,
    'retired_tokens_until', leadloom.retired_tokens_until(v_id),
    'labels', (select coalesce(jsonb_agg(label order by label), '[]') from public.client_workflow_configs
               where client_id = v_id and workflow_slug = p_workflow),
    'counter', (select jsonb_build_object('sent', w.sent, 'first_at', w.first_at, 'last_at', w.last_at)
                from public.webhook_counters w
                where w.url_sha256 = encode(sha256(convert_to(v_config.config ->> 'webhook_url', 'UTF8')), 'hex')));
end
$$;

create or replace function public.insights_registry() returns jsonb
language sql stable security invoker set search_path = ''
as $$
  with counts as (
    select b.blueprint -> t.step_index::integer ->> 'slug' as slug,
      sum(t.n) filter (where t.bucket = 'completed') as completed, sum(t.n) filter (where t.bucket = 'failed') as failed,
      sum(t.n) filter (where t.bucket = 'skipped') as skipped, sum(t.n) filter (where t.bucket = 'sent') as sent
    from public.batches b
    join lateral (
      select step_index, bucket, n from public.batch_totals where batch_id = b.id
      union all select step_index, bucket, n from public.batch_tallies where batch_id = b.id) t on true
    where t.bucket in ('completed', 'failed', 'skipped', 'sent')
    group by 1
  ), users as (
    select s ->> 'workflow' as slug, count(distinct p.id) as pipelines,
      jsonb_agg(distinct jsonb_build_object('name', c.name, 'uid', c.uid)) filter (where c.id is not null) as clients
    from public.enrichment_pipelines p
    cross join lateral jsonb_array_elements(p.steps) s
    left join public.clients c on c.id = p.client_id
    where p.archived_at is null group by 1
  )
  select jsonb_build_object('rows', coalesce(jsonb_agg(
    (to_jsonb(r) - 'config_schema') || jsonb_build_object(
      'needs_config', r.config_schema is not null,
      'configs', (select count(*) from public.client_workflow_configs f where f.workflow_slug = r.slug),
      'completed', coalesce(n.completed, 0), 'failed', coalesce(n.failed, 0), 'skipped', coalesce(n.skipped, 0),
      'sent', coalesce(n.sent, 0), 'pipelines', coalesce(u.pipelines, 0), 'clients', coalesce(u.clients, '[]'))
    order by r.retired_at nulls first, r.kind, r.title), '[]'))
  from public.enrichment_registry r
  left join counts n on n.slug = r.slug
  left join users u on u.slug = r.slug
$$;
