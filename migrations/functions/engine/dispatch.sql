-- The dispatcher: due PENDING states become chunks that workers claim. A chunk holds state ids of one batch, step and
-- config; its row says which worker has it, so a call that is delivered twice runs once.

-- Every step of the running batches that is not held, with the client's live config for it (so that a corrected URL
-- works at once).
create or replace function leadloom.running_steps(p_batch_id bigint default null)
returns setof leadloom.due_step
language sql stable security invoker set search_path = ''
as $$
  select b.id, b.client_id, c.slug, (e.o - 1)::smallint, e.s, f.id, f.config
  from public.batches b
  join public.clients c on c.id = b.client_id
  cross join lateral jsonb_array_elements(b.blueprint) with ordinality as e(s, o)
  left join public.client_workflow_configs f
    on f.client_id = b.client_id and f.workflow_slug = e.s ->> 'slug' and f.label = coalesce(e.s ->> 'label', '')
  where b.state = 'RUNNING' and (p_batch_id is null or b.id = p_batch_id) and not leadloom.is_held(b.id, (e.o - 1)::integer)
$$;

-- Those that have something due.
create or replace function leadloom.due_steps(p_batch_id bigint default null)
returns setof leadloom.due_step
language sql stable security invoker set search_path = ''
as $$
  select d from leadloom.running_steps(p_batch_id) d
  where exists (select 1 from public.workflow_states w
                where w.batch_id = d.batch_id and w.step_index = d.step_index and w.status = 'PENDING'
                  and w.available_at <= leadloom.clock())
$$;

-- Claim up to p_limit due states of one step as chunks; returns how many.
create or replace function leadloom.claim_due(
  p_batch_id bigint, p_step_index smallint, p_slug text, p_config_id bigint, p_lease_s integer, p_chunk_size integer,
  p_limit integer) returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_ids bigint[];
begin
  with due as (
    select id, batch_item_id, step_index from public.workflow_states
    where batch_id = p_batch_id and step_index = p_step_index and status = 'PENDING' and available_at <= v_now
    order by available_at, id limit p_limit for update skip locked
  ), claimed as (
    update public.workflow_states s
    set status = 'IN_PROGRESS', attempt = greatest(s.attempt, f.attempt) + 1, started_at = v_now, sent_at = null,
        accepted_at = null, deadline_at = null, error_code = null, error_text = null,
        snoozes = s.snoozes + case when s.attempt < f.attempt then f.attempt - s.attempt else 0 end,
        lease_until = v_now + p_lease_s * interval '1 second'
    -- A state that a rerun made anew goes on counting where the old one ended; what that used up is no longer counted.
    from due left join public.attempt_floors f using (batch_item_id, step_index) where s.id = due.id
    returning s.id
  )
  select array_agg(id order by id) into v_ids from claimed;
  if v_ids is null then
    return 0;
  end if;
  insert into public.dispatch_chunks (batch_id, step_index, workflow_slug, config_id, state_ids, created_at, expires_at)
  select p_batch_id, p_step_index, p_slug, p_config_id, array_agg(e.id order by e.id), v_now,
         v_now + p_lease_s * interval '1 second'
  from unnest(v_ids) with ordinality as e(id, o) group by (e.o - 1) / p_chunk_size;
  return cardinality(v_ids);
end
$$;

-- Why no row of a step can run at all, as an error code; null where they can.
create or replace function leadloom.why_not_run(p_due leadloom.due_step, p_workflows text[]) returns text
language sql immutable security invoker set search_path = ''
as $$
  select case when not p_due.step ->> 'slug' = any (p_workflows) then 'unknown_workflow'
              when (p_due.step ->> 'needs_config')::boolean and p_due.config is null then 'missing_config' end
$$;

-- Dispatch one step of one batch: fail what cannot run at all, take rate tokens for paid steps, claim.
create or replace function leadloom.dispatch_step(
  p_due leadloom.due_step, p_workflows text[], p_chunk_size integer, p_limit integer,
  out claimed integer, out failed integer)
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_slug text := p_due.step ->> 'slug';
  v_title text := p_due.step ->> 'title';
  v_hopeless text := leadloom.why_not_run(p_due, p_workflows);
  v_lease integer := least(greatest((p_due.step ->> 'timeout_s')::integer, 30), 900);
  v_bucket text;
  v_money record;
  v_tokens integer;
