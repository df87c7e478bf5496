"""The rules of Supabase's database linter that matter to us, as queries that find what breaks them.

Numbers are those of https://supabase.com/docs/guides/database/database-linter. Each query returns names; none is good.
"""

from __future__ import annotations

__all__ = ["RULES"]

_RELATIONS = """pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('public', 'leadloom')"""
_FUNCTIONS = """pg_proc p join pg_namespace n on n.oid = p.pronamespace and n.nspname in ('public', 'leadloom')
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')"""
_STRANGERS = "pg_roles r on r.rolname in ('anon', 'authenticated')"

RULES = {
    "0001 foreign keys without an index": f"""
        select c.oid::regclass || '.' || k.conname from {_RELATIONS}
        join pg_constraint k on k.conrelid = c.oid and k.contype = 'f'
        where not exists (
          select from pg_index i where i.indrelid = c.oid
            and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
            and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) like '%IS NOT NULL%'))""",
    "0004 tables without a primary key": f"""
        select c.oid::regclass::text from {_RELATIONS}
        where c.relkind in ('r', 'p')
          and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)""",
    "0007 policies: nobody but service_role may use a table, and that needs none": """
        select tablename || '.' || policyname from pg_policies where schemaname in ('public', 'leadloom')""",
    "0009 duplicate indexes": f"""
        select string_agg(i.indexrelid::regclass::text, ' = ') from {_RELATIONS}
        join pg_index i on i.indrelid = c.oid
        group by c.oid, regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX .* ON ', ' INDEX ON ')
        having count(*) > 1""",
    "0010 views that run as their owner": f"""
        select c.oid::regclass::text from {_RELATIONS} where c.relkind in ('v', 'm')""",
    "0011 functions without an empty search path": f"""
        select p.oid::regprocedure::text from {_FUNCTIONS}
        where not coalesce(p.proconfig, '{{}}') && array['search_path=""', 'search_path=']""",
    "0013 tables without row level security": f"""
        select c.oid::regclass::text from {_RELATIONS} where c.relkind in ('r', 'p') and not c.relrowsecurity""",
    "0014 extensions in public": """
        select extname from pg_extension where extnamespace = 'public'::regnamespace""",
    "0018 types that an upgrade of PostgreSQL cannot carry over": f"""
        select c.oid::regclass || '.' || a.attname from {_RELATIONS}
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind = 'r' and format_type(a.atttypid, null) in ('regcollation', 'regconfig', 'regdictionary',
          'regnamespace', 'regoper', 'regoperator', 'regproc', 'regprocedure')""",
    "0028 functions with their owner's rights": f"""
        select p.oid::regprocedure::text from {_FUNCTIONS} where p.prosecdef""",
    "strangers may use a table": f"""
        select r.rolname || ': ' || c.oid::regclass from {_RELATIONS} join {_STRANGERS}
        where c.relkind in ('r', 'p', 'v', 'm')
          and has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate, references, trigger')""",
    "strangers may call a function": f"""
        select r.rolname || ': ' || p.oid::regprocedure from {_FUNCTIONS} join {_STRANGERS}
        where has_function_privilege(r.oid, p.oid, 'execute')""",
    "strangers may use a sequence": f"""
        select r.rolname || ': ' || c.oid::regclass from {_RELATIONS} join {_STRANGERS}
        where case when c.relkind = 'S' then has_sequence_privilege(r.oid, c.oid, 'usage, select, update') end""",
    "service_role may not use a table": f"""
        select c.oid::regclass::text from {_RELATIONS}
        where c.relkind in ('r', 'p') and (
          select bool_and(has_table_privilege('service_role', c.oid, needed))
          from unnest(array['select', 'insert', 'update', 'delete']) needed) is not true""",
    "service_role may not call a function": f"""
        select p.oid::regprocedure::text from {_FUNCTIONS}
        where not has_function_privilege('service_role', p.oid, 'execute')""",
}
