"""The migration runner's promises, and the real migrations on every PostgreSQL that this machine has."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from app.local.postgres.bootstrap import bootstrap_cluster, bootstrap_database
from app.local.postgres.cluster import Cluster, bundled_binaries
from app.local.supabase.keys import Keys
from migrations.history import FOLDER, function_files
from migrations.migrate import MigrationError, migrate

if TYPE_CHECKING:
    from tests.conftest import TestStack

_FIRST = """
create schema leadloom;
create table public.things (id int primary key);
"""
_TWICE = """
create or replace function public.twice(p_n int) returns int language sql set search_path = '' as 'select p_n * 2';
"""


@pytest.fixture
async def empty(stack: TestStack) -> AsyncIterator[str]:
    """The URL of a database without anything in it."""
    connection = await asyncpg.connect(stack.database_url)
    name = await connection.fetchval("select 'empty_' || current_database()")
    await connection.execute(f"create database {name}")
    yield stack.database_url.rpartition("/")[0] + "/" + name
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file of the folder to migrate from; the folder starts with one table and one function."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return tmp_path

    write("0001_first.sql", _FIRST)
    write("functions/twice.sql", _TWICE)
    return write


async def _value(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_files_are_applied_once_and_recorded_for_supabase(empty: str, tmp_path: Path, write: Callable) -> None:
    assert await migrate(empty, tmp_path) == ["0001_first.sql", "functions/twice.sql"]
    assert await migrate(empty, tmp_path) == []
    recorded = await _value(
        empty, "select array[version, name, statements[1]] from supabase_migrations.schema_migrations"
    )
    assert recorded == ["0001", "first", _FIRST]
    write("0002_more.sql", "create table public.more (id int)")
    assert await migrate(empty, tmp_path) == ["0002_more.sql", "functions/twice.sql"]


async def test_an_edited_numbered_file_is_refused_by_name(empty: str, tmp_path: Path, write: Callable) -> None:
    await migrate(empty, tmp_path)
    write("0001_first.sql", _FIRST + "create table public.sneaked (id int);")
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed after"):
        await migrate(empty, tmp_path)
    assert await _value(empty, "select to_regclass('public.sneaked')") is None
    write("0001_first.sql", _FIRST.replace("\n", "\r\n"))  # a checkout on Windows is no edit
    assert await migrate(empty, tmp_path) == []


async def test_functions_follow_their_files(empty: str, tmp_path: Path, write: Callable) -> None:
    await migrate(empty, tmp_path)
    # Another result, other parameters, another body, a helper before its caller: nothing of the old is left.
    write(
        "functions/twice.sql",
        """create function public.twice(p_number bigint, p_times int default 2) returns text language sql
             set search_path = '' as $$ select leadloom.label(p_number * p_times) $$;
           create function leadloom.label(p_n bigint) returns text language sql set search_path = ''
             as $$ select 'n' || p_n $$;""",
    )
    assert await migrate(empty, tmp_path) == ["functions/twice.sql"]
    assert await _value(empty, "select public.twice(4)") == "n8"
    assert await _value(empty, "select count(*) from pg_proc where proname = 'twice'") == 1
    (tmp_path / "functions" / "twice.sql").write_text("select 1")
    await migrate(empty, tmp_path)
    assert await _value(empty, "select count(*) from pg_proc where proname in ('twice', 'label')") == 0


async def test_a_function_may_change_its_result(empty: str, tmp_path: Path, write: Callable) -> None:
    await migrate(empty, tmp_path)
    write("functions/twice.sql", _TWICE.replace("returns int", "returns bigint").replace("p_n", "p_number"))
    assert await migrate(empty, tmp_path) == ["functions/twice.sql"]
    assert await _value(empty, "select pg_typeof(public.twice(p_number => 4))::text") == "bigint"


async def test_a_function_that_only_changes_its_body_is_replaced_in_place(
    empty: str, tmp_path: Path, write: Callable
) -> None:
    """So that a call under way, or a plan that names it, goes on."""
    await migrate(empty, tmp_path)
    write(
        "functions/gone.sql",
        "create function public.gone() returns int language sql set search_path = '' as 'select 1'",
    )
    write("functions/access.sql", "grant execute on all functions in schema public to service_role")
    await migrate(empty, tmp_path)
    before = await _value(empty, "select 'public.twice'::regproc::oid")
    write("functions/twice.sql", _TWICE.replace("* 2", "+ p_n"))
    (tmp_path / "functions" / "gone.sql").unlink()
    await migrate(empty, tmp_path)
    assert await _value(empty, "select 'public.twice'::regproc::oid") == before
    assert await _value(empty, "select public.twice(4)") == 8
    assert await _value(empty, "select to_regproc('public.gone')") is None


async def test_functions_that_are_not_ours_stay(empty: str, tmp_path: Path, write: Callable) -> None:
    await _value(empty, "create function public.theirs() returns int language sql as 'select 1'")
    await migrate(empty, tmp_path)
    write("functions/twice.sql", _TWICE + "-- changed")
    await migrate(empty, tmp_path)
    assert await _value(empty, "select public.theirs()") == 1


async def test_a_function_that_a_trigger_uses_is_replaced(empty: str, tmp_path: Path, write: Callable) -> None:
    def trigger(factor: int) -> str:
        return f"""create or replace function leadloom.grow() returns trigger language plpgsql set search_path = '' as
          $$ begin new.id := new.id * {factor}; return new; end $$;
          create or replace trigger grow before insert on public.things
            for each row execute function leadloom.grow();"""

    write("functions/grow.sql", trigger(10))
    await migrate(empty, tmp_path)
    write("functions/grow.sql", trigger(100))
    await migrate(empty, tmp_path)
    assert await _value(empty, "insert into public.things values (1) returning id") == 100


async def test_a_failing_file_is_named_with_its_line_and_leaves_nothing(
    empty: str, tmp_path: Path, write: Callable
) -> None:
    write("0002_bad.sql", "create table public.half (id int);\n\nselect nonsense;")
    with pytest.raises(MigrationError, match=r"0002_bad\.sql, line 3: column .*nonsense"):
        await migrate(empty, tmp_path)
    assert await _value(empty, "select to_regclass('public.half')") is None
    assert await _value(empty, "select max(version) from supabase_migrations.schema_migrations") == "0001"


async def test_a_function_that_calls_what_is_not_there_is_refused(empty: str, tmp_path: Path, write: Callable) -> None:
    write("functions/wrong.sql", "create function public.wrong() returns int language sql as 'select public.gone()'")
    with pytest.raises(MigrationError, match=r"wrong\(\) is invalid: function public.gone\(\) does not exist"):
        await migrate(empty, tmp_path)
    assert await _value(empty, "select to_regproc('public.twice')") is None  # all or none


async def test_two_migrators_at_once_do_the_work_once(empty: str, tmp_path: Path, write: Callable) -> None:
    write("0002_slow.sql", "select pg_sleep(0.3); create table public.slow (id int);")
    applied = await asyncio.gather(*[migrate(empty, tmp_path) for _ in range(3)])
    assert sorted(len(names) for names in applied) == [0, 0, 3]


async def test_names_and_numbers_are_checked(empty: str, tmp_path: Path, write: Callable) -> None:
    write("0001_again.sql", "select 1")
    with pytest.raises(MigrationError, match=r"0001_again\.sql and 0001_first\.sql have the same number"):
        await migrate(empty, tmp_path)
    (tmp_path / "0001_again.sql").rename(tmp_path / "again.sql")
    with pytest.raises(MigrationError, match=r"again\.sql is not named"):
        await migrate(empty, tmp_path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "DATABASE_URL is not set"),
        ("nonsense", "cannot be read as a connection string"),
        ("postgresql://u:p@127.0.0.1:1/x", "cannot be reached"),
        ("postgresql://u:p@db.example.com:6543/postgres", "transaction pooler"),
    ],
)
async def test_a_database_that_cannot_be_used_is_explained(url: str, said: str) -> None:
    with pytest.raises(MigrationError, match=said):
        await migrate(url)


@pytest.mark.parametrize("sign", ["#", "/", "?", "@", ":", "[", "%zz", " "])
@pytest.mark.parametrize("start", ["s3cret", "5432", "1"])
async def test_nothing_of_a_password_is_ever_said(sign: str, start: str) -> None:
    url = f"postgresql://postgres.abcdef:{start}{sign}RestOfIt@127.0.0.1:1/postgres"
    with pytest.raises(MigrationError) as refused:
        await migrate(url)
    said = "".join(traceback.format_exception(refused.value)).replace("SQLSTATE", "").split("MigrationError:")[1]
    assert "percent-encode" in said
    for part in ("s3cret", "5432", "RestOfIt", "abcdef"):
        assert part not in said.replace(refused.value.hint or "", "")
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


async def test_the_real_migrations_apply_twice(postgres_binaries: Path, tmp_path: Path) -> None:
    keys = Keys.new()
    cluster = Cluster(
        tmp_path / "postgres", keys.postgres_password, binaries=postgres_binaries, settings={"fsync": "off"}
    )
    await cluster.start()
    try:
        await bootstrap_cluster(cluster, keys)
        await bootstrap_database(cluster, "leadloom")
        applied = await migrate(cluster.url("leadloom"))
        assert applied == [
            *sorted(path.name for path in FOLDER.glob("*.sql")),
            *(path.relative_to(FOLDER).as_posix() for path in function_files()),
        ]
        assert await migrate(cluster.url("leadloom")) == []
        # All functions once more, over the ones that are there.
        await _value(cluster.url("leadloom"), "update leadloom.applied_functions set files_hash = 'older'")
        before = await _value(cluster.url("leadloom"), _COUNT_FUNCTIONS)
        assert len(await migrate(cluster.url("leadloom"))) == len(function_files())
        assert await _value(cluster.url("leadloom"), _COUNT_FUNCTIONS) == before
    finally:
        await cluster.stop()


_COUNT_FUNCTIONS = (
    "select count(*) from pg_proc where pronamespace in ('public'::regnamespace, 'leadloom'::regnamespace)"
)


def test_the_embedded_postgresql_is_there() -> None:
    assert (bundled_binaries() / "postgres").exists()
