-- Read models of batches: the list, and one batch as the matrix of steps and states with its chart, errors and cost.

-- The given batches, newest first, each with its counts.
create or replace function leadloom.batch_rows(p_ids bigint[]) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'uid', b.uid, 'name', b.name, 'state', b.state, 'state_reason', b.state_reason, 'client', c.name,
    'client_uid', c.uid, 'item_count', b.item_count, 'filled_rows', b.filled_rows, 'step_count', b.step_count,
    'completed', n.completed, 'failed', n.failed, 'cancelled', n.cancelled, 'waiting', n.waiting,
    'retrying', n.retrying, 'running', n.running,
    'not_found', n.not_found,
    'active', greatest(0, b.item_count - n.completed - n.failed - n.cancelled),
    'spent', b.spent, 'budget', b.budget, 'holds', leadloom.batch_holds(b.id), 'created_at', b.created_at, 'created_by', b.created_by,
    'finished_at', b.finished_at) order by b.id desc), '[]')
  from public.batches b
  join public.clients c on c.id = b.client_id
  join leadloom.batch_numbers(p_ids) n on n.batch_id = b.id
$$;

-- p_state: RUNNING PAUSED COMPLETED CANCELLED, or null; p_after: id of the last batch shown.
create or replace function public.insights_batches(
  p_client uuid, p_state public.batch_state, p_search text, p_after bigint, p_limit integer) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client bigint := case when p_client is null then null else leadloom.client_id(p_client) end;
  v_ids bigint[];
begin
  select array_agg(id order by id desc) into v_ids from (
    select b.id from public.batches b
    where (v_client is null or b.client_id = v_client) and (p_state is null or b.state = p_state)
      and (p_after is null or b.id < p_after)
      and (p_search is null or strpos(lower(b.name), lower(p_search)) > 0
           or exists (select 1 from public.clients c where c.id = b.client_id and strpos(lower(c.name), lower(p_search)) > 0))
    order by b.id desc limit p_limit + 1) page;
  return jsonb_build_object(
    'client', case when v_client is not null then leadloom.client_head(v_client) end,
    'rows', leadloom.batch_rows(v_ids[1:p_limit]),
    'next', case when cardinality(v_ids) > p_limit then v_ids[p_limit] end,
    'states', (select jsonb_object_agg(state, n) from (
      select state, count(*) as n from public.batches
      where v_client is null or client_id = v_client group by state) s));
end
$$;

-- Rows that ended per period, for the chart; what is not folded yet counts, too.
create or replace function leadloom.batch_chart(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_array(at, ended, failed, steps) order by at), '[]')
  from (
    select period_start as at,
      sum(n) filter (where bucket in ('completed', 'skipped') and step_index = p_batch.step_count - 1) as ended,
      sum(n) filter (where bucket = 'failed') as failed,
      sum(n) filter (where bucket in ('completed', 'skipped')) as steps
    from (
      select step_index, bucket, period_start, n from public.batch_series where batch_id = p_batch.id
      union all
      select step_index, bucket, period_start, n from public.batch_tallies
      where batch_id = p_batch.id and bucket in ('completed', 'skipped', 'failed')
    ) s
    group by period_start) points
$$;

