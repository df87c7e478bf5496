"""Files in pieces: what arrived stays, nothing is seen before it is whole, a lost worker is followed by another."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from app.engine import file_jobs
from app.engine.sequencer import run_engine
from app.errors import ConflictError, InputError, NotFoundError
from app.intake import pieces
from app.intake.text import MAX_BYTES
from app.setup.clients import create_client
from functions.console.spawner import LocalSpawner
from tests.files_kit import PIECE, announced, finished, lose_a_worker, sent
from tests.waiting import until
from tests.web.kit import people_csv


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small file has many."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", PIECE)


@pytest.fixture
async def client(db: Database) -> str:
    """A client's uid."""
    return str((await create_client(db, "Northgate", actor="test"))["uid"])


async def expire_lease(pg: asyncpg.Connection) -> None:
    await pg.execute("update file_jobs set lease_until = now() - interval '1 second' where state = 'RUNNING'")


async def test_a_file_arrives_in_pieces_and_is_seen_when_it_is_whole(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    content = people_csv(200)
    job = await announced(db, client, content)
    count = -(-len(content) // PIECE)
    assert (job["state"], job["piece_count"], job["missing"]) == ("SENDING", count, list(range(count)))
    order = [*reversed(range(1, count)), 3, 2, 0]  # out of turn, some twice
    for number in order[:-1]:
        assert (await sent(db, job, content, number))["state"] == "SENDING"
    assert await file_jobs.work_off(db) == 0
    assert (await sent(db, job, content, 0))["state"] == "WAITING"
    assert await pg.fetchval("select count(*) from uploads") == 0
    job = await finished(db, job["uid"])
    assert job["state"] == "READY"
    assert job["result"] == {"upload": job["uid"], "rows": 200}
    expected = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    stored = await pg.fetch("select data from raw_apollo_uploads order by row_number")
    assert [json.loads(row["data"]) for row in stored] == expected
    assert await pg.fetchval("select count(*) from file_pieces") == 0
    assert await pg.fetchval("select finished_at is not null from upload_scans")


async def test_the_same_file_goes_on_with_what_is_missing(db: Database, pg: asyncpg.Connection, client: str) -> None:
    content = people_csv(200)
    first = await announced(db, client, content)
    await sent(db, first, content, 0, 2)
    again = await announced(db, client, content, filename="renamed.csv", kind="people")
    assert again["uid"] == first["uid"]
    assert again["missing"] == [n for n in range(first["piece_count"]) if n not in (0, 2)]
    assert (await finished(db, (await sent(db, again, content))["uid"]))["state"] == "READY"
    with pytest.raises(ConflictError, match="already uploaded this file"):
        await announced(db, client, content)
    other = str((await create_client(db, "Another", actor="test"))["uid"])
    assert (await announced(db, other, content))["uid"] != first["uid"]
    assert (await announced(db, client, content, allow_duplicate=True))["uid"] != first["uid"]


@pytest.mark.parametrize(
    ("function", "calls"),
    [("read_piece", 2), ("begin_upload", 0), ("append_rows", 1), ("finish_upload", 0), ("scan_upload", 0),
     ("finish_file_job", 0)],
)  # fmt: skip
async def test_a_worker_may_be_killed_anywhere(
    db: Database, pg: asyncpg.Connection, client: str, function: str, calls: int
) -> None:
    content = people_csv(4_000) if function == "append_rows" else people_csv(200)
    job = await sent(db, await announced(db, client, content), content)
    await lose_a_worker(db, function, calls)
    assert (await db.read("file_job", job=job["uid"]))["state"] == "RUNNING"
    # The same file, chosen again meanwhile, is that file: it is not refused, and not begun anew.
    if await pg.fetchval("select count(*) from uploads where state = 'READY'") == 0:
        assert (await announced(db, client, content))["uid"] == job["uid"]
    assert await file_jobs.work_off(db) == 0, "the lease still runs"
    await expire_lease(pg)
    job = await finished(db, job["uid"])
    assert (job["state"], job["attempts"]) == ("READY", 2)
    rows = job["result"]["rows"]
    assert await pg.fetchval("select count(*) from raw_apollo_uploads") == rows
    assert dict(await pg.fetch("select state::text, row_count from uploads")) == {"READY": rows}
    assert await pg.fetchval("select count(*) from file_pieces") == 0


async def test_a_worker_that_was_replaced_changes_nothing_more(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    content = people_csv(50)
    job = await sent(db, await announced(db, client, content), content)
    first, second = str(uuid4()), str(uuid4())
    assert (await db.call("take_file_job", holder=first, seconds=30))["uid"] == job["uid"]
    assert (await db.call("take_file_job", holder=first, seconds=30))["attempts"] == 1, "a lost reply"
    assert await db.call("take_file_job", holder=second, seconds=30) is None
    await expire_lease(pg)
    assert (await db.call("take_file_job", holder=second, seconds=30))["attempts"] == 2
    told = {"seconds": 30, "phase": "reading", "done": 1, "total": 2}
    assert await db.call("keep_file_job", job=job["uid"], holder=first, **told) == {"held": False}
    await db.call("finish_file_job", job=job["uid"], holder=first, result={"upload": None}, done=1)
    await db.call("fail_file_job", job=job["uid"], holder=first, error="x", hint=None, code=None)
    await db.call("release_file_job", job=job["uid"], holder=first, error=None)
    assert await db.call("keep_file_job", job=job["uid"], holder=second, **told) == {"held": True}
    assert await pg.fetchval("select count(*) from file_pieces") > 0


async def test_a_worker_that_must_end_gives_its_job_back_uncounted(
    db: Database, pg: asyncpg.Connection, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = people_csv(50)
    job = await sent(db, await announced(db, client, content), content)
    reading = asyncio.Event()

    async def slow(*_: object) -> None:
        reading.set()
        await asyncio.sleep(60)

    with monkeypatch.context() as patched:
        patched.setattr(file_jobs, "fetch_file", slow)
        worker = asyncio.create_task(file_jobs.work_off(db))
        await reading.wait()
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker
    left = await db.read("file_job", job=job["uid"])
    assert (left["state"], left["attempts"]) == ("WAITING", 0)
    assert (await finished(db, job["uid"]))["state"] == "READY"


async def test_a_job_that_breaks_five_workers_fails_with_the_reason(
    db: Database, pg: asyncpg.Connection, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = people_csv(50)
    job = await sent(db, await announced(db, client, content), content)

    async def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(file_jobs, "fetch_file", broken)
    assert await file_jobs.work_off(db) == 5
    left = await db.read("file_job", job=job["uid"])
    assert left["state"] == "FAILED"
    assert "a defect" in left["error"]


async def test_a_file_that_is_refused_or_damaged_fails_in_words(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    job = await finished(db, (await sent(db, await announced(db, client, picture), picture))["uid"])
    assert (job["state"], job["error"]) == ("FAILED", "The file is an image, not a CSV.")
    assert "save it as CSV" in job["hint"]
    content = people_csv(50)
    job = await announced(db, client, content)
    await sent(db, job, content[:-1] + b"?")
    job = await finished(db, job["uid"])
    assert (job["state"], job["error"]) == ("FAILED", "The file arrived damaged.")
    assert await pg.fetchval("select (select count(*) from file_pieces) + (select count(*) from uploads)") == 0
    assert (await announced(db, client, content))["missing"], "it can be sent again at once"


async def test_what_is_no_file_is_refused_before_it_is_sent(db: Database, client: str) -> None:
    about = {"filename": "x.csv", "sha256": "a" * 64, "kind": None, "allow_duplicate": False, "actor": "test"}
    for size, said in [(0, "empty"), (-1, "empty"), (MAX_BYTES + 1, "200 MB"), (2 * 10**9, "2,000 MB"), (10**40, "MB")]:
        with pytest.raises(InputError, match=said):
            await pieces.announce(db, client, byte_size=size, **about)
    for change, said in [({"sha256": "A" * 64}, "64 hexadecimal"), ({"kind": "leads"}, "not an upload type")]:
        with pytest.raises(InputError, match=said):
            await pieces.announce(db, client, byte_size=9, **(about | change))
    with pytest.raises(NotFoundError, match="no such client"):
        await pieces.announce(db, str(uuid4()), byte_size=9, **about)


async def test_a_piece_that_does_not_fit_is_refused(db: Database, client: str) -> None:
    content = people_csv(200)
    job = await announced(db, client, content)
    for number, piece in [(0, b"short"), (job["piece_count"], content[:PIECE]), (-1, content[:PIECE]), (0, b"")]:
        with pytest.raises(InputError, match="does not belong to the file"):
            await pieces.send_piece(db, job["uid"], number, piece)
    with pytest.raises(NotFoundError):
        await pieces.send_piece(db, str(uuid4()), 0, b"x")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a/b.csv", "b.csv"), ("C:\\x\\b.csv", "b.csv"), ("\0\n", "upload.csv"), ("", "upload.csv"),
     ("..", ".."), ("\ud800.csv", "?.csv"),
     ("é" * 300 + ".csv", "é" * 196 + ".csv"), ("/", "upload.csv")],
)  # fmt: skip
def test_a_filename_is_kept_as_far_as_it_is_one(given: str, kept: str) -> None:
    assert pieces.clean_filename(given) == kept


async def test_what_nobody_asks_for_is_swept(db: Database, pg: asyncpg.Connection, client: str) -> None:
    content = people_csv(200)
    abandoned = await announced(db, client, content)
    await sent(db, abandoned, content, 0, 1)
    alive = await announced(db, client, people_csv(150))
    await sent(db, alive, people_csv(150), 0)
    await pg.execute("update file_jobs set touched_at = now() - interval '25 hours' where uid = $1", abandoned["uid"])
    await pieces.sweep_files(db)
    states = dict(await pg.fetch("select uid::text, state::text from file_jobs"))
    assert states == {abandoned["uid"]: "FAILED", alive["uid"]: "SENDING"}
    assert await pg.fetchval("select count(*) from file_pieces") == 1
    with pytest.raises(ConflictError, match="never arrived"):
        await sent(db, abandoned, content, 2)
    await pg.execute("update file_jobs set touched_at = now() - interval '31 days' where state = 'FAILED'")
    await pieces.sweep_files(db)
    assert await pg.fetchval("select count(*) from file_jobs") == 1


async def test_the_engine_starts_a_worker_and_does_not_start_many(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    content = people_csv(200)
    job = await sent(db, await announced(db, client, content), content)
    assert await db.call("offer_file_jobs") == {"due": 1}
    assert await db.call("offer_file_jobs") == {"due": 0}
    await pg.execute("update file_jobs set offered_at = now() - interval '31 seconds'")
    wake = asyncio.Event()
    spawner = LocalSpawner(db, wake, str(uuid4()))
    await run_engine(db, spawner, wake=wake, idle_exit_s=0.5)

    async def ready() -> bool:  # the worker may end before the engine does, or after it
        return bool((await db.read("file_job", job=job["uid"]))["state"] == "READY")

    await until(ready)
    await spawner.drain()
