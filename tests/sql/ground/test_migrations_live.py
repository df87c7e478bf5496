"""Migrating while the installation works: nobody waits longer than need be, and a lost deadlock is tried again."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import asyncpg

from migrations.history import FOLDER
from migrations.migrate import migrate
from tests.conftest import TestStack
from tests.waiting import until

CLIENTS_ARE_TAKEN = """select exists (select from pg_locks
where relation = 'clients'::regclass and mode = 'AccessExclusiveLock' and granted)"""
# The second lock is asked for once the other session waits for the first.
CLIENTS_THEN_AUDIT_LOG = """
lock table public.clients in access exclusive mode;
do $$ begin
  for try in 1 .. 3000 loop
    exit when exists (select from pg_catalog.pg_locks where relation = 'public.clients'::regclass and not granted);
    perform pg_catalog.pg_sleep(0.02);
  end loop;
end $$;
lock table public.audit_log in access exclusive mode;
"""


def _changed_copy(folder: Path) -> Path:
    """The real files, each function file changed by a comment: all of them are applied again."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for path in folder.glob("functions/**/*.sql"):
        path.write_text(path.read_text() + "\n-- Once more.\n")
    return folder


async def test_functions_are_replaced_beside_a_transaction_that_is_writing(stack: TestStack, tmp_path: Path) -> None:
    folder = _changed_copy(tmp_path / "again")
    writer = await asyncpg.connect(stack.database_url)
    try:
        async with writer.transaction():
            for table in await writer.fetch("select tablename from pg_tables where schemaname = 'public'"):
                await writer.execute(f"lock table public.{table['tablename']} in row exclusive mode")
            async with asyncio.timeout(300):  # it would wait 15 s for the lock, and then fail
                applied = await migrate(stack.database_url, folder)
    finally:
        await writer.close()
    assert len(applied) > 20


async def test_a_migration_that_loses_a_deadlock_is_tried_again(stack: TestStack, tmp_path: Path) -> None:
    folder = _changed_copy(tmp_path / "again")
    file = folder / "functions" / "a_first.sql"
    file.write_text(CLIENTS_THEN_AUDIT_LOG)
    other = await asyncpg.connect(stack.database_url)
    try:
        async with other.transaction():
            await other.execute("set local deadlock_timeout = '60s'")  # the migration notices first, and is the victim
            await other.execute("lock table public.audit_log in access exclusive mode")
            migrating = asyncio.create_task(migrate(stack.database_url, folder))
            await until(lambda: other.fetchval(CLIENTS_ARE_TAKEN))
            await other.execute("lock table public.clients in access exclusive mode")
        assert f"functions/{file.name}" in await migrating
    finally:
        await other.close()
