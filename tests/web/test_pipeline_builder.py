"""The pipeline builder without scripts: steps in order, their settings, versions, and two people at once."""

from __future__ import annotations

import re

import orjson

from app.workflows import registry_rows
from tests.web.forms_kit import FRAGMENT, Hands
from tests.web.kit import Scene


def steps(page: str) -> list[tuple[str, str]]:
    """The builder's steps, as (key, workflow)."""
    return re.findall(r'name="key" value="(\w+)"><input type="hidden" name="workflow" value="(\w+)"', page)


def form_of(page: str) -> list[tuple[str, str]]:
    """What a browser would send of the builder: name, version and the steps with their settings left alone."""
    fields = [(n, re.search(rf'name="{n}" value="([^"]*)"', page)) for n in ("version", "name")]
    pairs = [(n, found[1]) for n, found in fields if found] + [("kind", "people")]
    settings = (
        "label",
        "timeout_s",
        "max_attempts",
        "retry_delay_s",
        "condition_field",
        "condition_op",
        "condition_value",
    )
    for key, workflow in steps(page):
        pairs += [("key", key), ("workflow", workflow), *((name, "") for name in settings)]
    return pairs


async def test_a_pipeline_is_built_without_any_script(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/pipelines/new"
    page = (await hands.http.get(path)).text
    for slug in ("enrich_company_clay", "split_raw"):
        page = (await hands.post(path, [*form_of(page), ("do", f"add:{slug}")])).text
    assert [w for _, w in steps(page)] == ["enrich_company_clay", "split_raw"]
    last = steps(page)[1][0]
    page = (await hands.post(path, [*form_of(page), ("do", f"up:{last}")])).text
    assert [w for _, w in steps(page)] == ["split_raw", "enrich_company_clay"]
    assert "Split raw row is now step 1 of 2." in page
    fields = [(n, "Mine" if n == "name" else v) for n, v in form_of(page)]
    told = await hands.told(await hands.post(path, [*fields, ("do", "save")]))
    assert "saved as version 1" in told


async def test_a_step_whose_inputs_come_too_late_is_flagged(hands: Hands, scene: Scene) -> None:
    row = {
        "slug": "needs_phone", "title": "Needs phone", "description": "", "kind": "compute", "applies_to": ["people"],
        "reads": ["phone"], "required": ["phone"], "writes": ["x"], "needs_original": False, "config_schema": None,
        "default_timeout_s": 60, "default_max_attempts": 3, "cost_per_row": 0, "entity_keys": [],
    }  # fmt: skip
    await scene.db.call("sync_registry", workflows=[*registry_rows(), row])
    path = f"/clients/{scene.client}/pipelines/new"
    page = (await hands.http.get(path)).text
    for slug in ("needs_phone", "split_raw"):
        page = (await hands.post(path, [*form_of(page), ("do", f"add:{slug}")], headers=FRAGMENT)).text
    assert "No earlier step provides <strong>phone</strong>" in page
    assert "Split raw row does: move it up." in page


async def test_two_people_editing_the_second_is_told_and_may_decide(hands: Hands, scene: Scene) -> None:
    path = f"/pipelines/{scene.pipeline}"
    mine = form_of((await hands.http.get(path)).text)
    theirs = [{"workflow": "split_raw"}]
    await scene.db.call(
        "save_pipeline", pipeline=scene.pipeline, expected_version=1, steps=theirs, name="Names, then Clay", actor="Bo"
    )
    refused = await hands.post(path, [*mine, ("do", "save")])
    assert refused.status_code == 409
    assert "Bo saved version 2 of this pipeline while you were editing version 1." in refused.text
    assert [w for _, w in steps(refused.text)] == ["normalize_name", "enrich_company_clay"]
    assert "saved as version 3" in await hands.told(await hands.post(path, [*mine, ("do", "overwrite")]))
    old = await hands.http.get(f"{path}?version=2")
    assert [w for _, w in steps(old.text)] == ["split_raw"]
    assert "You are viewing version 2, not the current one" in old.text


async def test_step_settings_are_saved_and_wrong_numbers_refused(hands: Hands, scene: Scene) -> None:
    path = f"/pipelines/{scene.pipeline}"
    fields = form_of((await hands.http.get(path)).text)
    at = [i for i, (n, _) in enumerate(fields) if n == "max_attempts"]
    fields[at[0]] = ("max_attempts", "99")
    refused = await hands.post(path, [*fields, ("do", "save")])
    assert (refused.status_code, "Attempts of step 1 must be between 1 and 20." in refused.text) == (422, True)
    fields[at[0]] = ("max_attempts", "5")
    second = {"condition_field": "country", "condition_op": "in", "condition_value": "Germany, Austria"}
    seen: dict[str, int] = {}
    for i, (n, _) in enumerate(fields):
        seen[n] = seen.get(n, 0) + 1
        if n in second and seen[n] == 2:
            fields[i] = (n, second[n])
    await hands.told(await hands.post(path, [*fields, ("do", "save")]))
    saved = orjson.loads(
        await scene.pg.fetchval("select steps::text from enrichment_pipelines where uid = $1::uuid", scene.pipeline)
    )
    assert saved[0]["settings"] == {"max_attempts": 5}
    assert saved[1]["settings"]["condition"] == {"field": "country", "op": "in", "value": ["Germany", "Austria"]}


async def test_pipelines_are_copied_shared_archived_and_restored(hands: Hands, scene: Scene) -> None:
    copy = await hands.post(f"/pipelines/{scene.pipeline}/duplicate", {"client": scene.client})
    assert "Names, then Clay (copy)" in await hands.told(copy)
    assert "shared template" in await hands.told(await hands.post(f"/pipelines/{scene.pipeline}/duplicate"))
    assert "archived" in await hands.told(await hands.post(f"/pipelines/{scene.pipeline}/archive"))
    assert "restored" in await hands.told(await hands.post(f"/pipelines/{scene.pipeline}/restore"))
