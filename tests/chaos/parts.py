"""The parts of one installation: processes that may be killed, frozen and brought back, each with a log of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Part", "PartDidNotStartError", "free_port"]

READY = "leadloom-ready"
START_SECONDS = 240.0
STOP_SECONDS = 30.0


class PartDidNotStartError(Exception):
    """A part ended, or said nothing, instead of getting ready; its log says why."""


def free_port() -> int:
    """A TCP port of this machine that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Part:
    """One process of an installation.

    Args:
        name: what it is called in plans and logs.
        command: what is typed after `python -m`.
        env: its environment besides this process's.
        log: where its output goes.
    """

    name: str
    command: tuple[str, ...]
    env: dict[str, str]
    log: Path
    ended_by_itself: int = 0
    _process: asyncio.subprocess.Process | None = None
    _output: asyncio.Task[None] | None = None
    _asked_to_end: bool = field(default=False)

    @property
    def alive(self) -> bool:
        """Whether the process is there, frozen or not."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it says that it is ready.

        Raises:
            PartDidNotStartError: it did not.
        """
        self._asked_to_end = False
        clean = {
            k: v for k, v in os.environ.items() if not k.startswith(("SUPABASE", "LEADLOOM", "CLAY", "PUBLIC_URL"))
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *self.command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=clean | self.env | {"LEADLOOM_PARENT": str(os.getpid())},
            start_new_session=True,
        )
        ready = asyncio.Event()
        self._output = asyncio.create_task(self._keep_output(self._process, ready))
        with suppress(TimeoutError):
            await asyncio.wait_for(ready.wait(), START_SECONDS)
        if not ready.is_set() or not self.alive:
            await self.kill()
            raise PartDidNotStartError(f"{self.name} did not start: {self.log}")

    async def _keep_output(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        assert process.stdout is not None
        with self.log.open("ab") as log:
            async for line in process.stdout:
                log.write(line)
                log.flush()
                if line.startswith(READY.encode()):
                    ready.set()
            code = await process.wait()
            if not self._asked_to_end:
                self.ended_by_itself += 1
                log.write(f"--- ended by itself, code {code}\n".encode())
        ready.set()

    async def kill(self) -> None:
        """SIGKILL: no last words."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in good order; what does not end in time is killed."""
        if self.alive:
            self.send(signal.SIGCONT)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._end(signal.SIGTERM), STOP_SECONDS)
        await self.kill()

    async def _end(self, how: signal.Signals) -> None:
        self._asked_to_end = True
        self.send(how)
        if self._process is not None:
            await self._process.wait()
        if self._output is not None:
            await self._output

    def kill_now(self) -> None:
        """SIGKILL without waiting, for a trigger in the middle of a message."""
        self._asked_to_end = True
        self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if there is anybody to get it."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
