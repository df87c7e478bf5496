"""What tests of the sender share: the worker's part, and Clay's webhook as respx plays it."""

from __future__ import annotations

from typing import Any

import orjson
import respx

from app.clay.sender import SendReport, http_client, send_chunk
from app.workflows import registry
from tests.clay_kit import SLUG, ClayWorld

__all__ = ["WORKFLOW", "send", "sent_rows"]

WORKFLOW: Any = registry()[SLUG]


async def send(clay: ClayWorld) -> list[SendReport]:
    """Send everything that is due, as workers do."""
    async with http_client() as http:
        return [await send_chunk(clay.db, http, chunk, WORKFLOW) for chunk in await clay.chunks()]


def sent_rows(hook: respx.Route) -> list[dict[str, Any]]:
    """The bodies that came in, oldest first."""
    return [orjson.loads(call.request.content) for call in hook.calls]
