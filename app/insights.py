"""Every read model that the pages show: one function per screen, each one call of a SQL function that returns JSON.

Pages, command line and tests all read here; nobody else writes a query. Lists take a cursor (the `next` of the page
before) and answer with `rows` and `next`, None on the last page. Times are ISO 8601 text, ids in answers are uids.
Every function raises NotFoundError for an entity that does not exist.
"""

from __future__ import annotations

from typing import Any

from app.db import Database

__all__ = [
    "audit_log",
    "batch",
    "batches",
    "client",
    "clients",
    "config",
    "configs",
    "exports",
    "file_job",
    "files",
    "health",
    "home",
    "item",
    "items",
    "launch",
    "manifest",
    "pipeline",
    "pipelines",
    "registry",
    "result",
    "retry",
    "upload",
    "upload_rows",
    "uploads",
]

Answer = dict[str, Any]


async def home(db: Database) -> Answer:
    """What the start page decides by: `{"clients", "batches", "running", "only"}`."""
    return _object(await db.read("insights_home"))


async def clients(db: Database, *, search: str | None, archived: bool, after: Any, limit: int) -> Answer:
    """Clients by name with their activity."""
    return _object(await db.read("insights_clients", search=search, archived=archived, after=after, limit=limit))


async def client(db: Database, uid: str) -> Answer:
    """One client at a glance: uploads, batches, pipelines, and the configs that its pipelines lack (`missing`)."""
    return _object(await db.read("insights_client", client=uid))


async def uploads(db: Database, client_uid: str, *, search: str | None, after: int | None, limit: int) -> Answer:
    """A client's uploads, newest first."""
    return _object(await db.read("insights_uploads", client=client_uid, search=search, after=after, limit=limit))


async def upload(db: Database, uid: str, *, client: str) -> Answer:
    """One upload of a client: header, mapping, reader's report, first rows, batches, duplicates so far (`scan`)."""
    return _object(await db.read("insights_upload", upload=uid, client=client))


async def upload_rows(
    db: Database, uid: str, *, client: str, search: str | None, repeated: bool, after: int | None, limit: int
) -> Answer:
    """Raw rows of a client's upload; `searched_through` is set when a search stopped for time before it was full."""
    return _object(
        await db.read(
            "insights_upload_rows",
            upload=uid,
            client=client,
            search=search,
            repeated=repeated,
            after=after,
            limit=limit,
        )
    )


async def launch(db: Database, upload_uid: str, *, client: str) -> Answer:
    """What a launch of this client's upload could be: the pipelines that fit, with what each step needs and costs."""
    return _object(await db.read("insights_launch", upload=upload_uid, client=client))


async def pipelines(db: Database, client_uid: str, *, archived: bool = False) -> Answer:
    """A client's pipelines and the shared templates."""
    return _object(await db.read("insights_pipelines", client=client_uid, archived=archived))


async def pipeline(
    db: Database, uid: str | None, *, client_uid: str | None = None, version: int | None = None
) -> Answer:
    """One pipeline for the builder (None: a new one of `client_uid`), its versions, and the palette of workflows."""
    return _object(await db.read("insights_pipeline", pipeline=uid, client=client_uid, version=version))


async def configs(db: Database, client_uid: str) -> Answer:
    """A client's configs of all workflows, without their secrets."""
    return _object(await db.read("insights_configs", client=client_uid))


async def config(db: Database, client_uid: str, workflow: str, label: str) -> Answer:
    """One config for its form: schema, values without secrets, which secrets are set, the webhook's counter."""
    return _object(await db.read("insights_config", client=client_uid, workflow=workflow, label=label))


async def registry(db: Database) -> Answer:
    """Every workflow: what it reads and writes, how it is retried, how often it failed, who uses it."""
    return _object(await db.read("insights_registry"))


async def batches(
    db: Database, *, client_uid: str | None, state: str | None, search: str | None, after: int | None, limit: int
) -> Answer:
    """Batches, newest first, with their counts."""
    return _object(
        await db.read("insights_batches", client=client_uid, state=state, search=search, after=after, limit=limit)
    )


async def batch(db: Database, uid: str) -> Answer:
    """One batch: matrix of steps and buckets, chart points, errors by cause, cost."""
    return _object(await db.read("insights_batch", batch=uid))


async def retry(db: Database, uid: str, *, step: int | None = None, code: str | None = None) -> Answer:
    """What a retry of these failures would requeue (`count`) and cost (`cost`)."""
    return _object(await db.read("insights_retry", batch=uid, step=step, code=code))


async def items(
    db: Database,
    batch_uid: str,
    *,
    step: int | None,
    bucket: str | None,
    code: str | None,
    search: str | None,
    after: int | None,
    limit: int,
) -> Answer:
    """Rows of a batch under filters; `searched_through` is set when a search stopped for time."""
    return _object(
        await db.read(
            "insights_items",
            batch=batch_uid,
            step=step,
            bucket=bucket,
            code=code,
            search=search,
            after=after,
            limit=limit,
        )
    )


async def item(db: Database, uid: str) -> Answer:
    """One row's life: states with earlier attempts, results, callbacks, the untouched original."""
    return _object(await db.read("insights_item", item=uid))


async def result(db: Database, item_uid: str, step: int, part: str) -> Any:
    """One result payload whole; `part` is "raw" or "parsed"."""
    return await db.read("insights_result", item=item_uid, step=step, part=part)


async def exports(db: Database, *, limit: int) -> Answer:
    """The latest long exports, newest first."""
    return _object(await db.read("insights_exports", limit=limit))


async def files(db: Database, client_uid: str) -> Answer:
    """A client's files that are on their way in."""
    return _object(await db.read("insights_files", client=client_uid))


async def file_job(db: Database, uid: str) -> Answer:
    """One file job: an upload being read, a comparison, a long export; how far it is, and why it failed."""
    return _object(await db.read("file_job", job=uid))


async def manifest(db: Database, batch_uid: str) -> Answer:
    """The account of a batch's export: uploaded = delivered + failed + waiting."""
    return _object(await db.read("batch_manifest", batch=batch_uid))


async def health(db: Database) -> Answer:
    """The engine's last run, what is overdue, callbacks by verdict, webhooks' counters."""
    return _object(await db.read("insights_health"))


async def audit_log(
    db: Database, *, client_uid: str | None, actor: str | None, action: str | None, after: int | None, limit: int
) -> Answer:
    """Who did what, newest first, and what can be filtered by."""
    return _object(
        await db.read("insights_audit", client=client_uid, actor=actor, action=action, after=after, limit=limit)
    )


def _object(answer: Any) -> Answer:
    """What SQL said is an object by contract; anything else is a broken deployment, no empty page."""
    if not isinstance(answer, dict):
        raise TypeError(f"expected an object from the read model, got {type(answer).__name__}")
    return answer
