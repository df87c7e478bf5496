"""The one web function: the admin pages and the webhook receivers, served by the FastAPI app that web/ builds.

Clay's answers enter Leadloom here. Requests are short: whatever takes longer is a state in Postgres that the engine
picks up, and a request that made such a state wakes the engine.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import modal

from app.db import Database, connect
from app.engine.leases import wake_engine
from app.errors import LeadloomError
from functions.address import public_url
from functions.modal_app import REGION, WEB_FUNCTION, app, min_containers
from functions.preload import part, preload
from functions.schedules import engine

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["Waker", "web"]

REQUEST_SECONDS = 900
"""After 150 seconds Modal leads the caller on to the request's result; a function that ended there would have none."""

REQUESTS_AT_ONCE = 100
WARM_SECONDS = 5 * 60  # callbacks come in bursts; a container that just served one is likely to see the next

log = logging.getLogger(__name__)


class Waker:
    """Starts the engine if it sleeps, on one database connection for as long as the container lives.

    Args:
        address: where Clay's answers come in, for an engine that cannot ask Modal for it.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._db: Database | None = None
        self._connecting = asyncio.Lock()

    async def __call__(self) -> None:
        """Ask whether the engine sleeps (one caller at a time hears yes), and spawn it if so.

        A failure is only logged: the request that wakes the engine has done its work, and the schedule comes round
        within a minute.
        """
        try:
            async with self._connecting:
                self._db = self._db or await connect()
            if await wake_engine(self._db):
                await engine.spawn.aio(self._address)
        except (LeadloomError, modal.exception.Error) as failure:
            log.warning("the engine was not woken: %s", failure)


@app.function(
    name=WEB_FUNCTION,
    min_containers=min_containers(),
    scaledown_window=WARM_SECONDS,
    timeout=REQUEST_SECONDS,
    region=REGION,
    cpu=0.5,
    memory=1024,
    env=part(WEB_FUNCTION),
    enable_memory_snapshot=True,
)
@modal.concurrent(max_inputs=REQUESTS_AT_ONCE)
@modal.asgi_app()
def web() -> FastAPI:
    """Build the web app once per container."""
    from web.main import create_app  # noqa: PLC0415 -- only this function's containers need FastAPI

    address = public_url() or _served_url()
    return create_app(wake=Waker(address), public_url=address)


def _served_url() -> str | None:
    """The address of an app that is being served and was never deployed."""
    try:
        address: str | None = web.get_web_url()
    except modal.exception.ExecutionError:  # it is not running either: a test, a look at the code
        return None
    return address


preload(WEB_FUNCTION, "web.main")
