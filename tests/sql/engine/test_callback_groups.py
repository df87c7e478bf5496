"""Callbacks in groups: stored and settled by one call, with the same outcome for each as if it had come alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from app.db import Database, connect
from app.engine import callback_groups, callbacks
from app.engine.callback_groups import BusyError, CallbackGroups, Received, take_group
from app.engine.callbacks import Arrival
from tests.clay_kit import SLUG, Claimed, ClayWorld, answer, make_clay_world
from tests.conftest import TestStack
from tests.waiting import until

REFUSES = """
create function public.refuse_name() returns trigger language plpgsql set search_path = '' as $$
begin
  if new.parsed ->> 'company_name' = 'Refused' then
    raise exception 'no' using errcode = '22P05';
  end if;
  return new;
end $$;
create trigger refuse_name before insert on public.enrichment_results
  for each row execute function public.refuse_name()
"""


@pytest.fixture
async def clay(db: Database, pg: asyncpg.Connection) -> ClayWorld:
    """A client with a Clay table, and batches on demand."""
    return await make_clay_world(db, pg)


def arrival(row: Claimed, body: Any = None) -> Arrival:
    """An answer at the row's signed URL, read."""
    raw = body if isinstance(body, bytes) else orjson.dumps(answer() if body is None else body)
    [one] = callbacks.arrivals(callbacks.signed_sender(SLUG, row.token()), raw)
    return one


