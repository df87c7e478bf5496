-- Reading leads: filtered lists with keyset paging, counts that are right or say "more than", filters that exist only
-- where data does, and one lead with everything behind it. Conditions are composed as text from a fixed vocabulary with
-- quoted literals, so that every search gets a plan for its own values.

-- From when on a job start counts as new, for one client (null: each lead's own client).
create or replace function leadloom.new_role_since(p_client_id bigint) returns date
language sql stable security invoker set search_path = ''
as $$
  select (leadloom.clock() at time zone 'utc')::date - make_interval(months => new_in_role_months)
  from public.clients where id = p_client_id
$$;

-- Whether a job began since then. The start is the first day of what is known: a bare year may be neither yes nor no.
create or replace function leadloom.is_new(p_start date, p_precision public.date_precision, p_since date)
returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select case when p_start >= p_since then true
              when p_start + case p_precision when 'year' then interval '1 year' when 'month' then interval '1 month'
                             else interval '1 day' end <= p_since then false end
$$;

-- Words as a prefix query on lower-case text; null when there are none. p_weight 'A' asks for words of the title.
create or replace function leadloom.words_query(p_text text, p_weight text default '') returns text
language sql immutable security invoker set search_path = ''
as $$
  select string_agg(quote_literal(btrim(word, '.@_-')) || ':*' || p_weight, ' & ')
  from regexp_split_to_table(lower(coalesce(p_text, '')), '[^[:alnum:]@._-]+') word
  where word ~ '[[:alnum:]]'
$$;

-- One condition on a column that must be one of several values.
create or replace function leadloom.any_of(p_column text, p_values jsonb) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case when jsonb_typeof(p_values) = 'array' and jsonb_array_length(p_values) > 0
    then format(' and f.%I = any (%L::text[])', p_column, array(select jsonb_array_elements_text(p_values))) else '' end
$$;

create or replace function leadloom.flag_is(p_expression text, p_value jsonb) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case p_value when 'true' then ' and ' || p_expression when 'false' then ' and not ' || p_expression else '' end
$$;

-- The where clause of a leads list over `public.final_leads f`. Filters: q, title, industry[], size[], country[],
-- seniority[], department[], company_domain, batch, new_in_role, worked_at_customer, works_at_customer, has_email,
-- has_doubts.
create or replace function leadloom.lead_conditions(p_client_id bigint, p_filters jsonb) returns text
language sql stable security invoker set search_path = ''
as $$
  select case when p_client_id is null then 'true' else format('f.client_id = %s', p_client_id) end
    || coalesce(' and f.search @@ ' || quote_literal(leadloom.words_query(p_filters ->> 'q')) || '::tsquery', '')
    || coalesce(' and f.search @@ ' || quote_literal(leadloom.words_query(p_filters ->> 'title', 'A')) || '::tsquery', '')
    || leadloom.any_of('industry', p_filters -> 'industry')
    || leadloom.any_of('size_bucket', p_filters -> 'size')
    || leadloom.any_of('country', p_filters -> 'country')
    || leadloom.any_of('seniority', p_filters -> 'seniority')
    || leadloom.any_of('department', p_filters -> 'department')
    || coalesce(' and f.company_domain = ' || quote_literal(nullif(p_filters ->> 'company_domain', '')), '')
    || case when coalesce(p_filters ->> 'batch', '') = '' then '' else ' and f.batch_id = ' || coalesce(
         (select id from public.batches where uid::text = p_filters ->> 'batch'), -1) end
    || case when p_filters -> 'new_in_role' = 'true' then
         case when p_client_id is null then ' and f.current_job_start >= leadloom.new_role_since(f.client_id)'
              else format(' and f.current_job_start >= %L::date', leadloom.new_role_since(p_client_id)) end
       else '' end
    || leadloom.flag_is('f.worked_at_customer', p_filters -> 'worked_at_customer')
    || leadloom.flag_is('f.works_at_customer', p_filters -> 'works_at_customer')
    || leadloom.flag_is('f.email is not null', p_filters -> 'has_email')
    || leadloom.flag_is($c$f.report <> '{}'$c$, p_filters -> 'has_doubts')
$$;

create or replace function leadloom.lead_row(p_lead public.final_leads, p_since date) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'id', p_lead.batch_item_id, 'item', p_lead.item_uid, 'row_number', p_lead.row_number,
    'person_name', p_lead.person_name, 'first_name', p_lead.first_name, 'last_name', p_lead.last_name,
    'title', p_lead.title, 'headline', p_lead.headline, 'seniority', p_lead.seniority, 'email', p_lead.email,
    'email_status', p_lead.email_status, 'phone', p_lead.phone, 'linkedin', p_lead.linkedin, 'city', p_lead.city,
    'state', p_lead.state, 'country', p_lead.country, 'location', p_lead.location,
    'current_job_start', leadloom.partial_date(p_lead.current_job_start, p_lead.current_job_start_precision),
    'is_new_in_role', leadloom.is_new(p_lead.current_job_start, p_lead.current_job_start_precision, p_since),
    'company_name', p_lead.company_name, 'company_domain', p_lead.company_domain,
    'company_linkedin', p_lead.company_linkedin, 'website', p_lead.website, 'industry', p_lead.industry,
    'size_bucket', p_lead.size_bucket, 'employee_count', p_lead.employee_count, 'company_city', p_lead.company_city,
    'company_state', p_lead.company_state, 'company_country', p_lead.company_country,
    'company_phone', p_lead.company_phone, 'annual_revenue', p_lead.annual_revenue,
    'total_funding', p_lead.total_funding, 'latest_funding', p_lead.latest_funding)
  || jsonb_build_object(
    'department', p_lead.department, 'founded_year', p_lead.founded_year, 'company_type', p_lead.company_type,
    'company_description', p_lead.company_description, 'specialties', to_jsonb(p_lead.specialties),
    'worked_at_customer', p_lead.worked_at_customer, 'works_at_customer', p_lead.works_at_customer,
    'customers', p_lead.customers, 'doubts', (select count(*) from jsonb_object_keys(p_lead.report)))
