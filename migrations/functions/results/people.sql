-- Who worked where: searches over work histories. A company is named by domain, by one of the client's customers, or by
-- name with its typing errors forgiven; the answer says which names were taken as meant.

-- New functions start without grants, those of an extension too; service_role compares names with pg_trgm's.
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid::regprocedure from pg_catalog.pg_depend d
    join pg_catalog.pg_extension e on e.oid = d.refobjid and e.extname = 'pg_trgm'
    join pg_catalog.pg_proc p on p.oid = d.objid
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.deptype = 'e'
      and not pg_catalog.has_function_privilege('service_role', p.oid, 'execute')
  loop
    execute format('grant execute on function %s to service_role', v_function);
  end loop;
end
$$;

-- The company names of a client's work histories that a typed name may mean: the exact ones, or else the most similar.
create or replace function leadloom.meant_companies(p_client_id bigint, p_key text)
returns table (company_key text, name text, similarity real)
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return query
    select h.company_key, min(h.name), 1::real from public.history_companies h
    where h.company_key = p_key and (p_client_id is null or h.client_id = p_client_id)
    group by h.company_key;
  if not found then
    return query
      select s.company_key, min(s.name), max(s.score)
      from (select h.company_key, h.name, extensions.similarity(h.company_key, p_key) as score
            from public.history_companies h
            where h.company_key operator(extensions.%) p_key and (p_client_id is null or h.client_id = p_client_id)
           ) s
      where s.score >= 0.35
      group by s.company_key order by max(s.score) desc, s.company_key limit 8;
  end if;
end
$$;

-- All positions of a person as the pages and exports show them; p_hit is a condition on `h` that marks those found.
create or replace function leadloom.positions_of(p_item bigint, p_hit text) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_positions jsonb;
begin
  execute format(
    'select coalesce(jsonb_agg(jsonb_build_object(
       ''no'', h.position_no, ''company_name'', h.company_name, ''company_domain'', h.company_domain,
       ''company_linkedin'', h.company_linkedin, ''title'', h.title, ''location'', h.location,
       ''start'', leadloom.partial_date(h.start_date, h.start_precision),
       ''end'', leadloom.partial_date(h.end_date, h.end_precision), ''is_current'', h.is_current,
       ''has_left'', h.has_left, ''doubts'', h.doubts, ''customer'', c.uid, ''customer_name'', coalesce(c.name, c.domain),
       ''match'', h.customer_match, ''step'', h.step_index, ''attempt'', h.attempt, ''parser_version'', h.parser_version,
       ''hit'', %s)
       order by h.is_current desc nulls last, coalesce(h.start_date, h.end_date) desc nulls last, h.position_no), ''[]'')
     from public.person_work_history h left join public.client_customers c on c.id = h.customer_id
     where h.batch_item_id = %s', p_hit, p_item) into v_positions;
  return v_positions;
end
$$;

