"""Pages while the database is busy, away, or does not take the key: a 503 that says so, soon."""

from __future__ import annotations

import time

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app import db as door
from app.db import Patience, connect
from tests.conftest import TestStack
from tests.web.kit import Scene


@pytest.mark.parametrize("path", ["/batches", "/clients", "/health", "/leads"])
async def test_a_locked_table_is_said_soon(
    operator: httpx.AsyncClient, scene: Scene, pg: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    impatient = Patience(tries=3, seconds=0.5, answer_s=1.0, slow_is_away=True)
    async with pg.transaction():
        await pg.execute("lock table batches, clients, final_leads in access exclusive mode")
        began = time.monotonic()
        with monkeypatch.context() as patched:
            patched.setattr(door, "_PAGE_READS", impatient)
            answer = await operator.get(path)
        took_s = time.monotonic() - began
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Try again" in answer.text
    assert took_s < 25, "an answer has 29 s otherwise"
    assert (await operator.get(path)).status_code == 200
    assert scene.batch


async def test_a_refused_key_is_said_on_the_health_page_without_the_key(
    app: FastAPI, operator: httpx.AsyncClient, stack: TestStack
) -> None:
    refused = stack.settings.model_copy(update={"supabase_secret_key": SecretStr("sb_secret_of_another_project")})
    before = app.state.services.database
    async with await connect(refused) as other:
        app.state.services.database = other
        answer = await operator.get("/health")
        app.state.services.database = before
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Supabase rejected the key" in answer.text
    assert "sb_secret_of_another_project" not in answer.text
