"""The console commands that archive, delete and erase, as an operator types them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from app.db import Database
from app.engine.retention.archive import read_part
from tests.acceptance.conftest import leadloom
from tests.engine_kit import World, make_world

ALL = "select count(*) from enrichment_results where raw is not null"


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    return await make_world(db, pg)


async def ended(world: World, rows: int) -> str:
    """A finished batch with a payload per row."""
    batch = await world.launch(rows, "paid")
    items = await world.claim(rows)
    await world.send(items)
    for start in range(0, rows, 1000):
        part = items[start : start + 1000]
        await world.complete(part, source="clay", raw={"words": "payload " * 900})
    await world.advance()
    await world.pg.execute("update batches set state = 'COMPLETED', finished_at = now() - interval '1 hour' where true")
    return batch


async def test_archive_and_back(world: World, tmp_path: Path) -> None:
    batch = await ended(world, 5)
    folder = ("--folder", str(tmp_path), "--json")
    assert (await leadloom("archive", *folder))[1].strip() == "[]", "an hour is no ninety days"
    code, out, _ = await leadloom("archive", "--older-than", "0", *folder)
    [done] = json.loads(out)
    assert (code, done["batch"], done["payloads"], done["complete"]) == (0, batch, 5, True)
    assert await world.pg.fetchval(ALL) == 0
    code, _, err = await leadloom("archive", "--restore", *folder)
    assert (code, "Give the ids of the batches to restore" in err) == (1, True)
    code, out, _ = await leadloom("archive", batch, "--restore", *folder)
    assert json.loads(out)[0]["payloads"] == 5
    assert await world.pg.fetchval(ALL) == 5


async def test_killed_in_the_middle_it_goes_on(world: World, tmp_path: Path) -> None:
    """SIGKILL at three moments; in the end every payload is in the files, once, and comes back."""
    batch = await ended(world, 1000)
    words = ("archive", batch, "--folder", str(tmp_path), "--json")
    for wait_s in (1.2, 1.6, 2.0):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "functions.console.main", *words),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await asyncio.sleep(wait_s)
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    code, out, err = await leadloom(*words)
    assert code == 0, err
    assert json.loads(out)[0]["complete"]
    assert await world.pg.fetchval(ALL) == 0
    held = [row["id"] for path in (tmp_path / batch).glob("*.parquet") for row in read_part(path)]
    assert len(held) == len(set(held)) == 1000
    code, out, _ = await leadloom("archive", batch, "--restore", "--folder", str(tmp_path), "--json")
    assert json.loads(out)[0]["payloads"] == 1000
    assert await world.pg.fetchval(ALL) == 1000


async def test_erase_asks_twice_and_takes_the_files_along(world: World, tmp_path: Path) -> None:
    await ended(world, 3)
    folder = ("--folder", str(tmp_path), "--json")
    await leadloom("archive", "--older-than", "0", *folder)
    code, _, err = await leadloom("erase", "--email", "p2@example.test", "--confirm", "p3@example.test", *folder)
    assert code == 1, err
    assert "Nothing was changed" in err
    code, out, err = await leadloom("erase", "--email", "P2@example.test", "--confirm", "P2@example.test", *folder)
    assert code == 0, err
    record = json.loads(out)
    assert (record["done"], record["counts"]["rows"], record["archives"]) == (True, 1, [])
    assert "p2@" not in out
    assert await world.pg.fetchval("select count(*) from raw_apollo_uploads where data = '{}'") == 1


async def test_delete_client_and_upload(world: World, tmp_path: Path) -> None:
    await ended(world, 3)
    folder = ("--folder", str(tmp_path), "--json")
    upload = await world.pg.fetchval("select uid::text from uploads")
    code, _, err = await leadloom("delete-upload", upload, "other.csv", *folder)
    assert (code, "does not match" in err) == (1, True)
    code, out, _ = await leadloom("delete-upload", upload, "people.csv", *folder)
    assert json.loads(out)["counts"]["batch_items"] == 3
    code, out, _ = await leadloom("delete-client", "northgate", "--confirm", "northgate", *folder)
    assert (code, json.loads(out)["counts"]["clients"]) == (0, 1)
    assert await world.pg.fetchval("select count(*) from clients") == 0
