"""What a project's owner keeps beside Leadloom in the same database stays as it is when migrations are applied."""

from __future__ import annotations

import asyncpg

from migrations.migrate import migrate
from tests.conftest import TestStack

_THEIRS = """
create table public.invoices (id bigint generated always as identity primary key);
grant select on public.invoices to anon;
revoke all on public.invoices from service_role;
create view public.invoice_numbers as select id from public.invoices;
grant select on public.invoice_numbers to anon, authenticated;
create sequence public.tickets;
revoke all on sequence public.tickets from service_role;
create function public.greet() returns text language sql as 'select ''hello''';
grant execute on function public.greet() to public, anon;
revoke execute on function public.greet() from service_role;
create schema shop;
create table shop.orders (id int);
grant select on shop.orders to anon;
"""
_AGAIN = "update leadloom.applied_functions set files_hash = 'older' where true"


async def _rights(pg: asyncpg.Connection) -> list[tuple[str, object]]:
    rows = await pg.fetch(
        """select c.oid::regclass::text as name, c.relacl::text || c.relrowsecurity as rights from pg_class c
           where c.oid = any (array['invoices', 'invoice_numbers', 'tickets', 'shop.orders']::regclass[])
           union all select 'greet', proacl::text from pg_proc where oid = 'public.greet()'::regprocedure order by 1"""
    )
    return [tuple(row) for row in rows]


async def test_the_owners_tables_and_functions_keep_their_rights(pg: asyncpg.Connection, stack: TestStack) -> None:
    await pg.execute(_THEIRS)
    before = await _rights(pg)
    await pg.execute(_AGAIN)
    assert "functions/access.sql" in await migrate(stack.database_url)
    assert await _rights(pg) == before


async def test_ours_are_closed_again_where_somebody_opened_them(pg: asyncpg.Connection, stack: TestStack) -> None:
    await pg.execute(
        """grant select on public.clients to anon; alter table public.clients disable row level security;
           grant select on leadloom.applied_functions to authenticated;
           grant execute on function public.launch_batch to public;
           revoke all on public.batches from service_role"""
    )
    await pg.execute(_AGAIN)
    await migrate(stack.database_url)
    assert not await pg.fetchval("select has_table_privilege('anon', 'public.clients', 'select')")
    assert await pg.fetchval("select relrowsecurity from pg_class where oid = 'public.clients'::regclass")
    assert not await pg.fetchval("select has_table_privilege('authenticated', 'leadloom.applied_functions', 'select')")
    assert not await pg.fetchval("select has_function_privilege('anon', 'public.launch_batch'::regproc, 'execute')")
    assert await pg.fetchval("select has_table_privilege('service_role', 'public.batches', 'select, insert')")