class Door:
    """A database that notes what it is asked, and lets nobody through while it is shut."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.groups: list[int] = []
        self.open = asyncio.Event()
        self.open.set()

    async def call(self, function: str, /, **args: Any) -> Any:
        self.groups.append(len(args["callbacks"]))
        await self.open.wait()
        return await self.db.call(function, **args)

    async def database(self) -> Any:
        return self

    async def wake(self) -> None:
        """Nobody is to be woken."""


async def mixed_answers(clay: ClayWorld) -> tuple[list[Claimed], list[Arrival]]:
    """Rows of a new batch, and an answer of every kind to them, in an order that matters."""
    rows = await clay.sent(7, "alpha")
    good, error, nothing, garbage, twice, odd, never = rows
    bodies: Sequence[tuple[Claimed, Any]] = [
        (good, None),
        (error, {"status": "error", "error": "Quota"}),
        (nothing, {"status": "not_found", "message": "No company found"}),
        (garbage, b"<html>"),
        (twice, {"status": "error", "error": "No"}),
        (twice, answer("Later")),
        (good, answer("Second")),
        (replace(never, attempt=5), None),
        (replace(never, item=str(uuid4())), None),
        (odd, b"["),
        (odd, answer("Mended")),
    ]
    return rows, [arrival(row, body) for row, body in bodies]


async def became(clay: ClayWorld, rows: list[Claimed]) -> list[tuple[Any, ...]]:
    """What became of rows, without what differs from one batch to another."""
    found = await clay.pg.fetch(
        """select s.step_name, s.status::text, s.attempt, s.error_code, s.error_text, s.not_found,
                  s.advanced_at is null, r.parsed, r.raw, i.state::text, i.company_name, c.verdicts
           from workflow_states s join batch_items i on i.id = s.batch_item_id
           left join enrichment_results r using (batch_item_id, step_index)
           cross join lateral (select array_agg(verdict::text || coalesce(note, '') || settled_at is null order by id)
                               from callback_inbox where batch_item_id = i.id) c(verdicts)
           where i.uid = any($1::uuid[]) order by i.row_number, s.step_index""",
        [row.item for row in rows],
    )
    return [tuple(record) for record in found]


async def test_a_group_comes_to_what_its_callbacks_come_to_one_by_one(clay: ClayWorld) -> None:
    one_by_one, alone = await mixed_answers(clay)
    in_a_group, together = await mixed_answers(clay)
    singly = [received for one in alone for received in await take_group(clay.db, [one])]
    assert await take_group(clay.db, together) == singly
    assert {one.verdict for one in singly} == {"applied", "duplicate", "late", "rejected", "unmatched"}
    assert await became(clay, in_a_group) == await became(clay, one_by_one)
    assert [record["body"] for record in await clay.inbox()] == [one.body for one in [*alone, *together]]
    for batch in await clay.pg.fetch("select uid from batches"):
        assert await clay.world.findings(str(batch["uid"])) == []


async def test_a_group_asked_for_again_because_its_reply_was_lost_changes_nothing(clay: ClayWorld) -> None:
    rows, group = await mixed_answers(clay)
    first = await take_group(clay.db, group)
    before = await became(clay, rows)
    again = await take_group(clay.db, group)
    assert [one.verdict for one in again] == [one.verdict for one in first]
    assert await became(clay, rows) == before
    assert len(await clay.inbox()) == len(group)


async def test_one_bad_body_falls_out_of_its_group(clay: ClayWorld) -> None:
    rows = await clay.sent(9)
    await clay.pg.execute(REFUSES)
    said = await take_group(
        clay.db, [arrival(row, answer("Refused" if n == 4 else "Acme")) for n, row in enumerate(rows)]
    )
    assert [one.verdict for one in said] == ["applied"] * 4 + ["rejected"] + ["applied"] * 4
    assert (await clay.state(rows[4]))["error_code"] == "unreadable_answer"
    assert len(await clay.inbox()) == 9


async def test_groups_in_any_order_at_once_never_wait_for_each_other_in_a_circle(clay: ClayWorld) -> None:
    rows = [*await clay.sent(20), *await clay.sent(20)]
    groups = [[arrival(row) for row in rows[n:] + rows[:n]][:: 1 - 2 * (n % 2)] for n in (0, 7, 20, 33)]
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    said = await asyncio.gather(*(take_group(clay.db, group) for group in groups))
    assert sorted(one.verdict for group in said for one in group) == ["applied"] * 40 + ["duplicate"] * 120
    assert await clay.pg.fetchval(deadlocks) == 0


async def test_a_defect_of_a_reader_is_kept_as_an_answer_that_cannot_be_read(
    clay: ClayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, other = await clay.sent(2)

    def broken(text: str) -> Any:
        raise RecursionError(text)

    with monkeypatch.context() as patched:
        patched.setattr(callbacks, "read_mended", broken)
        defect = arrival(row)
    said = await take_group(clay.db, [defect, arrival(other)])
    assert [one.verdict for one in said] == ["rejected", "applied"]
    assert (await clay.inbox())[0]["note"] == "Internal error in Leadloom (RecursionError)."
    assert orjson.loads((await clay.inbox())[0]["body"]) == answer()


async def test_what_arrives_while_a_group_is_under_way_is_one_more_group(clay: ClayWorld) -> None:
    rows = await clay.sent(40)
    door, woken = Door(clay.db), 0

    async def wake() -> None:
        nonlocal woken
        woken += 1

    groups = CallbackGroups(door.database, wake)
    said = await asyncio.gather(*(groups.take([arrival(row)]) for row in rows))
    assert {one.verdict for one in said} == {"applied"}
    assert door.groups == [40]
    assert woken == 1


async def test_answers_for_one_row_are_never_in_two_groups_at_a_time(clay: ClayWorld) -> None:
    row, other = await clay.sent(2)
    door = Door(clay.db)
    groups = CallbackGroups(door.database, door.wake)
    door.open.clear()
    first = asyncio.create_task(groups.take([arrival(row, {"status": "error", "error": "No"})]))
    await until(lambda: _is(door.groups == [1]))
    second = asyncio.create_task(groups.take([arrival(row, answer("Later"))]))
    third = asyncio.create_task(groups.take([arrival(other)]))
    await asyncio.sleep(0.05)
    assert sum(door.groups) <= 2, "the row's second answer waits for its first"
    door.open.set()
    assert [(await task).verdict for task in (first, second, third)] == ["applied", "late", "applied"]
    assert (await clay.state(row))["status"] == "COMPLETED"


async def _is(truth: bool) -> bool:
    return truth


async def test_what_does_not_fit_into_the_queue_is_asked_for_again(
    clay: ClayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_groups, "WAITING", 3)
    rows = await clay.sent(5)
    door = Door(clay.db)
    groups = CallbackGroups(door.database, door.wake)
    said = await asyncio.gather(*(groups.take([arrival(row)]) for row in rows), return_exceptions=True)
    assert [one.verdict if isinstance(one, Received) else type(one) for one in said] == ["applied"] * 3 + [
        BusyError
    ] * 2
    assert len(await clay.inbox()) == 3
    assert (await groups.take([arrival(rows[4])])).verdict == "applied", "there is room again"


async def test_what_was_taken_is_stored_before_the_end_and_nothing_is_taken_after_it(clay: ClayWorld) -> None:
    *rows, late = await clay.sent(4)
    door = Door(clay.db)
    groups = CallbackGroups(door.database, door.wake)
    waiting = [asyncio.create_task(groups.take([arrival(row)])) for row in rows]
    await asyncio.sleep(0)
    await groups.aclose()
    assert [(await task).verdict for task in waiting] == ["applied"] * 3
    with pytest.raises(BusyError):
        await groups.take([arrival(late)])


async def test_at_the_end_nobody_waits_for_a_database_that_does_not_answer(
    clay: ClayWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_groups, "FAREWELL_S", 0.05)
    row, other = await clay.sent(2)
    door = Door(clay.db)
    groups = CallbackGroups(door.database, door.wake)
    door.open.clear()
    waiting = [asyncio.create_task(groups.take([arrival(one)])) for one in (row, other)]
    await until(lambda: _is(bool(door.groups)))
    await groups.aclose()
    said = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in said] == [BusyError] * 2


async def test_a_caller_that_goes_away_hurts_nobody(clay: ClayWorld) -> None:
    gone, stays = await clay.sent(2)
    door = Door(clay.db)
    groups = CallbackGroups(door.database, door.wake)
    door.open.clear()
    tasks = [asyncio.create_task(groups.take([arrival(row)])) for row in (gone, stays)]
    await until(lambda: _is(bool(door.groups)))
    tasks[0].cancel()
    door.open.set()
    assert (await tasks[1]).verdict == "applied"
    assert (await clay.state(gone))["status"] == "COMPLETED", "its body had come"


async def test_every_event_loop_has_a_queue_of_its_own(clay: ClayWorld, stack: TestStack) -> None:
    here, there = await clay.sent(2)
    doors: dict[asyncio.AbstractEventLoop, Database] = {asyncio.get_running_loop(): clay.db}

    async def database() -> Database:
        return doors[asyncio.get_running_loop()]

    async def wake() -> None:
        """Nobody is to be woken."""

    groups = CallbackGroups(database, wake)
    answers = [arrival(there), arrival(here)]
    found: list[Received] = []

    async def elsewhere() -> None:
        async with await connect(stack.settings) as door:
            doors[asyncio.get_running_loop()] = door
            found.append(await groups.take([answers[0]]))

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    thread.start()
    found.append(await groups.take([answers[1]]))
    await asyncio.to_thread(thread.join)
    assert [one.verdict for one in found] == ["applied"] * 2
