"""The inbox: every callback body as it came, with its verdict, and reading them again once they can be read.

Reading again costs nothing: the body was kept, and the answer is paid for. Pages (`/callbacks`) and the console
(`leadloom callbacks`) use the same filter and the same functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from app.db import Database
from app.engine.callbacks import read_callback, refused_by_database
from app.engine.refusals import is_rows_fault
from app.errors import DatabaseError, InputError
from app.states import CallbackVerdict
from app.text.uids import read_uid

__all__ = [
    "DOUBTFUL",
    "Filter",
    "Reread",
    "begin_reread",
    "list_callbacks",
    "one_callback",
    "reread",
    "reread_portions",
]

AT_A_TIME = 50
MAX_BYTES = 2_000_000
DOUBTFUL = "doubtful"
"""Not a verdict: applied, with fields left out."""

COUNTS = ("completed", "failed", "corrected", "unreadable", "unchanged")


@dataclass(frozen=True)
class Filter:
    """Which callbacks are meant; None: any.

    Attributes:
        verdict: a `CallbackVerdict`, or `doubtful`.
        client: the client's uid.
        workflow: a workflow's slug.
        since: received at this time or later.
        until: received before this time.
        ids: just these.
    """

    verdict: str | None = None
    client: str | None = None
    workflow: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: list[int] | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """The filter in an address or a command line; what is empty or unknown there is left out.

        Raises:
            InputError: a value is none of its kind; says which would be.
        """
        said = {name: value.strip() for name, value in given.items() if value.strip()}
        verdict = said.get("verdict")
        verdicts = [*CallbackVerdict, DOUBTFUL]
        if verdict is not None and verdict not in verdicts:
            raise InputError(f'There is no verdict "{verdict[:40]}".', f"Choose one of {', '.join(verdicts)}.")
        return cls(
            verdict,
            _client(said.get("client")),
            said.get("workflow"),
            _moment(said.get("since")),
            _moment(said.get("until"), through=True),
        )

    def as_json(self) -> dict[str, Any]:
        """The filter as the database takes it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass
class Reread:
    """What reading again came to.

    Attributes:
        count: callbacks of the filter that could be read again at the start.
        done: those that were looked at.
        completed: rows that have their answer now.
        failed: rows that ended with the error that Clay had reported.
        corrected: results that are another now.
        unreadable: callbacks that still cannot be read.
        unchanged: callbacks whose row needs them no longer, or whose result stayed as it was.
        before: where to go on; None when all are done.
    """

    count: int = 0
    done: int = 0
    completed: int = 0
    failed: int = 0
    corrected: int = 0
    unreadable: int = 0
    unchanged: int = 0
    before: int | None = field(default=None, repr=False)

    @property
    def left(self) -> int:
        """Callbacks that are still to be looked at."""
        return max(0, self.count - self.done) if self.before is not None else 0


async def list_callbacks(db: Database, chosen: Filter, before: int | None, limit: int = 50) -> dict[str, Any]:
    """One page of the inbox, newest first: rows, `next` (give it as `before`), and what the page's filters offer."""
    found: dict[str, Any] = await db.read("insights_callbacks", filter=chosen.as_json(), before=before, limit=limit)
    return found


async def one_callback(db: Database, inbox_id: int) -> dict[str, Any]:
    """One callback with its whole body.

    Raises:
        NotFoundError: there is none of this number.
    """
    found: dict[str, Any] = await db.read("insights_callback", inbox=inbox_id)
    return found


async def reread(
    db: Database, chosen: Filter, *, actor: str, on_progress: Callable[[Reread], None] | None = None
) -> Reread:
    """Read all of a filter again that was rejected, given up or doubtful.

    Args:
        db: the database.
        chosen: which callbacks.
        actor: who asked, for the audit log.
        on_progress: told after every portion.
    """
    report = await begin_reread(db, chosen, actor)
    return await reread_portions(db, chosen, report, on_progress=on_progress)


async def begin_reread(db: Database, chosen: Filter, actor: str) -> Reread:
    """Count what can be read again, and note in the audit log who begins with it."""
    began = await db.call("begin_reread", filter=chosen.as_json(), actor=actor, request=uuid4())
    return Reread(count=began["count"])


async def reread_portions(
    db: Database,
    chosen: Filter,
    report: Reread,
    *,
    max_seconds: float | None = None,
    on_progress: Callable[[Reread], None] | None = None,
) -> Reread:
    """Go on with reading again from `report.before`; with `max_seconds`, stop after the portion in which it is over."""
    until = None if max_seconds is None else time.monotonic() + max_seconds
    while report.done < report.count:
        portion = await db.read(
            "rereadable_callbacks", filter=chosen.as_json(), before=report.before, limit=AT_A_TIME, max_bytes=MAX_BYTES
        )
        outcomes = [
            {"inbox_id": row["inbox_id"], "outcome": read_callback(row["workflow"], row["body"], row["item"])}
            for row in portion["rows"]
        ]
        counts = await _settle_again(db, outcomes) if outcomes else {}
        for name in COUNTS:
            setattr(report, name, getattr(report, name) + counts.get(name, 0))
        report.done += len(outcomes)
        report.before = portion["next"]
        if on_progress and outcomes:
            on_progress(report)
        if report.before is None or (until is not None and time.monotonic() > until):
            break
    return report


async def _settle_again(db: Database, outcomes: list[dict[str, Any]]) -> dict[str, int]:
    """Settle a portion; where the database refuses an answer's data, in halves, down to that answer."""
    try:
        counts: dict[str, int] = await db.call("reread_callbacks", items=outcomes)
    except DatabaseError as error:
        if not is_rows_fault(error):
            raise
        if len(outcomes) == 1:
            [one] = outcomes
            refused = refused_by_database(one["outcome"], error)
            return await db.call("reread_callbacks", items=[{"inbox_id": one["inbox_id"], "outcome": refused}])  # type: ignore[no-any-return]
        half = len(outcomes) // 2
        first, second = await _settle_again(db, outcomes[:half]), await _settle_again(db, outcomes[half:])
        return {name: first[name] + second[name] for name in COUNTS}
    return counts


def _client(text: str | None) -> str | None:
    if text is None:
        return None
    uid = read_uid(text)
    if uid is None:
        raise InputError(f'"{text[:40]}" is not a client.', "Choose one from the list of clients.")
    return str(uid)


def _moment(text: str | None, *, through: bool = False) -> datetime | None:
    """A moment as written, in UTC where it says no zone; `through`: a day means until its end."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f'"{text[:40]}" is not a date.', "Use the form 2026-11-26 or 2026-11-26T14:30.") from None
    if through and len(text) == len("2026-11-26"):
        moment += timedelta(days=1)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
