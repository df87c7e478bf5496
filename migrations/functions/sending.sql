-- Around a paid call. `mark_sending` comes before it: from then on the attempt "was or may have been sent" and is never
-- repeated by itself. `mark_sent` comes after the service's yes. Between the two nobody knows, and the callback's
-- deadline decides.

-- p_items: [{"state_id", "attempt"}]. Counts the webhook's lifetime submissions; what is beyond p_cap is not allowed,
-- and neither is an attempt that is not the current one, or was marked before. A sender that lost the reply asks again
-- with the same p_send_key, made for this one group: it gets the rows that it marked then, and they count once.
create or replace function public.mark_sending(
  p_url_sha256 text, p_client_id bigint, p_items jsonb, p_cap integer, p_send_key uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_total bigint;
  v_room integer;
  v_allowed bigint[] := '{}';
  v_marked bigint[];
  v_capped bigint[];
  v_group record;
begin
  insert into public.webhook_counters (url_sha256, client_id, first_at, last_at)
  values (p_url_sha256, p_client_id, v_now, v_now) on conflict (url_sha256) do nothing;
  select sent into v_total from public.webhook_counters where url_sha256 = p_url_sha256 for update;
  v_room := greatest(0, p_cap - v_total)::integer;
  v_marked := array(
    select s.id from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
    join public.workflow_states s on s.id = i.state_id
    where s.attempt = i.attempt and s.status = 'IN_PROGRESS' and s.sent_at is not null and s.accepted_at is null
      and s.send_key = p_send_key);
  for v_group in
    with ready as (
      select s.id from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
      join public.workflow_states s on s.id = i.state_id
      where s.attempt = i.attempt and s.status = 'IN_PROGRESS' and s.sent_at is null
      order by s.id limit v_room for update of s
    ), marked as (
      update public.workflow_states s
      set sent_at = v_now, send_key = p_send_key, send_count = send_count + 1, lease_until = null,
          deadline_at = v_now + (b.blueprint -> s.step_index::integer ->> 'timeout_s')::integer * interval '1 second'
      from ready r, public.batches b where s.id = r.id and b.id = s.batch_id
      returning s.id, s.batch_id, s.step_index
    )
    select batch_id, step_index, array_agg(id) as ids from marked group by 1, 2
  loop
    v_allowed := v_allowed || v_group.ids;
    perform leadloom.count_sends(v_group.batch_id, v_group.step_index, cardinality(v_group.ids));
  end loop;
  update public.webhook_counters set sent = sent + cardinality(v_allowed), last_at = v_now
  where url_sha256 = p_url_sha256;
  select array_agg(s.id) into v_capped
  from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
  join public.workflow_states s on s.id = i.state_id
  where s.attempt = i.attempt and s.status = 'IN_PROGRESS' and s.sent_at is null;
  return jsonb_build_object('allowed', to_jsonb(v_marked || v_allowed), 'capped', coalesce(to_jsonb(v_capped), '[]'),
                            'sent_total', v_total + cardinality(v_allowed));
end
$$;

-- p_items: [{"state_id", "attempt"}], each answered with success by the service.
create or replace function public.mark_sent(p_items jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_applied integer;
begin
  update public.workflow_states s set accepted_at = leadloom.clock()
  from jsonb_to_recordset(p_items) as i(state_id bigint, attempt smallint)
  where s.id = i.state_id and s.attempt = i.attempt and s.sent_at is not null and s.accepted_at is null;
  get diagnostics v_applied = row_count;
  return jsonb_build_object('applied', v_applied);
end
$$;
