-- Callbacks in groups: what arrived within a few milliseconds is stored and settled in one transaction. Where a row's
-- first answer meets the attempt that waits for it, which is nearly always, the group's answers are completed or failed
-- together; whatever else there is (a second answer, a late one, an unknown row) is settled one by one by settle.sql.
--
-- p_callbacks: [{"request": uuid, "workflow", "client_id", "item": uuid, "step", "attempt", "body", "outcome"}] in the
-- order of their arrival; `request` is the receiver's own key, so that asking again for a lost reply stores nothing
-- twice; client_id comes from a fixed URL, item, step and attempt from a signed one; `outcome` as settle_callback takes it.

-- The callbacks of a group, with the item and attempt that the body names where the URL did not.
create or replace function leadloom.callbacks_in(p_callbacks jsonb)
returns table (place bigint, request uuid, workflow text, client_id bigint, item uuid, step smallint, attempt smallint,
               body text, outcome jsonb)
language sql immutable security invoker set search_path = ''
as $$
  select c.place, c.request, leadloom.indexable(c.workflow), c.client_id,
         coalesce(c.item, (c.outcome ->> 'item')::uuid), c.step, coalesce(c.attempt, (c.outcome ->> 'attempt')::smallint),
         c.body, c.outcome
  from rows from (jsonb_to_recordset(p_callbacks) as (
    request uuid, workflow text, client_id bigint, item uuid, step smallint, attempt smallint, body text, outcome jsonb))
    with ordinality as c(request, workflow, client_id, item, step, attempt, body, outcome, place)
$$;

