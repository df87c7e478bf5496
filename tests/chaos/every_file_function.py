"""Calls of the functions around files for the test of repeats: files in pieces, exports, archives, retired tokens."""

from __future__ import annotations

import base64
from typing import Any

from tests.chaos.rich import GOOD, Rich, answer, config, key
from tests.engine_kit import CONFIG

__all__ = ["FILE_CASES", "FILE_LATER", "FILE_MOVES"]

HOLDER = key("file worker")
PIECE = base64.b64encode(b"Email\n").decode()
FILE = {"filename": "big.csv", "byte_size": 12, "sha256": "d" * 64, "piece_bytes": 6, "kind": "people", "actor": "test"}


def _file(rich: Rich) -> dict[str, Any]:
    return {**FILE, "client": rich["Northgate"], "allow_duplicate": False}


def _export(rich: Rich) -> dict[str, Any]:
    asked = {"filters": {}, "format": "csv"}
    return {
        "kind": "export",
        "client": rich["Northgate"],
        "request": asked,
        "filename": "leads.csv",
        "total": 3,
        "actor": "test",
    }


async def _announced(rich: Rich) -> dict[str, Any]:
    job = await rich.db.call("begin_upload_file", **_file(rich))
    return {"job": job["uid"], "number": 0, "size": 6, "content": PIECE}


async def _asked(rich: Rich) -> str:
    """An export that waits; its uid."""
    return str((await rich.db.call("request_file_job", **_export(rich)))["uid"])


async def _offered(rich: Rich) -> dict[str, Any]:
    await _asked(rich)
    return {}


async def _waiting(rich: Rich) -> dict[str, Any]:
    return {"holder": HOLDER, "seconds": 60, "job": await _asked(rich)}


async def _held(rich: Rich) -> dict[str, Any]:
    """An export under way; what every call about it names."""
    taken = await _waiting(rich)
    await rich.db.call("take_file_job", **taken)
    return {"job": taken["job"], "holder": HOLDER}


async def _kept(rich: Rich) -> dict[str, Any]:
    return await _held(rich) | {"seconds": 60, "phase": "writing", "done": 2, "total": 3}


async def _piece(rich: Rich) -> dict[str, Any]:
    return await _held(rich) | {"number": 0, "size": 6, "content": PIECE, "resume_at": {"after": 3}, "done": 3}


async def _list_held(rich: Rich) -> dict[str, Any]:
    """A list of customers that a worker reads."""
    asked = {"kind": "customers", "client": rich["Northgate"], "request": {"upload": rich["upload"]}}
    job = await rich.db.call("request_file_job", **asked, filename="c.csv", total=2, actor="test")
    await rich.db.call("take_file_job", holder=HOLDER, seconds=60, job=job["uid"])
    return {"job": job["uid"], "holder": HOLDER}


async def _drafts(rich: Rich) -> dict[str, Any]:
    customer = {"row": 1, "name": "Brandt", "name_key": "brandt", "domain": "brandt.example", "given": "Brandt"}
    return await _list_held(rich) | {"through": 2, "customers": [customer], "unread": 1, "examples": ["?"]}


async def _drafted(rich: Rich) -> dict[str, Any]:
    drafts = await _drafts(rich)
    await rich.db.call("draft_customers", **drafts)
    return {"job": drafts["job"], "holder": HOLDER, "upload": rich["upload"]}


async def _released(rich: Rich) -> dict[str, Any]:
    return await _held(rich) | {"error": None}


async def _finished(rich: Rich) -> dict[str, Any]:
    return await _held(rich) | {"result": {"rows": 3}, "done": 3}


async def _failed(rich: Rich) -> dict[str, Any]:
    return await _held(rich) | {"error": "The disk is full.", "hint": "Try again.", "code": "io"}


async def _swept(rich: Rich) -> dict[str, Any]:
    await rich.db.call("store_piece", **await _announced(rich))
    return {"portion": 100}


def _part(rich: Rich) -> dict[str, Any]:
    return {
        "batch": rich["ended"],
        "kind": "results",
        "part": 1,
        "path": "a/1.parquet",
        "sha256": "e" * 64,
        "byte_size": 10,
        "row_count": 1,
    }


async def _archived(rich: Rich) -> dict[str, Any]:
    """One payload that is in a file of the archive."""
    await rich.db.pg.execute(
        "update batches set state = 'COMPLETED', finished_at = now() where uid = $1", rich["ended"]
    )
    await rich.db.call("record_archive_file", **_part(rich))
    row = await rich.db.pg.fetchrow(
        "select r.batch_item_id as id, r.step_index as step, md5(r.raw::text) as md5 from enrichment_results r"
        " join batch_items i on i.id = r.batch_item_id join batches b on b.id = i.batch_id"
        " where b.uid = $1 and r.raw is not null order by 1 limit 1",
        rich["ended"],
    )
    file = await rich.one("select uid from archive_files")
    return {"file": str(file), "keys": [dict(row)], "last": True}


