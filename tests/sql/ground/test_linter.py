"""Supabase's database linter on our schema, on every PostgreSQL there is, under both worlds of default privileges.

The rules that matter are checks of our own and always run. Supabase's own command (`make supabase-cli`) runs where it
is installed, with every rule that it knows.

old world   projects made before October 2026: new objects in public are granted to anon, authenticated and service_role
new world   projects made since: they are granted to nobody
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.local.postgres.bootstrap import bootstrap_cluster, bootstrap_database
from app.local.postgres.cluster import Cluster, bundled_binaries
from app.local.supabase.keys import Keys
from migrations.migrate import migrate
from tests.linter_rules import RULES

# The program itself, not npm's wrapper: that needs Node at hand.
SUPABASE = next(Path(sys.prefix).glob("supabase-cli/node_modules/@supabase/cli-*/bin/supabase"), None)
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
PLPGSQL_CHECK = Path("/usr/share/postgresql/15/extension/plpgsql_check.control")

# What Supabase's init gave until October 2026.
OLD_WORLD = """
alter default privileges in schema public grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to postgres, anon, authenticated, service_role;
"""

ALLOWED = {
    # 0008: tables are for service_role alone, which row level security does not bind; a policy would let others in.
    "rls_enabled_no_policy",
    # Statistics of a database that was made a moment ago: no index has been used.
    "unused_index",
}


@dataclass(frozen=True)
class Installed:
    """Our schema in a database of one version and one world."""

    url: str
    version: str

    async def rows(self, query: str) -> list[str]:
        connection = await asyncpg.connect(self.url)
        try:
            return [row[0] for row in await connection.fetch(query)]
        finally:
            await connection.close()


def versions() -> dict[str, Path]:
    found = {"embedded": bundled_binaries()}
    return found | ({"15": DEBIAN_15} if (DEBIAN_15 / "initdb").exists() else {})


@pytest.fixture(scope="module", params=list(versions()))
async def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """A server of each version."""
    keys = Keys.new()
    one = Cluster(
        tmp_path_factory.mktemp("linter") / "postgres",
        keys.postgres_password,
        binaries=versions()[request.param],
        settings={"fsync": "off"},
    )
    await one.start()
    try:
        await bootstrap_cluster(one, keys)
        yield one
    finally:
        await one.stop()


@pytest.fixture(scope="module", params=["new", "old"])
async def installed(cluster: Cluster, request: pytest.FixtureRequest) -> Installed:
    """Leadloom in it, in each world."""
    name = f"{request.param}_world"
    await bootstrap_database(cluster, name)
    connection = await asyncpg.connect(cluster.url(name))
    if request.param == "old":
        await connection.execute(OLD_WORLD)
    version = await connection.fetchval("select current_setting('server_version_num')")
    await connection.close()
    await migrate(cluster.url(name))
    return Installed(cluster.url(name), version)


@pytest.mark.parametrize("rule", RULES)
async def test_our_own_rules_find_nothing(installed: Installed, rule: str) -> None:
    assert await installed.rows(RULES[rule]) == []


async def test_the_rules_find_what_they_are_for(cluster: Cluster) -> None:
    """A database in which everything is wrong."""
    await bootstrap_database(cluster, "wrong")
    connection = await asyncpg.connect(cluster.url("wrong"))
    await connection.execute(
        """
        create schema leadloom;
        alter default privileges in schema public grant all on functions to anon;
        create table public.parents (id int primary key);
        create table public.wrong (parent int references public.parents, kind regproc);
        create index one on public.wrong (kind); create index two on public.wrong (kind);
        create view public.seen as select 1 as x;
        create policy open on public.wrong using (true);
        create function public.powerful() returns int language sql security definer as 'select 1';
        create function public.closed() returns int language sql as 'select 1';
        revoke all on function public.closed() from public, service_role;
        create extension pg_trgm schema public;
        grant select on public.wrong to anon;
        create sequence public.numbers; grant usage on sequence public.numbers to authenticated;
        """
    )
    await connection.close()
    one = Installed(cluster.url("wrong"), "")
    assert [rule for rule, query in RULES.items() if not await one.rows(query)] == []


async def run_supabase(*words: str, home: Path) -> tuple[int, Any, str]:
    """Supabase's command, its JSON, and what it said beside."""
    process = await asyncio.create_subprocess_exec(
        str(SUPABASE),
        *(*words, "--output-format", "json", "--agent", "no"),
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "DO_NOT_TRACK": "1",
            "SUPABASE_TELEMETRY_DISABLED": "1",
            "SUPABASE_NO_UPDATE_NOTIFIER": "1",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 180)
    return process.returncode or 0, json.loads(out or b"{}"), err.decode()


@pytest.mark.skipif(SUPABASE is None, reason="Supabase's command is not installed: make supabase-cli")
async def test_supabases_advisors_find_nothing(installed: Installed, tmp_path: Path) -> None:
    code, said, err = await run_supabase(
        "db", "advisors", "--db-url", f"{installed.url}?sslmode=disable", "--level", "info", home=tmp_path
    )
    assert code == 0, err
    names = {found["name"] for found in said["results"]}
    assert "rls_enabled_no_policy" in names, "the linter looked at our tables"
    assert [found["detail"] for found in said["results"] if found["name"] not in ALLOWED] == []
    assert {found["level"] for found in said["results"]} == {"INFO"}


@pytest.mark.parametrize("cluster", ["15"], indirect=True)  # for the others nobody packages the extension
@pytest.mark.skipif(
    not (SUPABASE and PLPGSQL_CHECK.exists() and "15" in versions()),
    reason="needs Supabase's command and postgresql-15-plpgsql-check",
)
async def test_supabases_check_of_function_bodies_finds_no_error(installed: Installed, tmp_path: Path) -> None:
    url = f"{installed.url}?sslmode=disable"
    code, said, err = await run_supabase(
        "db", "lint", "--db-url", url, "--schema", "public,leadloom", "--level", "error", home=tmp_path
    )
    assert code == 0, err
    assert said.get("results", []) == []
