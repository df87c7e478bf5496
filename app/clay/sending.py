"""Rows on their way out: marked in the smallest groups that speed allows, posted at once, their outcomes recorded.

A row counts as sent from its mark on, so that nothing is ever paid for twice; and a process that dies between mark and
POST costs its rows a callback's wait. So a group is marked only when it can leave at once, while the last one is on the
wire, and the call that marks it also records what became of those before it.

    mark_sending ──▶ POST ─┬─ taken ─────▶ recorded       wait for the callback
                           ├─ refused ───▶ recorded       certainly not taken: tried again, or failed with the reason
                           └─ unknown ───▶ recorded       never sent again by itself: wait for the callback's deadline
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import httpx

from app.clay.config import WARN_AT, ClayConfig
from app.clay.outcomes import NOT_SENT, Row, SendReport, exhausted, held_back, outcome_of, refuse
from app.clay.post import Answer, post_row
from app.db import Database
from app.errors import DatabaseError

__all__ = ["Sending"]

FIRST_GROUP, GROUP = 20, 100
"""Rows in a group at most: until the webhook has taken one, and afterwards."""

GROUP_SPAN_S = 0.05
"""A group holds what the config's rate lets out in this time, so that a mark is at most this much ahead."""

LONGEST_PAUSE_S = 10.0
PATIENCE_S = 120.0
PATIENCE_STEP_S = 2.0
HOPELESS = frozenset(("clay_not_found", "clay_unauthorized"))
"""Refusals that concern the webhook, not the row: after a group of nothing else, the rest of the chunk is not tried."""

log = logging.getLogger(__name__)


