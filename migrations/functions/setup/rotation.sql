-- Receiver tokens that were replaced: accepted for a week, which is longer than any callback is waited for, unless an
-- operator ends that at once because the old one got out.

create or replace function leadloom.keep_receiver_token() returns trigger
language plpgsql security invoker set search_path = ''
as $$
begin
  if old.receiver_sha256 is not null then
    insert into public.retired_receiver_tokens (token_sha256, client_id, accepted_until)
    values (old.receiver_sha256, old.client_id, leadloom.clock() + interval '7 days')
    on conflict (token_sha256) do update set accepted_until = excluded.accepted_until, client_id = excluded.client_id;
  end if;
  return null;
end
$$;
-- Made once: making it again waits for whoever writes.
do $$
begin
  if not exists (select from pg_catalog.pg_trigger
                 where tgrelid = 'public.client_workflow_configs'::regclass and tgname = 'keep_receiver_token') then
    create trigger keep_receiver_token after update of receiver_sha256 on public.client_workflow_configs
      for each row when (old.receiver_sha256 is distinct from new.receiver_sha256)
      execute function leadloom.keep_receiver_token();
  end if;
end
$$;

-- Until when a client's replaced tokens are accepted; null when none is.
create or replace function leadloom.retired_tokens_until(p_client_id bigint) returns timestamptz
language sql stable security invoker set search_path = ''
as $$
  select max(accepted_until) from public.retired_receiver_tokens
  where client_id = p_client_id and accepted_until > leadloom.clock()
$$;

-- No replaced token of this client is accepted any more.
create or replace function public.refuse_retired_tokens(p_client uuid, p_actor text) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_client bigint := leadloom.client_id(p_client);
  v_n integer;
begin
  delete from public.retired_receiver_tokens where client_id = v_client;
  get diagnostics v_n = row_count;
  if v_n > 0 then
    perform leadloom.audit(p_actor, 'refuse_retired_tokens', v_client, 'client', p_client, jsonb_build_object('tokens', v_n));
  end if;
  return jsonb_build_object('refused', v_n);
end
$$;
