"""The events of a plan, done to an installation. Each leaves the installation whole again, or to `bring_back`."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.db import connect
from app.engine import batches
from app.errors import LeadloomError
from migrations.history import FOLDER
from migrations.migrate import migrate
from tests.chaos.installation import Installation, read_env
from tests.chaos.plan import Event

__all__ = ["do"]

LEASES_S = 310  # a sender's lease, the longest, and ten seconds
ENGINE_LEASE_S = 7  # really: another engine looks for it by the same clock that its holder forgets


@dataclass
class Scene:
    """What an event happens to."""

    one: Installation
    event: Event
    batch: str
    rng: random.Random


async def do(one: Installation, event: Event, batch: str, rng: random.Random) -> str:
    """Do it; returns what happened, in a few words."""
    scene = Scene(one, event, batch, rng)
    what, _, message = event.kind.partition(" at ")
    if message:
        return await _kill_at(scene, what.removeprefix("kill "), message)
    if what in PARTICULAR:
        return await PARTICULAR[what](scene)
    verb, _, target = what.partition(" ")
    return await (_kill(scene, target) if verb == "kill" else _freeze(scene, target))


async def _kill(scene: Scene, target: str) -> str:
    part, seconds = scene.one.parts[target], scene.event.seconds
    await part.kill()
    await asyncio.sleep(seconds)
    await part.start()
    return f"{target} killed, back after {seconds:.1f} s"


async def _freeze(scene: Scene, target: str) -> str:
    part, seconds = scene.one.parts[target], 1 + scene.event.seconds
    part.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    part.send(signal.SIGCONT)
    return f"{target} frozen for {seconds:.1f} s"


async def _kill_at(scene: Scene, target: str, message: str) -> str:
    """Kill a part when the nth message from now has been passed on; where none comes, kill it anyway."""
    one, event = scene.one, scene.event
    wire = one.callbacks if message == "callback" else one.database
    done = asyncio.Event()
    part = one.parts[target]

    def kill() -> None:
        part.kill_now()
        done.set()

    nth = wire.seen[message] + event.nth
    wire.at(message, nth, kill)
    with suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), 3.0)
    wire.forget(kill)
    met = done.is_set()
    await part.kill()
    await asyncio.sleep(event.seconds)
    await part.start()
    return f"{target} killed " + (f"at {message} no. {nth}" if met else f"({message} no. {nth} did not come)")


async def _kill_backend(scene: Scene) -> str:
    found = await scene.one.fetch(
        "select pid, state from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
        " order by (state = 'active') desc, pid"
    )
    if not found:
        return "no backend there to kill"
    victim = scene.rng.choice([row for row in found if row["state"] == "active"] or found)
    with suppress(ProcessLookupError):
        os.kill(victim["pid"], signal.SIGKILL)
    return f"a backend killed ({victim['state']})"


async def _kill_postmaster(scene: Scene) -> str:
    one = scene.one
    pid = await one.postmaster()
    if pid is None:
        return "no server there to kill"
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(0.3)
    await one.fetch("select 1")
    return "the PostgreSQL server killed; it recovered"


async def _freeze_engine(scene: Scene) -> str:
    """The first engine sleeps in the middle of whatever it does; when it wakes, all that it held is somebody else's."""
    one = scene.one
    first, second = one.parts["engine"], one.parts["engine-2"]
    first.send(signal.SIGSTOP)
    if not second.alive:
        await second.start()
    await asyncio.sleep(ENGINE_LEASE_S)
    await one.move_clock(LEASES_S)
    await asyncio.sleep(2)
    first.send(signal.SIGCONT)
    return "engine frozen beyond its leases, a second one took over"


async def _start_second(scene: Scene) -> str:
    if not scene.one.parts["engine-2"].alive:
        await scene.one.parts["engine-2"].start()
    return "a second engine started"


async def _move_clock(scene: Scene) -> str:
    await scene.one.move_clock(LEASES_S)
    return f"the clock moved by {LEASES_S} s"


async def _migrate(scene: Scene) -> str:
    """Apply every function file again, twice: changed by a comment, and as it was."""
    one = scene.one
    url = read_env(one.home)["DATABASE_URL"]
    folder = one.home / "migrations"
    shutil.rmtree(folder, ignore_errors=True)
    await asyncio.to_thread(_copy_with_comment, folder)
    applied = await migrate(url, folder)
    await migrate(url)
    return f"{len(applied)} function files applied again, twice"


def _copy_with_comment(folder: Path) -> None:
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for path in sorted((folder / "functions").glob("**/*.sql")):
        path.write_text(path.read_text() + "\n-- Applied while a batch was under way.\n")


async def _pause(scene: Scene) -> str:
    async with await connect() as db:
        try:
            await batches.pause(db, scene.batch, actor="chaos")
            await asyncio.sleep(scene.event.seconds)
            await batches.resume(db, scene.batch, actor="chaos")
        except LeadloomError as error:
            return f"pause and resume: {type(error).__name__}"
    return f"paused for {scene.event.seconds:.1f} s"


PARTICULAR = {
    "kill backend": _kill_backend,
    "kill postmaster": _kill_postmaster,
    "freeze engine": _freeze_engine,
    "second engine": _start_second,
    "migrate": _migrate,
    "pause and resume": _pause,
    "late clock": _move_clock,
}
"""Events that are more than killing or freezing one part."""
