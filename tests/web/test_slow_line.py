"""A file in and out through a slow line that cuts every request: the very programs of `bench/transfer.py`, in small."""

from __future__ import annotations

import io
import tempfile

import pytest

from app.db import Database
from app.intake import pieces
from app.local.server import BackgroundServer, listen
from app.results import export_jobs, exports
from app.setup.clients import create_client
from bench.throttle import slow_line
from bench.transfer import Browser, made_file
from functions.console.engine import running_engine
from tests.conftest import TestStack
from tests.web.kit import EMAIL, PASSWORD, make_user
from web.drawing import downloads
from web.main import create_app

ROWS = 12_000


async def test_a_file_in_and_out_through_a_line_that_cuts_every_request(
    stack: TestStack, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 150_000)
    monkeypatch.setattr(export_jobs, "PIECE_BYTES", 150_000)
    monkeypatch.setattr(downloads, "MOST_AT_ONCE", 1_000)
    monkeypatch.setattr(exports, "PAGE_ROWS", 500)
    await make_user(stack)
    client = str((await create_client(db, "Northgate", actor="test"))["uid"])
    file = made_file(ROWS)
    async with (
        BackgroundServer(create_app(), listen()) as server,
        running_engine(db),
        # The file has some two megabytes, and no request may carry so much.
        slow_line(server.url, mbit_per_s=100, cut_after_bytes=400_000) as line,
    ):
        browser = Browser(line.url)
        await browser.enter(EMAIL, PASSWORD)
        job = await browser.upload(client, "people.csv", file)
        assert job["piece_count"] == -(-len(file) // 150_000)
        job = await browser.until_read(client, job["uid"])
        assert job["result"]["rows"] == ROWS
        address = await browser.export(f"/clients/{client}/uploads/{job['result']['upload']}/rows.csv")
        with tempfile.TemporaryFile() as back:
            requests = await browser.download(address, back)
            back.seek(0)
            content = back.read()
        await browser.http.aclose()
    assert requests > 1
    assert line.cuts > 0
    assert io.BytesIO(content).read(3) == exports.BOM
    assert content[3:] == file
