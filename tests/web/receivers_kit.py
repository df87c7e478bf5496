"""An application without its pages' sign-in, as Clay meets it: it posts answers and reads what it is told."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from app.clay.tokens import make_token
from app.db import Database
from tests.clay_kit import RECEIVER_TOKEN, SLUG, Claimed, answer
from tests.conftest import TestStack
from web.main import create_app


class Web:
    """The application, spoken to as Clay does, and a count of how often it woke the engine."""

    def __init__(self, db: Database) -> None:
        self.woken = 0
        self.app = create_app(wake=self.wake)
        self.app.state.services.database = db
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="https://leadloom.example")

    async def wake(self) -> None:
        self.woken += 1

    async def signed(self, row: Claimed, content: Any = None, **options: Any) -> httpx.Response:
        body = content if isinstance(content, bytes) else orjson.dumps(answer() if content is None else content)
        return await self.http.post(f"/clay/{SLUG}/{row.token()}", content=body, **options)

    async def fixed(self, content: Any, token: str | None = RECEIVER_TOKEN) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token is not None else {}
        return await self.http.post(f"/clay/{SLUG}", json=content, headers=headers)


def row_url(row: Claimed, stack: TestStack) -> str:
    """The signed URL of a row, whatever the settings say."""
    return f"/clay/{SLUG}/" + make_token(SLUG, row.item, row.step_index, row.attempt, stack.keys.callback_key)
