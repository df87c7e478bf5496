"""The upload in pieces and the long export as a person sees them: in a real browser, on lines that break."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.async_api import Request, Route, expect

from app.intake import pieces as file_pieces
from app.results import export_jobs, exports
from tests.web.hands import arrived, visit
from tests.web.kit import people_csv
from tests.web.site_kit import Site, browser, client_of, site
from web.drawing import downloads

__all__ = ["browser", "site"]  # fixtures, used here as they are there
LOST = r"Failed to load resource: net::ERR_|status of 50"


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small file has many pieces, and a short list makes a long export."""
    monkeypatch.setattr(file_pieces, "PIECE_BYTES", 20_000)
    monkeypatch.setattr(downloads, "MOST_AT_ONCE", 100)
    monkeypatch.setattr(exports, "PAGE_ROWS", 50)
    monkeypatch.setattr(export_jobs, "PIECE_BYTES", 20_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An export of 300 people, some fifteen pieces."""
    path = tmp_path / "people.csv"
    path.write_bytes(people_csv(300))
    return path


async def test_a_file_is_chosen_with_a_button_that_looks_like_one(site: Site) -> None:
    client = await client_of(site, set_up=False)
    async with site.enter() as page:
        for address, words in ((f"/clients/{client}", "Choose files"), (f"/clients/{client}/customers", "Choose file")):
            await visit(page, address)
            async with page.expect_file_chooser():
                await page.get_by_text(words, exact=True).click()
            box = await page.locator("#drop input[type=file]").bounding_box()
            assert box is not None
            assert max(box["width"], box["height"]) <= 1, "the browser's own \u201cNo file chosen\u201d shows"


async def test_a_line_that_breaks_costs_no_more_than_the_pieces_on_it(site: Site, file: Path) -> None:
    client = await client_of(site, set_up=False)
    arrived: list[str] = []
    broken: list[str] = []

    async def line(route: Route) -> None:
        url = route.request.url
        if len(arrived) >= 3 and len(broken) < 4:
            broken.append(url)
            await (route.abort("connectionreset") if len(broken) % 2 else route.fulfill(status=503))
            return
        arrived.append(url)
        await route.continue_()

    async with site.enter(forgiven=LOST) as page:
        await page.route("**/pieces/*", line)
        await visit(page, f"/clients/{client}")
        await page.set_input_files("#files", file)
        await expect(page).to_have_url(re.compile(r"/uploads/[\w-]+$"))
        await expect(page.get_by_text("300 rows").first).to_be_visible()
    assert len(broken) == 4
    assert len(arrived) == len(set(arrived)), "a piece that had arrived was not sent again"


async def test_the_same_file_goes_on_after_a_reload(site: Site, file: Path) -> None:
    client = await client_of(site, set_up=False)
    async with site.enter(forgiven=LOST) as page:
        sent: list[str] = []
        stop = True

        async def line(route: Route) -> None:
            if stop and len(sent) >= 5:
                await route.abort("connectionreset")
                return
            sent.append(route.request.url)
            await route.continue_()

        await page.route("**/pieces/*", line)
        await visit(page, f"/clients/{client}")
        await page.set_input_files("#files", file)
        await expect(page.locator("#upload-list [data-status]")).to_contain_text("Connection lost")
        page.on("dialog", lambda dialog: dialog.accept())
        await page.reload()
        await arrived(page)
        await expect(page.locator("#coming")).to_contain_text("Choose the same file again to continue")
        stop = False
        await page.set_input_files("#files", file)
        await expect(page).to_have_url(re.compile(r"/uploads/[\w-]+$"))
    assert len(sent) == len(set(sent)), "what had arrived before the reload was not sent again"


async def test_what_is_too_large_is_refused_before_a_byte_is_sent(site: Site, file: Path) -> None:
    client = await client_of(site, set_up=False)
    async with site.enter() as page:
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request) if request.method != "GET" else None)
        await visit(page, f"/clients/{client}")
        await expect(page.get_by_text("200 MB per file")).to_be_visible()
        await page.evaluate("document.getElementById('drop').dataset.most")
        # A file of 2 GB that holds nothing: the browser knows its size and reads none of it.
        with file.open("r+b") as sparse:
            sparse.truncate(2_000_000_000)
        await page.set_input_files("#files", file)
        await expect(page.locator("#upload-list [data-status]")).to_contain_text("2,000 MB; the limit is 200 MB")
        assert asked == []


async def test_a_long_export_shows_its_progress_and_is_downloaded(site: Site, file: Path) -> None:
    client = await client_of(site, set_up=False)
    async with site.enter() as page:
        await visit(page, f"/clients/{client}")
        await page.set_input_files("#files", file)
        await expect(page.get_by_role("heading", name="people.csv")).to_be_visible()
        await page.get_by_role("link", name=re.compile("Original rows|Download original")).click()
        await expect(page).to_have_url(re.compile(r"/exports/[\w-]+$"))
        await expect(page.get_by_text("The file is ready")).to_be_visible()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download people original.csv").click()
        path = await (await download.value).path()
        rows = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
        assert len(rows) == 301
        await page.get_by_role("link", name="Exports").first.click()
        await expect(page.get_by_role("link", name="people original.csv")).to_be_visible()


async def test_a_list_of_customers_goes_up_in_pieces_and_the_list_follows(site: Site, tmp_path: Path) -> None:
    client = await client_of(site, set_up=False)
    rows = "".join(f"A Firm of many words {n},firm{n}.example\r\n" for n in range(1_500))
    path = tmp_path / "customers.csv"
    path.write_text(f"Customer,Domain\r\n{rows}", newline="")
    pieces: list[str] = []
    async with site.enter() as page:
        page.on("request", lambda request: pieces.append(request.url) if "/pieces/" in request.url else None)
        await visit(page, f"/clients/{client}/customers")
        await page.set_input_files("#file", path)
        await expect(page.get_by_text("1,500 customers added.")).to_be_visible()
        await expect(page.get_by_text("1,500 customers", exact=True)).to_be_visible()
    assert len(set(pieces)) >= 3


async def test_without_script_a_file_goes_up_and_its_page_shows_how_far_it_is(site: Site, file: Path) -> None:
    client = await client_of(site, set_up=False)
    async with site.enter(java_script_enabled=False) as page:
        await page.goto(f"/clients/{client}")
        await page.set_input_files("#files", file)
        await page.get_by_role("button", name="Upload", exact=True).click()
        await expect(page).to_have_url(re.compile(r"/uploads/[\w-]+$"))
        await expect(page.get_by_text("300 rows").first).to_be_visible()
