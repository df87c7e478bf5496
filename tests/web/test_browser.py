"""The pages in a real browser: what an operator does all day, by mouse and by keyboard, in light and dark, on a phone.

Everything is real: the web server, the engine, PostgreSQL, Clay's stand-in. No test may leave an error in the console.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from app.intake.ingest import ingest
from app.settings import settings
from app.setup.configs import save_workflow_config
from app.setup.pipelines import create_pipeline
from functions.console.seed import configure_sandbox
from tests.web.hands import arrived, drag, visit
from tests.web.kit import EMAIL, PASSWORD, Scene, people_csv
from tests.web.site_kit import Site, axe, browser, client_of, site
from tests.web.test_pages import PAGES, fill

__all__ = ["browser", "site"]


async def test_sign_in_by_keyboard_and_sign_out(site: Site) -> None:
    async with site.enter() as page:
        await expect(page).to_have_url(re.compile("/clients$"))
        await page.get_by_role("button", name="Sign out").first.click()
        await expect(page.get_by_text("You are signed out.")).to_be_visible()
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/clients$"))


async def test_a_dearer_pipeline_is_not_launched_before_its_sum_is_shown(site: Site) -> None:
    client = await client_of(site)
    upload = await ingest(site.db, people_csv(40), client=client, filename="people.csv", actor="test")
    async with site.enter(forgiven="ERR_FAILED|409|Failed to fetch") as page:
        await visit(page, f"/clients/{client}/uploads/{upload.uid}")
        await page.get_by_role("link", name="Launch").click()
        dialog = page.get_by_role("dialog")
        pipeline = dialog.get_by_label("Pipeline")
        await pipeline.select_option(label="Clean up only · version 1 · shared template")
        await expect(dialog.locator(".sum").get_by_text("free")).to_be_visible()
        await page.route("**/launch?*", lambda route: route.abort())  # the new sum is slow, the click is quick
        await pipeline.select_option(label="Full enrichment · version 1 · shared template")
        await dialog.get_by_role("button", name="Launch").click()
        await expect(page.get_by_text("The estimate has changed")).to_be_visible()
        await expect(page.get_by_text("up to 80 credits").last).to_be_visible()
        assert (await site.db.call("insights_home"))["batches"] == 0
        await page.get_by_role("button", name="Launch 40 rows").click()
        await expect(page).to_have_url(re.compile(r"/batches/[\w-]+$"))


async def test_upload_inspect_launch_watch_finish(site: Site, tmp_path: Path) -> None:
    client = await client_of(site)
    file = tmp_path / "people.csv"
    file.write_bytes(people_csv(60))
    async with site.enter() as page:
        await visit(page, f"/clients/{client}")
        await page.set_input_files("#files", file)
        await arrived(page, r"/uploads/[\w-]+")
        await expect(page.get_by_role("heading", name="people.csv")).to_be_visible()
        await expect(page.get_by_text("60 rows")).to_be_visible()
        await page.get_by_role("link", name="Launch").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("heading", name="Launch people.csv")).to_be_visible()
        await dialog.get_by_label("Pipeline").select_option(label="Full enrichment · version 1 · shared template")
        await expect(dialog.get_by_text("up to 120 credits")).to_be_visible()
        await dialog.get_by_label("Number of rows").fill("25")
        await dialog.get_by_label("The first").check()
        launch = dialog.get_by_role("button", name="Launch 25 rows")
        await expect(launch).to_be_enabled()
        await launch.dblclick()
        await expect(page.get_by_text("Batch launched with 25 rows.")).to_be_visible()
        await expect(page.locator("#batch .headline .state")).to_have_text("Completed")
        await expect(page.locator("#batch")).not_to_have_attribute("hx-trigger", re.compile("."))
        await page.get_by_role("link", name="25 completed at Enrich person (Clay)").click()
        await page.locator("[data-rows] a[data-row]").first.click()
        await page.get_by_text("Output").last.click()
        await page.go_back()
        await arrived(page)
        await expect(page.get_by_role("heading", name="Rows", exact=True)).to_be_visible()
    assert len((await site.db.call("insights_home")).keys()) > 0


async def test_several_files_go_up_one_after_another_and_refusals_stay(site: Site, tmp_path: Path) -> None:
    client = await client_of(site)
    contents = {
        "first.csv": people_csv(20),
        "picture.csv": b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
        "same.csv": people_csv(20),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    async with site.enter() as page:
        await visit(page, f"/clients/{client}")
        await page.set_input_files("#files", [tmp_path / name for name in contents])
        rows = page.locator("#upload-list li")
        await expect(rows).to_have_count(3)
        await expect(rows.nth(0).get_by_role("link", name="Inspect")).to_be_visible()
        await expect(rows.nth(1).locator("[data-status]")).to_have_attribute("data-kind", "error")
        await rows.nth(2).get_by_role("button", name="Upload again anyway").click()
        await expect(rows.nth(2).get_by_role("link", name="Inspect")).to_be_visible()
        await expect(page).to_have_url(re.compile(f"/clients/{client}$"))


async def test_a_poll_keeps_focus_scroll_and_what_is_open(site: Site, pg: Any) -> None:
    client = await client_of(site)
    slow = {"webhook_url": f"{settings().clay_sandbox_url}/webhooks/slow/enrich_company_clay", "rate_per_second": 1}
    await save_workflow_config(site.db, client, "enrich_company_clay", slow | {"burst": 1}, actor="test")
    scene = Scene(site.db, pg, client=client)
    upload = await scene.ingest(people_csv(200), "people.csv")
    steps = [{"workflow": "enrich_company_clay"}]
    pipeline = (await create_pipeline(site.db, client, "P", "people", steps, actor="test"))["uid"]
    async with site.enter(viewport={"width": 1000, "height": 400}) as page:
        batch = await scene.launch(upload, pipeline)
        await visit(page, f"/batches/{batch}")
        await page.get_by_role("link", name="Pause").focus()
        scrolled = await page.evaluate("scrollTo(0, 100), scrollY")
        assert scrolled > 0
        sent = page.locator(".matrix tbody td").last
        before = await sent.text_content()
        await expect(sent).not_to_have_text(before or "")
        assert await page.evaluate("document.activeElement.textContent.trim()") == "Pause"
        assert await page.evaluate("scrollY") == scrolled

        item = await pg.fetchval("select uid::text from batch_items order by id desc limit 1")
        await visit(page, f"/items/{item}")
        original = page.locator("#original")
        await original.locator("summary").click()
        async with page.expect_response(lambda answer: item in answer.url):
            pass  # a poll that finds nothing new
        await pg.execute("update batch_items set company_name = 'Found meanwhile' where uid = $1::uuid", item)
        await expect(page.get_by_role("heading", name="Found meanwhile")).to_be_visible()
        await expect(original).to_have_attribute("open", "")


def order(page: Page) -> Any:
    """The builder's steps as they stand."""
    return page.locator("#steps .step strong")


