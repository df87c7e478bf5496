-- Read models of one upload: what was read, its rows under search, what repeats, what a launch would do.

create or replace function leadloom.upload_head(p_upload public.uploads) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'upload', leadloom.upload_row(p_upload) || jsonb_build_object(
      'sha256', p_upload.sha256, 'header', p_upload.header, 'mapping', p_upload.mapping, 'report', p_upload.report,
      'ready_at', p_upload.ready_at),
    'client', leadloom.client_head(p_upload.client_id),
    'scan', (select jsonb_build_object('through_row', s.through_row, 'without_key', s.without_key, 'in_file', s.in_file,
                                       'earlier', s.earlier, 'finished_at', s.finished_at)
             from public.upload_scans s where s.upload_id = p_upload.id))
$$;

-- Whether an upload still has the mapping that it was read with, and that is the one confirmed at this time: its labels
-- may be spelt another way than those of the file that it was confirmed for.
create or replace function leadloom.mapped_as_remembered(p_upload public.uploads, p_confirmed_at timestamptz)
returns boolean
language sql stable security invoker set search_path = ''
as $$
  select coalesce(p_upload.mapping = p_upload.report -> 'remembered' -> 'mapping'
                  and p_confirmed_at = (p_upload.report -> 'remembered' ->> 'confirmed_at')::timestamptz, false)
$$;

create or replace function public.insights_upload(p_upload uuid, p_client uuid default null) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload, p_client);
  return leadloom.upload_head(v_upload) || jsonb_build_object(
    'arrived', (select coalesce(max(row_number), 0) from public.raw_apollo_uploads where upload_id = v_upload.id),
    'comparing', (select jsonb_build_object('done', done_rows, 'total', total_rows) from public.file_jobs
                  where kind = 'duplicates' and state in ('WAITING', 'RUNNING')
                    and request_key = md5(jsonb_build_object('upload', v_upload.uid)::text)),
    'batches', leadloom.batch_rows(array(
      select id from public.batches where upload_id = v_upload.id order by id desc limit 10)),
    'remembered', (select jsonb_build_object('confirmed_at', m.confirmed_at, 'confirmed_by', m.confirmed_by,
                                            'same', m.mapping = v_upload.mapping
                       or leadloom.mapped_as_remembered(v_upload, m.confirmed_at))
                   from public.remembered_mappings m
                   where m.client_id = v_upload.client_id and m.kind = v_upload.kind and m.header_shape = v_upload.header_shape),
    'same_file', (select coalesce(jsonb_agg(jsonb_build_object('uid', uid, 'filename', filename, 'created_at', created_at)
                                            order by id desc), '[]')
                  from public.uploads where client_id = v_upload.client_id and sha256 = v_upload.sha256 and id <> v_upload.id),
    'preview', (select coalesce(jsonb_agg(jsonb_build_object('row_number', row_number, 'data', data,
                  'fields', (select coalesce(jsonb_object_agg(m.key, leadloom.clean_cell(r.data ->> m.value)), '{}')
                             from jsonb_each_text(v_upload.mapping) m)) order by row_number), '[]')
                from (select row_number, data from public.raw_apollo_uploads
                      where upload_id = v_upload.id order by row_number limit 8) r));
end
$$;

-- Rows after p_after, p_limit of them. A text is looked for in every column, in windows, until the page is full, the
-- file ends or 90 ms have gone; `searched_through` says how far it got when there is more.
create or replace function public.insights_upload_rows(
  p_upload uuid, p_search text, p_repeated boolean, p_after integer, p_limit integer, p_client uuid default null)
returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
  v_began timestamptz := clock_timestamp();
  v_from integer := coalesce(p_after, 0);
  v_to integer;
  v_rows jsonb := '[]';
  v_page jsonb;
  v_next integer;
  v_through integer;
  v_want text := lower(p_search);
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload, p_client);
  if p_search is null then
    select jsonb_agg(r.row order by r.n) into v_rows from (
      select d.row_number as n, jsonb_build_object('row_number', d.row_number, 'data', d.data,
             'first_row', k.first_row, 'earlier', e.uid, 'earlier_file', e.filename) as row
      from public.raw_apollo_uploads d
      left join public.upload_keys k on k.upload_id = d.upload_id and k.row_number = d.row_number
      left join public.uploads e on e.id = k.earlier_upload
      where d.upload_id = v_upload.id and d.row_number > v_from
        and (not p_repeated or d.row_number in (
          select row_number from public.upload_keys
          where upload_id = v_upload.id and row_number > v_from and (first_row is not null or earlier_upload is not null)
          order by row_number limit p_limit + 1))
      order by d.row_number limit p_limit + 1) r;
  else
    loop
      v_to := v_from + 500;
      select jsonb_agg(jsonb_build_object('row_number', row_number, 'data', data, 'first_row', null, 'earlier', null,
                                          'earlier_file', null) order by row_number) into v_page
      from (select row_number, data from public.raw_apollo_uploads
            where upload_id = v_upload.id and row_number > v_from and row_number <= v_to
              and (strpos(lower(data::text), v_want) > 0 or row_number::text = v_want)
            order by row_number limit p_limit + 1 - jsonb_array_length(v_rows)) found;
      v_rows := v_rows || coalesce(v_page, '[]');
      v_from := v_to;
      exit when jsonb_array_length(v_rows) > p_limit or v_to >= v_upload.row_count;
      if clock_timestamp() > v_began + interval '90 milliseconds' then
        v_through := v_to;
        v_next := v_to;
        exit;
      end if;
    end loop;
  end if;
  if jsonb_array_length(v_rows) > p_limit then
    v_rows := v_rows - -1;
    v_next := (v_rows -> -1 ->> 'row_number')::integer;
    v_through := null;
  end if;
  return leadloom.upload_head(v_upload)
    || jsonb_build_object('rows', coalesce(v_rows, '[]'), 'next', v_next, 'searched_through', v_through);
end
$$;

-- What the launch dialog shows: the pipelines that fit, what each needs and costs, which rows it would send.
create or replace function public.insights_launch(p_upload uuid, p_client uuid default null) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload, p_client);
  return leadloom.upload_head(v_upload) || jsonb_build_object(
    'other_kinds', (select count(*) from public.enrichment_pipelines
                    where (client_id = v_upload.client_id or client_id is null) and archived_at is null
                      and upload_kind <> v_upload.kind),
    'launched', (
      select coalesce(jsonb_agg(l order by l.created_at desc), '[]') from (
        select b.uid, b.name, b.created_at, b.state, b.item_count, p.uid as pipeline
        from public.batches b join public.enrichment_pipelines p on p.id = b.pipeline_id
        where b.upload_id = v_upload.id and b.state <> 'CANCELLED'
        order by b.id desc limit 20) l),
    'pipelines', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'uid', p.uid, 'name', p.name, 'version', p.version, 'template', p.client_id is null,
        'steps', (
          select jsonb_agg(jsonb_build_object(
            'index', e.o - 1, 'slug', e.s ->> 'workflow', 'label', coalesce(e.s ->> 'label', ''), 'title', r.title,
            'kind', r.kind, 'retired', r.retired_at is not null or r.slug is null, 'reads', r.reads, 'required', r.required,
            'writes', r.writes, 'needs_original', r.needs_original, 'cost_per_row', r.cost_per_row,
            'entity_keys', r.entity_keys, 'condition', e.s -> 'settings' -> 'condition',
            'needs_config', r.config_schema is not null,
            'has_config', f.id is not null) order by e.o)
          from jsonb_array_elements(p.steps) with ordinality as e(s, o)
          left join public.enrichment_registry r on r.slug = e.s ->> 'workflow'
          left join public.client_workflow_configs f on f.client_id = v_upload.client_id
            and f.workflow_slug = r.slug and f.label = coalesce(e.s ->> 'label', '')))
        order by p.client_id nulls last, lower(p.name)), '[]')
      from public.enrichment_pipelines p
      where (p.client_id = v_upload.client_id or p.client_id is null) and p.archived_at is null
        and p.upload_kind = v_upload.kind));
end
$$;