-- Store bodies and no more, in their order; answers with their ids. What settles them later is unsettled_callbacks.
create or replace function public.receive_callbacks(p_callbacks jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_ids jsonb;
begin
  insert into public.callback_inbox
    (received_at, workflow_slug, client_id, item_uid, step_index, attempt, body, request_key)
  select leadloom.clock(), leadloom.indexable(c.workflow), c.client_id, c.item, c.step, c.attempt, c.body, c.request
  from rows from (jsonb_to_recordset(p_callbacks) as (
    request uuid, workflow text, client_id bigint, item uuid, step smallint, attempt smallint, body text))
    with ordinality as c(request, workflow, client_id, item, step, attempt, body, place)
  order by c.place
  on conflict (request_key) where request_key is not null do nothing;
  select jsonb_agg(i.id order by c.place) into v_ids
  from jsonb_array_elements(p_callbacks) with ordinality as c(given, place)
  join public.callback_inbox i on i.request_key = (c.given ->> 'request')::uuid;
  return coalesce(v_ids, '[]');
end
$$;

-- The state that each callback is about, by its place; null where there is none.
-- All of them are locked, in the order of their ids.
create or replace function leadloom.hold_callback_states(p_callbacks jsonb) returns bigint[]
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_states bigint[] := array(
    select leadloom.state_of_callback(c.item, c.workflow, c.step, c.client_id)
    from leadloom.callbacks_in(p_callbacks) c order by c.place);
begin
  perform 1 from public.workflow_states where id = any (v_states) order by id for update;
  return v_states;
end
$$;

-- How each callback is settled, by its place: `complete` or `fail` where it is its row's first in the group, new, and
-- meets the (locked) attempt that waits for it, which is in the books; null: alone.
create or replace function leadloom.callback_ways(p_callbacks jsonb, p_states bigint[]) returns text[]
language sql volatile security invoker set search_path = ''
as $$
  select array_agg(case when w.meets and w.outcome ->> 'status' in ('success', 'not_found', 'error')
                        then leadloom.answer_way(w.state, w.outcome) end order by w.place)
  from (
    select c.place, c.outcome, s as state,
           s.status = 'IN_PROGRESS'
           and row_number() over (partition by c.item order by c.place) = 1
           and coalesce(c.attempt, case when s.attempt = 1 or s.sent_at is not null then s.attempt end) = s.attempt
           -- One look each: an EXISTS here may be planned as a hash of the whole table.
           and (select i.id from public.callback_inbox i where i.request_key = c.request limit 1) is null
           and (select x.id from public.sends x
                where x.batch_item_id = s.batch_item_id and x.step_index = s.step_index
                  and x.attempt = s.attempt and x.outcome in ('refused', 'unsent') limit 1) is null as meets
    from leadloom.callbacks_in(p_callbacks) c
    left join public.workflow_states s on s.id = p_states[c.place]) w
$$;

-- The locks that settling these states will want, in the order that advance.sql names, before any of it is done.
-- p_alone: those that are settled one by one, and may book a send or open their batch again.
create or replace function leadloom.hold_for_callbacks(p_states bigint[], p_alone bigint[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform leadloom.hold_batch(b.id)
  from (select distinct batch_id as id from public.workflow_states where id = any (p_states) order by 1) b;
  if p_alone <> '{}' then
    perform 1 from public.webhook_counters
    where url_sha256 in (
      select x.url_sha256
      from public.workflow_states s
      join public.sends x on x.batch_item_id = s.batch_item_id and x.step_index = s.step_index
      where s.id = any (p_alone) and x.outcome in ('refused', 'unsent'))
    order by url_sha256 for update;
    perform 1 from public.batches
    where id in (select batch_id from public.workflow_states where id = any (p_alone) and status <> 'COMPLETED')
    order by id for no key update;
  end if;
  perform leadloom.hold_entities_of(p_states);
end
$$;

-- Store and settle a group: [{"inbox_id", "verdict", "acted", "applied"}], by place, as settle_callback answers. All or
-- nothing: a group that is refused for what is in it is asked for again in halves.
create or replace function public.take_callbacks(p_callbacks jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_states bigint[] := leadloom.hold_callback_states(p_callbacks);
  v_ways text[] := leadloom.callback_ways(p_callbacks, v_states);
  v_one record;
  v_alone jsonb := '{}';
begin
  perform leadloom.hold_for_callbacks(v_states, array(
    select state from unnest(v_states, v_ways) as u(state, way) where way is null and state is not null));
  for v_one in
    select v_ways[c.place] as way, jsonb_agg(leadloom.answer_item(s.id, s.attempt, v_ways[c.place], c.outcome) order by s.id) as items
    from leadloom.callbacks_in(p_callbacks) c join public.workflow_states s on s.id = v_states[c.place]
    where v_ways[c.place] is not null group by 1 order by 1
  loop
    if v_one.way = 'complete' then
      perform public.complete_items(v_one.items);
    else
      perform public.fail_items(v_one.items);
    end if;
  end loop;
  perform leadloom.store_taken(p_callbacks, v_states, v_ways);
  for v_one in
    select i.id, c.outcome from leadloom.callbacks_in(p_callbacks) c
    join public.callback_inbox i on i.request_key = c.request
    where v_ways[c.place] is null order by c.place
  loop
    v_alone := v_alone || jsonb_build_object(v_one.id::text, public.settle_callback(v_one.id, v_one.outcome));
  end loop;
  return (
    select jsonb_agg(coalesce(v_alone -> i.id::text,
             '{"verdict": "applied", "acted": true, "applied": true}') || jsonb_build_object('inbox_id', i.id)
             order by c.place)
    from jsonb_array_elements(p_callbacks) with ordinality as c(given, place)
    join public.callback_inbox i on i.request_key = (c.given ->> 'request')::uuid);
end
$$;

-- The bodies of a group, in the order of their arrival: with the verdict that was reached for them together, else as
-- received.
create or replace function leadloom.store_taken(p_callbacks jsonb, p_states bigint[], p_ways text[]) returns void
language sql volatile security invoker set search_path = ''
as $$
  insert into public.callback_inbox
    (received_at, workflow_slug, client_id, item_uid, step_index, attempt, body, request_key, verdict, note, settled_at,
     batch_id, batch_item_id, doubts, unread)
  select leadloom.clock(), c.workflow, coalesce(c.client_id, b.client_id),
         case when s.id is null then (p_callbacks -> (c.place - 1)::integer ->> 'item')::uuid else c.item end,
         coalesce(c.step, s.step_index),
         case when s.id is null then (p_callbacks -> (c.place - 1)::integer ->> 'attempt')::smallint else s.attempt end,
         c.body, c.request,
         case when s.id is null then 'received' else 'applied' end::public.callback_verdict,
         case when s.id is not null then leadloom.applied_note(c.outcome) end,
         case when s.id is not null then leadloom.clock() end, s.batch_id, s.batch_item_id,
         case when s.id is not null then nullif(c.outcome -> 'doubts', 'null') end,
         case when s.id is not null then leadloom.names_in(c.outcome -> 'unread') end
  from leadloom.callbacks_in(p_callbacks) c
  left join public.workflow_states s on s.id = p_states[c.place] and p_ways[c.place] is not null
  left join public.batches b on b.id = s.batch_id
  order by c.place
  on conflict (request_key) where request_key is not null do nothing
$$;
