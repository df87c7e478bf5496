"""What a fresh local stack starts with: a client, its Clay configs on the sandbox, and a first batch on its way.

Runs after the migrations, on the embedded stack only; a second run finds everything there and changes nothing.
"""

from __future__ import annotations

import contextlib
import csv
import io
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from app.db import Database
from app.engine.launching import launch_file
from app.errors import ConflictError
from app.local.samples.files import write_customers, write_people
from app.results import customers
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from app.setup.configs import save_workflow_config

__all__ = ["CLIENT", "SANDBOX_RATE", "configure_sandbox", "seed"]

CLIENT = "Northgate Agency Demo"
ACTOR = "seed"
SAMPLE_ROWS = 1_000
CUSTOMERS = 40
SANDBOX_RATE = 150.0
"""Rows a second that the demo sends to the sandbox. Clay itself allows ten; a demo should not take minutes."""


async def configure_sandbox(db: Database, client: str, sandbox_url: str) -> None:
    """Point a client's Clay workflows at the sandbox."""
    for workflow in ("enrich_company_clay", "enrich_person_clay"):
        config: dict[str, Any] = {
            "webhook_url": f"{sandbox_url}/webhooks/demo/{workflow}",
            "workspace": "demo",
            "rate_per_second": SANDBOX_RATE,
            "burst": 300,
        }
        await save_workflow_config(db, client, workflow, config, actor=ACTOR)


async def seed(db: Database, sandbox_url: str | None, rows: int = SAMPLE_ROWS) -> None:
    """Seed a demo client and launch its first batch; done again after it was killed midway, it goes on.

    Args:
        db: the database, migrated.
        sandbox_url: the Clay sandbox; without one the demo only cleans up names and domains.
        rows: size of the sample file.
    """
    await sync_catalogue(db)
    client = (await create_client(db, CLIENT, actor=ACTOR))["uid"]
    if sandbox_url:
        await configure_sandbox(db, client, sandbox_url)
    await _add_customers(db, client)
    file = io.BytesIO()
    write_people(file, rows)
    with contextlib.suppress(ConflictError):  # the client has its file already
        await launch_file(
            db,
            file.getvalue(),
            client=CLIENT,
            pipeline="Full enrichment" if sandbox_url else "Clean up only",
            filename="apollo-people-sample.csv",
            launch_key=uuid5(NAMESPACE_URL, f"leadloom-seed-{client}"),
            actor=ACTOR,
        )


async def _add_customers(db: Database, client: str) -> None:
    """The client's own customers: some of the people on the sample list used to work there."""
    file = io.BytesIO()
    write_customers(file, CUSTOMERS)
    table = csv.DictReader(io.StringIO(file.getvalue().decode()))
    found = [customer for row in table for customer in customers.read_row(row, {}).customers]
    await customers.save(db, client, found, actor=ACTOR)
