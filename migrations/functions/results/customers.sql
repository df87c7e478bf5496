-- The client's customers, and which of the client's people work or worked there. A company is matched by domain, then
-- by LinkedIn page, then by normalised name, and the match says which.

-- Whoever stores leads holds the client's list shared for the rest of the transaction; `customers_changed` takes it
-- alone. So every lead is either stored under the new list, or seen by the refresh that the change starts.
create or replace function leadloom.hold_customer_list(p_client_id bigint) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform 1 from public.customer_lists where client_id = p_client_id for share;
  if not found then
    insert into public.customer_lists (client_id, changed_at) values (p_client_id, leadloom.clock())
    on conflict do nothing;
    perform 1 from public.customer_lists where client_id = p_client_id for share;
  end if;
end
$$;

-- Start (or start again) the refresh of all flags of a client.
create or replace function leadloom.customers_changed(p_client_id bigint) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_version integer;
begin
  insert into public.customer_lists as l (client_id, version, changed_at) values (p_client_id, 1, leadloom.clock())
  on conflict (client_id) do update set version = l.version + 1, changed_at = excluded.changed_at
  returning version into v_version;
  insert into public.customer_refreshes (client_id, list_version, total, started_at)
  values (p_client_id, v_version, (select count(*) from public.final_leads where client_id = p_client_id),
          leadloom.clock())
  on conflict (client_id) do update
    set list_version = excluded.list_version, total = excluded.total, started_at = excluded.started_at,
        through_item = 0, done = 0, changed = 0, finished_at = null, error = null;
end
$$;

-- Match the positions and the employer of these items with the client's customers, and set the flags; only rows whose
-- answer changed are written. Returns how many leads changed.
create or replace function leadloom.match_customers(p_client_id bigint, p_items bigint[]) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_changed integer;
begin
  if not exists (select 1 from public.client_customers where client_id = p_client_id)
     and not exists (select 1 from public.final_leads where batch_item_id = any (p_items) and customers <> '[]') then
    return 0;
  end if;
  with customers as (
    -- Of several with one name the first is meant.
    select id, uid, name, domain, linkedin,
           case when id = min(id) over (partition by name_key) then name_key end as name_key
    from public.client_customers where client_id = p_client_id
  ), companies as (
    -- Every position, and the lead's employer as number -1. Not narrowed by the client here: without statistics the
    -- planner would expect a handful of them, and go through the customers for each.
    select batch_item_id, position_no, company_name, company_domain, company_linkedin, company_key, title, start_date,
           start_precision, end_date, end_precision, is_current, has_left, customer_id as old_id,
           customer_match as old_match
    from public.person_work_history where batch_item_id = any (p_items)
    union all
    select batch_item_id, -1, company_name, company_domain, company_linkedin, company_key, title, current_job_start,
           current_job_start_precision, null, null, true, false, null, null
    from public.final_leads where batch_item_id = any (p_items)
  ), matched as (
    select o.*, coalesce(d.id, l.id, n.id) as customer_id,
           case when d.id is not null then 'domain'::public.company_match
                when l.id is not null then 'linkedin' when n.id is not null then 'name' end as customer_match
    from companies o
    left join customers d on d.domain = o.company_domain
    left join customers l on l.linkedin = o.company_linkedin
    left join customers n on n.name_key = o.company_key
  ), written as (
    update public.person_work_history h
    set customer_id = m.customer_id, customer_match = m.customer_match
    from matched m
    where h.batch_item_id = m.batch_item_id and h.position_no = m.position_no and h.client_id = p_client_id
      and (m.old_id, m.old_match) is distinct from (m.customer_id, m.customer_match)
  ), jobs as (
    select m.*, max(m.position_no) over (partition by m.batch_item_id, m.customer_id) as last_no
    from matched m where m.customer_id is not null
  ), places as (
    select j.batch_item_id, j.customer_id, c.uid, c.name, c.domain, min(j.customer_match) as kind,
           case when bool_or(j.is_current) then 'current' when bool_and(j.has_left) then 'former' else 'unknown' end
             as status,
           -- LinkedIn's or a list's name may be shared by two companies: say so where the domains differ.
           coalesce(min(j.customer_match) = 'name' and bool_and(j.company_domain <> c.domain), false) as differs,
           (array_agg(jsonb_strip_nulls(jsonb_build_object(
              'title', j.title, 'company', j.company_name,
              'start', leadloom.partial_date(j.start_date, j.start_precision),
              'end', leadloom.partial_date(j.end_date, j.end_precision))) order by j.position_no))[1:5] as positions
    from jobs j join customers c on c.id = j.customer_id
    -- The employer counts where the work history does not speak of it.
    where j.position_no >= 0 or j.last_no < 0
    group by j.batch_item_id, j.customer_id, c.uid, c.name, c.domain
  ), flags as (
    select e.id, coalesce(bool_or(p.status = 'former'), false) as worked,
           coalesce(bool_or(p.status = 'current'), false) as works,
           coalesce(jsonb_agg(jsonb_build_object(
             'customer', p.uid, 'name', coalesce(p.name, p.domain), 'status', p.status, 'match', p.kind,
             'domain_differs', p.differs, 'positions', p.positions) order by p.status desc, p.customer_id)
             filter (where p.customer_id is not null), '[]') as customers
    from unnest(p_items) as e(id) left join places p on p.batch_item_id = e.id
    group by e.id
  )
  update public.final_leads f
  set worked_at_customer = g.worked, works_at_customer = g.works, customers = g.customers
  from flags g
  where f.batch_item_id = g.id and f.client_id = p_client_id
    and (f.worked_at_customer, f.works_at_customer, f.customers)
        is distinct from (g.worked, g.works, g.customers);
  get diagnostics v_changed = row_count;
  return v_changed;
