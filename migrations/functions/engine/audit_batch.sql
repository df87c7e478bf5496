-- The books of one batch, checked from the tables alone. Nothing is repaired here; a finding says what does not add up
-- and names up to five rows. It reads the whole batch, so it is for after the fact, not for a page that polls.

create or replace function leadloom.finding(p_check text, p_detail text, p_rows integer[]) returns jsonb
language sql immutable security invoker set search_path = ''
as $$
  select case when cardinality(p_rows) > 0 then jsonb_build_array(jsonb_build_object(
    'check', p_check, 'detail', p_detail, 'count', cardinality(p_rows), 'rows', to_jsonb(p_rows[1:5])))
    else '[]'::jsonb end
$$;

-- All books, or one part of them: those of a very large batch are asked for part by part, each a statement of its own
-- with the whole time for itself.
create or replace function public.audit_batch(p_batch uuid, p_part text default null) returns jsonb
language plpgsql stable security invoker set search_path = '' set statement_timeout = '120s'
as $$
declare
  v_batch public.batches;
  v_findings jsonb := '[]';
begin
  select * into v_batch from public.batches where id = leadloom.batch_id(p_batch);
  if p_part is not null and p_part not in ('rows', 'states', 'results', 'money', 'sends', 'counts') then
    raise exception using errcode = 'PT422', message = format('There is no check called “%s”.', p_part),
      hint = 'Choose rows, states, results, money, sends or counts.';
  end if;
  if p_part is null or p_part = 'rows' then
    v_findings := v_findings || leadloom.audit_rows(v_batch);
  end if;
  if p_part is null or p_part = 'states' then
    v_findings := v_findings || leadloom.audit_states(v_batch);
  end if;
  if p_part is null or p_part = 'results' then
    v_findings := v_findings || leadloom.audit_results(v_batch);
  end if;
  if p_part is null or p_part = 'money' then
    v_findings := v_findings || leadloom.audit_money(v_batch);
  end if;
  if p_part is null or p_part = 'sends' then
    v_findings := v_findings || leadloom.audit_sends(v_batch);
  end if;
  if p_part is null or p_part = 'counts' then
    v_findings := v_findings || leadloom.audit_counts(v_batch);
  end if;
  return jsonb_build_object('batch', v_batch.uid, 'state', v_batch.state, 'rows', v_batch.item_count,
                            'findings', v_findings);
end
$$;

-- Every raw row is an item; every item has ended with a reason, or is legitimately on its way.
create or replace function leadloom.audit_rows(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.finding('rows', 'raw rows that should be items of this batch and are not', array(
      select r.row_number from public.raw_apollo_uploads r
      where r.upload_id = p_batch.upload_id and r.row_number <= p_batch.filled_through
        and not exists (select 1 from public.batch_items i where i.batch_id = p_batch.id and i.row_number = r.row_number)))
    || leadloom.finding('rows', 'the batch made fewer or more items than it announced', case
      when p_batch.filled_rows = p_batch.item_count
        and p_batch.filled_rows <> (select count(*) from public.batch_items where batch_id = p_batch.id)
      then array[0] else '{}'::integer[] end)
    || leadloom.finding('items', 'ended items of a batch that has no active ones, without an end', array(
      select i.row_number from public.batch_items i
      where i.batch_id = p_batch.id and i.state = 'ACTIVE' and p_batch.state in ('COMPLETED', 'CANCELLED')))
    || leadloom.finding('items', 'active items with nothing pending, under way or waiting', array(
      select i.row_number from public.batch_items i
      where i.batch_id = p_batch.id and i.state = 'ACTIVE' and (
        -- Counted per item, so that no plan scans a batch's states for each of its items.
        select count(*) filter (where s.status in ('PENDING', 'IN_PROGRESS') or s.advanced_at is null)
        from public.workflow_states s where s.batch_item_id = i.id) = 0))
    || leadloom.finding('items', 'rows of a cancelled or ended batch with a step that is still to be done', array(
      select i.row_number from public.batch_items i
      where i.batch_id = p_batch.id and (i.state <> 'ACTIVE' or p_batch.state in ('COMPLETED', 'CANCELLED')) and (
        select count(*) filter (where s.status in ('PENDING', 'IN_PROGRESS'))
        from public.workflow_states s where s.batch_item_id = i.id) > 0))
    || leadloom.finding('items', 'completed items whose last step has no result and was not skipped', array(
      select i.row_number from public.batch_items i
      left join public.workflow_states s on s.batch_item_id = i.id and s.step_index = p_batch.step_count - 1
      where i.batch_id = p_batch.id and i.state = 'COMPLETED'
        and (s.status is null or s.status not in ('COMPLETED', 'SKIPPED'))))
    || leadloom.finding('items', 'failed items without a failed step that says why', array(
      select i.row_number from public.batch_items i
      where i.batch_id = p_batch.id and i.state = 'FAILED' and (
        select count(*) filter (where s.status = 'FAILED' and s.error_code is not null and s.error_text <> '')
        from public.workflow_states s where s.batch_item_id = i.id) = 0))
$$;

-- One advance per finished state; no step without its predecessor.
create or replace function leadloom.audit_states(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.finding('steps', 'steps whose predecessor did not finish', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      left join public.workflow_states b on b.batch_item_id = s.batch_item_id and b.step_index = s.step_index - 1
      where s.batch_id = p_batch.id and s.step_index > 0
        and (b.status is null or b.status not in ('COMPLETED', 'SKIPPED') or b.advanced_at is null)))
    || leadloom.finding('advance', 'finished states that were advanced but have no next step', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      where s.batch_id = p_batch.id and s.status in ('COMPLETED', 'SKIPPED') and s.advanced_at is not null
        and s.step_index < p_batch.step_count - 1 and not exists (
          select 1 from public.workflow_states n where n.batch_item_id = s.batch_item_id and n.step_index = s.step_index + 1)))
    || leadloom.finding('advance', 'finished states of an ended batch that were never advanced', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      where s.batch_id = p_batch.id and p_batch.state = 'COMPLETED' and s.advanced_at is null))
    || leadloom.finding('blueprint', 'states that are not steps of the blueprint', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      where s.batch_id = p_batch.id
        and s.step_name is distinct from p_batch.blueprint -> s.step_index::integer ->> 'slug'))
