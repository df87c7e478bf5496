-- A list of customers becomes the client's: pasted, or read out of a file by the worker for files.
--
--   draft_customers …  what the rows say, in portions; nobody else sees it      (file_jobs.sql has the worker's lease)
--   adopt_customers    the whole list at once: added, completed, or put in the place of the one before
--
-- A customer that is there already is known by domain, else by LinkedIn page, else by name, and gets what it lacked.
-- Two domains are two customers; a page belongs to one of them.

-- Rows of a list: [{"row", "name", "name_key", "domain", "linkedin", "given"}].
create or replace function leadloom.draft_list(p_list uuid, p_customers jsonb) returns void
language sql volatile security invoker set search_path = ''
as $$
  insert into public.customer_drafts as d (list_uid, row_number, name, name_key, domain, linkedin, given)
  select p_list, coalesce(c."row", o.place), c.name, leadloom.indexable(c.name_key), leadloom.indexable(c.domain),
         leadloom.indexable(c.linkedin), coalesce(c.given, '')
  from jsonb_array_elements(p_customers) with ordinality as o(customer, place)
  cross join lateral jsonb_to_record(o.customer) as c("row" integer, name text, name_key text, domain text, linkedin text, given text)
  where coalesce(c.domain, c.linkedin, c.name_key) is not null
  on conflict (list_uid, row_number) do update
    set name = excluded.name, name_key = excluded.name_key, domain = excluded.domain, linkedin = excluded.linkedin,
        given = excluded.given
$$;

-- Which drafts are first of all known by a key, as a condition: a function would be called for every row, many times.
create or replace function leadloom.first_known_by(p_key name) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case p_key when 'domain' then 'domain is not null' when 'linkedin' then 'domain is null and linkedin is not null'
                    else 'domain is null and linkedin is null' end
$$;

-- Drafts of this key whose customer has that very key. Looked up one by one, by index, however long either list is.
create or replace function leadloom.recognise_drafts(p_client_id bigint, p_list uuid, p_key name) returns void
language plpgsql volatile security invoker set search_path = '' set enable_seqscan = off
as $$
begin
  execute format(
    'update public.customer_drafts d
     set customer_id = (select o.id from public.client_customers o
                        where o.client_id = $1 and o.%1$I = d.%1$I order by o.id limit 1)
     where d.list_uid = $2 and d.customer_id is null and %2$s', p_key, leadloom.first_known_by(p_key))
  using p_client_id, p_list;
end
$$;

-- Of the drafts of this key that are nobody yet, the first of each: those whose weaker key a customer has that lacks
-- this one. One draft a customer: two domains stay two.
create or replace function leadloom.recognise_by_weaker(p_client_id bigint, p_list uuid, p_key name, p_weaker name)
returns bigint[]
language plpgsql volatile security invoker set search_path = '' set enable_seqscan = off
as $$
declare
  v_changed bigint[];
begin
  execute format(
    'with firsts as (
       select distinct on (%1$I) row_number, %1$I as key, %2$I as weaker, linkedin from public.customer_drafts d
       where list_uid = $2 and customer_id is null and %3$s order by %1$I, row_number
     ), pairs as (
       select distinct on (c.id) f.row_number, f.key, c.id
       from firsts f cross join lateral (
         select o.id from public.client_customers o
         where o.client_id = $1 and o.%2$I = f.weaker and o.%1$I is null
           and (%2$L = ''linkedin'' or o.linkedin is null or f.linkedin is null)
         order by o.id limit 1) c
       order by c.id, f.row_number
     ), known as (
       update public.customer_drafts d set customer_id = p.id from pairs p
       where d.list_uid = $2 and d.row_number = p.row_number
     ), changed as (
       update public.client_customers c set %1$I = p.key from pairs p where c.id = p.id returning c.id
     )
     select array_agg(id) from changed', p_key, p_weaker, leadloom.first_known_by(p_key))
  into v_changed using p_client_id, p_list;
  return v_changed;
end
$$;

-- The first draft of each key that nobody has is a new customer. Its page, which only one of two domains can have, is
-- given out by complete_customers.
create or replace function leadloom.insert_drafts(
  p_client_id bigint, p_list uuid, p_key name, p_upload_id bigint, p_actor text) returns integer
language plpgsql volatile security invoker set search_path = '' set enable_seqscan = off
as $$
declare
  v_n integer;
begin
  execute format(
    'with firsts as (
       select distinct on (%1$I) d.* from public.customer_drafts d
       where list_uid = $2 and customer_id is null and %2$s order by %1$I, row_number
     )
     insert into public.client_customers (client_id, name, name_key, domain, linkedin, given, upload_id, created_by, created_at)
     select $1, name, name_key, domain, case when %1$L = ''linkedin'' then linkedin end, given, $3, $4, leadloom.clock()
     from firsts order by row_number', p_key, leadloom.first_known_by(p_key))
  using p_client_id, p_list, p_upload_id, p_actor;
  get diagnostics v_n = row_count;
  return v_n;
end
$$;

-- Customers get what they lacked and the list says: from its first row that says it. Returns who changed.
create or replace function leadloom.complete_customers(p_client_id bigint, p_list uuid) returns bigint[]
language plpgsql volatile security invoker set search_path = '' set enable_seqscan = off
as $$
declare
  v_named bigint[];
  v_paged bigint[];
begin
  with said as (
    select customer_id, (array_agg(name order by row_number) filter (where name is not null))[1] as name,
           (array_agg(name_key order by row_number) filter (where name_key is not null))[1] as name_key
    from public.customer_drafts where list_uid = p_list and customer_id is not null group by 1
  ), named as (
    update public.client_customers c set name = coalesce(c.name, s.name), name_key = coalesce(c.name_key, s.name_key)
    from said s
    where c.id = s.customer_id
      and (c.name is null and s.name is not null or c.name_key is null and s.name_key is not null)
    returning c.id
  )
  select array_agg(id) into v_named from named;
  with pages as (
    select distinct on (d.linkedin) d.linkedin, d.customer_id
    from public.customer_drafts d join public.client_customers c on c.id = d.customer_id and c.linkedin is null
    where d.list_uid = p_list and d.linkedin is not null
      and not exists (select 1 from public.client_customers o where o.client_id = p_client_id and o.linkedin = d.linkedin)
    order by d.linkedin, d.row_number
  ), one_each as (
    select distinct on (customer_id) customer_id, linkedin from pages order by customer_id, linkedin
  ), paged as (
    update public.client_customers c set linkedin = o.linkedin from one_each o where c.id = o.customer_id returning c.id
  )
  select array_agg(id) into v_paged from paged;
  return v_named || v_paged;
end
$$;

-- Take a whole list of drafts over; they are gone afterwards. p_replace takes away those that it does not name.
create or replace function leadloom.adopt_list(
  p_client_id bigint, p_list uuid, p_upload_id bigint, p_replace boolean, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = '' set enable_seqscan = off
as $$
declare
  v_keys name[] := array['domain', 'linkedin', 'name_key'];
  v_given integer := (select count(*) from public.customer_drafts where list_uid = p_list);
  v_last bigint;
  v_added integer := 0;
  v_ids bigint[] := '{}';
  v_changed integer;
  v_removed integer := 0;
begin
  perform 1 from public.clients where id = p_client_id for no key update;
  v_last := coalesce((select max(id) from public.client_customers where client_id = p_client_id), 0);
  for v_at in 1 .. 3 loop
    perform leadloom.recognise_drafts(p_client_id, p_list, v_keys[v_at]);
    for v_weaker in v_at + 1 .. 3 loop
      v_ids := v_ids || leadloom.recognise_by_weaker(p_client_id, p_list, v_keys[v_at], v_keys[v_weaker]);
    end loop;
    perform leadloom.recognise_drafts(p_client_id, p_list, v_keys[v_at]);
    v_added := v_added + leadloom.insert_drafts(p_client_id, p_list, v_keys[v_at], p_upload_id, p_actor);
    perform leadloom.recognise_drafts(p_client_id, p_list, v_keys[v_at]);
    v_ids := v_ids || leadloom.complete_customers(p_client_id, p_list);
  end loop;
  select count(distinct id) into v_changed from unnest(v_ids) id where id <= v_last;
  if p_replace then
    delete from public.client_customers c
    where c.client_id = p_client_id and not exists (
      select 1 from public.customer_drafts d where d.list_uid = p_list and d.customer_id = c.id);
    get diagnostics v_removed = row_count;
  end if;
  delete from public.customer_drafts where list_uid = p_list;
  if v_added + v_changed + v_removed > 0 then
    perform leadloom.customers_changed(p_client_id);
    perform leadloom.audit(p_actor, 'save_customers', p_client_id, 'client',
      (select uid from public.clients where id = p_client_id),
      jsonb_build_object('added', v_added, 'changed', v_changed, 'removed', v_removed));
  end if;
  return jsonb_build_object('added', v_added, 'changed', v_changed, 'removed', v_removed, 'given', v_given);
end
$$;

-- A pasted list: [{"name", "name_key", "domain", "linkedin", "given"}].
create or replace function public.save_customers(
  p_client uuid, p_customers jsonb, p_upload uuid, p_replace boolean, p_actor text,
  p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client bigint := leadloom.client_id(p_client);
  v_list uuid := gen_random_uuid();
begin
  if v_answer is not null then
    return v_answer;
  end if;
  perform leadloom.draft_list(v_list, p_customers);
  return leadloom.note_answer(p_request, leadloom.adopt_list(
    v_client, v_list, (select id from public.uploads where uid = p_upload and client_id = v_client),
    coalesce(p_replace, false), p_actor));
end
$$;

-- The job, locked, of a worker that holds it.
create or replace function leadloom.held_list_job(p_job uuid, p_holder uuid) returns public.file_jobs
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.file_jobs;
begin
  select * into v_job from public.file_jobs
  where id = leadloom.file_job_id(p_job) and state = 'RUNNING' and holder = p_holder for update;
  if v_job.id is null then
    raise exception using errcode = 'PT409', message = 'Another worker has taken over this list.';
  end if;
  return v_job;
end
$$;

-- What rows up to p_through say, and those that say nothing (p_unread of them, some as p_examples). Where the reader
-- goes on is kept with it: {"after", "found", "unread", "examples"}.
create or replace function public.draft_customers(
  p_job uuid, p_holder uuid, p_through integer, p_customers jsonb, p_unread integer, p_examples jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_job public.file_jobs := leadloom.held_list_job(p_job, p_holder);
  v_at jsonb := '{"after": 0, "found": 0, "unread": 0, "examples": []}'::jsonb || coalesce(v_job.resume_at, '{}');
begin
  if p_through > (v_at ->> 'after')::integer then
    perform leadloom.draft_list(p_job, p_customers);
    v_at := v_at || jsonb_build_object(
      'after', p_through, 'found', (v_at ->> 'found')::integer + jsonb_array_length(p_customers),
      'unread', (v_at ->> 'unread')::integer + p_unread,
      'examples', jsonb_path_query_array((v_at -> 'examples') || p_examples, '$[0 to 4]'));
    update public.file_jobs set resume_at = v_at, touched_at = leadloom.clock() where id = v_job.id;
  end if;
  return v_at;
end
$$;

-- The last row is read: the client's list changes now, or not at all. Again, it answers as it did.
create or replace function public.adopt_customers(p_job uuid, p_holder uuid, p_upload uuid) returns jsonb
language plpgsql volatile security invoker set search_path = '' set statement_timeout = '60s'
as $$
declare
  v_job public.file_jobs;
  v_saved jsonb;
begin
  select * into v_job from public.file_jobs where id = leadloom.file_job_id(p_job);
  -- Not the job: its worker renews the lease meanwhile. Who comes second finds what the first has saved.
  perform 1 from public.clients where id = v_job.client_id for no key update;
  select * into v_job from public.file_jobs where id = leadloom.file_job_id(p_job);
  v_saved := v_job.resume_at -> 'saved';
  if v_saved is null then
    if coalesce((v_job.resume_at ->> 'found')::integer, 0) = 0 then
      raise exception using errcode = 'PT422', message = 'No customers found in that file.',
        hint = 'Each row needs a domain, a LinkedIn page or a name.';
    end if;
    v_saved := leadloom.adopt_list(
      v_job.client_id, p_job, (select id from public.uploads where uid = p_upload and client_id = v_job.client_id),
      v_job.request ->> 'customers' = 'replace', v_job.created_by);
    update public.file_jobs set resume_at = v_job.resume_at || jsonb_build_object('saved', v_saved)
    where id = v_job.id and state = 'RUNNING' and holder = p_holder;
    if not found then
      raise exception using errcode = 'PT409', message = 'Another worker has taken over this list.';
    end if;
  end if;
  return v_saved || jsonb_build_object('unread', v_job.resume_at -> 'unread', 'examples', v_job.resume_at -> 'examples');
end
$$;

-- Whether a job ends in the client's list of customers.
create or replace function leadloom.is_list_job(p_job public.file_jobs) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select p_job.kind::text = 'customers' or p_job.request ->> 'customers' is not null
$$;

-- Lists of a client that are on their way, and what became of those of the last day.
create or replace function leadloom.customer_list_jobs(p_client_id bigint) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(leadloom.file_job_row(j) order by j.id desc), '[]')
  from (select f.* from public.file_jobs f
        where f.client_id = p_client_id and leadloom.is_list_job(f)
          and (f.state in ('SENDING', 'WAITING', 'RUNNING') or f.touched_at > leadloom.clock() - interval '1 day')
        order by f.id desc limit 5) j
$$;
