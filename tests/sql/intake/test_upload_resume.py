"""A reader that was lost midway blocks nobody: the same file, or the same launch, goes on where it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from app.errors import ConflictError, DatabaseUnavailableError
from app.intake import ingest as uploads
from app.intake.ingest import UploadResult, ingest, upload_uid
from app.local.samples.files import write_people
from app.setup.clients import create_client

ROWS = 3_000


@pytest.fixture
async def client(db: Database) -> str:
    """A client's uid."""
    return str((await create_client(db, "Northgate", actor="test"))["uid"])


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A realistic export."""
    file = tmp_path / "people.csv"
    write_people(file, ROWS)
    return file


async def read(db: Database, client: str, file: Path, **options: Any) -> UploadResult:
    return await ingest(db, file, client=client, filename=file.name, actor="test", **options)


class Lost(Database):
    """A reader that is killed: after some calls nothing more of it arrives, not even that it gives up."""

    def __init__(self, db: Database, calls: int) -> None:
        super().__init__(db._client, db._http, db._key)
        self.calls = calls
        self.appended: list[int] = []

    async def call(self, function: str, /, **args: Any) -> Any:
        self.calls -= function == "append_rows"
        if self.calls < 0:
            raise DatabaseUnavailableError
        if function == "append_rows":
            self.appended.append(args["first_row"])
        return await super().call(function, **args)


async def leave_unfinished(db: Database, client: str, file: Path, **options: Any) -> Lost:
    reader = Lost(db, 1)
    with pytest.raises(DatabaseUnavailableError):
        await read(reader, client, file, **options)
    return reader


async def test_the_same_file_is_gone_on_with_at_once(
    db: Database, pg: asyncpg.Connection, client: str, export: Path
) -> None:
    lost = await leave_unfinished(db, client, export)
    assert await pg.fetchval("select state from uploads") == "RECEIVING"
    stored = await pg.fetchval("select count(*) from raw_apollo_uploads")
    assert 0 < stored < ROWS
    reader = Lost(db, 1_000)
    upload = await read(reader, client, export)
    assert upload.row_count == await pg.fetchval("select count(*) from raw_apollo_uploads") == ROWS
    assert dict(await pg.fetch("select uid::text, state from uploads")) == {upload.uid: "READY"}
    assert min(reader.appended) == stored + 1 > max(lost.appended)


async def test_a_launch_that_is_delivered_again_goes_on_with_its_upload(
    db: Database, pg: asyncpg.Connection, client: str, export: Path
) -> None:
    uid = upload_uid(str(uuid4()))
    await leave_unfinished(db, client, export, upload=uid, keep_rows=True)
    first = await read(db, client, export, upload=uid, keep_rows=True)
    again = await read(db, client, export, upload=uid, keep_rows=True)
    assert (first.uid, first.row_count) == (uid, ROWS)
    assert again == first
    assert await pg.fetchval("select count(*) from audit_log where action = 'upload_file'") == 1


async def test_an_upload_that_was_given_up_is_begun_again_under_its_name(
    db: Database, pg: asyncpg.Connection, client: str, export: Path
) -> None:
    uid = upload_uid(uuid4())
    await leave_unfinished(db, client, export, upload=uid, keep_rows=True)
    await pg.execute("update uploads set touched_at = now() - interval '11 minutes'")
    await uploads.sweep_stale_uploads(db)
    assert await pg.fetchval("select state from uploads") == "FAILED"
    assert await pg.fetchval("select count(*) from upload_keys") == 0
    assert (await read(db, client, export, upload=uid, keep_rows=True)).row_count == ROWS


async def test_a_reader_that_was_replaced_writes_nothing_more(
    db: Database, pg: asyncpg.Connection, client: str, export: Path
) -> None:
    await leave_unfinished(db, client, export)
    uid, former = await pg.fetchrow("select uid, holder from uploads")
    upload = await read(db, client, export, allow_duplicate=True)
    assert upload.uid != str(uid), "who wants the file twice gets it twice"
    told = {"kind": "people", "filename": "x", "sha256": "a" * 64, "byte_size": 1, "header": ["a"], "mapping": {}}
    told |= {"report": {}, "allow_duplicate": True, "actor": "test"}
    answer = await db.call("begin_upload", upload=str(uid), holder=str(uuid4()), client=client, **told)
    assert answer["rows_through"] > 0
    for call in ("append_rows", "finish_upload", "fail_upload"):
        args: dict[str, Any] = {
            "append_rows": {"first_row": 9_000, "rows": [["x"]]},
            "finish_upload": {"row_count": 1, "report": {}},
            "fail_upload": {"error": "x"},
        }[call]
        with pytest.raises(ConflictError, match="already reading this file"):
            await db.call(call, upload=str(uid), holder=str(former), **args)
    assert await pg.fetchval("select state from uploads where uid = $1", uid) == "RECEIVING"
    assert json.loads(await pg.fetchval("select header from uploads where uid = $1", uid)) == ["a"]
