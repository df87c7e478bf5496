-- What becomes of a stored callback: `settle_callback` says it, in one transaction with what it does to the state.
--
--   applied     it answered the attempt that was waiting: completed, with or without a find, or failed with the error
--               that Clay reported
--   duplicate   that attempt has its answer already
--   late        it came after the state had moved on; applied all the same (note 'applied') where nothing superseded
--               it, since it was paid for
--   unmatched   no such item, or the item has no such step
--   rejected    signed, but not readable as an answer: the state that waited for it fails as 'unreadable_answer', and
--               reading the kept body again (inbox.sql) completes it
--   given_up    the database did not settle it in many tries; kept, and can be read again as well

-- Which state a callback means. A fixed URL names its client and no step: the step that waits is meant, else the latest.
create or replace function leadloom.state_of_callback(p_item uuid, p_workflow text, p_step integer, p_client bigint)
returns bigint
language sql stable security invoker set search_path = ''
as $$
  select s.id
  from public.batch_items i
  join public.workflow_states s on s.batch_item_id = i.id
  where i.uid = p_item and s.step_name = p_workflow and (p_step is null or s.step_index = p_step)
    and (p_client is null or p_client = (select b.client_id from public.batches b where b.id = s.batch_id))
  order by s.status = 'IN_PROGRESS' desc, s.step_index desc
  limit 1
$$;

-- The state that a stored callback is about, locked.
create or replace function leadloom.callback_state(p_inbox public.callback_inbox, p_item uuid)
returns public.workflow_states
language sql volatile security invoker set search_path = ''
as $$
  select s.* from public.workflow_states s
  where s.id = leadloom.state_of_callback(p_item, p_inbox.workflow_slug, p_inbox.step_index, p_inbox.client_id)
  for update
$$;

-- An earlier attempt asked the same question: its answer counts, and the attempt after it never goes out, unless that
-- one is on its way or has its own answer, or the row was run again in between.
create or replace function leadloom.is_superseded(p_state public.workflow_states, p_attempt integer) returns boolean
language sql stable security invoker set search_path = ''
as $$
  select p_attempt < p_state.attempt and (
    p_state.status in ('COMPLETED', 'SKIPPED', 'CANCELLED')
    or p_state.status = 'IN_PROGRESS' and p_state.sent_at is not null
    or exists (select 1 from jsonb_array_elements(coalesce(p_state.history, '[]')) h
               where h ->> 'code' = 'rerun' and (h ->> 'attempt')::integer >= p_attempt)
    -- What left before the state was made belongs to one that a rerun took away.
    or not exists (select 1 from public.sends x
                   where x.batch_item_id = p_state.batch_item_id and x.step_index = p_state.step_index
                     and x.attempt = p_attempt and x.marked_at >= p_state.created_at))
$$;

-- An answer that was paid for finds its attempt given up (timed out, failed, queued to be tried again, or claimed for
-- the next one that has not left): the state is under way again in the attempt that is answered, and the caller ends it
-- in the same transaction. Numbers given out since are not given out again. Not where the operator cancelled or started
-- over.
create or replace function leadloom.revive_for_answer(p_state public.workflow_states, p_attempt smallint) returns boolean
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
begin
  perform leadloom.hold_batch(p_state.batch_id);
  if p_state.status <> 'IN_PROGRESS' and p_state.error_code is null
     or not exists (select 1 from public.batches
                    where id = p_state.batch_id and state <> 'CANCELLED' and archived_at is null) then
    return false;
  end if;
  insert into public.attempt_floors as f (batch_item_id, step_index, attempt)
  select p_state.batch_item_id, p_state.step_index, p_state.attempt where p_attempt < p_state.attempt
  on conflict (batch_item_id, step_index) do update set attempt = greatest(f.attempt, excluded.attempt);
  update public.workflow_states
  set status = 'IN_PROGRESS', attempt = p_attempt, error_code = null, error_text = null, finished_at = null,
      advanced_at = null, sent_at = leadloom.left_at(p_state, p_attempt), lease_until = null,
      deadline_at = coalesce(deadline_at, v_now)
  where id = p_state.id;
  perform leadloom.reopen_batch(p_state.batch_id);
  update public.batch_items set state = 'ACTIVE', finished_at = null
  where id = p_state.batch_item_id and state = 'FAILED';
  return true;
end
$$;

-- An answer that nobody can read ends the attempt that waited for it, instead of letting it wait for its deadline.
create or replace function leadloom.fail_unreadable(p_state public.workflow_states, p_attempt integer, p_note text)
returns boolean
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if p_state.id is null or p_state.status <> 'IN_PROGRESS' or p_state.sent_at is null or p_attempt <> p_state.attempt then
    return false;
  end if;
  return (public.fail_items(jsonb_build_array(jsonb_build_object(
    'state_id', p_state.id, 'attempt', p_state.attempt, 'code', 'unreadable_answer', 'retry', false, 'unsent', false,
    'text', format('The answer could not be read: %s It is stored and can be read again for free.', p_note))))
    ->> 'failed')::integer = 1;
