"""A probe from outside asks the deployed web function, which has to know its own schema's version there."""

from __future__ import annotations

import httpx

from app.db import Database
from tests.modal.containers import Containers
from tests.modal.protocol_registry import Deployment


async def test_the_deployed_app_says_whether_it_is_ready(
    db: Database, containers: Containers, deployed: Deployment, front_door: str
) -> None:
    async with httpx.AsyncClient(base_url=front_door, timeout=60) as probe:
        answer = await probe.get("/readyz")
        assert (answer.status_code, answer.json()["reasons"]) == (503, ["The engine has never run."]), containers.log(
            "web"
        )
        await db.call("take_engine_lease", holder="0f9e1d2c-0000-4000-8000-1234567890ab", seconds=20)
        answer = await probe.get("/readyz", params={"again": "1"})
        while answer.status_code != 200:
            answer = await probe.get("/readyz")
        assert answer.json() == {"status": "ready"}
