-- The inbox of callbacks, and reading them again: after the parser learned something, or the workflow was deployed. The
-- body was kept and the answer is paid for, so that this costs nothing.
--
-- p_filter of every function here: {"verdict": a verdict or "doubtful", "client": uuid, "workflow": slug, "since":
-- time, "until": time, "ids": [n]}, each optional. Pages go from the newest back: p_before is the last id seen.

-- A body that was empty, archived or erased holds nothing to read.
create or replace function leadloom.can_be_reread(p_inbox public.callback_inbox) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select (p_inbox.verdict in ('rejected', 'given_up') or p_inbox.doubts is not null) and p_inbox.body <> ''
$$;

-- The ids of a page. Conditions are put together as they are asked for, so that each finds its index.
create or replace function leadloom.inbox_ids(p_filter jsonb, p_before bigint, p_limit integer, p_rereadable boolean)
returns bigint[]
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client bigint := case when p_filter ->> 'client' is not null
                          then leadloom.client_id((p_filter ->> 'client')::uuid) end;
  v_ids bigint[];
begin
  execute 'select array(select c.id from public.callback_inbox c where true'
    || case when p_before is not null then ' and c.id < $2' else '' end
    || case when p_filter ->> 'verdict' = 'doubtful' then ' and c.doubts is not null'
            when p_filter ->> 'verdict' is not null
            then ' and c.verdict = ($1 ->> ''verdict'')::public.callback_verdict' else '' end
    || case when v_client is not null then ' and c.client_id = $3' else '' end
    || case when p_filter ->> 'workflow' is not null then ' and c.workflow_slug = $1 ->> ''workflow''' else '' end
    || case when p_filter ->> 'since' is not null then ' and c.received_at >= ($1 ->> ''since'')::timestamptz' else '' end
    || case when p_filter ->> 'until' is not null then ' and c.received_at < ($1 ->> ''until'')::timestamptz' else '' end
    || case when p_filter -> 'ids' is not null
            then ' and c.id in (select v::bigint from jsonb_array_elements_text($1 -> ''ids'') v)' else '' end
    || case when p_rereadable then ' and c.body <> '''' and (c.verdict in (''rejected'', ''given_up'') or c.doubts is not null)' else '' end
    || ' order by c.id desc limit $4)'
  into v_ids using p_filter, p_before, v_client, p_limit;
  return v_ids;
end
$$;

-- How many of the filter can be read again (counted up to 100,000), and a line in the audit log: somebody begins. The
-- same p_request begins once.
create or replace function public.begin_reread(p_filter jsonb, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_count integer;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  v_count := cardinality(leadloom.inbox_ids(p_filter, null, 100000, true));
  if v_count > 0 then
    perform leadloom.audit(p_actor, 'reread_callbacks',
      case when p_filter ->> 'client' is not null then leadloom.client_id((p_filter ->> 'client')::uuid) end,
      'callbacks', null, p_filter || jsonb_build_object('callbacks', v_count));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('count', v_count));
end
$$;

-- The next bodies to read again, at most p_max_bytes of them (one at least); `next` is null when these are the last.
create or replace function public.rereadable_callbacks(p_filter jsonb, p_before bigint, p_limit integer, p_max_bytes bigint)
returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_ids bigint[] := leadloom.inbox_ids(p_filter, p_before, p_limit, true);
  v_rows jsonb;
  v_taken bigint[];
begin
  select jsonb_agg(jsonb_build_object('inbox_id', b.id, 'workflow', b.workflow_slug, 'item', b.item_uid, 'body', b.body) order by b.id desc),
         array_agg(b.id order by b.id desc)
  into v_rows, v_taken
  from (select c.id, c.workflow_slug, c.item_uid, c.body,
               sum(octet_length(c.body)) over (order by c.id desc) - octet_length(c.body) as before
        from public.callback_inbox c where c.id = any (v_ids)) b
  where b.before < p_max_bytes;
  return jsonb_build_object('rows', coalesce(v_rows, '[]'), 'next',
    case when cardinality(v_taken) < cardinality(v_ids) or cardinality(v_ids) = p_limit
         then v_taken[cardinality(v_taken)] end);
end
$$;

-- p_items: [{"inbox_id", "outcome"}], outcomes as settle_callback takes them. What became of them, counted: `completed`
-- (a row goes on), `failed` (Clay had reported an error, or nothing was found where the step wants that to fail),
-- `corrected` (the result of a doubtful one is another now), `unreadable` (still), `unchanged`. Again with the same
-- items changes nothing more.
create or replace function public.reread_callbacks(p_items jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_item record;
  v_became text;
  v_counts jsonb := '{"completed": 0, "failed": 0, "corrected": 0, "unreadable": 0, "unchanged": 0}';
begin
  -- Oldest first: of two answers to one attempt the first counts, as it would have.
  for v_item in select * from jsonb_to_recordset(p_items) as r(inbox_id bigint, outcome jsonb) order by inbox_id loop
    v_became := leadloom.reread_one(v_item.inbox_id, v_item.outcome);
    v_counts := jsonb_set(v_counts, array[v_became], to_jsonb((v_counts ->> v_became)::integer + 1));
  end loop;
  return v_counts;
end
$$;

create or replace function leadloom.reread_one(p_inbox bigint, p_outcome jsonb) returns text
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_inbox public.callback_inbox;
  v_settled record;
begin
  select * into v_inbox from public.callback_inbox where id = p_inbox for update;
  if v_inbox.id is null or not leadloom.can_be_reread(v_inbox) then
    return 'unchanged';
  elsif v_inbox.verdict not in ('rejected', 'given_up') then
    return leadloom.correct_result(v_inbox, p_outcome);
  end if;
  v_settled := leadloom.settle(v_inbox, p_outcome);
  if p_outcome ->> 'status' in ('rejected', 'unreadable') then
    return 'unreadable';
  elsif not v_settled.acted then
    return 'unchanged';
  end if;
  update public.callback_inbox set verdict = 'applied', note = 'Read again.' where id = p_inbox;
  if (select status from public.workflow_states
      where batch_item_id = (v_settled.inbox).batch_item_id and step_index = (v_settled.inbox).step_index) = 'FAILED' then
    return 'failed';
  end if;
  perform leadloom.share_reread(v_settled.inbox);
  return 'completed';
end
$$;

-- An answer that was applied with fields left out: its result becomes what is read now. Later steps keep what they
-- read.
create or replace function leadloom.correct_result(p_inbox public.callback_inbox, p_outcome jsonb) returns text
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_state public.workflow_states := leadloom.callback_state(p_inbox, p_inbox.item_uid);
  v_items bigint[];
begin
  if p_outcome ->> 'status' <> 'success' then
    return 'unchanged';
  end if;
  update public.callback_inbox
  set doubts = nullif(p_outcome -> 'doubts', 'null'), unread = leadloom.names_in(p_outcome -> 'unread')
  where id = p_inbox.id;
  if v_state.id is null or v_state.status <> 'COMPLETED' or v_state.attempt <> p_inbox.attempt then
    return 'unchanged';
  end if;
  -- Rows that share the answer share the correction.
  with corrected as (
    update public.enrichment_results r set parsed = coalesce(nullif(p_outcome -> 'parsed', 'null'), '{}')
    where r.step_index = v_state.step_index and r.parsed is distinct from p_outcome -> 'parsed'
      and (r.batch_item_id = v_state.batch_item_id and r.source = 'clay' and r.attempt = v_state.attempt
           or r.source = 'shared' and r.batch_item_id in (
             select o.batch_item_id from public.workflow_states o
             where o.batch_id = v_state.batch_id and o.step_index = v_state.step_index
               and o.entity_value = v_state.entity_value and o.status = 'COMPLETED'))
    returning r.batch_item_id
  )
  select array_agg(batch_item_id order by batch_item_id) into v_items from corrected;
  if v_items is null then
    return 'unchanged';
  elsif jsonb_typeof(p_outcome -> 'identity') = 'object' and v_state.batch_item_id = any (v_items) then
    perform leadloom.set_identity(jsonb_build_object(v_state.batch_item_id::text, p_outcome -> 'identity'));
  end if;
  return 'corrected';
end
$$;

-- Rows of the same entity that failed with the unreadable answer, and were never sent themselves, get it now.
create or replace function leadloom.share_reread(p_inbox public.callback_inbox) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_state public.workflow_states;
  v_items bigint[];
  v_ids bigint[];
begin
  select * into v_state from public.workflow_states
  where batch_item_id = p_inbox.batch_item_id and step_index = p_inbox.step_index;
  if v_state.entity_value is null then
    return;
  end if;
  with waiting as (
    update public.workflow_states
    set status = 'PENDING', available_at = 'infinity', error_code = null, error_text = null, finished_at = null,
        advanced_at = null
    where batch_id = v_state.batch_id and step_index = v_state.step_index and entity_value = v_state.entity_value
      and status = 'FAILED' and error_code = 'unreadable_answer' and send_count = 0
    returning id, batch_item_id
  )
  select array_agg(batch_item_id), array_agg(id) into v_items, v_ids from waiting;
  update public.batch_items set state = 'ACTIVE', finished_at = null where id = any (v_items) and state = 'FAILED';
  perform leadloom.share_results(v_ids);
end
$$;
