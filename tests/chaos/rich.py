"""A database with something of everything: setups, uploads, batches in every state, callbacks, customers, links.

It is built by the functions themselves. `Rich.things` holds what a test needs to name: uids, state ids, chunks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from tests.chaos.direct import Direct
from tests.engine_kit import CONFIG, SLUGS, registry_row

__all__ = ["Rich", "build", "key"]

ROWS = 24
SPACE = UUID("6f1e2f0c-1111-4222-8333-444455556666")
STEPS = [
    {"workflow": "alpha"},
    {"workflow": "paid", "settings": {"timeout_s": 600}},
    {"workflow": "extract_work_history"},
]
REGISTRY = [
    *(registry_row(slug) for slug in SLUGS),
    registry_row("extract_work_history", writes=["positions"]),
]
HEADER = ["Email", "Company", "Domain", "LinkedIn"]
MAPPING = {"email": "Email", "company_name": "Company", "company_domain": "Domain", "linkedin": "LinkedIn"}


def key(name: str) -> str:
    """A uuid that is the same for the same name."""
    return str(uuid5(SPACE, name))


@dataclass
class Rich:
    """The database, and what is in it by name."""

    db: Direct
    things: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.things[name]

    async def one(self, query: str, *args: Any) -> Any:
        """A value."""
        return await self.db.pg.fetchval(query, *args)

    async def states(self, batch: str, status: str, step: int, n: int = 100) -> list[dict[str, int]]:
        """Attempts of a batch, as the engine's functions take them."""
        rows = await self.db.pg.fetch(
            "select s.id, s.attempt from workflow_states s join batches b on b.id = s.batch_id"
            " where b.uid = $1 and s.status::text = $2 and s.step_index = $3 order by s.id limit $4",
            batch,
            status,
            step,
            n,
        )
        return [{"state_id": row["id"], "attempt": row["attempt"]} for row in rows]


async def build(db: Direct) -> Rich:
    """Make all of it."""
    rich = Rich(db)
    await _set_up(rich)
    await _upload(rich, "upload", "people", ROWS)
    await _upload(rich, "second upload", "people", 6)
    await db.call("begin_upload", **_begin(rich, "half upload", "people"))
    await db.call("append_rows", upload=key("half upload"), first_row=1, rows=[_cells(1)], columns=None)
    for name in ("batch", "paused", "ended"):
        rich.things[name] = (await db.call("launch_batch", **launch(rich, name)))["batch"]
    await db.call("fill_batches", limit=1000)
    await _run(rich)
    await _results(rich)
    rich.things["built at"] = await rich.one("select now()")
    return rich


def launch(rich: Rich, name: str) -> dict[str, Any]:
    """Arguments of `launch_batch`."""
    upload = rich["upload"] if name == "batch" else rich["second upload"]
    return {
        "launch_key": key(f"launch {name}"),
        "upload": upload,
        "pipeline": rich["pipeline"],
        "row_limit": None,
        "name": name,
        "budget": None,
        "actor": "test",
    }


async def _set_up(rich: Rich) -> None:
    db = rich.db
    await db.call("sync_registry", workflows=REGISTRY)
    for name in ("Northgate", "Southgate"):
        rich.things[name] = (await db.call("create_client", name=name, actor="test"))["uid"]
    rich.things["client_id"] = await rich.one("select id from clients where uid = $1", rich["Northgate"])
    await db.call("save_workflow_config", **config(rich, CONFIG, None))
    made = {"client": rich["Northgate"], "upload_kind": "people", "steps": STEPS, "actor": "test"}
    for name in ("pipeline", "spare pipeline"):
        rich.things[name] = (
            await db.call("create_pipeline", **with_request(rich, "create_pipeline", name=name, **made))
        )["uid"]


def config(rich: Rich, chosen: dict[str, Any], version: int | None) -> dict[str, Any]:
    """Arguments of `save_workflow_config`."""
    return {
        "client": rich["Northgate"],
        "workflow": "paid",
        "label": "",
        "config": chosen,
        "version": version,
        "actor": "test",
    }


