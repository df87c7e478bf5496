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

-- A body that comes, or is settled, after its row was erased is kept as an empty one: that it came is all there is to
-- know.
create or replace function leadloom.forget_erased() returns trigger
language plpgsql security invoker set search_path = ''
as $$
begin
  if new.body <> '' and exists (select 1 from public.batch_items i
                                where (i.id = new.batch_item_id or i.uid = new.item_uid) and i.erased_at is not null) then
    new.body := '';
    new.doubts := null;
  end if;
  return new;
end
$$;
-- Made once: making it again waits for whoever writes, and a migration that waits for two tables ends in a deadlock.
do $$
begin
  if not exists (select from pg_catalog.pg_trigger
                 where tgrelid = 'public.callback_inbox'::regclass and tgname = 'forget_erased') then
    create trigger forget_erased before insert or update of body, batch_item_id, item_uid on public.callback_inbox
      for each row execute function leadloom.forget_erased();
  end if;
end
$$;

-- Whether a row is the person's own: a cell is the address, or lists it among few others. In a long text it is a
-- mention.
create or replace function leadloom.is_persons_row(p_cells jsonb, p_pattern text) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select exists (select 1 from jsonb_each_text(case when jsonb_typeof(p_cells) = 'object' then p_cells else '{}' end) c
                 where length(c.value) <= 300 and lower(c.value) ~ p_pattern)
$$;

-- The items that are the person's among rows of one table in a range of blocks.
create or replace function leadloom.persons_items(
  p_relation regclass, p_pattern text, p_from tid, p_to tid, out items bigint[], out rows_without integer)
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  rows_without := 0;
  if p_relation = 'public.raw_apollo_uploads'::regclass then
    with persons as (
      select upload_id, row_number from public.raw_apollo_uploads
      where ctid >= p_from and ctid < p_to and lower(data::text) ~ p_pattern and leadloom.is_persons_row(data, p_pattern)
    ), emptied as (
      update public.raw_apollo_uploads r set data = '{}' from persons p
      where r.upload_id = p.upload_id and r.row_number = p.row_number
      returning r.upload_id, r.row_number
    ), unkeyed as (
      delete from public.upload_keys k using persons p
      where k.upload_id = p.upload_id and k.row_number = p.row_number
    )
    select array_agg(i.id order by i.id), count(*) filter (where i.id is null) into items, rows_without
    from emptied e
    left join public.batches b on b.upload_id = e.upload_id
    left join public.batch_items i on i.batch_id = b.id and i.row_number = e.row_number;
    items := coalesce(array_remove(items, null), '{}');
  elsif p_relation = 'public.batch_items'::regclass then
    items := array(
      select id from public.batch_items
      where ctid >= p_from and ctid < p_to
        and (lower(concat_ws(' ', email, linkedin)) ~ p_pattern
             or original_data is not null and lower(original_data::text) ~ p_pattern
                and leadloom.is_persons_row(original_data, p_pattern)));
  else
    items := array(
      select batch_item_id from public.final_leads
      where ctid >= p_from and ctid < p_to and lower(concat_ws(' ', email, linkedin)) ~ p_pattern);
  end if;
end
$$;

-- Empty these items and all that belongs to them, in their own batches and in every other over the same raw rows. One
-- that a worker holds at this moment is cancelled and emptied in the next pass. Returns how many were emptied.
create or replace function leadloom.erase_items(p_items bigint[]) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_all bigint[];
  v_uids uuid[];
  v_n integer;
