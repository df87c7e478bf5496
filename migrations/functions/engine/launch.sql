-- From a pipeline and an upload to a running batch. The blueprint is frozen here; items are made from raw rows in
-- chunks (`fill_batches`), so that a launch of a hundred thousand rows answers at once and survives anything.

-- Each step with every setting spelled out, and which earlier steps' results it reads.
create or replace function leadloom.blueprint(p_steps jsonb) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  with steps as (
    select (o - 1)::integer as i, s ->> 'workflow' as slug, coalesce(s ->> 'label', '') as label,
           coalesce(s -> 'settings', '{}') as settings
    from jsonb_array_elements(p_steps) with ordinality as e(s, o)
  )
  select jsonb_agg(jsonb_build_object(
    'index', steps.i, 'slug', steps.slug, 'label', steps.label, 'title', r.title, 'kind', r.kind,
    'needs_original', r.needs_original, 'needs_config', r.config_schema is not null, 'cost_per_row', r.cost_per_row,
    'entity_keys', r.entity_keys, 'condition', steps.settings -> 'condition',
    'timeout_s', coalesce((steps.settings ->> 'timeout_s')::integer, r.default_timeout_s),
    'max_attempts', coalesce((steps.settings ->> 'max_attempts')::integer, r.default_max_attempts),
    'retry_delay_s', coalesce((steps.settings ->> 'retry_delay_s')::numeric, 5),
    'settings', steps.settings,
    'reads_steps', coalesce((
      select jsonb_agg(earlier.i order by earlier.i)
      from steps earlier join public.enrichment_registry w on w.slug = earlier.slug
      where earlier.i < steps.i and w.writes && r.reads), '[]')
  ) order by steps.i)
  from steps join public.enrichment_registry r on r.slug = steps.slug
$$;

-- Launch a batch, once per launch key: the same key again answers with the batch that it made. p_pipeline_version is
-- the version that the operator looked at: a pipeline that has changed since is not launched.
create or replace function public.launch_batch(
  p_launch_key uuid, p_upload uuid, p_pipeline uuid, p_row_limit integer, p_name text, p_budget numeric, p_actor text,
  p_pipeline_version integer default null)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
  v_pipeline public.enrichment_pipelines;
  v_batch public.batches;
begin
  select * into v_batch from public.batches where launch_key = p_launch_key;
  if v_batch.id is not null then
    return jsonb_build_object('batch', v_batch.uid, 'item_count', v_batch.item_count, 'created', false);
  end if;
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload);
  select * into v_pipeline from public.enrichment_pipelines where id = leadloom.pipeline_id(p_pipeline) for share;
  if v_pipeline.version <> p_pipeline_version then
    raise exception using errcode = 'PT409',
      message = format('%s just saved version %s of this pipeline.', v_pipeline.updated_by, v_pipeline.version),
      hint = 'Check the steps and the total below, then launch again.';
  end if;
  perform leadloom.check_launch(v_upload, v_pipeline, p_row_limit, p_budget);
  insert into public.batches
    (launch_key, client_id, upload_id, mapping, pipeline_id, pipeline_version, name, blueprint, step_count, item_count,
     budget, created_by, created_at)
  values (p_launch_key, v_upload.client_id, v_upload.id, v_upload.mapping, v_pipeline.id, v_pipeline.version,
          coalesce(nullif(btrim(p_name), ''), v_upload.filename || ' · ' || v_pipeline.name),
          leadloom.blueprint(v_pipeline.steps), jsonb_array_length(v_pipeline.steps),
          least(v_upload.row_count, coalesce(p_row_limit, v_upload.row_count)), p_budget, p_actor, leadloom.clock())
  on conflict (launch_key) do nothing
  returning * into v_batch;
  if v_batch.id is null then
    select * into v_batch from public.batches where launch_key = p_launch_key;
    return jsonb_build_object('batch', v_batch.uid, 'item_count', v_batch.item_count, 'created', false);
  end if;
  perform leadloom.audit(p_actor, 'launch_batch', v_batch.client_id, 'batch', v_batch.uid,
                         jsonb_build_object('rows', v_batch.item_count, 'pipeline', v_pipeline.name));
  return jsonb_build_object('batch', v_batch.uid, 'item_count', v_batch.item_count, 'created', true);
end
$$;

create or replace function leadloom.check_launch(
  p_upload public.uploads, p_pipeline public.enrichment_pipelines, p_row_limit integer, p_budget numeric) returns void
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if p_upload.state <> 'READY' then
    raise exception using errcode = 'PT404', message = 'This upload is not ready.',
      hint = 'Wait until every row is stored, then launch.';
  elsif exists (select 1 from public.clients where id = p_upload.client_id and archived_at is not null) then
    raise exception using errcode = 'PT409', message = 'This client is archived.', hint = 'Restore the client, then launch.';
  elsif p_pipeline.archived_at is not null then
    raise exception using errcode = 'PT404', message = 'This pipeline is archived.',
      hint = 'Choose one of the client''s pipelines.';
  elsif p_pipeline.client_id is not null and p_pipeline.client_id <> p_upload.client_id then
    raise exception using errcode = 'PT422', message = 'That pipeline belongs to another client.',
      hint = 'Choose one of this client''s pipelines or a template.';
  elsif p_pipeline.upload_kind <> p_upload.kind then
    raise exception using errcode = 'PT422',
      message = format('This pipeline is for uploads of %s; the file contains %s.', p_pipeline.upload_kind, p_upload.kind),
      hint = 'Choose a pipeline that fits the file.';
  elsif p_row_limit is not null and p_row_limit < 1 then
    raise exception using errcode = 'PT422', message = 'The number of rows must be 1 or more.';
  elsif p_budget is not null and p_budget < 0 then
    raise exception using errcode = 'PT422', message = 'The budget must be 0 or more credits.';
  end if;
  perform leadloom.refuse_deleted(p_upload.client_id, p_upload.id);
  perform leadloom.check_steps(p_pipeline.steps, p_pipeline.upload_kind);
