"""The guarded door out: connects to public addresses only, whatever a webhook's host name leads to.

httpx decides what is asked; the connection is made here, on httpcore, to the very address that was checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from app.clay.config import is_public, loopback_allowed, parse_address

__all__ = ["PrivateAddressError", "PublicTransport"]

CONNECTIONS = 200  # more than all senders of a process have on the wire: a marked row never waits for one
IDLE_S = 5.0  # well below the idle time-out of any load balancer: a request never meets a connection that is going away

KNOWN_S = 5.0
"""How long a host's checked addresses are used; connections are made to these addresses and to no others."""


class PrivateAddressError(Exception):
    """The webhook's host name leads into a private network."""


class PublicTransport(httpx.AsyncBaseTransport):
    """A transport for httpx over a pool of connections to public addresses; no proxies.

    Raises, besides httpx's own errors:
        PrivateAddressError: the host's name leads into a private network.
    """

    def __init__(self) -> None:
        self._ssl_context = httpx.create_ssl_context(trust_env=False)
        self._backend = _PublicBackend()
        self._room = asyncio.Semaphore(CONNECTIONS)
        # The last one used is the next one; httpcore's own pool looks through all of them at every request.
        self._idle: dict[str, list[httpcore.AsyncHTTPConnection]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one response; its body is read from the connection."""
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            await asyncio.wait_for(self._room.acquire(), request.extensions.get("timeout", {}).get("pool"))
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection was free in time", request=request) from error
        connection: httpcore.AsyncHTTPConnection | None = None
        try:
            connection = await self._connection(asked.url.origin)
            with _in_httpx_words():
                response = await connection.handle_async_request(asked)
        except BaseException:
            self._room.release()
            if connection is not None:
                await connection.aclose()
            raise
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response, lambda: self._give_back(asked.url.origin, connection)),
            extensions=response.extensions,
        )

    async def _connection(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        """The connection that was used last and is still good, or a new one."""
        idle = self._idle.setdefault(str(origin), [])
        while idle:
            connection = idle.pop()
            if connection.is_idle() and not connection.has_expired():
                return connection
            await connection.aclose()
        return httpcore.AsyncHTTPConnection(
            origin, ssl_context=self._ssl_context, keepalive_expiry=IDLE_S, network_backend=self._backend
        )

    async def _give_back(self, origin: httpcore.Origin, connection: httpcore.AsyncHTTPConnection) -> None:
        """Keep a connection for the next request where its answer was read to the end; close those idle too long."""
        self._room.release()
        idle = self._idle.setdefault(str(origin), [])
        gone = [] if connection.is_idle() else [connection]
        if not gone:
            idle.append(connection)
        while idle[:-1] and idle[0].has_expired():
            gone.append(idle.pop(0))
        for one in gone:
            await one.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        idle = [connection for several in self._idle.values() for connection in several]
        self._idle.clear()
        for connection in idle:
            await connection.aclose()


class _Body(httpx.AsyncByteStream):
    """A response's body, part by part."""

    def __init__(self, response: httpcore.Response, give_back: Callable[[], Awaitable[None]]) -> None:
        self._response, self._give_back = response, give_back
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The parts as they arrive."""
        stream = self._response.stream
        assert isinstance(stream, AsyncIterable)  # noqa: S101 -- of an asynchronous pool
        with _in_httpx_words():
            async for part in stream:
                yield part

    async def aclose(self) -> None:
        """Give the connection back."""
        if self._closed:
            return
        self._closed = True
        try:
            with _in_httpx_words():
                await self._response.aclose()
        finally:
            await self._give_back()


@contextlib.contextmanager
def _in_httpx_words() -> Iterator[None]:
    """Raise httpcore's errors as httpx's: they have the same names."""
    try:
        yield
    except tuple(_WORDS) as error:
        raise next(ours for theirs, ours in _WORDS.items() if isinstance(error, theirs))(str(error)) from error


_WORDS: dict[type[Exception], type[httpx.TransportError]] = {
    getattr(httpcore, name): getattr(httpx, name)
    for name in (
        "ConnectError",
        "ConnectTimeout",
        "LocalProtocolError",
        "PoolTimeout",
        "ReadError",
        "ReadTimeout",
        "RemoteProtocolError",
        "UnsupportedProtocol",
        "WriteError",
        "WriteTimeout",
    )
}


class _PublicBackend(httpcore.AnyIOBackend):
    """Connects to public addresses only, and to the very address that was checked: a name cannot change in between."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, bool], tuple[float, list[str]]] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolved(host, port, timeout)
        trouble: Exception | None = None
        for address in addresses:
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble or httpcore.ConnectError("the name has no address")

    async def _resolved(self, host: str, port: int, timeout: float | None) -> list[str]:  # noqa: ASYNC109 -- as above
        """The checked addresses of a host, looked up once for all connections that are made within a moment."""
        now, name = asyncio.get_running_loop().time(), (host, port, loopback_allowed())
        until, addresses = self._known.get(name, (0.0, []))
        if now >= until:
            addresses = await _resolve(host, port, timeout)
            self._known = {other: kept for other, kept in self._known.items() if kept[0] > now}
            self._known[name] = (now + KNOWN_S, addresses)
        return addresses


async def _resolve(host: str, port: int, timeout: float | None) -> list[str]:  # noqa: ASYNC109 -- httpcore's interface
    """The addresses of a host.

    Raises:
        PrivateAddressError: one of them is not public (nor this machine's, where the sandbox stands in for Clay).
        httpcore.ConnectError: there are none.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await asyncio.wait_for(loop.getaddrinfo(host, port, type=socket.SOCK_STREAM), timeout)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout("the name took too long to resolve") from error
    except OSError as error:
        raise httpcore.ConnectError("the name could not be resolved") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in addresses:
        address = parse_address(text)
        if address is None or not (is_public(address) or (address.is_loopback and loopback_allowed())):
            raise PrivateAddressError
    return addresses