$$;

-- One page of leads. p_after is the last id of the page before; p_count_cap 0 leaves the count out.
create or replace function public.search_leads(
  p_client uuid, p_filters jsonb, p_after bigint, p_limit integer, p_newest_first boolean default true,
  p_count_cap integer default 10000) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client bigint := case when p_client is not null then leadloom.client_id(p_client) end;
  v_where text := leadloom.lead_conditions(v_client, coalesce(p_filters, '{}'));
  v_page text := '';
  v_rows jsonb;
  v_count integer;
begin
  if p_after is not null then
    v_page := format(' and f.batch_item_id %s %s', case when p_newest_first then '<' else '>' end, p_after);
  end if;
  execute format(
    'select coalesce(jsonb_agg(leadloom.lead_row(page.f, leadloom.new_role_since((page.f).client_id))
              || jsonb_build_object(''client'', c.uid, ''client_name'', c.name, ''batch'', b.uid)
              order by (page.f).batch_item_id %1$s), ''[]'')
     from (select f from public.final_leads f where %2$s order by %4$s f.batch_item_id %1$s limit %3$s) page
     join public.clients c on c.id = (page.f).client_id join public.batches b on b.id = (page.f).batch_id',
    case when p_newest_first then 'desc' else 'asc' end, v_where || v_page, least(greatest(p_limit, 1), 5000) + 1,
    -- The client is fixed then; naming it lets the index of the filter deliver the order too.
    case when v_client is null then '' when p_newest_first then 'f.client_id desc,' else 'f.client_id asc,' end)
  into v_rows;
  if p_count_cap > 0 then
    execute format('select count(*) from (select 1 from public.final_leads f where %s limit %s) counted',
                   v_where, p_count_cap + 1) into v_count;
  end if;
  return jsonb_build_object(
    'rows', case when jsonb_array_length(v_rows) > p_limit then v_rows - p_limit else v_rows end,
    'more', jsonb_array_length(v_rows) > p_limit,
    'count', least(v_count, p_count_cap), 'capped', coalesce(v_count > p_count_cap, false));
end
$$;

