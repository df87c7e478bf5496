"""The sender: rows of a claimed chunk go to the client's Clay table, and every send is accounted for.

The dispatcher hands over a chunk for which it has taken rate tokens. Group by group: the database marks the rows as
"may have been sent" and counts them, then they are posted at once, then the outcomes are recorded. The answer comes
later, to a receiver that this module knows only as a URL in the row.

    mark_sending ──▶ POST ─┬─ taken ─────▶ mark_sent      wait for the callback
                           ├─ refused ───▶ fail_items     certainly not sent: retried, or failed with the reason
                           └─ unknown ───▶ (nothing)      never sent again by itself: wait for the callback's deadline
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import orjson
from pydantic import ValidationError

from app.clay_config import WARN_AT, ClayConfig
from app.clay_http import UNKNOWN, Answer, http_client, post_row
from app.clay_tokens import callback_url
from app.db import Database
from app.errors import Retry, StepError
from app.settings import settings
from app.workflows.base import ClayWorkflow

__all__ = ["MAX_PAYLOAD_BYTES", "SendReport", "http_client", "send_chunk"]

MAX_PAYLOAD_BYTES = 100_000
"""Clay takes up to 100 KB a row (Clay community, "Understanding Clay's API limits")."""

GROUP = 20
LONGEST_PAUSE_S = 10.0
HOPELESS = frozenset(("clay_not_found", "clay_unauthorized", "clay_unavailable"))
"""Refusals that concern the webhook, not the row: when a whole group gets one, the rest of the chunk would as well."""

Chunk = Mapping[str, Any]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class SendReport:
    """What became of a chunk's rows; the counts add up to its size."""

    taken: int = 0
    unknown: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    stale: int = 0
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


class _Row(NamedTuple):
    """A row ready to be sent."""

    state_id: int
    attempt: int
    body: bytes

    @property
    def ref(self) -> dict[str, int]:
        """What names this attempt in the database."""
        return {"state_id": self.state_id, "attempt": self.attempt}


async def send_chunk(
    db: Database, http: httpx.AsyncClient, chunk: Chunk, workflow: ClayWorkflow[Any, Any]
) -> SendReport:
    """Send a claimed chunk's rows to Clay, each at most once.

    Args:
        db: the database.
        http: `http_client()`; it guards against private addresses.
        chunk: what `claim_chunk` returned.
        workflow: composes the rows.

    Returns:
        What became of the rows. Failures of rows are in the database, not raised.

    Raises:
        DatabaseError: an outcome could not be recorded. Nothing is sent twice for that: rows marked as sent wait for
            their callback, the others go back to the queue when their lease ends.
    """
    report = SendReport()
    try:
        config = _config_model(workflow).model_validate(chunk["config"] or {})
        base = _receiver_base()
    except (ValidationError, StepError) as problem:
        refusal = Answer("refused", "missing_config", _config_problem(problem, workflow.title))
        await _refuse(db, report, [(item, refusal) for item in chunk["items"]])
        return report
    rows = await _compose(db, report, chunk, workflow, base)
    await _Sending(db, http, chunk, config, report).run(rows)
    return report


def _config_model(workflow: ClayWorkflow[Any, Any]) -> type[ClayConfig]:
    """The workflow's own config model, if it adds fields to the common one."""
    model = workflow.Config
    return model if model is not None and issubclass(model, ClayConfig) else ClayConfig


def _receiver_base() -> str:
    """Where Clay answers to.

    Raises:
        StepError: nobody has said it.
    """
    base = settings().public_url
    if not base:
        raise StepError("Leadloom does not know its own address: set PUBLIC_URL, then retry these rows.")
    return base


def _config_problem(problem: ValidationError | StepError, title: str) -> str:
    """What is wrong with a config, without quoting any value of it."""
    if isinstance(problem, StepError):
        return problem.message
    details = "; ".join(
        f"{error['loc'][0] if error['loc'] else 'config'}: {error['msg'].removeprefix('Value error, ')}"
        for error in problem.errors(include_url=False, include_input=False, include_context=False)
    )
    return f'The client\'s configuration of "{title}" cannot be used ({details}). Correct it, then retry these rows.'


async def _compose(
    db: Database, report: SendReport, chunk: Chunk, workflow: ClayWorkflow[Any, Any], base: str
) -> list[_Row]:
    """Turn items into request bodies; those that cannot be sent fail here, before anything counts as sent."""
    key = settings().signing_key.get_secret_value()
    rows: list[_Row] = []
    refused: list[tuple[Mapping[str, Any], Answer]] = []
    for item in chunk["items"]:
        uid, attempt = item["item"], item["attempt"]
        url = callback_url(base, workflow.slug, uid, chunk["step_index"], attempt, key=key)
        ours = {"batch_item_id": uid, "attempt": attempt, "callback_url": url, "workflow_slug": workflow.slug}
        try:
            body = orjson.dumps(workflow.compose(item["fields"], item["original"], chunk["mapping"]) | ours)
        except StepError as problem:
            delay_s = problem.delay_s if isinstance(problem, Retry) else None
            refused.append((item, Answer("refused", problem.code, problem.message, problem.retried, delay_s)))
            continue
        except Exception as problem:  # noqa: BLE001 -- a workflow's own code may fail in any way; its text is the reason
            refused.append((item, Answer("refused", "workflow_error", f"{type(problem).__name__}: {problem}")))
            continue
        if len(body) > MAX_PAYLOAD_BYTES:
            text = f"The row is {len(body):,} bytes as JSON; Clay takes {MAX_PAYLOAD_BYTES:,}. It was not sent."
            refused.append((item, Answer("refused", "payload_too_large", text)))
        else:
            rows.append(_Row(item["state_id"], attempt, body))
    await _refuse(db, report, refused)
    return rows


