"""Sends: rows a second from the launch of a batch until the last of them is with a sink that answers at once.

    python -m bench.sends [--rows 5000] [--runs 3]

Beside it, in the same run, what the same sink takes from a client that marks nothing and records nothing.
"""

from __future__ import annotations

import argparse
import asyncio
from statistics import median

import orjson
import uvloop

from bench.load import post_all
from bench.paid import Paid, paid_stack

CONNECTIONS = 64


async def measure_sends(paid: Paid, rows: int) -> float:
    """Rows a second; fails if a row was sent twice or the books do not add up."""
    sent = await paid.send(rows)
    assert len(set(sent.urls)) == rows
    booked = await paid.pg.fetchval(
        "select count(*) from sends s join batches b on b.id = s.batch_id where b.uid = $1::uuid", sent.batch
    )
    assert booked == rows, booked
    return rows / sent.seconds


async def measure_bare(paid: Paid, rows: int) -> float:
    """Rows a second that the sink takes from `bench.load`."""
    body = orjson.dumps({"callback_url": "x" * 150, "row": "y" * 500})
    load = await post_all([f"{paid.sink.url}/webhook"] * rows, [body] * rows, CONNECTIONS)
    await paid.sink.take()
    return load.rate


async def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    rates = []
    async with paid_stack() as paid:
        print("| run | sends/s | bare posts/s |\n|---|---|---|")
        for run in range(1, args.runs + 1):
            bare, sends = await measure_bare(paid, args.rows), await measure_sends(paid, args.rows)
            rates.append(sends)
            print(f"| {run} | {sends:,.0f} | {bare:,.0f} |", flush=True)
    print(f"\nmedian {median(rates):,.0f} sends/s ({min(rates):,.0f} - {max(rates):,.0f})")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