async def test_the_builder_by_mouse(site: Site) -> None:
    client = await client_of(site)
    async with site.enter() as page:
        await visit(page, f"/clients/{client}/pipelines/new")
        await page.get_by_label("Name", exact=True).fill("By mouse")
        for title in ("Split raw row", "Normalize names"):
            await page.get_by_role("button", name=f"Add {title}").click()
        await expect(order(page)).to_have_text(["Split raw row", "Normalize names"])
        handle, above = page.locator(".step .grip").nth(1), page.locator(".step").nth(0)
        moved = page.locator("#steps > :first-child", has_text="Normalize names")
        await drag(page, handle, above, moved, 1)
        await expect(order(page)).to_have_text(["Normalize names", "Split raw row"])
        new, room = (
            page.locator("#palette li[data-slug=normalize_domain] p"),
            page.locator("#steps > :first-child[data-slug]"),
        )
        await drag(page, new, page.locator(".step").nth(0), room, 1)
        await expect(order(page)).to_have_count(3)
        await page.get_by_role("button", name="Remove Split raw row").click()
        await expect(order(page)).to_have_count(2)
        await expect(page.get_by_label("Name", exact=True)).to_have_value("By mouse")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_text("saved as version 1.")).to_be_visible()
        await expect(order(page)).to_have_count(2)


async def test_the_builder_by_keyboard(site: Site) -> None:
    client = await client_of(site)
    async with site.enter() as page:
        await visit(page, f"/clients/{client}/pipelines/new")
        await page.get_by_label("Name", exact=True).focus()
        await page.keyboard.type("By keyboard")
        for title in ("Split raw row", "Normalize names", "Enrich company (Clay)"):
            await page.get_by_role("button", name=f"Add {title}").focus()
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("button", name=f"Remove {title}")).to_be_visible()
        await page.get_by_role("button", name="Move Enrich company (Clay) up").focus()
        await page.keyboard.press("Enter")
        await expect(order(page)).to_have_text(["Split raw row", "Enrich company (Clay)", "Normalize names"])
        # The focus went along with the step, so that the key can simply be pressed again.
        await page.keyboard.press("Alt+ArrowUp")
        await expect(order(page)).to_have_text(["Enrich company (Clay)", "Split raw row", "Normalize names"])
        await expect(page.locator("#builder-said")).to_have_text("Enrich company (Clay) is now step 1 of 3.")
        await page.keyboard.press("Alt+ArrowDown")
        await expect(order(page)).to_have_text(["Split raw row", "Enrich company (Clay)", "Normalize names"])
        await page.get_by_role("button", name="Save", exact=True).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("saved as version 1.")).to_be_visible()


