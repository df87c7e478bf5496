"""The parts of Leadloom as processes of this machine: started, watched, brought back, and ended together.

`leadloom run` and `leadloom demo` use it. Each part is `leadloom <part>`, which anybody may also start by hand; a part
that dies is started again, and one whose starter died ends itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from app.errors import LeadloomError
from functions.console.output import console

__all__ = ["Processes", "follow_parent", "report_ready"]

READY = "leadloom-ready"
PARENT = "LEADLOOM_PARENT"
START_SECONDS = 90.0
STOP_SECONDS = 15.0
RESTART_PAUSE_S = 1.0


def report_ready(part: str, where: str) -> None:
    """Say on standard output that this part answers now; under a supervisor in its words, else in ours."""
    if PARENT in os.environ:
        sys.stdout.write(f"{READY} {where}\n")
        sys.stdout.flush()
    else:
        console.print(f"{part}: {where}")


def follow_parent() -> None:
    """End this process when the one that started it is gone, however it went. Without a supervisor: do nothing."""
    parent = int(os.environ.get(PARENT, "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()


@dataclass
class _Part:
    name: str
    args: tuple[str, ...]
    process: asyncio.subprocess.Process
    where: str
    output: asyncio.Task[None]


class Processes:
    """Parts of one home, in the order of their start.

    Args:
        home: the folder with the data and the env file.
        env: variables that the parts get besides this process's own.
    """

    def __init__(self, home: Path, env: dict[str, str] | None = None) -> None:
        self._env = os.environ | {"LEADLOOM_HOME": str(home), PARENT: str(os.getpid())} | (env or {})
        self._parts: dict[str, _Part] = {}
        self._stopping = False

    async def start(self, name: str, *args: str) -> str:
        """Start a part and wait until it answers; returns where (a URL, or a word).

        Raises:
            LeadloomError: it ended, or did not answer in time; its own words are on standard error.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "functions.console.main",
            name,
            *args,
            stdout=asyncio.subprocess.PIPE,
            env=self._env,
            start_new_session=True,  # Ctrl-C comes to the supervisor alone, which ends the parts in order
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                where = await _until_ready(process)
        except TimeoutError:
            where = None
        if where is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise LeadloomError(f"{name} did not start. See the messages above.")
        self._parts[name] = _Part(name, args, process, where, asyncio.create_task(_forward(process)))
        return where

    def process(self, name: str) -> asyncio.subprocess.Process:
        """The running process of a part."""
        return self._parts[name].process

    async def keep_alive(self) -> None:
        """Bring back any part that ends, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name in list(self._parts):
                group.create_task(self._keep(name))

    async def _keep(self, name: str) -> None:
        while True:
            part = self._parts[name]
            code = await part.process.wait()
            if self._stopping:
                return
            console.print(f"{name} stopped ({_ending(code)}). Restarting it.")
            await asyncio.sleep(RESTART_PAUSE_S)
            try:
                await self.start(name, *part.args)
            except LeadloomError as error:
                console.print(str(error))

    async def stop(self) -> None:
        """End all parts, the last started first; what does not end in time is killed."""
        self._stopping = True
        for part in reversed(self._parts.values()):
            with contextlib.suppress(ProcessLookupError):
                part.process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await part.process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    part.process.kill()
                await part.process.wait()
            part.output.cancel()


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"


async def _until_ready(process: asyncio.subprocess.Process) -> str | None:
    """Where the part answers, from its ready line; None when it ended without one."""
    assert process.stdout is not None  # noqa: S101 -- it was made with a pipe
    async for line in process.stdout:
        text = line.decode(errors="replace").rstrip()
        if text.startswith(READY):
            return text.removeprefix(READY).strip()
        console.print(text)
    return None


async def _forward(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None  # noqa: S101 -- the same
    async for line in process.stdout:
        console.print(line.decode(errors="replace").rstrip())
