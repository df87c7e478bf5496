"""The state machine in Python, small enough to be seen to be right: what every function should do to every row.

It is written from the design (ARCHITECTURE.md, "A step's life"), knows nothing of SQL, and is compared with the tables
after every call (`test_state_machine.py`). Times are whole seconds from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.chaos.model_state import RETRY_S, STEPS, Batch, Chunk, Item, State, Step, is_over

__all__ = ["Model"]


class Model:
    """Batches, rows and chunks, and what each function does to them."""

    def __init__(self) -> None:
        self.clock = 0
        self.batches: list[Batch] = []
        self.chunks: dict[str, Chunk] = {}

    def walk(self) -> Iterator[tuple[int, int, int, State]]:
        """Every state, with its batch, row and step."""
        for b, batch in enumerate(self.batches):
            for i, item in enumerate(batch.items):
                for s, state in enumerate(item.states):
                    yield b, i, s, state

    def at(self, where: tuple[int, int, int]) -> State | None:
        """The state of a batch's row at a step, if it is that far."""
        b, i, s = where
        states = self.batches[b].items[i].states
        return states[s] if s < len(states) else None

    # --- what the engine does -------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Every announced row becomes an item."""
        for batch in self.batches:
            while batch.state in ("RUNNING", "PAUSED") and len(batch.items) < batch.rows:
                batch.items.append(Item())
                self._enter(batch, batch.items[-1], 0)

    def advance(self) -> None:
        """Skipped states go on; ended batches end; launched ones fill."""
        for b, i, s, state in list(self.walk()):
            if state.status == "SKIPPED" and not state.advanced:
                state.advanced = True
                self._enter(self.batches[b], self.batches[b].items[i], s + 1)
        for batch in self.batches:
            full = len(batch.items) == batch.rows
            if batch.state in ("RUNNING", "PAUSED") and full and all(item.state != "ACTIVE" for item in batch.items):
                batch.state = "COMPLETED"
        self.fill()

    def due(self) -> list[tuple[int, int, int]]:
        """What a dispatch claims."""
        return [
            (b, i, s)
            for b, i, s, state in self.walk()
            if self.batches[b].state == "RUNNING" and state.status == "PENDING" and state.available <= self.clock
        ]

    def dispatch(self) -> None:
        """All that is due is under way."""
        for where in self.due():
            state = self.at(where)
            assert state is not None
            state.status, state.lease = "IN_PROGRESS", self.clock + STEPS[where[2]].lease_s
            before = self.batches[where[0]].items[where[1]].before.get(where[2], 0)
            # A state that a rerun made anew goes on counting where the old one ended; that is not used up.
            state.snoozes += max(0, before - state.attempt)
            state.attempt = max(before, state.attempt) + 1
            state.sent = state.accepted = False
            state.send_key = state.deadline = state.code = None

    def claim(self, chunk_id: str, claimer: str, holder: str) -> list[tuple[int, int, int]]:
        """The rows that a worker gets."""
        chunk = self.chunks.get(chunk_id)
        if chunk is None or chunk.claimer not in (None, claimer) or chunk.expires <= self.clock:
            return []
        chunk.claimer, chunk.holder = claimer, holder
        at_work = [where for where in chunk.states if self._at_work(where)]
        if self.clock > chunk.created + 20:
            length = chunk.expires - chunk.created
            chunk.created, chunk.expires = self.clock, self.clock + length
            for where in at_work:
                state = self.at(where)
                assert state is not None
                state.lease = self.clock + length
        return at_work

    def _at_work(self, where: tuple[int, int, int]) -> bool:
        state = self.at(where)
        return state is not None and state.status == "IN_PROGRESS" and not state.sent

    def reap(self) -> None:
        """What time does."""
        for chunk_id, chunk in list(self.chunks.items()):
            if chunk.expires <= self.clock:
                del self.chunks[chunk_id]
                if chunk.claimer is None:
                    self._take_back(chunk)
        for b, i, s, state in list(self.walk()):
            if state.status == "IN_PROGRESS" and not state.sent and is_over(state.lease, self.clock):
                self._end_lease(self.batches[b].items[i], STEPS[s], state)
            elif state.status == "IN_PROGRESS" and state.sent and is_over(state.deadline, self.clock):
                self._fail(
                    self.batches[b].items[i], state, "callback_timeout" if state.accepted else "send_unconfirmed"
                )

    def _take_back(self, chunk: Chunk) -> None:
        """No worker ever claimed it."""
        for where in chunk.states:
            state = self.at(where)
            if state and self._at_work(where) and is_over(state.lease, self.clock):
                self.give_back(state)

    def _end_lease(self, item: Item, step: Step, state: State) -> None:
        state.lease = None
        if step.paid or state.used < state.max_attempts:
            state.snoozes += step.paid  # it never went out
            state.status, state.available, state.code = "PENDING", self.clock, "lease_expired"
        else:
            self._fail(item, state, "lease_expired")

    def abandon(self, holder: str) -> None:
        """The workers of a process that is gone have no more time."""
        for chunk in self.chunks.values():
            if chunk.holder == holder and chunk.expires > self.clock:
                chunk.expires = self.clock
                for where in chunk.states:
                    state = self.at(where)
                    if state and self._at_work(where) and state.lease is not None:
                        state.lease = min(state.lease, self.clock)

    def give_back(self, state: State) -> None:
        """Never ran and never went out: no attempt is used up."""
        state.status, state.available, state.lease = "PENDING", self.clock, None
        state.snoozes += 1

    # --- what workers, senders and receivers do -------------------------------------------------------------------

    def complete(self, refs: Iterable[tuple[tuple[int, int, int], int]], found: str) -> None:
        """Results of computed steps."""
        for where, attempt in refs:
            state = self.at(where)
            if state and state.status == "IN_PROGRESS" and state.attempt == attempt:
                if where[2] == 0:
                    self.batches[where[0]].items[where[1]].found = found
                self._complete(where, state)

    def _complete(self, where: tuple[int, int, int], state: State) -> None:
        batch, item = self.batches[where[0]], self.batches[where[0]].items[where[1]]
        state.status, state.advanced, state.code, state.lease, state.deadline = "COMPLETED", True, None, None, None
        item.results[where[2]] = state.attempt
        self._enter(batch, item, where[2] + 1)

    def _enter(self, batch: Batch, item: Item, step: int) -> None:
        if step == len(STEPS):
            if item.state == "ACTIVE":
                item.state = "COMPLETED"
            return
        if step < len(item.states):
            return
        state = State("PENDING", max_attempts=STEPS[step].max_attempts, available=self.clock)
        state.reran_at = item.before.get(step, 0)
        if batch.state == "CANCELLED":
            state.status, state.advanced = "CANCELLED", True
            if item.state == "ACTIVE":
                item.state = "CANCELLED"
        elif STEPS[step].only_if is not None and item.found != STEPS[step].only_if:
            state.status = "SKIPPED"
        item.states.append(state)

    def fail(
        self, refs: Iterable[tuple[tuple[int, int, int], int]], *, retry: bool, unsent: bool, snooze: bool
    ) -> None:
        """Failures of attempts; RETRY_S until the next try where there is one."""
        for where, attempt in refs:
            state = self.at(where)
            if state is None or state.status != "IN_PROGRESS" or state.attempt != attempt:
                continue
            snoozed = snooze and retry
            again = retry and (state.used < state.max_attempts or snoozed) and (not state.sent or unsent)
            if unsent and state.sent:
                state.sends -= 1
                state.booked.discard(state.attempt)
                state.taken_back.add(state.attempt)
            if snoozed:
                state.snoozes += 1
            if unsent or again:
                state.sent = False
            if again:
                state.status, state.available, state.code = "PENDING", self.clock + RETRY_S, "workflow_error"
                state.lease = state.deadline = None
            else:
                self._fail(self.batches[where[0]].items[where[1]], state, "workflow_error")

    def _fail(self, item: Item, state: State, code: str) -> None:
        state.status, state.code, state.advanced = "FAILED", code, True
        state.lease = state.deadline = None
        if item.state == "ACTIVE":
            item.state = "FAILED"

    def mark_sending(self, refs: Iterable[tuple[tuple[int, int, int], int]], key: str) -> set[tuple[int, int, int]]:
        """May be sent from now on; returns which may."""
        allowed = set()
        for where, attempt in refs:
            state = self.at(where)
            if state is None or state.status != "IN_PROGRESS" or state.attempt != attempt:
                continue
            if state.sent:
                if state.send_key == key and not state.accepted:
                    allowed.add(where)
            elif self.batches[where[0]].state != "RUNNING":
                self.give_back(state)
            else:
                state.sent, state.send_key, state.lease = True, key, None
                state.deadline = self.clock + STEPS[where[2]].timeout_s
                state.sends += 1
                state.booked.add(attempt)
                allowed.add(where)
        return allowed

    def record_taken(self, refs: Iterable[tuple[tuple[int, int, int], int]]) -> None:
        """Taken by the service."""
        for where, attempt in refs:
            state = self.at(where)
            if state and state.attempt == attempt and state.sent:
                state.accepted = True

    def callback(self, where: tuple[int, int, int], attempt: int, *, good: bool) -> str:
        """An answer; returns the verdict."""
        state = self.at(where)
        before = self.batches[where[0]].items[where[1]].before.get(where[2], 0)
        if state is not None and attempt in state.taken_back:  # it left after all
            state.taken_back.discard(attempt)
            state.booked.add(attempt)
            state.sends += 1
        if state is None or attempt < 1 or attempt > max(state.attempt, before):
            verdict = "unmatched"
        elif self._is_superseded(state, attempt):
            verdict = "late"
        elif state.status == "IN_PROGRESS" and attempt == state.attempt:
            self._answer(where, state, good=good)
            verdict = "applied"
        elif state.status in ("FAILED", "PENDING", "IN_PROGRESS") and good:
            self._revive(where, state, attempt)
            verdict = "late"
        else:
            had_its_answer = state.status == "COMPLETED" or (state.status, state.code) == ("FAILED", "clay_error")
            verdict = "duplicate" if had_its_answer else "late"
        return verdict

    def _answer(self, where: tuple[int, int, int], state: State, *, good: bool) -> None:
        if good:
            self._complete(where, state)
        else:
            self._fail(self.batches[where[0]].items[where[1]], state, "clay_error")

    def _is_superseded(self, state: State, attempt: int) -> bool:
        """A later attempt is on its way or has its answer, or the row was run again: an old question."""
        later = state.status in ("COMPLETED", "CANCELLED") or (state.status == "IN_PROGRESS" and state.sent)
        return attempt > state.attempt or (attempt < state.attempt and (later or attempt <= state.reran_at))

    def _revive(self, where: tuple[int, int, int], state: State, attempt: int) -> None:
        """Paid for, and not superseded: it counts after all. Not where the operator ended it or began anew."""
        batch = self.batches[where[0]]
        item = batch.items[where[1]]
        if batch.state == "CANCELLED" or (state.status != "IN_PROGRESS" and state.code is None):
            return
        if attempt < state.attempt:  # numbers that were given out since are not given out again
            item.before[where[2]] = max(item.before.get(where[2], 0), state.attempt)
            state.attempt = attempt
        if state.attempt not in state.booked:
            state.sends += 1
            state.booked.add(state.attempt)
        state.sent = True
        if item.state == "FAILED":
            item.state = "ACTIVE"
        if batch.state == "COMPLETED":
            batch.state = "RUNNING"
        self._complete(where, state)

    # --- what operators do ----------------------------------------------------------------------------------------

    def cancel(self, b: int) -> None:
        """Nothing more is started or sent."""
        batch = self.batches[b]
        if batch.state not in ("RUNNING", "PAUSED"):
            return
        batch.state, batch.rows = "CANCELLED", len(batch.items)
        for item in batch.items:
            if item.state == "ACTIVE":
                item.state = "CANCELLED"
                for state in item.states:
                    if not state.advanced:
                        state.status, state.advanced = "CANCELLED", True
        self.chunks = {k: c for k, c in self.chunks.items() if all(where[0] != b for where in c.states)}

    def retry_failed(self, b: int) -> bool:
        """Failed rows are tried again; False: the batch is cancelled."""
        batch = self.batches[b]
        if batch.state == "CANCELLED":
            return False
        for item in batch.items:
            for s, state in enumerate(item.states):
                if state.status == "FAILED":
                    self._again(batch, item, s, state)
        return True

    def reset(self, b: int, rows: list[int], step: int) -> bool:
        """Rows run again from a step; False: none has reached it."""
        batch = self.batches[b]
        reached = [batch.items[i] for i in rows if step < len(batch.items[i].states)]
        if batch.state == "CANCELLED" or not reached:
            return False
        for chunk in self.chunks.values():  # what comes again at later steps is not what a worker was given
            chunk.states = [(n, i, s) for n, i, s in chunk.states if n != b or i not in rows or s <= step]
        for item in reached:
            for s in range(step + 1, len(item.states)):
                item.before[s] = max(item.before.get(s, 0), item.states[s].attempt)
                batch.gone_sends += item.states[s].sends
            del item.states[step + 1 :]
            item.results = {s: attempt for s, attempt in item.results.items() if s < step}
            state = item.states[step]
            self._again(batch, item, step, state)
            state.code, state.reran_at = None, state.attempt
        return True

    def _again(self, batch: Batch, item: Item, step: int, state: State) -> None:
        state.status, state.available, state.advanced = "PENDING", self.clock, False
        state.max_attempts = state.used + STEPS[step].max_attempts
        state.sent = state.accepted = False
        state.lease = state.deadline = None
        item.state = "ACTIVE"
        if batch.state == "COMPLETED":
            batch.state = "RUNNING"
