"""Lists of customers out of files: read by a worker, seen when they are whole, whoever is lost on the way."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from app.db import Database
from app.engine import file_jobs
from app.intake import pieces
from app.results import customers
from app.results.customers import read_lines, save
from app.setup.clients import create_client
from app.text.companies import company_key
from tests.files_kit import PIECE, announced, finished, lose_a_worker, sent

KNOWN = "Old Customer, old.example"


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small list has many."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", PIECE)
    monkeypatch.setattr(customers, "READ_ROWS", 100)


@pytest.fixture
async def client(db: Database) -> str:
    """A client with one customer."""
    uid = str((await create_client(db, "Northgate", actor="test"))["uid"])
    await save(db, uid, read_lines(KNOWN).customers, actor="test")
    return uid


def listed(rows: int, name: str = "firm") -> bytes:
    """A file of so many customers and a line without any."""
    lines = [f"{name.title()} {n},{name}{n}.example" for n in range(1, rows + 1)]
    return "\r\n".join(["Customer,Domain", *lines, "12345,", ""]).encode()


async def arrived(db: Database, client: str, content: bytes, mode: str = "add") -> dict[str, Any]:
    """A list that has been sent and waits for the worker."""
    job = await announced(db, client, content, kind="customers", customers=mode, allow_duplicate=True)
    return await sent(db, job, content)


async def names(pg: asyncpg.Connection) -> set[str]:
    return {row["domain"] for row in await pg.fetch("select domain from client_customers")}


@pytest.mark.parametrize(
    ("function", "calls"),
    [("read_piece", 0), ("finish_upload", 0), ("draft_customers", 1), ("draft_customers", 2), ("adopt_customers", 0),
     ("finish_file_job", 0)],
)  # fmt: skip
async def test_a_list_is_seen_when_it_is_whole_and_its_worker_may_be_killed_anywhere(
    db: Database, pg: asyncpg.Connection, client: str, function: str, calls: int
) -> None:
    job = await arrived(db, client, listed(350), "replace")
    await lose_a_worker(db, function, calls)
    adopted = function == "finish_file_job"
    assert await names(pg) == ({f"firm{n}.example" for n in range(1, 351)} if adopted else {"old.example"})
    await pg.execute("update file_jobs set lease_until = now() - interval '1 second' where state = 'RUNNING'")
    job = await finished(db, job["uid"])
    assert (job["state"], job["attempts"]) == ("READY", 2)
    result = {name: job["result"][name] for name in ("rows", "given", "added", "removed", "unread", "examples")}
    assert result == {"rows": 351, "given": 350, "added": 350, "removed": 1, "unread": 1, "examples": ["12345"]}
    assert await names(pg) == {f"firm{n}.example" for n in range(1, 351)}
    assert await pg.fetchval("select version from customer_lists") == 2, "the list changed once"
    assert await pg.fetchval("select count(*) from customer_drafts") == 0


async def test_of_two_lists_the_one_that_was_asked_for_last_counts(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    first = await arrived(db, client, listed(150, "first"), "replace")
    await lose_a_worker(db, "draft_customers", 1)
    second = await arrived(db, client, listed(3, "second"), "replace")
    assert second["uid"] != first["uid"]
    assert await file_jobs.work_off(db) == 0, "the second waits for the first, whose lease still runs"
    assert await names(pg) == {"old.example"}
    await pg.execute("update file_jobs set lease_until = now() - interval '1 second' where state = 'RUNNING'")
    await asyncio.gather(file_jobs.work_off(db), file_jobs.work_off(db))
    await file_jobs.work_off(db)
    assert dict(await pg.fetch("select state::text, count(*) from file_jobs group by 1")) == {"READY": 2}
    assert await names(pg) == {f"second{n}.example" for n in (1, 2, 3)}
    assert (await arrived(db, client, listed(3, "second"), "add"))["uid"] not in (first["uid"], second["uid"])


async def test_a_list_without_a_customer_is_refused_in_words_and_changes_nothing(
    db: Database, pg: asyncpg.Connection, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = await finished(db, (await arrived(db, client, b"Customer,Domain\r\n123,\r\n45,\r\n", "replace"))["uid"])
    assert (refused["state"], refused["error"]) == ("FAILED", "No customers found in that file.")
    monkeypatch.setattr(customers, "MOST_CUSTOMERS", 120)
    long = await finished(db, (await arrived(db, client, listed(121), "replace"))["uid"])
    assert (long["state"], "more than 120 customers" in long["error"]) == ("FAILED", True)
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    assert (await finished(db, (await arrived(db, client, picture))["uid"]))["state"] == "FAILED"
    page = await db.read("customers_page", client=client, search="", after=None, limit=10)
    assert [job["state"] for job in page["lists"]] == ["FAILED"] * 3
    assert await names(pg) == {"old.example"}
    await pieces.sweep_files(db)
    assert await pg.fetchval("select count(*) from customer_drafts") == 0


async def test_an_upload_that_is_here_already_is_taken_once(db: Database, pg: asyncpg.Connection, client: str) -> None:
    content = listed(150)
    sent_before = await announced(db, client, content, kind="customers")
    upload = (await finished(db, (await sent(db, sent_before, content))["uid"]))["result"]["upload"]
    assert await names(pg) == {"old.example"}, "an upload of customers alone changes no list"
    asked = {"kind": "customers", "client": client, "request": {"upload": upload}, "filename": "c.csv", "total": 151}
    jobs = [await db.call("request_file_job", **asked, actor="test") for _ in range(2)]
    assert jobs[0]["uid"] == jobs[1]["uid"]
    await lose_a_worker(db, "adopt_customers", 0)
    await pg.execute("update file_jobs set lease_until = now() - interval '1 second' where state = 'RUNNING'")
    assert (await finished(db, jobs[0]["uid"]))["result"]["added"] == 150
    again = await db.call("request_file_job", **asked, actor="test")
    assert (await finished(db, again["uid"]))["result"]["added"] == 0
    assert len(await names(pg)) == 151


def customer(name: str | None, domain: str | None = None, linkedin: str | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "name_key": company_key(name),
        "domain": domain,
        "linkedin": linkedin,
        "given": name or "",
    }


async def test_one_list_names_a_customer_in_many_ways(db: Database, pg: asyncpg.Connection, client: str) -> None:
    """As if its lines had come one after another, the strongest first: each customer once, with all that is known."""
    page = "https://www.linkedin.com/company/"
    given = [
        customer("Acme"),
        customer("Acme", "acme.example"),
        customer(None, "acme.example", page + "acme"),
        customer("Acme", "acme.test", page + "acme"),
        customer(None, linkedin=page + "acme"),
        customer("Borealis", linkedin=page + "borealis"),
        customer("Borealis"),
        customer("Corvus"),
        customer("Corvus"),
        customer("Old Customer"),
        customer(None, "old.example", page + "old"),
    ]
    saved = await save(db, client, given, actor="test")
    assert saved == {"added": 4, "changed": 1, "removed": 0}
    rows = await pg.fetch("select name, domain, linkedin from client_customers order by domain nulls last, name")
    assert [(row["name"], row["domain"], (row["linkedin"] or "").removeprefix(page)) for row in rows] == [
        ("Acme", "acme.example", "acme"),
        ("Acme", "acme.test", ""),
        ("Old Customer", "old.example", "old"),
        ("Borealis", None, "borealis"),
        ("Corvus", None, ""),
    ]
    assert await save(db, client, given, actor="test") == {"added": 0, "changed": 0, "removed": 0}
    later = [customer("Corvus", "corvus.example"), customer("Borealis", "borealis.example", page + "borealis")]
    assert await save(db, client, later, actor="test") == {"added": 0, "changed": 2, "removed": 0}
    assert await save(db, client, given[:1], actor="test", replace=True) == {"added": 0, "changed": 0, "removed": 4}
