-- Read models of the pages about clients: the list with its activity, one client at a glance. Counts of rows come from
-- batch_totals and batch_tallies, never from counting items.

-- p_after: [lower(name), id] of the last client shown.
create or replace function public.insights_clients(
  p_search text, p_archived boolean, p_after jsonb, p_limit integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_clients bigint[];
  v_rows jsonb;
begin
  select array_agg(id order by lower(name), id) into v_clients from (
    select c.id, c.name from public.clients c
    where (c.archived_at is not null) = p_archived
      and (p_search is null or strpos(lower(c.name), lower(p_search)) > 0 or strpos(c.slug, lower(p_search)) > 0)
      and (p_after is null or (lower(c.name), c.id) > (p_after ->> 0, (p_after ->> 1)::bigint))
    order by lower(c.name), c.id limit p_limit + 1) page;
  with batch as (
    select b.client_id, count(*) as batches, count(*) filter (where b.state in ('RUNNING', 'PAUSED')) as active,
           sum(d.completed) as done, sum(d.failed) as failed
    from public.batches b
    join leadloom.batch_numbers(array(select id from public.batches where client_id = any (v_clients))) d on d.batch_id = b.id
    where b.client_id = any (v_clients)
    group by b.client_id
  )
  select jsonb_agg(jsonb_build_object(
    'uid', c.uid, 'name', c.name, 'slug', c.slug, 'archived_at', c.archived_at,
    'batches', coalesce(batch.batches, 0), 'active', coalesce(batch.active, 0), 'done', coalesce(batch.done, 0),
    'failed', coalesce(batch.failed, 0), 'last_upload', u.created_at, 'last_file', u.filename,
    'cursor', jsonb_build_array(lower(c.name), c.id)) order by lower(c.name), c.id) into v_rows
  from public.clients c
  left join batch on batch.client_id = c.id
  left join lateral (select created_at, filename from public.uploads where client_id = c.id order by id desc limit 1) u on true
  where c.id = any (v_clients[1:p_limit]);
  return jsonb_build_object(
    'rows', coalesce(v_rows, '[]'),
    'next', case when cardinality(v_clients) > p_limit then v_rows -> (p_limit - 1) -> 'cursor' end,
    'archived', (select count(*) from public.clients where archived_at is not null),
    'any', exists (select 1 from public.clients));
end
$$;

-- Which workflows the client's own pipelines use that need a config it does not have.
create or replace function leadloom.missing_configs(p_client_id bigint) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('workflow', m.slug, 'title', m.title, 'label', m.label,
                                               'pipelines', m.pipelines) order by m.title, m.label), '[]')
  from (
    select r.slug, r.title, coalesce(s ->> 'label', '') as label, jsonb_agg(distinct p.name) as pipelines
    from public.enrichment_pipelines p
    cross join lateral jsonb_array_elements(p.steps) s
    join public.enrichment_registry r on r.slug = s ->> 'workflow' and r.config_schema is not null
    where p.client_id = p_client_id and p.archived_at is null
      and not exists (select 1 from public.client_workflow_configs f
                      where f.client_id = p_client_id and f.workflow_slug = r.slug
                        and f.label = coalesce(s ->> 'label', ''))
    group by r.slug, r.title, coalesce(s ->> 'label', '')) m
$$;

-- A client as every page names it; null for none.
create or replace function leadloom.client_head(p_client_id bigint) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object('uid', uid, 'name', name, 'slug', slug, 'archived_at', archived_at, 'created_at', created_at,
                            'new_in_role_months', new_in_role_months)
  from public.clients where id = p_client_id
$$;

create or replace function leadloom.upload_row(p_upload public.uploads) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'uid', p_upload.uid, 'filename', p_upload.filename, 'kind', p_upload.kind, 'state', p_upload.state,
    'error', p_upload.error, 'row_count', p_upload.row_count, 'byte_size', p_upload.byte_size,
    'created_at', p_upload.created_at, 'created_by', p_upload.created_by,
    'batches', (select count(*) from public.batches where upload_id = p_upload.id))
$$;

create or replace function public.insights_client(p_client uuid) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.client_id(p_client);
  v_all bigint[] := array(select id from public.batches where client_id = v_id order by id desc);
begin
  return jsonb_build_object(
    'client', leadloom.client_head(v_id),
    'uploads', coalesce((select jsonb_agg(leadloom.upload_row(u) order by u.id desc) from (
      select * from public.uploads where client_id = v_id order by id desc limit 8) u), '[]'),
    'upload_count', (select count(*) from public.uploads where client_id = v_id),
    'batches', leadloom.batch_rows(v_all[1:8]),
    'batch_count', cardinality(v_all),
    'active', (select count(*) from public.batches where client_id = v_id and state in ('RUNNING', 'PAUSED')),
    'totals', (select jsonb_build_object('done', coalesce(sum(completed), 0), 'failed', coalesce(sum(failed), 0))
               from leadloom.batch_numbers(v_all)),
    'spent', (select coalesce(sum(spent), 0) from public.batches where client_id = v_id),
    'pipelines', coalesce((select jsonb_agg(jsonb_build_object(
        'uid', p.uid, 'name', p.name, 'kind', p.upload_kind, 'version', p.version,
        'steps', jsonb_array_length(p.steps), 'updated_at', p.updated_at, 'updated_by', p.updated_by) order by lower(p.name))
      from (select * from public.enrichment_pipelines where client_id = v_id and archived_at is null
            order by lower(name) limit 50) p), '[]'),
    'configs', (select count(*) from public.client_workflow_configs where client_id = v_id),
    'missing', leadloom.missing_configs(v_id));
end
$$;

-- All uploads of one client; p_after: id of the last one shown.
create or replace function public.insights_uploads(p_client uuid, p_search text, p_after bigint, p_limit integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_id bigint := leadloom.client_id(p_client);
  v_rows jsonb;
  v_ids bigint[];
begin
  select jsonb_agg(leadloom.upload_row(u) order by u.id desc), array_agg(u.id order by u.id desc) into v_rows, v_ids
  from (select * from public.uploads
        where client_id = v_id and (p_after is null or id < p_after)
          and (p_search is null or strpos(lower(filename), lower(p_search)) > 0)
        order by id desc limit p_limit + 1) u;
  return jsonb_build_object(
    'client', leadloom.client_head(v_id),
    'rows', coalesce(case when cardinality(v_ids) > p_limit then v_rows - -1 else v_rows end, '[]'),
    'next', case when cardinality(v_ids) > p_limit then v_ids[p_limit] end);
end
$$;

-- Where the start page leads: what is running, what needs a hand.
create or replace function public.insights_home() returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'clients', exists (select 1 from public.clients where archived_at is null),
    'batches', exists (select 1 from public.batches),
    'running', (select count(*) from public.batches where state in ('RUNNING', 'PAUSED')),
    'only', (select uid from public.batches where state in ('RUNNING', 'PAUSED') order by id desc limit 1))
$$;
