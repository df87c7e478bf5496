"""The server inside this process ends cleanly, whatever its requests are doing."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.local.server import BackgroundServer, listen


async def _sleep(request: Request) -> Response:
    request.app.state.asked.set()
    await asyncio.sleep(float(request.query_params["seconds"]))
    return PlainTextResponse("done")


async def _trickle(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    return StreamingResponse(parts())


def _server(grace_s: float) -> tuple[BackgroundServer, threading.Event]:
    """A server, and what tells that somebody has asked it to sleep."""
    app = Starlette(routes=[Route("/sleep", _sleep), Route("/trickle", _trickle)])
    app.state.asked = threading.Event()
    return BackgroundServer(app, listen(), grace_s=grace_s), app.state.asked


async def test_what_does_not_end_in_time_is_told_to_come_back(caplog: pytest.LogCaptureFixture) -> None:
    server, asked_it = _server(0.2)
    await server.start()
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as http:
        asked = asyncio.create_task(http.get("/sleep", params={"seconds": "60"}))
        await asyncio.to_thread(asked_it.wait)
        began = time.monotonic()
        await server.stop()
        answer = await asked
    assert time.monotonic() - began < 60, "it would take a minute"
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert [r.getMessage() for r in caplog.records if r.levelno > logging.INFO] == []


async def test_an_answer_under_way_is_broken_off_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    server, _ = _server(0.2)
    await server.start()
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as http, http.stream("GET", "/trickle") as answer:
        parts = answer.aiter_raw()
        await anext(parts)
        await server.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            _ = [part async for part in parts]
    assert [r.exc_info for r in caplog.records if r.exc_info] == []


async def test_what_ends_in_time_is_answered() -> None:
    server, asked_it = _server(120)
    await server.start()
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as http:
        asked = asyncio.create_task(http.get("/sleep", params={"seconds": "0.5"}))
        await asyncio.to_thread(asked_it.wait)
        await server.stop()
        assert (await asked).text == "done"