class Sending:
    """One chunk on its way out."""

    def __init__(
        self, db: Database, http: httpx.AsyncClient, chunk: Mapping[str, Any], config: ClayConfig, report: SendReport
    ) -> None:
        self.db, self.http, self.config, self.report = db, http, config, report
        self.client_id = chunk["client_id"]
        self.client = chunk["client_slug"]
        self.bucket = config.bucket_key(chunk["client_slug"])
        self.resends = bool((chunk["settings"].get("settings") or {}).get("resend_on_5xx"))
        self.outcomes: list[dict[str, Any]] = []
        self.flying: dict[asyncio.Task[Answer], Row] = {}
        self.landed: list[Answer] = []
        self.proven = False
        self.started = 0

    async def run(self, rows: Sequence[Row]) -> None:
        """Send the rows, no faster than the config's burst and rate."""
        waiting = list(rows)
        try:
            while waiting:
                size = self.group_size()
                await self.until_flying(self.most_flying(size) if self.proven else 0)
                verdict, pause = await self.consider(size)
                if verdict:
                    await refuse(self.db, self.report, [(row.ref, verdict) for row in waiting])
                    break
                if pause:
                    await self.until_flying(0)
                    await self.record()
                    await asyncio.sleep(pause)
                    continue
                group, waiting = waiting[:size], waiting[size:]
                if not await self.launch(group):
                    self.give_back(waiting)
                    break
            await self.until_flying(0)
            await self.consider(1)
            await self.record()
        finally:
            for task in self.flying:
                task.cancel()

    def group_size(self) -> int:
        """How many rows the next group has: what may leave in `GROUP_SPAN_S` at the config's rate."""
        most = GROUP if self.proven else FIRST_GROUP
        return max(1, min(most, self.config.burst, math.ceil(self.config.rate_per_second * GROUP_SPAN_S)))

    def most_flying(self, size: int) -> int:
        """How many rows may be on the wire when a group is marked: a second's worth, so that slow answers cost no rate.

        The first group goes alone, and until a row was taken so does every other: it may be the last that is tried.
        """
        return max(size, min(GROUP, math.ceil(self.config.rate_per_second)))

    async def launch(self, group: Sequence[Row]) -> bool:
        """Wait for the rate, mark a group, and post it at once; False if the batch has stopped."""
        if self.started >= self.config.burst:
            await asyncio.sleep(len(group) / self.config.rate_per_second)
            self.land()
        self.started += len(group)
        allowed, stopped = await self.mark(group)
        for row in allowed:
            self.flying[asyncio.create_task(post_row(self.http, self.config, row.body))] = row
        return not stopped

    async def until_flying(self, most: int) -> None:
        """Wait until at most so many rows are on the wire, and note what became of the others."""
        while len(self.flying) > most:
            await asyncio.wait(self.flying, return_when=asyncio.FIRST_COMPLETED)
            self.land()
        self.land()

    def land(self) -> None:
        """Note the outcomes of the posts that are answered."""
        for task in [task for task in self.flying if task.done()]:
            row, answer = self.flying.pop(task), task.result()
            self.landed.append(answer)
            self.outcomes.append(outcome_of(row.ref, answer, resend=self.resends and answer.retry))
            if answer.outcome == "taken":
                self.report.taken += 1
                self.proven = True
            elif answer.outcome == "unknown":
                self.report.unknown += 1
            else:
                self.report.refuse(answer.code)

    async def mark(self, group: Sequence[Row]) -> tuple[list[Row], bool]:
        """Tell the database that these rows may be sent from now on, and what became of those before.

        Returns:
            The rows that it allows; and whether the batch has stopped, so that nothing more is sent.

        Raises:
            DatabaseError: it could not be told. The rows were not sent, and go back to the queue.
        """
        said, self.outcomes = self.outcomes, []
        try:
            reply = await self.db.call(
                "mark_sending",
                url_sha256=self.config.url_sha256,
                client_id=self.client_id,
                items=[row.ref for row in group],
                cap=self.config.lifetime_cap,
                send_key=uuid4(),  # asked again because the reply was lost, the database allows the same rows
                outcomes=said,
                bucket=self.bucket,
            )
        except DatabaseError:
            # Some may have been marked all the same, and nobody will post them.
            self.outcomes = said + [outcome_of(row.ref, NOT_SENT) for row in group]
            await self.until_flying(0)
            await self.record(PATIENCE_S)
            raise
        total, cap = reply["sent_total"], self.config.lifetime_cap
        self.report.sent_total = total
        if cap * WARN_AT <= total:
            log.warning("client %s: a Clay webhook has taken %d of %d rows; make a new one", self.client, total, cap)
        capped = set(reply["capped"])
        await refuse(self.db, self.report, [(row.ref, exhausted(cap)) for row in group if row.state_id in capped])
        allowed = set(reply["allowed"])
        self.report.returned += len(reply["returned"])
        self.report.stale += len(group) - len(allowed) - len(capped) - len(reply["returned"])
        return [row for row in group if row.state_id in allowed], bool(reply["returned"])

    async def consider(self, size: int) -> tuple[Answer | None, float]:
        """Draw conclusions from what has landed since the last time, for the rows that are not marked yet.

        Args:
            size: how many refusals alike tell that the webhook itself is meant.

        Returns:
            A refusal that they would get as well, if there is one; and the seconds to wait before the next group.
        """
        landed, self.landed = self.landed, []
        alike = len(landed) >= size and len({(answer.outcome, answer.code) for answer in landed}) == 1
        if alike and landed[0].code in HOPELESS:
            return landed[0], 0.0
        refusals = [answer for answer in landed if answer.snooze]
        if not refusals and alike and landed[0].outcome == "unknown":
            refusals = [held_back(landed)]
        if not refusals or not refusals[0].snooze:
            return (refusals[0] if refusals else None), 0.0
        longest = max(refusals, key=lambda answer: answer.retry_after_s or 0.0)
        await self.record()  # a row that was taken makes the pause a first one
        reply = await self.db.call("block_rate_bucket", key=self.bucket, seconds=longest.retry_after_s)
        pause = float(reply["seconds"])
        if pause > LONGEST_PAUSE_S or any(answer.code == "clay_unavailable" for answer in refusals):
            return longest, 0.0
        return None, pause

    def give_back(self, rows: Sequence[Row]) -> None:
        """Rows that are not marked go back to the queue, no attempt used up."""
        self.outcomes += [outcome_of(row.ref, NOT_SENT) | {"unmarked": True} for row in rows]
        self.report.returned += len(rows)

    async def record(self, patience_s: float = 0.0) -> None:
        """Record the outcomes that no mark took along.

        Args:
            patience_s: how long to ask a database again that cannot be reached.

        Raises:
            DatabaseError: they could not be recorded.
        """
        give_up_at = time.monotonic() + patience_s
        while self.outcomes:
            try:
                await self.db.call(
                    "record_sends", outcomes=self.outcomes, url_sha256=self.config.url_sha256, bucket=self.bucket
                )
            except DatabaseError as error:
                if not error.retried or time.monotonic() > give_up_at:
                    raise
                await asyncio.sleep(PATIENCE_STEP_S)
            else:
                self.outcomes = []
