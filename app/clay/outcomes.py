"""What a sender says about rows: the report of a chunk, and outcomes as the database takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.clay.post import Answer
from app.db import Database

__all__ = ["NOT_SENT", "Row", "SendReport", "exhausted", "held_back", "outcome_of", "refuse"]


@dataclass(slots=True)
class SendReport:
    """What became of a chunk's rows; the counts add up to its size."""

    taken: int = 0
    unknown: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    stale: int = 0
    returned: int = 0
    sent_total: int = 0

    @property
    def sent(self) -> int:
        """Rows that were, or may have been, sent."""
        return self.taken + self.unknown

    @property
    def failed(self) -> int:
        """Rows that were not sent; the database decides which of them are tried again."""
        return sum(self.refused.values())

    def refuse(self, code: str, n: int = 1) -> None:
        """Count rows that were not sent, by error code."""
        if n:
            self.refused[code] = self.refused.get(code, 0) + n


class Row(NamedTuple):
    """A row ready to be sent."""

    state_id: int
    attempt: int
    body: bytes

    @property
    def ref(self) -> dict[str, int]:
        """What names this attempt in the database."""
        return {"state_id": self.state_id, "attempt": self.attempt}


NOT_SENT = Answer("unsent", "not_sent", "Not sent: nothing left Leadloom.", retry=True, retry_after_s=0.0, snooze=True)


def outcome_of(ref: Mapping[str, int], answer: Answer, *, resend: bool = False) -> dict[str, Any]:
    """An outcome as the database takes it."""
    return {
        "state_id": ref["state_id"],
        "attempt": ref["attempt"],
        "outcome": answer.outcome,
        "http_status": answer.status,
        "code": answer.code,
        "text": answer.text,
        "retry": answer.retry,
        "retry_after_s": answer.retry_after_s,
        "snooze": answer.snooze,
        "resend": resend and answer.outcome == "unknown",
    }


def exhausted(cap: int) -> Answer:
    """A webhook has taken all that it can."""
    return Answer(
        "refused",
        "webhook_exhausted",
        f"This Clay webhook has accepted all the {cap:,} rows that it can; Clay would silently drop any more. "
        "Create a new webhook in the Clay table, save its URL on the client's Workflows page, "
        "then retry these rows.",
    )


def held_back(landed: Sequence[Answer]) -> Answer:
    """What is said of rows that are not even tried, since a whole group before them was left in the dark."""
    last = landed[-1]
    if last.status is not None and last.status < 400:  # noqa: PLR2004 -- a redirect is there to stay
        return Answer(
            "refused",
            "clay_rejected",
            f"Not sent: Clay answered the rows before with a redirect ({last.status}). Copy the webhook URL from Clay "
            "again, then retry these rows.",
        )
    return Answer(
        "unsent",
        "clay_unavailable",
        f"Not sent: Clay is having problems. {last.text.replace('the row', 'a row before it')}",
        retry=True,
        retry_after_s=last.retry_after_s or 1.0,
        snooze=True,
    )


async def refuse(db: Database, report: SendReport, refusals: Sequence[tuple[Mapping[str, Any], Answer]]) -> None:
    """Record rows that were never marked, and certainly were not sent."""
    if not refusals:
        return
    for _, answer in refusals:
        report.refuse(answer.code)
    said = [outcome_of(row, answer) | {"unsent": True, "unmarked": True} for row, answer in refusals]
    await db.call("fail_items", items=said)
