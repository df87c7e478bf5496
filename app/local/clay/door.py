"""The sandbox's front door: passes connections on to it, and can be closed for a while, so that they are refused.

A server that is away is the one oddity that it cannot play by itself: whoever connects then gets the operating system's
refusal, as from a Clay that is down.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

__all__ = ["Door"]

PIECE = 65_536


class Door:
    """Listens where the sandbox is to be found, and connects through to where it is.

    Args:
        sock: a listening socket; the door closes and opens its port.
        behind: where the sandbox listens.
    """

    def __init__(self, sock: socket.socket, behind: tuple[str, int]) -> None:
        self._sock: socket.socket | None = sock
        self._address: tuple[str, int] = sock.getsockname()
        self._behind = behind
        self._server: asyncio.Server | None = None
        self._closing: asyncio.Task[None] | None = None
        self.url = f"http://{self._address[0]}:{self._address[1]}"
        self.times_away = 0

    async def open(self) -> None:
        """Let connections through."""
        sock, self._sock = self._sock, None
        if sock is not None:
            self._server = await asyncio.start_server(self._pass, sock=sock)
        else:
            host, port = self._address
            self._server = await asyncio.start_server(self._pass, host, port, reuse_address=True)

    def go_away(self, seconds: float) -> None:
        """Refuse connections for so long; those that are through stay, those that wait to be let in are reset."""
        self.times_away += 1
        if self._server is not None:
            self._server.close()
        self._closing = asyncio.create_task(self._be_away(seconds))

    async def close(self) -> None:
        """Close for good."""
        if self._closing is not None:
            self._closing.cancel()
            await asyncio.gather(self._closing, return_exceptions=True)
        if self._server is not None:
            self._server.close()

    async def _be_away(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.open()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            inner_reader, inner_writer = await asyncio.open_connection(*self._behind)
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, to its end."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
