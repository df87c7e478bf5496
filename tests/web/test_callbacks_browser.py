"""The inbox in a real browser: by keyboard, on a phone, in the dark; a long reading goes on by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Browser, expect

from app.db import Database
from app.engine import inbox
from app.local.server import BackgroundServer, listen
from tests.clay_kit import make_clay_world
from tests.conftest import TestStack
from tests.web.hands import visit
from tests.web.kit import make_user
from tests.web.site_kit import Site, axe, browser
from web.main import create_app
from web.routes import callbacks as route

__all__ = ["browser"]


@pytest.fixture
async def site(
    stack: TestStack, db: Database, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    """Pages without an engine, which would take the rows that the test plays worker for."""
    await make_user(stack)
    socket = listen()
    monkeypatch.setenv("PUBLIC_URL", f"http://127.0.0.1:{socket.getsockname()[1]}")
    async with BackgroundServer(create_app(), socket) as server:
        yield Site(server.url, db, browser)


async def test_the_inbox_by_keyboard_and_on_a_phone(
    site: Site, pg: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clay = await make_clay_world(site.db, pg)

    def trips(*_: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("app.workflows.enrich_company_clay.read_company", trips)
        for row in await clay.sent(5):
            await clay.call_back(row)
    monkeypatch.setattr(inbox, "AT_A_TIME", 2)
    monkeypatch.setattr(route, "REQUEST_S", 0.0)
    dark_phone: dict[str, Any] = {"viewport": {"width": 375, "height": 700}, "color_scheme": "dark"}
    async with site.enter(**dark_phone) as page:
        for path in ("/callbacks", "/callbacks?verdict=doubtful", "/callbacks/1"):
            await visit(page, path)
            assert await axe(page) == [], path
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 375, f"{path} scrolls sideways"
        await visit(page, "/callbacks?verdict=rejected")
        await page.get_by_role("link", name="Read again").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Read 5 callbacks again?")).to_be_visible()
        await page.get_by_role("button", name="Read again").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("5 callbacks read again: 5 rows completed.")).to_be_visible()