end
$$;

-- Make items, each PENDING at step 0, from the next raw rows of batches that are not filled yet; at most p_limit rows.
create or replace function public.fill_batches(p_limit integer default 2000) returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  select '{"filled": 0}'::jsonb || leadloom.in_every_batch('fill_rows', jsonb_build_object('limit', p_limit))
$$;

create or replace function leadloom.fill_rows(p_args jsonb, p_batch_id bigint) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint;
  v_limit integer := (p_args ->> 'limit')::integer;
  v_total integer := 0;
begin
  foreach v_id in array array(
    select b.id from public.batches b
    where b.state in ('RUNNING', 'PAUSED') and b.filled_rows < b.item_count and b.fault is null
      and (p_batch_id is null or b.id = p_batch_id)
    order by b.filled_rows, b.id limit 10)
  loop
    exit when v_total >= v_limit;
    continue when not pg_catalog.pg_try_advisory_xact_lock_shared(4711, (v_id % 2147483647)::integer);
    -- Not `for update`: that would wait for, and hold up, every worker that writes rows of this batch.
    perform 1 from public.batches b
    where b.id = v_id and b.state in ('RUNNING', 'PAUSED') and b.filled_rows < b.item_count
    for no key update skip locked;
    continue when not found;
    v_total := v_total + case when p_batch_id is null then leadloom.fill_batch(v_id, v_limit - v_total)
                              else leadloom.fill_batch_by_parts(v_id, v_limit - v_total) end;
  end loop;
  return jsonb_build_object('filled', v_total);
end
$$;

-- Make at most p_limit more items of a batch whose row is locked; returns how many.
create or replace function leadloom.fill_batch(p_batch_id bigint, p_limit integer) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_batch record;
  v_items bigint[];
  v_last integer;
  v_rows integer;
begin
  select b.id, b.upload_id, b.filled_through, b.filled_rows, b.item_count, b.mapping into v_batch
  from public.batches b where b.id = p_batch_id;
  with rows as (
    select row_number, data from public.raw_apollo_uploads
    where upload_id = v_batch.upload_id and row_number > v_batch.filled_through
    order by row_number limit least(p_limit, v_batch.item_count - v_batch.filled_rows)
  ), made as (
    insert into public.batch_items
      (batch_id, row_number, person_name, first_name, last_name, title, email, linkedin, company_name,
       company_domain, company_linkedin, website, industry, country, original_data)
    select v_batch.id, r.row_number,
      leadloom.mapped(r.data, v_batch.mapping, 'person_name'), leadloom.mapped(r.data, v_batch.mapping, 'first_name'),
      leadloom.mapped(r.data, v_batch.mapping, 'last_name'), leadloom.mapped(r.data, v_batch.mapping, 'title'),
      leadloom.mapped(r.data, v_batch.mapping, 'email'), leadloom.mapped(r.data, v_batch.mapping, 'linkedin'),
      leadloom.mapped(r.data, v_batch.mapping, 'company_name'),
      leadloom.mapped(r.data, v_batch.mapping, 'company_domain'),
      leadloom.mapped(r.data, v_batch.mapping, 'company_linkedin'),
      leadloom.mapped(r.data, v_batch.mapping, 'website'), leadloom.mapped(r.data, v_batch.mapping, 'industry'),
      leadloom.mapped(r.data, v_batch.mapping, 'country'), r.data
    from rows r order by r.row_number
    returning id, row_number
  )
  select array_agg(id order by id), max(row_number), count(*) into v_items, v_last, v_rows from made;
  if v_rows = 0 then
    update public.batches set item_count = filled_rows where id = p_batch_id;
    return 0;
  end if;
  perform leadloom.enter_step(p_batch_id, 0, v_items);
  update public.batches set filled_rows = filled_rows + v_rows, filled_through = v_last where id = p_batch_id;
  return v_rows;
end
$$;

create or replace function leadloom.mapped(p_data jsonb, p_mapping jsonb, p_field text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select leadloom.clean_cell(p_data ->> (p_mapping ->> p_field))
$$;

-- The batch that a launch key made, and its upload; null when there is none yet. For callers that may be delivered
-- twice.
create or replace function public.find_launch(p_launch_key uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object('batch', b.uid, 'rows', b.item_count, 'upload', u.uid,
                            'unrecognised_columns', coalesce(u.report -> 'unrecognised', '[]'),
                            'mended_cells', coalesce(u.report -> 'mended_cells', '0'),
                            'warnings', jsonb_path_query_array(u.report, '$.warnings[*].text'),
                            'mapping_confirmed', u.report -> 'remembered' ->> 'confirmed_at')
  from public.batches b join public.uploads u on u.id = b.upload_id
  where b.launch_key = p_launch_key
$$;
