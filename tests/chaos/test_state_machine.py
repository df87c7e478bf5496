"""The state machine against its model: random calls of every function that moves states, each made twice.

One example is one database transaction that is rolled back at its end; time moves by the replaceable clock only. After
every call the tables are compared with the model (`model.py`), row by row, and at the end with the auditor's books.
`MODEL_EXAMPLES=2000` makes it look longer; `MODEL_SHRINK=0` ends at the first failure, as mutants want it.
"""

from __future__ import annotations

import json
import os
from typing import Any

import asyncpg
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.chaos.auditor_sql import QUERIES
from tests.chaos.model import Model
from tests.chaos.model_state import COST, RETRY_S, STEPS, Batch, Chunk
from tests.chaos.model_world import World
from tests.chaos.rich import key
from tests.conftest import _TEMPLATE, _Session
from tests.engine_kit import CONFIG, registry_row

ROWS = 3
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "25"))
SLUGS = [step.name for step in STEPS]
STATES = """
select b.id as batch, i.row_number - 1 as row, s.step_index as step, s.id, i.uid::text as item, s.status::text,
       s.attempt, s.snoozes, s.sent_at is not null as sent, s.send_count as sends,
       s.advanced_at is not null as advanced,
       case when s.status = 'FAILED' then s.error_code end as code,
       case when s.status = 'PENDING' then extract(epoch from s.available_at - now())::int end as available,
       case when s.status = 'IN_PROGRESS' and s.sent_at is null
            then extract(epoch from s.lease_until - now())::int end as lease,
       case when s.status = 'IN_PROGRESS' and s.sent_at is not null
            then extract(epoch from s.deadline_at - now())::int end as deadline
  from workflow_states s join batch_items i on i.id = s.batch_item_id join batches b on b.id = i.batch_id
"""
MID_WAY = (
    "one advance per finished state", "one state per item and step", "no step without its predecessor",
    "results match states", "steps are the blueprint's", "money: sends booked once", "counts shown are counts",
    "every item ended or waiting",
)  # fmt: skip
some = st.sets(st.integers(0, 7), min_size=1, max_size=4)
Where = tuple[int, int, int]


