"""Erasing a person while files are on their way in: what has arrived before it does not bring the person back later."""

from __future__ import annotations

import asyncpg
import pytest

from app.db import Database
from app.engine.retention.erasure import Person, erase
from app.errors import ConflictError
from app.intake import pieces
from app.setup.clients import create_client
from tests.files_kit import PIECE, announced, finished, lose_a_worker, sent

ADA = Person.of("ada@tern.example")
CONTENT = b"Email,Company\nada@tern.example,Tern\n" + b"jo@tern.example,Tern\n" * 1000


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a short file has several."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", PIECE)


@pytest.fixture
async def client(db: Database) -> str:
    return str((await create_client(db, "Northgate", actor="test"))["uid"])


@pytest.mark.parametrize("reached", ["SENDING", "WAITING", "RUNNING"])
async def test_a_file_that_came_before_the_erasure_is_asked_for_again(
    db: Database, pg: asyncpg.Connection, client: str, reached: str
) -> None:
    """Nobody can look for a person in the pieces of a file."""
    job = await announced(db, client, CONTENT)
    await sent(db, job, CONTENT, *([0] if reached == "SENDING" else []))
    if reached == "RUNNING":
        await lose_a_worker(db, "finish_upload", 0)
    assert (await db.read("file_job", job=job["uid"]))["state"] == reached
    await erase(db, ADA, actor="test")
    assert await pg.fetchval("select count(*) from raw_apollo_uploads where data::text like '%ada@tern%'") == 0
    job = await finished(db, job["uid"])
    assert (job["state"], job["error"]) == ("FAILED", "While this file was on its way, a person was erased.")
    with pytest.raises(ConflictError, match="a person was erased"):
        await sent(db, job, CONTENT, 1)
    await db.call("sweep_file_jobs")
    assert await pg.fetchval("select count(*) from file_pieces") == 0


async def test_it_can_be_sent_again(db: Database, client: str) -> None:
    job = await announced(db, client, CONTENT)
    await sent(db, job, CONTENT, 0)
    await erase(db, ADA, actor="test")
    again = await sent(db, await announced(db, client, CONTENT), CONTENT)
    assert again["uid"] != job["uid"]
    assert (await finished(db, again["uid"]))["state"] == "READY"
