-- Read models of rows: the items of a batch under filters, and one item's life as a timeline.
--
-- A list never reads more than it must: a rare bucket is read from its partial index in the order of state ids, a
-- common one by walking the batch's rows in order; a text is looked for in bounded windows, and the answer says how far
-- it got.

create or replace function leadloom.item_row(p_item public.batch_items, p_state public.workflow_states) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'uid', p_item.uid, 'row_number', p_item.row_number, 'state', p_item.state, 'person_name', p_item.person_name,
    'title', p_item.title, 'email', p_item.email, 'linkedin', p_item.linkedin, 'company_name', p_item.company_name,
    'company_domain', p_item.company_domain, 'finished_at', p_item.finished_at,
    'step_index', p_state.step_index, 'step_name', p_state.step_name, 'attempt', p_state.attempt,
    'max_attempts', p_state.max_attempts + p_state.snoozes, 'available_at', p_state.available_at,
    'sent_at', p_state.sent_at, 'error_code', p_state.error_code, 'error_text', left(p_state.error_text, 300),
    'not_found', case when p_state.status = 'COMPLETED' then left(p_state.not_found, 300) end,
    'bucket', case when p_state.id is not null
                   then leadloom.shown_bucket(leadloom.bucket(p_state.status, p_state.attempt, p_state.sent_at),
                          leadloom.bucket_code(p_state.status, p_state.error_code, p_state.not_found)) end)
$$;

-- Ids of the states of one bucket, in order of id, after p_after. Each branch is served by one index.
create or replace function leadloom.bucket_states(
  p_batch_id bigint, p_step smallint, p_bucket text, p_code text, p_after bigint, p_limit integer)
returns setof bigint
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if p_bucket = 'failed' then
    return query select s.id from public.workflow_states s
      where s.batch_id = p_batch_id and s.status = 'FAILED' and (p_step is null or s.step_index = p_step)
        and (p_code is null or s.error_code = p_code) and s.id > p_after order by s.id limit p_limit;
  elsif p_bucket in ('pending', 'retrying') then
    return query select s.id from public.workflow_states s
      where s.batch_id = p_batch_id and s.status = 'PENDING' and (p_step is null or s.step_index = p_step)
        and (s.attempt > 0) = (p_bucket = 'retrying') and s.id > p_after order by s.id limit p_limit;
  elsif p_bucket = 'running' then
    return query select s.id from public.workflow_states s
      where s.batch_id = p_batch_id and s.status = 'IN_PROGRESS' and s.sent_at is null
        and (p_step is null or s.step_index = p_step) and s.id > p_after order by s.id limit p_limit;
  elsif p_bucket = 'not_found' then
    return query select s.id from public.workflow_states s
      where s.batch_id = p_batch_id and s.not_found is not null and s.status = 'COMPLETED'
        and (p_step is null or s.step_index = p_step) and s.id > p_after order by s.id limit p_limit;
  elsif p_bucket = 'waiting' then
    return query select s.id from public.workflow_states s
      where s.batch_id = p_batch_id and s.status = 'IN_PROGRESS' and s.sent_at is not null
        and (p_step is null or s.step_index = p_step) and s.id > p_after order by s.id limit p_limit;
  else
    return query select s.id from public.workflow_states s
      where s.batch_id = p_batch_id and s.status = upper(p_bucket)::public.state_status
        and s.status in ('SKIPPED', 'CANCELLED')
        and (p_step is null or s.step_index = p_step) and s.id > p_after order by s.id limit p_limit;
  end if;
end
$$;

-- The state a list shows for an item: that of the step asked for, else its last.
create or replace function leadloom.shown_state(p_item_id bigint, p_step smallint) returns public.workflow_states
language sql stable security invoker set search_path = ''
as $$
  select s from public.workflow_states s
  where s.batch_item_id = p_item_id and (p_step is null or s.step_index = p_step)
  order by s.step_index desc limit 1
$$;

-- The batch's rows in order from after p_after, in windows of 2,000, until the page is full, the batch ends or 90 ms
-- have gone. Filters: a text in the identity columns, completed at a step, an item's state.
create or replace function leadloom.walk_items(
  p_batch_id bigint, p_step smallint, p_completed boolean, p_state public.item_state, p_search text, p_after integer,
  p_limit integer, out rows jsonb, out next integer, out through integer)
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_from integer := p_after;
  v_to integer;
  v_began timestamptz := clock_timestamp();
  v_want text := lower(p_search);
  v_page jsonb;
