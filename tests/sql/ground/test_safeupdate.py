"""The gateway refuses what hosted Supabase refuses: functions that change a whole table (`safeupdate`)."""

from __future__ import annotations

import asyncpg
import httpx
import pytest

from app.db import Database
from app.errors import DatabaseError
from tests.conftest import TestStack

_FUNCTIONS = """
create table public.notes (id int primary key, body text);
grant select, insert, update, delete on public.notes to service_role;
insert into public.notes values (1, 'one'), (2, 'two');
create function public.clear_all() returns void language sql set search_path = '' as $$ delete from public.notes $$;
create function public.clear_one(p_id int) returns void language sql set search_path = '' as
  $$ delete from public.notes where id = p_id $$;
create function leadloom.rename_all() returns void language plpgsql set search_path = '' as
  $$ begin update public.notes set body = 'x'; end $$;
create function public.rename(p_all boolean) returns void language plpgsql set search_path = '' as
  $$ begin if p_all then perform leadloom.rename_all(); end if; end $$;
grant execute on function public.clear_all, public.clear_one, public.rename, leadloom.rename_all to service_role;
notify pgrst, 'reload schema';
"""


@pytest.fixture
async def notes(pg: asyncpg.Connection) -> asyncpg.Connection:
    await pg.execute(_FUNCTIONS)
    return pg


async def test_a_whole_table_is_not_changed(stack: TestStack, notes: asyncpg.Connection) -> None:
    headers = {"apikey": stack.secret_key}
    async with httpx.AsyncClient(base_url=f"{stack.url}/rest/v1/rpc/", headers=headers) as http:
        answers = [await http.post("clear_all"), await http.post("rename", json={"p_all": True})]
        assert (await http.post("clear_one", json={"p_id": 1})).status_code == 204
    assert [(a.status_code, a.json()["code"], a.json()["message"]) for a in answers] == [
        (400, "21000", "DELETE requires a WHERE clause"),
        (400, "21000", "UPDATE requires a WHERE clause"),
    ]
    assert [row["body"] for row in await notes.fetch("select body from public.notes")] == ["two"]


async def test_a_function_that_is_mended_is_called_again(db: Database, notes: asyncpg.Connection) -> None:
    with pytest.raises(DatabaseError, match="requires a WHERE clause"):
        await db.call("clear_all")
    await notes.execute(
        "create or replace function public.clear_all() returns void language sql set search_path = '' as"
        " $$ delete from public.notes where true $$; notify pgrst, 'reload schema'"
    )
    for _ in range(50):
        try:
            await db.call("clear_all")
            break
        except DatabaseError:
            continue
    assert await notes.fetchval("select count(*) from public.notes") == 0
