"""Everything as real processes in a folder of the test's own: what a person has after `make run`."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.db import Database, connect
from app.engine import batches
from app.intake import ingest
from app.local.postgres.cluster import free_port
from app.local.samples.files import write_people
from app.settings import Settings, settings
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from app.setup.pipelines import create_pipeline
from functions.console.processes import Processes
from functions.console.seed import configure_sandbox

CALLBACK_TIMEOUT_S = 20
PATIENTLY_S = 900
"""For rows that are all answered, however slow the machine is."""


async def leadloom(*args: str) -> tuple[int, str, str]:
    """Run the console script; returns its exit code and both outputs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "functions.console.main",
        *args,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 900)
    return process.returncode or 0, out.decode(), " ".join(err.decode().split())


@dataclass
class Installation:
    """A running installation, and the verbs of somebody who breaks things."""

    processes: Processes
    db: Database
    web_port: int

    async def kill(self, part: str) -> None:
        """Kill a part the hard way (SIGKILL)."""
        process = self.processes.process(part)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()

    async def start(self, part: str) -> None:
        """Start a part (again), as a person would."""
        args = {
            "clay-sandbox": ("--rate", "200", "--burst", "400"),
            "web": ("--port", str(self.web_port)),
        }.get(part, ())
        await self.processes.start(part, *args)

    async def launch(self, rows: int, sandbox: str | None = None, callback_timeout_s: int = CALLBACK_TIMEOUT_S) -> str:
        """Upload made-up people and launch all steps over them; returns the batch."""
        await sync_catalogue(self.db)
        client = (await create_client(self.db, "Acceptance", actor="test"))["uid"]
        await configure_sandbox(self.db, client, sandbox or settings().clay_sandbox_url or "")
        file = io.BytesIO()
        write_people(file, rows)
        upload = await ingest.ingest(
            self.db, file.getvalue(), client=client, kind="people", filename="people.csv", actor="test"
        )
        steps: list[dict[str, Any]] = [{"workflow": w} for w in ("split_raw", "normalize_name", "normalize_domain")]
        slow = {"timeout_s": callback_timeout_s, "retry_delay_s": 0.5, "max_attempts": 8}
        steps += [{"workflow": w, "settings": slow} for w in ("enrich_company_clay", "enrich_person_clay")]
        pipeline = await create_pipeline(self.db, client, "All", "people", steps, actor="test")
        return (await batches.launch(self.db, upload.uid, pipeline["uid"], actor="test"))["batch"]

    async def until(self, batch: str, share: float) -> None:
        """Wait until this share of all steps is done."""
        async with asyncio.timeout(600):
            while True:
                numbers = await batches.status(self.db, batch)
                if numbers["item_steps"] >= share * numbers["item_count"] * len(numbers["steps"]):
                    return
                await asyncio.sleep(0.05)

    async def sandbox_rows(self) -> dict[str, Any]:
        """What the sandbox received."""
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{settings().clay_sandbox_url}/stats", params={"rows": "1"})
            return answer.json()

    async def assert_all_is_well(self, batch: str, rows: int) -> dict[str, Any]:
        """Every row ended, the books add up, and nothing came to the sandbox twice."""
        numbers = await batches.wait_for(self.db, batch, timeout_s=900)
        assert numbers["state"] == "COMPLETED"
        assert numbers["completed"] + numbers["failed"] == rows
        assert await batches.audit(self.db, batch) == []
        received = await self.sandbox_rows()
        assert received["repeated"] == 0
        assert received["received"] <= numbers["sent"]
        return numbers


@pytest.fixture
async def installation_without_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Installation]:
    """The database and the sandbox running, each a process; who wants more starts it."""
    for name in (*(field.upper() for field in Settings.model_fields), "LEADLOOM_SIGNING_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEADLOOM_HOME", str(tmp_path))
    processes = Processes(tmp_path)
    await processes.start("stack")
    one = Installation(processes, await connect(), free_port())
    try:
        await one.start("clay-sandbox")
        yield one
    finally:
        await one.db.aclose()
        await processes.stop()


@pytest.fixture
async def installation(installation_without_web: Installation) -> Installation:
    """All parts running, each a process."""
    for part in ("web", "engine"):
        await installation_without_web.start(part)
    return installation_without_web