begin
  claimed := 0;
  failed := 0;
  if v_hopeless is not null then
    failed := leadloom.fail_due(p_due.batch_id, p_due.step_index, p_limit, v_hopeless, case v_hopeless
      when 'unknown_workflow' then format('No workflow "%s" is deployed. Deploy it, then retry these rows.', v_slug)
      else format('This client has no configuration for "%s". Add it on the client''s Workflows page, then retry these rows.',
             v_title || coalesce(nullif(' (' || (p_due.step ->> 'label') || ')', ' ()'), '')) end);
  elsif p_due.step ->> 'kind' <> 'clay' then
    -- Untouched rows are large; half as many keep a claim's answer at about two megabytes.
    claimed := leadloom.claim_due(p_due.batch_id, p_due.step_index, v_slug, p_due.config_id, v_lease,
      case when (p_due.step ->> 'needs_original')::boolean then greatest(1, p_chunk_size / 2) else p_chunk_size end,
      p_limit);
  else
    select * into v_money from leadloom.affordable(p_due.batch_id, p_due.step);
    if v_money.ever = 0 then
      perform leadloom.hold_for_budget(p_due);
      return;
    end if;
    v_bucket := leadloom.bucket_key(p_due);
    v_tokens := leadloom.take_tokens(v_bucket, leadloom.config_number(p_due.config, 'rate_per_second', 10, 0.0001),
      leadloom.config_number(p_due.config, 'burst', 20, 1), least(p_limit, coalesce(v_money.rows, p_limit)));
    if v_tokens > 0 then
      -- A sender's lease covers its whole chunk at a slow answer per row; the callback has a deadline of its own.
      claimed := leadloom.claim_due(p_due.batch_id, p_due.step_index, v_slug, p_due.config_id, 300,
                                    least(p_chunk_size, 100), v_tokens);
      perform leadloom.return_tokens(v_bucket, v_tokens - claimed);
    end if;
  end if;
end
$$;

-- Claim up to `limit` due states, fairly: every batch × step gets an equal share first (of the rate tokens, too), in
-- random order, and what small ones leave over goes to the large. Nothing is claimed while `max_running` computed
-- states are out already.
create or replace function leadloom.dispatch_due(p_args jsonb, p_batch_id bigint) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_limit integer := (p_args ->> 'limit')::integer;
  v_max_running integer := (p_args ->> 'max_running')::integer;
  v_chunk_size integer := (p_args ->> 'chunk_size')::integer;
  v_workflows text[] := array(select jsonb_array_elements_text(p_args -> 'workflows'));
  v_due leadloom.due_step;
  v_list leadloom.due_step[];
  v_out record;
  v_share integer;
  v_most integer;
  v_left integer;
  v_claimed integer := 0;
  v_failed integer := 0;
  v_unanswerable integer := 0;
begin
  perform leadloom.review_budgets(p_batch_id);
  select v_limit - greatest(0, count(*) + v_limit - v_max_running) into v_left
  from (select 1 from public.workflow_states where status = 'IN_PROGRESS' and sent_at is null limit v_max_running) busy;
  for v_pass in 1 .. 2 loop
    exit when v_left <= 0;
    -- Failing rows takes the locks of their entities, and these have an order.
    v_list := array(
      select d from leadloom.due_steps(p_batch_id) d
      cross join lateral (select leadloom.why_not_run(d, v_workflows) is not null as hopeless) h
      where v_pass = 1 or not h.hopeless
      order by h.hopeless desc, case when h.hopeless then d.batch_id end, case when h.hopeless then d.step_index end,
               random());
    v_share := greatest(1, ceil(v_left::numeric / greatest(cardinality(v_list), 1)));
    foreach v_due in array v_list loop
      exit when v_left <= 0;
      if v_due.step ->> 'kind' = 'clay' and not coalesce((p_args ->> 'answerable')::boolean, false) then
        if p_args ->> 'answerable' is null then
          v_unanswerable := v_unanswerable + (v_pass = 1)::integer;
        else
          perform leadloom.hold_step(v_due.batch_id, v_due.step_index, 'no_address',
            'No callback URL yet: Leadloom does not know where Clay can send its answers. Start the web pages, deploy the '
            'app, or set PUBLIC_URL; these rows then go on by themselves.');
        end if;
        continue;
      end if;
      v_most := least(v_left, v_share);
      if v_pass = 1 and v_due.step ->> 'kind' = 'clay' then
        v_most := least(v_most, ceil(leadloom.config_number(v_due.config, 'burst', 20, 1) / (
          select count(*) from unnest(v_list) peer
          where peer.step ->> 'kind' = 'clay' and leadloom.bucket_key(peer) = leadloom.bucket_key(v_due)))::integer);
      end if;
      select * into v_out from leadloom.dispatch_step(v_due, v_workflows, v_chunk_size, v_most);
      v_claimed := v_claimed + v_out.claimed;
      v_failed := v_failed + v_out.failed;
      v_left := v_left - v_out.claimed - v_out.failed;
    end loop;
  end loop;
  return jsonb_build_object('claimed', v_claimed, 'failed', v_failed, 'unanswerable', v_unanswerable);
