"""One call of every volatile function of schema public, on the rich database (`rich.py`), for the test of repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.chaos.every_file_function import FILE_CASES, FILE_LATER, FILE_MOVES
from tests.chaos.rich import (
    GOOD,
    HEADER,
    MAPPING,
    REGISTRY,
    STEPS,
    Rich,
    answer,
    callback,
    config,
    key,
    launch,
    sending,
)
from tests.engine_kit import CONFIG, SLUGS

__all__ = ["CASES", "LATER", "MOVES", "PORTIONS"]

Case = dict[str, Any] | Callable[[Rich], Any]


def _item(rich: Rich) -> dict[str, Any]:
    return {**rich["in hand"], "parsed": {"alpha_out": "1"}, "source": "computed", "raw": None, "identity": None}


def _customers(*names: str) -> list[dict[str, Any]]:
    return [{"name": n.title(), "name_key": n, "domain": f"{n}.example", "given": n} for n in names]


async def _waiting(rich: Rich) -> dict[str, int]:
    return (await rich.states(rich["batch"], "IN_PROGRESS", 1))[1]


async def _receive(rich: Rich) -> dict[str, Any]:
    state = await _waiting(rich)
    item = await rich.one(
        "select i.uid from batch_items i join workflow_states s on s.batch_item_id = i.id where s.id = $1",
        state["state_id"],
    )
    return callback(rich, item, 1, state["attempt"], GOOD)


async def _group(rich: Rich) -> dict[str, Any]:
    """The answer of a row that waits, the same once more, one to a row that is done, and one that nobody knows."""
    waiting = await _receive(rich)
    done = await rich.one("select i.uid from batch_items i where i.state = 'COMPLETED' order by i.id limit 1")
    stranger = {"item": key("nobody"), "step": 1, "attempt": 1}
    several = [waiting, waiting, waiting | {"item": str(done)}, waiting | stranger]
    return {"callbacks": [one | {"outcome": GOOD, "request": key(f"part {n}")} for n, one in enumerate(several)]}


async def _unsent(rich: Rich) -> dict[str, Any]:
    """A paid row that is claimed and not marked yet."""
    await rich.db.pg.execute(
        "update workflow_states set sent_at = null, send_count = 0, accepted_at = null, deadline_at = null,"
        " lease_until = now() + interval '1 hour' where id = $1",
        (await _waiting(rich))["state_id"],
    )
    return sending(rich, [await _waiting(rich)], key("another send"))


async def _sent(rich: Rich) -> dict[str, Any]:
    """A paid row that was marked, and whose POST has just been answered."""
    await rich.db.pg.execute("update workflow_states set accepted_at = null where sent_at is not null")
    return {"items": [await _waiting(rich)]}


async def _failed_items(rich: Rich) -> dict[str, Any]:
    items = await rich.db.pg.fetch("select uid from batch_items where state = 'FAILED' order by id limit 3")
    return {"items": [str(row["uid"]) for row in items], "from_step": 0, "actor": "test"}


async def _rejected(rich: Rich) -> dict[str, Any]:
    """A callback that nobody could read then, and an outcome of reading it now."""
    inbox = await answer(rich, await _waiting(rich), {"status": "rejected", "note": "No workflow."})
    return {"items": [{"inbox_id": inbox, "outcome": GOOD}]}


async def _to_be_reread(rich: Rich) -> dict[str, Any]:
    await _rejected(rich)
    return {"filter": {"verdict": "rejected"}, "actor": "test"}


async def _refusal(rich: Rich) -> dict[str, Any]:
    refs = (await _sent(rich))["items"]
    refused = {"outcome": "refused", "code": "clay_rate_limited", "text": "429", "retry": True, "retry_after_s": 5}
    return {"outcomes": [ref | refused | {"snooze": True} for ref in refs], "url_sha256": "0" * 64}


async def _with_budget(rich: Rich) -> dict[str, Any]:
    await rich.db.pg.execute("update batches set budget = 1000 where uid = $1", rich["batch"])
    return {"batch": rich["batch"], "budget": 2000, "actor": "test"}


async def _keyed(rich: Rich) -> dict[str, Any]:
    """An upload whose rows have their keys."""
    await rich.db.call("store_keys", **KEYS)
    return {"upload": key("second upload"), "limit": 5000}


async def _reserved(rich: Rich) -> dict[str, Any]:
    await rich.db.call("reserve_sign_in", **SIGN_IN)
    return {"request": SIGN_IN["request"], "actor": "test"}


async def _deletion(rich: Rich) -> dict[str, Any]:
    asked = await rich.db.call("request_deletion", **DELETION(rich))
    return {"deletion": asked["uid"], "ms": 5000}


async def _erasure(rich: Rich) -> dict[str, Any]:
    asked = await rich.db.call("request_erasure", **ERASURE)
    return {"erasure": asked["uid"], "ms": 5000}


KEYS = {"upload": key("second upload"), "key_version": 1, "first_row": 1, "keys": ["1", "2", "3", "1", "4", None]}
SIGN_IN = {"account": "a" * 64, "network": "b" * 64, "device": None, "request": key("sign in")}
ERASURE = {"sha256": ["c" * 64], "kinds": ["e-mail"], "pattern": "p1@firm1\\.example", "actor": "test"}


def DELETION(rich: Rich) -> dict[str, Any]:  # noqa: N802 -- arguments, like those beside it
    """Arguments of `request_deletion`."""
    return {"kind": "client", "subject": rich["Southgate"], "confirm": "Southgate", "actor": "test"}


CASES: dict[str, Case] = FILE_CASES | {
    "begin_reread": _to_be_reread,
    "delete_portion": _deletion,
    "empty_originals": {"after_s": 60, "limit": 5000},
    "erase_portion": _erasure,
    "note_unsettled": lambda r: {"inbox": r["stored callback"], "why": "The database was away."},
    "raise_budget": _with_budget,
    "record_sends": _refusal,
    "release_sign_in": _reserved,
    "request_deletion": DELETION,
    "request_erasure": ERASURE,
    "reread_callbacks": _rejected,
    "reserve_sign_in": SIGN_IN,
    "store_keys": KEYS,
    "unsettled_callbacks": {"older_than_s": 15, "limit": 50},
    "abandon_leases": {"holders": [key("machine")]},
    "advance_completed_items": {"limit": 5000},
    "append_rows": {
        "upload": key("half upload"),
        "first_row": 2,
        "rows": [["a", "b"]],
        "columns": HEADER[:2],
    },
    "archive_client": lambda r: {"client": r["Southgate"], "archived": True, "actor": "test"},
    "archive_pipeline": lambda r: {"pipeline": r["spare pipeline"], "archived": True, "actor": "test"},
    "begin_upload": lambda r: {
        "client": r["Southgate"],
        "kind": "people",
        "filename": "new.csv",
        "sha256": "b" * 64,
        "byte_size": 1,
        "header": HEADER,
        "mapping": MAPPING,
        "report": {},
        "allow_duplicate": False,
        "actor": "test",
        "upload": key("new upload"),
    },
    "block_rate_bucket": {"key": "client:northgate", "seconds": 60},
    "cancel_batch": lambda r: {"batch": r["batch"], "actor": "test"},
    "claim_chunk": lambda r: {"chunk": r["chunks"][-1], "claimer": key("late worker")},
    "complete_items": lambda r: {"items": [_item(r)]},
    "create_client": {"name": "Eastgate", "actor": "test"},
    "create_pipeline": lambda r: {
        "client": r["Northgate"],
        "name": "New",
        "upload_kind": "people",
        "steps": STEPS,
        "actor": "test",
    },
    "create_share_link": lambda r: {
        "client": r["Northgate"],
        "label": "Another",
        "filters": {"industry": ["Robotics"]},
        "days": 7,
        "actor": "test",
    },
    "delete_view": lambda r: {"view": r["view"], "actor": "test"},
    "dispatch_pending_items": {"limit": 5000, "chunk_size": 1000, "workflows": SLUGS},
    "duplicate_pipeline": lambda r: {"pipeline": r["pipeline"], "client": r["Northgate"], "actor": "test"},
    "fail_items": lambda r: {"items": [{**r["in hand"], "code": "workflow_error", "text": "broken", "retry": True}]},
    "fail_upload": {"upload": key("half upload"), "error": "gone"},
    "fill_batches": {"limit": 5000},
    "finish_extraction": lambda r: {"run": r["run"], "error": None},
    "finish_upload": {"upload": key("half upload"), "row_count": 1, "report": {"a": 1}, "header": HEADER},
    "fold_tallies": {"limit": 100_000},
    "launch_batch": lambda r: launch(r, "one more"),
    "mark_sending": _unsent,
    "note_test_row": lambda r: {
        "client": r["Northgate"],
        "workflow": "paid",
        "url_sha256": "1" * 64,
        "cap": 10,
        "actor": "test",
    },
    "open_share_link": lambda r: {"link": r["link"], "count": True},
    "pause_batch": lambda r: {"batch": r["batch"], "actor": "test"},
    "reap_expired": {"limit": 5000},
    "receive_callback": _receive,
    "receive_callbacks": _group,
    "refresh_customer_flags": {"limit": 5000},
    "release_engine_lease": {"holder": key("engine"), "report": {"ticks": 1}},
    "release_extraction": lambda r: {"run": r["run"], "through": 3},
    "remove_customers": lambda r: {"client": r["Northgate"], "customers": [r["customer"]], "actor": "test"},
    "rename_client": lambda r: {"client": r["Northgate"], "name": "Northgate Ltd", "actor": "test"},
    "request_extraction": lambda r: {"batches": [r["batch"]], "parser_version": 2, "actor": "test"},
    "reset_items": _failed_items,
    "resume_batch": lambda r: {"batch": r["paused"], "actor": "test"},
    "retry_failed": lambda r: {"batch": r["ended"], "filter": {"error_code": "clay_error"}, "actor": "test"},
    "retry_item_now": lambda r: {"item": r["retrying item"], "actor": "test"},
    "revoke_share_link": lambda r: {"link": r["link"], "actor": "test"},
    "save_customers": lambda r: {
        "client": r["Northgate"],
        "customers": _customers("firm 1", "other"),
        "upload": None,
        "replace": True,
        "actor": "test",
    },
    "save_mapping": lambda r: {"upload": r["upload"], "mapping": {"email": "Email"}, "actor": "test"},
    "forget_mapping": lambda r: {"upload": r["upload"], "actor": "test"},
    "save_pipeline": lambda r: {
        "pipeline": r["pipeline"],
        "expected_version": 1,
        "steps": STEPS[:2],
        "name": "Shorter",
        "actor": "test",
    },
    "save_view": lambda r: {
        "client": r["Northgate"],
        "page": "leads",
        "name": "Other",
        "query": {"q": 1},
        "actor": "test",
    },
    "save_workflow_config": lambda r: config(r, CONFIG | {"burst": 7}, 1),
    "scan_upload": _keyed,
    "set_new_in_role": lambda r: {"client": r["Northgate"], "months": 9, "actor": "test"},
    "settle_callback": lambda r: {"inbox": r["stored callback"], "outcome": GOOD},
    "take_callbacks": _group,
    "store_extractions": lambda r: {"run": r["run"], "rows": r["extracted"], "through": 6},
    "sweep_stale_uploads": {"idle_s": 60},
    "sync_registry": {"workflows": REGISTRY[:-1]},
    "take_engine_lease": {"holder": key("engine"), "seconds": 20},
    "take_extraction": {"seconds": 30},
    "wake_engine": {},
}

# What a repeated call may move: who holds something says so again, and what is asked for again is newer.
MOVES: dict[str, dict[str, set[str]]] = FILE_MOVES | {
    "take_engine_lease": {"engine_leases": {"expires_at", "last_run_at"}},  # a renewal is what it is called for
    "wake_engine": {"engine_leases": {"woken_at"}},  # woken again: it looks again
    "take_extraction": {"extraction_runs": {"lease_until"}},
    "block_rate_bucket": {"rate_buckets": {"blocked_until", "refilled_at"}},  # blocked from now on
    "dispatch_pending_items": {"rate_buckets": {"refilled_at", "tokens"}},  # buckets refill with time
    "begin_upload": {"uploads": {"touched_at"}},  # its sender is alive
}

# How far the clock is when the first call is made, where the work has to have become due.
LATER = FILE_LATER | {
    "empty_originals": "2 days",
    "reap_expired": "2 hours",
    "sweep_stale_uploads": "1 hour",
    "take_extraction": "2 minutes",
    "unsettled_callbacks": "5 minutes",
}

# Work that goes on with every call, a portion each: once it is done, a call changes nothing.
PORTIONS = {"delete_portion", "empty_originals", "erase_portion"}
