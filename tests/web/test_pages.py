"""Every page as a whole and as the fragment its poll or filter gets; what a page must never show."""

from __future__ import annotations

import re

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.db import connect
from tests.conftest import TestStack
from tests.web.kit import SCRIPT, SECRET, Scene

PAGES = {
    # path: id of the fragment's root, None where htmx asks for a dialog or nothing
    "/clients": "clients",
    "/clients?q=alder": "clients",
    "/clients?archived=1": "clients",
    "/clients/new": None,
    "/clients/{client}": "client",
    "/clients/{client}/rename": None,
    "/clients/{client}/archive": None,
    "/clients/{client}/uploads": "uploads",
    "/clients/{client}/uploads/{upload}": "upload",
    "/clients/{client}/uploads/{upload}/rows": "rows",
    "/clients/{client}/uploads/{upload}/rows?q=a": "rows",
    "/clients/{client}/uploads/{hostile}/rows?show=repeated": "rows",
    "/clients/{client}/uploads/{hostile}": "upload",
    "/clients/{client}/uploads/{hostile}/rows": "rows",
    "/clients/{client}/uploads/{upload}/launch": None,
    "/clients/{client}/pipelines": "pipelines",
    "/clients/{client}/pipelines?archived=1": "pipelines",
    "/clients/{client}/pipelines/new": "builder",
    "/pipelines/{pipeline}": "builder",
    "/pipelines/{pipeline}?version=1": "builder",
    "/pipelines/{template}": "builder",
    "/pipelines/{pipeline}/archive": None,
    "/clients/{client}/workflows": "configs",
    "/clients/{client}/workflows/enrich_company_clay": None,
    "/clients/{client}/workflows/enrich_person_clay": None,
    "/clients/{client}/workflows/normalize_name": None,
    "/clients/{client}/workflows/enrich_company_clay?add=1": None,
    "/batches": "batches",
    "/batches?state=running": "batches",
    "/batches?client={client}&q=people": "batches",
    "/batches/{batch}": "batch",
    "/batches/{done}": "batch",
    "/batches/{batch}/items": "items",
    "/batches/{batch}/items?step=0&bucket=failed": "items",
    "/batches/{batch}/items?step=1&bucket=waiting": "items",
    "/batches/{batch}/items?bucket=retrying": "items",
    "/batches/{batch}/items?bucket=pending": "items",
    "/batches/{batch}/items?step=0&bucket=completed": "items",
    "/batches/{batch}/items?bucket=done": "items",
    "/batches/{batch}/items?bucket=active&q=a": "items",
    "/batches/{batch}/items?bucket=failed&code=clay_not_found&q=zzz": "items",
    "/batches/{done}/items": "items",
    "/batches/{batch}/pause": None,
    "/batches/{batch}/cancel": None,
    "/batches/{batch}/retry": None,
    "/batches/{batch}/retry?step_index=0&error_code=workflow_error": None,
    "/items/{item}": "item",
    "/workflows": "registry",
    "/callbacks": "callbacks",
    "/callbacks?verdict=rejected&since=2026-01-01&until=2026-12-31&workflow=enrich_company_clay": "callbacks",
    "/callbacks?client={client}": "callbacks",
    "/callbacks/reread?verdict=rejected": None,
    "/health": "health",
    "/audit": "audit",
    "/audit?action=launch_batch&client={client}": "audit",
}
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


def fill(path: str, scene: Scene) -> str:
    """A path of the table with the scene's uids in it."""
    item = scene.items.get("failed0") or next(iter(scene.items.values()))
    return path.format(item=item, **{k: v for k, v in vars(scene).items() if isinstance(v, str)})


async def test_every_page_answers_as_a_whole_and_as_a_fragment(operator: httpx.AsyncClient, scene: Scene) -> None:
    for template, root in PAGES.items():
        path = fill(template, scene)
        whole = await operator.get(path)
        assert whole.status_code == 200, (path, whole.text[:500])
        assert whole.text.startswith("<!doctype html>"), path
        assert "<h1" in whole.text or "<h2" in whole.text, path
        assert whole.headers["cache-control"] == "no-store", path
        part = await operator.get(path, headers=FRAGMENT)
        assert part.status_code == 200, path
        if root is not None:
            assert "<html" not in part.text, path
            assert re.match(rf'\s*<(?:div|form) id="{root}"', part.text), (path, part.text[:200])


