"""An upload's life in the database: everything lands as it came, nothing is half-visible, repeats are recognised."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from app.errors import ConflictError, DatabaseError, InputError, NotFoundError
from app.intake.ingest import UploadResult, ingest
from app.intake.pieces import sweep_stale_uploads
from app.local.samples.files import write_companies, write_customers, write_people
from app.setup.clients import create_client
from tests.waiting import until

NOTHING_UNDER_WAY = """select count(*) = 0 from pg_stat_activity
where datname = current_database() and usename = 'authenticator' and state <> 'idle'"""
PEOPLE = b"First Name,Company Name,Email\nAnn,Acme,ann@acme.example\nBob,Kestrel,bob@kestrel.example\n"


@pytest.fixture
async def client(db: Database) -> str:
    """A client's uid."""
    return str((await create_client(db, "Northgate", actor="test"))["uid"])


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A realistic export of 3,000 people."""
    file = tmp_path / "people.csv"
    write_people(file, 3_000)
    return file


async def take(db: Database, client: str, source: bytes | Path, **options: Any) -> UploadResult:
    return await ingest(
        db, source, client=client, **({"filename": "people.csv", "actor": "ann@agency.example"} | options)
    )


async def stored(pg: asyncpg.Connection, uid: str) -> list[dict[str, str]]:
    upload = await pg.fetchval("select id from uploads where uid = $1", uid)
    rows = await pg.fetch("select data from raw_apollo_uploads where upload_id = $1 order by row_number", upload)
    return [json.loads(row["data"]) for row in rows]


async def begun(db: Database, client: str, **options: Any) -> str:
    uid = str(uuid4())
    arguments = {
        "upload": uid,
        "client": client,
        "kind": "people",
        "filename": "people.csv",
        "sha256": "a" * 64,
        "byte_size": 10,
        "header": ["First Name", "Email"],
        "mapping": {"first_name": "First Name", "email": "Email"},
        "report": {},
        "allow_duplicate": False,
        "actor": "test",
    }
    await db.call("begin_upload", **(arguments | options))
    return uid


async def test_cells_that_steps_will_mend_are_counted_and_kept(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    content = "First Name,Last Name,Company\nJosÃ©,PÃ©rez,Tern\nBo,JosÃƒÂ©,Vale\nSÃO,Lind,Wren\n".encode()
    upload = await take(db, client, content)
    assert upload.report["mended_cells"] == 3
    said = [w["text"] for w in upload.report["warnings"] if w["code"] == "mojibake"]
    assert len(said) == 1
    assert said[0].startswith("3 cells were damaged by a wrong encoding before (“JosÃ©”)")
    assert {c["name"]: c["mended"] for c in upload.report["columns"]} == {"First Name": 1, "Last Name": 2, "Company": 0}
    assert [row["First Name"] for row in await stored(pg, upload.uid)] == ["JosÃ©", "Bo", "SÃO"]


async def test_every_cell_of_every_row_lands_as_it_came(
    db: Database, pg: asyncpg.Connection, client: str, export: Path
) -> None:
    told: list[tuple[int, int]] = []
    upload = await take(db, client, export, on_progress=lambda *rows: told.append(rows))
    with export.open(newline="") as lines:
        expected = list(csv.DictReader(lines))
    assert await stored(pg, upload.uid) == expected
    row = await pg.fetchrow("select * from uploads where uid = $1", upload.uid)
    assert json.loads(row["header"]) == list(expected[0])
    assert json.loads(row["mapping"])["linkedin"] == "Person Linkedin Url"
    assert (row["state"], row["row_count"], row["kind"]) == ("READY", 3_000, "people")
    assert upload.row_count == 3_000
    assert told[-1] == (3_000, 3_000)
    assert told == sorted(told)
    report = json.loads(row["report"])
    assert report == upload.report
    assert {c["name"] for c in report["columns"] if c["escaped"]} >= {"Mobile Phone", "Corporate Phone"}
    assert await pg.fetchval("select actor from audit_log where action = 'upload_file'") == "ann@agency.example"


async def test_a_cell_too_many_is_kept_in_its_row_alone(db: Database, pg: asyncpg.Connection, client: str) -> None:
    upload = await take(db, client, PEOPLE + b"Cy,Wren,cy@wren.example,more\nDi\n")
    ann, _, cy, di = await stored(pg, upload.uid)
    assert list(ann) == ["Email", "First Name", "Company Name"]
    assert cy["column_4"] == "more"
    assert di == {"First Name": "Di", "Company Name": "", "Email": ""}
    assert (
        upload.header
        == json.loads(await pg.fetchval("select header from uploads"))
        == [*("First Name", "Company Name", "Email", "column_4")]
    )


async def test_companies_and_customers(db: Database, pg: asyncpg.Connection, client: str, tmp_path: Path) -> None:
    companies, customers = tmp_path / "companies.csv", tmp_path / "customers.csv"
    write_companies(companies, 50)
    write_customers(customers, 50)
    assert (await take(db, client, companies)).kind == "companies"
    upload = await take(db, client, customers, kind="customers")
    assert upload.mapping == {"company_name": "Customer", "company_domain": "Domain"}
    assert await pg.fetchval("select kind from uploads where uid = $1", upload.uid) == "customers"


async def test_an_open_file_is_read_and_stays_open(db: Database, client: str) -> None:
    file = io.BytesIO(PEOPLE)
    assert (await take(db, client, file)).row_count == 2  # type: ignore[arg-type]
    assert not file.closed


async def test_the_same_file_needs_a_confirmation(db: Database, pg: asyncpg.Connection, client: str) -> None:
    await take(db, client, PEOPLE, filename="october.csv")
    with pytest.raises(ConflictError, match=r"this file on \d+ \w+ \d{4}, \d\d:\d\d UTC: “october.csv”, 2 rows\."):
        await take(db, client, PEOPLE, filename="copy.csv")
    other = (await create_client(db, "Another", actor="test"))["uid"]
    await take(db, other, PEOPLE)
    await take(db, client, PEOPLE, allow_duplicate=True)
    assert await pg.fetchval("select count(*) from uploads where state = 'READY'") == 3


async def test_the_same_file_twice_at_once_is_taken_once(db: Database, client: str, export: Path) -> None:
    outcomes = await asyncio.gather(take(db, client, export), take(db, client, export), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError", "UploadResult"]


async def test_a_refused_file_leaves_no_trace(db: Database, pg: asyncpg.Connection, client: str) -> None:
    with pytest.raises(InputError):
        await take(db, client, b'First Name,Company Name\nAnn,"Acme\n')
    assert await pg.fetchval("select count(*) from uploads") == 0


async def test_an_upload_that_fails_midway_leaves_no_rows(
    db: Database, pg: asyncpg.Connection, client: str, export: Path
) -> None:
    await pg.execute("alter table raw_apollo_uploads add check (row_number < 2500)")
    with pytest.raises(DatabaseError):
        await take(db, client, export)
    assert await pg.fetchval("select count(*) from raw_apollo_uploads") == 0
    assert await pg.fetchval("select state from uploads") == "FAILED"
    await pg.execute("alter table raw_apollo_uploads drop constraint raw_apollo_uploads_row_number_check1")
    assert (await take(db, client, export)).row_count == 3_000


async def test_an_upload_that_is_cancelled_leaves_no_rows(
    db: Database, pg: asyncpg.Connection, client: str, export: Path
) -> None:
    begun_storing = asyncio.Event()
    task = asyncio.create_task(take(db, client, export, on_progress=lambda *_: begun_storing.set()))
    await begun_storing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: pg.fetchval(NOTHING_UNDER_WAY))  # a call may have been on its way
    await sweep_stale_uploads(db)
    assert await pg.fetchval("select count(*) from raw_apollo_uploads") == 0
    assert await pg.fetchval("select state from uploads") == "FAILED"


async def test_stale_uploads_are_swept_and_live_ones_are_not(db: Database, pg: asyncpg.Connection, client: str) -> None:
    stale, live = await begun(db, client), await begun(db, client, sha256="b" * 64)
    for uid in (stale, live):
        await db.call("append_rows", upload=uid, first_row=1, rows=[["Ann", "a@x.example"]] * 30)
    await pg.execute("update uploads set touched_at = now() - interval '11 minutes' where uid = $1", stale)
    assert await db.call("sweep_stale_uploads", portion=20) == {"failed": 1, "removed": 20, "done": False}
    assert await db.call("sweep_stale_uploads", portion=20) == {"failed": 0, "removed": 10, "done": True}
    states = dict(await pg.fetch("select uid::text, state::text from uploads"))
    assert states == {stale: "FAILED", live: "RECEIVING"}
    assert await pg.fetchval("select count(*) from raw_apollo_uploads") == 30
    with pytest.raises(ConflictError, match="This upload failed"):
        await db.call("append_rows", upload=stale, first_row=1, rows=[["Ann", ""]])


async def test_rows_keep_an_upload_alive(db: Database, pg: asyncpg.Connection, client: str) -> None:
    uid = await begun(db, client)
    await pg.execute("update uploads set touched_at = now() - interval '9 minutes'")
    await db.call("append_rows", upload=uid, first_row=1, rows=[["Ann", "a@x.example"]])
    assert await pg.fetchval("select touched_at > now() - interval '1 minute' from uploads")


async def test_every_call_may_be_repeated(db: Database, pg: asyncpg.Connection, client: str) -> None:
    uid = await begun(db, client)
    await begun(db, client, upload=uid)
    for _ in range(2):
        await db.call("append_rows", upload=uid, first_row=3, rows=[["Cy", ""]])
        await db.call("append_rows", upload=uid, first_row=1, rows=[["Ann", "a@x.example"], ["Bob", ""]])
    with pytest.raises(ConflictError, match="3 of 4 rows arrived"):
        await db.call("finish_upload", upload=uid, row_count=4, report={})
    for _ in range(2):
        assert (await db.call("finish_upload", upload=uid, row_count=3, report={"rows": 3}))["row_count"] == 3
    with pytest.raises(ConflictError, match="complete and takes no more rows"):
        await db.call("append_rows", upload=uid, first_row=4, rows=[["Di", ""]])
    with pytest.raises(ConflictError, match="already complete"):
        await db.call("fail_upload", upload=uid, error="too late")
    assert [row["First Name"] for row in await stored(pg, uid)] == ["Ann", "Bob", "Cy"]
    assert await pg.fetchval("select count(*) from audit_log where action = 'upload_file'") == 1


async def test_who_may_not_upload(db: Database, pg: asyncpg.Connection, client: str) -> None:
    with pytest.raises(NotFoundError, match="no such client"):
        await take(db, str(uuid4()), PEOPLE)
    await pg.execute("update clients set archived_at = now()")
    with pytest.raises(ConflictError, match="Northgate is archived"):
        await take(db, client, PEOPLE)
    with pytest.raises(InputError, match="not an upload type"):
        await take(db, client, PEOPLE, kind="leads")


CELLS = [
    ("  Ann \n", "Ann"),
    ("", None),
    (" \u00a0\t", None),
    (None, None),
    ("'+1 415-555-0100", "+1 415-555-0100"),
    ("'=HYPERLINK(1)", "=HYPERLINK(1)"),
    ("'-Lead-", "-Lead-"),
    ("'@northgate", "@northgate"),
    ("'(0)20 555", "(0)20 555"),
    ("'2021", "2021"),
    ("' +1", "' +1"),
    ("'t Hof", "'t Hof"),
    ("'s-Gravenhage", "'s-Gravenhage"),
    ("'", "'"),
    ("'+", "+"),
    ("O'Neil", "O'Neil"),
    ("''+1", "''+1"),
]


async def test_a_cell_as_a_value(pg: asyncpg.Connection) -> None:
    for cell, value in CELLS:
        assert await pg.fetchval("select leadloom.clean_cell($1)", cell) == value, cell
