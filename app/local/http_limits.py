"""What a connection may cost: heads of requests come soon and are small, bodies come at a speed worth waiting for.

uvicorn waits for ever for a request that trickles in, and takes a head of any length. On Modal the ingress stands in
front; `leadloom web` on a server of one's own has this. Time in which we read slowly is not held against the sender.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["BoundedProtocol"]

HEAD_SECONDS = 10.0
HEAD_BYTES = 64_000
BODY_WINDOW_S = 20
BODY_BYTES_A_SECOND = 500

_REASONS = {408: b"Request Timeout", 431: b"Request Header Fields Too Large"}
_WORDS = {
    408: b"The request came too slowly.",
    431: b"The head of the request is too long.",
}


class BoundedProtocol(HttpToolsProtocol):
    """One connection, broken off with 408 or 431 when it costs more than that."""

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _body_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes, then hand it on."""
        if self._in_head:
            self._head_bytes += len(data)
        else:
            self._body_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        """A request begins: the first one, or the next one of a connection that was kept."""
        super().on_message_begin()
        if not self._in_head:
            self._begin_head()

    def on_headers_complete(self) -> None:
        """The head is here; from now on its body has to come."""
        self._stop_timer()
        self._in_head = False
        self._body_bytes = 0
        self._watch_body()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of the request is here; how long its answer takes is our own affair."""
        self._stop_timer()
        super().on_message_complete()

    def _begin_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._stop_timer()
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, 408)

    def _watch_body(self, waited: int = 0) -> None:
        """Look every second; only seconds in which we would have read count as the sender's."""
        self._timer = self.loop.call_later(1.0, self._judge_body, waited)

    def _judge_body(self, waited: int) -> None:
        waited += not self.flow.read_paused
        if waited < BODY_WINDOW_S:
            self._watch_body(waited)
        elif self._body_bytes < BODY_BYTES_A_SECOND * BODY_WINDOW_S:
            self._refuse(408)
        else:
            self._body_bytes = 0
            self._watch_body()

    def _refuse(self, status: int) -> None:
        self._stop_timer()
        if self.transport is None or self.transport.is_closing():
            return
        nothing_came = self._in_head and not self._head_bytes  # a browser's connection in reserve: just closed
        if not nothing_came and (self.cycle is None or self.cycle.response_complete or not self.cycle.response_started):
            words = _WORDS[status]
            self.transport.write(
                b"HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%s" % (status, _REASONS[status], len(words), words)
            )
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
