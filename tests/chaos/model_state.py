"""What the model of the state machine knows of batches, rows and steps; how they change is `model.py`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """A step of the pipeline that the model knows."""

    name: str
    max_attempts: int
    timeout_s: int
    paid: bool = False
    only_if: str | None = None  # what alpha must have found

    @property
    def lease_s(self) -> int:
        """How long a worker may take."""
        return 300 if self.paid else min(max(self.timeout_s, 30), 900)


STEPS = (
    Step("alpha", 2, 60),
    Step("beta", 2, 60, only_if="yes"),
    Step("paid", 2, 600, paid=True),
    Step("gamma", 2, 60),
)

__all__ = ["COST", "RETRY_S", "STEPS", "Batch", "Chunk", "Item", "State", "Step", "is_over"]

COST = 2

RETRY_S = 5


@dataclass
class State:
    """One row's state at one step."""

    status: str
    attempt: int = 0
    snoozes: int = 0
    max_attempts: int = 0
    available: int = 0
    lease: int | None = None
    deadline: int | None = None
    sent: bool = False
    accepted: bool = False
    send_key: str | None = None
    reran_at: int = 0  # the attempt after which an operator had the row run again
    sends: int = 0
    code: str | None = None
    advanced: bool = False
    booked: set[int] = field(default_factory=set)  # attempts that were, or may have been, sent
    taken_back: set[int] = field(default_factory=set)  # attempts that were booked, and said not to have left

    @property
    def used(self) -> int:
        """Attempts that count."""
        return self.attempt - self.snoozes

    def visible(self) -> tuple[object, ...]:
        """What is compared with the table."""
        code = self.code if self.status == "FAILED" else None
        at_work = self.status == "IN_PROGRESS"
        times = (
            self.available if self.status == "PENDING" else None,
            self.lease if at_work and not self.sent else None,
            self.deadline if at_work and self.sent else None,
        )
        return self.status, self.attempt, self.snoozes, self.sent, self.sends, self.advanced, code, times


@dataclass
class Item:
    """One row of a batch."""

    states: list[State] = field(default_factory=list)
    state: str = "ACTIVE"
    results: dict[int, int] = field(default_factory=dict)  # step -> attempt
    found: str | None = None  # what alpha found
    before: dict[int, int] = field(default_factory=dict)  # step -> attempts of states that a rerun took away


@dataclass
class Batch:
    """A batch."""

    rows: int
    state: str = "RUNNING"
    items: list[Item] = field(default_factory=list)
    gone_sends: int = 0  # of states that a rerun took away: what was paid stays paid

    @property
    def spent(self) -> int:
        """Credits."""
        return COST * (self.gone_sends + sum(state.sends for item in self.items for state in item.states))


@dataclass
class Chunk:
    """What one worker gets."""

    states: list[tuple[int, int, int]]
    created: int
    expires: int
    holder: str | None = None
    claimer: str | None = None


def is_over(moment: int | None, clock: int) -> bool:
    return moment is not None and moment <= clock