end
$$;

-- The step's setting "When nothing is found: continue (the default) | fail the row".
create or replace function leadloom.fails_without_a_find(p_state public.workflow_states) returns boolean
language sql stable security invoker set search_path = ''
as $$
  select coalesce(blueprint -> p_state.step_index::integer -> 'settings' ->> 'when_not_found', 'continue') = 'fail'
  from public.batches where id = p_state.batch_id
$$;

-- Whether an answer completes its (waiting) state or fails it.
create or replace function leadloom.answer_way(p_state public.workflow_states, p_outcome jsonb) returns text
language sql stable security invoker set search_path = ''
as $$
  select case when p_outcome ->> 'status' = 'success'
                   or p_outcome ->> 'status' = 'not_found' and not leadloom.fails_without_a_find(p_state)
              then 'complete' else 'fail' end
$$;

-- The same answer as complete_items or fail_items takes it.
create or replace function leadloom.answer_item(p_state_id bigint, p_attempt smallint, p_way text, p_outcome jsonb)
returns jsonb
language sql immutable security invoker set search_path = ''
as $$
  select jsonb_build_object('state_id', p_state_id, 'attempt', p_attempt) || case
    when p_way = 'complete' then jsonb_build_object(
      'parsed', p_outcome -> 'parsed', 'raw', p_outcome -> 'raw', 'source', 'clay', 'identity', p_outcome -> 'identity',
      'not_found', case when not_found then coalesce(said, 'Nothing found.') end)
    else jsonb_build_object(
      'code', case when not_found then 'not_found' else 'clay_error' end,
      'text', coalesce(said, case when not_found then 'Nothing found.' else 'Clay reported an error.' end),
      'retry', false, 'unsent', false) end
  from (select nullif(btrim(coalesce(p_outcome ->> 'error', p_outcome ->> 'note')), '') as said,
               p_outcome ->> 'status' = 'not_found' as not_found) words
$$;

-- End the state with what the callback said; false if its attempt is over.
create or replace function leadloom.apply_answer(
  p_state public.workflow_states, p_attempt smallint, p_outcome jsonb) returns boolean
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_way text := leadloom.answer_way(p_state, p_outcome);
  v_items jsonb := jsonb_build_array(leadloom.answer_item(p_state.id, p_attempt, v_way, p_outcome));
begin
  if v_way = 'complete' then
    return (public.complete_items(v_items) ->> 'applied')::integer = 1;
  end if;
  return (public.fail_items(v_items) ->> 'failed')::integer = 1;
end
$$;

-- Texts of a JSON list; null where there is none.
create or replace function leadloom.names_in(p_names jsonb) returns text[]
language sql immutable security invoker set search_path = ''
as $$
  select array_agg(name order by place)
  from jsonb_array_elements_text(case when jsonb_typeof(p_names) = 'array' then p_names else '[]' end)
       with ordinality as n(name, place)
$$;

-- The note beside the verdict `applied`.
create or replace function leadloom.applied_note(p_outcome jsonb) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case when p_outcome ->> 'status' = 'not_found' and p_outcome ->> 'note' <> 'Nothing found.'
                then 'Nothing found: ' || (p_outcome ->> 'note')
              when p_outcome ->> 'status' = 'error' then leadloom.reported_error(p_outcome)
              else p_outcome ->> 'note' end
$$;

-- Whether this attempt has been answered with "nothing found" before.
create or replace function leadloom.was_not_found(p_state public.workflow_states, p_attempt smallint) returns boolean
language sql immutable security invoker set search_path = ''
as $$
  select p_state.status = 'FAILED' and p_state.error_code = 'not_found' and p_state.attempt = p_attempt
      or exists (select 1 from jsonb_array_elements(coalesce(p_state.history, '[]')) h
                 where h ->> 'code' = 'not_found' and (h ->> 'attempt')::integer = p_attempt)
$$;

-- What an answer says that reports an error, as the reason of its verdict.
create or replace function leadloom.reported_error(p_outcome jsonb) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case when p_outcome ->> 'error' is null then 'Clay reported an error.'
              when p_outcome ->> 'error' like 'Clay reported %' then p_outcome ->> 'error'
              else 'Clay reported an error: ' || left(p_outcome ->> 'error', 500) end
$$;

