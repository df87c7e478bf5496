-- A batch's budget: paid steps wait for more when it does not cover their next row, and everything else goes on.

-- Credits as people write them: 5 credits, 1 credit, 1,234.5 credits.
create or replace function leadloom.credits(p_amount numeric) returns text
language sql immutable security invoker set search_path = ''
as $$
  select rtrim(to_char(p_amount, 'FM999,999,999,999,990.9999'), '.')
         || case when p_amount = 1 then ' credit' else ' credits' end
$$;

-- How many rows of a step the batch's budget still covers: `rows` after all that is claimed and about to be sent,
-- `ever` were all of that taken back. Null: no limit.
create or replace function leadloom.affordable(p_batch_id bigint, p_step jsonb, out rows integer, out ever integer)
language sql stable security invoker set search_path = ''
as $$
  select greatest(0, least(floor((left_over - promised) / cost), 1000000))::integer,
         greatest(0, least(floor(left_over / cost), 1000000))::integer
  from (
    select b.budget - b.spent as left_over, nullif((p_step ->> 'cost_per_row')::numeric, 0) as cost, (
      select coalesce(sum((b.blueprint -> w.step_index::integer ->> 'cost_per_row')::numeric), 0)
      from public.workflow_states w
      where b.budget is not null and w.status = 'IN_PROGRESS' and w.sent_at is null and w.batch_id = b.id
        and b.blueprint -> w.step_index::integer ->> 'kind' = 'clay') as promised
    from public.batches b where b.id = p_batch_id) money
$$;

create or replace function leadloom.hold_for_budget(p_due leadloom.due_step) returns void
language sql volatile security invoker set search_path = ''
as $$
  select leadloom.hold_step(b.id, p_due.step_index, 'budget', format(
    'Budget reached: %s %s not cover the next row of "%s".', leadloom.credits(b.budget),
    case when b.budget = 1 then 'does' else 'do' end, p_due.step ->> 'title'))
  from public.batches b where b.id = p_due.batch_id
$$;

-- Steps that waited for budget and are covered again, because it was raised or because a send was taken back. The
-- dispatcher alone puts these holds on and looks at them again, so nobody waits for it here.
create or replace function leadloom.review_budgets(p_batch_id bigint) returns void
language sql volatile security invoker set search_path = ''
as $$
  delete from public.step_holds h
  using public.batches b
  where h.code = 'budget' and b.id = h.batch_id and (p_batch_id is null or b.id = p_batch_id) and b.state = 'RUNNING'
    and coalesce((leadloom.affordable(b.id, b.blueprint -> h.step_index::integer)).ever, 1) > 0
$$;

-- Raise the budget of a batch under way. To what it is already: nothing happens, so the call can be repeated.
create or replace function public.raise_budget(p_batch uuid, p_budget numeric, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_batch public.batches;
begin
  select * into v_batch from public.batches where id = leadloom.batch_id(p_batch) for no key update;
  if v_batch.state in ('COMPLETED', 'CANCELLED') then
    raise exception using errcode = 'PT409', message = 'This batch has ended.',
      hint = 'Launch a new batch with the budget you want.';
  elsif v_batch.budget is null then
    raise exception using errcode = 'PT409', message = 'This batch has no budget.', hint = 'It can spend as much as it needs.';
  elsif p_budget is null or p_budget > 1000000000 then
    raise exception using errcode = 'PT422', message = 'The budget must be 1,000,000,000 credits or less.';
  elsif p_budget < v_batch.budget then
    raise exception using errcode = 'PT409',
      message = format('The budget is already %s.', leadloom.credits(v_batch.budget)),
      hint = 'It can only be raised. Pause the batch to stop paid steps.';
  end if;
  if p_budget > v_batch.budget then
    update public.batches set budget = p_budget where id = v_batch.id;
    perform leadloom.audit(p_actor, 'raise_budget', v_batch.client_id, 'batch', v_batch.uid,
      jsonb_build_object('from', trim_scale(v_batch.budget), 'to', trim_scale(p_budget)));
  end if;
  return jsonb_build_object('changed', (p_budget > v_batch.budget)::integer, 'from', trim_scale(v_batch.budget),
                            'to', trim_scale(p_budget));
end
$$;