async def test_no_page_shows_a_secret_or_runs_a_cell(operator: httpx.AsyncClient, scene: Scene) -> None:
    for template in PAGES:
        path = fill(template, scene)
        page = await operator.get(path)
        assert SECRET not in page.text, path
        assert SCRIPT not in page.text, path
        assert "<b>hostile" not in page.text, path
        assert not re.search(r"<[^>]+\sstyle=", page.text), f"{path} has an inline style, which the CSP forbids"
        assert not re.search(r"<[^>]+\son[a-z]+=", page.text), f"{path} has an inline handler, which the CSP forbids"
        assert not re.search(r"<script(?![^>]*\bsrc=)", page.text), f"{path} has an inline script"


async def test_every_icon_that_a_page_uses_is_in_the_sprite(operator: httpx.AsyncClient, scene: Scene) -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (await operator.get("/static/icons.svg")).text))
    for template in PAGES:
        used = set(re.findall(r"icons\.svg\?v=\w+#([\w-]+)", (await operator.get(fill(template, scene))).text))
        assert used <= sprite, (template, used - sprite)


async def test_an_unchanged_poll_costs_a_304(operator: httpx.AsyncClient, scene: Scene) -> None:
    for path in (f"/batches/{scene.batch}", "/batches", f"/clients/{scene.client}", "/health"):
        first = await operator.get(path, headers=FRAGMENT)
        again = await operator.get(path, headers=FRAGMENT | {"HX-PTag": first.headers["hx-ptag"]})
        assert (again.status_code, again.content) == (304, b""), path
    await scene.db.call("pause_batch", batch=scene.batch, actor="test")
    changed = await operator.get("/batches", headers=FRAGMENT | {"HX-PTag": first.headers["hx-ptag"]})
    assert changed.status_code == 200


async def test_a_page_polls_only_while_something_can_change(operator: httpx.AsyncClient, scene: Scene) -> None:
    running = await operator.get(f"/batches/{scene.batch}", headers=FRAGMENT)
    assert 'hx-trigger="every 2s [!document.hidden]"' in running.text
    finished = await operator.get(f"/batches/{scene.done}", headers=FRAGMENT)
    assert "hx-trigger" not in finished.text


async def test_a_history_restore_gets_the_whole_page(operator: httpx.AsyncClient, scene: Scene) -> None:
    headers = FRAGMENT | {"HX-History-Restore-Request": "true"}
    assert (await operator.get("/clients", headers=headers)).text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/clients/7d7f9f0e-0000-4000-8000-000000000000",
        "/clients/not-a-uid",
        "/batches/7d7f9f0e-0000-4000-8000-000000000000",
        "/items/7d7f9f0e-0000-4000-8000-000000000000",
        "/pipelines/7d7f9f0e-0000-4000-8000-000000000000",
    ],
)
async def test_what_is_not_there_is_a_page_that_leads_on(operator: httpx.AsyncClient, path: str) -> None:
    whole = await operator.get(path)
    assert whole.status_code == 404
    assert 'href="/clients"' in whole.text
    part = await operator.get(path, headers=FRAGMENT)
    assert part.status_code == 404
    assert "<html" not in part.text


CURSORS = (
    "Ingi",
    "MTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA",
    "MTAwMDAwMDAwMDAwMDAw",
    "LTE",
    "W10",
    "e30",
    "dHJ1ZQ",
    "MS41",
    "Ilx1MDAwMCI",
    "%%",
)
LISTS = (
    "/clients", "/clients/{client}/uploads", "/clients/{client}/uploads/{upload}/rows", "/batches", "/audit",
    "/clients/{client}/uploads/{upload}/rows?show=repeated", "/batches/{batch}/items", "/batches/{batch}/items?q=a",
    "/leads", "/people", "/clients/{client}/customers",
)  # fmt: skip


