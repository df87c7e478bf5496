"""Leases end early only for processes that are known to be dead: those of workers elsewhere run on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from app.engine.sequencer import Pace
from app.settings import home
from functions.console.engine import running_engine
from functions.console.holders import Holder
from tests.engine_kit import World

HERE, ELSEWHERE = str(uuid4()), str(uuid4())
LIVE = """
import sys, time
from pathlib import Path
from functions.console.holders import Holder
with Holder(Path(sys.argv[1])) as holder:
    print(holder.uid, flush=True)
    time.sleep(60)
"""


async def give_out(world: World, holder: str | None, limit: int = 1000) -> list[str]:
    """Dispatch in the name of an engine; returns the chunks."""
    answer = await world.db.call(
        "dispatch_pending_items", limit=limit, chunk_size=1000, workflows=world.slugs, holder=holder
    )
    return [chunk["chunk_id"] for chunk in answer["chunks"]]


async def statuses(world: World) -> list[str]:
    """The states after the reaper's turn."""
    await world.db.call("reap_expired")
    return [state["status"] for state in await world.states()]


async def test_rows_of_a_dead_process_are_given_back_at_once(world: World) -> None:
    await world.launch(4, "alpha")
    [claimed] = await give_out(world, HERE, limit=2)
    await world.db.call("claim_chunk", chunk=claimed, holder=HERE)
    await give_out(world, HERE)  # and two that nobody has claimed yet
    assert (await world.db.call("abandon_leases", holders=[HERE]))["abandoned"] == 4
    assert await statuses(world) == ["PENDING"] * 4


async def test_rows_of_workers_elsewhere_stay_with_them(world: World) -> None:
    await world.launch(4, "alpha")
    [mine] = await give_out(world, HERE, limit=1)
    await world.db.call("claim_chunk", chunk=mine, holder=HERE)
    [theirs] = await give_out(world, ELSEWHERE, limit=1)
    await world.db.call("claim_chunk", chunk=theirs, holder=ELSEWHERE)
    [unnamed] = await give_out(world, None, limit=1)
    await world.db.call("claim_chunk", chunk=unnamed)
    [handed_over] = await give_out(world, HERE, limit=1)  # given out here, claimed by a worker in the cloud
    await world.db.call("claim_chunk", chunk=handed_over)
    assert (await world.db.call("abandon_leases", holders=[HERE]))["abandoned"] == 1
    assert await statuses(world) == ["PENDING", "IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS"]


async def test_a_row_that_was_given_out_again_belongs_to_its_new_holder(world: World) -> None:
    await world.launch(1, "alpha")
    [chunk] = await give_out(world, HERE)
    items = (await world.db.call("claim_chunk", chunk=chunk, holder=HERE))["items"]
    await world.fail(items, retry=True)
    await world.pg.execute("update workflow_states set available_at = now() where status = 'PENDING'")
    [again] = await give_out(world, ELSEWHERE)
    await world.db.call("claim_chunk", chunk=again, holder=ELSEWHERE)
    assert (await world.db.call("abandon_leases", holders=[HERE]))["abandoned"] == 0
    assert await statuses(world) == ["IN_PROGRESS"]


async def test_a_killed_process_is_known_dead_and_a_live_one_is_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIVE, str(tmp_path)]
    live = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert live.stdout is not None
    name = (await live.stdout.readline()).decode().strip()
    with Holder(tmp_path) as holder:
        assert holder.dead() == []
        live.kill()
        await live.wait()
        assert holder.dead() == [name]
        holder.forget([name])
        assert holder.dead() == []
    with Holder(tmp_path) as holder:
        assert holder.dead() == [], "an engine that ended in good order left nothing"


async def test_a_starting_engine_ends_the_leases_of_its_dead_predecessor_only(world: World) -> None:
    await world.launch(2, "alpha")
    (home() / "engines").mkdir(parents=True)
    (home() / "engines" / HERE).touch()  # nobody holds its lock: killed
    [theirs] = await give_out(world, ELSEWHERE, limit=1)
    await world.db.call("claim_chunk", chunk=theirs, holder=ELSEWHERE)
    [mine] = await give_out(world, HERE, limit=1)
    await world.db.call("claim_chunk", chunk=mine, holder=HERE)
    pace = Pace(max_running=0)  # it dispatches nothing
    async with asyncio.timeout(120), running_engine(world.db, pace):
        while True:
            if "PENDING" in {state["status"] for state in await world.states()}:
                break
            await asyncio.sleep(0.05)
    assert [state["status"] for state in await world.states()] == ["IN_PROGRESS", "PENDING"]
    assert list((home() / "engines").iterdir()) == []
