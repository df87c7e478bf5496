"""What an outside probe is told: the process answers, and whether everything behind it does."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.db import Database, connect
from app.local.postgres.cluster import free_port
from tests.conftest import TestStack


@pytest.fixture
async def engine_ran(db: Database) -> None:
    """An engine has just been at work."""
    await db.call("take_engine_lease", holder=str(uuid4()), seconds=20)


async def fresh(app: FastAPI) -> None:
    """Let what is remembered from the last question run out."""
    await asyncio.sleep(app.state.services.probe.KEPT_S + 0.05)


@pytest.mark.usefixtures("engine_ran")
async def test_ready_when_database_schema_and_engine_are_there(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert (await guest.head("/readyz")).status_code == 200


async def test_the_process_is_alive_without_its_database(app: FastAPI, guest: httpx.AsyncClient) -> None:
    app.state.services.database = None
    answer = await guest.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_an_engine_that_never_ran_or_is_silent_is_told(
    app: FastAPI, guest: httpx.AsyncClient, db: Database, pg: asyncpg.Connection
) -> None:
    answer = await guest.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "reasons": ["The engine has never run."]}
    await db.call("take_engine_lease", holder=str(uuid4()), seconds=20)
    await pg.execute("update engine_leases set last_run_at = now() - interval '175 seconds'")
    await fresh(app)
    assert (await guest.get("/readyz")).status_code == 200
    await pg.execute("update engine_leases set last_run_at = now() - interval '200 seconds'")
    await fresh(app)
    answer = await guest.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    [reason] = answer.json()["reasons"]
    assert reason.startswith("The engine has not run for 20")
    assert reason.endswith(" seconds.")


@pytest.mark.usefixtures("engine_ran")
async def test_a_schema_of_another_version_is_told(guest: httpx.AsyncClient, pg: asyncpg.Connection) -> None:
    await pg.execute("update leadloom.applied_functions set files_hash = 'older'")
    answer = await guest.get("/readyz")
    assert answer.status_code == 503
    [reason] = answer.json()["reasons"]
    assert reason == "The database schema does not match this version: run `leadloom migrate`, or deploy again."


async def test_a_database_without_our_functions_is_told(guest: httpx.AsyncClient, pg: asyncpg.Connection) -> None:
    await pg.execute("drop function public.readiness()")
    answer = await guest.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["The database does not report its status."]


async def test_a_database_that_is_away_is_told_soon_and_without_a_secret(
    app: FastAPI, guest: httpx.AsyncClient, stack: TestStack
) -> None:
    away = stack.settings.model_copy(
        update={"supabase_url": f"http://127.0.0.1:{free_port()}", "supabase_secret_key": SecretStr("sb_secret_hidden")}
    )
    async with await connect(away) as nowhere:
        app.state.services.database = nowhere
        began = time.monotonic()
        answers = await asyncio.gather(*(guest.get("/readyz") for _ in range(20)))
        assert time.monotonic() - began < 10, "twenty questions are one question to a database that is away"
    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].json()["reasons"] == ["The database cannot be reached."]
    assert "hidden" not in answers[0].text


@pytest.mark.usefixtures("engine_ran")
async def test_a_flood_of_questions_asks_the_database_a_few_times_at_most(
    guest: httpx.AsyncClient, db: Database
) -> None:
    asked: list[str] = []

    async def count(request: httpx.Request) -> None:
        asked.append(request.url.path)

    db._http.event_hooks = {"request": [count]}
    began = time.monotonic()
    for _ in range(20):
        answers = await asyncio.gather(*(guest.get("/readyz") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
    assert len(asked) <= 2 + (time.monotonic() - began) / 2


async def test_they_need_no_sign_in_and_tell_no_version(guest: httpx.AsyncClient, stack: TestStack) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await guest.get(path)
        assert "location" not in answer.headers
        for secret in (stack.secret_key, stack.database_url, stack.url):
            assert secret not in answer.text
