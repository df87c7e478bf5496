"""One installation in a folder of its own, every part a process, every conversation over a wire, and one batch in it.

The folder is copied from a prepared one (`prepare_home`), so that a run does not spend its time on `initdb`. Everything
that has to be known about the batch is asked of PostgreSQL directly: the gateway is one of the things that die.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.settings import Settings
from tests.chaos.parts import Part, free_port
from tests.chaos.wires import CallbackWire, ClayWire, DatabaseWire, Wire

__all__ = ["Installation", "prepare_home", "read_env"]

SQL_TRIES = 200
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def read_env(home: Path) -> dict[str, str]:
    """What the stack wrote down for others."""
    return dict(line.split("=", 1) for line in (home / "env").read_text().splitlines() if "=" in line)


async def prepare_home(home: Path) -> None:
    """Make a folder with a migrated, empty database, to be copied by every run."""
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    stack = Part("stack", ("functions.console.main", "stack"), {"LEADLOOM_HOME": str(home)}, home / "prepare.log")
    await stack.start()
    await stack.stop()
    (home / "ports.json").unlink()  # a copy chooses its own


class Installation:
    """The parts, the wires between them, and the verbs of somebody who breaks things.

    Args:
        home: the installation's folder, a copy of a prepared one.
        rng: decides what goes wrong on the wires.
        sandbox: `CLAY_SANDBOX_…` settings.
    """

    def __init__(self, home: Path, rng: random.Random, sandbox: dict[str, str]) -> None:
        self.home = home
        self.gateway_port = free_port()
        self.web_port = free_port()
        self.database = DatabaseWire(lambda: self.gateway_port, rng)
        self.clay = ClayWire(self._sandbox_port, rng)
        self.callbacks = CallbackWire(lambda: self.web_port, rng)
        self._sandbox = sandbox
        self.parts: dict[str, Part] = {}
        self.clock_offset_s = 0

    @property
    def wires(self) -> tuple[Wire, ...]:
        """All wires."""
        return self.database, self.clay, self.callbacks

    def _sandbox_port(self) -> int:
        return int(json.loads((self.home / "ports.json").read_text())["clay_sandbox"])

    async def copy_from(self, prepared: Path) -> None:
        """Make the folder as a copy, with the accounts that own its files."""
        copy = await asyncio.create_subprocess_exec("cp", "-a", str(prepared), str(self.home))
        if await copy.wait():
            raise OSError(f"{prepared} could not be copied to {self.home}.")

    async def start(self) -> None:
        """Start everything."""
        base = {"LEADLOOM_HOME": str(self.home)}
        self._add("stack", ("functions.console.main", "stack"), base)
        await self.parts["stack"].start()
        known = read_env(self.home)
        for wire in self.wires:
            await wire.start()
        joined = base | {
            name: known[name] for name in ("SUPABASE_SECRET_KEY", "SUPABASE_PUBLISHABLE_KEY", "LEADLOOM_SIGNING_KEY")
        }
        joined |= {
            "SUPABASE_URL": self.database.url,
            "CLAY_SANDBOX_URL": self.clay.url,
            "PUBLIC_URL": self.callbacks.url,
        }
        self._add("gateway", ("tests.chaos.gateway_part", str(self.gateway_port)), base)
        self._add(
            "clay-sandbox", ("functions.console.main", "clay-sandbox", *self._sandbox_words()), base | self._sandbox
        )
        self._add("web", ("functions.console.main", "web", "--port", str(self.web_port)), joined)
        for number in ("", "-2"):
            self._add(f"engine{number}", ("functions.console.main", "engine"), joined)
        await self.parts["gateway"].start()
        await asyncio.gather(*(self.parts[name].start() for name in ("clay-sandbox", "web", "engine")))
        os.environ.update(joined)  # for what this process does itself: upload, launch, retry

    def _sandbox_words(self) -> tuple[str, ...]:
        mode = self._sandbox.get("CLAY_SANDBOX_MODE", "well")
        return ("--mode", mode, "--rate", "400", "--burst", "800")

    def _add(self, name: str, command: tuple[str, ...], env: dict[str, str]) -> None:
        self.parts[name] = Part(name, command, env, self.home / f"{name}.log")

    async def stop(self) -> None:
        """End everything."""
        for wire in self.wires:
            await wire.stop()
        await asyncio.gather(*(part.stop() for name, part in self.parts.items() if name != "stack"))
        if "stack" in self.parts:
            await self.parts["stack"].stop()
        for name in (*(field.upper() for field in Settings.model_fields), "LEADLOOM_SIGNING_KEY", "LEADLOOM_HOME"):
            os.environ.pop(name, None)

    async def bring_back(self) -> None:
        """Every part runs and nothing goes wrong on the wires any more; a part that ended is started."""
        for wire in self.wires:
            wire.faults = type(wire.faults)()
            wire.triggers.clear()
        for name in ("stack", "gateway", "clay-sandbox", "web", "engine"):
            part = self.parts[name]
            part.send(signal.SIGCONT)
            if not part.alive:
                await part.start()
        self.parts["engine-2"].send(signal.SIGCONT)

    @asynccontextmanager
    async def sql(self) -> AsyncIterator[asyncpg.Connection]:
        """A direct connection as the owner, at the installation's time; waits for a server that is away."""
        for left in reversed(range(SQL_TRIES)):
            try:
                connection = await asyncpg.connect(
                    read_env(self.home)["DATABASE_URL"],
                    timeout=10,
                    server_settings={"leadloom.clock_offset": f"{self.clock_offset_s} seconds"},
                )
                break
            except (*AWAY, TimeoutError):
                if not left:
                    raise
                await asyncio.sleep(0.1)
        try:
            yield connection
        finally:
            with suppress(*AWAY, TimeoutError):
                await connection.close(timeout=2)

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        """Rows of one query, asked again until the server is there to answer."""
        for left in reversed(range(SQL_TRIES)):
            try:
                async with self.sql() as connection:
                    return list(await connection.fetch(query, *args))
            except AWAY:
                if not left:
                    raise
                await asyncio.sleep(0.1)
        raise AssertionError

    async def move_clock(self, seconds: int) -> None:
        """Let everything that the API does happen so much later; time goes forward only.

        The gateway takes it from the role's settings, as PostgREST does, after it was told to look again.
        """
        self.clock_offset_s += seconds
        await self.fetch(f"alter role service_role set leadloom.clock_offset = '{self.clock_offset_s} seconds'")
        await self.fetch("notify pgrst, 'reload config'")

    async def postmaster(self) -> int | None:
        """The process id of the PostgreSQL server."""
        with suppress(OSError, ValueError):
            return int((self.home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        return None

    async def sandbox_record(self) -> dict[str, Any]:
        """What the sandbox says it received, and what it still has to answer."""
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.get(f"http://127.0.0.1:{self._sandbox_port()}/stats", params={"rows": "1"})
            record: dict[str, Any] = answer.json()
            return record