begin
  rows := '[]';
  loop
    select max(row_number) into v_to from (
      select row_number from public.batch_items where batch_id = p_batch_id and row_number > v_from
      order by row_number limit case when p_search is null and p_state is null and not p_completed then p_limit + 1 else 2000 end) w;
    exit when v_to is null;
    select jsonb_agg(leadloom.item_row(found.i, s) order by (found.i).row_number) into v_page
    from (select i from public.batch_items i
          where i.batch_id = p_batch_id and i.row_number > v_from and i.row_number <= v_to
            and (p_state is null or i.state = p_state)
            and (v_want is null or strpos(lower(concat_ws(' ', i.person_name, i.first_name, i.last_name, i.title, i.email,
                  i.linkedin, i.company_name, i.company_domain, i.website)), v_want) > 0
                 or i.row_number::text = v_want)
            and (not p_completed or exists (select 1 from public.workflow_states c where c.batch_item_id = i.id
                  and (p_step is null or c.step_index = p_step) and c.status = 'COMPLETED' and c.not_found is null))
          order by i.row_number limit p_limit + 1 - jsonb_array_length(rows)) found(i)
    cross join lateral leadloom.shown_state((found.i).id, p_step) s;
    rows := rows || coalesce(v_page, '[]');
    if jsonb_array_length(rows) > p_limit then
      rows := rows - -1;
      next := (rows -> -1 ->> 'row_number')::integer;
      return;
    end if;
    v_from := v_to;
    if clock_timestamp() > v_began + interval '90 milliseconds' then
      if exists (select 1 from public.batch_items where batch_id = p_batch_id and row_number > v_to) then
        next := v_to;
        through := v_to;
      end if;
      return;
    end if;
  end loop;
end
$$;

-- p_bucket: a bucket of states, or `active` for rows that have not ended; p_after: what `next` said.
create or replace function public.insights_items(
  p_batch uuid, p_step integer, p_bucket text, p_code text, p_search text, p_after bigint, p_limit integer)
returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_batch public.batches;
  v_ids bigint[];
  v_walk record;
  v_rows jsonb;
  v_next bigint;
  v_through integer;
begin
  select * into v_batch from public.batches where id = leadloom.batch_id(p_batch);
  if p_search is null and p_bucket in ('failed', 'not_found', 'pending', 'retrying', 'running', 'waiting', 'skipped', 'cancelled') then
    v_ids := array(select leadloom.bucket_states(
      v_batch.id, p_step::smallint, p_bucket, p_code, coalesce(p_after, 0), p_limit + 1));
    select jsonb_agg(leadloom.item_row(i, s) order by s.id) into v_rows
    from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
    where s.id = any (v_ids[1:p_limit]);
    v_next := case when cardinality(v_ids) > p_limit then v_ids[p_limit] end;
  elsif p_search is not null and p_bucket in ('failed', 'not_found', 'pending', 'retrying', 'running', 'waiting', 'skipped', 'cancelled') then
    -- A text among the rows of a bucket: the bucket's first 2,000 after the cursor are looked through.
    v_ids := array(select leadloom.bucket_states(
      v_batch.id, p_step::smallint, p_bucket, p_code, coalesce(p_after, 0), 2000));
    select jsonb_agg(leadloom.item_row(i, s) order by s.id) into v_rows
    from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
    where s.id = any (v_ids)
      and strpos(lower(concat_ws(' ', i.person_name, i.first_name, i.last_name, i.title, i.email, i.linkedin,
            i.company_name, i.company_domain, i.website, s.error_text)), lower(p_search)) > 0;
    v_next := case when cardinality(v_ids) = 2000 then v_ids[2000] end;
  else
    select * into v_walk from leadloom.walk_items(
      v_batch.id, p_step::smallint, coalesce(p_bucket = 'completed', false),
      case when p_bucket = 'active' then 'ACTIVE' when p_bucket = 'done' then 'COMPLETED' end::public.item_state,
      p_search, least(coalesce(p_after, 0), 2147483647)::integer, p_limit);
    v_rows := v_walk.rows;
    v_next := v_walk.next;
    v_through := v_walk.through;
  end if;
  return jsonb_build_object(
    'batch', leadloom.batch_rows(array[v_batch.id]) -> 0,
    'steps', (select jsonb_agg(jsonb_build_object('index', o - 1, 'title', s ->> 'title', 'slug', s ->> 'slug',
                                                  'label', s ->> 'label') order by o)
              from jsonb_array_elements(v_batch.blueprint) with ordinality as e(s, o)),
    'counts', (select coalesce(jsonb_object_agg(bucket, n), '{}') from (
        select leadloom.shown_bucket(bucket, error_code) as bucket, sum(n) as n from leadloom.batch_counts(v_batch.id)
        where p_step is null or step_index = p_step group by 1 having sum(n) > 0) c),
    'codes', (select coalesce(jsonb_agg(distinct error_code), '[]') from leadloom.batch_counts(v_batch.id)
              where bucket = 'failed' and error_code <> '' and (p_step is null or step_index = p_step)),
    'rows', coalesce(v_rows, '[]'), 'next', v_next, 'searched_through', v_through);
