-- Who may do what, said once for everything that Leadloom made, after all of it is defined: row level security on every
-- table, service_role may use tables and call functions, and nobody else may do anything. What the project's owner has
-- beside them in `public` keeps its rights: ours are the tables that the numbered files make, and the functions that
-- the function files make.

do $$
declare
  v record;
begin
  for v in
    with made as (
      select m[1] as name
      from supabase_migrations.schema_migrations s
      cross join lateral regexp_matches(array_to_string(s.statements, E'\n'),
                                        '^create table (?:if not exists )?public\.(\w+)', 'gin') m
      where s.version ~ '^\d{4}$'  -- other tools number theirs by time
    )
    select c.oid::regclass as name, c.relrowsecurity as secured from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and (n.nspname = 'leadloom' or n.nspname = 'public' and c.relname in (select name from made))
  loop
    if not v.secured then  -- again, it would wait for whoever uses the table, and hold up everybody behind it
      execute format('alter table %s enable row level security', v.name);
    end if;
    execute format('revoke all on table %s from public, anon, authenticated', v.name);
    execute format('grant select, insert, update, delete on table %s to service_role', v.name);
  end loop;
  for v in select to_regprocedure(signature) as name from leadloom.applied_functions
           where to_regprocedure(signature) is not null
  loop
    execute format('revoke execute on function %s from public, anon, authenticated', v.name);
    execute format('grant execute on function %s to service_role', v.name);
  end loop;
end
$$;

grant usage on schema public to service_role;
