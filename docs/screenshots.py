"""Takes the pictures of the admin pages that the README shows.

    .venv/bin/python -m docs.screenshots [docs/screenshots]

Starts a stack of its own with the Clay stand-in, plays an agency's morning on it (clients, uploads, a finished batch, a
batch on its way, failures), signs in with a real browser, and writes each page in light and in dark.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, async_playwright

from app import insights
from app.db import Database, connect_database
from app.engine import batches
from app.intake import ingest
from app.intake.duplicates import find_duplicates
from app.local.clay.sandbox import sandbox_server
from app.local.clay.workspace import WorkspaceSettings
from app.local.samples.files import write_companies, write_people
from app.local.server import BackgroundServer, listen
from app.settings import settings
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from app.setup.configs import save_workflow_config
from app.setup.pipelines import create_pipeline
from functions.console.engine import running_engine
from functions.console.processes import Processes
from functions.console.seed import configure_sandbox
from tests.web import chromium
from web.main import create_app

EMAIL, PASSWORD = "ada@northgate.example", "only for pictures"
SIZE = {"width": 1360, "height": 860}
MISBEHAVIOUR = {"mode": "misbehaving", "rate_per_second": 400, "burst": 400, "never": 0, "garbage": 0, "errors": 0.02}
OTHERS = ("Alder & Finch", "Brightwater Systems", "Cobalt Ridge", "Dune Analytics", "Elm Street Partners")


async def play(db: Database, clay_url: str) -> dict[str, str]:
    """An agency's morning; answers with the addresses worth a picture."""
    await sync_catalogue(db)
    client = str((await create_client(db, "Northgate Agency", actor=EMAIL))["uid"])
    await configure_sandbox(db, client, clay_url)
    steps: list[dict[str, Any]] = [{"workflow": slug} for slug in ("split_raw", "normalize_name", "normalize_domain")]
    condition = {"field": "company_domain", "op": "is_not_empty", "value": ""}
    steps += [
        {"workflow": "enrich_company_clay", "settings": {"condition": condition}},
        {"workflow": "enrich_person_clay", "settings": {"max_attempts": 4, "timeout_s": 172_800}},
    ]
    pipeline = (await create_pipeline(db, client, "Leads, complete", "people", steps, actor=EMAIL))["uid"]
    for name in OTHERS:
        other = str((await create_client(db, name, actor=EMAIL))["uid"])
        await upload(db, other, "companies.csv", 120, companies=True)
    first = await upload(db, client, "apollo-berlin-founders.csv", 900, seed=12)
    done = (await batches.launch(db, first, pipeline, actor=EMAIL))["batch"]
    await batches.wait_for(db, done, timeout_s=240)
    slow = {"webhook_url": f"{clay_url}/webhooks/demo/enrich_person_clay", "workspace": "demo", "rate_per_second": 25}
    await save_workflow_config(db, client, "enrich_person_clay", slow | {"burst": 60}, actor=EMAIL)
    second = await upload(db, client, "sales-navigator-dach.csv", 2400, seed=14)
    running = (await batches.launch(db, second, pipeline, actor=EMAIL, budget=5000))["batch"]
    await asyncio.sleep(25)
    rows = await insights.items(db, done, step=4, bucket="completed", code=None, search=None, after=None, limit=40)
    return {
        "batch": f"/batches/{running}",
        "client": f"/clients/{client}",
        "upload": f"/clients/{client}/uploads/{first}",
        "pipeline": f"/pipelines/{pipeline}",
        "config": f"/clients/{client}/workflows/enrich_company_clay",
        "item": f"/items/{rows['rows'][7]['uid']}",
        "health": "/health",
        "launch": f"/clients/{client}/uploads/{second}",
    }


async def upload(db: Database, client: str, name: str, rows: int, *, seed: int = 1, companies: bool = False) -> str:
    """A made-up export, read in; answers with the upload's uid."""
    file = io.BytesIO()
    (write_companies if companies else write_people)(file, rows, seed=seed)
    result = await ingest.ingest(db, file.getvalue(), client=client, filename=name, actor=EMAIL)
    await find_duplicates(db, result.uid)
    return result.uid


async def make_user() -> None:
    """The administrator on the pictures."""
    known = settings()
    key = known.supabase_secret_key.get_secret_value()
    user = {"email": EMAIL, "password": PASSWORD, "email_confirm": True, "app_metadata": {"role": "admin"}}
    async with httpx.AsyncClient(headers={"apikey": key, "authorization": f"Bearer {key}"}) as http:
        (await http.post(f"{known.supabase_url}/auth/v1/admin/users", json=user)).raise_for_status()


async def take(browser: Browser, url: str, pages: dict[str, str], scheme: str, folder: Path) -> None:
    """Every page in one of the two looks."""
    context = await browser.new_context(base_url=url, viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(re.compile("/(batches|clients)"))
    for name, path in pages.items():
        await page.goto(path)
        if name == "launch":
            await page.get_by_role("link", name="Launch").click()
            await page.get_by_role("dialog").get_by_label("Pipeline").select_option(index=0)
        await page.wait_for_timeout(500)
        await page.screenshot(path=folder / f"{name}-{scheme}.png")
    await context.close()


async def main(folder: Path) -> None:
    """Play, and take the pictures."""
    program = chromium.find()
    if program is None:
        raise SystemExit(chromium.MISSING)
    with tempfile.TemporaryDirectory(prefix="leadloom-pictures-") as home:
        os.environ["LEADLOOM_HOME"] = home
        processes = Processes(Path(home))
        await processes.start("stack")
        wild = WorkspaceSettings.model_validate(MISBEHAVIOUR)
        sock = listen()
        try:
            async with sandbox_server(None, wild) as clay:
                os.environ |= {"CLAY_SANDBOX_URL": clay.url, "PUBLIC_URL": f"http://127.0.0.1:{sock.getsockname()[1]}"}
                await make_user()
                async with connect_database() as db, BackgroundServer(create_app(), sock) as server, running_engine(db):
                    pages = await play(db, clay.url)
                    async with async_playwright() as playwright:
                        browser = await playwright.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
                        for scheme in ("light", "dark"):
                            await take(browser, server.url, pages, scheme, folder)
                        await browser.close()
        finally:
            await processes.stop()


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots")
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
