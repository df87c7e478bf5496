-- Clients: made, named, found by what people type, archived. A client's name is its own; the slug stays what it was first.

create or replace function leadloom.slugify(p_name text) returns text
language sql immutable security invoker set search_path = ''
as $$
  select coalesce(nullif(btrim(regexp_replace(lower(p_name), '[^a-z0-9]+', '-', 'g'), '-'), ''), 'client')
$$;

-- Idempotent by name: the same name again answers with the client that is there.
create or replace function public.create_client(p_name text, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client public.clients;
  v_slug text := leadloom.slugify(p_name);
  v_new boolean := false;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if length(btrim(coalesce(p_name, ''))) not between 1 and 200 then
    raise exception using errcode = 'PT422', message = 'A client needs a name of 1 to 200 characters.',
      hint = 'Type the name as it should be shown.';
  end if;
  insert into public.clients (name, slug)
  values (btrim(p_name),
          case when exists (select 1 from public.clients where slug = v_slug)
               then v_slug || '-' || left(replace(gen_random_uuid()::text, '-', ''), 6) else v_slug end)
  on conflict (lower(name)) do nothing
  returning * into v_client;
  v_new := v_client.id is not null;
  if v_new then
    perform leadloom.audit(p_actor, 'create_client', v_client.id, 'client', v_client.uid,
                           jsonb_build_object('name', v_client.name));
  else
    select * into v_client from public.clients where lower(name) = lower(btrim(p_name));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object(
    'uid', v_client.uid, 'slug', v_client.slug, 'name', v_client.name, 'created', v_new));
end
$$;

create or replace function public.find_client(p_name text) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  v_client public.clients;
begin
  select * into v_client from public.clients
  where lower(name) = lower(btrim(p_name)) or slug = lower(btrim(p_name)) order by lower(name) = lower(btrim(p_name)) desc limit 1;
  if v_client.id is null then
    raise exception using errcode = 'PT404', message = format('There is no client named "%s".', p_name),
      hint = coalesce('Clients: ' || (select string_agg(name, ', ' order by name) from (
        select name from public.clients where archived_at is null order by id desc limit 20) c) || '.',
        'Create one on the Clients page first.');
  end if;
  return jsonb_build_object('uid', v_client.uid, 'name', v_client.name, 'slug', v_client.slug);
end
$$;

create or replace function public.rename_client(
  p_client uuid, p_name text, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_id bigint := leadloom.client_id(p_client);
  v_old text;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if length(btrim(coalesce(p_name, ''))) not between 1 and 200 then
    raise exception using errcode = 'PT422', message = 'A client needs a name of 1 to 200 characters.',
      hint = 'Type the name as it should be shown.';
  end if;
  select name into v_old from public.clients where id = v_id for update;
  if v_old <> btrim(p_name) then
    update public.clients set name = btrim(p_name) where id = v_id;
    perform leadloom.audit(p_actor, 'rename_client', v_id, 'client', p_client,
                           jsonb_build_object('from', v_old, 'to', btrim(p_name)));
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('changed', v_old <> btrim(p_name)));
exception when unique_violation then
  raise exception using errcode = 'PT409', message = format('A client named "%s" already exists.', btrim(p_name)),
    hint = 'Choose another name.';
end
$$;

-- An archived client is out of the way, nothing is lost. Batches that still run keep it from going.
create or replace function public.archive_client(
  p_client uuid, p_archived boolean, p_actor text, p_request uuid default null) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_id bigint := leadloom.client_id(p_client);
  v_active integer;
  v_changed boolean;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  select count(*) into v_active from public.batches where client_id = v_id and state in ('RUNNING', 'PAUSED');
  if p_archived and v_active > 0 then
    raise exception using errcode = 'PT409', message = leadloom.plural(v_active, 'batch is', 'batches are') || ' not finished.',
      hint = 'Wait for all batches to finish, or cancel them, then archive the client.';
  end if;
  update public.clients set archived_at = case when p_archived then leadloom.clock() end
  where id = v_id and (archived_at is not null) <> p_archived;
  v_changed := found;
  if v_changed then
    perform leadloom.audit(p_actor, case when p_archived then 'archive_client' else 'restore_client' end, v_id, 'client', p_client);
  end if;
  return leadloom.note_answer(p_request, jsonb_build_object('changed', v_changed));
end
$$;
