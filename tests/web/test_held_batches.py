"""A batch that the database's refusal holds: the page says why, in the list and on its own, and lets it go on."""

from __future__ import annotations

import httpx

from app.engine.entities import place_rows
from tests.web.forms_kit import Hands
from tests.web.kit import Scene, csrf

WHY = "Held: the made-up fault (SQLSTATE 22003)"


async def test_a_batch_that_is_held_says_why_and_is_resumed_from_its_page(
    operator: httpx.AsyncClient, scene: Scene
) -> None:
    hands = Hands(operator, csrf(await operator.get("/clients")))
    number = await scene.pg.fetchval("select id from batches where uid = $1::uuid", scene.batch)
    await scene.pg.execute(
        "create function public.refuse() returns trigger language plpgsql as "
        "$f$ begin raise exception using errcode = '22003', message = 'the made-up fault'; end $f$"
    )
    await scene.pg.execute(
        "create trigger refuse before update on public.workflow_states for each row "
        f"when (new.batch_id = {number} and new.status = 'IN_PROGRESS') execute function public.refuse()"
    )
    await scene.pg.execute("update workflow_states set available_at = now() where status = 'PENDING'")
    await place_rows(scene.db)
    slugs = ["normalize_name", "enrich_company_clay"]
    await scene.db.call("dispatch_pending_items", limit=100, chunk_size=500, workflows=slugs)
    for path in (f"/batches/{scene.batch}", "/batches"):
        page = await hands.http.get(path)
        assert WHY in page.text, path
    assert "Resume" in (await hands.http.get(f"/batches/{scene.batch}")).text
    await scene.pg.execute("drop trigger refuse on public.workflow_states")
    assert "Batch resumed" in await hands.told(await hands.post(f"/batches/{scene.batch}/resume"))
    page = (await hands.http.get(f"/batches/{scene.batch}")).text
    assert "made-up fault" not in page