-- The distinct values of a column, by skipping from one to the next in its index; the first hundreds.
create or replace function leadloom.values_of(p_column text, p_client_ids bigint[]) returns text[]
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client bigint;
  v_value text;
  v_all text[] := '{}';
  v_seen integer;
begin
  foreach v_client in array p_client_ids loop
    v_value := '';
    v_seen := 0;
    loop
      execute format('select %1$I from public.final_leads where client_id = $1 and %1$I > $2 order by %1$I limit 1',
                     p_column) into v_value using v_client, v_value;
      exit when v_value is null or v_seen >= 400;
      v_all := v_all || v_value;
      v_seen := v_seen + 1;
    end loop;
  end loop;
  return array(select distinct v from unnest(v_all) v order by v);
end
$$;

-- What the filters can offer: only what occurs.
create or replace function public.lead_facets(p_client uuid) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_clients bigint[] := case
    when p_client is not null then array[leadloom.client_id(p_client)]
    else array(select id from public.clients where archived_at is null order by id) end;
begin
  return jsonb_build_object(
    'any', exists (select 1 from public.final_leads where client_id = any (v_clients)),
    'industry', leadloom.values_of('industry', v_clients),
    'size', leadloom.values_of('size_bucket', v_clients),
    'country', leadloom.values_of('country', v_clients),
    'seniority', leadloom.values_of('seniority', v_clients),
    'department', leadloom.values_of('department', v_clients),
    'job_start', exists (select 1 from public.final_leads
                         where client_id = any (v_clients) and current_job_start is not null),
    'worked_at_customer', exists (select 1 from public.final_leads
                                  where client_id = any (v_clients) and worked_at_customer),
    'works_at_customer', exists (select 1 from public.final_leads
                                 where client_id = any (v_clients) and works_at_customer),
    'customers', (select count(*) from public.client_customers where client_id = any (v_clients)),
    'batches', (
      select coalesce(jsonb_agg(jsonb_build_object('batch', b.uid, 'name', b.name) order by b.id desc), '[]')
      from (select * from public.batches b where b.client_id = any (v_clients) and exists (
              select 1 from public.final_leads f where f.batch_id = b.id)
            order by b.id desc limit 50) b));
end
$$;

-- One lead with its work history, the provenance of every field and what could not be read. p_client, where given,
-- must be the lead's: a share link shows nothing else.
create or replace function public.lead_detail(p_item uuid, p_client uuid default null) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_lead public.final_leads;
begin
  select f.* into v_lead from public.final_leads f
  where f.item_uid = p_item and (p_client is null or f.client_id = leadloom.client_id(p_client));
  if v_lead.batch_item_id is null then
    raise exception using errcode = 'PT404', message = 'There is no such lead.',
      hint = 'It may not be extracted yet: open its batch and click Re-extract.';
  end if;
  return leadloom.lead_row(v_lead, leadloom.new_role_since(v_lead.client_id)) || jsonb_build_object(
    'provenance', v_lead.provenance -> 'fields', 'sources', v_lead.provenance -> 'sources', 'report', v_lead.report,
    'parser_version', v_lead.parser_version, 'extracted_at', v_lead.extracted_at, 'changed_at', v_lead.changed_at,
    'client', (select jsonb_build_object('uid', uid, 'name', name) from public.clients where id = v_lead.client_id),
    'batch', (select jsonb_build_object('uid', uid, 'name', name) from public.batches where id = v_lead.batch_id),
    'item_state', (select state from public.batch_items where id = v_lead.batch_item_id),
    'positions', leadloom.positions_of(v_lead.batch_item_id, 'false'));
end
$$;

create or replace function public.set_new_in_role(
  p_client uuid, p_months integer, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client bigint := leadloom.client_id(p_client);
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if p_months is null or p_months not between 1 and 60 then
    raise exception using errcode = 'PT422', message = 'The number of months must be between 1 and 60.';
  end if;
  update public.clients set new_in_role_months = p_months where id = v_client and new_in_role_months <> p_months;
  if found then
    perform leadloom.audit(p_actor, 'set_new_in_role', v_client, 'client', p_client,
                           jsonb_build_object('months', p_months));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('months', p_months));
end
$$;
