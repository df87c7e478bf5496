"""How fast a CSV becomes stored rows, and how much memory that takes: `python -m bench.ingest [--rows 100000]`.

A temporary stack runs as a process of its own, as in `leadloom run`; this process reads a made-up Apollo export of 75
columns and sends it through the HTTP gateway. Printed: rows a second from opening the file to READY, and the highest
resident memory of the reading process and of the gateway while it lasted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from app.db import connect_database
from app.intake.ingest import ingest
from app.setup.clients import create_client
from functions.console.processes import Processes

_WRITE = (
    "import sys; from pathlib import Path; from app.local.samples.files import write_people; "
    "write_people(Path(sys.argv[1]), {})"
)
_MB = 1_000_000


class PeakMemory(threading.Thread):
    """The highest resident memory of each process, looked at twenty times a second."""

    def __init__(self, processes: dict[str, psutil.Process]) -> None:
        super().__init__(daemon=True)
        self._processes = processes
        self._done = threading.Event()
        self.peaks = dict.fromkeys(processes, 0)

    def run(self) -> None:
        """Look until told to stop."""
        while not self._done.wait(0.05):
            for name, process in self._processes.items():
                self.peaks[name] = max(self.peaks[name], process.memory_info().rss)

    def stop(self) -> None:
        """Look no more."""
        self._done.set()
        self.join()


def cpu_seconds(stack: psutil.Process) -> float:
    """Processor time that this process and the stack with its database have used: what a busy machine cannot blur."""
    spent = [process.cpu_times() for process in (psutil.Process(), stack, *stack.children(recursive=True))]
    return float(sum(times.user + times.system for times in spent))


async def measure(folder: Path, file: Path, size: int, rows: int, repeats: int) -> None:
    """Ingest the file `repeats` times and print what each took."""
    processes = Processes(folder)
    await processes.start("stack")
    gateway = next(p for p in psutil.Process().children() if "stack" in p.cmdline())
    try:
        async with connect_database() as db:
            client = (await create_client(db, "Benchmark", actor="bench"))["uid"]
            for _ in range(repeats):
                memory = PeakMemory({"reader": psutil.Process(), "gateway": gateway})
                memory.start()
                before, started = cpu_seconds(gateway), time.perf_counter()
                upload = await ingest(db, file, client=client, filename=file.name, allow_duplicate=True, actor="bench")
                seconds = time.perf_counter() - started
                busy = cpu_seconds(gateway) - before
                memory.stop()
                assert upload.row_count == rows
                peaks = ", ".join(f"{name} {peak / _MB:.0f} MB" for name, peak in memory.peaks.items())
                print(f"{rows:,} rows x {len(upload.header)} columns, {size / _MB:.0f} MB: {seconds:.1f} s")
                print(f"  {rows / seconds:,.0f} rows/s; processor time of all parts {busy:.1f} s; peak memory {peaks}")
    finally:
        await processes.stop()


def main() -> None:
    """Make the file, start the stack, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leadloom-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["LEADLOOM_HOME"] = folder
        for name in ("SUPABASE_URL", "SUPABASE_SECRET_KEY", "SUPABASE_PUBLISHABLE_KEY", "DATABASE_URL"):
            os.environ.pop(name, None)
        file = Path(folder) / "people.csv"
        subprocess.run([sys.executable, "-c", _WRITE.format(options.rows), str(file)], check=True)  # noqa: S603 -- our own words
        asyncio.run(measure(Path(folder), file, file.stat().st_size, options.rows, options.repeats))


if __name__ == "__main__":
    main()
