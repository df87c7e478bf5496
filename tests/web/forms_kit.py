"""What fills in forms as a browser without scripts does: for tests of what an operator changes."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.web.kit import Scene

FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Hands:
    """Fills in forms as a browser does, token included, and follows to the page that says what happened."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http, self.token = http, token

    async def post(self, path: str, fields: Any = None, **more: Any) -> httpx.Response:
        pairs = list((fields or {}).items()) if isinstance(fields, dict) or fields is None else list(fields)
        body = httpx.QueryParams([*pairs, ("csrf_token", self.token)])
        headers = {"content-type": "application/x-www-form-urlencoded"} | more.pop("headers", {})
        return await self.http.post(path, content=str(body), headers=headers, **more)

    async def told(self, answer: httpx.Response) -> str:
        """The page that a change leads to."""
        assert answer.status_code == 303, (answer.status_code, answer.text[:800])
        return (await self.http.get(answer.headers["location"])).text


async def launch_fields(hands: Hands, scene: Scene) -> dict[str, str]:
    dialog = await hands.http.get(f"/clients/{scene.client}/uploads/{scene.upload}/launch", headers=FRAGMENT)
    key = re.search(r'name="launch_key" value="([\w-]+)"', dialog.text)
    assert key is not None
    fields = {"launch_key": key[1], "pipeline": scene.pipeline, "scope": "first", "rows": "7"}
    return fields | {"estimate": await shown_estimate(hands, scene, fields)}


async def actions(scene: Scene, count: int = 50) -> list[str]:
    """What the audit log has, newest first."""
    found = await scene.db.call("insights_audit", client=None, actor=None, action=None, after=None, limit=count)
    return [f"{row['actor']} {row['action']}" for row in found["rows"]]


async def shown_estimate(hands: Hands, scene: Scene, fields: dict[str, str]) -> str:
    """What the preview of these choices puts into the form."""
    path = f"/clients/{scene.client}/uploads/{scene.upload}/launch"
    preview = await hands.http.get(path, params=fields, headers=FRAGMENT | {"HX-Target": "div#launch-preview"})
    shown = re.search(r'name="estimate" value="([^"]+)"', preview.text)
    assert shown is not None
    return shown[1]
