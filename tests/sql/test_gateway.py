"""The gateway answers function calls as PostgREST on Supabase does."""

from __future__ import annotations

import asyncpg
import httpx
import pytest

from app.db import Database
from app.errors import NotFoundError


async def test_a_function_is_called_with_named_arguments(pg: asyncpg.Connection, db: Database) -> None:
    await pg.execute(
        """create function public.add(p_a int, p_b int default 1) returns jsonb language sql
           set search_path = '' as $$ select jsonb_build_object('sum', p_a + p_b, 'role', current_user) $$;
           grant execute on function public.add to service_role"""
    )
    assert await db.call("add", a=1) == {"sum": 2, "role": "service_role"}
    assert await db.call("add", a=1, b=5) == {"sum": 6, "role": "service_role"}


async def test_an_error_of_ours_keeps_its_words(pg: asyncpg.Connection, db: Database) -> None:
    await pg.execute(
        """create function public.fail() returns void language plpgsql set search_path = '' as $$
           begin raise exception using errcode = 'PT404', message = 'There is no such batch.', hint = 'Look again.'; end $$;
           grant execute on function public.fail to service_role"""
    )
    with pytest.raises(NotFoundError) as caught:
        await db.call("fail")
    assert (caught.value.message, caught.value.hint) == ("There is no such batch.", "Look again.")
