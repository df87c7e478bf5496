"""What one run does to an installation, all of it decided by the run's seed.

A plan says how the sandbox behaves, what goes wrong on the wires, and which events happen at which progress of the
batch. Interleavings of processes cannot be repeated to the microsecond; the plan can, and a defect that a seed has
shown comes back within a few runs of it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.chaos.wires import Faults

__all__ = ["EVENTS", "Event", "Plan", "plan_of"]

EVENTS = {
    "kill engine": "SIGKILL of the engine with its workers",
    "kill engine at mark_sending": "SIGKILL when rows were marked as about to be sent",
    "kill engine at record_sends": "SIGKILL when it was recorded what became of rows that were sent",
    "kill engine at claim_chunk": "SIGKILL when a worker has claimed its chunk",
    "kill engine at complete_items": "SIGKILL when results were handed back",
    "kill engine at dispatch_pending_items": "SIGKILL when rows were dispatched",
    "kill web": "SIGKILL of the receivers",
    "kill web at callback": "SIGKILL of the receivers when a callback was taken in",
    "kill web at take_callbacks": "SIGKILL of the receivers when a group was stored and settled, and nobody was told",
    "kill gateway": "SIGKILL of the HTTP API; the database goes on with what it was asked",
    "kill gateway at mark_sending": "SIGKILL of the HTTP API with that reply",
    "kill gateway at take_callbacks": "SIGKILL of the HTTP API with that reply",
    "kill backend": "SIGKILL of one PostgreSQL backend; the server restarts all of them",
    "kill postmaster": "SIGKILL of the PostgreSQL server",
    "kill stack": "SIGKILL of the process that keeps PostgreSQL",
    "freeze engine": "SIGSTOP of the engine beyond every lease, while a second one takes over",
    "freeze gateway": "SIGSTOP of the HTTP API for seconds",
    "freeze web": "SIGSTOP of the receivers for seconds",
    "second engine": "another engine beside the first",
    "migrate": "every function file applied again",
    "pause and resume": "the operator pauses and resumes",
    "late clock": "time passes every lease and deadline at once",
}


@dataclass(frozen=True)
class Event:
    """Something that happens.

    Attributes:
        kind: of EVENTS.
        share: when this share of all item-steps has ended.
        nth: for an event tied to a message: how many of them pass first.
        seconds: how long what was taken away stays away.
    """

    kind: str
    share: float
    nth: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """One run, decided."""

    seed: int
    rows: int
    poisoned_rows: int
    sandbox: dict[str, str]
    database: Faults
    clay: Faults
    callbacks: Faults
    events: tuple[Event, ...]
    retry_at_end: bool
    notes: list[str] = field(default_factory=list)


def plan_of(seed: int, rows: int) -> Plan:
    """The plan of a seed."""
    rng = random.Random(f"chaos-{seed}")
    kinds = list(EVENTS)
    # Every kind comes up once in so many consecutive seeds, the rest is chance.
    chosen = [kinds[seed % len(kinds)], *rng.sample(kinds, rng.randint(2, 4))]
    events = tuple(
        sorted(
            (Event(kind, rng.uniform(0.03, 0.95), rng.randint(1, 4), rng.uniform(0.2, 2.5)) for kind in chosen),
            key=lambda event: event.share,
        )
    )
    misbehaving = rng.random() < 0.5
    sandbox = {
        "CLAY_SANDBOX_MODE": "misbehaving" if misbehaving else "well",
        "CLAY_SANDBOX_SEED": str(seed),
        "CLAY_SANDBOX_SLOW_S": "4",
        "CLAY_SANDBOX_DELAY_MAX_S": "1.5",
        "CLAY_SANDBOX_ERRORS": "0.02",
    }
    return Plan(
        seed=seed,
        rows=rows,
        poisoned_rows=rng.choice((0, 0, 1, 3, 5)),
        sandbox=sandbox,
        database=Faults(
            lost_reply=rng.choice((0.0, 0.01, 0.03)),
            doubled=rng.choice((0.0, 0.02, 0.05)),
            delayed=rng.choice((0.0, 0.02)),
            passing_401=rng.choice((0.0, 0.01, 0.01)),
        ),
        clay=Faults(
            lost_reply=rng.choice((0.0, 0.02)),
            delayed=rng.choice((0.0, 0.05)),
            told_5xx=rng.choice((0.0, 0.03)),
        ),
        callbacks=Faults(
            lost_reply=rng.choice((0.0, 0.03)),
            doubled=rng.choice((0.0, 0.05)),
            delayed=rng.choice((0.0, 0.05)),
            poison=rng.choice((0.0, 0.0, 0.01)),
        ),
        events=events,
        retry_at_end=rng.random() < 0.4,
    )
