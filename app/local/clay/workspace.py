"""The sandbox's Clay workspaces: their limits, what they have received, and how well they behave.

A workspace enforces Clay's limits as Clay does, silence included: rows beyond a webhook's lifetime cap are taken with a
200 and vanish. Misbehaviour is decided per row and attempt from a seed, so a run can be repeated.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Plan", "Refusal", "RowKey", "Workspace", "WorkspaceSettings"]

RowKey = tuple[str, str, str]
"""Workflow, item and attempt of a row."""


class WorkspaceSettings(BaseSettings):
    """How a workspace behaves; from `CLAY_SANDBOX_…` variables, arguments, or `PUT /workspaces/{name}`."""

    model_config = SettingsConfigDict(env_prefix="CLAY_SANDBOX_", extra="forbid")

    mode: Literal["well", "misbehaving", "odd"] = "well"
    rate_per_second: float = Field(default=10, gt=0)
    burst: int = Field(default=20, ge=1)
    lifetime_cap: int = Field(default=50_000, ge=0)
    max_bytes: int = 100_000
    auth_token: str | None = None
    delay_min_s: float = Field(default=0.2, ge=0)
    delay_max_s: float = Field(default=2.0, ge=0)
    slow_s: float = Field(default=10.0, ge=0)
    seed: str = ""
    gone_tables: tuple[str, ...] = ()
    receiver_url: str | None = Field(default=None, description="Answer to this fixed URL, not to the row's own.")
    receiver_token: str | None = None
    # What share of rows it happens to when misbehaving.
    duplicates: float = Field(default=0.05, ge=0, le=1)
    slow: float = Field(default=0.05, ge=0, le=1)
    garbage: float = Field(default=0.02, ge=0, le=1)
    never: float = Field(default=0.02, ge=0, le=1)
    rate_limited: float = Field(default=0.03, ge=0, le=1)
    errors: float = Field(default=0.0, ge=0, le=1)
    not_found: float = Field(default=0.03, ge=0, le=1)
    # How often something is odd, and when the whole service is away, in the mode of that name.
    odd_every: int = Field(default=5, ge=1)
    away_after: int = Field(default=30, ge=1)
    away_s: float = Field(default=3.0, ge=0)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer other than yes."""

    status: int
    text: str
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the sandbox will do about a row that it took.

    `answers` holds, in order, seconds after receipt and what is sent then: `answer`, `error`, `not_found`, or the text
    of a broken body. `reply` is what the sender is told: a status, `hang_up` (nothing) or `broken` (a beginning).
    """

    kind: str
    answers: tuple[tuple[float, str], ...]
    reply: str = "200"
    gzip: bool = False


@dataclass
class Workspace:
    """One workspace: a rate limit that its tables share, and a counter per table."""

    name: str
    settings: WorkspaceSettings
    tokens: float = 0.0
    refilled_at: float = 0.0
    submissions: Counter[str] = field(default_factory=Counter)
    received: Counter[RowKey] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    asked: int = 0

    def __post_init__(self) -> None:
        self.configure(self.settings)

    def configure(self, settings: WorkspaceSettings) -> None:
        """Take other settings; the rate bucket is full again."""
        self.settings = settings
        self.tokens, self.refilled_at = float(settings.burst), time.monotonic()

    def check(self, table: str, token: str | None, size: int) -> Refusal | None:
        """Whether a request may come in, before its body is looked at. Counts against the rate if so."""
        wanted = self.settings
        if table in wanted.gone_tables:
            return self._refuse(Refusal(404, "This table or webhook does not exist."))
        if wanted.auth_token and token != wanted.auth_token:
            return self._refuse(Refusal(401, "The x-clay-webhook-auth header is missing or wrong."))
        if size > wanted.max_bytes:
            return self._refuse(Refusal(413, f"A row may have {wanted.max_bytes} bytes."))
        if not self._take_token():
            return self._refuse(Refusal(429, f"More than {wanted.rate_per_second:g} rows per second.", 1))
        return None

    def accept(self, table: str, key: RowKey) -> Plan | Refusal:
        """Take a row, and say what will happen to it."""
        rng = random.Random(f"{self.settings.seed}|{'|'.join(key)}")  # noqa: S311 -- chance that can be repeated
        misbehaves = self.settings.mode == "misbehaving"
        if misbehaves and rng.random() < self.settings.rate_limited:
            return self._refuse(Refusal(429, "Slow down.", 1))
        oddity = self._next_oddity() if self.settings.mode == "odd" else ""
        if oddity == "429s":
            return self._refuse(Refusal(429, "Slow down.", 1))
        self.received[key] += 1
        self.submissions[table] += 1
        if self.submissions[table] > self.settings.lifetime_cap:
            plan = Plan("vanished", ())
        elif oddity:
            plan = _odd_plan(oddity, self._delay(rng))
        else:
            plan = self._misbehave(rng) if misbehaves else Plan("answered", ((self._delay(rng), "answer"),))
        self.planned[plan.kind] += 1
        return plan

    def report(self, *, rows: bool) -> dict[str, Any]:
        """What came in, by row where asked for: `{"workflow/item": {attempt: times}}`."""
        said: dict[str, Any] = {
            "settings": self.settings.model_dump(exclude={"auth_token", "receiver_token"}),
            "received": self.received.total(),
            "repeated": [
                {"workflow": key[0], "item": key[1], "attempt": key[2], "times": times}
                for key, times in self.received.items()
                if times > 1
            ],
            "submissions": dict(self.submissions),
            "refused": dict(self.refused),
            "planned": dict(self.planned),
        }
        if rows:
            by_row: dict[str, dict[str, int]] = {}
            for (workflow, item, attempt), times in self.received.items():
                by_row.setdefault(f"{workflow}/{item}", {})[attempt] = times
            said["rows"] = by_row
        return said

    def _next_oddity(self) -> str:
        """What is odd about this request: all kinds in turn, so that every run has each. Refusals come in bursts."""
        if self.busy:
            self.busy -= 1
            return "429s"
        self.asked += 1
        turn, rest = divmod(self.asked, self.settings.odd_every)
        oddity = "" if rest else ODDITIES[(turn - 1) % len(ODDITIES)]
        if oddity == "429s":
            self.busy = BURST_OF_REFUSALS - 1
        return oddity

    def _misbehave(self, rng: random.Random) -> Plan:
        delay, settings = self._delay(rng), self.settings
        roll = rng.random()
        for kind, share in (
            ("never", settings.never),
            ("garbage", settings.garbage),
            ("slow", settings.slow),
            ("duplicate", settings.duplicates),
            ("error", settings.errors),
            ("not_found", settings.not_found),
        ):
            if roll < share:
                return self._plan(kind, rng, delay)
            roll -= share
        return Plan("answered", ((delay, "answer"),))

    def _plan(self, kind: str, rng: random.Random, delay: float) -> Plan:
        if kind == "never":
            return Plan(kind, ())
        if kind == "garbage":
            broken = (delay, rng.choice(GARBAGE))
            if rng.random() < 0.5:  # noqa: PLR2004 -- half of them are followed by nothing
                return Plan("garbage_only", (broken,))
            return Plan(kind, (broken, (delay + self._delay(rng), "answer")))
        if kind == "slow":
            return Plan(kind, ((delay + self.settings.slow_s * rng.uniform(0.5, 1.5), "answer"),))
        if kind == "duplicate":
            again = delay + rng.choice((0.0, 0.0, self._delay(rng)))
            return Plan(kind, ((delay, "answer"), (again, "answer")))
        return Plan(kind, ((delay, kind),))

    def _delay(self, rng: random.Random) -> float:
        return rng.uniform(self.settings.delay_min_s, max(self.settings.delay_min_s, self.settings.delay_max_s))

    def _take_token(self) -> bool:
        now = time.monotonic()
        gained = (now - self.refilled_at) * self.settings.rate_per_second
        self.tokens, self.refilled_at = min(float(self.settings.burst), self.tokens + gained), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def _refuse(self, refusal: Refusal) -> Refusal:
        self.refused[str(refusal.status)] += 1
        return refusal


def _odd_plan(oddity: str, delay: float) -> Plan:
    """The row is in the table; what the sender is told says something else, or the answer comes in an odd way."""
    if oddity == "lost":
        return Plan(oddity, (), "502")
    if oddity == "not_found":
        return Plan(oddity, ((delay, "not_found"),))
    if oddity == "gzip":
        return Plan(oddity, ((delay, "answer"),), gzip=True)
    return Plan(oddity, ((delay, "answer"),), oddity)


ODDITIES = ("500", "gzip", "502", "429s", "503", "301", "hang_up", "408", "broken", "307", "lost", "not_found")
"""In turn: another status than 200 for a row that is taken, nothing said, half an answer, a compressed callback, a
burst of 429s, a 502 for a row that is never answered, and a row for which nothing is found."""
BURST_OF_REFUSALS = 5

GARBAGE = (
    "",
    "undefined",
    "<html><body><h1>502 Bad Gateway</h1></body></html>",
    '{"raw_payload": {"name": The Original Bakery}}',
    '"null"',
    "[]",
    "[1, 2, 3]",
    '{"status": "succ',
    '{"oops": true}',
)
