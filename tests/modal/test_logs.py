"""What a container on Modal writes: INFO is not lost there, each line is JSON, and no line holds a secret."""

from __future__ import annotations

import json

import asyncpg

from app.db import Database
from app.engine import batches
from app.workflows import registry_rows
from tests.conftest import TestStack
from tests.engine_kit import make_world
from tests.modal.containers import Containers
from tests.modal.protocol_registry import Deployment


async def test_engine_and_workers_log_structured_lines(
    db: Database, pg: asyncpg.Connection, containers: Containers, deployed: Deployment, stack: TestStack
) -> None:
    world = await make_world(db, pg)
    await db.call("sync_registry", workflows=registry_rows())
    batch = await world.launch(2, "split_raw")
    await containers.start("leadloom", "engine")
    await batches.wait_for(db, batch, timeout_s=120)

    text = containers.log("split_raw")
    [line] = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert (line["level"], line["batch"], line["step"], line["workflow"]) == ("info", batch, 0, "split_raw")
    assert line["message"].startswith("A chunk of 2 rows: 2 completed")
    assert stack.secret_key not in text + containers.log("engine")