-- Conditions on a position: company (keys), domain, customer (uid or "any"), status, title, from_year, to_year.
create or replace function leadloom.position_conditions(p_client_id bigint, p_filters jsonb, p_keys text[]) returns text
language sql stable security invoker set search_path = ''
as $$
  select case when p_client_id is null then 'true' else format('h.client_id = %s', p_client_id) end
    || case when p_keys is not null then format(' and h.company_key = any (%L::text[])', p_keys) else '' end
    || coalesce(' and h.company_domain = ' || quote_literal(nullif(p_filters ->> 'domain', '')), '')
    || case coalesce(p_filters ->> 'customer', '') when '' then '' when 'any' then ' and h.customer_id is not null'
         else ' and h.customer_id = ' || coalesce(
           (select id from public.client_customers where uid::text = p_filters ->> 'customer'), -1) end
    || case p_filters ->> 'status' when 'former' then ' and h.has_left' when 'current' then ' and h.is_current'
         else '' end
    || coalesce(' and to_tsvector(''pg_catalog.simple''::regconfig, coalesce(h.title, '''')) @@ '
         || quote_literal(leadloom.words_query(p_filters ->> 'title')) || '::tsquery', '')
    || coalesce(' and h.start_date <= ' || quote_literal(leadloom.year_edge(p_filters ->> 'to_year', '-12-31'))
         || '::date', '')
    || coalesce(' and coalesce(h.end_date + case h.end_precision when ''year'' then 364 when ''month'' then 27 else 0 end,
         case when h.is_current then ''infinity'' else h.start_date end) >= '
         || quote_literal(leadloom.year_edge(p_filters ->> 'from_year', '-01-01')) || '::date', '')
$$;

create or replace function leadloom.year_edge(p_year text, p_day text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case when p_year ~ '^[12]\d{3}$' then p_year || p_day end
$$;

-- The ids of the people found. A named company leads through its positions; everything else through the leads, newest
-- first, so that a broad search stops when its page is full.
create or replace function leadloom.people_query(
  p_filters jsonb, p_hit text, p_of_lead text, p_by_name boolean, p_after bigint) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case
    when p_by_name or coalesce(p_filters ->> 'domain', '') <> ''
         or coalesce(p_filters ->> 'customer', 'any') not in ('any', '') then
      'select h.batch_item_id as id from public.person_work_history h'
      || case when p_filters ?| array['q', 'batch', 'country', 'seniority', 'department', 'industry', 'size']
              then ' join public.final_leads f on f.batch_item_id = h.batch_item_id and ' || p_of_lead else '' end
      || ' where ' || p_hit || coalesce(' and h.batch_item_id < ' || p_after, '') || ' group by 1'
    else
      'select f.batch_item_id as id from public.final_leads f where ' || p_of_lead
      || coalesce(' and f.batch_item_id < ' || p_after, '')
      || case when p_filters ->> 'customer' = 'any' then case p_filters ->> 'status'
           when 'former' then ' and f.worked_at_customer' when 'current' then ' and f.works_at_customer'
           else $c$ and f.customers <> '[]'$c$ end else '' end
      || ' and exists (select 1 from public.person_work_history h where h.batch_item_id = f.batch_item_id and '
      || p_hit || ')'
    end
$$;

-- People by their work history. Filters: company (as typed) with company_key (normalised), domain, customer, status
-- (former, current), title, from_year, to_year, and those of leads: batch, q, country[], seniority[],
-- department[].
create or replace function public.search_people(
  p_client uuid, p_filters jsonb, p_after bigint, p_limit integer, p_count_cap integer default 1000) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client bigint := case when p_client is not null then leadloom.client_id(p_client) end;
  v_filters jsonb := coalesce(p_filters, '{}');
  v_keys text[];
  v_meant jsonb;
  v_hit text;
  v_of_lead text;
  v_rows jsonb;
  v_count integer;
begin
  if coalesce(v_filters ->> 'company_key', '') <> '' then
    select coalesce(array_agg(m.company_key), '{}'),
           coalesce(jsonb_agg(jsonb_build_object('name', m.name, 'similarity', round(m.similarity::numeric, 2))), '[]')
    into v_keys, v_meant
    from leadloom.meant_companies(v_client, v_filters ->> 'company_key') m;
  end if;
  v_hit := leadloom.position_conditions(v_client, v_filters, v_keys);
  v_of_lead := leadloom.lead_conditions(v_client, v_filters - 'title');
  execute format(
    'select coalesce(jsonb_agg(jsonb_build_object(
       ''id'', f.batch_item_id, ''item'', f.item_uid, ''person_name'', f.person_name, ''title'', f.title,
       ''company_name'', f.company_name, ''company_domain'', f.company_domain, ''email'', f.email,
       ''linkedin'', f.linkedin, ''city'', f.city, ''country'', f.country, ''seniority'', f.seniority,
       ''customers'', f.customers, ''client'', c.uid, ''client_name'', c.name, ''batch'', b.uid,
       ''positions'', leadloom.positions_of(f.batch_item_id, %L)) order by f.batch_item_id desc), ''[]'')
     from (%s order by 1 desc limit %s) page
     join public.final_leads f on f.batch_item_id = page.id
     join public.clients c on c.id = f.client_id join public.batches b on b.id = f.batch_id',
    v_hit, leadloom.people_query(v_filters, v_hit, v_of_lead, v_keys is not null, p_after),
    least(greatest(p_limit, 1), 2000) + 1)
  into v_rows;
  if p_count_cap > 0 then
    execute format('select count(*) from (%s limit %s) counted',
                   leadloom.people_query(v_filters, v_hit, v_of_lead, v_keys is not null, null), p_count_cap + 1)
    into v_count;
  end if;
  return jsonb_build_object(
    'rows', case when jsonb_array_length(v_rows) > p_limit then v_rows - p_limit else v_rows end,
    'more', jsonb_array_length(v_rows) > p_limit, 'companies', v_meant,
    'count', least(v_count, p_count_cap), 'capped', coalesce(v_count > p_count_cap, false));
end
$$;
