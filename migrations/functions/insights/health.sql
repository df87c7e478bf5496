-- Read models of the machine itself: is the engine alive, does anything wait too long, do callbacks arrive; and of the
-- people: who did what, when.

create or replace function leadloom.oldest_due() returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select to_jsonb(o) from (
    select b.uid as batch, b.name, e.s ->> 'title' as step, d.available_at,
           d.available_at < leadloom.clock() - interval '2 minutes' as late
    from public.batches b
    cross join lateral jsonb_array_elements(b.blueprint) with ordinality as e(s, o)
    cross join lateral (
      select w.available_at from public.workflow_states w
      where w.batch_id = b.id and w.step_index = e.o - 1 and w.status = 'PENDING' and w.available_at <= leadloom.clock()
      order by w.available_at limit 1) d
    where b.state = 'RUNNING' and not leadloom.is_held(b.id, (e.o - 1)::integer)
    order by d.available_at limit 1) o
$$;

create or replace function public.insights_health() returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'engine', (select jsonb_build_object('held', holder is not null and expires_at > leadloom.clock(),
                 'last_run_at', last_run_at, 'trouble', trouble,
                 -- The cloud starts it every minute, work or none: three minutes without are an alarm.
                 'quiet', coalesce(expires_at, '-infinity') <= leadloom.clock() and last_run_at < leadloom.clock() - interval '3 minutes', 'woken_at', woken_at, 'report', last_report)
               from public.engine_leases where name = 'engine'),
    'running', (select count(*) from public.batches where state = 'RUNNING'),
    'oldest_due', leadloom.oldest_due(),
    'expired_leases', (select count(*) from (select 1 from public.workflow_states
                       where status = 'IN_PROGRESS' and sent_at is null and lease_until < leadloom.clock() limit 10000) l),
    'in_flight', (select count(*) from (select 1 from public.workflow_states
                  where status = 'IN_PROGRESS' and sent_at is null limit 10000) l),
    'expired_deadlines', (select count(*) from (select 1 from public.workflow_states
                          where status = 'IN_PROGRESS' and sent_at is not null and deadline_at < leadloom.clock() limit 10000) l),
    'next_deadline', (select deadline_at from public.workflow_states
                      where status = 'IN_PROGRESS' and sent_at is not null order by deadline_at limit 1),
    'unadvanced', (select count(*) from (select 1 from public.workflow_states
                   where advanced_at is null and status in ('COMPLETED', 'SKIPPED', 'FAILED') limit 10000) u),
    'chunks', (select count(*) from public.dispatch_chunks where claimed_by is null and expires_at > leadloom.clock()),
    'unfolded', (select count(*) from (select 1 from public.batch_tallies limit 100000) t),
    'unsettled', (select count(*) from (select 1 from public.callback_inbox where verdict = 'received' limit 10000) c),
    'given_up', (select count(*) from (select 1 from public.callback_inbox where verdict = 'given_up' limit 10000) c),
    'last_callback', (select received_at from public.callback_inbox order by received_at desc limit 1),
    'hour', (select coalesce(jsonb_object_agg(verdict, n), '{}') from (
        select verdict, count(*) as n from (
          select verdict from public.callback_inbox where received_at > leadloom.clock() - interval '1 hour'
          order by received_at desc limit 100000) v group by 1) h),
    'day', (select coalesce(jsonb_object_agg(verdict, n), '{}') from (
        select verdict, count(*) as n from (
          select verdict from public.callback_inbox where received_at > leadloom.clock() - interval '1 day'
          order by received_at desc limit 100000) v group by 1) h),
    'trouble', (select coalesce(jsonb_agg(t order by t.received_at desc), '[]') from (
        select c.received_at, c.workflow_slug, c.verdict, leadloom.callback_note(c.verdict, c.note) as note,
          (select i.uid from public.batch_items i where i.id = c.batch_item_id) as item
        from unnest(array['unmatched', 'rejected', 'late', 'given_up']::public.callback_verdict[]) v (verdict)
        -- The newest of each verdict, by its own index: a week's callbacks are never looked through.
        cross join lateral (select i.* from public.callback_inbox i where i.verdict = v.verdict order by i.id desc limit 10) c
        where c.received_at > leadloom.clock() - interval '7 days'
        order by c.received_at desc limit 10) t),
    'webhooks', (select coalesce(jsonb_agg(w order by w.sent desc), '[]') from (
        select left(w.url_sha256, 8) as mark, w.sent, w.first_at, w.last_at, c.name as client, c.uid as client_uid,
          (select jsonb_agg(distinct f.workflow_slug) from public.client_workflow_configs f
           where f.client_id = w.client_id
             and encode(sha256(convert_to(f.config ->> 'webhook_url', 'UTF8')), 'hex') = w.url_sha256) as workflows
        from public.webhook_counters w join public.clients c on c.id = w.client_id
        order by w.sent desc limit 50) w),
    'shared_webhooks', (select coalesce(jsonb_agg(s.clients order by s.clients), '[]') from (
        select jsonb_agg(distinct c.name) as clients
        from public.client_workflow_configs f join public.clients c on c.id = f.client_id
        where leadloom.webhook_hash(f.config) is not null
        group by leadloom.webhook_hash(f.config) having count(distinct c.id) > 1) s),
    'buckets', (select coalesce(jsonb_agg(jsonb_build_object('key', key, 'rate', rate_per_second, 'burst', burst,
        'blocked_until', case when blocked_until > leadloom.clock() then blocked_until end) order by key), '[]')
      from (select * from public.rate_buckets order by key limit 100) r))
$$;

-- p_after: id of the last entry shown.
create or replace function public.insights_audit(
  p_client uuid, p_actor text, p_action text, p_after bigint, p_limit integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client bigint := case when p_client is null then null else leadloom.client_id(p_client) end;
  v_rows jsonb;
  v_ids bigint[];
begin
  select jsonb_agg(a.entry order by a.id desc), array_agg(a.id order by a.id desc) into v_rows, v_ids from (
    select l.id, jsonb_build_object('at', l.at, 'actor', l.actor, 'action', l.action, 'subject_type', l.subject_type,
      'subject_uid', l.subject_uid, 'detail', l.detail, 'client', c.name, 'client_uid', c.uid) as entry
    from public.audit_log l left join public.clients c on c.id = l.client_id
    where (v_client is null or l.client_id = v_client) and (p_actor is null or l.actor = p_actor)
      and (p_action is null or l.action = p_action) and (p_after is null or l.id < p_after)
    order by l.id desc limit p_limit + 1) a;
  return jsonb_build_object(
    'client', case when v_client is not null then leadloom.client_head(v_client) end,
    'rows', coalesce(case when cardinality(v_ids) > p_limit then v_rows - -1 else v_rows end, '[]'),
    'next', case when cardinality(v_ids) > p_limit then v_ids[p_limit] end,
    'actions', (with recursive seen as (   -- one index probe per distinct value, however long the log is
        (select action from public.audit_log order by action limit 1)
        union all
        select (select l.action from public.audit_log l where l.action > s.action order by l.action limit 1)
        from seen s where s.action is not null)
      select coalesce(jsonb_agg(action order by action), '[]') from seen where action is not null),
    'actors', (with recursive seen as (
        (select actor from public.audit_log order by actor limit 1)
        union all
        select (select l.actor from public.audit_log l where l.actor > s.actor order by l.actor limit 1)
        from seen s where s.actor is not null)
      select coalesce(jsonb_agg(actor order by actor), '[]') from (select actor from seen where actor is not null limit 100) a));
end
$$;
