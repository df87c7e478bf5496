-- What slows down password guessing. Every attempt takes one from each allowance that concerns it *before* the password
-- is checked, in one transaction, so that many at once get no more than one after the other. Allowances refill
-- steadily: who has used one up waits for its next refill and no longer, whatever went before.
--
--   strangers   account and network, account, network, all together
--   a device that has signed in to this account before: its own only, which no stranger can touch

-- How many attempts at once, and how soon there is one more. To the auth server all sign-ins come from one address, of
-- which it takes 30 at once (supabase.com/docs/guides/auth/rate-limits); all strangers together get 20, so that they
-- cannot use these up.
create or replace function leadloom.sign_in_limits()
returns table (kind text, at_once integer, refill interval)
language sql immutable security invoker set search_path = ''
as $$
  values ('both', 5, interval '30 seconds'), ('account', 10, interval '30 seconds'),
         ('network', 10, interval '30 seconds'), ('all', 20, interval '15 seconds'),
         ('device', 10, interval '10 seconds')
$$;

-- The allowances of one attempt: kind|hash, as `sign_in_brakes` keeps them.
create or replace function leadloom.sign_in_keys(p_account text, p_network text, p_device text) returns text[]
language sql immutable security invoker set search_path = ''
as $$
  select case when p_device is not null then array['device|' || p_account || '|' || p_device]
    else array['both|' || p_account || '|' || p_network, 'account|' || p_account, 'network|' || p_network, 'all'] end
$$;

-- Attempts on one device, and those of all strangers, go one by one: strangers share an allowance anyway.
create or replace function leadloom.hold_sign_in(p_keys text[]) returns void
language sql volatile security invoker set search_path = ''
as $$
  select pg_catalog.pg_advisory_xact_lock(4713, case when p_keys[1] like 'device|%' then hashtext(p_keys[1]) else 0 end)
$$;

-- Take one from every allowance, or none from any. Hashes of the account and of the network; p_device names a known
-- device. Answers {"wait_s"}: 0 to go ahead, else the seconds until the next attempt is heard. A refusal writes
-- nothing.
create or replace function public.reserve_sign_in(p_account text, p_network text, p_device text, p_request uuid)
returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_keys text[] := leadloom.sign_in_keys(p_account, p_network, p_device);
  v_now timestamptz := leadloom.clock();
  v_wait interval;
begin
  perform leadloom.hold_sign_in(v_keys);
  if exists (select 1 from public.sign_in_attempts where request = p_request) then
    return jsonb_build_object('wait_s', 0);
  end if;
  select max(greatest(b.full_at, v_now) - v_now - (l.at_once - 1) * l.refill) into v_wait
  from public.sign_in_brakes b join leadloom.sign_in_limits() l on l.kind = split_part(b.key, '|', 1)
  where b.key = any (v_keys);
  if v_wait > interval '0' then
    return jsonb_build_object('wait_s', extract(epoch from v_wait));
  end if;
  delete from public.sign_in_attempts where at < v_now - interval '1 hour';
  delete from public.sign_in_brakes where key = any (array(
    select key from public.sign_in_brakes where full_at < v_now - interval '1 hour' limit 1000 for update skip locked));
  insert into public.sign_in_brakes as b (key, full_at)
  select k, v_now + l.refill from unnest(v_keys) k join leadloom.sign_in_limits() l on l.kind = split_part(k, '|', 1)
  on conflict (key) do update set full_at = greatest(b.full_at, v_now) + (excluded.full_at - v_now);
  insert into public.sign_in_attempts (request, keys, at) values (p_request, v_keys, v_now);
  return jsonb_build_object('wait_s', 0);
end
$$;

-- Give back what an attempt took: p_actor has signed in, or (null) nobody could say whether the password was right.
create or replace function public.release_sign_in(p_request uuid, p_actor text default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_keys text[] := (select keys from public.sign_in_attempts where request = p_request);
begin
  perform leadloom.hold_sign_in(v_keys);
  delete from public.sign_in_attempts where request = p_request;
  if not found then
    return jsonb_build_object('released', false);
  end if;
  update public.sign_in_brakes b set full_at = b.full_at - l.refill
  from leadloom.sign_in_limits() l where b.key = any (v_keys) and l.kind = split_part(b.key, '|', 1);
  if p_actor is not null then
    perform leadloom.audit(p_actor, 'sign_in', null, 'user', null);
  end if;
  return jsonb_build_object('released', true);
end
$$;
