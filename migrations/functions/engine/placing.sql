-- Which entity a row of a paid step is about. Rows enter such a step unplaced (PENDING, available_at 'infinity', no
-- entity); the engine reads their fields, makes their keys by the rules of `app/text`, and places them here: into the
-- entity of the batch that has one of their keys, or into one of their own. The first row of an entity leads, the
-- others follow it (entities.sql).
--
-- A row's keys are ordered, `rank:hash`, the strongest (rank 1) first. Strong rows are placed before weak ones, and
-- then:
--   1. the entity that is named after the row's first key is its own;
--   2. else the strongest of its keys that any entity has decides: where just one entity has it, and nothing stronger
--      contradicts that (another domain, say), the row joins;
-- 3. else the row is an entity of its own. Two companies of one name stay two, and who only knows the name joins
-- neither.

create or replace function leadloom.key_rank(p_key text) returns smallint
language sql immutable security invoker set search_path = ''
as $$
  select split_part(p_key, ':', 1)::smallint
$$;

create or replace function leadloom.is_shared_step(p_step jsonb) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select coalesce(jsonb_array_length(p_step -> 'entity_keys'), 0) > 0
$$;

-- Whether rows wait to be placed, in batches that are not held.
create or replace function leadloom.any_unplaced() returns boolean
language sql stable security invoker set search_path = ''
as $$
  select exists (select 1 from public.workflow_states
                 where status = 'PENDING' and available_at = 'infinity' and entity_value is null
                   and batch_id <> all (leadloom.faulty_batches()))
$$;

-- Rows to be placed, with what their keys are made of: [{"workflow", "mapping", "items": as in claim_chunk}].
create or replace function public.unplaced_rows(p_limit integer) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'workflow', step ->> 'slug',
    'mapping', case when (step ->> 'needs_original')::boolean then mapping end,
    'items', leadloom.items_with_inputs(ids, step))), '[]')
  from (
    select b.blueprint -> s.step_index::integer as step, b.mapping, array_agg(s.id order by s.id) as ids
    from (select id, batch_id, step_index from public.workflow_states
          where status = 'PENDING' and available_at = 'infinity' and entity_value is null
            and batch_id <> all (leadloom.faulty_batches())
          order by id limit p_limit) s
    join public.batches b on b.id = s.batch_id
    group by b.id, s.step_index) steps
$$;