end
$$;

-- `2021`, `2021-03` or `2021-03-05`: never more than is known.
create or replace function leadloom.partial_date(p_date date, p_precision public.date_precision) returns text
language sql immutable security invoker set search_path = ''
as $$
  select left(to_char(p_date, 'YYYY-MM-DD'),
              case p_precision when 'year' then 4 when 'month' then 7 else 10 end)
$$;

-- Go on with whatever refresh is due, p_limit leads at most. The engine's loop calls it while there is more. One that
-- the database refuses ends with the database's words, so that no other client's waits behind it.
create or replace function public.refresh_customer_flags(p_limit integer default 1000) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_refresh public.customer_refreshes;
  v_ids bigint[];
  v_changed integer := 0;
begin
  select * into v_refresh from public.customer_refreshes
  where finished_at is null order by started_at limit 1 for update skip locked;
  if v_refresh.client_id is null then
    return jsonb_build_object('refreshed', 0, 'changed', 0, 'more', false);
  end if;
  v_ids := array(select batch_item_id from public.final_leads
                 where client_id = v_refresh.client_id and batch_item_id > v_refresh.through_item
                 order by batch_item_id limit p_limit);
  if cardinality(v_ids) > 0 then
    begin
      v_changed := leadloom.match_customers(v_refresh.client_id, v_ids);
    exception when others then
      if leadloom.is_passing(sqlstate) then
        raise;
      end if;
      update public.customer_refreshes set finished_at = leadloom.clock(), error = leadloom.refusal(sqlstate, sqlerrm)
      where client_id = v_refresh.client_id;
      return jsonb_build_object('refreshed', 0, 'changed', 0,
        'more', exists (select 1 from public.customer_refreshes where finished_at is null));
    end;
  end if;
  update public.customer_refreshes
  set through_item = coalesce(v_ids[cardinality(v_ids)], through_item), done = done + cardinality(v_ids),
      total = greatest(total, done + cardinality(v_ids)), changed = changed + v_changed,
      finished_at = case when cardinality(v_ids) < p_limit then leadloom.clock() end
  where client_id = v_refresh.client_id;
  return jsonb_build_object(
    'refreshed', cardinality(v_ids), 'changed', v_changed,
    'more', exists (select 1 from public.customer_refreshes where finished_at is null));
end
$$;

create or replace function public.remove_customers(
  p_client uuid, p_customers uuid[], p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client bigint := leadloom.client_id(p_client);
  v_removed integer;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  delete from public.client_customers where client_id = v_client and uid = any (p_customers);
  get diagnostics v_removed = row_count;
  if v_removed > 0 then
    perform leadloom.customers_changed(v_client);
    perform leadloom.audit(p_actor, 'remove_customers', v_client, 'client', p_client,
                           jsonb_build_object('removed', v_removed));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('removed', v_removed));
end
$$;

-- The customers page: one page of the list with how many people worked there, and the refresh's progress.
create or replace function public.customers_page(p_client uuid, p_search text, p_after bigint, p_limit integer)
returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client bigint := leadloom.client_id(p_client);
begin
  return jsonb_build_object(
    'total', (select count(*) from public.client_customers where client_id = v_client),
    'rows', coalesce((
      select jsonb_agg(to_jsonb(page) order by page.id)
      from (
        select c.id, c.uid, c.name, c.domain, c.linkedin, c.given, c.created_at, c.created_by,
               (select count(*) from (select distinct h.batch_item_id from public.person_work_history h
                                      where h.customer_id = c.id limit 1000) people) as people
        from public.client_customers c
        where c.client_id = v_client and c.id > coalesce(p_after, 0)
          and (coalesce(p_search, '') = '' or c.name ilike '%' || p_search || '%' or c.domain ilike '%' || p_search || '%')
        order by c.id limit p_limit + 1
      ) page), '[]'),
    'lists', leadloom.customer_list_jobs(v_client),
    'refresh', (select to_jsonb(r) - 'client_id' - 'through_item' from public.customer_refreshes r
                where r.client_id = v_client));
end
$$;
