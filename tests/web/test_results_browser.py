"""The pages of results in a real browser: asked by keyboard, filtered, shared, on a phone, without findings of axe."""

from __future__ import annotations

import re

import asyncpg
import pytest
from playwright.async_api import expect

from app.db import Database
from tests.engine_kit import World, make_world
from tests.results_kit import customers, enriched
from tests.web.hands import arrived, hinder, visit
from tests.web.site_kit import Site, axe, browser, site
from tests.web.test_results import KESTREL

__all__ = ["browser", "site"]  # fixtures, used here as they are there


@pytest.fixture
async def filled(db: Database, pg: asyncpg.Connection) -> World:
    """Leads with work histories, and a customer among their former employers.

    A test asks for it before the site: the site's engine does not know this world's workflows and would fail its rows.
    """
    world = await make_world(db, pg)
    await enriched(world, 12, headline="Builds <b>things</b>", email="not an address")
    await customers(world, KESTREL)
    return world


async def test_who_used_to_work_at_a_customer_is_answered_by_keyboard(filled: World, site: Site) -> None:
    async with site.enter() as page:
        await visit(page, f"/clients/{filled.client}/people")
        await page.get_by_role("link", name="Former employees of any customer").press("Enter")
        await expect(page.get_by_text("12 people")).to_be_visible()
        await expect(page.get_by_text("customer, matched by domain").first).to_be_visible()
        await page.get_by_role("searchbox", name="Company").fill("kestrelpai")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("No exact match for “kestrelpai”. Showing:")).to_be_visible()
        await page.get_by_role("link", name="Ann Number12").press("Enter")
        await expect(page.get_by_role("heading", name="Ann Number12")).to_be_visible()
        await expect(page.get_by_text("enriched by alpha, step 1, attempt 1").first).to_be_visible()
        await page.go_back()
        await arrived(page)
        await expect(page.get_by_role("searchbox", name="Company")).to_have_value("kestrelpai")


async def test_filters_and_columns_stay_in_the_address_and_in_a_view(filled: World, site: Site) -> None:
    async with site.enter() as page:
        await visit(page, f"/clients/{filled.client}/leads")
        await page.locator("#facet-country > summary").click()
        await page.get_by_label("Netherlands").check()
        await page.locator("#facet-country").get_by_role("button", name="Apply").click()
        await expect(page).to_have_url(re.compile("country=Netherlands$"))
        await expect(page.get_by_role("link", name="Remove filter Netherlands")).to_be_visible()
        await page.locator("#facet-views > summary").click()
        await page.get_by_role("link", name="Save this view").click()
        await page.get_by_role("dialog").get_by_label("Name").fill("Dutch")
        await page.get_by_role("dialog").get_by_role("button", name="Save view").click()
        await expect(page.get_by_text("View “Dutch” saved.")).to_be_visible()
        await visit(page, f"/clients/{filled.client}/leads")
        await page.locator("#facet-views > summary").click()
        await page.get_by_role("link", name="Dutch", exact=True).click()
        await expect(page.get_by_role("link", name="Remove filter Netherlands")).to_be_visible()


async def test_a_pasted_customer_list_is_followed_by_its_flags(filled: World, site: Site) -> None:
    async with site.enter() as page:
        await visit(page, f"/clients/{filled.client}/customers")
        await page.get_by_label("One customer per line").fill("Acme, acme.example")
        await page.get_by_role("button", name="Save customers").click()
        await expect(page.get_by_text("1 customer added")).to_be_visible()
        await expect(page.get_by_text("Flags of 12 leads refreshed")).to_be_visible()  # the engine does it by itself
        await visit(page, f"/clients/{filled.client}/leads?works=1")
        await expect(page.get_by_text("12 leads")).to_be_visible()


async def test_no_page_of_results_has_a_finding_or_is_wider_than_a_phone(filled: World, site: Site) -> None:
    base = f"/clients/{filled.client}"
    item = await filled.pg.fetchval("select item_uid::text from final_leads limit 1")
    batch = await filled.pg.fetchval("select uid::text from batches limit 1")
    paths = (
        f"{base}/leads?country=Netherlands",
        f"/leads/{item}",
        f"{base}/people",
        f"{base}/people?company=kestrelpai",
        f"{base}/customers",
        f"{base}/share",
        f"/batches/{batch}/extraction",
        "/leads",
        "/views/new?page=leads&country=France",
    )
    found: list[str] = []
    for theme, width in (("light", 1280), ("dark", 375)):
        async with site.enter(color_scheme=theme, viewport={"width": width, "height": 800}) as page:
            for path in paths:
                await visit(page, path)
                found += [f"{theme} {path}: {finding}" for finding in await axe(page)]
                wide = await page.evaluate("document.documentElement.scrollWidth")
                found += [f"{path} is {wide} px wide"] if wide > width else []
    assert found == []


async def test_a_client_looks_at_its_leads_without_an_account(filled: World, site: Site) -> None:
    async with site.enter() as page:
        await visit(page, f"/clients/{filled.client}/share")
        await page.get_by_role("button", name="Create link").click()
        url = (await page.locator(".url").first.text_content() or "").strip()
    context = await site.browser.new_context()
    visitor = await context.new_page()
    await hinder(visitor)
    await visit(visitor, url)
    await expect(visitor.get_by_role("heading", name="Leads for Northgate")).to_be_visible()
    await expect(visitor.get_by_text("12 leads")).to_be_visible()
    assert await axe(visitor) == []
    await visitor.get_by_role("searchbox", name="Search leads").fill("number3")
    await visitor.keyboard.press("Enter")
    await expect(visitor.get_by_text("1 lead", exact=True)).to_be_visible()
    await context.close()