-- The verdict on a readable callback for a state, and what it does to it.
create or replace function leadloom.judge_callback(
  p_state public.workflow_states, p_attempt smallint, p_outcome jsonb, out verdict public.callback_verdict, out note text)
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  verdict := 'late';
  if p_state.id is null then
    verdict := 'unmatched';
    note := 'This client has no row with this batch_item_id and step.';
  elsif p_attempt between p_state.attempt + 1 and (
      select f.attempt from public.attempt_floors f
      where f.batch_item_id = p_state.batch_item_id and f.step_index = p_state.step_index) then
    note := format('Attempt %s is from before the row was run again.', p_attempt);
  elsif p_attempt > p_state.attempt or p_attempt < 1 then
    verdict := 'unmatched';
    note := 'This attempt was never sent.';
  elsif leadloom.is_superseded(p_state, p_attempt) then
    note := format('Attempt %s was replaced by attempt %s.', p_attempt, p_state.attempt);
  elsif p_state.status = 'IN_PROGRESS' and p_attempt = p_state.attempt then
    if leadloom.apply_answer(p_state, p_attempt, p_outcome) then
      verdict := 'applied';
      note := leadloom.applied_note(p_outcome);
    end if;
  elsif p_state.status = 'COMPLETED'
        or (p_outcome ->> 'status' = 'not_found' and leadloom.was_not_found(p_state, p_attempt)) then
    verdict := 'duplicate';
  elsif p_state.status in ('FAILED', 'PENDING', 'IN_PROGRESS')
        and (p_outcome ->> 'status' in ('success', 'not_found') or p_state.error_code = 'unreadable_answer') then
    if leadloom.revive_for_answer(p_state, p_attempt) and leadloom.apply_answer(p_state, p_attempt, p_outcome) then
      note := 'applied';
    else
      note := 'The row was cancelled or restarted.';
    end if;
  elsif p_state.status = 'FAILED' and p_state.error_code in ('clay_error', 'not_found') then
    verdict := 'duplicate';
  else
    note := format('The step had already ended: %s.', lower(p_state.status::text));
  end if;
end
$$;

-- Settle a locked callback: what it is about, what its outcome does there, and the verdict. `acted`: a state has ended.
create or replace function leadloom.settle(
  p_inbox public.callback_inbox, p_outcome jsonb, out inbox public.callback_inbox, out acted boolean)
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_item uuid := coalesce(p_inbox.item_uid, (p_outcome ->> 'item')::uuid);
  v_state public.workflow_states := leadloom.callback_state(p_inbox, v_item);
  v_attempt smallint := coalesce(p_inbox.attempt, (p_outcome ->> 'attempt')::smallint,
    -- Said nothing, and arrived before the attempt under way went out: it answers an earlier one.
    case when v_state.status = 'IN_PROGRESS' and v_state.attempt > 1
              and coalesce(v_state.sent_at, 'infinity') > p_inbox.received_at
         then v_state.attempt - 1 else v_state.attempt end);
  v_judged record;
begin
  perform leadloom.book_answered(v_state, v_attempt);
  if p_outcome ->> 'status' in ('rejected', 'unreadable') then
    select 'rejected'::public.callback_verdict as verdict, p_outcome ->> 'note' as note into v_judged;
    acted := p_outcome ->> 'status' = 'unreadable' and leadloom.fail_unreadable(v_state, v_attempt, v_judged.note);
  else
    v_judged := leadloom.judge_callback(v_state, v_attempt, p_outcome);
    acted := v_judged.verdict = 'applied' or v_judged.note is not distinct from 'applied';
  end if;
  update public.callback_inbox
  set verdict = v_judged.verdict, note = v_judged.note, settled_at = leadloom.clock(), item_uid = v_item,
      attempt = v_attempt, step_index = coalesce(step_index, v_state.step_index), batch_id = v_state.batch_id,
      batch_item_id = v_state.batch_item_id, doubts = nullif(p_outcome -> 'doubts', 'null'),
      unread = leadloom.names_in(p_outcome -> 'unread'),
      client_id = coalesce(client_id, (select b.client_id from public.batches b where b.id = v_state.batch_id))
  where id = p_inbox.id
  returning * into inbox;
end
$$;

-- p_outcome: {"status": "success" | "not_found" | "error" | "unreadable" | "rejected", "parsed": {}, "raw": any,
-- "identity": {} | null, "doubts": {field: {"value", "why"}} | null, "unread": [name] | null, "error": text, "note":
-- text, "item": uuid, "attempt": n}; item and attempt count only where the URL did not say them. `not_found` is an
-- answer: `note` is what it said. `unreadable` ends the attempt; `rejected` (nobody here knows how to read it) leaves
-- it waiting. Repeating the call answers with the verdict that stands.
create or replace function public.settle_callback(p_inbox bigint, p_outcome jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_inbox public.callback_inbox;
  v_settled record;
  v_acted boolean := false;
begin
  select * into v_inbox from public.callback_inbox where id = p_inbox for update;
  if v_inbox.id is null then
    raise exception using errcode = 'PT404', message = 'There is no such callback.';
  end if;
  if v_inbox.verdict = 'received' then
    v_settled := leadloom.settle(v_inbox, p_outcome);
    v_inbox := v_settled.inbox;
    v_acted := v_settled.acted;
  end if;
  return jsonb_build_object('verdict', v_inbox.verdict, 'note', v_inbox.note, 'acted', v_acted, 'applied',
    v_inbox.verdict = 'applied' or (v_inbox.verdict = 'late' and v_inbox.note is not distinct from 'applied'));
end
$$;