end
$$;

-- A payload for a page: whole when small, else only its size (it can be had on its own).
create or replace function leadloom.shown_json(p_value jsonb) returns jsonb
language sql immutable security invoker set search_path = ''
as $$
  select jsonb_build_object('size', length(p_value::text),
                            'value', case when length(p_value::text) <= 100000 then p_value end)
  where p_value is not null
$$;

create or replace function public.insights_item(p_item uuid) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_item public.batch_items;
  v_batch public.batches;
begin
  select * into v_item from public.batch_items where id = leadloom.item_id(p_item);
  select * into v_batch from public.batches where id = v_item.batch_id;
  return jsonb_build_object(
    'uid', v_item.uid, 'row_number', v_item.row_number, 'state', v_item.state, 'created_at', v_item.created_at,
    'finished_at', v_item.finished_at, 'identity', leadloom.identity_fields(v_item),
    'original', coalesce(v_item.original_data, (select r.data from public.raw_apollo_uploads r
                         where r.upload_id = v_batch.upload_id and r.row_number = v_item.row_number)),
    'batch', jsonb_build_object('uid', v_batch.uid, 'name', v_batch.name, 'state', v_batch.state),
    'client', leadloom.client_head(v_batch.client_id), 'mapping', v_batch.mapping,
    'upload', (select jsonb_build_object('uid', u.uid, 'filename', u.filename) from public.uploads u where u.id = v_batch.upload_id),
    'blueprint', (select jsonb_agg(jsonb_build_object('index', o - 1, 'title', s ->> 'title', 'slug', s ->> 'slug',
        'label', s ->> 'label', 'kind', s ->> 'kind', 'condition', s -> 'condition', 'cost_per_row', s -> 'cost_per_row',
        'needs_original', s -> 'needs_original',
        'reads', (select r.reads from public.enrichment_registry r where r.slug = s ->> 'slug')) order by o)
      from jsonb_array_elements(v_batch.blueprint) with ordinality as e(s, o)),
    'states', (select coalesce(jsonb_agg(to_jsonb(s) - array['batch_item_id', 'batch_id']
        || jsonb_build_object('bucket', leadloom.shown_bucket(leadloom.bucket(s.status, s.attempt, s.sent_at),
             leadloom.bucket_code(s.status, s.error_code, s.not_found))) order by s.step_index), '[]')
      from public.workflow_states s where s.batch_item_id = v_item.id),
    'results', (select coalesce(jsonb_object_agg(r.step_index, jsonb_build_object('source', r.source, 'attempt', r.attempt,
        'created_at', r.created_at, 'raw', leadloom.shown_json(r.raw), 'parsed', leadloom.shown_json(r.parsed))), '{}')
      from public.enrichment_results r where r.batch_item_id = v_item.id),
    'superseded', (select coalesce(jsonb_agg(jsonb_build_object('step_index', r.step_index, 'attempt', r.attempt,
        'source', r.source, 'created_at', r.created_at, 'superseded_at', r.superseded_at,
        'parsed', leadloom.shown_json(r.parsed)) order by r.id desc), '[]')
      from (select * from public.superseded_results where batch_item_id = v_item.id order by id desc limit 20) r),
    'callbacks', (select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'received_at', c.received_at,
        'step_index', c.step_index, 'attempt', c.attempt, 'verdict', c.verdict, 'note', leadloom.callback_note(c.verdict, c.note),
        'size', length(c.body), 'body', left(c.body, 20000)) order by c.id), '[]')
      from (select * from public.callback_inbox where batch_item_id = v_item.id order by id limit 100) c),
    'before', (select uid from public.batch_items where batch_id = v_batch.id and row_number < v_item.row_number
               order by row_number desc limit 1),
    'after', (select uid from public.batch_items where batch_id = v_batch.id and row_number > v_item.row_number
              order by row_number limit 1));
end
$$;

-- One payload whole, for download: part is raw or parsed.
create or replace function public.insights_result(p_item uuid, p_step integer, p_part text) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_value jsonb;
begin
  select case when p_part = 'raw' then raw else parsed end into v_value
  from public.enrichment_results where batch_item_id = leadloom.item_id(p_item) and step_index = p_step;
  if v_value is null then
    raise exception using errcode = 'PT404', message = 'This step has no such result.';
  end if;
  return v_value;
end
$$;
