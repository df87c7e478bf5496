"""What a hand does before a page's scripts have come is done when they have: on a slow line that is seconds later."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from playwright.async_api import Page, Route, expect

from tests.web.hands import arrived
from tests.web.kit import Scene, people_csv
from tests.web.site_kit import Site, browser, client_of, site

EARLY = "Too early for hands"
__all__ = ["browser", "site"]  # fixtures, used here as they are there


@asynccontextmanager
async def scripts_under_way(page: Page, path: str, *names: str) -> AsyncIterator[None]:
    """Show a page whose scripts of these names are still on the line; afterwards they have come, and the page obeys."""
    come = asyncio.Event()

    async def hold(route: Route) -> None:
        await come.wait()
        await route.continue_()

    for name in names:
        await page.route(f"**/{name}*", hold)
    await page.goto(path, wait_until="commit")
    await page.locator("html.js main h1").wait_for()
    yield
    come.set()
    await arrived(page)


async def test_a_search_typed_before_the_scripts_have_come_is_made(site: Site) -> None:
    await client_of(site, set_up=False)
    async with site.enter(forgiven=EARLY) as page:
        async with scripts_under_way(page, "/clients", "app.js"):
            await page.keyboard.press("/")
            await page.keyboard.type("nobody")
        await expect(page.get_by_text("No client matches “nobody”")).to_be_visible()
        await expect(page.get_by_role("searchbox")).to_be_focused()
        async with scripts_under_way(page, "/clients", "htmx.min.js"):
            await page.get_by_role("searchbox").fill("alder")
        await expect(page).to_have_url(re.compile("q=alder"))


async def test_keys_and_buttons_pressed_before_the_scripts_have_come_are_obeyed(site: Site) -> None:
    client = await client_of(site, set_up=False)
    async with site.enter(forgiven=EARLY, color_scheme="light") as page:
        async with scripts_under_way(page, "/clients", "app.js"):
            await page.get_by_role("button", name="Switch between light and dark").first.click()
            await page.keyboard.press("j")
            await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile(f"/clients/{client}$"))
        await expect(page.locator("html.dark")).to_be_attached()
        async with scripts_under_way(page, "/clients", "app.js"):
            await page.keyboard.press("g")
            await page.keyboard.press("h")
        await expect(page.get_by_role("heading", name="Health")).to_be_visible()


async def test_a_file_chosen_before_the_scripts_have_come_goes_up(site: Site, tmp_path: Path) -> None:
    client = await client_of(site, set_up=False)
    file = tmp_path / "people.csv"
    file.write_bytes(people_csv(20))
    async with site.enter(forgiven=EARLY) as page:
        async with scripts_under_way(page, f"/clients/{client}", "upload.js"):
            await page.set_input_files("#files", file)
        await expect(page.get_by_role("heading", name="people.csv")).to_be_visible()


async def test_a_page_polls_though_its_scripts_came_one_by_one(site: Site, pg: asyncpg.Connection) -> None:
    scene = await Scene(site.db, pg).set_up()
    async with site.enter(forgiven=EARLY) as page:
        async with scripts_under_way(page, f"/batches/{scene.batch}", "app.js"):
            await page.wait_for_function("window.htmx")
            await page.evaluate("new Promise((done) => setTimeout(done, 2500))")  # the first poll would be due
        async with page.expect_response(lambda answer: scene.batch in answer.url):
            pass
