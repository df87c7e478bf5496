"""The connections that rows go out on: reused while they are good, never too many, to checked addresses only."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest

from app.clay import public_transport
from app.clay.post import http_client
from tests.waiting import until

YES = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Server:
    """Answers every request, and counts the requests of each connection."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: Counter[int] = Counter()
        self.answer = asyncio.Event()
        self.answer.set()

    async def is_asked_twice(self) -> bool:
        """Whether two requests have come."""
        return self.requests.total() >= 2

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = len(self.requests)
        self.requests[connection] = 0
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.requests[connection] += 1
                await self.answer.wait()
                writer.write(YES)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(public_transport, "loopback_allowed", lambda: True)
    one = Server()
    listening = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/hook"
    yield one
    listening.close()


async def test_a_connection_whose_answer_was_read_is_used_again(server: Server) -> None:
    async with http_client() as http:
        for _ in range(5):
            assert (await http.get(server.url)).json() == {}
    assert server.requests == {0: 5}


async def test_a_connection_whose_answer_was_not_read_is_not_used_again(server: Server) -> None:
    async with http_client() as http:
        async with http.stream("GET", server.url) as response:
            assert response.status_code == 200
        await http.get(server.url)
    assert server.requests == {0: 1, 1: 1}


async def test_a_connection_that_was_idle_too_long_is_not_used_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_transport, "IDLE_S", 0.0)
    async with http_client() as http:
        await http.get(server.url)
        await http.get(server.url)
    assert server.requests == {0: 1, 1: 1}


async def test_beyond_the_allowed_connections_requests_wait_and_none_gets_lost(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_transport, "CONNECTIONS", 2)
    server.answer.clear()
    async with http_client() as http:
        asked = [asyncio.create_task(http.get(server.url, timeout=300)) for _ in range(6)]
        await until(server.is_asked_twice)
        with pytest.raises(httpx.PoolTimeout):
            await http.get(server.url, timeout=httpx.Timeout(300, pool=0.01))
        asked[0].cancel()
        server.answer.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert [answer.status_code for answer in answers[1:] if isinstance(answer, httpx.Response)] == [200] * 5
    assert len(server.requests) <= 3, "the cancelled one's was closed, another took its place"


async def test_a_hosts_checked_addresses_are_kept_for_a_moment_and_then_checked_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[object] = []
    port = int(server.url.rsplit(":", 1)[1].split("/")[0])

    async def resolve(host: object, *_args: object, **_kwargs: object) -> list[tuple[object, ...]]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
    backend = public_transport._PublicBackend()
    assert await backend._resolved("tables.example", port, 5) == ["127.0.0.1"]
    assert await backend._resolved("tables.example", port, 5) == ["127.0.0.1"]
    assert len(looked_up) == 1
    monkeypatch.setattr(public_transport, "loopback_allowed", lambda: False)
    with pytest.raises(public_transport.PrivateAddressError):
        await backend._resolved("tables.example", port, 5)
    monkeypatch.setattr(public_transport, "loopback_allowed", lambda: True)
    backend._known = {name: (0.0, addresses) for name, (_, addresses) in backend._known.items()}
    await backend._resolved("tables.example", port, 5)
    assert len(looked_up) == 3


async def test_a_request_that_failed_gives_its_place_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_transport, "CONNECTIONS", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    async with http_client() as http:
        for _ in range(3):
            with pytest.raises(httpx.ConnectError):
                await http.get(f"http://127.0.0.1:{closed}/hook", timeout=5)
        assert (await http.get(server.url, timeout=60)).json() == {}
