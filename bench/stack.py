"""A throw-away stack for a measurement: PostgreSQL and the gateway as a process of their own, in a temporary folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from app.db import Database, connect_database
from app.settings import settings
from functions.console.processes import Processes

__all__ = ["throw_away_stack"]


@asynccontextmanager
async def throw_away_stack() -> AsyncIterator[tuple[Database, asyncpg.Connection]]:
    """The door that Leadloom uses, and a superuser's connection to set things up; both end with the block."""
    with tempfile.TemporaryDirectory(prefix="leadloom-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["LEADLOOM_HOME"] = folder
        processes = Processes(Path(folder))
        await processes.start("stack")
        try:
            url = settings().database_url
            assert url is not None
            pg = await asyncpg.connect(url.get_secret_value())
            async with connect_database() as db:
                yield db, pg
            await pg.close()
        finally:
            await processes.stop()