class Engine(RuleBasedStateMachine):
    """Rules are the functions; the model says what each should have done."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.url)
        self.world.open()
        self.model = Model()
        self.uids: list[str] = []
        self.ids: dict[int, int] = {}  # id of a batch -> the model's number
        self.names = 0
        self.sent_ever: list[tuple[Where, int]] = []

    def teardown(self) -> None:
        try:
            for uid in self.uids:
                for check in MID_WAY:
                    # Sends of steps that a rerun took away are shown all the same.
                    found = [r for r in self.world.fetch(QUERIES[check], uid) if not r["why"].startswith("sent at")]
                    assert not found, (check, [dict(row) for row in found])
        finally:
            self.world.close()

    # --- help -----------------------------------------------------------------------------------------------------

    def name(self) -> str:
        """A key that was not used before."""
        self.names += 1
        return key(f"{self.names}")

    def twice(self, function: str, **args: Any) -> Any:
        """Call it, and again as if the reply were lost: the second call changes nothing and answers the same kind."""
        if "request" in self.world.db.signatures[function].types:
            args.setdefault("request", self.name())
        answer = self.world.call(function, **args)
        before = self.world.dump()
        self.world.call(function, **args)
        after = self.world.dump()
        changed = [now for was, now in zip(before, after, strict=True) if was != now]
        assert not changed, f"{function} called again changed {changed}"
        return answer

    def rows(self) -> dict[Where, asyncpg.Record]:
        """The states in the tables, by the model's names."""
        return {(self.ids[r["batch"]], r["row"], r["step"]): r for r in self.world.fetch(STATES)}

    def pick(self, chosen: set[int], *, paid: bool, status: str = "IN_PROGRESS") -> list[tuple[Where, int]]:
        """Some states of a kind, with the attempt that they are at."""
        fitting = [
            ((b, i, s), state.attempt)
            for b, i, s, state in self.model.walk()
            if state.status == status and STEPS[s].paid == paid
        ]
        return [fitting[n % len(fitting)] for n in sorted(chosen)] if fitting else []

    def refs(self, chosen: list[tuple[Where, int]]) -> list[dict[str, int]]:
        """As the functions take them."""
        rows = self.rows()
        return [{"state_id": rows[where]["id"], "attempt": attempt} for where, attempt in dict(chosen).items()]

    # --- rules: set-up and operators -----------------------------------------------------------------------------

    @initialize(turns=st.integers(0, 6), found=st.sampled_from(("yes", "no")))
    def set_up(self, turns: int, found: str) -> None:
        call = self.world.call
        registry = [registry_row(step.name, writes=[f"{step.name}_out"]) for step in STEPS]
        call("sync_registry", workflows=registry)
        client = call("create_client", name="Northgate", actor="test")["uid"]
        self.client_id = self.world.fetch("select id from clients")[0][0]
        config = CONFIG | {"rate_per_second": 10_000, "burst": 10_000}
        call(
            "save_workflow_config", client=client, workflow="paid", label="", config=config, version=None, actor="test"
        )
        upload = key("upload")
        call("begin_upload", client=client, kind="people", filename="f.csv", sha256="a" * 64, byte_size=1, actor="test",
             header=["Email"], mapping={"email": "Email"}, report={}, allow_duplicate=False, upload=upload)  # fmt: skip
        call("append_rows", upload=upload, first_row=1, rows=[[f"p{n}@x.example"] for n in range(ROWS)], columns=None)
        call("finish_upload", upload=upload, row_count=ROWS, report={}, header=None)
        steps = [{"workflow": s.name, "settings": _settings(s)} for s in STEPS]
        args = {"client": client, "name": "P", "upload_kind": "people", "steps": steps, "actor": "test"}
        if "request" in self.world.db.signatures["create_pipeline"].types:
            args["request"] = key("pipeline")
        self.upload, self.pipeline = upload, call("create_pipeline", **args)["uid"]
        self.launch()
        self.advance()
        for _ in range(turns):
            self.go_on(found)

    @rule(found=st.sampled_from(("yes", "no")))
    def go_on(self, found: str) -> None:
        """One turn in which nothing goes wrong: what is due is given out, claimed and done; paid rows are sent."""
        self.dispatch(4)
        for chunk in sorted(self.model.chunks):
            self.claim(sorted(self.model.chunks).index(chunk), "v", "A")
        self.complete(set(range(8)), found, 0)
        self.mark_sending(set(range(8)), again=False)
        self.advance()

    @rule()
    def launch(self) -> None:
        if len(self.uids) == 2:
            return
        answer = self.twice("launch_batch", launch_key=self.name(), upload=self.upload, pipeline=self.pipeline,
                            row_limit=None, name=None, budget=None, actor="test")  # fmt: skip
        self.uids.append(answer["batch"])
        self.ids[self.world.fetch("select id from batches where uid = $1", answer["batch"])[0][0]] = len(self.uids) - 1
        self.model.batches.append(Batch(ROWS))

    @rule(n=st.integers(0, 1))
    def pause(self, n: int) -> None:
        batch = self.model.batches[n % len(self.uids)]
        self.twice("pause_batch", batch=self.uids[n % len(self.uids)], actor="test")
        batch.state = "PAUSED" if batch.state == "RUNNING" else batch.state

    @rule(n=st.integers(0, 1))
    def resume(self, n: int) -> None:
        batch = self.model.batches[n % len(self.uids)]
        self.twice("resume_batch", batch=self.uids[n % len(self.uids)], actor="test")
        batch.state = "RUNNING" if batch.state == "PAUSED" else batch.state

    @rule(n=st.integers(0, 9))
    def cancel(self, n: int) -> None:
        if n < len(self.uids):  # seldom: nothing happens to a cancelled batch any more
            self.twice("cancel_batch", batch=self.uids[n], actor="test")
            self.model.cancel(n)

    @rule(n=st.integers(0, 1))
    def retry_failed(self, n: int) -> None:
        n %= len(self.uids)
        answer = self.twice("retry_failed", batch=self.uids[n], filter={}, actor="test")
        assert (answer == "PT409") is not self.model.retry_failed(n)

    @rule(n=st.integers(0, 1), chosen=some, step=st.integers(0, 3))
    def reset_items(self, n: int, chosen: set[int], step: int) -> None:
        n %= len(self.uids)
        rows = sorted({row % ROWS for row in chosen} & set(range(len(self.model.batches[n].items))))
        if rows:
            items = [self.rows()[n, row, 0]["item"] for row in rows]
            answer = self.twice("reset_items", items=items, from_step=step, actor="test")
            assert (answer == "PT409") is not self.model.reset(n, rows, step)

    # --- rules: the engine ----------------------------------------------------------------------------------------

    @rule()
    def advance(self) -> None:
        self.twice("advance_completed_items", limit=1000)
        self.model.advance()

    @rule()
    def fill(self) -> None:
        self.twice("fill_batches", limit=1000)
        self.model.fill()

    @rule(size=st.integers(1, 4))
    def dispatch(self, size: int) -> None:
        due = self.model.due()
        answer = self.twice("dispatch_pending_items", limit=1000, chunk_size=size, workflows=SLUGS)
        assert answer["claimed"] == len(due)
        self.model.dispatch()
        names = {row["id"]: where for where, row in self.rows().items()}
        for chunk in answer["chunks"]:
            if chunk["chunk_id"] in self.model.chunks:
                continue
            states = self.world.fetch("select state_ids from dispatch_chunks where id = $1", chunk["chunk_id"])[0][0]
            where = [names[state] for state in states]
            lease = STEPS[where[0][2]].lease_s
            self.model.chunks[chunk["chunk_id"]] = Chunk(where, self.model.clock, self.model.clock + lease)
        given = [where for c in self.model.chunks.values() if c.created == self.model.clock for where in c.states]
        assert set(due) <= set(given)

    @rule()
    def reap(self) -> None:
        self.twice("reap_expired", limit=1000)
        self.model.reap()

    @rule(seconds=st.sampled_from((1, 4, 5, 21, 30, 59, 60, 300, 600)))
    def time_passes(self, seconds: int) -> None:
        self.model.clock += seconds
        self.world.run(self.world.db.pg.execute(
            f"select set_config('leadloom.clock_offset', '{self.model.clock} seconds', true)"))  # fmt: skip

    @rule(machine=st.sampled_from("AB"))
    def a_machine_dies(self, machine: str) -> None:
        self.twice("abandon_leases", holders=[key(machine)])
        self.model.abandon(machine)

    # --- rules: workers, senders, receivers -----------------------------------------------------------------------

    @rule(n=st.integers(0, 9), worker=st.sampled_from("vw"), machine=st.sampled_from("AB"))
    def claim(self, n: int, worker: str, machine: str) -> None:
        if self.model.chunks:
            chunk = sorted(self.model.chunks)[n % len(self.model.chunks)]
            answer = self.twice("claim_chunk", chunk=chunk, claimer=key(worker), holder=key(machine))
            expected = self.model.claim(chunk, worker, machine)
            ids = {where: row["id"] for where, row in self.rows().items()}
            assert {item["state_id"] for item in answer["items"]} == {ids[where] for where in expected}

    @rule(chosen=some, found=st.sampled_from(("yes", "no")), stale=st.sampled_from((0, 0, 0, -1, 1)))
    def complete(self, chosen: set[int], found: str, stale: int) -> None:
        refs = [(where, attempt + stale) for where, attempt in self.pick(chosen, paid=False)]
        more = {"parsed": {"alpha_out": found}, "source": "computed", "raw": None, "identity": None}
        if refs:
            self.twice("complete_items", items=[ref | more for ref in self.refs(refs)])
            self.model.complete(dict(refs).items(), found)

    @rule(chosen=some, paid=st.booleans(), retry=st.booleans(), snooze=st.booleans())
    def fail(self, chosen: set[int], paid: bool, retry: bool, snooze: bool) -> None:
        refs = self.pick(chosen, paid=paid)
        how = {"retry": retry, "unsent": paid, "snooze": snooze and paid}
        more = {"code": "workflow_error", "text": "broken", "retry_after_s": RETRY_S, "url_sha256": "0" * 64}
        if refs:
            self.twice("fail_items", items=[ref | more | how for ref in self.refs(refs)])
            self.model.fail(dict(refs).items(), **how)

    @rule(chosen=some, again=st.booleans())
    def mark_sending(self, chosen: set[int], again: bool) -> None:
        refs = self.pick(chosen, paid=True)
        if refs:
            send_key = key("the same group") if again else self.name()
            answer = self.twice("mark_sending", url_sha256="0" * 64, client_id=self.client_id, items=self.refs(refs),
                                cap=50_000, send_key=send_key)  # fmt: skip
            allowed = self.model.mark_sending(dict(refs).items(), send_key)
            ids = {where: row["id"] for where, row in self.rows().items()}
            assert set(answer["allowed"]) == {ids[where] for where in allowed}
            self.sent_ever += [(where, attempt) for where, attempt in refs if where in allowed]

    @rule(chosen=some)
    def record_sends(self, chosen: set[int]) -> None:
        refs = self.pick(chosen, paid=True)
        if refs:
            taken = [ref | {"outcome": "taken"} for ref in self.refs(refs)]
            self.twice("record_sends", outcomes=taken, url_sha256="0" * 64)
            self.model.record_taken(dict(refs).items())

    @rule(n=st.integers(0, 99), good=st.booleans(), off=st.sampled_from((0, 0, 0, 0, 1)))
    def callback(self, n: int, good: bool, off: int) -> None:
        if not self.sent_ever:
            return
        (b, i, s), attempt = self.sent_ever[n % len(self.sent_ever)]
        attempt += off
        item = self.rows()[b, i, 0]["item"]
        outcome = (
            {"status": "success", "parsed": {}, "raw": {}, "identity": None}
            if good
            else {"status": "error", "error": "no"}
        )
        given = {"workflow": "paid", "item": item, "step": s, "attempt": attempt, "body": json.dumps(outcome)}
        # It comes twice, in one group: what counts is the order.
        group = [given | {"outcome": outcome, "request": self.name()} for _ in range(2)]
        answers = self.twice("take_callbacks", callbacks=group)
        verdicts = [self.model.callback((b, i, s), attempt, good=good) for _ in group]
        assert [answer["verdict"] for answer in answers] == verdicts

    @rule()
    def fold(self) -> None:
        self.twice("fold_tallies", limit=100_000)

    # --- always ---------------------------------------------------------------------------------------------------

    @invariant()
    def tables_are_as_the_model_says(self) -> None:
        seen = {
            where: (
                *(r["status"], r["attempt"], r["snoozes"], r["sent"], r["sends"], r["advanced"], r["code"]),
                (r["available"], r["lease"], r["deadline"]),
            )
            for where, r in self.rows().items()
        }
        expected = {(b, i, s): state.visible() for b, i, s, state in self.model.walk()}
        assert seen == expected
        batches = self.world.fetch("select uid::text, state::text, spent::int from batches order by id")
        assert [(r["state"], r["spent"]) for r in batches] == [(b.state, b.spent) for b in self.model.batches]
        items = self.world.fetch("select batch_id, row_number - 1 as row, state::text from batch_items")
        assert {(self.ids[r["batch_id"]], r["row"]): r["state"] for r in items} == {
            (b, i): item.state for b, batch in enumerate(self.model.batches) for i, item in enumerate(batch.items)
        }


def _settings(step: Any) -> dict[str, Any]:
    chosen: dict[str, Any] = {"timeout_s": step.timeout_s, "max_attempts": step.max_attempts, "retry_delay_s": 0}
    if step.only_if is not None:
        chosen["condition"] = {"field": "alpha_out", "op": "equals", "value": step.only_if}
    return chosen


@pytest.fixture
async def url(_session: _Session) -> Any:
    cluster = _session.cluster
    admin = await asyncpg.connect(cluster.url())
    await admin.execute(f"create database model template {_TEMPLATE} strategy file_copy")
    yield cluster.url("model")
    await admin.execute("drop database model with (force)")
    await admin.close()


def test_every_interleaving_does_what_the_model_says(url: str) -> None:
    assert registry_row("paid")["cost_per_row"] == COST
    machine = type("EngineHere", (Engine,), {"url": url})
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        phases=[Phase.generate] if os.environ.get("MODEL_SHRINK") == "0" else list(Phase),
        derandomize=EXAMPLES <= 25,
    )
    run_state_machine_as_test(machine, settings=chosen)
