"""The database that the model is compared with: one connection, one transaction, and where its rows are in it."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from tests.chaos.direct import Direct

TABLES = (
    "workflow_states", "batch_items", "batches", "enrichment_results", "superseded_results", "dispatch_chunks",
    "callback_inbox", "webhook_counters", "batch_tallies", "batch_totals", "audit_log", "waking_entities", "step_holds",
)  # fmt: skip


class World:
    """The database side: one connection, one transaction, and where the model's rows are in it."""

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.url = url

    def run(self, work: Any) -> Any:
        return self.runner.run(work) if asyncio.iscoroutine(work) else self.runner.run(_as_coroutine(work))

    def call(self, function: str, **args: Any) -> Any:
        """One call; an error that the function raises comes back as its SQLSTATE."""
        try:
            return self.run(self.db.call(function, **args))
        except asyncpg.PostgresError as error:
            return error.sqlstate

    def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        return list(self.run(self.db.pg.fetch(query, *args)))

    def open(self) -> None:
        self.db = self.run(self._open())
        self.transaction = self.db.pg.transaction()
        self.run(self.transaction.start())

    async def _open(self) -> Direct:
        return await Direct.on(await asyncpg.connect(self.url))

    def close(self) -> None:
        self.run(self.transaction.rollback())
        self.run(self.db.pg.close())
        self.runner.close()

    def dump(self) -> list[str]:
        parts = " union all ".join(
            f"select '{t}' || coalesce(md5(string_agg(r::text, '|' order by r::text)), '') from {t} r" for t in TABLES
        )
        return [row[0] for row in self.fetch(parts)]


async def _as_coroutine(awaitable: Any) -> Any:
    return await awaitable