$$;

-- Results match states.
create or replace function leadloom.audit_results(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.finding('results', 'completed steps without a result', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      where s.batch_id = p_batch.id and s.status = 'COMPLETED' and not exists (
        select 1 from public.enrichment_results r where r.batch_item_id = s.batch_item_id and r.step_index = s.step_index)))
    || leadloom.finding('results', 'results of steps that are not completed', array(
      select i.row_number from public.batch_items i
      join public.enrichment_results r on r.batch_item_id = i.id
      left join public.workflow_states s on s.batch_item_id = r.batch_item_id and s.step_index = r.step_index
      where i.batch_id = p_batch.id and s.status is distinct from 'COMPLETED'))
    || leadloom.finding('results', 'results of another attempt than the one that completed', array(
      select i.row_number from public.batch_items i
      join public.enrichment_results r on r.batch_item_id = i.id and r.source not in ('shared', 'reused')
      join public.workflow_states s on s.batch_item_id = r.batch_item_id and s.step_index = r.step_index
      where i.batch_id = p_batch.id and s.status = 'COMPLETED' and s.attempt <> r.attempt))
$$;

-- Sends within attempts; callbacks accounted for; computed steps never sent.
create or replace function leadloom.audit_money(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.finding('sends', 'steps sent more often than they had attempts', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      left join public.attempt_floors f on f.batch_item_id = s.batch_item_id and f.step_index = s.step_index
      where s.batch_id = p_batch.id and s.send_count > greatest(s.attempt, f.attempt)))
    || leadloom.finding('sends', 'computed steps that were sent', array(
      select i.row_number from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
      where s.batch_id = p_batch.id and s.send_count > 0
        and p_batch.blueprint -> s.step_index::integer ->> 'kind' <> 'clay'))
    || leadloom.finding('callbacks', 'results from Clay without an applied callback', array(
      select i.row_number from public.batch_items i
      join public.enrichment_results r on r.batch_item_id = i.id and r.source = 'clay'
      where i.batch_id = p_batch.id and not exists (
        select 1 from public.callback_inbox c
        where c.batch_item_id = i.id and c.step_index = r.step_index
          and (c.verdict = 'applied' or (c.verdict = 'late' and c.note = 'applied')))))
    || leadloom.finding('callbacks', 'callbacks stored for over a minute and not settled', array(
      select coalesce(i.row_number, 0) from public.callback_inbox c
      join public.batch_items i on i.uid = c.item_uid
      where i.batch_id = p_batch.id and c.verdict = 'received'
        and c.received_at < leadloom.clock() - interval '1 minute'))
$$;

-- The counters that pages show equal a full count.
create or replace function leadloom.audit_counts(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  with counted as (
    select step_index,
           leadloom.shown_bucket(leadloom.bucket(status, attempt, sent_at), leadloom.bucket_code(status, error_code, not_found)) as bucket,
           count(*) as n
    from public.workflow_states where batch_id = p_batch.id group by 1, 2
  ), shown as (
    select step_index, leadloom.shown_bucket(bucket, error_code) as bucket, sum(n) as n from leadloom.batch_counts(p_batch.id)
    where bucket <> 'sent' group by 1, 2 having sum(n) <> 0
  )
  select leadloom.finding('counts', 'steps whose shown counts differ from the rows (step numbers)', array(
    select distinct coalesce(c.step_index, s.step_index)::integer
    from counted c full join shown s on s.step_index = c.step_index and s.bucket = c.bucket
    where c.n is distinct from s.n and coalesce(c.n, s.n) <> 0))
$$;
