"""kill -9 in the middle of a batch: the batch finishes, the audit is clean, nothing was sent twice."""

from __future__ import annotations

import asyncio

import pytest

from tests.acceptance.conftest import PATIENTLY_S, Installation

ROWS = 200


@pytest.mark.parametrize("share", [0.1, 0.7])
async def test_the_engine_with_its_workers_is_killed(installation: Installation, share: float) -> None:
    batch = await installation.launch(ROWS)
    await installation.until(batch, share)
    await installation.kill("engine")
    await installation.start("engine")
    await installation.assert_all_is_well(batch, ROWS)


async def test_the_web_process_is_killed_while_callbacks_come_in(installation: Installation) -> None:
    batch = await installation.launch(ROWS, callback_timeout_s=PATIENTLY_S)
    await installation.until(batch, 0.62)
    await installation.kill("web")
    await asyncio.sleep(1.0)
    await installation.start("web")
    numbers = await installation.assert_all_is_well(batch, ROWS)
    assert numbers["completed"] == ROWS, "the sandbox asks again while its receiver is away, as Clay does"


async def test_the_database_is_killed(installation: Installation) -> None:
    batch = await installation.launch(ROWS)
    await installation.until(batch, 0.5)
    await installation.kill("stack")
    await asyncio.sleep(0.5)
    await installation.start("stack")
    await installation.assert_all_is_well(batch, ROWS)
