"""The embedded stack keeps its promises: one folder, everything back after a stop or a kill, nobody else's ports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from supabase import AsyncClientOptions, create_async_client

from app.errors import ConflictError, SettingsError
from app.local.postgres.cluster import Cluster, PostgresError, free_port
from app.local.stack import Stack
from app.local.supabase.keys import Keys

_SERVE = """
import asyncio, sys
from pathlib import Path
from app.local.stack import Stack

async def main():
    async with Stack(Path(sys.argv[1])):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def _env(home: Path) -> dict[str, str]:
    lines = (home / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def _servers(home: Path) -> list[psutil.Process]:
    """The PostgreSQL servers on this folder."""
    found = []
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error):
            if process.info["name"].startswith("postgres") and str(home / "postgres") in process.cmdline():
                found.append(process)
    return found


async def _eventually(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.fixture
def ports(tmp_path: Path) -> Path:
    """A home whose ports are not the usual ones, so that a stack on this machine is left in peace."""
    home = tmp_path / "home"
    home.mkdir()
    names = ("gateway", "postgres", "clay_sandbox")
    (home / "ports.json").write_text("{" + ", ".join(f'"{name}": {free_port()}' for name in names) + "}")
    return home


@pytest.fixture
async def serving(ports: Path) -> AsyncIterator[Callable[[], subprocess.Popen[str]]]:
    """Start stacks on one home, each a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def serve() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _SERVE, str(ports)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- our own words
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield serve
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    await _eventually(lambda: not _servers(ports))


async def test_the_env_file_lets_others_join(ports: Path) -> None:
    (ports / "env").write_text("PUBLIC_URL=https://example.com\nSUPABASE_URL=old\n")
    async with Stack(ports) as stack:
        env = _env(ports)
        assert stat.S_IMODE((ports / "env").stat().st_mode) == 0o600
        assert env["SUPABASE_URL"] == stack.url
        assert env["PUBLIC_URL"] == "https://example.com"
        assert set(env) >= {
            "SUPABASE_SECRET_KEY", "SUPABASE_PUBLISHABLE_KEY", "DATABASE_URL", "CLAY_SANDBOX_URL",
            "LEADLOOM_SIGNING_KEY", "LEADLOOM_ADMIN_EMAIL", "LEADLOOM_ADMIN_PASSWORD",
        }  # fmt: skip
        async with httpx.AsyncClient() as http:
            options = AsyncClientOptions(httpx_client=http, auto_refresh_token=False, persist_session=False)
            client = await create_async_client(env["SUPABASE_URL"], env["SUPABASE_PUBLISHABLE_KEY"], options)
            answer = await client.auth.sign_in_with_password(
                {"email": env["LEADLOOM_ADMIN_EMAIL"], "password": env["LEADLOOM_ADMIN_PASSWORD"]}
            )
            assert answer.user is not None
            assert answer.user.app_metadata["role"] == "admin"
    assert _servers(ports) == []


async def test_a_killed_stack_comes_back_with_everything(ports: Path, serving: Callable) -> None:
    first = serving()
    before = _env(ports)
    connection = await asyncpg.connect(before["DATABASE_URL"])
    await connection.execute("insert into public.clients (name, slug) values ('Acme', 'acme')")
    first.send_signal(signal.SIGKILL)
    connection.terminate()
    serving()
    assert _env(ports) == before
    assert len(_servers(ports)) == 1
    connection = await asyncpg.connect(before["DATABASE_URL"])
    assert await connection.fetchval("select name from public.clients") == "Acme"
    await connection.close()


async def test_a_killed_postgresql_is_started_again(ports: Path, serving: Callable) -> None:
    serving()
    env = _env(ports)
    (server,) = _servers(ports)
    server.kill()
    headers = {"apikey": env["SUPABASE_SECRET_KEY"]}

    async def answer() -> int:
        async with httpx.AsyncClient() as http:
            return (await http.post(f"{env['SUPABASE_URL']}/rest/v1/rpc/wake_engine", headers=headers)).status_code

    deadline = time.monotonic() + 120
    while (status := await answer()) != 200:
        assert status == 503
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert [process.pid for process in _servers(ports)] != [server.pid]


async def test_postgresql_does_not_outlive_its_stack(ports: Path, serving: Callable) -> None:
    process = serving()
    process.send_signal(signal.SIGKILL)
    if sys.platform == "linux":
        await _eventually(lambda: not _servers(ports))


async def test_one_folder_has_one_stack(ports: Path) -> None:
    async with Stack(ports) as first:
        with pytest.raises(ConflictError, match=f"is already running in .* \\(process {os.getpid()}\\)"):
            await Stack(ports).start()
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{first.url}/auth/v1/health")).status_code == 200


async def test_a_folder_of_somebody_elses_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o000)
    root = os.geteuid() == 0
    if root:  # who may enter any folder
        os.seteuid(65534)
    try:
        with pytest.raises(SettingsError, match="is not accessible to this account"):
            await Stack(home).start()
    finally:
        if root:
            os.seteuid(0)
        home.chmod(0o700)


async def test_ports_that_are_taken_are_left_alone(ports: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        async with Stack(ports, port=taken) as stack:
            assert stack.url != f"http://127.0.0.1:{taken}"
            assert _env(ports)["SUPABASE_URL"] == stack.url
            url = stack.url
    async with Stack(ports) as stack:  # and the new port stays
        assert stack.url == url


async def test_a_stale_lock_file_whose_process_id_is_somebody_elses_is_no_obstacle(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "postgres", "password")
    await cluster.start()
    pid_file = (tmp_path / "postgres" / "postmaster.pid").read_text()
    await cluster.stop()
    (tmp_path / "postgres" / "postmaster.pid").write_text(
        pid_file.replace(pid_file.split("\n", 1)[0], str(os.getpid()), 1)
    )
    await cluster.start()
    await cluster.stop()


async def test_a_half_made_data_folder_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "base").mkdir(parents=True)
    cluster = Cluster(tmp_path / "postgres", "password")
    await cluster.start()
    assert cluster.running
    await cluster.stop()
    assert not cluster.running


async def test_data_of_another_version_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(PostgresError, match="was made by PostgreSQL 12"):
        await Cluster(tmp_path / "postgres", "password").start()


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "postgres", "password", settings={"shared_buffers": "plenty"})
    with pytest.raises(PostgresError, match="invalid value for parameter"):
        await cluster.start()


async def test_a_folder_closed_to_other_accounts_is_good_enough(tmp_path: Path) -> None:
    """Under root the server runs as somebody else, who could not enter this folder without help."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    cluster = Cluster(closed / "postgres", "password")
    await cluster.start()
    assert cluster.pid is not None
    uids = psutil.Process(cluster.pid).uids()
    await cluster.stop()
    assert uids.effective != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    made = Keys.load_or_make(tmp_path / "keys.json")
    assert Keys.load_or_make(tmp_path / "keys.json") == made
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert made.secret_key.startswith("sb_secret_")
    assert made.publishable_key.startswith("sb_publishable_")
