"""Batches with results: people whose answers came, and the client's customers among their employers."""

from __future__ import annotations

from typing import Any

from app.engine.background import work_in_background
from app.engine.dispatcher import run_chunk
from app.workflows import registry_rows
from tests.engine_kit import SLUGS, World, registry_row

STEPS = ("alpha", "extract_work_history", "consolidate_lead")


def person(number: int, **changes: Any) -> dict[str, Any]:
    """A person payload: today at Acme, before that at Kestrel (left), and once at a promotion within Acme."""
    record = {
        "first_name": "Ann",
        "last_name": f"Number{number}",
        "name": f"Ann Number{number}",
        "headline": "Builds things",
        "country": "NL",
        "location_name": "Utrecht, Utrecht, Netherlands",
        "url": f"https://www.linkedin.com/in/ann-{number}",
        "experience": [
            {
                "company": "Acme",
                "company_domain": "acme.example",
                "title": "Head of Sales",
                "start_date": "2026-09",
                "is_current": True,
            },
            {
                "company": "Acme",
                "company_domain": "acme.example",
                "title": "Seller",
                "start_date": "2023",
                "end_date": "2026-09",
                "is_current": False,
            },
            {
                "company": "KestrelPay Ltd",
                "company_domain": "kstrl.example",
                "title": "Analyst",
                "start_date": "2019-02",
                "end_date": "2022",
                "is_current": False,
            },
        ],
    }
    return {"status": "success", "raw_payload": record | changes}


async def enriched(world: World, count: int, *steps: str, **changes: Any) -> str:
    """A finished batch whose first step was answered with person payloads."""
    await world.db.call("sync_registry", workflows=[registry_row(s) for s in SLUGS] + registry_rows())
    columns = {"Email": "'p' || g || '@acme.example'"}
    batch = await world.launch(count, *(steps or STEPS), columns=columns)
    items = await world.claim(count)
    done = [
        {
            "state_id": item["state_id"],
            "attempt": item["attempt"],
            "parsed": {},
            "source": "clay",
            "raw": person(item["row_number"], **changes),
        }
        for item in items
    ]
    await world.db.call("complete_items", items=done)
    world.slugs += [slug for slug in STEPS if slug not in world.slugs]
    for _ in range(len(STEPS)):
        for chunk in (await world.dispatch())["chunks"]:
            await run_chunk(world.db, chunk["chunk_id"])
    return batch


async def customers(world: World, *given: dict[str, Any], replace: bool = False) -> dict[str, Any]:
    full = [{"name": None, "name_key": None, "domain": None, "linkedin": None, "given": "x"} | row for row in given]
    saved: dict[str, Any] = await world.db.call(
        "save_customers", client=world.client, customers=full, upload=None, replace=replace, actor="test"
    )
    while await work_in_background(world.db):
        pass
    return saved
