-- Erasing a person: every row that is the person's loses its content and stays as an empty place, so that the books of
-- its batch still add up; every other text that mentions the address loses the mention.
--
--   phase 0   look through raw rows, items and leads for the person's own; empty them and all that belongs to them
--   phase 1   look through every table for mentions
--   then again from the start, until a whole pass finds nothing (rows that others write meanwhile move about)
--
-- Tables are read by ranges of blocks, a moment's worth a call. `erase_portion` may be repeated and killed at any time.

-- p_pattern: a regular expression for the lower-case address, from `app/engine/retention/erasure.py`. The same person
-- again, while that is under way, is the answer.
create or replace function public.request_erasure(p_sha256 text[], p_kinds text[], p_pattern text, p_actor text)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_erasure public.erasures;
begin
  insert into public.erasures (sha256, kinds, pattern, requested_by, requested_at)
  values (p_sha256, p_kinds, p_pattern, coalesce(nullif(p_actor, ''), 'system'), leadloom.clock())
  on conflict (sha256) where finished_at is null do nothing
  returning * into v_erasure;
  if v_erasure.id is null then
    select * into v_erasure from public.erasures where sha256 = p_sha256 and finished_at is null;
  else
    perform leadloom.refuse_incoming_files();
    perform leadloom.audit(p_actor, 'erase_person', null, 'erasure', v_erasure.uid,
                           jsonb_build_object('by', to_jsonb(p_kinds)));
  end if;
  return leadloom.erasure_as_json(v_erasure);
end
$$;

create or replace function leadloom.erasure_as_json(p_erasure public.erasures) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select (to_jsonb(p_erasure) - array['id', 'pattern', 'phase', 'relation', 'block', 'found'])
         || jsonb_build_object('done', p_erasure.finished_at is not null, 'looking_at', p_erasure.relation::text)
$$;

-- The latest, newest first; with p_sha256 those of one person.
create or replace function public.list_erasures(p_sha256 text default null, p_limit integer default 100) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(leadloom.erasure_as_json(e) order by e.id desc), '[]')
  from (select * from public.erasures where p_sha256 is null or p_sha256 = any (sha256)
        order by id desc limit p_limit) e
$$;

create or replace function leadloom.add_count(p_counts jsonb, p_name text, p_n bigint) returns jsonb
language sql immutable security invoker set search_path = ''
as $$
  select case when p_n = 0 then p_counts
              else p_counts || jsonb_build_object(p_name, coalesce((p_counts ->> p_name)::bigint, 0) + p_n) end
$$;

-- Which table comes after this one in a phase; null after the last. Our own tables only, in an order that does not
-- change.
create or replace function leadloom.next_relation(p_phase smallint, p_after regclass) returns regclass
language sql stable security invoker set search_path = ''
as $$
  select r.name::regclass from (
    select n.nspname || '.' || quote_ident(c.relname) as name,
           case when p_phase = 0 then array_position(array['raw_apollo_uploads', 'batch_items', 'final_leads'], c.relname::text)
                else 0 end as place
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('public', 'leadloom') and c.relkind = 'r'
      and c.relname not in ('erasures', 'applied_functions')
      and (p_phase > 0 or c.relname in ('raw_apollo_uploads', 'batch_items', 'final_leads'))) r
  where p_after is null
     or (r.place, r.name) > (select case when p_phase = 0
           then array_position(array['raw_apollo_uploads', 'batch_items', 'final_leads'], c.relname::text) else 0 end,
           n.nspname || '.' || quote_ident(c.relname)
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = p_after)
  order by r.place, r.name limit 1
$$;

-- Go on with an erasure for about p_ms; says whether it is done.
create or replace function public.erase_portion(p_erasure uuid, p_ms integer default 800, p_blocks integer default 64)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_began timestamptz := clock_timestamp();
  v_one public.erasures;
  v_from tid;
  v_to tid;
  v_found record;
  v_n integer;
begin
  select * into v_one from public.erasures where id = leadloom.erasure_id(p_erasure) for update;
  v_one.relation := case when v_one.finished_at is null
                         then coalesce(v_one.relation, leadloom.next_relation(v_one.phase, null)) end;
  while v_one.finished_at is null and clock_timestamp() < v_began + p_ms * interval '1 millisecond' loop
    if v_one.relation is null or v_one.block * 8192 >= pg_catalog.pg_relation_size(v_one.relation) then
      v_one := leadloom.erasure_goes_on(v_one);
      continue;
    end if;
    v_from := format('(%s,0)', v_one.block)::tid;
    v_to := format('(%s,0)', v_one.block + p_blocks)::tid;
    if v_one.phase = 0 then
      select * into v_found from leadloom.persons_items(v_one.relation, v_one.pattern, v_from, v_to);
      v_n := leadloom.erase_items(v_found.items);
      v_one.found := v_one.found + v_found.rows_without + cardinality(v_found.items);
      v_one.counts := leadloom.add_count(leadloom.add_count(v_one.counts, 'rows', v_n), 'raw_rows_alone', v_found.rows_without);
    else
      v_n := leadloom.erase_mentions(v_one.relation, v_one.pattern, v_from, v_to);
      v_one.found := v_one.found + v_n;
      v_one.counts := leadloom.add_count(v_one.counts, 'mentions in ' || split_part(v_one.relation::text, '.', 2), v_n);
    end if;
    v_one.block := v_one.block + p_blocks;
  end loop;
  update public.erasures e
  set relation = v_one.relation, block = v_one.block, phase = v_one.phase, pass = v_one.pass, found = v_one.found,
      counts = v_one.counts, finished_at = v_one.finished_at, archives = v_one.archives,
      pattern = case when v_one.finished_at is null then e.pattern end
  where e.id = v_one.id returning * into v_one;
  return leadloom.erasure_as_json(v_one);
end
$$;

-- The next table, phase or pass; the end, once a whole pass has found nothing. Files of the archive that hold rows of
-- batches with erased rows are noted: what is in a file, no statement can erase.
create or replace function leadloom.erasure_goes_on(p_erasure public.erasures) returns public.erasures
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  p_erasure.block := 0;
  p_erasure.relation := leadloom.next_relation(p_erasure.phase, p_erasure.relation);
  if p_erasure.relation is not null then
    return p_erasure;
  elsif p_erasure.phase = 0 then
    p_erasure.phase := 1;
  elsif p_erasure.found > 0 and p_erasure.pass < 20 then
    p_erasure.phase := 0;
    p_erasure.pass := p_erasure.pass + 1;
    p_erasure.found := 0;
  else
    p_erasure.finished_at := leadloom.clock();
    perform leadloom.withdraw_exports();
    p_erasure.archives := array(select f.path from public.archive_files f where f.removed_at is not null order by f.path);
    return p_erasure;
  end if;
  p_erasure.relation := leadloom.next_relation(p_erasure.phase, null);
  return p_erasure;
end
$$;

-- The erasure that an engine should go on with; null when there is none.
create or replace function public.open_erasure() returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select to_jsonb(uid) from public.erasures where finished_at is null order by id limit 1
$$;
