"""What the processes write while they work: lines that a program can read, with the row's names and no secret."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from app.clay.tokens import make_token
from app.db import Database
from app.engine import batches
from app.local.postgres.cluster import free_port
from app.workflows import registry_rows
from tests.conftest import TestStack
from tests.engine_kit import World, make_world

pytestmark = pytest.mark.usefixtures("stack")


class Part:
    """A part that runs as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""

    async def end(self) -> list[dict[str, Any]]:
        """Ask it to end; returns what it wrote, line by line."""
        self.process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(self.process.communicate(), 300)
        self.text = err.decode()
        return [json.loads(line) for line in self.text.splitlines()]


@asynccontextmanager
async def part(*words: str, **variables: str) -> AsyncIterator[Part]:
    """`leadloom <words>` with nobody at a terminal."""
    ours = {"LEADLOOM_LOG": "", "LEADLOOM_LOG_LEVEL": "", "LEADLOOM_PARENT": str(os.getpid())}
    ours["PUBLIC_URL"] = "https://leads.example.com"  # an engine starts only where Clay can answer
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "functions.console.main", *words),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | ours | variables,
    )
    try:
        yield Part(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answer(url: str, **options: Any) -> httpx.Response:
    """The answer to a POST, as soon as the server is there."""
    async with httpx.AsyncClient() as http, asyncio.timeout(300):
        while True:
            try:
                return await http.post(url, **options)
            except httpx.ConnectError:
                await asyncio.sleep(0.1)


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    return await make_world(db, pg)


async def test_a_callback_is_one_line_with_the_rows_names_and_without_its_token(
    world: World, stack: TestStack, db: Database
) -> None:
    await world.launch(1, "paid")
    [item] = await world.claim()
    await world.send([item])
    token = make_token("paid", item["item"], 0, item["attempt"], stack.settings.signing_key.get_secret_value())
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    url = f"http://127.0.0.1:{(port := free_port())}/clay/paid"
    async with part("web", "--port", str(port)) as web:
        assert (await answer(f"{url}/{forged}", json={"email": "jane@private.example"})).status_code == 404
        body = {"email": "jane@private.example", "headline": "Chief of Secrets"}
        taken = await answer(f"{url}/{token}", json=body, headers={"authorization": "Bearer not-needed-here"})
        assert taken.is_success
        lines = await web.end()
    [line] = [line for line in lines if "verdict" in line]
    assert line["message"] == "A callback was settled."
    assert (line["level"], line["part"], line["workflow"], line["item"]) == ("info", "web", "paid", item["item"])
    assert (line["step"], line["attempt"], line["verdict"]) == (0, item["attempt"], taken.json()["verdict"])
    assert line["callback"] >= 1
    secrets = [token, token.rsplit(".", 1)[1], forged.rsplit(".", 1)[1], "jane", "Secrets", "not-needed-here"]
    secrets += [stack.secret_key, stack.settings.signing_key.get_secret_value()]
    assert [secret for secret in secrets if secret in web.text] == []


async def test_the_engine_tells_what_it_did_with_batch_step_and_workflow(
    db: Database, pg: asyncpg.Connection, world: World
) -> None:
    await db.call("sync_registry", workflows=registry_rows())
    batch = await world.launch(3, "split_raw", "normalize_name")
    async with part("engine") as engine:
        await batches.wait_for(db, batch, timeout_s=300)
        lines = await engine.end()
    chunks = [line for line in lines if line.get("batch") == batch]
    assert [(line["workflow"], line["step"]) for line in chunks] == [("split_raw", 0), ("normalize_name", 1)]
    assert chunks[0]["message"].startswith("A chunk of 3 rows: 3 completed, 0 failed, 0 sent in ")
    assert {line["part"] for line in lines} == {"engine"}
    assert lines[-1]["message"].startswith("The engine rests after ")


async def test_an_error_that_ends_a_process_is_a_line_too(stack: TestStack) -> None:
    """A setting that is no address: the reason is told, the key is not."""
    async with part("engine", LEADLOOM_LOG="json", SUPABASE_URL="not-an-address") as engine:
        await asyncio.wait_for(engine.process.wait(), 300)
        assert engine.process.stderr is not None
        said = (await engine.process.stderr.read()).decode()
    assert stack.secret_key not in said
    assert "Supabase cannot be used" in said


async def test_on_a_terminal_lines_are_plain(world: World, stack: TestStack) -> None:
    port = free_port()
    async with part("web", "--port", str(port), LEADLOOM_LOG="text", LEADLOOM_LOG_LEVEL="info") as web:
        forged = "0f9e1d2c-0000-4000-8000-1234567890ab.0.1." + "A" * 43
        await answer(f"http://127.0.0.1:{port}/clay/paid/{forged}", json={})
        web.process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(web.process.communicate(), 300)
    assert "A" * 43 not in err.decode()
    assert "{" not in err.decode()
