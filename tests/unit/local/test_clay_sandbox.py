"""The Clay sandbox: limits as Clay has them, answers as Clay gives them, misbehaviour as ordered."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.local.clay.sandbox import NOTICE, Sandbox, create_sandbox, sandbox_server, webhook_url
from app.local.clay.workspace import WorkspaceSettings
from app.local.server import BackgroundServer, listen
from tests.sandbox_kit import FAST, row


class Receiver:
    """A receiver of callbacks that can be told to fail."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.app = Starlette(routes=[Route("/{path:path}", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        self.headers.append(dict(request.headers))
        status = self.statuses.pop(0) if self.statuses else 200
        return JSONResponse({"verdict": "applied"}, status)


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    """A receiver on a real socket, and its URL."""
    one = Receiver()
    async with BackgroundServer(one.app, listen()) as server:
        yield one, server.url


class Client:
    """The sandbox in this process, behind its ASGI interface."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_sandbox(sandbox)), base_url="http://sandbox.example"
        )

    async def send(self, content: dict[str, Any] | bytes, table: str = "t", **headers: str) -> httpx.Response:
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        return await self.http.post(f"/webhooks/w/{table}", content=body, headers=headers)

    async def stats(self) -> dict[str, Any]:
        return (await self.http.get("/stats?rows=1")).json()

    async def settle(self) -> dict[str, Any]:
        for _ in range(500):
            stats = await self.stats()
            if not stats["callbacks"]["waiting"]:
                return stats
            await asyncio.sleep(0.02)
        raise AssertionError("callbacks are still waiting")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A sandbox without any rate limit to speak of, that answers at once."""
    one = Client(Sandbox(WorkspaceSettings(**FAST), patience_s=2))
    async with one.sandbox.courier, one.http:
        yield one


async def test_it_says_what_it_is(client: Client) -> None:
    assert (await client.http.get("/")).json()["notice"] == NOTICE
    assert "test instrument" in (await client.send(row(1))).text
    assert (await client.stats())["notice"] == NOTICE


async def test_a_row_is_answered_at_its_callback_url(client: Client, receiver: tuple[Receiver, str]) -> None:
    received, url = receiver
    assert (await client.send(row(1, callback_url=f"{url}/clay/x/token"))).status_code == 200
    stats = await client.settle()
    [body] = [orjson.loads(raw) for raw in received.bodies]
    assert body["batch_item_id"] == "item-1"
    assert body["raw_payload"]["domain"] == "c1.example"
    assert (stats["callbacks"]["delivered"], stats["callbacks"]["verdicts"]) == (1, {"applied": 1})


async def test_a_workspace_may_answer_at_the_fixed_url(client: Client, receiver: tuple[Receiver, str]) -> None:
    received, url = receiver
    await client.http.put("/workspaces/w", json={"receiver_url": f"{url}/clay/", "receiver_token": "tok"})
    await client.send(row(1, callback_url="http://127.0.0.1:1/never"))
    await client.settle()
    assert received.headers[0]["authorization"] == "Bearer tok"


async def test_a_receiver_that_is_away_gets_its_callback_later(client: Client, receiver: tuple[Receiver, str]) -> None:
    received, url = receiver
    received.statuses = [503, 500]
    await client.send(row(1, callback_url=f"{url}/x"))
    stats = await client.settle()
    assert (len(received.bodies), stats["callbacks"]["retries"], stats["callbacks"]["delivered"]) == (3, 2, 1)


async def test_a_receiver_that_says_no_is_not_asked_again(client: Client, receiver: tuple[Receiver, str]) -> None:
    received, url = receiver
    received.statuses = [404]
    await client.send(row(1, callback_url=f"{url}/x"))
    stats = await client.settle()
    assert (len(received.bodies), stats["callbacks"]["refused"]) == (1, 1)


async def test_a_receiver_that_stays_away_is_given_up(client: Client) -> None:
    with_closed_port = listen()
    port = with_closed_port.getsockname()[1]
    with_closed_port.close()
    await client.send(row(1, callback_url=f"http://127.0.0.1:{port}/x"))
    assert (await client.settle())["callbacks"]["given_up"] == 1


@pytest.mark.parametrize(
    ("settings", "content", "headers", "status"),
    [
        ({"gone_tables": ["t"]}, row(1), {}, 404),
        ({"auth_token": "tok"}, row(1), {}, 401),
        ({"auth_token": "tok"}, row(1), {"x-clay-webhook-auth": "other"}, 401),
        ({"auth_token": "tok"}, row(1), {"x-clay-webhook-auth": "tok"}, 200),
        ({}, row(1, big="x" * 100_000), {}, 413),
        ({}, b"[1]", {}, 400),
        ({}, b"{", {}, 400),
    ],
)
async def test_what_clay_refuses_it_refuses(
    client: Client, settings: dict[str, Any], content: Any, headers: dict[str, str], status: int
) -> None:
    assert (await client.http.put("/workspaces/w", json=settings)).status_code == 200
    assert (await client.send(content, **headers)).status_code == status
    assert (await client.stats())["received"] == (status == 200)


