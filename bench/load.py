"""Many connections that post one body after another, as cheaply as Python can, and what they were answered.

A client library costs more per request than the servers that are measured here; this one writes the request's bytes and
reads a status line and a body of a stated length, on connections that stay open.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import httptools

__all__ = ["Load", "post_all"]


@dataclass
class Load:
    """What a load came to.

    Attributes:
        seconds: from the first request to the last answer.
        latencies: of each request, in seconds, sorted.
        statuses: how often each HTTP status was the answer.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile_ms(self, share: float) -> float:
        """The latency, in milliseconds, that this share of the requests stays below."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))] * 1e3


class _Connection(asyncio.Protocol):
    def __init__(self, work: Iterator[bytes], load: Load, left: list[int], done: asyncio.Future[None]) -> None:
        self._work, self._load, self._left, self._done = work, load, left, done
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done() and self._left[0]:
            self._done.set_exception(exc or ConnectionError("The server closed a connection."))

    def on_message_complete(self) -> None:
        self._load.latencies.append(time.perf_counter() - self._began)
        self._load.statuses[self._parser.get_status_code()] += 1
        self._left[0] -= 1
        if not self._left[0] and not self._done.done():
            self._done.set_result(None)
        self._parser = httptools.HttpResponseParser(self)
        self._next()

    def _next(self) -> None:
        request = next(self._work, None)
        if request is None:
            return
        self._began = time.perf_counter()
        self._transport.write(request)


def _requests(urls: Iterable[str], bodies: Iterable[bytes]) -> Iterator[bytes]:
    for url, body in zip(urls, bodies, strict=True):
        parts = urlsplit(url)
        yield (
            f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body


async def post_all(urls: Sequence[str], bodies: Sequence[bytes], connections: int) -> Load:
    """Post each body to its URL, all of one server, over so many connections; each sends when it was answered.

    Raises:
        ConnectionError: the server closed a connection.
    """
    host = urlsplit(urls[0])
    where = (host.hostname or "127.0.0.1", host.port or 80)
    loop = asyncio.get_running_loop()
    load, left, done = Load(), [len(urls)], loop.create_future()
    work = iter(list(_requests(urls, bodies)))
    began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: _Connection(work, load, left, done), *where) for _ in range(connections)
    ]
    await done
    load.seconds = time.perf_counter() - began
    load.latencies.sort()
    for transport, _ in opened:
        transport.close()
    return load
