"""The embedded stack as one object: PostgreSQL, bootstrapped and migrated, behind Supabase's HTTP API.

`leadloom stack` runs one in one folder; everything else reads `<home>/env`, which it writes, and cannot tell it from a
hosted project. The folder keeps data, keys and ports: a stack that was stopped or killed comes back with all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import httpx

from app.errors import ConflictError, SettingsError
from app.local.postgres.bootstrap import authenticator_url, bootstrap_cluster, bootstrap_database
from app.local.postgres.cluster import Cluster, PostgresError, free_port, port_is_free
from app.local.server import BackgroundServer, listen
from app.local.supabase.auth_passwords import hash_password
from app.local.supabase.auth_store import AuthStore
from app.local.supabase.gateway import Gateway
from app.local.supabase.keys import Keys
from migrations.migrate import migrate

__all__ = ["Stack", "record_in_env"]

_DATABASE = "postgres"  # the name that every Supabase project uses
_USUAL_PORTS = {"gateway": 54321, "postgres": 54322, "clay_sandbox": 0}  # 0: any
_WATCH_SECONDS = 0.5
_RESTART_TRIES = 10

logger = logging.getLogger(__name__)


class Stack:
    """One embedded stack.

    Args:
        home: the folder of data, keys and the env file; made when it is not there.
        port: where the gateway should listen; by default where it did last time. A free one is taken when that is busy.
        refuse_share: the share of calls that the gateway refuses for a moment, as `Gateway` says.

    Attributes:
        url, secret_key, publishable_key, database_url: what a client needs, once started.
    """

    def __init__(self, home: Path, *, port: int | None = None, refuse_share: float = 0.0) -> None:
        self._refuse_share = refuse_share
        self.home = home.resolve()
        self._wanted_port = port
        self._lock: TextIO | None = None
        self._cluster: Cluster | None = None
        self._server: BackgroundServer | None = None
        self._watcher: asyncio.Task[None] | None = None
        self.url = self.secret_key = self.publishable_key = self.database_url = ""

    async def start(self) -> None:
        """Start everything and wait until it answers.

        Raises:
            ConflictError: a stack is running on this folder already.
            SettingsError: the folder is somebody else's.
            PostgresError: PostgreSQL cannot be started here; says why.
            MigrationError: the migrations cannot be applied.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take_lock()
            await self._start()
        except PermissionError as error:
            await self.stop()
            raise SettingsError(
                f"{error.filename or self.home} is not accessible to this account.",
                "Start the stack as the account that made the folder, or name another folder in LEADLOOM_HOME.",
            ) from error
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        keys = await asyncio.to_thread(Keys.load_or_make, self.home / "keys.json")
        ports = self._recorded_ports()
        cluster = self._cluster = Cluster(self.home / "postgres", keys.postgres_password)
        await cluster.start(ports["postgres"])
        await bootstrap_cluster(cluster, keys)
        await bootstrap_database(cluster, _DATABASE)
        await migrate(cluster.url(_DATABASE))
        await _ensure_admin(cluster.url(_DATABASE), keys)
        sock = listen(self._wanted_port or ports["gateway"])
        port = sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        gateway = Gateway(
            authenticator_url=authenticator_url(cluster, keys, _DATABASE),
            owner_url=cluster.url(_DATABASE),
            keys=keys,
            url=self.url,
            refuse_share=self._refuse_share,
        )
        self._server = BackgroundServer(gateway.app, sock)
        await self._server.start()
        self.secret_key, self.publishable_key = keys.secret_key, keys.publishable_key
        self.database_url = cluster.url(_DATABASE)
        ports |= {"gateway": port, "postgres": cluster.port, "clay_sandbox": await _sandbox_port(ports["clay_sandbox"])}
        _write_private(self.home / "ports.json", json.dumps(ports))
        self._write_env(keys, ports)
        self._watcher = asyncio.create_task(self._keep_postgres(cluster))

    async def stop(self) -> None:
        """Stop everything in good order; the folder is free for the next start."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        if self._server is not None:
            await self._server.stop()
        if self._cluster is not None:
            await self._cluster.stop()
        if self._lock is not None:
            self._lock.close()  # which lets go of it
        self._watcher = self._server = self._cluster = self._lock = None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def _take_lock(self) -> None:
        """One stack a folder. The kernel lets go of the lock when its process dies, however that happens."""
        lock = (self.home / "stack.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            owner = lock.read().strip()
            lock.close()
            raise ConflictError(
                f"A stack is already running in {self.home} (process {owner or 'unknown'}).",
                "Use that one, stop it first, or name another folder in LEADLOOM_HOME.",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _recorded_ports(self) -> dict[str, int]:
        """The ports of the last start, so that what others were told stays true."""
        with contextlib.suppress(OSError, ValueError):
            recorded: dict[str, Any] = json.loads((self.home / "ports.json").read_text())
            return _USUAL_PORTS | {name: int(port) for name, port in recorded.items()}
        return dict(_USUAL_PORTS)

    def _write_env(self, keys: Keys, ports: dict[str, int]) -> None:
        """`<home>/env`: what other programs need to join."""
        record_in_env(
            self.home,
            SUPABASE_URL=self.url,
            SUPABASE_SECRET_KEY=keys.secret_key,
            SUPABASE_PUBLISHABLE_KEY=keys.publishable_key,
            DATABASE_URL=self.database_url,
            CLAY_SANDBOX_URL=f"http://127.0.0.1:{ports['clay_sandbox']}",
            LEADLOOM_SIGNING_KEY=keys.callback_key,
            LEADLOOM_ADMIN_EMAIL=keys.admin_email,
            LEADLOOM_ADMIN_PASSWORD=keys.admin_password,
        )

    async def _keep_postgres(self, cluster: Cluster) -> None:
        """Start PostgreSQL again when it dies; it recovers what was committed."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if cluster.running:
                continue
            logger.warning("PostgreSQL ended unexpectedly; starting it again.")
            for _ in range(_RESTART_TRIES):
                try:
                    await cluster.start(cluster.port)
                    break
                except PostgresError as error:
                    logger.warning("%s", error)
                    await asyncio.sleep(1)


def record_in_env(home: Path, **values: str) -> None:
    """Set KEY=VALUE lines of `<home>/env`, readable by its owner only; other lines stay."""
    path = home / "env"
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() not in values]
    _write_private(path, "\n".join([*(f"{name}={value}" for name, value in values.items()), *kept]) + "\n")


async def _ensure_admin(database_url: str, keys: Keys) -> None:
    """Make the user whom the admin UI lets in, the first time."""
    store = AuthStore(database_url)
    await store.open()
    try:
        if await store.user_by_email(keys.admin_email) is None:
            await store.add_user(
                {
                    "email": keys.admin_email,
                    "encrypted_password": await hash_password(keys.admin_password),
                    "email_confirmed_at": datetime.now(UTC),
                    "app_metadata": {"provider": "email", "providers": ["email"], "role": "admin"},
                }
            )
    finally:
        await store.close()


async def _sandbox_port(recorded: int) -> int:
    """The port for the stand-in Clay: the recorded one, unless something else has taken it meanwhile."""
    if not recorded:
        return free_port()
    if port_is_free(recorded):
        return recorded
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=2) as http:
            answer = await http.get(f"http://127.0.0.1:{recorded}/stats", params={"rows": "false"})
            if answer.is_success and "workspaces" in answer.text:
                return recorded  # it is the sandbox, which outlived its stack
    return free_port()


def _write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner may read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