def with_request(rich: Rich, function: str, **args: Any) -> dict[str, Any]:
    """The arguments, and a request key of their own where the function takes one."""
    if "request" in rich.db.signatures[function].types:
        args.setdefault("request", key(f"request {function} {json.dumps(args, sort_keys=True, default=str)}"))
    return args


def _begin(rich: Rich, name: str, kind: str) -> dict[str, Any]:
    return {
        "client": rich["Northgate"],
        "kind": kind,
        "filename": f"{name}.csv",
        "sha256": (key(name) * 2).replace("-", "")[:64],
        "byte_size": 100,
        "header": HEADER,
        "mapping": MAPPING,
        "report": {},
        "allow_duplicate": False,
        "actor": "test",
        "upload": key(name),
    }


def _cells(n: int) -> list[str]:
    return [f"p{n}@firm{n % 7}.example", f"Firm {n % 7}", f"firm{n % 7}.example", f"https://linkedin.com/in/p{n % 20}"]


async def _upload(rich: Rich, name: str, kind: str, rows: int) -> None:
    db = rich.db
    await db.call("begin_upload", **_begin(rich, name, kind))
    await db.call(
        "append_rows", upload=key(name), first_row=1, rows=[_cells(n) for n in range(1, rows + 1)], columns=None
    )
    await db.call("finish_upload", upload=key(name), row_count=rows, report={}, header=None)
    rich.things[name] = key(name)


async def turn(rich: Rich, parsed: dict[str, Any] | None = None) -> None:
    """One turn of an engine with workers: everything computed that is due succeeds."""
    db = rich.db
    answer = await db.call(
        "dispatch_pending_items", limit=1000, chunk_size=1000, workflows=[*SLUGS, "extract_work_history"]
    )
    for chunk in answer["chunks"]:
        claimed = await db.call("claim_chunk", chunk=chunk["chunk_id"], claimer=key(f"worker {chunk['chunk_id']}"))
        refs = [{"state_id": item["state_id"], "attempt": item["attempt"]} for item in claimed["items"]]
        if claimed.get("workflow") == "paid":
            await db.call("mark_sending", **sending(rich, refs, key(f"send {chunk['chunk_id']}")))
            taken = [ref | {"outcome": "taken"} for ref in refs]
            await db.call("record_sends", outcomes=taken, url_sha256="0" * 64)
        else:
            done = [
                {**ref, "parsed": parsed or {}, "source": "computed", "raw": None, "identity": None} for ref in refs
            ]
            await db.call("complete_items", items=done)
    await db.call("advance_completed_items", limit=1000)


def sending(rich: Rich, refs: list[dict[str, int]], send_key: str) -> dict[str, Any]:
    """Arguments of `mark_sending`."""
    return {
        "url_sha256": "0" * 64,
        "client_id": rich["client_id"],
        "items": refs,
        "cap": 50_000,
        "send_key": send_key,
    }


async def answer(rich: Rich, state: dict[str, int], outcome: dict[str, Any], *, settle: bool = True) -> int:
    """A callback for an attempt; returns its place in the inbox."""
    row = await rich.db.pg.fetchrow(
        "select i.uid, s.step_index from workflow_states s join batch_items i on i.id = s.batch_item_id"
        " where s.id = $1",
        state["state_id"],
    )
    stored = await rich.db.call(
        "receive_callback", **callback(rich, row["uid"], row["step_index"], state["attempt"], outcome)
    )
    if settle:
        await rich.db.call("settle_callback", inbox=stored["inbox_id"], outcome=outcome)
    return int(stored["inbox_id"])


