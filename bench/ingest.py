"""How fast a CSV becomes stored rows, and how much memory that takes.

    python -m bench.ingest [--rows 100000] [--rounds 3] [--quick]

A temporary stack runs as a process of its own, as in `leadloom run`; this process reads a made-up Apollo export of 75
columns and sends it through the HTTP gateway. The reference is PostgreSQL's own COPY of the same file into a table of
75 text columns, in turns with it. Both are also weighed in processor time of all parts, which a busy machine blurs
less; and the highest resident memory of the reading process and of the gateway is noted.
"""

from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import psutil

from app.db import Database
from app.intake.ingest import ingest
from app.setup.clients import create_client
from bench.kit.options import options
from bench.kit.results import Notes, Results, compared
from bench.kit.rounds import in_turns
from bench.stack import throw_away_stack

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


async def copied(pg: asyncpg.Connection, file: Path, columns: int, rows: int) -> float:
    """Seconds of COPY: the same file into a table of as many text columns, without an index."""
    await pg.execute(f"create table bench_copy ({', '.join(f'c{number} text' for number in range(columns))})")
    began = time.perf_counter()
    await pg.copy_to_table("bench_copy", source=file, format="csv", header=True)
    seconds = time.perf_counter() - began
    assert await pg.fetchval("select count(*) from bench_copy") == rows
    await pg.execute("drop table bench_copy")
    return seconds


class Ingests:
    """Ingests of one file, and the highest memory and the processor time of the parts while they lasted."""

    def __init__(self, db: Database, client: str, file: Path, gateway: psutil.Process) -> None:
        self._db, self._client, self._file, self._gateway = db, client, file, gateway
        self.peaks = {"reader": 0, "gateway": 0}

    async def once(self, rows: int) -> float:
        """Seconds from opening the file to READY."""
        memory = PeakMemory({"reader": psutil.Process(), "gateway": self._gateway})
        memory.start()
        began = time.perf_counter()
        upload = await ingest(
            self._db, self._file, client=self._client, filename="a.csv", allow_duplicate=True, actor="bench"
        )
        seconds = time.perf_counter() - began
        memory.stop()
        self.peaks = {name: max(peak, memory.peaks[name]) for name, peak in self.peaks.items()}
        assert upload.row_count == rows
        return seconds


class Weighed:
    """A contestant whose processor seconds are kept beside what it answers.

    Args:
        run: answers with seconds.
        rows: of the file.
        stack: the process that the database and the gateway belong to.
    """

    def __init__(self, run: Callable[[], Awaitable[float]], rows: int, stack: psutil.Process) -> None:
        self._run, self._rows, self._stack = run, rows, stack
        self.per_busy_second: list[float] = []

    async def __call__(self) -> float:
        """Rows a second."""
        before = cpu_seconds(self._stack)
        seconds = await self._run()
        self.per_busy_second.append(self._rows / (cpu_seconds(self._stack) - before))
        return self._rows / seconds


async def main() -> None:
    """Make the file, start the stack, measure in turns."""
    given = options(__doc__, rows=(100_000, 2_000))
    results = Results("ingest", quick=given.quick)
    async with throw_away_stack() as (db, pg):
        file = Path(os.environ["LEADLOOM_HOME"]) / "people.csv"
        command = [sys.executable, "-c", _WRITE.format(given.rows), str(file)]
        await asyncio.to_thread(subprocess.run, command, check=True)
        gateway = next(process for process in psutil.Process().children() if "stack" in process.cmdline())
        client = (await create_client(db, "Benchmark", actor="bench"))["uid"]
        with file.open(encoding="utf-8-sig", newline="") as text:
            columns = len(next(csv.reader(text)))
        ours = Ingests(db, client, file, gateway)
        ingests = Weighed(lambda: ours.once(given.rows), given.rows, gateway)
        copies = Weighed(lambda: copied(pg, file, columns, given.rows), given.rows, gateway)
        found = await in_turns(given.rounds, {"ingest": ingests, "copy": copies})
        what = f"{given.rows:,} rows of {columns} columns"
        notes: Notes = {
            "megabytes": round(file.stat().st_size / _MB),
            **{f"{name}_mb": round(peak / _MB) for name, peak in ours.peaks.items()},
        }
        results.add(
            compared(
                what,
                "rows/s",
                "COPY of the file",
                found["ingest"],
                found["copy"],
                wanted="≥ 0.5, < 400 MB",
                notes=notes,
            )
        )
        results.add(
            compared(
                what,
                "rows per processor second",
                "COPY of the file",
                ingests.per_busy_second,
                copies.per_busy_second,
            )
        )
    results.close()


if __name__ == "__main__":
    asyncio.run(main())
