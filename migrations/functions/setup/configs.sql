-- What a client sets up for each workflow. Secrets leave this file for the form that keeps them, and for nobody else; a
-- webhook URL is compared by its hash.

create or replace function leadloom.webhook_hash(p_config jsonb) returns text
language sql stable security invoker set search_path = ''
as $$
  select encode(sha256(convert_to(btrim(p_config ->> 'webhook_url'), 'UTF8')), 'hex')
  where coalesce(btrim(p_config ->> 'webhook_url'), '') <> ''
$$;

-- The clients other than p_client whose configs name this webhook: their rows would land in one Clay table. URLs are
-- secrets and are compared by hash.
create or replace function leadloom.webhook_owners(p_client_id bigint, p_config jsonb) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select coalesce(jsonb_agg(distinct c.name), '[]')
  from public.client_workflow_configs f join public.clients c on c.id = f.client_id
  where f.client_id <> p_client_id and leadloom.webhook_hash(f.config) = leadloom.webhook_hash(p_config)
$$;

create or replace function public.webhook_owners(p_client uuid, p_config jsonb) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select leadloom.webhook_owners(leadloom.client_id(p_client), p_config)
$$;

-- A webhook that another client uses is refused unless p_share_webhook says that it is meant; once saved it is not
-- asked about again.
create or replace function public.save_workflow_config(
  p_client uuid, p_workflow text, p_label text, p_config jsonb, p_version integer, p_actor text,
  p_request uuid default null, p_share_webhook boolean default false) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_answer jsonb := leadloom.answered(p_request);
  v_client bigint := leadloom.client_id(p_client);
  v_config public.client_workflow_configs;
  v_owners jsonb;
begin
  if v_answer is not null then
    return v_answer;
  end if;
  if length(p_label) > 200 then
    raise exception using errcode = 'PT422', message = 'The label is longer than 200 characters.', hint = 'Choose a shorter one.';
  end if;
  select * into v_config from public.client_workflow_configs
  where client_id = v_client and workflow_slug = p_workflow and label = coalesce(p_label, '') for update;
  if v_config.id is not null and p_version is not null and v_config.version <> p_version then
    raise exception using errcode = 'PT409',
      message = format('%s changed this configuration in the meantime.', v_config.updated_by),
      hint = 'Open it again to see the change, then repeat yours.';
  end if;
  if v_config.config = p_config then
    return leadloom.note_answer(p_request, jsonb_build_object('id', v_config.id, 'version', v_config.version));
  end if;
  if not p_share_webhook and leadloom.webhook_hash(v_config.config) is distinct from leadloom.webhook_hash(p_config) then
    v_owners := leadloom.webhook_owners(v_client, p_config);
    if v_owners <> '[]' then
      raise exception using errcode = 'PT409',
        message = format('This webhook URL is already used by %s.',
                         (select string_agg(n, ' and ') from jsonb_array_elements_text(v_owners) n)),
        hint = 'Rows of both clients would end up in the same Clay table. Copy the URL of this client''s own table, '
               'or confirm that they share it.';
    end if;
  end if;
  insert into public.client_workflow_configs as c
    (client_id, workflow_slug, label, config, receiver_sha256, updated_by)
  values (v_client, p_workflow, coalesce(p_label, ''), p_config,
          encode(sha256(convert_to(p_config ->> 'receiver_token', 'UTF8')), 'hex'), p_actor)
  on conflict (client_id, workflow_slug, label) do update
    set config = excluded.config, receiver_sha256 = excluded.receiver_sha256, version = c.version + 1, updated_at = leadloom.clock(), updated_by = p_actor
  returning * into v_config;
  perform leadloom.audit(p_actor, 'save_workflow_config', v_client, 'workflow_config', p_client,
                         jsonb_build_object('workflow', p_workflow, 'label', coalesce(p_label, '')));
  return leadloom.note_answer(p_request, jsonb_build_object('id', v_config.id, 'version', v_config.version));
exception when foreign_key_violation then
  raise exception using errcode = 'PT404', message = format('There is no workflow "%s".', p_workflow);
end
$$;

-- The whole config, secrets included, for code that sends or merges; no page ever gets it.
create or replace function public.config_with_secrets(p_client uuid, p_workflow text, p_label text) returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select config from public.client_workflow_configs
  where client_id = leadloom.client_id(p_client) and workflow_slug = p_workflow and label = coalesce(p_label, '')
$$;