def callback(rich: Rich, item: Any, step: int, attempt: int, outcome: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `receive_callback`."""
    args = {
        "workflow": "paid",
        "item": str(item),
        "step": step,
        "attempt": attempt,
        "client_id": None,
        "body": json.dumps(outcome),
    }
    return with_request(rich, "receive_callback", **args)


GOOD = {"status": "success", "parsed": {"paid_out": "yes"}, "raw": {"a": 1}, "identity": {"industry": "Robotics"}}
BAD = {"status": "error", "error": "Not found."}


async def _run(rich: Rich) -> None:
    """Take the batches some way: one ended, one paused, one with rows in every state."""
    db = rich.db
    for _ in range(2):
        await turn(rich)
    for name in ("ended", "paused", "batch"):
        waiting = await rich.states(rich[name], "IN_PROGRESS", 1)
        for place, state in enumerate(waiting if name == "ended" else waiting[:3] if name == "paused" else waiting[:8]):
            await answer(rich, state, GOOD if place % 4 else BAD)
    await turn(rich)
    await turn(rich)
    waiting = await rich.states(rich["batch"], "IN_PROGRESS", 1)
    rich.things["stored callback"] = await answer(rich, waiting[0], GOOD, settle=False)
    await db.call("pause_batch", batch=rich["paused"], actor="test")
    rich.things["fresh"] = (await db.call("launch_batch", **launch(rich, "fresh")))["batch"]
    await db.call("fill_batches", limit=1000)
    # The fresh batch has due rows, claimed ones, and one whose next try is an hour away.
    await turn_claim_only(rich)
    rich.things["unfilled"] = (await db.call("launch_batch", **launch(rich, "unfilled")))["batch"]


async def turn_claim_only(rich: Rich) -> None:
    """Dispatch, claim, and leave it at that: rows that a worker has in hand."""
    db = rich.db
    answered = await db.call("dispatch_pending_items", limit=4, chunk_size=2, workflows=SLUGS)
    rich.things["chunks"] = [chunk["chunk_id"] for chunk in answered["chunks"]]
    rich.things["claimed"] = await db.call(
        "claim_chunk", chunk=rich["chunks"][0], claimer=key("worker"), holder=key("machine")
    )
    first, second = rich["claimed"]["items"][:2]
    rich.things["in hand"] = {"state_id": first["state_id"], "attempt": first["attempt"]}
    retried = {"state_id": second["state_id"], "attempt": second["attempt"], "code": "workflow_error", "text": "later"}
    await db.call("fail_items", items=[{**retried, "retry": True, "retry_after_s": 3600}])
    rich.things["retrying item"] = second["item"]


async def _results(rich: Rich) -> None:
    """Leads, customers, views, links, replays, sign-ins, and the engine's lease."""
    db = rich.db
    run = await db.call("request_extraction", batches=[rich["ended"]], parser_version=1, actor="test", hold_s=60)
    rich.things["run"] = run[0]["uid"]
    items = await db.pg.fetch(
        "select i.id from batch_items i join batches b on b.id = i.batch_id where b.uid = $1 order by i.id",
        rich["ended"],
    )
    rich.things["extracted"] = [lead(row["id"], n) for n, row in enumerate(items)]
    await db.call("store_extractions", run=rich["run"], rows=rich["extracted"][:3], through=2)
    customers = [
        {"name": f"Firm {n}", "name_key": f"firm {n}", "domain": f"firm{n}.example", "given": f"Firm {n}"}
        for n in range(4)
    ]
    await db.call(
        "save_customers", client=rich["Northgate"], customers=customers, upload=None, replace=False, actor="test"
    )
    rich.things["customer"] = str(await rich.one("select uid from client_customers order by id limit 1"))
    view = {"client": rich["Northgate"], "page": "leads", "name": "Mine", "query": {}, "actor": "test"}
    rich.things["view"] = (await db.call("save_view", **with_request(rich, "save_view", **view)))["uid"]
    link = {"client": rich["Northgate"], "label": "For them", "filters": {}, "days": 30, "actor": "test"}
    rich.things["link"] = (await db.call("create_share_link", **with_request(rich, "create_share_link", **link)))["uid"]
    await db.call("take_engine_lease", holder=key("engine"), seconds=20)


def lead(item: int, n: int) -> dict[str, Any]:
    """A row as `store_extractions` takes it."""
    return {
        "item": item,
        "parser_version": 1,
        "lead": {"person_name": f"Person {n}", "company_name": f"Firm {n}", "company_domain": f"firm{n}.example"},
        "search": f"person {n}",
        "title_search": "",
        "fields": {},
        "sources": {},
        "report": {},
        "positions": [{"company_name": f"Firm {n}", "company_key": f"firm {n}", "company_domain": f"firm{n}.example"}],
        "history": {"step": 1, "attempt": 1},
    }