async def test_rows_beyond_the_rate_get_429(client: Client) -> None:
    await client.http.put("/workspaces/w", json={"rate_per_second": 0.5, "burst": 3})
    answers = [await client.send(row(n), table=f"t{n}") for n in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[3].headers["retry-after"] == "1"


async def test_rows_beyond_the_lifetime_cap_vanish(client: Client, receiver: tuple[Receiver, str]) -> None:
    received, url = receiver
    await client.http.put("/workspaces/w", json={"lifetime_cap": 2})
    answers = [await client.send(row(n, callback_url=f"{url}/x")) for n in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    stats = await client.settle()
    assert len(received.bodies) == 2
    assert stats["workspaces"]["w"]["planned"] == {"answered": 2, "vanished": 2}


async def test_settings_that_make_no_sense_are_refused(client: Client) -> None:
    assert (await client.http.put("/workspaces/w", json={"burst": 0})).status_code == 422
    assert (await client.http.put("/workspaces/w", json={"colour": 1})).status_code == 422
    assert (await client.http.put("/workspaces/w", content=b"x")).status_code == 422


async def test_tokens_are_not_shown(client: Client) -> None:
    await client.http.put("/workspaces/w", json={"auth_token": "hidden-1", "receiver_token": "hidden-2"})
    assert "hidden" not in (await client.http.get("/stats")).text


async def test_stats_count_every_row_and_attempt(client: Client) -> None:
    for attempt in (1, 2, 2):
        await client.send(row(1, attempt=attempt))
    stats = await client.stats()
    assert stats["workspaces"]["w"]["rows"] == {"enrich_company_clay/item-1": {"1": 1, "2": 2}}
    assert stats["repeated"] == 1
    assert stats["workspaces"]["w"]["repeated"][0]["times"] == 2


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAY_SANDBOX_MODE", "misbehaving")
    monkeypatch.setenv("CLAY_SANDBOX_URL", "http://127.0.0.1:9")
    assert WorkspaceSettings().mode == "misbehaving"


async def test_a_crowd_of_rows_is_taken_and_answered_completely(receiver: tuple[Receiver, str]) -> None:
    received, url = receiver
    sandbox = Sandbox(WorkspaceSettings(**FAST))
    async with BackgroundServer(create_sandbox(sandbox), listen()) as server, httpx.AsyncClient() as http:
        target = webhook_url(server.url, "w", "t")
        for first in range(0, 300, 30):
            sends = (http.post(target, json=row(n, callback_url=f"{url}/x")) for n in range(first, first + 30))
            assert {answer.status_code for answer in await asyncio.gather(*sends)} == {200}
        for _ in range(12_000):
            if len(received.bodies) == 300:
                break
            await asyncio.sleep(0.01)
    assert len({orjson.loads(body)["batch_item_id"] for body in received.bodies}) == 300


async def test_an_odd_sandbox_takes_rows_and_says_otherwise(receiver: tuple[Receiver, str]) -> None:
    """Each oddity in its turn; whatever the sender is told, the row is in the table and is answered."""
    one, back = receiver
    odd = WorkspaceSettings(**FAST, mode="odd", odd_every=1, away_after=1_000)
    seen: list[str] = []
    async with sandbox_server(None, odd) as server, httpx.AsyncClient() as http:
        for number in range(15):
            body = row(number, callback_url=f"{back}/x")
            try:
                response = await http.post(webhook_url(server.url, "north", "companies"), json=body)
                seen.append(str(response.status_code))
            except httpx.RemoteProtocolError as error:
                seen.append("half" if "incomplete" in str(error) else "nothing")
        stats = (await http.get(f"{server.url}/stats")).json()
        for _ in range(6_000):
            if not (await http.get(f"{server.url}/stats")).json()["callbacks"]["waiting"]:
                break
            await asyncio.sleep(0.01)
    assert seen == [
        *("500", "200", "502", "429", "429", "429", "429", "429"),
        *("503", "301", "nothing", "408", "half", "307", "502"),
    ]
    assert (stats["received"], stats["workspaces"]["north"]["refused"]) == (10, {"429": 5})
    assert len(one.bodies) == 9, "one is never answered"
    [packed] = [body for body, head in zip(one.bodies, one.headers, strict=True) if "content-encoding" in head]
    assert orjson.loads(gzip.decompress(packed))["status"] == "success"


async def test_an_odd_sandbox_is_away_for_a_while() -> None:
    odd = WorkspaceSettings(**FAST, mode="odd", odd_every=1_000, away_after=2, away_s=5)
    async with sandbox_server(None, odd) as server:

        async def post(number: int) -> int:
            async with httpx.AsyncClient() as http:
                return (await http.post(webhook_url(server.url, "north", "x"), json=row(number))).status_code

        assert [await post(1), await post(2)] == [200, 200]
        with pytest.raises(httpx.ConnectError):
            await post(3)
        for _ in range(1_200):
            await asyncio.sleep(0.05)
            try:
                assert await post(4) == 200
            except httpx.ConnectError:
                continue
            break
        else:
            pytest.fail("it did not come back")
