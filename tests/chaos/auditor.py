"""An auditor that shares no code with the product: SQL of its own over a direct connection, and the wires' evidence.

The books are the tables. The evidence is what the wires saw arrive at Clay and what they saw acknowledged to Clay, and
the sandbox's own record. Evidence beats books: a row that arrived and is not booked as sent is a defect, whatever else
is in the tables; a row that is booked and did not arrive is counted and shown: "may have been sent" is allowed.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.chaos.auditor_sql import QUERIES
from tests.chaos.wires import Acknowledged, SentRow

__all__ = ["Books", "Finding", "audit"]

Attempt = tuple[str, str, int]
"""Workflow, item, attempt."""

# What may happen to a healthy row in a run: Clay said so, Clay said nothing, or what Clay said could not be read.
FAULT_OF_CLAY = frozenset(
    (
        "clay_error",
        "not_found",
        "callback_timeout",
        "send_unconfirmed",
        "unreadable_answer",
        "clay_rate_limited",
    )
)
STATES = """
select i.uid::text as item, i.row_number, s.step_name, s.step_index, s.status::text, s.attempt, s.sent_at, s.history,
       s.error_code, s.error_text, s.send_count
  from public.workflow_states s join public.batch_items i on i.id = s.batch_item_id
  join public.batches b on b.id = i.batch_id where b.uid = $1
"""
INBOX = """
select item_uid::text as item, step_index, attempt, body, verdict::text
  from public.callback_inbox where item_uid is not null
