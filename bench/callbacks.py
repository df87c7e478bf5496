"""Callbacks: answers a second at the real receivers, and how long each waits, against a bare handler that only stores.

    python -m bench.callbacks [--rows 3000] [--runs 3]

Rows are sent by the real engine to a sink; their answers are posted to `leadloom web`, a process of its own, by 64 and
by 16 connections, in turns with the same number of posts to `bench.group_commit` on the same PostgreSQL. The bodies are
of one length. An answer counts where it was acknowledged; at the end every one has to be applied.
"""

from __future__ import annotations

import argparse
import asyncio
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson
import uvloop

from app.engine import batches
from app.settings import home, settings
from bench.group_commit import running_group_commit
from bench.load import Load, post_all
from bench.paid import ANSWER, Paid, paid_stack
from functions.console.processes import Processes

CONNECTIONS = (64, 16)


class Turn(NamedTuple):
    """One turn: our receivers and the bare handler, at one number of connections."""

    connections: int
    ours: Load
    bare: Load


async def measure(paid: Paid, web: str, bare_url: str, rows: int, connections: int) -> Turn:
    """One turn; fails if an answer was refused or lost."""
    sent = await paid.send(rows)
    base = {"id": 1, "step": 1, "person": ""}
    stored = orjson.dumps(base | {"person": "x" * (len(ANSWER) - len(orjson.dumps(base)))})
    bare = await post_all([bare_url] * rows, [stored] * rows, connections)
    ours = await post_all([web + urlsplit(url).path for url in sent.urls], [ANSWER] * rows, connections)
    assert bare.statuses == {200: rows}, bare.statuses
    assert ours.statuses == {200: rows}, ours.statuses
    applied = await paid.pg.fetchval(
        "select count(*) from callback_inbox c join batches b on b.id = c.batch_id "
        "where c.verdict = 'applied' and b.uid = $1::uuid",
        sent.batch,
    )
    assert applied == rows, applied
    assert await batches.audit(paid.db, sent.batch) == []
    return Turn(connections, ours, bare)


async def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    turns: list[Turn] = []
    async with paid_stack() as paid:
        processes = Processes(home())
        web = await processes.start("web", "--port", str(urlsplit(settings().public_url or "").port))
        database = settings().database_url
        assert database is not None
        try:
            async with running_group_commit(database.get_secret_value()) as bare_url:
                print("| connections | callbacks/s | p50 ms | p99 ms | bare/s | p99 ms | ratio |")
                print("|---|---|---|---|---|---|---|")
                for connections in CONNECTIONS * args.runs:
                    turn = await measure(paid, web, bare_url, args.rows, connections)
                    turns.append(turn)
                    ours, bare = turn.ours, turn.bare
                    print(
                        f"| {connections} | {ours.rate:,.0f} | {ours.quantile_ms(0.5):,.0f} | "
                        f"{ours.quantile_ms(0.99):,.0f} | {bare.rate:,.0f} | {bare.quantile_ms(0.99):,.0f} | "
                        f"{ours.rate / bare.rate:.2f} |",
                        flush=True,
                    )
        finally:
            await processes.stop()
    print()
    for connections in CONNECTIONS:
        chosen = [turn for turn in turns if turn.connections == connections]
        rates = [turn.ours.rate for turn in chosen]
        print(
            f"{connections} connections: median {median(rates):,.0f}/s ({min(rates):,.0f} - {max(rates):,.0f}), "
            f"p99 {median(turn.ours.quantile_ms(0.99) for turn in chosen):,.0f} ms, "
            f"ratio {median(turn.ours.rate / turn.bare.rate for turn in chosen):.2f}"
        )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