begin
  v_all := array(
    select distinct other.id
    from public.batch_items i
    join public.batches b on b.id = i.batch_id
    join public.batches ob on ob.upload_id = b.upload_id
    join public.batch_items other on other.batch_id = ob.id and other.row_number = i.row_number
    where i.id = any (p_items)
    order by 1);
  perform leadloom.hold_batch(b.id) from (
    select distinct batch_id as id from public.batch_items where id = any (v_all) order by 1) b;
  perform leadloom.cancel_unfinished(v_all);
  update public.batch_items i
  set person_name = null, first_name = null, last_name = null, title = null, email = null, linkedin = null,
      company_name = null, company_domain = null, company_linkedin = null, website = null, industry = null,
      country = null, original_data = null, erased_at = coalesce(erased_at, v_now)
  where i.id = any (v_all) and i.state <> 'ACTIVE';
  get diagnostics v_n = row_count;
  select array_agg(id order by id), array_agg(uid) into v_all, v_uids
  from public.batch_items where id = any (v_all) and state <> 'ACTIVE';
  update public.raw_apollo_uploads r set data = '{}'
  from public.batch_items i join public.batches b on b.id = i.batch_id
  where i.id = any (v_all) and r.upload_id = b.upload_id and r.row_number = i.row_number and r.data <> '{}';
  delete from public.upload_keys k using public.batch_items i, public.batches b
  where i.id = any (v_all) and b.id = i.batch_id and k.upload_id = b.upload_id and k.row_number = i.row_number;
  update public.enrichment_results set raw = null, parsed = '{}', archived_in = null where batch_item_id = any (v_all);
  delete from public.superseded_results where batch_item_id = any (v_all);
  delete from public.final_leads where batch_item_id = any (v_all);
  update public.callback_inbox set body = '', archived_in = null, note = null, doubts = null, unread = null
  where batch_item_id = any (v_all) or item_uid = any (v_uids);
  -- What an entity of nobody else was recognised by goes, too.
  delete from public.entity_keys k using public.workflow_states s
  where s.batch_item_id = any (v_all) and k.batch_id = s.batch_id and k.step_index = s.step_index
    and k.entity in (s.entity_value, split_part(s.entity_value, '~', 1))
    and not exists (select 1 from public.workflow_states o
                    where o.batch_id = k.batch_id and o.step_index = k.step_index and o.entity_value = k.entity
                      and o.batch_item_id <> all (v_all));
  -- A failed step without its words and its attempts' is a step that was cancelled: nothing retries it.
  update public.workflow_states
  set history = null, entity_value = null,
      status = case when status = 'FAILED' then 'CANCELLED' else status end,
      advanced_at = case when status = 'FAILED' then coalesce(advanced_at, v_now) else advanced_at end,
      error_code = null, error_text = null,
      not_found = case when not_found is not null then 'Nothing was found.' end
  where batch_item_id = any (v_all);
  update public.batch_items set state = 'CANCELLED' where id = any (v_all) and state = 'FAILED';
  return v_n;
end
$$;

-- Steps of these items that are not finished end here; rows that waited for one of them choose another leader.
create or replace function leadloom.cancel_unfinished(p_items bigint[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_led jsonb;
begin
  select jsonb_agg(distinct jsonb_build_object('b', batch_id, 's', step_index, 'e', entity_value)) into v_led
  from public.workflow_states
  where batch_item_id = any (p_items) and status in ('PENDING', 'IN_PROGRESS') and entity_value is not null;
  perform leadloom.cancel_items(array(
    select id from public.batch_items where id = any (p_items) and state = 'ACTIVE' order by id
    for no key update skip locked));
  perform leadloom.wake_followers(w.b, w.s, w.entities) from (
    select b, s, array_agg(e) as entities
    from jsonb_to_recordset(coalesce(v_led, '[]')) as l(b bigint, s smallint, e text)
    group by b, s order by b, s) w;
end
$$;

-- Take mentions out of the texts of one table in a range of blocks; returns how many rows had one.
create or replace function leadloom.erase_mentions(p_relation regclass, p_pattern text, p_from tid, p_to tid)
returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_texts text[];
  v_sets text[];
  v_n integer;
begin
  select array_agg(format('%I::text', a.attname) order by a.attnum),
         array_agg(format('%1$I = regexp_replace(%1$I::text, $1, ''[erased]'', ''gi'')::%2$s', a.attname,
                          format_type(a.atttypid, a.atttypmod)) order by a.attnum)
  into v_texts, v_sets
  from pg_catalog.pg_attribute a
  where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    and a.atttypid in ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype, 'tsvector'::regtype);
  if v_texts is null then
    return 0;
  end if;
  execute format('update %s set %s where ctid >= $2 and ctid < $3 and lower(concat_ws('' '', %s)) ~ $1',
                 p_relation, array_to_string(v_sets, ', '), array_to_string(v_texts, ', '))
  using p_pattern, p_from, p_to;
  get diagnostics v_n = row_count;
  return v_n;
end
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