async def test_a_cursor_that_nobody_packed_opens_the_first_page(operator: httpx.AsyncClient, scene: Scene) -> None:
    for path in LISTS:
        for cursor in CURSORS:
            address = fill(path, scene) + ("&" if "?" in path else "?") + f"after={cursor}"
            assert (await operator.get(address)).status_code == 200, address


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/batches/{batch}/items?step=99999999999999999999", 200),
        ("/batches/{batch}/items?step=40000", 200),
        ("/batches/{batch}/retry?step_index=99999999999", 422),
        ("/batches/{batch}/retry?error_code=%00", 200),
        ("/pipelines/{pipeline}?version=99999999999", 200),
        ("/items/{item}/results/99999999999999999999/raw.json", 404),
        ("/items/{item}/rerun?step=99999999999999999999", 422),
        ("/clients/{client}/workflows/enrich_company_clay?label=%00", 200),
        ("/clients/{client}/workflows/enrich_company_clay/test/00000000-0000-0000-0000-000000000000?tried=abc", 200),
    ],
)
async def test_addresses_changed_by_hand_are_no_trouble_of_ours(
    operator: httpx.AsyncClient, scene: Scene, path: str, status: int
) -> None:
    address = fill(path.replace("{item}", next(iter(scene.items.values()))), scene)
    assert (await operator.get(address)).status_code == status


async def test_health_says_when_nobody_started_the_engine(
    operator: httpx.AsyncClient, scene: Scene, pg: asyncpg.Connection
) -> None:
    holder = "00000000-0000-0000-0000-000000000001"
    await scene.db.call("take_engine_lease", holder=holder, seconds=30)
    await pg.execute("update rate_buckets set rate_per_second = 10.05")
    assert "has not run since" not in (await operator.get("/health")).text
    await pg.execute(
        """update engine_leases
           set last_run_at = now() - interval '10 minutes', expires_at = now() - interval '9 minutes'"""
    )
    assert "The engine has not run since" in (await operator.get("/health")).text


async def test_without_anything_every_list_names_the_next_action(operator: httpx.AsyncClient) -> None:
    assert "New client" in (await operator.get("/clients")).text
    assert "Choose a client, upload a file and launch it" in (await operator.get("/batches")).text
    assert "Nothing sent yet" in (await operator.get("/health")).text
    assert (await operator.get("/")).headers["location"] == "/clients"


async def test_the_start_page_leads_to_the_one_running_batch(operator: httpx.AsyncClient, scene: Scene) -> None:
    await scene.pg.execute("update batches set state = 'COMPLETED' where uid <> $1::uuid", scene.batch)
    assert (await operator.get("/")).headers["location"] == f"/batches/{scene.batch}"


async def test_static_files_are_kept_for_ever_by_version_and_whole_pages_never(operator: httpx.AsyncClient) -> None:
    page = await operator.get("/clients")
    css = re.search(r'href="(/static/app\.css\?v=\w+)"', page.text)
    assert css is not None
    assert "immutable" in (await operator.get(css[1])).headers["cache-control"]
    assert (await operator.get("/static/app.css")).headers["cache-control"] == "no-cache"


async def test_without_the_database_a_page_says_so_and_a_poll_keeps_what_is_shown(
    operator: httpx.AsyncClient, app: FastAPI, stack: TestStack
) -> None:
    lost = stack.settings.model_copy(update={"supabase_url": "http://127.0.0.1:9"})
    async with await connect(lost) as nowhere:
        app.state.services.database = nowhere
        part = await operator.get("/batches", headers=FRAGMENT)
    assert part.status_code == 503
    assert "cannot be reached" in part.text
    # htmx is told to leave the page alone when the answer is an error.
    found = re.search(r'name="htmx-config" content=\'([^\']+)\'', (await operator.get("/nope")).text)
    assert found is not None
    assert '"5xx"' in found[1]
