"""A slow line that breaks: a TCP proxy with so many bits a second each way, which cuts every connection after a while.

What is behind it is reached as from a hotel's Wi-Fi through a platform that ends requests: `bench/transfer.py` and a
test send whole files through it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

__all__ = ["Line", "slow_line"]

_BLOCK = 8_192


@dataclass
class Line:
    """A running proxy.

    Attributes:
        url: where it listens.
        bytes: carried so far, both ways.
        cuts: connections that it ended for being too old.
    """

    url: str = ""
    bytes: int = 0
    cuts: int = 0
    _free_at: dict[str, float] = field(default_factory=dict)

    async def carry(self, way: str, size: int, bytes_per_s: float) -> None:
        """Wait until so many bytes may pass in this direction; all connections share it."""
        now = time.monotonic()
        at = max(now, self._free_at.get(way, now)) + size / bytes_per_s
        self._free_at[way] = at
        self.bytes += size
        await asyncio.sleep(at - now)


@contextlib.asynccontextmanager
async def slow_line(
    target: str, *, mbit_per_s: float, cut_after_s: float = 1e9, cut_after_bytes: int = 1 << 62
) -> AsyncIterator[Line]:
    """Listen on 127.0.0.1 for connections to `target`.

    Args:
        target: `http://host:port`.
        mbit_per_s: in each direction, for all connections together.
        cut_after_s: how old a connection may get.
        cut_after_bytes: how much a connection may carry in one direction.
    """
    host, port = target.removeprefix("http://").split(":")
    line, rate = Line(), mbit_per_s * 1e6 / 8

    async def pump(way: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        left = cut_after_bytes
        while block := await source.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise TimeoutError
            await line.carry(way, len(block), rate)
            sink.write(block)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port), limit=_BLOCK)
        try:
            async with asyncio.timeout(cut_after_s):
                await asyncio.gather(pump("up", reader, back), pump("down", there, writer))
        except TimeoutError:
            line.cuts += 1
        except OSError:
            pass
        finally:
            for end in (writer, back):
                end.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_BLOCK)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
