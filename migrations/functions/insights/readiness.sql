-- Readiness: whether database, schema and engine can do their work, as `/readyz` asks many times an hour. The schema is
-- known by the hash of its function files, the engine by the age of its lease: two looks at tables of a few rows.

-- {"schema": the version of the functions, null when they are mixed or missing, "engine_age_s": seconds since an engine
-- last held or renewed its lease, null when none ever has}
create or replace function public.readiness() returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select jsonb_build_object(
    'schema', (select case when count(distinct files_hash) = 1 then min(files_hash) end from leadloom.applied_functions),
    'engine_age_s', (select extract(epoch from leadloom.clock() - last_run_at)
                     from public.engine_leases where name = 'engine'))
$$;
