"""What SQL tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
import respx

from app.db import Database
from tests.clay_kit import HOOK, ClayWorld, make_clay_world
from tests.engine_kit import World, make_world


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    """A client, made-up workflows, and a worker's and an engine's verbs."""
    return await make_world(db, pg)


@pytest.fixture
async def clay(db: Database, pg: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> ClayWorld:
    """A client with a Clay table, and a Leadloom that knows its own address."""
    monkeypatch.setenv("PUBLIC_URL", "https://leadloom.example")
    return await make_clay_world(db, pg)


@pytest.fixture
async def hook() -> AsyncIterator[respx.Route]:
    """Clay's webhook, which says yes until told otherwise; the database stays reachable."""
    with respx.mock(assert_all_called=False) as router:
        router.route(host="127.0.0.1").pass_through()
        yield router.post(url__startswith=HOOK).respond(200, json={"success": True})
