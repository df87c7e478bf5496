"""HTTP/1.1 on bare streams, as little of it as a wire needs: one message in, one message out, nothing interpreted.

The wires (`wires.py`) stand between the parts of an installation. They cut, hold and repeat whole messages, which an
HTTP library would not let them do.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

__all__ = ["BrokenMessageError", "Message", "ask", "read_message", "respond"]

LONGEST_HEAD = 65_536
NO_BODY = (b"204", b"304")


class BrokenMessageError(Exception):
    """The other side went away in the middle of a message."""


@dataclass(frozen=True)
class Message:
    """A request or a response.

    Attributes:
        start: the first line, without its end.
        headers: names in lower case; transfer encoding and length left out, since `data` writes its own.
        body: whole.
    """

    start: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def path(self) -> str:
        """Of a request: the target."""
        return self.start.split(b" ")[1].decode("latin-1")

    @property
    def status(self) -> int:
        """Of a response: the code."""
        return int(self.start.split(b" ")[1])

    @property
    def data(self) -> bytes:
        """As it goes over the wire."""
        lines = [self.start, *(name + b": " + value for name, value in self.headers)]
        lines.append(b"content-length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


def respond(status: int, body: bytes, content_type: bytes = b"application/json") -> Message:
    """A response of our own."""
    return Message(b"HTTP/1.1 %d Told" % status, ((b"content-type", content_type),), body)


async def read_message(reader: asyncio.StreamReader, *, response: bool = False) -> Message | None:
    """The next message; None when the other side closed before one began.

    Raises:
        BrokenMessageError: it closed in the middle of one.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise BrokenMessageError from None
        return None
    except (ConnectionError, asyncio.LimitOverrunError):
        raise BrokenMessageError from None
    start, *lines = head[:-4].split(b"\r\n")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    named = dict(headers)
    try:
        if b"chunked" in named.get(b"transfer-encoding", b"").lower():
            body = await _chunked(reader)
        elif b"content-length" in named:
            body = await reader.readexactly(int(named[b"content-length"]))
        elif response and start.split(b" ")[1] not in NO_BODY:
            body = await reader.read()
        else:
            body = b""
    except (asyncio.IncompleteReadError, ConnectionError):
        raise BrokenMessageError from None
    kept = tuple((name, value) for name, value in headers if name not in (b"transfer-encoding", b"content-length"))
    return Message(start, kept, body)


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        body += await reader.readexactly(size)
        await reader.readuntil(b"\r\n")
        if not size:
            return bytes(body)


async def ask(port: int, request: Message, *, send: float = 1.0) -> Message:
    """Send a request to a port of this machine over a connection of its own, and read the answer.

    Args:
        port: where to.
        request: what.
        send: the part of it that is sent; below 1 the connection is cut after that part.

    Raises:
        BrokenMessageError: nobody listens, the connection broke, or only a part was to be sent.
    """
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_HEAD)
    except OSError:
        raise BrokenMessageError from None
    try:
        data = request.data
        writer.write(data[: int(len(data) * send)])
        await writer.drain()
        answer = await read_message(reader, response=True) if send >= 1 else None
    except ConnectionError:
        raise BrokenMessageError from None
    finally:
        writer.transport.abort()
    if answer is None:
        raise BrokenMessageError
    return answer