class _Sending:
    """One chunk on its way out."""

    def __init__(
        self, db: Database, http: httpx.AsyncClient, chunk: Chunk, config: ClayConfig, report: SendReport
    ) -> None:
        self.db, self.http, self.config, self.report = db, http, config, report
        self.client_id = chunk["client_id"]
        self.client = chunk["client_slug"]
        self.bucket = config.bucket_key(chunk["client_slug"])

    async def run(self, rows: Sequence[_Row]) -> None:
        """Send the rows group by group, no faster than the config's burst and rate."""
        started = 0
        for group in _groups(rows, min(GROUP, self.config.burst)):
            refusal, pause = await self.send_group(group)
            started += len(group)
            rest = rows[started:]
            if refusal and rest:
                await _refuse(self.db, self.report, [(row.ref, refusal) for row in rest])
                return
            if rest and started >= self.config.burst:
                pause = max(pause, len(group) / self.config.rate_per_second)
            if rest and pause:
                await asyncio.sleep(pause)

    async def send_group(self, group: Sequence[_Row]) -> tuple[Answer | None, float]:
        """Mark, post, record.

        Returns:
            A refusal that the remaining rows would get as well, if there is one; and the seconds to wait before the
            next group.
        """
        allowed = await self.mark(group)
        answers = await asyncio.gather(*(post_row(self.http, self.config, row.body) for row in allowed))
        taken = [row.ref for row, answer in zip(allowed, answers, strict=True) if answer.outcome == "taken"]
        refused = [
            (row.ref, answer) for row, answer in zip(allowed, answers, strict=True) if answer.outcome == "refused"
        ]
        self.report.taken += len(taken)
        self.report.unknown += answers.count(UNKNOWN)
        await _refuse(self.db, self.report, refused, self.config.url_sha256)
        if taken:
            await self.db.call("mark_sent", items=taken)
        return await self.consider([answer for _, answer in refused], len(allowed))

    async def mark(self, group: Sequence[_Row]) -> list[_Row]:
        """Tell the database that these rows may be sent from now on; returns those that it allows."""
        reply = await self.db.call(
            "mark_sending",
            url_sha256=self.config.url_sha256,
            client_id=self.client_id,
            items=[row.ref for row in group],
            cap=self.config.lifetime_cap,
            send_key=uuid4(),  # asked again because the reply was lost, the database allows the same rows
        )
        total, cap = reply["sent_total"], self.config.lifetime_cap
        self.report.sent_total = total
        if cap * WARN_AT <= total:
            log.warning("client %s: a Clay webhook has taken %d of %d rows; make a new one", self.client, total, cap)
        capped = set(reply["capped"])
        exhausted = Answer(
            "refused",
            "webhook_exhausted",
            f"This Clay webhook has taken all the {cap:,} rows that it can take in its life; Clay would drop more "
            "without a word. Make a new webhook in the Clay table, put its URL into the client's workflow settings, "
            "then retry these rows.",
        )
        await _refuse(self.db, self.report, [(row.ref, exhausted) for row in group if row.state_id in capped])
        allowed = set(reply["allowed"])
        self.report.stale += len(group) - len(allowed) - len(capped)
        return [row for row in group if row.state_id in allowed]

    async def consider(self, refusals: Sequence[Answer], posted: int) -> tuple[Answer | None, float]:
        """Draw conclusions from a group's refusals for the rows after it."""
        waits = [answer.retry_after_s or 0.0 for answer in refusals if answer.code == "clay_rate_limited"]
        if waits:
            longest = max(waits)
            await self.db.call("block_rate_bucket", key=self.bucket, seconds=longest)
            if longest > LONGEST_PAUSE_S:
                return next(answer for answer in refusals if answer.code == "clay_rate_limited"), 0.0
            return None, longest
        codes = {answer.code for answer in refusals}
        if posted and len(refusals) == posted and len(codes) == 1 and codes <= HOPELESS:
            return refusals[0], 0.0
        return None, 0.0


def _groups(rows: Sequence[_Row], size: int) -> Iterator[Sequence[_Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def _refuse(
    db: Database,
    report: SendReport,
    refusals: Sequence[tuple[Mapping[str, Any], Answer]],
    url_sha256: str | None = None,
) -> None:
    """Record rows that certainly were not sent; those that a webhook refused do not count against its life."""
    if not refusals:
        return
    for _, answer in refusals:
        report.refuse(answer.code)
    await db.call(
        "fail_items",
        items=[
            {
                "state_id": row["state_id"],
                "attempt": row["attempt"],
                "code": answer.code,
                "text": answer.text,
                "retry": answer.retry,
                "retry_after_s": answer.retry_after_s,
                "unsent": True,
                "url_sha256": url_sha256,
            }
            for row, answer in refusals
        ],
    )
