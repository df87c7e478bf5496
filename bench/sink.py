"""A webhook that answers at once and remembers where each row's answer is to go: what senders are measured against.

    python -m bench.sink

It prints its address. `GET /callbacks` answers with the callback URLs of all rows that came since the last time.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httptools
import httpx
import orjson
import uvloop

__all__ = ["Sink", "running_sink"]

_TAKEN = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"status":"ok"}'


class _Taker(asyncio.Protocol):
    """One connection; rows of all connections are in `urls`."""

    urls: list[str] = []  # noqa: RUF012 -- shared by all connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"GET":
            body = orjson.dumps(self.urls)
            self.urls.clear()
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        else:
            self.urls.append(orjson.loads(self._body)["callback_url"])
            self._transport.write(_TAKEN)
        self._body = b""


class Sink:
    """A running sink, in a process of its own.

    Attributes:
        url: where rows go.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    async def take(self) -> list[str]:
        """The callback URLs of the rows that came since the last time."""
        async with httpx.AsyncClient() as http:
            urls: list[str] = (await http.get(f"{self.url}/callbacks")).json()
            return urls


@asynccontextmanager
async def running_sink() -> AsyncIterator[Sink]:
    """A sink for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.sink", stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield Sink((await process.stdout.readline()).decode().strip())
    finally:
        process.terminate()
        await process.wait()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Taker, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
