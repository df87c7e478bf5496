"""A small world for engine tests: made-up workflows in the registry, a client, an upload, a pipeline, a batch.

The workflows have no Python function; tests play the worker themselves, so that every turn of the state machine is
theirs to make.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import asyncpg

from app.db import Database
from app.engine.entities import place_rows
from app.workflow import ClayWorkflow, Fields
from app.workflows import registry


class Company(Fields):
    """What the made-up paid workflow looks up."""

    company_domain: str | None = None
    company_name: str | None = None


MADE_UP = {
    "paid": ClayWorkflow(
        slug="paid",
        title="Paid",
        Input=Company,
        Output=Fields,
        payload=Company.model_dump,
        parse=lambda _: Fields(),
        entity_keys={
            "company domain": lambda given: given.company_domain,
            "company name": lambda given: given.company_name,
        },
    )
}
SLUGS = ["alpha", "beta", "gamma", "paid"]
CONFIG = {"webhook_url": "http://127.0.0.1:1/x", "workspace": "", "rate_per_second": 1000, "burst": 1000}


def registry_row(slug: str, **changes: Any) -> dict[str, Any]:
    """A workflow as `sync_registry` takes it; `paid` is a Clay workflow that costs 2 credits a row."""
    row = {
        "slug": slug,
        "title": slug.title(),
        "description": "",
        "kind": "compute",
        "applies_to": ["people"],
        "reads": ["email"],
        "required": [],
        "writes": [f"{slug}_out"],
        "needs_original": False,
        "config_schema": None,
        "default_timeout_s": 60,
        "default_max_attempts": 3,
        "cost_per_row": 0,
        "entity_keys": [],
    }
    if slug == "paid":
        row |= {"kind": "clay", "config_schema": {"type": "object"}, "cost_per_row": 2, "default_timeout_s": 3600}
    return row | changes


@dataclass
class World:
    """What a test acts on."""

    db: Database
    pg: asyncpg.Connection
    client: str
    client_id: int
    slugs: list[str] = field(default_factory=lambda: list(SLUGS))

    async def upload(self, rows: int, **columns: str) -> str:
        """An upload of made-up people; `columns` are SQL expressions over the row number `g`."""
        cells = {"Email": "'p' || g || '@example.test'", "Company": "'Company ' || g"} | columns
        pairs = ", ".join(f"'{name}', {expression}" for name, expression in cells.items())
        uid = await self.pg.fetchval(
            """insert into uploads (client_id, kind, filename, sha256, byte_size, row_count, state, mapping, header)
               values ($1, 'people', 'people.csv', repeat('a', 64), 1, $2, 'READY',
                       '{"email": "Email", "company_name": "Company", "company_domain": "Domain"}', '[]')
               returning uid""",
            self.client_id,
            rows,
        )
        await self.pg.execute(
            f"""insert into raw_apollo_uploads
                select u.id, g, jsonb_build_object({pairs}) from uploads u, generate_series(1, $2::int) g
                where u.uid = $1""",
            uid,
            rows,
        )
        return str(uid)

    async def pipeline(self, *steps: str | dict[str, Any]) -> str:
        """A pipeline of this client; a step is a slug or a step object."""
        full = [{"workflow": s} if isinstance(s, str) else s for s in steps]
        answer = await self.db.call(
            "create_pipeline", client=self.client, name=f"P {uuid4()}", upload_kind="people", steps=full, actor="test"
        )
        return answer["uid"]

    async def launch(self, rows: int, *steps: str | dict[str, Any], **options: Any) -> str:
        """Upload, pipeline and launch in one; returns the batch's uid. The items exist afterwards."""
        args = {"row_limit": None, "name": None, "budget": None, "launch_key": str(uuid4())} | options
        columns = args.pop("columns", {})
        answer = await self.db.call(
            "launch_batch",
            upload=await self.upload(rows, **columns),
            pipeline=await self.pipeline(*(steps or ("alpha",))),
            actor="test",
            **args,
        )
        await self.db.call("fill_batches", limit=20_000)
        return answer["batch"]

    async def dispatch(self, limit: int = 1000, chunk_size: int = 1000) -> dict[str, Any]:
        """One turn of the dispatcher, of rows whose entities are known."""
        await self.place()
        return await self.db.call("dispatch_pending_items", limit=limit, chunk_size=chunk_size, workflows=self.slugs)

    async def claim(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Dispatch and claim everything that is due; returns the items, each with its chunk's facts beside it."""
        items = []
        for chunk in (await self.dispatch(limit))["chunks"]:
            claimed = await self.db.call("claim_chunk", chunk=chunk["chunk_id"])
            items += [item | {"workflow": claimed["workflow"]} for item in claimed["items"]]
        return items

    async def place(self) -> int:
        """Place rows of steps that share results, as the engine does."""
        return await place_rows(self.db, workflows=registry() | MADE_UP)

    async def complete(self, items: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
        """Answer items as a worker does."""
        done = [
            {"state_id": i["state_id"], "attempt": i["attempt"], "parsed": {}, "source": "computed"} | changes
            for i in items
        ]
        return await self.db.call("complete_items", items=done)

    async def fail(self, items: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
        """Fail items as a worker does."""
        failed = [
            {"state_id": i["state_id"], "attempt": i["attempt"], "code": "workflow_error", "text": "broken"} | changes
            for i in items
        ]
        return await self.db.call("fail_items", items=failed)

    async def send(self, items: list[dict[str, Any]], cap: int = 50_000) -> dict[str, Any]:
        """Mark items as about to be sent, as a sender does."""
        pairs = [{"state_id": i["state_id"], "attempt": i["attempt"]} for i in items]
        return await self.db.call("mark_sending", url_sha256="0" * 64, client_id=self.client_id, items=pairs, cap=cap)

    async def taken(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        """The service took these marked items, as a sender records it."""
        said = [{"state_id": i["state_id"], "attempt": i["attempt"], "outcome": "taken"} for i in items]
        return await self.db.call("record_sends", outcomes=said, url_sha256="0" * 64)

    async def advance(self) -> dict[str, Any]:
        """One turn of the sequencer."""
        return await self.db.call("advance_completed_items", limit=2000)

    async def run(self, batch: str, turns: int = 30) -> dict[str, Any]:
        """Play engine and worker until the batch ends; every computed step succeeds."""
        for _ in range(turns):
            await self.complete(await self.claim())
            await self.advance()
            status = await self.status(batch)
            if status["state"] != "RUNNING":
                return status
        return await self.status(batch)

    async def status(self, batch: str) -> dict[str, Any]:
        """The batch in numbers."""
        return await self.db.call("batch_status", batch=batch)

    async def findings(self, batch: str) -> list[dict[str, Any]]:
        """What the audit finds."""
        return (await self.db.call("audit_batch", batch=batch))["findings"]

    async def states(self, columns: str = "*") -> list[asyncpg.Record]:
        """All states, oldest first."""
        return await self.pg.fetch(f"select {columns} from workflow_states order by step_index, id")

    async def later(self, function: str, offset: str, *args: Any) -> Any:
        """Call a Postgres function as it will be after `offset` ('2 hours')."""
        async with self.pg.transaction():
            await self.pg.execute("select set_config('leadloom.clock_offset', $1, true)", offset)
            places = ", ".join(f"${n}" for n in range(1, len(args) + 1))
            return await self.pg.fetchval(f"select public.{function}({places})", *args)


async def make_world(db: Database, pg: asyncpg.Connection) -> World:
    """The registry with the made-up workflows, and a client with a config for the paid one."""
    await db.call("sync_registry", workflows=[registry_row(slug) for slug in SLUGS])
    client = (await db.call("create_client", name="Northgate", actor="test"))["uid"]
    await db.call(
        "save_workflow_config",
        client=client,
        workflow="paid",
        label="",
        config=CONFIG,
        version=None,
        actor="test",
    )
    client_id = await pg.fetchval("select id from clients where uid = $1::uuid", client)
    return World(db, pg, client, client_id)