async def test_a_test_row_is_sent_and_its_callback_shown(site: Site) -> None:
    client = await client_of(site)
    async with site.enter() as page:
        await visit(page, f"/clients/{client}/workflows/enrich_company_clay")
        await page.get_by_role("button", name="Send test row").click()
        await expect(page.get_by_text("Clay accepted the row")).to_be_visible()
        await expect(page.get_by_text("The configuration works end to end.")).to_be_visible()
        await page.reload()
        await arrived(page)
        await expect(page.get_by_text("1 of 50,000", exact=False).first).to_be_visible()


async def test_failed_rows_are_retried_from_the_batch_page(site: Site) -> None:
    client = await client_of(site, set_up=False)
    scene = Scene(site.db, None, client=client)  # type: ignore[arg-type]
    upload = await scene.ingest(people_csv(12), "people.csv")
    steps = [{"workflow": "normalize_domain"}, {"workflow": "enrich_company_clay"}]
    pipeline = (await create_pipeline(site.db, client, "P", "people", steps, actor="test"))["uid"]
    batch = await scene.launch(upload, pipeline)
    async with site.enter() as page:
        await visit(page, f"/batches/{batch}")
        await expect(page.locator("#batch .headline .state")).to_have_text("Completed")
        await expect(page.get_by_text("missing_config")).to_be_visible()
        await configure_sandbox(site.db, client, settings().clay_sandbox_url or "")
        await page.get_by_role("link", name=re.compile("^Retry these: 12 rows that failed")).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_text("May cost up to 12 credits")).to_be_visible()
        await dialog.get_by_role("button", name="Retry 12 rows").click()
        await expect(page.get_by_text("12 rows will be tried again.")).to_be_visible()
        await expect(page.locator("#batch .headline .state")).to_have_text("Completed")
        await expect(page.get_by_text("missing_config")).to_have_count(0)


async def test_dark_mode_stays_and_keys_lead_everywhere(site: Site) -> None:
    await client_of(site)
    async with site.enter(color_scheme="light") as page:
        await visit(page, "/clients")
        assert not await page.evaluate("document.documentElement.classList.contains('dark')")
        await page.keyboard.press("t")
        await visit(page, "/health")
        assert await page.evaluate("document.documentElement.classList.contains('dark')")
        await page.keyboard.press("g")
        await page.keyboard.press("c")
        await arrived(page, "/clients")
        await page.keyboard.press("/")
        await page.keyboard.type("alder")
        await expect(page).to_have_url(re.compile("q=alder"))
        await expect(page.locator("#clients tbody tr")).to_have_count(1)
        await page.keyboard.press("Escape")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Alder & Finch")).to_be_visible()
        await arrived(page)
        await page.keyboard.press("?")
        await expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.go_back()
        await arrived(page)
        await expect(page.get_by_role("heading", name="Clients")).to_be_visible()


async def test_pages_can_be_read_without_any_script(site: Site, pg: Any) -> None:
    scene = await Scene(site.db, pg).set_up()
    async with site.enter(java_script_enabled=False) as page:
        for path in (f"/batches/{scene.batch}", f"/clients/{scene.client}", f"/pipelines/{scene.pipeline}"):
            await page.goto(path)
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await page.goto(f"/batches/{scene.done}")
        await page.get_by_role("link", name="Rows", exact=True).click()
        await expect(page.get_by_role("heading", name="Rows", exact=True)).to_be_visible()


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
async def test_every_page_is_accessible_and_fits(site: Site, pg: Any, look: str) -> None:
    scene = await Scene(site.db, pg).set_up()
    options: dict[str, Any] = {"color_scheme": "dark" if look == "dark" else "light"}
    if look == "phone":
        options["viewport"] = {"width": 375, "height": 700}
    found: list[str] = []
    async with site.enter(**options) as page:
        for template in PAGES:
            path = fill(template, scene)
            await visit(page, path)
            found += [f"{path}: {finding}" for finding in await axe(page)]
            width = await page.evaluate("document.documentElement.scrollWidth")
            if width > page.viewport_size["width"]:  # type: ignore[index]
                found.append(f"{path}: {width} px wide")
    assert not found, "\n".join(found)
