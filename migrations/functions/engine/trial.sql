-- Test rows: sent to a client's table from its set-up page, counted as Clay counts them, and answered like any other.

-- A test row is a submission like any other: it counts for the webhook's life, and stops where rows stop. p_request
-- names the row; whoever gets its own p_sender back is the one to send it, so that a form sent twice sends one row.
create or replace function public.note_test_row(
  p_client uuid, p_workflow text, p_url_sha256 text, p_cap integer, p_actor text, p_request uuid default null,
  p_sender uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_id bigint := leadloom.client_id(p_client);
  v_sent bigint;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  insert into public.webhook_counters as w (url_sha256, client_id, sent, first_at, last_at)
  values (p_url_sha256, v_id, 1, leadloom.clock(), leadloom.clock())
  on conflict (url_sha256) do update set sent = w.sent + 1, last_at = leadloom.clock() where w.sent < p_cap
  returning sent into v_sent;
  if v_sent is null then
    raise exception using errcode = 'PT409', message = format('This webhook has used up its %s.', leadloom.plural(p_cap, 'submission')),
      hint = 'Create a new webhook in Clay and save its URL here.';
  end if;
  perform leadloom.audit(p_actor, 'send_test_row', v_id, 'workflow_config', p_client,
                         jsonb_build_object('workflow', p_workflow));
  return leadloom.note_answer(p_request, jsonb_build_object('sent', v_sent, 'client', p_client, 'sender', p_sender));
end
$$;

-- What came back for a client's test row: only for rows that this client sent.
create or replace function public.insights_test_answer(p_client uuid, p_item uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object('received_at', c.received_at, 'body', left(c.body, 20000), 'note', c.note)
  from public.operator_requests r
  join public.callback_inbox c on c.item_uid = r.key and c.received_at > leadloom.clock() - interval '1 day'
  where r.key = p_item and r.answer ->> 'client' = p_client::text
  order by c.received_at limit 1
$$;
