"""What a container imports before its first call, in processor time: `python -m bench.cold_start [--rounds 9]`.

Each part is imported in a fresh interpreter, as its container does (`functions/preload.py`), and beside it Modal's own
client alone, which no container starts without; the ratio is the part's share to the client's. With a memory snapshot
a container pays this once per deployment; without one, at every start.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable

from bench.kit.options import options
from bench.kit.results import Results, compared
from bench.kit.rounds import in_turns
from functions.preload import PART

SCRIPT = """
import sys, time
import modal
began = time.process_time()
for name in sys.argv[1:]:
    __import__(name)
print(time.process_time() - began)
"""
CLIENT = "import time; began = time.process_time(); import modal; print(time.process_time() - began)"
PARTS = {
    "web: pages and receivers": ("web", "functions.web"),
    "engine": ("engine", "functions.schedules"),
    "worker of split_raw": ("split_raw", "functions.workers"),
    "worker of consolidate_lead": ("consolidate_lead", "functions.workers"),
    "any container, before its part": ("", "functions.web"),
}


def imported(script: str, part: str, *names: str) -> Callable[[], Awaitable[float]]:
    """Milliseconds of processor time that a fresh interpreter needs."""

    async def measure() -> float:
        environment = {**os.environ, PART: part, "MODAL_IS_REMOTE": "1"}
        command = [sys.executable, "-c", script, *names]
        done = await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, check=True
        )
        return 1000 * float(done.stdout)

    return measure


async def main() -> None:
    """Measure in turns, and keep the results."""
    given = options(__doc__)
    rounds = given.rounds if given.quick else max(given.rounds, 5)
    contestants = {name: imported(SCRIPT, part, entry) for name, (part, entry) in PARTS.items()}
    found = await in_turns(rounds, {"client": imported(CLIENT, ""), **contestants})
    results = Results("cold_start", quick=given.quick)
    for name in PARTS:
        results.add(compared(name, "ms", "import modal", found[name], found["client"], wanted="≤ 350 ms"))
    results.close()


if __name__ == "__main__":
    asyncio.run(main())
