-- How fast rows may go out: token buckets, one per Clay workspace, shared by every worker wherever it runs.

-- Take up to p_want whole tokens from a bucket; refills at p_rate per second up to p_burst. Callers that ask for the
-- same bucket take turns on its row.
create or replace function leadloom.take_tokens(p_key text, p_rate numeric, p_burst numeric, p_want integer)
returns integer
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_bucket public.rate_buckets;
  v_taken integer;
begin
  insert into public.rate_buckets (key, rate_per_second, burst, tokens, refilled_at)
  values (p_key, p_rate, p_burst, p_burst, v_now) on conflict (key) do nothing;
  select * into v_bucket from public.rate_buckets where key = p_key for update;
  if v_bucket.blocked_until > v_now then
    return 0;
  end if;
  v_bucket.tokens := least(p_burst, v_bucket.tokens
    + p_rate * greatest(0, extract(epoch from v_now - v_bucket.refilled_at)));
  v_taken := least(p_want, floor(v_bucket.tokens))::integer;
  update public.rate_buckets
  -- Not back in time: a caller that began earlier and waited longer would have the same seconds refilled twice.
  set tokens = v_bucket.tokens - v_taken, refilled_at = greatest(refilled_at, v_now), rate_per_second = p_rate,
      burst = p_burst
  where key = p_key;
  return v_taken;
end
$$;

create or replace function leadloom.return_tokens(p_key text, p_n integer) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.rate_buckets set tokens = least(burst, tokens + p_n) where key = p_key and p_n > 0
$$;

-- The service refused everybody (429, or it cannot be reached): nobody takes tokens from this bucket for p_seconds, and
-- longer when it happens again with nothing taken in between: 1 s, 2 s, 4 s, … up to five minutes. Reports of one and
-- the same outage, from senders that were out together, count once. Answers with the pause from now on.
create or replace function public.block_rate_bucket(p_key text, p_seconds numeric) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_now timestamptz := leadloom.clock();
  v_bucket public.rate_buckets;
  v_asked numeric := least(greatest(p_seconds, 0), 3600);
  v_until timestamptz := v_now + v_asked * interval '1 second';
begin
  select * into v_bucket from public.rate_buckets where key = p_key for update;
  if v_bucket.blocked_until > v_now then
    v_until := greatest(v_until, v_bucket.blocked_until);
  else
    v_until := greatest(v_until, v_now + least(300, power(2, least(v_bucket.refusals, 9))) * interval '1 second');
    v_bucket.refusals := least(v_bucket.refusals + 1, 1000);
  end if;
  update public.rate_buckets
  set blocked_until = v_until, tokens = 0, refilled_at = greatest(refilled_at, v_until), refusals = v_bucket.refusals
  where key = p_key;
  return jsonb_build_object('blocked_until', coalesce(v_until, v_now), 'seconds',
    greatest(v_asked, round(extract(epoch from v_until - v_now), 3)));
end
$$;

-- A row was taken: the next refusal is the first again. Without waiting: a dispatcher that holds the bucket may be
-- waiting for what the caller holds.
create or replace function leadloom.forget_refusals(p_key text) returns void
language sql volatile security invoker set search_path = ''
as $$
  update public.rate_buckets set refusals = 0
  where key in (select key from public.rate_buckets where key = p_key and refusals > 0 for update skip locked)
$$;

-- When a bucket has its next token; null: now, or it was never used.
create or replace function leadloom.next_token_at(p_due leadloom.due_step) returns timestamptz
language sql stable security invoker set search_path = ''
as $$
  select nullif(greatest(
    coalesce(blocked_until, '-infinity'),
    case when tokens < 1 then refilled_at + (1 - tokens)
           / leadloom.config_number(p_due.config, 'rate_per_second', 10, 0.0001) * interval '1 second'
         else '-infinity' end), '-infinity')
  from public.rate_buckets where key = leadloom.bucket_key(p_due)
$$;

-- A number of a client's config; what is not a number of at least p_least does not stop the dispatcher.
create or replace function leadloom.config_number(p_config jsonb, p_name text, p_default numeric, p_least numeric)
returns numeric
language sql immutable security invoker set search_path = ''
as $$
  select case when jsonb_typeof(p_config -> p_name) = 'number' then greatest((p_config ->> p_name)::numeric, p_least)
              else p_default end
$$;

-- The rate bucket that a step's sends are counted in: the client's Clay workspace, where its config names one.
create or replace function leadloom.bucket_key(p_due leadloom.due_step) returns text
language sql immutable security invoker set search_path = ''
as $$
  select coalesce(nullif(p_due.config ->> 'workspace', ''), 'client:' || p_due.client_slug)
$$;
