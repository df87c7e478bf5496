"""How a browser test waits until a page is ready for hands, and moves things as a hand does.

An address changes when the new page's first byte has come; its scripts run later, on a busy machine much later. Whoever
strikes a key or opens a dialog in between strikes at nothing. So a test comes to a page through `visit` or `arrived`,
which wait for the mark that the page's own script sets when its handlers stand.

With BROWSER_SLOWDOWN=8 in the environment the browser has an eighth of the processor, and a hand that comes too early
is named and fails its test.
"""

from __future__ import annotations

import os
import re

from playwright.async_api import Locator, Page, expect

ENOUGH_MS = 60_000  # for a machine that is many times slower and busy; what holds sooner is not waited for
expect.set_options(timeout=ENOUGH_MS)
SLOWDOWN = float(os.environ.get("BROWSER_SLOWDOWN", "1"))
NO_EARLY_HAND = """
for (const type of ["keydown", "mousedown"]) addEventListener(type, (event) => {
  if (!event.isTrusted || document.documentElement.classList.contains("ready")) return;
  console.error("Too early for hands: " + type + " at " + location.pathname);
}, true);
"""


async def hinder(page: Page) -> None:
    """Make the page as slow as the environment asks, and let it name hands that come too early."""
    if SLOWDOWN > 1:
        await page.add_init_script(NO_EARLY_HAND)
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})


async def visit(page: Page, path: str) -> None:
    """Go to an address and wait until the page obeys."""
    await page.goto(path)
    await arrived(page)


async def arrived(page: Page, path: str | None = None) -> None:
    """Wait until the page obeys that a key or a click led to; `path` is how its address ends, as a pattern."""
    if path is not None:
        await expect(page).to_have_url(re.compile(f"{path}$"))
    await page.locator("html.ready").wait_for(state="attached")


async def drag(page: Page, what: Locator, onto: Locator, until: Locator, count: int) -> None:
    """Press, move in steps, and let go a little above the target's middle, once the page has made room there.

    `until` is what the page shows while the thing hangs over its new place, `count` times.
    """
    start, end = await what.bounding_box(), await onto.bounding_box()
    assert start
    assert end
    await page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(start["x"] + 20, start["y"] + 5, steps=4)
    await page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 6, steps=12)
    await expect(until).to_have_count(count)
    await page.mouse.up()