"""


@dataclass(frozen=True)
class Finding:
    """Something that does not add up."""

    check: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check}: {self.detail}"


@dataclass
class Books:
    """What the auditor counted; `findings` is empty when everything adds up."""

    items: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    received: int = 0
    booked: int = 0
    never_arrived: int = 0
    acknowledged: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def find(self, check: str, details: Iterable[str]) -> None:
        """Add one finding for all of these, with the first few as examples."""
        said = list(details)
        if said:
            more = f" (and {len(said) - 4} more)" if len(said) > 4 else ""
            self.findings.append(Finding(check, "; ".join(said[:4]) + more))


async def audit(
    connection: asyncpg.Connection,
    batch: str,
    sent: list[SentRow],
    acknowledged: list[Acknowledged],
    sandbox: dict[str, Any],
    *,
    rows: int,
    poisoned: set[int],
) -> Books:
    """Compare the books of a batch that has come to rest with the evidence.

    Args:
        connection: straight to PostgreSQL.
        batch: its uid.
        sent: what the wire to Clay saw.
        acknowledged: what the wire to the receivers saw.
        sandbox: the sandbox's own record.
        rows: how many the uploaded file has.
        poisoned: row numbers that may fail for what is in them.
    """
    books = Books()
    for check, query in QUERIES.items():
        books.find(check, [f"row {r['row']}: {r['why']}" for r in await connection.fetch(query, batch)])
    stored = await connection.fetchval(
        "select count(*) from public.raw_apollo_uploads r join public.batches b on b.upload_id = r.upload_id"
        " where b.uid = $1",
        batch,
    )
    if stored != rows:
        books.find("every line of the file one raw row", [f"{stored} raw rows of {rows}"])
    states = await connection.fetch(STATES, batch)
    _sends(books, states, sent, sandbox)
    await _callbacks(books, connection, states, acknowledged)
    _failures(books, states, poisoned)
    items = await connection.fetch(
        "select i.state::text as state, count(*)::int as n from public.batch_items i join public.batches b"
        " on b.id = i.batch_id where b.uid = $1 group by 1",
        batch,
    )
    books.items.update({row["state"]: row["n"] for row in items})
    return books


def _booked(states: list[asyncpg.Record]) -> set[Attempt]:
    """The attempts that the tables say were, or may have been, sent."""
    found: set[Attempt] = set()
    for state in states:
        key = state["step_name"], state["item"]
        if state["sent_at"] is not None:
            found.add((*key, state["attempt"]))
        for earlier in json.loads(state["history"] or "[]"):
            if earlier.get("sent_at"):
                found.add((*key, int(earlier["attempt"])))
    return found


def _sends(books: Books, states: list[asyncpg.Record], sent: list[SentRow], sandbox: dict[str, Any]) -> None:
    copies = Counter((row.workflow, row.item, row.attempt) for row in sent if row.taken)
    told = defaultdict(list)
    for row in sent:
        told[row.workflow, row.item, row.attempt].append(row.told)
    booked = _booked(states)
    books.received, books.booked = copies.total(), len(booked)
    books.never_arrived = len(booked - copies.keys())
    books.find(
        "copies received per item, step and attempt are at most one",
        [f"{key} came {n} times, its sender was told {told[key]}" for key, n in copies.items() if n > 1],
    )
    books.find(
        "received is booked as sent",
        [f"{key} arrived and is not booked; its sender was told {told[key]}" for key in copies.keys() - booked],
    )
    per_step: dict[tuple[str, str], set[int]] = defaultdict(set)
    for workflow, item, attempt in copies:
        per_step[workflow, item].add(attempt)
    resent = {key: sorted(tries) for key, tries in per_step.items() if len(tries) > 1}
    allowed = {(s["step_name"], s["item"]) for s in states if _asked_for(s)}
    books.find(
        "nothing that arrived is sent again by itself",
        [f"{key} arrived as attempts {tries}" for key, tries in resent.items() if key not in allowed],
    )
    record: Counter[Attempt] = Counter()
    for space in sandbox["workspaces"].values():
        for name, attempts in space.get("rows", {}).items():
            workflow, item = name.split("/", 1)
            record.update({(workflow, item, int(attempt)): n for attempt, n in attempts.items()})
    books.find(
        "the sandbox's record is the wire's",
        [
            f"{key}: sandbox {record[key]}, wire {copies[key]}"
            for key in record.keys() | copies.keys()
            if record[key] != copies[key]
        ],
    )


def _asked_for(state: asyncpg.Record) -> bool:
    """Whether an operator may have asked for this step again: only a failure can be, and it is in the history."""
    return any(e.get("code") in FAULT_OF_CLAY or e.get("code") == "rerun" for e in json.loads(state["history"] or "[]"))


async def _callbacks(
    books: Books, connection: asyncpg.Connection, states: list[asyncpg.Record], acknowledged: list[Acknowledged]
) -> None:
    inbox: dict[tuple[str, int, int], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in await connection.fetch(INBOX):
        inbox[row["item"], row["step_index"], row["attempt"]][row["body"]].append(row["verdict"])
        books.verdicts[row["verdict"]] += 1
    books.acknowledged = len(acknowledged)
    lost, unsettled, unused = [], [], []
    by_step = {(s["item"], s["step_index"]): s for s in states}
    for said in acknowledged:
        where = f"{said.workflow} {said.item} attempt {said.attempt}"
        verdicts = inbox[said.item, said.step_index, said.attempt].get(said.body)
        if not verdicts:
            lost.append(f"{where}, {len(said.body)} bytes")
            continue
        if all(verdict == "received" for verdict in verdicts):
            unsettled.append(where)
        state = by_step.get((said.item, said.step_index))
        if (
            said.is_answer
            and not said.poisoned
            and state
            and state["attempt"] == said.attempt
            and state["status"] not in ("COMPLETED", "CANCELLED")
        ):
            unused.append(f"{where}: {state['status']} {state['error_code']}, verdicts {verdicts}")
    books.find("an acknowledged body is in the inbox", lost)
    books.find("an acknowledged body is settled", unsettled)
    books.find("an acknowledged answer is used", unused)


def _failures(books: Books, states: list[asyncpg.Record], poisoned: set[int]) -> None:
    strange = []
    for state in states:
        if state["status"] == "FAILED":
            books.failures[state["error_code"]] += 1
            if state["row_number"] not in poisoned and state["error_code"] not in FAULT_OF_CLAY:
                text = (state["error_text"] or "")[:90]
                strange.append(f"row {state['row_number']} at {state['step_name']}: {state['error_code']} {text!r}")
    books.find("a healthy row fails for its own reasons only", strange)
