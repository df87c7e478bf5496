"""What an operator does: every change is checked on the server, answered with what happened, and in the audit log."""

from __future__ import annotations

import csv
import io
import re
from uuid import uuid4

import asyncpg

from tests.web.forms_kit import FRAGMENT, Hands, actions, launch_fields
from tests.web.kit import SCRIPT, SECRET, Scene


async def test_clients_are_created_renamed_archived_and_brought_back(hands: Hands, scene: Scene) -> None:
    page = await hands.told(await hands.post("/clients", {"name": f"  {SCRIPT} Ltd "}))
    assert "created. Upload a file to get started." in page
    uid = await scene.pg.fetchval("select uid::text from clients order by id desc limit 1")
    assert "renamed to Birch" in await hands.told(await hands.post(f"/clients/{uid}/rename", {"name": "Birch"}))
    taken = await hands.post(f"/clients/{uid}/rename", {"name": "ALDER & FINCH"})
    assert taken.status_code == 422
    assert "already exists" in taken.text
    empty = await hands.post("/clients", {"name": "   "})
    assert (empty.status_code, "1 to 200 characters" in empty.text) == (422, True)
    assert "archived" in await hands.told(await hands.post(f"/clients/{uid}/archive"))
    assert "Birch" in (await hands.http.get("/clients?archived=1")).text
    assert "restored" in await hands.told(await hands.post(f"/clients/{uid}/restore"))
    done = await actions(scene, 4)
    assert done == [f"operator@example.test {a}_client" for a in ("restore", "archive", "rename", "create")]


async def test_a_client_with_running_batches_is_not_archived(hands: Hands, scene: Scene) -> None:
    answer = await hands.post(f"/clients/{scene.client}/archive")
    assert (answer.status_code, "not finished" in answer.text) == (409, True)


async def test_a_batch_is_paused_resumed_and_cancelled_with_counts(hands: Hands, scene: Scene) -> None:
    path = f"/batches/{scene.batch}"
    asked = await hands.http.get(f"{path}/pause", headers=FRAGMENT)
    assert re.search(r"\d+ rows are not finished", asked.text)
    assert "nothing new will start" in await hands.told(await hands.post(f"{path}/pause"))
    assert "Batch resumed" in await hands.told(await hands.post(f"{path}/resume"))
    assert "Keep it running" in (await hands.http.get(f"{path}/cancel")).text
    assert re.search(
        r"Batch cancelled\. \d+ unfinished rows stopped\.", await hands.told(await hands.post(f"{path}/cancel"))
    )
    assert "was not paused" in await hands.told(await hands.post(f"{path}/resume"))


async def test_failed_rows_are_retried_by_cause_and_the_count_is_told(hands: Hands, scene: Scene) -> None:
    path = f"/batches/{scene.batch}/retry"
    page = await hands.http.get(f"/batches/{scene.batch}")
    assert "The name is made of emoji only." in page.text
    asked = await hands.http.get(path, params={"step_index": "0", "error_code": "workflow_error"}, headers=FRAGMENT)
    count = re.search(r"Retry (\d+) failed rows\?", asked.text)
    assert count is not None
    answer = await hands.post(path, {"step_index": "0", "error_code": "workflow_error"})
    assert f"{count[1]} rows will be tried again." in await hands.told(answer)
    left = await scene.pg.fetchval("select count(*) from workflow_states where status = 'FAILED' and step_index = 0")
    assert left == 0


async def test_a_row_is_run_again_from_a_step_and_retried_at_once(hands: Hands, scene: Scene) -> None:
    failed, retrying = scene.items["failed0"], scene.items["retrying0"]
    asked = await hands.http.get(f"/items/{failed}/rerun?step=0", headers=FRAGMENT)
    assert "May cost up to 1 credit" in asked.text
    assert "Running the row again from step 1" in await hands.told(
        await hands.post(f"/items/{failed}/rerun", {"step": "0"})
    )
    assert (await hands.post(f"/items/{failed}/rerun", {"step": "9"})).status_code == 422
    assert "Retrying the row now" in await hands.told(await hands.post(f"/items/{retrying}/retry"))
    assert "no longer waiting" in await hands.told(await hands.post(f"/items/{retrying}/retry"))


