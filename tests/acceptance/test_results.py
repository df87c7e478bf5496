"""A CSV goes in, Clay's stand-in answers by webhook, and the question is answered: who used to work at a customer?"""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path

import orjson
import pytest

from app.db import Database
from app.engine import batches
from app.intake import ingest
from app.local.clay.sandbox import sandbox_server
from app.local.clay.workspace import WorkspaceSettings
from app.local.samples.files import write_customers, write_people
from app.local.server import BackgroundServer, listen
from app.results import customers
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from app.setup.pipelines import find_pipeline
from functions.console.engine import running_engine
from functions.console.seed import configure_sandbox
from tests.acceptance.conftest import leadloom
from tests.conftest import TestStack
from web.main import create_app

ROWS = 60


async def test_from_a_csv_to_former_employees_of_customers(
    stack: TestStack, db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    quick = WorkspaceSettings.model_validate({"rate_per_second": 500, "burst": 500})
    async with sandbox_server(None, quick) as clay:
        sock = listen()
        monkeypatch.setenv("CLAY_SANDBOX_URL", clay.url)
        monkeypatch.setenv("PUBLIC_URL", f"http://127.0.0.1:{sock.getsockname()[1]}")
        await sync_catalogue(db)
        client = (await create_client(db, "Alder & Finch", actor="test"))["uid"]
        await configure_sandbox(db, client, clay.url)
        async with BackgroundServer(create_app(), sock), running_engine(db):
            batch = await _run(db, client)
            await _add_customers(db, client)
            await _wait_for_flags(db, client)

    found = await db.read("search_leads", client=client, filters={}, after=None, limit=ROWS)
    assert found["count"] == ROWS
    assert sum(1 for lead in found["rows"] if lead["industry"]) > ROWS / 2
    assert sum(1 for lead in found["rows"] if lead["current_job_start"]) > ROWS / 2
    former = await db.read(
        "search_people", client=client, filters={"customer": "any", "status": "former"}, after=None, limit=ROWS
    )
    assert former["count"] > 0
    for person in former["rows"]:
        assert any(position["hit"] and position["has_left"] and position["match"] for position in person["positions"])
    origins = (await db.read("lead_detail", item=former["rows"][0]["item"]))["provenance"]
    assert {origin.split(":")[0] for origin in origins.values()} <= {"upload", "step"}

    code, out, said = await leadloom("extract", batch, "--json")
    assert code == 0, said
    [again] = orjson.loads(out)
    assert (again["done"], again["changed"]) == (ROWS, 0)
    code, out, said = await leadloom("export", batch, "--out", str(tmp_path / "leads.csv"))
    assert code == 0, said
    assert f"{ROWS} uploaded = {ROWS} delivered + 0 failed + 0 waiting" in said
    assert len(list(csv.DictReader((tmp_path / "leads.csv").open(newline="", encoding="utf-8")))) == ROWS


async def _run(db: Database, client: str) -> str:
    file = io.BytesIO()
    write_people(file, ROWS)
    upload = await ingest.ingest(db, file.getvalue(), client=client, kind="people", filename="people.csv", actor="test")
    pipeline = await find_pipeline(db, client, "Full enrichment")
    batch = (await batches.launch(db, upload.uid, pipeline["uid"], actor="test"))["batch"]
    numbers = await batches.wait_for(db, batch)
    assert numbers["completed"] == ROWS, numbers
    return str(batch)


async def _add_customers(db: Database, client: str) -> None:
    file = io.BytesIO()
    write_customers(file, 60)
    lines = "\n".join(file.getvalue().decode("utf-8-sig").splitlines()[1:])
    found = customers.read_lines(lines)
    assert len(found.customers) > 30
    await customers.save(db, client, found.customers, actor="test")


async def _wait_for_flags(db: Database, client: str) -> None:
    """The engine refreshes them by itself."""
    async with asyncio.timeout(300):
        while True:
            page = await db.read("customers_page", client=client, search="", after=None, limit=1)
            if page["refresh"]["finished_at"]:
                return
            await asyncio.sleep(0.1)
