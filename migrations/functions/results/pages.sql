-- The pages of results, each in one call: what was found, what the filters can offer, the saved views.

create or replace function public.leads_page(
  p_client uuid, p_filters jsonb, p_after bigint, p_limit integer) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select public.search_leads(p_client, p_filters, p_after, p_limit) || jsonb_build_object(
    'client', case when p_client is not null then leadloom.client_head(leadloom.client_id(p_client)) end,
    'facets', public.lead_facets(p_client),
    'views', public.list_views(p_client, 'leads'))
$$;

create or replace function public.people_page(
  p_client uuid, p_filters jsonb, p_after bigint, p_limit integer) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select case when p_filters = '{}' then jsonb_build_object('rows', '[]'::jsonb, 'more', false, 'count', null,
                                                            'capped', false, 'companies', null)
              else public.search_people(p_client, p_filters, p_after, p_limit) end
    || jsonb_build_object(
    'client', case when p_client is not null then leadloom.client_head(leadloom.client_id(p_client)) end,
    'views', public.list_views(p_client, 'people'),
    'any', exists (select 1 from public.history_companies
                   where p_client is null or client_id = leadloom.client_id(p_client)),
    'customers', (select count(*) from public.client_customers
                  where p_client is null or client_id = leadloom.client_id(p_client)),
    'customer', (select coalesce(name, domain) from public.client_customers where uid::text = p_filters ->> 'customer'),
    'batches', (public.lead_batches(p_client)))
$$;

create or replace function public.lead_batches(p_client uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('batch', b.uid, 'name', b.name) order by b.id desc), '[]')
  from (select * from public.batches b
        where (p_client is null or b.client_id = leadloom.client_id(p_client))
          and exists (select 1 from public.final_leads f where f.batch_id = b.id)
        order by b.id desc limit 50) b
$$;

-- What a share link shows: the client's leads, within the filters that the link is limited to, and nothing else.
-- p_filters are the visitor's and the link's together; p_within, the link's alone, bounds what can be filtered by.
create or replace function public.shared_leads(
  p_client uuid, p_filters jsonb, p_after bigint, p_limit integer, p_within jsonb default '{}') returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select public.search_leads(p_client, p_filters, p_after, p_limit)
    || jsonb_build_object('facets', case when p_within = '{}' then public.lead_facets(p_client) - 'batches' - 'customers'
                                         else leadloom.facets_within(p_client, p_within) end)
$$;

-- What occurs among a link's leads, the newest p_most of them, so that a huge list costs no more.
create or replace function leadloom.facets_within(p_client uuid, p_within jsonb, p_most integer default 20000)
returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_facets jsonb;
begin
  execute format($q$
    with inside as materialized (
      select f.industry, f.size_bucket, f.country, f.seniority, f.department, f.current_job_start, f.worked_at_customer,
             f.works_at_customer
      from public.final_leads f where %s order by f.client_id desc, f.batch_item_id desc limit %s)
    select jsonb_build_object(
      'any', count(*) > 0,
      'industry', coalesce(jsonb_agg(distinct industry) filter (where industry is not null), '[]'),
      'size', coalesce(jsonb_agg(distinct size_bucket) filter (where size_bucket is not null), '[]'),
      'country', coalesce(jsonb_agg(distinct country) filter (where country is not null), '[]'),
      'seniority', coalesce(jsonb_agg(distinct seniority) filter (where seniority is not null), '[]'),
      'department', coalesce(jsonb_agg(distinct department) filter (where department is not null), '[]'),
      'job_start', coalesce(bool_or(current_job_start is not null), false),
      'worked_at_customer', coalesce(bool_or(worked_at_customer), false),
      'works_at_customer', coalesce(bool_or(works_at_customer), false))
    from inside$q$, leadloom.lead_conditions(leadloom.client_id(p_client), p_within), p_most) into v_facets;
  return v_facets;
end
$$;

create or replace function public.share_page(p_client uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'client', leadloom.client_head(leadloom.client_id(p_client)), 'links', public.list_share_links(p_client),
    'views', public.list_views(p_client, 'leads'),
    'leads', (select count(*) from (select 1 from public.final_leads
                                    where client_id = leadloom.client_id(p_client) limit 10001) counted))
$$;

-- The customers page: the list with how many people worked there, uploads that hold customers, the refresh's progress.
create or replace function public.customers_screen(p_client uuid, p_search text, p_after bigint, p_limit integer)
returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select public.customers_page(p_client, p_search, p_after, p_limit) || jsonb_build_object(
    'client', leadloom.client_head(leadloom.client_id(p_client)),
    'uploads', (
      select coalesce(jsonb_agg(jsonb_build_object('uid', u.uid, 'filename', u.filename, 'rows', u.row_count)
                                order by u.id desc), '[]')
      from (select * from public.uploads where client_id = leadloom.client_id(p_client) and kind = 'customers'
              and state = 'READY' order by id desc limit 10) u))
$$;

-- The rows of an upload (of p_client, where given) as they came, for whoever reads a customer list out of it.
create or replace function public.upload_cells(
  p_upload uuid, p_after integer, p_limit integer, p_client uuid default null) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_upload public.uploads;
begin
  select * into v_upload from public.uploads where id = leadloom.upload_id(p_upload, p_client);
  return jsonb_build_object(
    'mapping', v_upload.mapping,
    'client', (select uid from public.clients where id = v_upload.client_id),
    'rows', coalesce((
      select jsonb_agg(jsonb_build_object('row_number', r.row_number, 'data', r.data) order by r.row_number)
      from (select row_number, data from public.raw_apollo_uploads
            where upload_id = v_upload.id and row_number > p_after
            order by row_number limit least(p_limit, 2000)) r), '[]'));
end
$$;

create or replace function public.extraction_page(p_batch uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'uid', b.uid, 'name', b.name, 'state', b.state, 'client_uid', c.uid, 'client', c.name,
    'extractable', cardinality(leadloom.extractable(b.id, 0, null)),
    'leads', (select count(*) from public.final_leads where batch_id = b.id),
    'older', (select count(*) from public.final_leads where batch_id = b.id and parser_version < p.newest),
    'newest', p.newest, 'runs', public.batch_extractions(p_batch))
  from public.batches b join public.clients c on c.id = b.client_id
  cross join lateral (select max(parser_version) as newest from public.final_leads where batch_id = b.id) p
  where b.id = leadloom.batch_id(p_batch)
$$;
