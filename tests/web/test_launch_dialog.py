"""The launch dialog: cost and what is missing are shown first, and a launch happens once, as it was shown."""

from __future__ import annotations

import re

import asyncpg
import pytest

from app.engine import batches
from app.errors import ConflictError
from tests.web.forms_kit import FRAGMENT, Hands, launch_fields, shown_estimate
from tests.web.kit import Scene


async def test_a_launch_happens_once_however_often_it_is_sent(hands: Hands, scene: Scene) -> None:
    fields = await launch_fields(hands, scene)
    path = f"/clients/{scene.client}/uploads/{scene.upload}/launch"
    before = await scene.pg.fetchval("select count(*) from batches")
    first = await hands.post(path, fields)
    second = await hands.post(path, fields)
    assert first.headers["location"] == second.headers["location"]
    assert await scene.pg.fetchval("select count(*) from batches") == before + 1
    assert "Batch launched with 7 rows" in await hands.told(first)


async def test_the_launch_dialog_shows_cost_and_what_is_missing(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.upload}/launch"
    fields = await launch_fields(hands, scene)
    preview = await hands.http.get(path, params=fields, headers=FRAGMENT | {"HX-Target": "div#launch-preview"})
    assert preview.text.lstrip().startswith('<div id="launch-preview"')
    assert "up to <strong>7 credits</strong>" in preview.text
    assert "Launch 7 rows" in preview.text
    full = await scene.pg.fetchval("select uid::text from enrichment_pipelines where name = 'Full enrichment'")
    lacking = await hands.http.get(path, params=fields | {"pipeline": full})
    assert f"/clients/{scene.client}/workflows/enrich_person_clay" in lacking.text
    assert re.search(r'id="launch-button" disabled', lacking.text)
    other = fields | {"pipeline": full}
    refused = await hands.post(path, other | {"estimate": await shown_estimate(hands, scene, other)})
    assert (refused.status_code, "not set up for this client" in refused.text) == (409, True)
    companies = await scene.pg.fetchval("select uid::text from enrichment_pipelines where name = 'Company enrichment'")
    assert companies not in lacking.text


async def test_a_launch_that_would_cost_other_than_shown_is_refused(hands: Hands, scene: Scene) -> None:
    """Without JavaScript another pipeline is chosen without a new sum: the click shows it instead of launching."""
    path = f"/clients/{scene.client}/uploads/{scene.upload}/launch"
    shown = await launch_fields(hands, scene)
    before = await scene.pg.fetchval("select count(*) from batches")
    cheaper = shown | {"pipeline": scene.template}
    fields = cheaper | {"estimate": await shown_estimate(hands, scene, cheaper)}
    for changes in ({"pipeline": scene.pipeline}, {"rows": "8"}, {"scope": "all"}, {"estimate": ""}):
        refused = await hands.post(path, fields | changes)
        assert (refused.status_code, "The estimate has changed" in refused.text) == (409, True), changes
    assert await scene.pg.fetchval("select count(*) from batches") == before
    dearer = await hands.post(path, fields | {"pipeline": scene.pipeline})
    assert "up to <strong>7 credits</strong>" in dearer.text
    now = re.search(r'name="estimate" value="([^"]+)"', dearer.text)
    assert now is not None
    assert (await hands.post(path, shown | {"estimate": now[1]})).status_code == 303


async def test_a_pipeline_saved_since_the_estimate_is_not_launched(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.upload}/launch"
    fields = await launch_fields(hands, scene)
    steps = [{"workflow": "normalize_name"}]
    await scene.db.call(
        "save_pipeline", pipeline=scene.pipeline, expected_version=1, steps=steps, name=None, actor="Bo"
    )
    refused = await hands.post(path, fields)
    assert (refused.status_code, "The estimate has changed" in refused.text) == (409, True)
    with pytest.raises(ConflictError, match="Bo just saved version 2"):
        await batches.launch(scene.db, scene.upload, scene.pipeline, actor="test", pipeline_version=1)


async def test_a_second_press_after_the_pipeline_changed_leads_to_the_batch(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.upload}/launch"
    fields = await launch_fields(hands, scene)
    first = await hands.post(path, fields)
    await hands.post(f"/pipelines/{scene.pipeline}/archive")
    assert (await hands.post(path, fields)).headers["location"] == first.headers["location"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"budget": "12,50"}, "must be a number"),
        ({"rows": "0,5"}, "must be a whole number"),
        ({"rows": "many"}, "must be a whole number"),
        ({"rows": "0"}, "must be between 1"),
        ({"rows": ""}, "Enter the number of rows"),
        ({"budget": "-1"}, "must be 0 or more"),
        ({"budget": "lots"}, "must be a number"),
        ({"pipeline": "x"}, "Choose a pipeline"),
        ({"launch_key": ""}, "Reload the page"),
    ],
)
async def test_a_launch_that_cannot_be_is_refused_in_words(
    hands: Hands, scene: Scene, changes: dict[str, str], says: str
) -> None:
    fields = await launch_fields(hands, scene) | changes
    answer = await hands.post(f"/clients/{scene.client}/uploads/{scene.upload}/launch", fields)
    assert (answer.status_code, says in answer.text) == (422, True), answer.text[:2000]


async def test_nothing_is_launched_for_an_archived_client(hands: Hands, scene: Scene, pg: asyncpg.Connection) -> None:
    fields = await launch_fields(hands, scene)
    await pg.execute("update clients set archived_at = now() where uid = $1::uuid", scene.client)
    refused = await hands.post(f"/clients/{scene.client}/uploads/{scene.upload}/launch", fields)
    assert (refused.status_code, "This client is archived." in refused.text) == (409, True)


async def test_a_second_launch_of_the_same_is_pointed_out(hands: Hands, scene: Scene) -> None:
    base = f"/clients/{scene.client}/uploads"
    again = await hands.http.get(f"{base}/{scene.upload}/launch?pipeline={scene.pipeline}")
    assert "already ran this file through this pipeline" in again.text
    assert f"/batches/{scene.batch}" in again.text
    first = await hands.http.get(f"{base}/{scene.upload}/launch?pipeline={scene.template}")
    assert "already ran this file through this pipeline" not in first.text