async def test_the_export_of_a_batch_has_every_row_and_says_why_it_failed(hands: Hands, scene: Scene) -> None:
    answer = await hands.http.get(f"/batches/{scene.batch}/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 40
    failed = [row for row in rows if row["leadloom_status"] == "failed"]
    assert {row["leadloom_code"] for row in failed} >= {"workflow_error"}
    assert all(row["leadloom_reason"] and row["leadloom_failed_at"] for row in failed)
    assert rows[0]["First Name"]
    account = (await hands.http.get(f"/batches/{scene.batch}/manifest.json")).json()
    assert account["uploaded"] == 40 == account["delivered"] + account["failed"] + account["waiting"]
    assert account["failed"] == len(failed)
    page = (await hands.http.get(f"/batches/{scene.batch}")).text
    assert f"40 uploaded = {account['delivered']} delivered + {len(failed)} failed" in page


async def test_payloads_can_be_had_whole(hands: Hands, scene: Scene) -> None:
    item = scene.items["completed1"]
    raw = await hands.http.get(f"/items/{item}/results/1/raw.json")
    assert raw.json() == {"a": [1, 2]}
    assert (await hands.http.get(f"/items/{item}/results/1/other.json")).status_code == 422
    assert (await hands.http.get(f"/items/{item}/results/9/raw.json")).status_code == 404


CONFIG = {"webhook_url": "https://api.clay.com/v3/x", "workspace": "w", "rate_per_second": "10", "burst": "20"}


async def test_a_config_keeps_the_secrets_that_are_left_empty(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/workflows/enrich_company_clay"
    page = await hands.told(await hands.post(path, CONFIG | {"version": "1", "label": ""}))
    assert "configuration saved" in page
    saved = await scene.db.call("config_with_secrets", client=scene.client, workflow="enrich_company_clay", label="")
    assert saved["auth_token"] == SECRET
    assert saved["webhook_url"] == CONFIG["webhook_url"]
    assert saved["burst"] == 20
    await hands.post(path, CONFIG | {"version": "2", "label": "", "clear_auth_token": "1"})
    saved = await scene.db.call("config_with_secrets", client=scene.client, workflow="enrich_company_clay", label="")
    assert saved["auth_token"] is None


async def test_a_config_is_refused_field_by_field(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/workflows/enrich_company_clay"
    wrong = {
        "webhook_url": "http://10.0.0.1/x",
        "rate_per_second": "fast",
        "version": "1",
        "auth_token": "s3cr3t-typed",
    }
    answer = await hands.post(path, wrong)
    assert answer.status_code == 422
    assert "must start with https://" in answer.text
    assert 'aria-describedby="e-rate_per_second"' in answer.text
    assert "s3cr3t-typed" not in answer.text
    outdated = await hands.post(path, CONFIG | {"version": "7", "label": ""})
    assert (outdated.status_code, "changed this configuration in the meantime" in outdated.text) == (409, True)


async def test_a_second_set_up_has_a_label(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/workflows/enrich_company_clay"
    page = await hands.told(await hands.post(path, CONFIG | {"label": "Europe"}))
    assert "Europe" in page
    assert (await hands.post(path, CONFIG | {"label": "Europe"})).status_code == 409


async def test_a_paused_batch_is_watched_until_what_is_under_way_has_ended(
    hands: Hands, scene: Scene, pg: asyncpg.Connection
) -> None:
    await hands.post(f"/batches/{scene.batch}/pause")
    waiting = scene.items["waiting1"]
    for page in (f"/batches/{scene.batch}", f"/items/{waiting}", "/batches"):
        assert "every 2s" in (await hands.http.get(page)).text, page
    await pg.execute(
        "update workflow_states set status = 'CANCELLED', finished_at = now() where status = 'IN_PROGRESS'"
    )
    assert "every 2s" not in (await hands.http.get(f"/items/{waiting}")).text


async def test_a_step_is_chosen_in_the_form_that_searches(hands: Hands, scene: Scene) -> None:
    page = (await hands.http.get(f"/batches/{scene.batch}/items?bucket=failed&q=a")).text
    form = re.search(r'<form class="search" id="item-filters".*?</form>', page, re.DOTALL)
    assert form is not None
    assert 'name="bucket" value="failed"' in form[0]
    assert re.findall(r'name="(step|code)" form="item-filters"', page)[:1] == ["step"]


async def test_garbage_in_forms_is_refused_in_words(hands: Hands, scene: Scene) -> None:
    pipeline = f"/pipelines/{scene.pipeline}"
    assert (await hands.post(f"{pipeline}/duplicate", {"client": "nobody"})).status_code == 422
    wanted = {"do": "save", "name": "x", "kind": "people", "version": "999999999999999999"}
    assert (await hands.post(pipeline, wanted)).status_code in (409, 422)
    created = await hands.post(f"/clients/{scene.client}/pipelines/new", wanted | {"kind": "cars"})
    assert created.status_code == 422
    retry = await hands.post(f"/batches/{scene.batch}/retry", {"step_index": "9" * 20})
    assert retry.status_code == 422
    for budget in ("1e999", "1e300", "NaN"):
        fields = await launch_fields(hands, scene) | {"budget": budget}
        refused = await hands.post(f"/clients/{scene.client}/uploads/{scene.upload}/launch", fields)
        assert refused.status_code == 422, budget


async def test_a_label_may_be_made_of_any_characters(hands: Hands, scene: Scene) -> None:
    base = f"/clients/{scene.client}/workflows/enrich_company_clay"
    fields = {"label": "A&B #1 + ü", "webhook_url": "https://api.clay.example/v3/other"}
    saved = await hands.post(base, fields)
    page = await hands.http.get(saved.headers["location"])
    assert "A&amp;B #1 + ü" in page.text
    assert "https://api.clay.example/v3/other" in page.text


async def test_every_action_is_in_the_audit_log_with_its_actor(hands: Hands, scene: Scene) -> None:
    await hands.post(f"/batches/{scene.batch}/pause")
    await hands.post(f"/pipelines/{scene.pipeline}/archive")
    page = (await hands.http.get("/audit")).text
    assert "pause batch" in page
    assert "archive pipeline" in page
    assert "operator@example.test" in page
    only = (await hands.http.get("/audit", params={"action": "pause_batch"})).text
    assert "archive pipeline</a>" not in only


async def test_pages_of_a_list_follow_one_another_without_gap(hands: Hands, scene: Scene) -> None:
    for n in range(60):
        await scene.db.call("create_client", name=f"Client {n:02}", actor="test")
    names: list[str] = []
    path: str | None = "/clients"
    while path:
        page = (await hands.http.get(path)).text
        names += re.findall(r"data-row>([^<]+)</a>", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else None
    assert len(names) == 61
    assert names == sorted(names, key=str.lower)
    assert (await hands.http.get("/clients?after=garbage")).status_code == 200
    assert (await hands.http.get(f"/batches?client={uuid4()}")).status_code == 404
