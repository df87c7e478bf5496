"""A local server that speaks Modal's wire protocol, as far as `modal deploy`, `modal run` and containers need it.

The protocol's definitions are those inside the `modal` package, so the real command line, the real client and the real
container runtime talk to it. It keeps what it is told, and `tests/modal/` asserts on that:

    registry    apps, images, mounts, secrets and functions get ids; a published app is found by its name
    queue       a call of a function is kept; a container of that function (`containers.py`) may fetch and answer it
    the rest    is refused as unimplemented and noted in `refused`
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from grpclib import GRPCError, Status
from grpclib.server import Server
from modal_proto.api_grpc import ModalClientBase

from tests.modal.protocol_queue import Queue

__all__ = ["ModalService", "modal_server"]


class ModalService(Queue):
    """Modal's side of the conversation.

    Attributes:
        url: where it is served.
        tokens: the credentials it has seen.
        refused: names of requests that it does not know how to answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.tokens: set[tuple[str, str]] = set()
        self.refused: list[str] = []

    def as_grpc(self) -> ModalClientBase:
        """The service as a handler of every request of the protocol."""
        names = ModalClientBase.__abstractmethods__
        return type("Service", (ModalClientBase,), {name: self._handler(name) for name in names})()

    def _handler(self, name: str) -> Callable[[Any, Any], Awaitable[None]]:
        async def handle(_: ModalClientBase, stream: Any) -> None:
            request = await stream.recv_message()
            metadata = stream.metadata
            self.tokens.add((metadata.get("x-modal-token-id", ""), metadata.get("x-modal-token-secret", "")))
            answer = getattr(self, name, None)
            if answer is None:
                self.refused.append(name)
                raise GRPCError(Status.UNIMPLEMENTED, f"the local server does not answer {name}")
            replies = answer(request)
            if inspect.isawaitable(replies):
                replies = await replies
            for reply in replies if isinstance(replies, list) else [replies]:
                await stream.send_message(reply)

        return handle


@contextmanager
def modal_server() -> Iterator[ModalService]:
    """Serve on a loopback port, from a thread of its own, until the block ends."""
    service, started = ModalService(), threading.Event()

    async def serve() -> None:
        server = Server([service.as_grpc()])
        await server.start("127.0.0.1", 0)
        port = server._server.sockets[0].getsockname()[1]  # grpclib does not say which port it was given
        service.url = f"http://127.0.0.1:{port}"
        stop.append(asyncio.Event())
        started.set()
        await stop[0].wait()
        server.close()
        await server.wait_closed()

    stop: list[asyncio.Event] = []
    thread = threading.Thread(target=service.loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield service
    finally:
        service.loop.call_soon_threadsafe(stop[0].set)
        thread.join(10)
        service.loop.close()
