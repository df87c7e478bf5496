"""What the chaos tests share: a prepared folder to copy installations from, and one batch that came to rest."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.installation import Installation, prepare_home
from tests.chaos.plan import plan_of
from tests.chaos.run import RunReport, Scenario, launch, until_still
from tests.chaos.wires import Faults

QUIET_SEED = 7


@pytest.fixture(scope="session")
async def prepared() -> AsyncIterator[Path]:
    """A folder with an empty, migrated database."""
    folder = Path(tempfile.mkdtemp(prefix="leadloom-chaos-tests-"))
    await prepare_home(folder / "prepared")
    yield folder / "prepared"
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def at_rest(prepared: Path) -> AsyncIterator[Scenario]:
    """A batch at a misbehaving Clay that has come to its end, in an installation that is still up."""
    quiet = replace(plan_of(QUIET_SEED, 60), database=Faults(), clay=Faults(), callbacks=Faults(), poisoned_rows=0)
    # Shares so large that among 60 rows none of these kinds can be missing; and every answer is one that is used.
    shares = {"ERRORS": "0.25", "DUPLICATES": "0.35", "NOT_FOUND": "0"}
    sandbox = quiet.sandbox | {"CLAY_SANDBOX_MODE": "misbehaving"}
    sandbox |= {f"CLAY_SANDBOX_{kind}": share for kind, share in shares.items()}
    home = prepared.parent / "at-rest"
    one = Installation(home, random.Random(QUIET_SEED), sandbox)
    report = RunReport(quiet)
    await one.copy_from(prepared)
    try:
        await one.start()
        scenario = await launch(one, quiet, random.Random(QUIET_SEED))
        await until_still(scenario, report)
        assert not report.findings
        yield scenario
    finally:
        await one.stop()
