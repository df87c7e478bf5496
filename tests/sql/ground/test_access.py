"""Nobody without the secret key reads a table or calls a function; checked for every object there is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import TestStack

_OURS = "('public', 'leadloom')"
_TABLES = f"""
select c.oid, n.nspname as schema, c.relname as name, c.relrowsecurity as row_security, c.relkind as kind
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in {_OURS} and c.relkind in ('r', 'p', 'v', 'm')
 order by 2, 3
"""
_FUNCTIONS = f"""
select p.oid, n.nspname as schema, p.proname as name, p.oid::regprocedure::text as signature, p.prosecdef, p.proconfig,
       p.prorettype = 'trigger'::regtype as is_trigger,
       coalesce((select array_agg(p.proargnames[i])
                   from generate_series(1, cardinality(p.proargtypes::oid[])) i), '{{}}') as arguments
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in {_OURS} and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
 order by 2, 4
"""
_STRANGERS = ("anon", "authenticated")


@pytest.fixture
async def stranger(stack: TestStack) -> AsyncIterator[httpx.AsyncClient]:
    """A request with the publishable key, as anybody on the internet can send it."""
    headers = {"apikey": stack.publishable_key, "authorization": f"Bearer {stack.publishable_key}"}
    async with httpx.AsyncClient(base_url=f"{stack.url}/rest/v1/", headers=headers) as client:
        yield client


async def test_no_table_is_readable_with_the_publishable_key(
    pg: asyncpg.Connection, stranger: httpx.AsyncClient
) -> None:
    tables = [row["name"] for row in await pg.fetch(_TABLES) if row["schema"] == "public"]
    assert "batch_items" in tables
    for table in tables:
        answer = await stranger.get(table, params={"select": "*"})
        assert (answer.status_code, answer.json()["code"]) == (401, "42501"), table


async def test_no_function_is_callable_with_the_publishable_key(
    pg: asyncpg.Connection, stranger: httpx.AsyncClient
) -> None:
    functions = [row for row in await pg.fetch(_FUNCTIONS) if row["schema"] == "public" and not row["is_trigger"]]
    assert "launch_batch" in {row["name"] for row in functions}
    for row in functions:
        answer = await stranger.post(f"rpc/{row['name']}", json=dict.fromkeys(row["arguments"]))
        assert (answer.status_code, answer.json()["code"]) == (401, "42501"), row["signature"]


async def test_the_database_grants_strangers_nothing(pg: asyncpg.Connection) -> None:
    rights = "select, insert, update, delete, truncate, references, trigger"
    for row in await pg.fetch(_TABLES):
        for role in _STRANGERS:
            granted = await pg.fetchval("select has_table_privilege($1, $2::oid, $3)", role, row["oid"], rights)
            assert not granted, (role, row["name"])
    for row in await pg.fetch(_FUNCTIONS):
        for role in _STRANGERS:
            granted = await pg.fetchval("select has_function_privilege($1, $2::oid, 'execute')", role, row["oid"])
            assert not granted, (role, row["signature"])
    for role in _STRANGERS:
        assert not await pg.fetchval("select has_schema_privilege($1, 'leadloom', 'usage')", role)
    for row in await pg.fetch(
        "select oid, relname from pg_class where relkind = 'S' and relnamespace = 'public'::regnamespace"
    ):
        for role in _STRANGERS:
            assert not await pg.fetchval("select has_sequence_privilege($1, $2::oid, 'usage')", role, row["oid"])


async def test_what_comes_later_is_closed_too(pg: asyncpg.Connection) -> None:
    await pg.execute("create table public.later (id int); create function public.later_on() returns int return 1")
    for role in _STRANGERS:
        assert not await pg.fetchval("select has_table_privilege($1, 'public.later', 'select')", role)
        assert not await pg.fetchval("select has_function_privilege($1, 'public.later_on()', 'execute')", role)


async def test_every_table_has_row_level_security(pg: asyncpg.Connection) -> None:
    rows = await pg.fetch(_TABLES)
    assert [row["name"] for row in rows if row["kind"] in {b"r", b"p"} and not row["row_security"]] == []
    assert await pg.fetchval(f"select count(*) from pg_policies where schemaname in {_OURS}") == 0


async def test_every_function_is_an_invoker_with_an_empty_search_path(pg: asyncpg.Connection) -> None:
    rows = await pg.fetch(_FUNCTIONS)
    assert [row["signature"] for row in rows if row["prosecdef"]] == []
    assert [row["signature"] for row in rows if 'search_path=""' not in (row["proconfig"] or [])] == []


async def test_the_secret_key_may_use_everything(pg: asyncpg.Connection) -> None:
    for row in await pg.fetch(_TABLES):
        right = "select" if row["kind"] in {b"v", b"m"} else "select, insert, update, delete"
        assert await pg.fetchval("select has_table_privilege('service_role', $1::oid, $2)", row["oid"], right), row[
            "name"
        ]
    for row in await pg.fetch(_FUNCTIONS):
        granted = await pg.fetchval("select has_function_privilege('service_role', $1::oid, 'execute')", row["oid"])
        assert granted, row["signature"]


async def test_the_apis_own_account_has_no_right_before_it_takes_a_role(stack: TestStack) -> None:
    url = stack.database_url.split("@", 1)[1]
    connection = await asyncpg.connect(f"postgresql://authenticator:{stack.keys.authenticator_password}@{url}")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select * from public.clients")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select * from auth.users")
    finally:
        await connection.close()
