-- The workflow registry, told by the code.

-- Called at every deploy and engine start with the workflows that the code has; a slug that is gone is retired, never
-- deleted, because old batches name it.
create or replace function public.sync_registry(p_workflows jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  v_upserted integer;
  v_retired integer;
begin
  insert into public.enrichment_registry as r
    (slug, title, description, kind, applies_to, reads, required, writes, needs_original, config_schema,
     default_timeout_s, default_max_attempts, cost_per_row, entity_keys, updated_at, retired_at)
  select w.slug, w.title, coalesce(w.description, ''), w.kind, w.applies_to, w.reads, coalesce(w.required, '{}'),
         w.writes, coalesce(w.needs_original, false), nullif(w.config_schema, 'null'), w.default_timeout_s,
         w.default_max_attempts, coalesce(w.cost_per_row, 0), coalesce(w.entity_keys, '{}'), leadloom.clock(), null
  from jsonb_to_recordset(p_workflows) as w(
    slug text, title text, description text, kind public.workflow_kind, applies_to public.upload_kind[], reads text[],
    required text[], writes text[], needs_original boolean, config_schema jsonb, default_timeout_s integer,
    default_max_attempts integer, cost_per_row numeric, entity_keys text[])
  on conflict (slug) do update set
    title = excluded.title, description = excluded.description, kind = excluded.kind,
    applies_to = excluded.applies_to, reads = excluded.reads, required = excluded.required, writes = excluded.writes,
    needs_original = excluded.needs_original, config_schema = excluded.config_schema,
    default_timeout_s = excluded.default_timeout_s, default_max_attempts = excluded.default_max_attempts,
    cost_per_row = excluded.cost_per_row, entity_keys = excluded.entity_keys, updated_at = excluded.updated_at,
    retired_at = null
  where (r.title, r.description, r.kind, r.applies_to, r.reads, r.required, r.writes, r.needs_original,
         r.config_schema, r.default_timeout_s, r.default_max_attempts, r.cost_per_row, r.entity_keys, r.retired_at)
    is distinct from
        (excluded.title, excluded.description, excluded.kind, excluded.applies_to, excluded.reads, excluded.required,
         excluded.writes, excluded.needs_original, excluded.config_schema, excluded.default_timeout_s,
         excluded.default_max_attempts, excluded.cost_per_row, excluded.entity_keys, null::timestamptz);
  get diagnostics v_upserted = row_count;
  update public.enrichment_registry set retired_at = leadloom.clock()
  where retired_at is null
    and slug not in (select w ->> 'slug' from jsonb_array_elements(p_workflows) w);
  get diagnostics v_retired = row_count;
  return jsonb_build_object('upserted', v_upserted, 'retired', v_retired);
end
$$;
