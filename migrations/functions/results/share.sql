-- Saved views of the leads and people pages, and links that show one client its leads and nothing else.

create or replace function public.save_view(
  p_client uuid, p_page text, p_name text, p_query jsonb, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client bigint := case when p_client is not null then leadloom.client_id(p_client) end;
  v_uid uuid;
  v_new boolean;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if length(btrim(coalesce(p_name, ''))) not between 1 and 100 then
    raise exception using errcode = 'PT422', message = 'A view needs a name of 1 to 100 characters.';
  end if;
  insert into public.saved_views as v (client_id, page, name, query, created_by)
  values (v_client, p_page, btrim(p_name), p_query, p_actor)
  on conflict ((coalesce(client_id, 0)), page, (lower(name))) do update
    set query = excluded.query, name = excluded.name
    where (v.query, v.name) is distinct from (excluded.query, excluded.name)
  returning uid into v_uid;
  v_new := found;
  if v_new then
    perform leadloom.audit(p_actor, 'save_view', v_client, 'view', v_uid, jsonb_build_object('name', btrim(p_name)));
  else
    select uid into v_uid from public.saved_views
    where coalesce(client_id, 0) = coalesce(v_client, 0) and page = p_page and lower(name) = lower(btrim(p_name));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('uid', v_uid));
end
$$;

create or replace function public.delete_view(p_view uuid, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_view public.saved_views;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  delete from public.saved_views where uid = p_view returning * into v_view;
  if v_view.id is not null then
    perform leadloom.audit(p_actor, 'delete_view', v_view.client_id, 'view', p_view,
                           jsonb_build_object('name', v_view.name));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('deleted', v_view.id is not null));
end
$$;

create or replace function public.list_views(p_client uuid, p_page text) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('uid', uid, 'name', name, 'query', query) order by lower(name)), '[]')
  from public.saved_views
  where page = p_page
    and client_id is not distinct from case when p_client is not null then leadloom.client_id(p_client) end
$$;

create or replace function public.create_share_link(
  p_client uuid, p_label text, p_filters jsonb, p_days integer, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client bigint := leadloom.client_id(p_client);
  v_link public.share_links;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if p_days is null or p_days not between 1 and 365 then
    raise exception using errcode = 'PT422', message = 'A link must expire after 1 to 365 days.';
  end if;
  insert into public.share_links (client_id, label, filters, expires_at, created_by, created_at)
  values (v_client, left(btrim(coalesce(p_label, '')), 100), coalesce(p_filters, '{}'),
          date_trunc('second', leadloom.clock()) + make_interval(days => p_days), p_actor, leadloom.clock())
  returning * into v_link;
  perform leadloom.audit(p_actor, 'create_share_link', v_client, 'share_link', v_link.uid,
                         jsonb_build_object('label', v_link.label, 'expires_at', v_link.expires_at));
  return leadloom.note_answer(p_request, leadloom.share_link_as_json(v_link));
end
$$;

create or replace function leadloom.share_link_as_json(p_link public.share_links) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'uid', p_link.uid, 'label', p_link.label, 'filters', p_link.filters, 'expires_at', p_link.expires_at,
    'expires', extract(epoch from p_link.expires_at)::bigint, 'revoked_at', p_link.revoked_at,
    'revoked_by', p_link.revoked_by, 'opened', p_link.opened, 'last_opened', p_link.last_opened,
    'created_by', p_link.created_by, 'created_at', p_link.created_at,
    'open', p_link.revoked_at is null and p_link.expires_at > leadloom.clock())
$$;

create or replace function public.list_share_links(p_client uuid) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(leadloom.share_link_as_json(s) order by s.id desc), '[]')
  from public.share_links s where s.client_id = leadloom.client_id(p_client)
$$;

create or replace function public.revoke_share_link(
  p_link uuid, p_actor text, p_client uuid default null, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_link public.share_links;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  update public.share_links set revoked_at = leadloom.clock(), revoked_by = p_actor
  where id = leadloom.share_link_id(p_link, p_client) and revoked_at is null returning * into v_link;
  if v_link.id is not null then
    perform leadloom.audit(p_actor, 'revoke_share_link', v_link.client_id, 'share_link', p_link,
                           jsonb_build_object('label', v_link.label));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('revoked', v_link.id is not null));
end
$$;

-- What a link opens, if it still does: its client and the filters it is limited to. Every refusal reads the same. One
-- opening (p_request) is counted once, however often it is asked for.
create or replace function public.open_share_link(p_link uuid, p_count boolean, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_link public.share_links;
  v_client public.clients;
begin
  select * into v_link from public.share_links where uid = p_link;
  select * into v_client from public.clients where id = v_link.client_id;
  if v_link.id is null or v_link.revoked_at is not null or v_link.expires_at <= leadloom.clock()
     or v_client.archived_at is not null then
    raise exception using errcode = 'PT404', message = 'This link has expired or was revoked.',
      hint = 'Ask your agency for a new link.';
  end if;
  if p_count and leadloom.answered(p_request) is null then
    update public.share_links set opened = opened + 1, last_opened = leadloom.clock() where id = v_link.id;
  end if;
  return jsonb_build_object('client', v_client.uid, 'client_name', v_client.name, 'label', v_link.label,
                            'filters', v_link.filters, 'expires_at', v_link.expires_at);
end
$$;