async def _removed(rich: Rich) -> dict[str, Any]:
    args = await _archived(rich)
    await rich.db.call("remove_archived", **args)
    back = [{"id": k["id"], "step": k["step"], "body": '{"a": 1}'} for k in args["keys"]]
    return {"file": args["file"], "rows": back}


async def _all_removed(rich: Rich) -> dict[str, Any]:
    await _removed(rich)
    await rich.db.pg.execute("update enrichment_results set raw = null")
    await rich.db.pg.execute("update callback_inbox set body = ''")
    return {"batch": rich["ended"], "actor": "test"}


async def _all_archived(rich: Rich) -> dict[str, Any]:
    args = await _all_removed(rich)
    await rich.db.call("finish_archive", **args)
    return args


async def _ended_part(rich: Rich) -> dict[str, Any]:
    await rich.db.pg.execute(
        "update batches set state = 'COMPLETED', finished_at = now() where uid = $1", rich["ended"]
    )
    return _part(rich)


async def _scrubbed(rich: Rich) -> dict[str, Any]:
    await rich.db.call("record_archive_file", **await _ended_part(rich))
    asked = await rich.db.call(
        "request_erasure", sha256=["f" * 64], kinds=["e-mail"], pattern="nobody@nowhere", actor="test"
    )
    file = {"path": _part(rich)["path"], "sha256": "0" * 64, "byte_size": 9, "row_count": 0}
    return {"erasure": asked["uid"], **file}


async def _gone_file(rich: Rich) -> dict[str, Any]:
    await rich.db.call("record_archive_file", **await _ended_part(rich))
    await rich.db.pg.execute("update archive_files set batch_id = null")
    subject = {"kind": "client", "subject": rich["Southgate"], "confirm": "Southgate", "actor": "test"}
    asked = await rich.db.call("request_deletion", **subject)
    return {"deletion": asked["uid"], "path": _part(rich)["path"]}


async def _retired(rich: Rich) -> dict[str, Any]:
    """A receiver token that was changed, and is still taken."""
    for token in ("first-receiver-token-0001", "other-receiver-token-0002"):
        await rich.db.call("save_workflow_config", **config(rich, CONFIG | {"receiver_token": token}, None))
    return {"client": rich["Northgate"], "actor": "test"}


async def _unplaced(rich: Rich) -> dict[str, Any]:
    """Rows of a shared step that nobody has placed yet."""
    await answer(rich, (await rich.states(rich["batch"], "IN_PROGRESS", 1))[2], GOOD)
    await rich.db.pg.execute(
        "update workflow_states set available_at = 'infinity', entity_value = null where status = 'PENDING'"
    )
    states = await rich.db.pg.fetch("select id from workflow_states where status = 'PENDING' order by id")
    return {"rows": [{"state_id": row["id"], "keys": ["1:acme"]} for row in states]}


FILE_CASES: dict[str, Any] = {
    "adopt_customers": _drafted,
    "begin_upload_file": _file,
    "draft_customers": _drafts,
    "fail_file_job": _failed,
    "finish_archive": _all_removed,
    "finish_file_job": _finished,
    "finish_restore": _all_archived,
    "keep_file_job": _kept,
    "note_removed_file": _gone_file,
    "note_scrubbed_file": _scrubbed,
    "offer_file_jobs": _offered,
    "place_rows": _unplaced,
    "record_archive_file": _ended_part,
    "refuse_retired_tokens": _retired,
    "release_file_job": _released,
    "remove_archived": _archived,
    "request_file_job": _export,
    "restore_archived": _removed,
    "store_export_piece": _piece,
    "store_piece": _announced,
    "sweep_file_jobs": _swept,
    "take_file_job": _waiting,
}

FILE_MOVES: dict[str, dict[str, set[str]]] = {
    "append_rows": {"uploads": {"touched_at"}},  # its sender is alive
    "begin_upload_file": {"file_jobs": {"touched_at"}},
    "keep_file_job": {"file_jobs": {"touched_at", "lease_until"}},  # a renewal is what it is called for
    "store_export_piece": {"file_jobs": {"touched_at"}},
    "store_piece": {"file_jobs": {"touched_at"}},
    "take_file_job": {"file_jobs": {"touched_at", "lease_until"}},
}

FILE_LATER = {"sweep_file_jobs": "2 days"}
