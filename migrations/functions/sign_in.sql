-- What slows down password guessing. Failures are counted under hashes of the account and of the origin; from the
-- fourth within a quarter of an hour on, each doubles the pause before the next try, up to two minutes.

-- p_keys: hashes. Answers {"wait_s"}: seconds until the next try is heard.
create or replace function public.sign_in_wait(p_keys text[]) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object('wait_s', coalesce(max(greatest(0, extract(epoch from
    f.last + least(120, power(2, f.n - 3)) * interval '1 second' - leadloom.clock()))), 0))
  from (select key, count(*) as n, max(at) as last from public.sign_in_failures
        where key = any (p_keys) and at > leadloom.clock() - interval '15 minutes' group by key) f
  where f.n > 3
$$;

create or replace function public.note_sign_in_failure(p_keys text[]) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  delete from public.sign_in_failures where at < leadloom.clock() - interval '1 day';
  insert into public.sign_in_failures (key, at) select k, leadloom.clock() from unnest(p_keys) k;
  return '{}';
end
$$;

create or replace function public.note_sign_in(p_keys text[], p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  delete from public.sign_in_failures where key = any (p_keys);
  perform leadloom.audit(p_actor, 'sign_in', null, 'user', null);
  return '{}';
end
$$;