-- How fast each step went lately: [step, rows, seconds], over the last minute of a young batch, the last ten minutes of
-- one that runs for hours, the last hundred of one that runs for days. Counted back from the latest point, not from
-- now, so that an unchanged batch answers the same.
create or replace function leadloom.batch_pace(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  with points as (
    select step_index, period_start, n from public.batch_series
    where batch_id = p_batch.id and bucket in ('completed', 'skipped')
    union all
    select step_index, period_start, n from public.batch_tallies
    where batch_id = p_batch.id and bucket in ('completed', 'skipped')
  ), latest as (
    select max(period_start) as at from points
  ), span as (
    select at, case when at < p_batch.created_at + interval '10 minutes' then interval '1 minute'
                    when at < p_batch.created_at + interval '6 hours' then interval '10 minutes'
                    else interval '100 minutes' end as width,
           case when at < p_batch.created_at + interval '10 minutes' then interval '5 seconds'
                when at < p_batch.created_at + interval '6 hours' then interval '1 minute'
                else interval '10 minutes' end as period
    from latest
  )
  select coalesce(jsonb_agg(jsonb_build_array(p.step_index, p.n, p.seconds) order by p.step_index), '[]')
  from (
    select points.step_index, sum(points.n) as n,
           round(extract(epoch from least(span.width, greatest(span.at - p_batch.created_at, interval '0') + span.period)), 1) as seconds
    from points, span where points.period_start > span.at - span.width
    group by points.step_index, span.at, span.width, span.period
    having sum(points.n) > 0) p
$$;

-- Failed rows by step and cause; the text is that of the latest such failure, read from a partial index.
create or replace function leadloom.batch_errors(p_batch public.batches) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'step_index', e.step_index, 'title', p_batch.blueprint -> e.step_index::integer ->> 'title',
    'kind', p_batch.blueprint -> e.step_index::integer ->> 'kind', 'slug', p_batch.blueprint -> e.step_index::integer ->> 'slug',
    'cost_per_row', p_batch.blueprint -> e.step_index::integer -> 'cost_per_row',
    'code', e.error_code, 'count', e.n, 'texts', (
      select coalesce(jsonb_agg(jsonb_build_object('text', t.text, 'count', t.n) order by t.n desc), '[]')
      from (select error_text as text, count(*) as n from (
              select w.error_text from public.workflow_states w
              where w.batch_id = p_batch.id and w.step_index = e.step_index and w.error_code = e.error_code
                and w.status = 'FAILED'
              order by w.id desc limit 200) recent
            group by 1 order by 2 desc limit 3) t)) order by e.n desc, e.step_index), '[]')
  from (select step_index, error_code, sum(n) as n from leadloom.batch_counts(p_batch.id)
        where bucket = 'failed' group by 1, 2 having sum(n) > 0 order by 3 desc limit 50) e
$$;

create or replace function public.insights_batch(p_batch uuid) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_batch public.batches;
begin
  select * into v_batch from public.batches where id = leadloom.batch_id(p_batch);
  return (leadloom.batch_rows(array[v_batch.id]) -> 0) || jsonb_build_object(
    'pipeline', (select jsonb_build_object('uid', p.uid, 'name', p.name, 'version', v_batch.pipeline_version,
                                           'latest', p.version, 'client_uid', (select uid from public.clients where id = p.client_id))
                 from public.enrichment_pipelines p where p.id = v_batch.pipeline_id),
    'upload', (select jsonb_build_object('uid', u.uid, 'filename', u.filename, 'row_count', u.row_count)
               from public.uploads u where u.id = v_batch.upload_id),
    'steps', (
      select jsonb_agg(jsonb_build_object(
        'index', e.o - 1, 'slug', e.s ->> 'slug', 'title', e.s ->> 'title', 'label', e.s ->> 'label',
        'kind', e.s ->> 'kind', 'cost_per_row', e.s -> 'cost_per_row', 'condition', e.s -> 'condition',
        'needs_config', e.s -> 'needs_config',
        'holds', (select coalesce(jsonb_agg(h.code order by h.code), '[]') from public.step_holds h
                  where h.batch_id = v_batch.id and h.step_index = e.o - 1),
        'buckets', coalesce((select jsonb_object_agg(c.bucket, c.n) from leadloom.shown_counts(v_batch.id) c
                             where c.step_index = e.o - 1), '{}')) order by e.o)
      from jsonb_array_elements(v_batch.blueprint) with ordinality as e(s, o)),
    'chart', leadloom.batch_chart(v_batch),
    'pace', leadloom.batch_pace(v_batch),
    'errors', leadloom.batch_errors(v_batch));
end
$$;

-- What a confirmation tells before it is given: what is under way, how many rows a retry would requeue, what it costs.
create or replace function public.insights_retry(p_batch uuid, p_step integer, p_code text) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select (leadloom.batch_rows(array[b.id]) -> 0) || jsonb_build_object(
    'count', coalesce(f.n, 0), 'cost', coalesce(f.cost, 0), 'maybe_sent', coalesce(f.maybe_sent, 0),
    'title', case when p_step is not null then b.blueprint -> p_step ->> 'title' end)
  from public.batches b
  left join lateral (
    select sum(c.n) as n,
      sum(c.n) filter (where c.error_code in ('send_unconfirmed', 'callback_timeout', 'unreadable_answer')) as maybe_sent,
      sum(c.n * coalesce((b.blueprint -> c.step_index::integer ->> 'cost_per_row')::numeric, 0)) as cost
    from leadloom.batch_counts(b.id) c
    where c.bucket = 'failed' and (p_step is null or c.step_index = p_step) and (p_code is null or c.error_code = p_code)) f
    on true
  where b.id = leadloom.batch_id(p_batch)
$$;
