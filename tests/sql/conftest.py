"""What SQL tests share."""

from __future__ import annotations

import asyncpg
import pytest

from app.db import Database
from tests.engine_kit import World, make_world


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    """A client, made-up workflows, and a worker's and an engine's verbs."""
    return await make_world(db, pg)
