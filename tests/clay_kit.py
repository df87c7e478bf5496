"""What tests of senders and receivers share: a batch with one Clay step, its rows claimed or sent, and callbacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from app.clay.tokens import make_token
from app.db import Database
from app.engine import callbacks
from app.engine.callback_groups import Received, summed, take_group
from app.settings import settings
from app.workflows import registry_rows
from tests.engine_kit import World, make_world

__all__ = ["HOOK", "SLUG", "Claimed", "ClayWorld", "answer", "make_clay_world"]

SLUG = "enrich_company_clay"
HOOK = "https://api.clay.com/v3/sources/webhook/pull-in-data-0f9e1d2c"
RECEIVER_TOKEN = "receiver-token-of-northgate-0001"


def answer(name: str = "Acme", **more: Any) -> dict[str, Any]:
    """A well-formed company answer."""
    return {
        "status": "success",
        "raw_payload": {"name": name, "domain": "acme.example", "industry": "Robotics"},
        **more,
    }


@dataclass(frozen=True)
class Claimed:
    """One row of a claimed chunk."""

    state_id: int
    item: str
    attempt: int
    step_index: int

    @property
    def ref(self) -> dict[str, int]:
        """The attempt, as the engine's functions take it."""
        return {"state_id": self.state_id, "attempt": self.attempt}

    def token(self, slug: str = SLUG) -> str:
        """The callback token of this attempt."""
        key = settings().signing_key.get_secret_value()
        return make_token(slug, self.item, self.step_index, self.attempt, key)


@dataclass
class ClayWorld:
    """A world whose paid step is `enrich_company_clay`."""

    world: World

    @property
    def db(self) -> Database:
        """The one door."""
        return self.world.db

    @property
    def pg(self) -> asyncpg.Connection:
        """Past the door."""
        return self.world.pg

    async def configure(self, client: str | None = None, **changes: Any) -> None:
        """Save a client's Clay config."""
        config = {"webhook_url": HOOK, "rate_per_second": 10_000, "burst": 10_000, "receiver_token": RECEIVER_TOKEN}
        await self.db.call(
            "save_workflow_config",
            client=client or self.world.client,
            workflow=SLUG,
            label="",
            config=config | changes,
            version=None,
            actor="test",
        )

    async def launch(self, rows: int, *later: str, **options: Any) -> str:
        """A batch whose first step is paid; every row has a company domain of its own."""
        options.setdefault("columns", {"Domain": "'c' || g || '.example'"})
        return await self.world.launch(rows, {"workflow": SLUG, "settings": {"retry_delay_s": 0}}, *later, **options)

    async def chunks(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Dispatch and claim everything that is due, as workers do."""
        dispatched = await self.world.dispatch(limit)
        claimed = [await self.db.call("claim_chunk", chunk=chunk["chunk_id"]) for chunk in dispatched["chunks"]]
        return [chunk for chunk in claimed if chunk["items"]]

    async def claim(self) -> list[Claimed]:
        """Claim everything that is due; returns the rows."""
        return [
            Claimed(item["state_id"], item["item"], item["attempt"], chunk["step_index"])
            for chunk in await self.chunks()
            for item in chunk["items"]
        ]

    async def sent(self, rows: int = 1, *later: str) -> list[Claimed]:
        """Launch a batch and send its rows, as far as the database knows."""
        await self.launch(rows, *later)
        claimed = await self.claim()
        await self.mark(claimed)
        return claimed

    async def mark(self, claimed: list[Claimed]) -> dict[str, Any]:
        """Mark rows as sent and taken."""
        refs = [row.ref for row in claimed]
        marked = await self.db.call(
            "mark_sending", url_sha256="0" * 64, client_id=self.world.client_id, items=refs, cap=50_000
        )
        await self.world.taken(refs)
        return marked

    async def call_back(self, row: Claimed, body: Any = None, slug: str = SLUG) -> Received:
        """A callback at the row's signed URL."""
        raw = body if isinstance(body, bytes) else orjson.dumps(answer() if body is None else body)
        return await self.take(callbacks.signed_sender(slug, row.token(slug)), raw)

    async def call_back_fixed(self, body: Any, token: str = RECEIVER_TOKEN, slug: str = SLUG) -> Received:
        """A callback at the fixed URL."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.take(await callbacks.fixed_sender(self.db, slug, token), raw)

    async def take(self, sender: callbacks.Sender, raw: bytes) -> Received:
        """A callback as the receivers take it, in a group of its own."""
        return summed(await take_group(self.db, callbacks.arrivals(sender, raw)))

    async def state(self, row: Claimed) -> asyncpg.Record:
        """The row's state now."""
        return await self.pg.fetchrow("select * from workflow_states where id = $1", row.state_id)

    async def result(self, row: Claimed) -> dict[str, Any] | None:
        """What is stored for the row, parsed."""
        text = await self.pg.fetchval(
            "select r.parsed from enrichment_results r join workflow_states s using (batch_item_id, step_index) "
            "where s.id = $1",
            row.state_id,
        )
        return None if text is None else orjson.loads(text)

    async def inbox(self) -> list[asyncpg.Record]:
        """All callbacks, oldest first."""
        return await self.pg.fetch("select * from callback_inbox order by id")

    async def verdicts(self) -> list[str]:
        """Their verdicts."""
        return [record["verdict"] for record in await self.inbox()]

    async def time_out(self) -> None:
        """Let the callbacks' deadlines pass."""
        await self.pg.execute(
            "update workflow_states set deadline_at = now() - interval '1 minute' where deadline_at is not null"
        )
        await self.db.call("reap_expired", limit=1000)


async def make_clay_world(db: Database, pg: asyncpg.Connection) -> ClayWorld:
    """A world with the real workflows in its registry, and a client that has a Clay table."""
    world = await make_world(db, pg)
    clay = ClayWorld(world)
    known = await pg.fetchval("select jsonb_agg(to_jsonb(r)) from enrichment_registry r")
    ours = registry_rows()
    by_slug = {row["slug"]: row for row in [*orjson.loads(known), *ours]}
    await db.call("sync_registry", workflows=list(by_slug.values()))
    world.slugs += [row["slug"] for row in ours]
    await clay.configure()
    return clay
