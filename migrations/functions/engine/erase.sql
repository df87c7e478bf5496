-- What an erasure does to rows (erasure.sql walks the tables): which items are the person's own, emptying them and all
-- that belongs to them, and taking mentions out of every other text. What comes later for an erased row is kept empty.

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
      not_found = case when not_found is not null then 'Nothing found.' end
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
