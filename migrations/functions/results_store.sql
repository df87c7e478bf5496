-- Storing what extraction understood: one clean lead per item, and one row per position. Set-based, idempotent, and
-- honest about it: the same conclusions again change nothing, and every call says how many rows it changed.
--
-- A row is {"item": id, "parser_version": n, "lead"?: {column: value}, "search"?: text, "fields"?: {}, "sources"?: {},
-- "report"?: {}, "positions"?: [{…}], "history"?: {"step", "attempt"}}; what is absent is left alone.

-- The call of a finished extraction step, in the transaction that completes it. Other steps cost one look.
create or replace function leadloom.project_results(p_batch_id bigint, p_step_index integer, p_items bigint[])
returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if not exists (select 1 from public.batches where id = p_batch_id
                   and blueprint -> p_step_index ->> 'slug' in ('extract_work_history', 'consolidate_lead')) then
    return;
  end if;
  perform leadloom.store_extractions((
    select jsonb_agg(jsonb_build_object('item', r.batch_item_id) || (r.parsed -> 'extraction'))
    from public.enrichment_results r
    where r.batch_item_id = any (p_items) and r.step_index = p_step_index and r.parsed ? 'extraction'));
end
$$;

create or replace function leadloom.store_extractions(p_rows jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_clients bigint[];
  v_ids bigint[];
  v_client bigint;
  v_leads jsonb;
  v_positions jsonb;
begin
  if p_rows is null or jsonb_array_length(p_rows) = 0 then
    return '{"leads_new": 0, "leads_changed": 0, "positions_new": 0, "positions_changed": 0, "positions_removed": 0}';
  end if;
  select array_agg(distinct b.client_id order by b.client_id), array_agg(i.id order by i.id) into v_clients, v_ids
  from jsonb_array_elements(p_rows) r
  join public.batch_items i on i.id = (r ->> 'item')::bigint
  join public.batches b on b.id = i.batch_id;
  foreach v_client in array v_clients loop
    perform leadloom.hold_customer_list(v_client);
  end loop;
  v_leads := leadloom.store_leads(p_rows);
  v_positions := leadloom.store_positions(p_rows);
  foreach v_client in array v_clients loop
    perform leadloom.match_customers(v_client, v_ids);
  end loop;
  return v_leads || v_positions;
end
$$;

create or replace function leadloom.store_leads(p_rows jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  with given as (
    select r.item, r.lead is not null as complete, r.parser_version,
           coalesce(r.lead, leadloom.identity_fields(i)) as lead,
           case when r.lead is null then jsonb_build_object('fields', '{}'::jsonb, 'sources', '{}'::jsonb)
                else jsonb_build_object('fields', r.fields, 'sources', r.sources) end as provenance,
           coalesce(r.report, '{}') as report,
           coalesce(r.search, lower(concat_ws(' ', i.person_name, i.title, i.company_name, i.company_domain, i.email)))
             as search,
           i.uid, i.row_number, i.batch_id, b.client_id
    from jsonb_to_recordset(p_rows) as r(
      item bigint, parser_version integer, lead jsonb, search text, fields jsonb, sources jsonb, report jsonb)
    join public.batch_items i on i.id = r.item
    join public.batches b on b.id = i.batch_id
  ), before as (
    select f.batch_item_id, f.content_md5 from given join public.final_leads f on f.batch_item_id = given.item
  ), stored as (
    insert into public.final_leads as f
      (batch_item_id, item_uid, client_id, batch_id, row_number, person_name, first_name, last_name, title, headline,
       seniority, email, email_status, phone, linkedin, city, state, country, location, current_job_start,
       current_job_start_precision, company_name, company_key, company_domain, company_linkedin, website, industry,
       size_bucket, employee_count, company_city, company_state, company_country, company_phone, annual_revenue,
       total_funding, latest_funding, founded_year, company_type, company_description, specialties, provenance, report,
       parser_version, content_md5, search, extracted_at, changed_at)
    select g.item, g.uid, g.client_id, g.batch_id, g.row_number, l.person_name, l.first_name, l.last_name, l.title,
           l.headline, l.seniority, l.email, l.email_status, l.phone, l.linkedin, l.city, l.state, l.country,
           l.location, l.current_job_start, l.current_job_start_precision, l.company_name, l.company_key,
           l.company_domain, l.company_linkedin, l.website, l.industry, l.size_bucket, l.employee_count,
           l.company_city, l.company_state, l.company_country, l.company_phone, l.annual_revenue, l.total_funding,
           l.latest_funding, l.founded_year, l.company_type, l.company_description, l.specialties, g.provenance,
           g.report, g.parser_version, md5(g.lead::text), to_tsvector('pg_catalog.simple', left(g.search, 20000)),
           leadloom.clock(), leadloom.clock()
    from given g cross join lateral jsonb_populate_record(null::public.final_leads, g.lead) l
    order by g.item
    on conflict (batch_item_id) do update set
      person_name = excluded.person_name, first_name = excluded.first_name, last_name = excluded.last_name,
      title = excluded.title, headline = excluded.headline, seniority = excluded.seniority, email = excluded.email,
      email_status = excluded.email_status, phone = excluded.phone, linkedin = excluded.linkedin, city = excluded.city,
      state = excluded.state, country = excluded.country, location = excluded.location,
      current_job_start = excluded.current_job_start,
      current_job_start_precision = excluded.current_job_start_precision, company_name = excluded.company_name,
      company_key = excluded.company_key, company_domain = excluded.company_domain,
      company_linkedin = excluded.company_linkedin, website = excluded.website, industry = excluded.industry,
      size_bucket = excluded.size_bucket, employee_count = excluded.employee_count,
      company_city = excluded.company_city, company_state = excluded.company_state,
      company_country = excluded.company_country, company_phone = excluded.company_phone,
      annual_revenue = excluded.annual_revenue, total_funding = excluded.total_funding,
      latest_funding = excluded.latest_funding, founded_year = excluded.founded_year,
      company_type = excluded.company_type, company_description = excluded.company_description,
      specialties = excluded.specialties, provenance = excluded.provenance, report = excluded.report,
      parser_version = excluded.parser_version, content_md5 = excluded.content_md5, search = excluded.search,
      extracted_at = excluded.extracted_at,
      changed_at = case when f.content_md5 = excluded.content_md5 then f.changed_at else excluded.changed_at end
    -- A row without a lead only makes room for the positions of an item that has none yet.
    where excluded.provenance -> 'fields' <> '{}'
      and (f.content_md5, f.parser_version, f.provenance, f.report)
          is distinct from (excluded.content_md5, excluded.parser_version, excluded.provenance, excluded.report)
    returning f.batch_item_id, f.content_md5
  )
  select jsonb_build_object(
    'leads_new', count(*) filter (where before.batch_item_id is null),
    'leads_changed', count(*) filter (where before.content_md5 <> stored.content_md5))
  from stored left join before using (batch_item_id)
$$;

create or replace function leadloom.store_positions(p_rows jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_removed integer;
  v_counts jsonb;
begin
  delete from public.person_work_history h
  using jsonb_to_recordset(p_rows) as r(item bigint, positions jsonb)
  where r.positions is not null and h.batch_item_id = r.item and h.position_no >= jsonb_array_length(r.positions);
  get diagnostics v_removed = row_count;
  insert into public.history_companies (client_id, company_key, name)
  select f.client_id, p ->> 'company_key', min(p ->> 'company_name')
  from jsonb_to_recordset(p_rows) as r(item bigint, positions jsonb)
  join public.final_leads f on f.batch_item_id = r.item
  cross join lateral jsonb_array_elements(r.positions) p
  where r.positions is not null and p ->> 'company_key' is not null
  group by 1, 2 order by 1, 2
  on conflict do nothing;
  with given as (
    select r.item, (e.no - 1)::smallint as no, f.client_id, r.parser_version, (r.history ->> 'step')::smallint as step,
           (r.history ->> 'attempt')::smallint as attempt, e.p
    from jsonb_to_recordset(p_rows) as r(item bigint, parser_version integer, positions jsonb, history jsonb)
    join public.final_leads f on f.batch_item_id = r.item
    cross join lateral jsonb_array_elements(r.positions) with ordinality as e(p, no)
    where r.positions is not null
  ), stored as (
    insert into public.person_work_history as h
      (batch_item_id, position_no, client_id, company_name, company_key, company_domain, company_linkedin, title,
       location, start_date, start_precision, end_date, end_precision, is_current, has_left, step_index, attempt,
       parser_version, doubts)
    select g.item, g.no, g.client_id, p.company_name, p.company_key, p.company_domain, p.company_linkedin, p.title,
           p.location, p.start_date, p.start_precision, p.end_date, p.end_precision, p.is_current, p.has_left, g.step,
           g.attempt, g.parser_version, p.doubts
    from given g cross join lateral jsonb_populate_record(null::public.person_work_history, g.p) p
    order by g.item, g.no
    on conflict (batch_item_id, position_no) do update set
      company_name = excluded.company_name, company_key = excluded.company_key,
      company_domain = excluded.company_domain, company_linkedin = excluded.company_linkedin, title = excluded.title,
      location = excluded.location, start_date = excluded.start_date, start_precision = excluded.start_precision,
      end_date = excluded.end_date, end_precision = excluded.end_precision, is_current = excluded.is_current,
      has_left = excluded.has_left, step_index = excluded.step_index, attempt = excluded.attempt,
      parser_version = excluded.parser_version, doubts = excluded.doubts, revision = h.revision
        + ((h.company_name, h.company_key, h.company_domain, h.company_linkedin, h.title, h.location, h.start_date,
            h.start_precision, h.end_date, h.end_precision, h.is_current, h.has_left)
           is distinct from
           (excluded.company_name, excluded.company_key, excluded.company_domain, excluded.company_linkedin,
            excluded.title, excluded.location, excluded.start_date, excluded.start_precision, excluded.end_date,
            excluded.end_precision, excluded.is_current, excluded.has_left))::integer
    where (h.company_name, h.company_key, h.company_domain, h.company_linkedin, h.title, h.location, h.start_date,
           h.start_precision, h.end_date, h.end_precision, h.is_current, h.has_left, h.step_index, h.attempt,
           h.parser_version, h.doubts)
      is distinct from
          (excluded.company_name, excluded.company_key, excluded.company_domain, excluded.company_linkedin,
           excluded.title, excluded.location, excluded.start_date, excluded.start_precision, excluded.end_date,
           excluded.end_precision, excluded.is_current, excluded.has_left, excluded.step_index, excluded.attempt,
           excluded.parser_version, excluded.doubts)
    returning h.batch_item_id, h.position_no, h.revision
  ), before as (
    select h.batch_item_id, h.position_no, h.revision
    from given g join public.person_work_history h on h.batch_item_id = g.item and h.position_no = g.no
  )
  select jsonb_build_object(
    'positions_new', count(*) filter (where before.batch_item_id is null),
    'positions_changed', count(*) filter (where before.revision <> stored.revision),
    'positions_removed', v_removed)
  into v_counts
  from stored left join before using (batch_item_id, position_no);
  return v_counts;
end
$$;
