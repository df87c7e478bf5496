"""Batches whose rows are about the same companies and people, with the real workflows that pay for them."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from app.engine.dispatcher import run_chunk
from app.workflows import registry_rows
from tests.engine_kit import CONFIG, SLUGS, World, make_world, registry_row

COMPANY, PERSON = "enrich_company_clay", "enrich_person_clay"
WEBHOOK = "https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-1"

LINKEDIN = "https://www.linkedin.com/company/tern-vale"

WEAK, STRONG = {"company_name": "Tern Vale"}, {"company_name": "Tern Vale Ltd", "company_domain": "ternvale.com"}


@pytest.fixture
async def lists(db: Database, pg: asyncpg.Connection) -> World:
    """The real workflows, and a client that has Clay tables for them."""
    world = await make_world(db, pg)
    await db.call("sync_registry", workflows=[registry_row(slug) for slug in SLUGS] + registry_rows())
    for slug in (COMPANY, PERSON):
        await db.call(
            "save_workflow_config", client=world.client, workflow=slug, label="", version=None,
            config=CONFIG | {"webhook_url": WEBHOOK},
            actor="test",
        )  # fmt: skip
    world.slugs = [*SLUGS, *(row["slug"] for row in registry_rows())]
    return world


async def launch(world: World, rows: list[dict[str, str]], *steps: str) -> str:
    """A batch of these rows; cells are named after their fields."""
    upload = await world.upload(len(rows))
    number = await world.pg.fetchval("select id from uploads where uid = $1::uuid", upload)
    for at, row in enumerate(rows, start=1):
        await world.pg.execute(
            "update raw_apollo_uploads set data = $3::jsonb where upload_id = $1 and row_number = $2",
            number, at, json.dumps(row),
        )  # fmt: skip
    fields = {name: name for row in rows for name in row}
    await world.pg.execute("update uploads set mapping = $2::jsonb where id = $1", number, json.dumps(fields))
    answer = await world.db.call(
        "launch_batch", upload=upload, pipeline=await world.pipeline(*steps), launch_key=uuid4(), actor="test",
        row_limit=None, name=None, budget=None,
    )  # fmt: skip
    await world.db.call("fill_batches", limit=10_000)
    return str(answer["batch"])


async def leaders(world: World) -> list[int]:
    """Row numbers of what would be sent now."""
    return sorted(item["row_number"] for item in await world.claim())


async def run_computed(world: World) -> None:
    """Run what is computed and due."""
    world.slugs.remove(COMPANY)
    for chunk in (await world.dispatch())["chunks"]:
        await run_chunk(world.db, chunk["chunk_id"])
    world.slugs.append(COMPANY)


async def arrive(world: World, items: list[dict[str, Any]], *numbers: int) -> list[int]:
    """These rows end their first step; returns the row numbers that would be sent then."""
    await world.complete([item for item in items if item["row_number"] in numbers])
    await world.advance()
    await world.place()
    await world.advance()
    return await leaders(world)


async def begin(world: World, *rows: dict[str, str]) -> tuple[str, list[dict[str, Any]]]:
    """A batch whose rows stand before the paid step: they arrive there as the test says."""
    batch = await launch(world, list(rows), "alpha", COMPANY)
    return batch, await world.claim()


async def claimed(world: World, number: int) -> dict[str, Any]:
    """The claimed paid step of a row."""
    row = await world.pg.fetchrow(
        """select s.id as state_id, s.attempt from workflow_states s join batch_items i on i.id = s.batch_item_id
           where i.row_number = $1 and s.step_index = 1""",
        number,
    )
    return dict(row)
