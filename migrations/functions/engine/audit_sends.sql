-- What the books say was sent, against the record of what left. A send is booked unless it is known that it was not
-- taken; whether that was known rightly is judged here anew, from the HTTP status and from what Clay called back.

-- Sends that may be paid for.
create or replace function leadloom.booked_sends(p_batch_id bigint)
returns table (batch_item_id bigint, step_index smallint, attempt smallint, url_sha256 text, n bigint)
language sql stable security invoker set search_path = ''
as $$
  select batch_item_id, step_index, attempt, url_sha256, count(*) from public.sends
  where batch_id = p_batch_id and outcome in ('marked', 'unknown', 'taken') group by 1, 2, 3, 4
$$;

create or replace function leadloom.audit_sends(p_batch public.batches) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
begin
  if not p_batch.sends_recorded then
    return '[]';
  end if;
  return leadloom.audit_refusals(p_batch) || leadloom.audit_bookings(p_batch);
end
$$;

-- What left, and was taken for not taken.
create or replace function leadloom.audit_refusals(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.finding('sends', 'rows that Clay may have taken, booked as not sent', array(
      select i.row_number from public.sends x join public.batch_items i on i.id = x.batch_item_id
      where x.batch_id = p_batch.id and x.outcome in ('refused', 'unsent')
        and (x.http_status in (408, 425) or x.http_status not between 400 and 499)))
    || leadloom.finding('sends', 'rows that Clay answered, booked as not sent', array(
      select distinct i.row_number from public.callback_inbox c
      join public.batch_items i on i.id = c.batch_item_id
      where c.batch_id = p_batch.id and c.verdict in ('applied', 'duplicate', 'late')
        and not exists (select 1 from public.sends x
          where x.batch_item_id = c.batch_item_id and x.step_index = c.step_index and x.attempt = c.attempt
            and x.outcome in ('marked', 'unknown', 'taken'))
        and exists (select 1 from public.sends x
          where x.batch_item_id = c.batch_item_id and x.step_index = c.step_index and x.attempt = c.attempt)))
    || leadloom.finding('sends', 'attempts that left more than once', array(
      select i.row_number from leadloom.booked_sends(p_batch.id) x join public.batch_items i on i.id = x.batch_item_id
      where x.n > 1))
$$;

-- The books against what left: per row, per step, in credits, and per webhook. A row that was run again from an earlier
-- step starts its count over, so a row's count may be below the record, never above.
create or replace function leadloom.audit_bookings(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.finding('sends', 'rows with more sends counted than left', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      where s.batch_id = p_batch.id and s.send_count > (
        select count(*) from public.sends x
        where x.batch_item_id = s.batch_item_id and x.step_index = s.step_index
          and x.outcome in ('marked', 'unknown', 'taken'))))
    || leadloom.finding('sends', 'rows under way that left and are not counted', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      where s.batch_id = p_batch.id and s.sent_at is not null and s.send_count = 0))
    || leadloom.finding('sends', 'steps whose count of sends differs from what left (step numbers)', array(
      select coalesce(booked.step_index, shown.step_index)::integer
      from (select step_index, sum(n) as n from leadloom.booked_sends(p_batch.id) group by 1) booked
      full join (select step_index, sum(n) as n from leadloom.batch_counts(p_batch.id)
                 where bucket = 'sent' group by 1) shown on shown.step_index = booked.step_index
      where coalesce(booked.n, 0) <> coalesce(shown.n, 0)))
    || leadloom.finding('spending', 'the credits booked differ from those of what left', case
      when p_batch.spent <> (
        select coalesce(sum(x.n * (p_batch.blueprint -> x.step_index::integer ->> 'cost_per_row')::numeric), 0)
        from leadloom.booked_sends(p_batch.id) x)
      then array[0] else '{}'::integer[] end)
    || leadloom.finding('webhooks', 'webhooks that took more rows than their counter says', array(
      select 0 from (select distinct url_sha256 from public.sends where batch_id = p_batch.id) u
      left join public.webhook_counters w on w.url_sha256 = u.url_sha256
      where coalesce(w.sent, 0) < (select count(*) from public.sends x where x.url_sha256 = u.url_sha256
                                     and x.outcome in ('marked', 'unknown', 'taken'))))
$$;
