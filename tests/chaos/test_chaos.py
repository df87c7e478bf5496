"""The short form of `make chaos`: a few seeded runs of a small batch, with everything that can go wrong going wrong.

A seed that fails here is repeated, with its folder kept, by the command in the failure's text.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.chaos.plan import plan_of
from tests.chaos.run import run

ROWS = 60


@pytest.mark.parametrize("seed", [175, 256, 287])
async def test_whatever_breaks_the_books_add_up(prepared: Path, seed: int) -> None:
    home = prepared.parent / f"seed-{seed}"
    report = await run(plan_of(seed, ROWS), prepared, home)
    again = f"python -m tests.chaos.suite --seed {seed} --rows {ROWS}"
    assert report.findings == [], f"{[str(f) for f in report.findings]}; {report.happened}; again: {again}"
    assert report.books is not None
    assert report.books.received > 0
    await asyncio.to_thread(shutil.rmtree, home)
