"""Waiting in tests for what must come, however slow the machine is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

__all__ = ["until"]


async def until(holds: Callable[[], Awaitable[object]], seconds: float = 300) -> None:
    """Ask again and again until it holds.

    Raises:
        TimeoutError: it did not hold for so many seconds.
    """
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 -- what is waited for happens in other processes
            await asyncio.sleep(0.03)
