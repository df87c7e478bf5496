-- What Clay sends back arrives: the raw body is stored before anything reads it, once for each request of Clay's. What
-- becomes of it says settle.sql. A callback that was stored and not settled (the process died in between) stays
-- 'received' and is settled later.

-- Whose fixed URL is this? p_token_sha256: SHA-256 of the bearer token, in hex, so that comparing tells nothing about
-- it.
create or replace function public.find_receiver(p_token_sha256 text) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object('client_id', f.client_id)
  from (select client_id, 1 as place from public.client_workflow_configs where receiver_sha256 = p_token_sha256
        union all
        select client_id, 2 from public.retired_receiver_tokens
        where token_sha256 = p_token_sha256 and accepted_until > leadloom.clock()) f
  order by f.place, f.client_id limit 1
$$;

-- Store one body; receivers take them in groups (take.sql), and those of the version before, during a deploy, one by
-- one. p_request: the receiver's own key for this HTTP request; asked again for a lost reply, the body is stored once.
create or replace function public.receive_callback(
  p_workflow text, p_item uuid, p_step integer, p_attempt integer, p_client_id bigint, p_body text,
  p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_id bigint;
begin
  insert into public.callback_inbox
    (received_at, workflow_slug, client_id, item_uid, step_index, attempt, body, request_key)
  values (leadloom.clock(), leadloom.indexable(p_workflow), p_client_id, p_item, p_step::smallint,
          p_attempt::smallint, p_body, p_request)
  on conflict (request_key) where request_key is not null do nothing
  returning id into v_id;
  if v_id is null then
    select id into v_id from public.callback_inbox where request_key = p_request;
  end if;
  return jsonb_build_object('inbox_id', v_id);
end
$$;

-- Stored, and not settled since; the one that waited longest first. Each look counts as a try, and puts the callback
-- back for a pause that doubles (15 s, 30 s, … an hour at most), so that one that always fails holds up no other; after
-- ten tries, more than two hours, it is given up into a verdict that somebody sees.
create or replace function public.unsettled_callbacks(p_older_than_s numeric, p_limit integer) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_answer jsonb;
begin
  with due as (
    select id from public.callback_inbox
    where verdict = 'received' and coalesce(next_try_at, received_at) <= v_now
      and received_at <= v_now - p_older_than_s * interval '1 second'
    order by coalesce(next_try_at, received_at) limit p_limit for update skip locked
  ), looked_at as (
    update public.callback_inbox c
    set tries = c.tries + 1, next_try_at = v_now + least(3600, 15 * power(2, c.tries)) * interval '1 second',
        verdict = case when c.tries >= 10 then 'given_up'::public.callback_verdict else c.verdict end,
        settled_at = case when c.tries >= 10 then v_now end,
        note = case when c.tries >= 10 then 'Given up after 10 tries. ' || coalesce(c.note, '') else c.note end
    from due where c.id = due.id
    returning c.*
  )
  select jsonb_agg(jsonb_build_object('inbox_id', id, 'workflow', workflow_slug, 'item', item_uid,
                   'step_index', step_index, 'attempt', attempt, 'body', body) order by id) into v_answer
  from looked_at where verdict = 'received';
  return coalesce(v_answer, '[]');
end
$$;

-- Why a stored callback could not be settled, for whoever looks at it meanwhile.
create or replace function public.note_unsettled(p_inbox bigint, p_why text) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.callback_inbox set note = left(p_why, 500) where id = p_inbox and verdict = 'received'
$$;
