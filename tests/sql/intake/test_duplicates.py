"""Rows that repeat each other are found across files in every spelling, and keys are made again when rules change."""

from __future__ import annotations

import asyncpg
import pytest

from app.db import Database
from app.intake.duplicates import find_duplicates
from app.intake.ingest import ingest
from app.intake.row_keys import KEY_VERSION
from app.setup.clients import create_client

FIRST = b"""First Name,Last Name,LinkedIn URL,Email,Company Name
Ann,Smith,https://www.linkedin.com/in/ann-smith,ann@acme.com,Acme
Bob,Jones,,bob@kestrel.com,Kestrel
Cy,Young,,,Wren GmbH
Di,Adams,,,
"""
SECOND = b"""First Name,Last Name,LinkedIn URL,Email,Company Name
ANN,SMITH,de.linkedin.com/in/Ann-Smith/?trk=x,,
bob,jones,n/a,BOB@KESTREL.COM,
Cy,Young,,,"Wren, Inc."
Ed,Brown,linkedin.com/in/ed-brown,,Acme
Ed,Brown,https://linkedin.com/in/ed-brown/,,Acme
"""
COMPANIES = b"""Company Name,Website
Acme,https://www.acme.com/en
Acme Ltd,acme.com
"""


@pytest.fixture
async def client(db: Database) -> str:
    """A client's uid."""
    return str((await create_client(db, "Northgate", actor="test"))["uid"])


async def take(db: Database, client: str, content: bytes, name: str = "people.csv") -> str:
    return (await ingest(db, content, client=client, filename=name, actor="test")).uid


async def scan(pg: asyncpg.Connection, uid: str) -> tuple[int, int, int, bool]:
    row = await pg.fetchrow(
        "select in_file, earlier, without_key, finished_at is not null as done from upload_scans"
        " where upload_id = (select id from uploads where uid = $1)",
        uid,
    )
    return row["in_file"], row["earlier"], row["without_key"], row["done"]


async def test_ordinary_spellings_of_the_same_row_are_duplicates(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    first, second = await take(db, client, FIRST), await take(db, client, SECOND)
    told: list[tuple[int, int]] = []
    await find_duplicates(db, second, lambda *rows: told.append(rows))
    assert told[-1] == (9, 9)
    assert await scan(pg, first) == (0, 0, 0, True)
    assert await scan(pg, second) == (1, 3, 0, True)
    companies = await take(db, client, COMPANIES, "companies.csv")
    await find_duplicates(db, companies)
    assert await scan(pg, companies) == (1, 0, 0, True)


async def test_a_corrected_mapping_is_keyed_again(db: Database, pg: asyncpg.Connection, client: str) -> None:
    first, second = await take(db, client, FIRST), await take(db, client, SECOND)
    await find_duplicates(db, second)
    await db.call("save_mapping", upload=second, mapping={"email": "Email"}, actor="test")
    assert await scan(pg, second) == (1, 3, 0, False)
    await find_duplicates(db, second)
    assert await scan(pg, second) == (0, 1, 4, True)
    del first


async def test_keys_of_older_rules_are_made_again(db: Database, pg: asyncpg.Connection, client: str) -> None:
    first, second = await take(db, client, FIRST), await take(db, client, SECOND)
    await pg.execute("update upload_scans set key_version = $1", KEY_VERSION + 1)
    await pg.execute("update upload_keys set key = row_number")
    await find_duplicates(db, second)
    assert await scan(pg, second) == (1, 3, 0, True)
    # An upload from before there were keys in Python has nothing at all.
    await pg.execute("truncate upload_scans, upload_keys")
    assert (await db.call("scan_upload", upload=first))["unkeyed"]
    await find_duplicates(db, second)
    assert await scan(pg, second) == (1, 3, 0, True)


async def test_rows_of_an_unfinished_upload_are_nobodys_duplicates(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    first, second = await take(db, client, FIRST), await take(db, client, SECOND)
    await pg.execute("update uploads set state = 'RECEIVING' where uid = $1", first)
    await find_duplicates(db, second)
    assert await scan(pg, second) == (1, 0, 0, True)


async def test_the_comparison_takes_windows_and_may_be_stopped(
    db: Database, pg: asyncpg.Connection, client: str
) -> None:
    first, second = await take(db, client, FIRST), await take(db, client, SECOND)
    await find_duplicates(db, first)
    assert await db.call("scan_upload", upload=second, limit=2) == {"more": True, "through_row": 2, "unkeyed": False}
    await find_duplicates(db, second)
    assert await scan(pg, second) == (1, 3, 0, True)
