"""Serves an ASGI application on 127.0.0.1 inside this process, in a thread and an event loop of its own.

The gateway and the Clay stand-in run this way under `leadloom run`, `leadloom demo` and the tests: as real HTTP servers
that answer while the caller's loop is busy.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import LeadloomError
from app.local.http_limits import BoundedProtocol

__all__ = ["BackgroundServer", "listen"]

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_MOST_CONNECTIONS = 900  # below the usual limit of open files; more are answered with 503
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_GRACE_SECONDS = 3.0
_LATE_SECONDS = 2  # what uvicorn waits for requests that were told to end; by then there are none


def listen(port: int | None = None) -> socket.socket:
    """A listening socket on 127.0.0.1: on the port when it is free, else on any.

    Binding before serving leaves no moment in which somebody else could take the port.
    """
    for wanted in (port or 0, 0):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", wanted))
        except OSError:
            sock.close()
            continue
        sock.listen(1024)
        return sock
    raise LeadloomError("No free port on 127.0.0.1.")


class _Requests:
    """The application with an end: requests under way can be broken off, and are then answered with 503."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._running: set[asyncio.Task[Any]] = set()
        self._ending = False

    def end(self) -> None:
        """Break off what is still under way; call it in the server's loop."""
        self._ending = True
        for task in self._running:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self._app(scope, receive, send)
            return
        begun = False

        async def tell(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        self._running.add(task)
        try:
            await self._app(scope, receive, tell)
        except asyncio.CancelledError:
            if not self._ending:
                raise
            task.uncancel()
            log.info("%s %s was broken off: the server stops.", scope["method"], scope["path"])
            if not begun:
                headers = {"retry-after": "1"}
                await PlainTextResponse("The server stops; try again.", 503, headers)(scope, receive, send)
        finally:
            self._running.discard(task)


class BackgroundServer:
    """One ASGI application behind one socket.

    Args:
        app: the application; its lifespan is run.
        sock: where it listens; `listen()` makes one.
        grace_s: how long `stop` waits for requests under way before it breaks them off.
    """

    def __init__(self, app: ASGIApp, sock: socket.socket, *, grace_s: float = _GRACE_SECONDS) -> None:
        self._sock = sock
        self._grace_s = grace_s
        self._requests = _Requests(app)
        self._config = uvicorn.Config(
            self._requests,
            http=BoundedProtocol,
            loop="auto",
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="on",
            ws="none",
            proxy_headers=False,  # who is behind a proxy is decided by LEADLOOM_TRUSTED_PROXIES, not by the peer
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=75,  # longer than clients keep a connection: they close first
            timeout_graceful_shutdown=math.ceil(grace_s) + _LATE_SECONDS,
        )
        self._server = uvicorn.Server(self._config)
        self._thread = threading.Thread(target=self._run, name="leadloom-server", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
            self._loop = runner.get_loop()
            runner.run(self._server.serve(sockets=[self._sock]))

    async def start(self) -> None:
        """Start and wait until requests are answered.

        Raises:
            LeadloomError: the application's start-up failed.
        """
        self._thread.start()
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or asyncio.get_running_loop().time() > deadline:
                raise LeadloomError(f"The server at {self.url} did not start.")
            await asyncio.sleep(0.005)

    async def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine in the server's own loop."""
        assert self._loop is not None  # noqa: S101 -- `start` has been awaited
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def stop(self) -> None:
        """Answer what has begun, break off what takes too long, then stop."""
        self._server.should_exit = True
        if self._thread.ident:
            await asyncio.to_thread(self._thread.join, self._grace_s)
        if self._thread.is_alive() and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended just now
                self._loop.call_soon_threadsafe(self._requests.end)
            await asyncio.to_thread(self._thread.join, _STOP_SECONDS)
        self._sock.close()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()
