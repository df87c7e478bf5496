-- Who may do what, said once for everything, after everything else is defined: row level security on every table,
-- service_role may use tables and call functions, and nobody else may do anything.

do $$
declare
  v record;
begin
  for v in select c.oid::regclass as name from pg_catalog.pg_class c
           join pg_catalog.pg_namespace n on n.oid = c.relnamespace
           where n.nspname in ('public', 'leadloom') and c.relkind in ('r', 'p')
             and not exists (select 1 from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
  loop
    execute format('alter table %s enable row level security', v.name);
    execute format('revoke all on table %s from public, anon, authenticated', v.name);
    execute format('grant select, insert, update, delete on table %s to service_role', v.name);
  end loop;
  for v in select c.oid::regclass as name from pg_catalog.pg_class c
           join pg_catalog.pg_namespace n on n.oid = c.relnamespace
           where n.nspname in ('public', 'leadloom') and c.relkind in ('v', 'm')
  loop
    execute format('revoke all on table %s from public, anon, authenticated', v.name);
    execute format('grant select on table %s to service_role', v.name);
  end loop;
  for v in select p.oid::regprocedure as name from pg_catalog.pg_proc p
           join pg_catalog.pg_namespace n on n.oid = p.pronamespace
           where n.nspname in ('public', 'leadloom') and p.prokind in ('f', 'p')
             and not exists (select 1 from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
  loop
    execute format('revoke execute on function %s from public, anon, authenticated', v.name);
    execute format('grant execute on function %s to service_role', v.name);
  end loop;
end
$$;

grant usage on schema public to service_role;
grant usage, select on all sequences in schema public to service_role;
