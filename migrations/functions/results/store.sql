-- Storing what extraction understood: one clean lead per item, and one row per position. Set-based, idempotent, and
-- honest about it: the same conclusions again change nothing, and every call says how many rows it changed.
--
-- A row is {"item": id, "parser_version": n, "lead"?: {column: value}, "search"?: text, "title_search"?: text,
-- "fields"?: {}, "sources"?: {}, "report"?: {}, "positions"?: [{…}], "history"?: {"step", "attempt"}}; what is absent
-- is left alone.

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
           coalesce(r.search, lower(concat_ws(' ', i.person_name, i.company_name, i.company_domain, i.email))) as search,
           coalesce(r.title_search, lower(i.title), '') as title_search,
           i.uid, i.row_number, i.batch_id, b.client_id
    from jsonb_to_recordset(p_rows) as r(
      item bigint, parser_version integer, lead jsonb, search text, title_search text, fields jsonb, sources jsonb,
      report jsonb)
    join public.batch_items i on i.id = r.item and i.erased_at is null
    join public.batches b on b.id = i.batch_id
  ), before as (
    select f.batch_item_id, f.content_md5, f.parser_version, f.provenance, f.report
    from given join public.final_leads f on f.batch_item_id = given.item
  ), wanted as (
    -- A row without a lead only makes room for the positions of an item that has none yet.
    select g.*, md5(g.lead::text) as content_md5, b.content_md5 as old_md5
    from given g left join before b on b.batch_item_id = g.item
    where b.batch_item_id is null
       or (g.complete and (b.content_md5, b.parser_version, b.provenance, b.report)
             is distinct from (md5(g.lead::text), g.parser_version, g.provenance, g.report))
  ), stored as (
    -- Every column by its name; what leads are looked up by is cut to what an index can hold.
    insert into public.final_leads as f
    select l.*
    from wanted g
    cross join lateral jsonb_populate_record(null::public.final_leads, g.lead || jsonb_build_object(
      'batch_item_id', g.item, 'item_uid', g.uid, 'client_id', g.client_id, 'batch_id', g.batch_id,
      'row_number', g.row_number, 'provenance', g.provenance, 'report', g.report, 'parser_version', g.parser_version,
      'content_md5', g.content_md5, 'extracted_at', leadloom.clock(), 'changed_at', leadloom.clock(),
      'worked_at_customer', false, 'works_at_customer', false, 'customers', '[]'::jsonb,
      'search', setweight(to_tsvector('pg_catalog.simple', left(g.title_search, 2000)), 'A')
        || to_tsvector('pg_catalog.simple', left(g.search, 20000)),
      'seniority', left(g.lead ->> 'seniority', 500), 'department', left(g.lead ->> 'department', 500),
      'country', left(g.lead ->> 'country', 500), 'company_key', left(g.lead ->> 'company_key', 500),
      'company_domain', left(g.lead ->> 'company_domain', 500), 'industry', left(g.lead ->> 'industry', 500),
      'company_linkedin', left(g.lead ->> 'company_linkedin', 500), 'size_bucket', left(g.lead ->> 'size_bucket', 500)
    )) l
    order by g.item
    on conflict (batch_item_id) do update set
      person_name = excluded.person_name, first_name = excluded.first_name, last_name = excluded.last_name,
      title = excluded.title, headline = excluded.headline, seniority = excluded.seniority,
      department = excluded.department, email = excluded.email,
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
  )
  select jsonb_build_object(
    'leads_new', count(*) filter (where old_md5 is null),
    'leads_changed', count(*) filter (where old_md5 <> content_md5))
  from wanted
$$;

-- Rows are compared before anything is written: an upsert would lock, and so write, every row that is there already.
create or replace function leadloom.store_positions(p_rows jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_given public.person_work_history[];
  v_items bigint[];
  v_kept integer[];
  v_new integer;
  v_changed integer;
  v_removed integer;
begin
  select array_agg(r.item), array_agg(jsonb_array_length(r.positions)) into v_items, v_kept
  from jsonb_to_recordset(p_rows) as r(item bigint, positions jsonb)
  where r.positions is not null;
  select array_agg(row(f.batch_item_id, (p.ordinality - 1)::smallint, f.client_id, p.company_name,
                       leadloom.indexable(p.company_key), leadloom.indexable(p.company_domain),
                       leadloom.indexable(p.company_linkedin), left(p.title, 2000), p.location, p.start_date,
                       p.start_precision, p.end_date, p.end_precision, p.is_current, p.has_left, null, null,
                       (r.history ->> 'step')::smallint, (r.history ->> 'attempt')::smallint, r.parser_version, 1,
                       p.doubts)::public.person_work_history
                   order by f.batch_item_id, p.ordinality)
  into v_given
  from jsonb_to_recordset(p_rows) as r(item bigint, parser_version integer, positions jsonb, history jsonb)
  join public.final_leads f on f.batch_item_id = r.item
  cross join lateral jsonb_populate_recordset(null::public.person_work_history, r.positions) with ordinality as p
  where r.positions is not null;
  delete from public.person_work_history h
  using unnest(v_items, v_kept) as e(item, kept)
  where h.batch_item_id = e.item and h.position_no >= e.kept;
  get diagnostics v_removed = row_count;
  insert into public.history_companies (client_id, company_key, name)
  select g.client_id, g.company_key, min(g.company_name)
  from unnest(v_given) g
  where g.company_key is not null and g.company_name is not null
    and not exists (select 1 from public.history_companies c
                    where c.client_id = g.client_id and c.company_key = g.company_key)
  group by 1, 2 order by 1, 2
  on conflict do nothing;
  with compared as (
    select g as given, h.batch_item_id is null as is_new,
           (h.company_name, h.company_key, h.company_domain, h.company_linkedin, h.title, h.location, h.start_date,
            h.start_precision, h.end_date, h.end_precision, h.is_current, h.has_left)
             is distinct from
           (g.company_name, g.company_key, g.company_domain, g.company_linkedin, g.title, g.location, g.start_date,
            g.start_precision, g.end_date, g.end_precision, g.is_current, g.has_left) as is_changed,
           (h.step_index, h.attempt, h.parser_version, h.doubts)
             is distinct from (g.step_index, g.attempt, g.parser_version, g.doubts) as is_read_otherwise
    from unnest(v_given) g
    left join public.person_work_history h on h.batch_item_id = g.batch_item_id and h.position_no = g.position_no
  ), written as (
    insert into public.person_work_history as h
    select (c.given).* from compared c where c.is_new or c.is_changed or c.is_read_otherwise
    on conflict (batch_item_id, position_no) do update set
      company_name = excluded.company_name, company_key = excluded.company_key,
      company_domain = excluded.company_domain, company_linkedin = excluded.company_linkedin, title = excluded.title,
      location = excluded.location, start_date = excluded.start_date, start_precision = excluded.start_precision,
      end_date = excluded.end_date, end_precision = excluded.end_precision, is_current = excluded.is_current,
      has_left = excluded.has_left, step_index = excluded.step_index, attempt = excluded.attempt,
      parser_version = excluded.parser_version, doubts = excluded.doubts, revision = h.revision + 1
  )
  select count(*) filter (where is_new), count(*) filter (where not is_new and is_changed) into v_new, v_changed
  from compared;
  return jsonb_build_object('positions_new', v_new, 'positions_changed', v_changed, 'positions_removed', v_removed);
end
$$;
