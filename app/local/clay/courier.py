"""The sandbox's callbacks: made later, one POST each, repeated while the receiver is away.

Clay tries an HTTP API column again when the other side fails. So does this courier, patiently, since a receiver may be
restarting; what it holds is in memory, and rows that wait here when the sandbox is killed are never answered.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

__all__ = ["Courier"]

AT_ONCE = 64
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 2.0
TIMEOUT = httpx.Timeout(20.0, connect=5.0)


class Courier:
    """Delivers callbacks.

    Args:
        patience_s: how long one callback is tried again when it cannot be delivered.
    """

    def __init__(self, patience_s: float = 600.0) -> None:
        self._patience_s = patience_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT, limits=httpx.Limits(max_connections=AT_ONCE, keepalive_expiry=2.0), trust_env=False
        )
        self.counts: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()

    def post_later(self, delay_s: float, url: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        """Deliver a body after a while."""
        task = asyncio.create_task(self._deliver(delay_s, url, body, headers or {}))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def report(self) -> dict[str, Any]:
        """What was delivered, and what receivers said of it."""
        return {"waiting": len(self._tasks), **self.counts, "verdicts": dict(self.verdicts)}

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop what was not delivered, and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    async def _deliver(self, delay_s: float, url: str, body: bytes, headers: dict[str, str]) -> None:
        await asyncio.sleep(delay_s)
        loop = asyncio.get_running_loop()
        deadline, wait = loop.time() + self._patience_s, FIRST_WAIT_S
        while not await self._try(url, body, headers):
            if loop.time() + wait > deadline:
                self.counts["given_up"] += 1
                return
            self.counts["retries"] += 1
            await asyncio.sleep(wait * random.uniform(0.7, 1.3))  # noqa: S311 -- jitter
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def _try(self, url: str, body: bytes, headers: dict[str, str]) -> bool:
        """One POST; whether the matter is closed."""
        async with self._gate:
            try:
                response = await self._http.post(
                    url, content=body, headers={"content-type": "application/json", **headers}
                )
            except (httpx.HTTPError, httpx.InvalidURL):
                return False
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
            return False
        self.counts["delivered" if response.is_success else "refused"] += 1
        self.verdicts[_verdict(response)] += 1
        return True


def _verdict(response: httpx.Response) -> str:
    try:
        return str(orjson.loads(response.content)["verdict"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"HTTP {response.status_code}"
