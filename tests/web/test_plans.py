"""What history costs: no statement that runs often reads a table that grows, however much lies in it.

A database with a past (21,500 rows, 107,500 finished states) explains everything that it runs while the engine makes
its turns, rows are sent and answered, and every page is shown. No clock: plans, and how many rows each node read.
"""

from __future__ import annotations

import asyncpg
import httpx
import pytest

from app.clay.tokens import make_token
from app.db import Database
from app.engine.sequencer import run_engine
from app.settings import settings
from app.setup.catalogue import sync_catalogue
from bench.seed_pages import Size, seed
from tests.conftest import TestStack
from tests.sql.ground.plans import Reading, explain_everything, readings
from tests.web.kit import Scene
from tests.web.test_pages import PAGES, fill

PAST = Size(clients=4, batches=10, big=8_000, small=1_500)
PAID = "enrich_company_clay"
MOST_ROWS = 5_000
"""What one node may read: a chunk is 2,000 rows, a page 50, and nothing here has more rows of its own than 40."""


class NoWorkers:
    """Leaves chunks where they are: the turns are what is looked at."""

    workflows = ("normalize_name", PAID)

    async def spawn(self, workflow: str, chunk_ids: object) -> None:
        """Nobody comes."""

    async def address(self) -> str | None:
        """An address that Clay could answer to."""
        return "https://leadloom.example"

    async def spawn_file_worker(self) -> None:
        """Nobody comes."""


@pytest.fixture
async def past(db: Database, pg: asyncpg.Connection) -> set[str]:
    """A database with a past; the names of the tables that are large by now."""
    url = settings().database_url
    assert url is not None
    await sync_catalogue(db)
    await seed(url.get_secret_value(), PAST)
    rows = await pg.fetch(
        """select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
           and reltuples > $1""",
        MOST_ROWS,
    )
    return {row["relname"] for row in rows}


async def test_nothing_that_runs_often_reads_what_grows(
    past: set[str],
    stack: TestStack,
    db: Database,
    pg: asyncpg.Connection,
    operator: httpx.AsyncClient,
) -> None:
    assert {"workflow_states", "batch_items", "enrichment_results", "callback_inbox", "audit_log"} <= past
    await explain_everything(pg)
    offset = stack.server_log.stat().st_size
    scene = await Scene(db, pg).set_up()
    await run_engine(db, NoWorkers(), max_seconds=5, idle_exit_s=0.0)
    await _answered(stack, pg, scene, operator)
    for template in PAGES:
        answer = await operator.get(fill(template, scene))
        assert answer.status_code == 200, template

    found = list(readings(stack.server_log, offset))
    assert {"workflow_states", "batch_items", "enrichment_results", "callback_inbox"} <= {r.table for r in found}
    assert len({r.query for r in found}) > 100, "the functions' own statements are among them"
    assert "\n".join(_too_much(found, past)) == ""


def _too_much(found: list[Reading], large: set[str]) -> list[str]:
    """In words, each reading of a large table that looks at all of it, or at more than belongs to the matter."""
    return sorted(
        {
            f"{one.node} of {one.table}, {one.rows:.0f} rows: {' '.join(one.query.split())[:300]}"
            for one in found
            if one.table in large and (one.node.startswith("Seq") or one.rows > MOST_ROWS)
        }
    )


async def _answered(stack: TestStack, pg: asyncpg.Connection, scene: Scene, http: httpx.AsyncClient) -> None:
    """Clay answers a row that waits, twice."""
    row = await pg.fetchrow(
        """select i.uid, s.step_index, s.attempt from workflow_states s join batch_items i on i.id = s.batch_item_id
           where s.batch_id = (select id from batches where uid = $1::uuid) and s.status = 'IN_PROGRESS'
             and s.sent_at is not null limit 1""",
        scene.batch,
    )
    token = make_token(PAID, str(row["uid"]), row["step_index"], row["attempt"], stack.keys.callback_key)
    for _ in range(2):
        answer = await http.post(f"/clay/{PAID}/{token}", json={"status": "success", "company": {"name": "Alder"}})
        assert answer.status_code == 200, answer.text
