"""The demo client of a fresh stack: made once, and made whole, wherever the first attempt was killed."""

from __future__ import annotations

import asyncpg
import pytest

from app.db import Database
from app.engine import launching
from app.errors import DatabaseUnavailableError
from functions.console.seed import CLIENT, seed

COUNTS = """
select (select count(*) from clients where name = $1), (select count(*) from uploads where state = 'READY'),
       (select count(*) from batches), (select count(*) from raw_apollo_uploads)
"""


async def counts(pg: asyncpg.Connection) -> tuple[int, ...]:
    """Clients of the demo, its uploads, batches and rows."""
    return tuple(await pg.fetchrow(COUNTS, CLIENT))


async def test_a_second_seeding_changes_nothing(db: Database, pg: asyncpg.Connection) -> None:
    for _ in range(2):
        await seed(db, None, rows=20)
        assert await counts(pg) == (1, 1, 1, 20)


async def test_a_seeding_that_was_killed_before_the_launch_is_gone_on_with(
    db: Database, pg: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_args: object, **_options: object) -> None:
        raise DatabaseUnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(launching.batches, "launch", killed)
        with pytest.raises(DatabaseUnavailableError):
            await seed(db, None, rows=20)
    assert await counts(pg) == (1, 1, 0, 20)
    await seed(db, None, rows=20)
    assert await counts(pg) == (1, 1, 1, 20)
