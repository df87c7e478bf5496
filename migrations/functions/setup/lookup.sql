-- Names that people type on a command line, turned into the uids that everything else takes.

create or replace function public.find_client(p_name text) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client public.clients;
begin
  select * into v_client from public.clients
  where lower(name) = lower(btrim(p_name)) or slug = lower(btrim(p_name)) order by lower(name) = lower(btrim(p_name)) desc limit 1;
  if v_client.id is null then
    raise exception using errcode = 'PT404', message = format('There is no client named "%s".', p_name),
      hint = coalesce('Clients: ' || (select string_agg(name, ', ' order by name) from (
        select name from public.clients where archived_at is null order by id desc limit 20) c) || '.',
        'Create one on the Clients page first.');
  end if;
  return jsonb_build_object('uid', v_client.uid, 'name', v_client.name, 'slug', v_client.slug);
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
