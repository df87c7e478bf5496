"""Ends what a killed stack left running on a data folder of PostgreSQL, before `cluster.py` starts a server on it.

It looks for processes that live in the folder, whoever started them: the lock file alone may name a stranger.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

import psutil

__all__ = ["end_left_behind"]


async def end_left_behind(data: Path, patience_s: float) -> None:
    """End every process of PostgreSQL on this folder, and remove the lock file that it left.

    The server itself shuts down in good order; backends whose server was killed are told to quit. The lock file goes
    because its process id may be somebody else's by now, which PostgreSQL takes for a running server.

    Args:
        data: the data folder.
        patience_s: how long each way of ending them is given before the next, harder one.
    """
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        processes = await asyncio.to_thread(_processes, data)
        server = [process for process in processes if process.pid == _first_line(lock)]
        for process in server if how is signal.SIGINT and server else processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(how)
        await asyncio.to_thread(psutil.wait_procs, processes, patience_s)
    lock.unlink(missing_ok=True)


def _processes(data: Path) -> list[psutil.Process]:
    """The processes of PostgreSQL that live in this folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name().startswith("postgres") and Path(process.cwd()) == data:
                found.append(process)
    return found


def _first_line(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
