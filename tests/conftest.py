"""Fixtures that give a test its own Supabase: a real PostgreSQL, migrated once and cloned, behind the real gateway.

stack   a database of this test's own, its URL and keys; SUPABASE_URL etc. are set in the environment
db      `app.db.Database` on it, with the secret key
pg      a superuser's asyncpg connection to it, to look at tables and to set them up
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import hypothesis
import psutil
import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from app.db import Database, connect
from app.local.postgres.bootstrap import authenticator_url, bootstrap_cluster, bootstrap_database
from app.local.postgres.cluster import Cluster, bundled_binaries
from app.local.server import BackgroundServer, listen
from app.local.supabase.gateway import Gateway
from app.local.supabase.keys import Keys
from app.settings import Settings
from migrations.migrate import migrate

# Hosted projects have PostgreSQL 17, older ones 15; Debian's packages of them are tried where they are installed.
_DEBIAN = {version: Path(f"/usr/lib/postgresql/{version}/bin") for version in (15, 16, 17)}
_TEMPLATE = "template_leadloom"
_MEMORY_NEEDED = 3_000_000_000
_numbers = itertools.count(1)

# Properties are tried with the same examples everywhere, so that a failure is the change's and not chance's.
# `make explore` looks for new ones. How long an example takes says how busy the machine is, and nothing of the change.
_BUSY = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=_BUSY)
hypothesis.settings.register_profile("explore", max_examples=1_000, deadline=None)
hypothesis.settings.load_profile("explore" if os.environ.get("EXPLORE") else "repeatable")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`postgres_binaries`: once per PostgreSQL that this machine has, the embedded one and Debian's."""
    if "postgres_binaries" in metafunc.fixturenames:
        found = {str(version): path for version, path in _DEBIAN.items() if (path / "initdb").exists()}
        found["embedded"] = bundled_binaries()
        metafunc.parametrize("postgres_binaries", list(found.values()), ids=list(found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what this machine could not try."""
    if not (Path(sys.prefix) / "supabase-cli").exists():
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line("Supabase's own linter was not run, only our rules. `make supabase-cli`", red=True)
    if not (_DEBIAN[15] / "initdb").exists():
        terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line(
            "PostgreSQL 15 is not installed: the migrations were not tried on it. `apt-get install postgresql-15`",
            red=True,
        )


@dataclass(frozen=True)
class TestStack:
    """One test's Supabase."""

    __test__ = False

    url: str
    secret_key: str
    publishable_key: str
    database_url: str  # superuser
    keys: Keys
    settings: Settings
    server_log: Path  # of all tests of this process


class _Switchboard:
    """Many gateways behind one server: the first part of the path says which test's database is meant."""

    def __init__(self) -> None:
        self.gateways: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        name = scope["path"].split("/", 2)[1]
        await self.gateways[name]({**scope, "root_path": f"/{name}"}, receive, send)


@dataclass(frozen=True)
class _Session:
    cluster: Cluster
    keys: Keys
    switchboard: _Switchboard
    server: BackgroundServer


@pytest.fixture(scope="session")
async def _session(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[_Session]:
    """One server per test process; it goes down with the process, however that ends."""
    keys = Keys.new()
    # Nothing here needs to survive a power cut.
    relaxed = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "128MB"}
    folder = _fast_folder(tmp_path_factory)
    cluster = Cluster(folder / "postgres", keys.postgres_password, settings=relaxed)
    try:
        await cluster.start()
        await bootstrap_cluster(cluster, keys)
        await bootstrap_database(cluster, _TEMPLATE)
        await migrate(cluster.url(_TEMPLATE))
        switchboard = _Switchboard()
        async with BackgroundServer(switchboard, listen()) as server:
            yield _Session(cluster, keys, switchboard, server)
    finally:
        await cluster.stop()
        shutil.rmtree(folder)


def _fast_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in memory where there is room: copying a database is a thousand files, for every test."""
    memory = Path("/dev/shm")  # noqa: S108 -- mkdtemp makes a folder of our own in it
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        return tmp_path_factory.mktemp("stack")
    for old in memory.glob("leadloom-tests-*-*"):  # of a run that was killed
        if not psutil.pid_exists(int(old.name.split("-")[2])):
            shutil.rmtree(old, ignore_errors=True)
    if shutil.disk_usage(memory).free < _MEMORY_NEEDED:
        return tmp_path_factory.mktemp("stack")
    return Path(tempfile.mkdtemp(prefix=f"leadloom-tests-{os.getpid()}-", dir=memory))


@pytest.fixture
async def stack(_session: _Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[TestStack]:
    """A fresh copy of the migrated database behind the HTTP API, and settings that point to it."""
    name = f"t{next(_numbers)}"
    cluster, keys = _session.cluster, _session.keys
    url = f"{_session.server.url}/{name}"
    chosen = Settings(
        supabase_url=url,
        supabase_secret_key=SecretStr(keys.secret_key),
        supabase_publishable_key=keys.publishable_key,
        signing_key=SecretStr(keys.callback_key),
        database_url=SecretStr(cluster.url(name)),
    )
    admin = await asyncpg.connect(cluster.url())
    await admin.execute(f"create database {name} template {_TEMPLATE} strategy file_copy")
    gateway = Gateway(
        authenticator_url=authenticator_url(cluster, keys, name), owner_url=cluster.url(name), keys=keys, url=url
    )
    await _session.server.run(gateway.open())
    _session.switchboard.gateways[name] = gateway.app
    for variable, value in {
        "SUPABASE_URL": url,
        "SUPABASE_SECRET_KEY": keys.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": keys.publishable_key,
        "DATABASE_URL": cluster.url(name),
        "LEADLOOM_SIGNING_KEY": keys.callback_key,
        "LEADLOOM_HOME": str(tmp_path / "leadloom"),
    }.items():
        monkeypatch.setenv(variable, value)
    yield TestStack(url, keys.secret_key, keys.publishable_key, cluster.url(name), keys, chosen, cluster.log)
    del _session.switchboard.gateways[name]
    await _session.server.run(gateway.close())
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def db(stack: TestStack) -> AsyncIterator[Database]:
    """The one door to this test's database."""
    async with await connect(stack.settings) as database:
        yield database


@pytest.fixture
async def pg(stack: TestStack) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection to this test's database, past the HTTP API."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        yield connection
    finally:
        await connection.close()