-- p_rows: [{"state_id", "keys": [text]}]; a row without keys goes out alone. Rows that were placed meanwhile stay.
create or replace function public.place_rows(p_rows jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  select '{"placed": 0}'::jsonb || leadloom.in_every_batch('place_in_entities', jsonb_build_object('rows', p_rows))
$$;

create or replace function leadloom.place_in_entities(p_args jsonb, p_batch_id bigint) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_step record;
  v_placed integer := 0;
begin
  for v_step in
    with unplaced as (
      select s.id, s.batch_id, s.step_index, r.keys
      from jsonb_to_recordset(p_args -> 'rows') as r(state_id bigint, keys text[])
      join public.workflow_states s on s.id = r.state_id
      where s.status = 'PENDING' and s.available_at = 'infinity' and s.entity_value is null
        and (p_batch_id is null or s.batch_id = p_batch_id) and s.batch_id <> all (leadloom.faulty_batches())
      order by s.id for update of s skip locked
    )
    select batch_id, step_index, count(*) as n,
           jsonb_agg(jsonb_build_object('state_id', id, 'keys', keys)) as rows
    from unplaced group by 1, 2 order by 1, 2
  loop
    perform leadloom.hold_entities(v_step.batch_id, v_step.step_index);
    perform leadloom.place_in_step(v_step.batch_id, v_step.step_index, v_step.rows);
    v_placed := v_placed + v_step.n;
  end loop;
  return jsonb_build_object('placed', v_placed);
end
$$;

create or replace function leadloom.place_in_step(p_batch_id bigint, p_step_index smallint, p_rows jsonb) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_rank smallint;
  v_entities jsonb := '{}';  -- first key -> entity
  v_new text[];
  v_joined text[];
begin
  for v_rank in
    select distinct leadloom.key_rank(keys[1]) from jsonb_to_recordset(p_rows) as r(keys text[])
    where cardinality(keys) > 0 order by 1
  loop
    v_entities := v_entities || leadloom.entities_of_rank(p_batch_id, p_step_index, v_rank, p_rows);
  end loop;
  -- An entity that no state names yet is new, and its strongest, first row leads.
  select array_agg(e) filter (where not known), array_agg(e) filter (where known) into v_new, v_joined
  from (select e.value as e, exists (
          select 1 from public.workflow_states o where o.batch_id = p_batch_id and o.step_index = p_step_index
            and o.entity_value = e.value) as known
        from (select distinct value from jsonb_each_text(v_entities)) e) found;
  with placed as (
    select r.state_id, v_entities ->> r.keys[1] as entity, leadloom.key_rank(r.keys[1]) as rank
    from jsonb_to_recordset(p_rows) as r(state_id bigint, keys text[])
  ), leaders as (
    select distinct on (entity) state_id from placed where entity = any (v_new) order by entity, rank, state_id
  )
  update public.workflow_states s
  set entity_value = p.entity, entity_rank = p.rank,
      available_at = case when p.entity is null or s.id in (select state_id from leaders) then leadloom.clock()
                          else 'infinity' end
  from placed p where s.id = p.state_id;
  if v_joined is not null then
    perform leadloom.lead_by_strongest(p_batch_id, p_step_index, v_joined);
    perform leadloom.wake_followers(p_batch_id, p_step_index, v_joined);
  end if;
end
$$;

-- The entities of the rows whose first key has this rank, {first key: entity}; new keys are noted.
create or replace function leadloom.entities_of_rank(
  p_batch_id bigint, p_step_index smallint, p_rank smallint, p_rows jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  with given as (
    select distinct r.keys[1] as first, k as key, leadloom.key_rank(k) as rank
    from jsonb_to_recordset(p_rows) as r(keys text[]) cross join lateral unnest(r.keys) k
    where leadloom.key_rank(r.keys[1]) = p_rank
  ), firsts as (
    select r.keys[1] as first, min(r.state_id) as oldest
    from jsonb_to_recordset(p_rows) as r(state_id bigint, keys text[])
    where leadloom.key_rank(r.keys[1]) = p_rank group by 1
  ), known as (
    select g.first, g.rank, e.entity, split_part(e.entity, '~', 1) = g.first as own
    from given g join public.entity_keys e
      on e.batch_id = p_batch_id and e.step_index = p_step_index and e.key = g.key
  ), strongest as (
    select distinct on (first) first, rank, n, entity
    from (select first, rank, count(distinct entity) as n, min(entity) as entity from known group by 1, 2) by_rank
    order by first, rank
  ), joining as (
    -- Of several that would bring a key of the same kind into one entity, the oldest joins.
    select distinct on (s.entity) s.first, s.entity
    from strongest s join firsts f on f.first = s.first
    where s.n = 1 and not exists (select 1 from known k where k.first = s.first and k.own)
      and not exists (
        select 1 from given g join public.entity_keys e
          on e.batch_id = p_batch_id and e.step_index = p_step_index and e.entity = s.entity
             and leadloom.key_rank(e.key) = g.rank
        where g.first = s.first and g.rank < s.rank)
    order by s.entity, f.oldest
  ), own as (
    -- Under another name where its rows have started over.
    select first, min(entity) as entity from known where own group by 1
  ), decided as (
    select f.first, coalesce(o.entity, j.entity, f.first) as entity
    from firsts f left join own o on o.first = f.first left join joining j on j.first = f.first
  ), noted as (
    insert into public.entity_keys (batch_id, step_index, key, entity)
    select distinct p_batch_id, p_step_index, g.key, d.entity from given g join decided d on d.first = g.first
    on conflict do nothing
  )
  select coalesce(jsonb_object_agg(first, entity), '{}') from decided
$$;

-- Where a stronger row joined before anything went out, the leader steps back for it: the better look-up is paid for.
create or replace function leadloom.lead_by_strongest(p_batch_id bigint, p_step_index smallint, p_entities text[])
returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_weak bigint[];
begin
  v_weak := array(
    select w.id from public.workflow_states w
    where w.batch_id = p_batch_id and w.step_index = p_step_index and w.entity_value = any (p_entities)
      and w.status = 'PENDING' and w.available_at < 'infinity' and w.attempt = 0
      and exists (select 1 from public.workflow_states o
                  where o.batch_id = p_batch_id and o.step_index = p_step_index and o.entity_value = w.entity_value
                    and o.status = 'PENDING' and o.available_at = 'infinity' and o.entity_rank < w.entity_rank)
    for update of w skip locked);
  update public.workflow_states set available_at = 'infinity' where id = any (v_weak);
end
$$;
