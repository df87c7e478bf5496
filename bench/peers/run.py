"""Leadloom's engine against other task queues on Postgres, in turns.

    python -m bench.peers.run [--rows 2000] [--rounds 3] [--quick]

Each peer runs in an environment of its own under `.bench/`, made when it is first asked for, on a database of its own
in the same server. Measured are the five trivial steps of `bench.engine`, from the first row to the last.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import uvloop

from app.settings import settings
from bench.engine import measure_engine, register_trivial_steps
from bench.kit.options import options
from bench.kit.results import Results, compared
from bench.kit.rounds import in_turns
from bench.stack import throw_away_stack

ENVIRONMENTS = Path(".bench")
PEERS = {"pgqueuer": ("pgqueuer==1.6.*", "asyncpg==0.32.*")}
WANTED = {"pgqueuer": "≥ 15"}


def environment(peer: str) -> Path:
    """The Python of the peer's environment, which is made where it is missing."""
    folder = ENVIRONMENTS / peer
    python = folder / "bin" / "python"
    ready = folder / ".installed"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)  # noqa: S603 -- our own words
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[peer]], check=True)  # noqa: S603
        ready.touch()
    return python


def measured(peer: str, pg: asyncpg.Connection, rows: int) -> Callable[[], Awaitable[float]]:
    """Item-steps a second of the peer, each time on an empty database."""
    python, script = environment(peer), Path(__file__).with_name(f"{peer}_peer.py")
    url = settings().database_url
    assert url is not None
    database = f"bench_{peer}"
    dsn = f"{url.get_secret_value().rpartition('/')[0]}/{database}"

    async def measure() -> float:
        await pg.execute(f"drop database if exists {database} with (force)")
        await pg.execute(f"create database {database}")
        command = [str(python), str(script), dsn, str(rows)]
        done = await asyncio.to_thread(subprocess.run, command, stdout=subprocess.PIPE, text=True, check=True)
        return float(done.stdout)

    return measure


async def main() -> None:
    """Measure in turns, and keep the results."""
    given = options(__doc__, rows=(2_000, 100))
    results = Results("peers", quick=given.quick)
    steps = register_trivial_steps()
    async with throw_away_stack() as (db, pg):
        contestants = {peer: measured(peer, pg, given.rows) for peer in PEERS}
        found = await in_turns(
            given.rounds, {"engine": lambda: measure_engine(db, pg, steps, given.rows), **contestants}
        )
    for peer in PEERS:
        results.add(
            compared(
                f"five trivial steps, beside {peer}",
                "item-steps/s",
                peer,
                found["engine"],
                found[peer],
                wanted=WANTED[peer],
                notes={"rows": given.rows},
            )
        )
    results.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