end
$$;

-- One turn of the dispatcher; what the database refuses in one batch holds that batch alone. p_holder: the engine that
-- gives the chunks out. p_answerable: whether it knows an address that Clay can answer to; paid steps are held where it
-- knows of none, and passed by where it has not asked yet (null). `unanswerable` counts both.
create or replace function public.dispatch_pending_items(
  p_limit integer, p_chunk_size integer, p_workflows text[], p_max_running integer default 20000,
  p_holder uuid default null, p_answerable boolean default true) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_counts jsonb;
  v_chunks jsonb;
begin
  -- Two engines may overlap for a moment; were they to look at one budget at the same time, both would spend it.
  perform pg_catalog.pg_advisory_xact_lock(4710, 2);
  if p_answerable then
    delete from public.step_holds where code = 'no_address';
  end if;
  v_counts := leadloom.in_every_batch('dispatch_due', jsonb_build_object(
    'limit', p_limit, 'chunk_size', p_chunk_size, 'workflows', p_workflows, 'max_running', p_max_running,
    'answerable', p_answerable));
  -- A chunk whose announcement was lost with its reply is told again; whoever claims it first has it.
  with announced as (
    update public.dispatch_chunks set announced_at = v_now, holder = p_holder
    where claimed_by is null and (announced_at is null or announced_at < v_now - interval '60 seconds')
      and expires_at > v_now
    returning id, workflow_slug, cardinality(state_ids) as size
  )
  select jsonb_agg(jsonb_build_object('chunk_id', id, 'workflow', workflow_slug, 'size', size)) into v_chunks
  from announced;
  return '{"claimed": 0, "failed": 0}'::jsonb || v_counts || jsonb_build_object(
    'unanswerable', coalesce((v_counts ->> 'unanswerable')::integer, 0)
                    + (select count(*) from public.step_holds where code = 'no_address'),
    'chunks', coalesce(v_chunks, '[]'),
    'busy', exists (select 1 from public.workflow_states where status = 'IN_PROGRESS' and sent_at is null
                    and batch_id <> all (leadloom.faulty_batches())),
    'next_due_in_s', leadloom.next_due_in_s());
end
$$;

-- Seconds until the next known thing is due (0: now); null when nothing is. Looks at index ends only.
create or replace function leadloom.next_due_in_s() returns numeric
language sql stable security invoker set search_path = ''
as $$
  select extract(epoch from greatest(d.due - leadloom.clock(), interval '0'))
  from (select least(
    -- A paid step is not due before its rate bucket has a token.
    (select min(greatest(next_at, case when d.step ->> 'kind' = 'clay' then leadloom.next_token_at(d) end))
     from leadloom.running_steps() d
     cross join lateral (select w.available_at as next_at from public.workflow_states w
       where w.batch_id = d.batch_id and w.step_index = d.step_index and w.status = 'PENDING'
         and w.available_at < 'infinity'
       order by w.available_at limit 1) first),
    (select lease_until from public.workflow_states
     where status = 'IN_PROGRESS' and sent_at is null and batch_id <> all (leadloom.faulty_batches())
     order by lease_until limit 1),
    (select deadline_at from public.workflow_states
     where status = 'IN_PROGRESS' and sent_at is not null and batch_id <> all (leadloom.faulty_batches())
     order by deadline_at limit 1),
    (select leadloom.clock() from public.batches where state = 'RUNNING' and filled_rows < item_count limit 1),
    (select leadloom.clock() from public.waking_entities where batch_id <> all (leadloom.faulty_batches()) limit 1),
    (select leadloom.clock() where leadloom.any_unplaced())
  ) as due) d
  where d.due is not null
$$;
