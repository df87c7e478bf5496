"""A running installation for tests in a browser: web server, engine, PostgreSQL, Clay's stand-in, and an operator."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from app.db import Database
from app.local.clay.sandbox import sandbox_server
from app.local.clay.workspace import WorkspaceSettings
from app.local.server import BackgroundServer, listen
from app.settings import settings
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from functions.console.engine import running_engine
from functions.console.seed import configure_sandbox
from tests.conftest import TestStack
from tests.web import chromium
from tests.web.hands import ENOUGH_MS, arrived, hinder, visit
from tests.web.kit import EMAIL, PASSWORD, make_user
from web.main import create_app

AXE = Path(__file__).parent / "vendor" / "axe.min.js"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests of this file."""
    program = chromium.find()
    assert program, chromium.MISSING
    async with async_playwright() as playwright:
        one = await playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
        yield one
        await one.close()


@dataclass
class Site:
    """A running installation of one test, and how to enter it."""

    url: str
    db: Database
    browser: Browser

    @asynccontextmanager
    async def enter(self, *, forgiven: str = "(?!)", **options: Any) -> AsyncIterator[Page]:
        """A page of somebody who is signed in; whatever else than what is forgiven the console says fails the test."""
        complaints: list[str] = []
        context: BrowserContext = await self.browser.new_context(base_url=self.url, **options)
        context.set_default_timeout(ENOUGH_MS)
        scripted = options.get("java_script_enabled", True)
        page = await context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await hinder(page)
        await (visit(page, "/sign-in") if scripted else page.goto("/sign-in"))
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator("main h1")).to_be_visible()
        if scripted:
            await arrived(page)
        yield page
        await context.close()
        assert [said for said in complaints if not re.search(forgiven, said)] == []


@pytest.fixture
async def site(
    stack: TestStack, db: Database, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    """The installation: web, engine, Clay's stand-in."""
    await make_user(stack)
    quick = WorkspaceSettings.model_validate({"rate_per_second": 500, "burst": 500})
    async with sandbox_server(None, quick) as clay:
        sock = listen()
        address = f"http://127.0.0.1:{sock.getsockname()[1]}"
        monkeypatch.setenv("CLAY_SANDBOX_URL", clay.url)
        monkeypatch.setenv("PUBLIC_URL", address)
        await sync_catalogue(db)
        async with BackgroundServer(create_app(), sock) as server, running_engine(db):
            yield Site(server.url, db, browser)


async def client_of(site: Site, *, set_up: bool = True) -> str:
    """A client, its Clay tables pointing at the stand-in."""
    client = (await create_client(site.db, "Alder & Finch", actor="test"))["uid"]
    if set_up:
        await configure_sandbox(site.db, client, settings().clay_sandbox_url or "")
    return str(client)


async def axe(page: Page) -> list[str]:
    """Serious and critical findings of axe-core for WCAG 2.2 AA. It runs in the page past the CSP, as a tool may."""
    await page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    report = await page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", tags
    )
    return [
        f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:160]} {v['nodes'][0]['failureSummary'][:200]}"
        for v in report["violations"]
        if v["impact"] in ("serious", "critical")
    ]
