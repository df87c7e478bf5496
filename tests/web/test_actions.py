"""What an operator does: every change is checked on the server, answered with what happened, and in the audit log."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
import pytest

from app.engine import batches
from app.errors import ConflictError
from app.workflows import registry_rows
from tests.web.kit import FORMULA, SCRIPT, SECRET, Scene, csrf, people_csv

ONE_ROW = b"Vorname,Ort\nAda,Oslo\n"
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Hands:
    """Fills in forms as a browser does, token included, and follows to the page that says what happened."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http, self.token = http, token

    async def post(self, path: str, fields: Any = None, **more: Any) -> httpx.Response:
        pairs = list((fields or {}).items()) if isinstance(fields, dict) or fields is None else list(fields)
        body = httpx.QueryParams([*pairs, ("csrf_token", self.token)])
        headers = {"content-type": "application/x-www-form-urlencoded"} | more.pop("headers", {})
        return await self.http.post(path, content=str(body), headers=headers, **more)

    async def told(self, answer: httpx.Response) -> str:
        """The page that a change leads to."""
        assert answer.status_code == 303, (answer.status_code, answer.text[:800])
        return (await self.http.get(answer.headers["location"])).text


@pytest.fixture
async def hands(operator: httpx.AsyncClient) -> Hands:
    return Hands(operator, csrf(await operator.get("/clients")))


async def actions(scene: Scene, count: int = 50) -> list[str]:
    """What the audit log has, newest first."""
    found = await scene.db.call("insights_audit", client=None, actor=None, action=None, after=None, limit=count)
    return [f"{row['actor']} {row['action']}" for row in found["rows"]]


async def test_clients_are_created_renamed_archived_and_brought_back(hands: Hands, scene: Scene) -> None:
    page = await hands.told(await hands.post("/clients", {"name": f"  {SCRIPT} Ltd "}))
    assert "created. Upload a file to begin." in page
    uid = await scene.pg.fetchval("select uid::text from clients order by id desc limit 1")
    assert "is now called Birch" in await hands.told(await hands.post(f"/clients/{uid}/rename", {"name": "Birch"}))
    taken = await hands.post(f"/clients/{uid}/rename", {"name": "ALDER & FINCH"})
    assert taken.status_code == 422
    assert "exists already" in taken.text
    empty = await hands.post("/clients", {"name": "   "})
    assert (empty.status_code, "1 to 200 characters" in empty.text) == (422, True)
    assert "is archived" in await hands.told(await hands.post(f"/clients/{uid}/archive"))
    assert "Birch" in (await hands.http.get("/clients?archived=1")).text
    assert "is back" in await hands.told(await hands.post(f"/clients/{uid}/restore"))
    done = await actions(scene, 4)
    assert done == [f"operator@example.test {a}_client" for a in ("restore", "archive", "rename", "create")]


async def test_a_client_with_running_batches_is_not_archived(hands: Hands, scene: Scene) -> None:
    answer = await hands.post(f"/clients/{scene.client}/archive")
    assert (answer.status_code, "not finished" in answer.text) == (409, True)


async def test_a_form_without_script_uploads_several_files(hands: Hands, scene: Scene) -> None:
    files = [("files", ("a.csv", people_csv(3), "text/csv")), ("files", ("b.csv", b"", "text/csv"))]
    answer = await hands.http.post(f"/clients/{scene.client}/uploads", data={"csrf_token": hands.token}, files=files)
    page = await hands.told(answer)
    assert "a.csv: 3 rows." in page
    assert "b.csv:" in page


async def test_duplicates_are_found_within_the_file_and_in_earlier_ones(hands: Hands, scene: Scene) -> None:
    assert "are compared" in await hands.told(
        await hands.post(f"/clients/{scene.client}/uploads/{scene.hostile}/duplicates")
    )
    page = await hands.http.get(f"/clients/{scene.client}/uploads/{scene.hostile}/rows?show=repeated")
    assert "row 1" in page.text


async def test_the_mapping_is_changed_by_hand(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.hostile}"
    fields = ["first_name", "last_name", "company_name", "email", "", "title"]
    page = await hands.told(await hands.post(f"{path}/mapping", [("field", f) for f in fields]))
    assert "The mapping is saved" in page
    mapping = orjson.loads(
        await scene.pg.fetchval("select mapping::text from uploads where uid = $1::uuid", scene.hostile)
    )
    assert mapping["title"] == "Odd column"
    assert "website" not in mapping
    twice = await hands.told(await hands.post(f"{path}/mapping", [("field", f) for f in ["email"] * 2 + [""] * 4]))
    assert "Two columns cannot both be" in twice


async def test_a_mapping_is_confirmed_used_for_the_next_file_and_forgotten(hands: Hands, scene: Scene) -> None:
    content = b"Vorname,Wo,Site\nAda,Oslo,tern.no\n"
    path = f"/clients/{scene.client}/uploads"
    first = await scene.ingest(content, "first.csv")
    assert "A saved mapping is used for this client" in (await hands.http.get(f"{path}/{first}")).text
    fields = [("field", name) for name in ("first_name", "city", "website")]
    said = await hands.told(await hands.post(f"{path}/{first}/mapping", fields))
    assert "next file with these columns is mapped the same way" in said
    assert "Mapping confirmed on " in (await hands.http.get(f"{path}/{first}")).text
    assert "No changes to save." in await hands.told(await hands.post(f"{path}/{first}/mapping", fields))

    second = await scene.ingest(b"site,wo,vorname\nterna.no,Rom,Jo\n", "second.csv")
    page = (await hands.http.get(f"{path}/{second}")).text
    assert f"Mapped as confirmed on {datetime.now(UTC):%-d %b %Y} by operator@example.test" in page
    assert '<option value="city" selected>' in page
    told = await hands.told(await hands.post(f"{path}/{second}/mapping/forget"))
    assert "Mapping forgotten. This file is mapped automatically again." in told
    page = (await hands.http.get(f"{path}/{second}")).text
    assert "Mapped as" not in page
    assert '<option value="city" selected>' not in page
    assert (await actions(scene, 1))[0].startswith("operator@example.test forget_mapping")


async def test_a_mapping_that_is_right_is_confirmed_as_it_is(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{await scene.ingest(ONE_ROW, 'a.csv')}"
    fields = [("field", name) for name in ("first_name", "city")]
    assert "The mapping is confirmed." in await hands.told(await hands.post(f"{path}/mapping", fields))


async def test_a_field_that_does_not_exist_is_refused(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.hostile}/mapping"
    fields = [("field", name) for name in ("shoe size", "", "", "", "", "")]
    assert "“shoe size” is not a field" in await hands.told(await hands.post(path, fields))


async def test_columns_mapped_by_their_values_are_named(hands: Hands, scene: Scene) -> None:
    rows = "".join(f"p{n},https://www.linkedin.com/in/ada-king-{n}\n" for n in range(5))
    upload = await scene.ingest(f"Vorname,Feld 7\n{rows}".encode(), "odd.csv")
    page = (await hands.http.get(f"/clients/{scene.client}/uploads/{upload}")).text
    assert "“Feld 7” holds LinkedIn profiles, so it is mapped to linkedin." in page
    assert "by its values" in page


async def test_original_rows_come_back_whole_and_harmless(hands: Hands, scene: Scene) -> None:
    answer = await hands.http.get(f"/clients/{scene.client}/uploads/{scene.hostile}/rows.csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["First Name", "Last Name", "Company", "Email", "Website", "Odd column"]
    assert rows[1][2] == SCRIPT
    assert rows[1][5] == "'" + FORMULA
    assert rows[2][5] == "two\nlines"
    assert len(rows) == 4


async def test_searching_rows_looks_into_every_column(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/uploads/{scene.hostile}/rows"
    assert "grace@navy.example" in (await hands.http.get(path, params={"q": "NAVY"})).text
    assert "No row contains" in (await hands.http.get(path, params={"q": "zebra"})).text


async def launch_fields(hands: Hands, scene: Scene) -> dict[str, str]:
    dialog = await hands.http.get(f"/clients/{scene.client}/uploads/{scene.upload}/launch", headers=FRAGMENT)
    key = re.search(r'name="launch_key" value="([\w-]+)"', dialog.text)
    assert key is not None
    fields = {"launch_key": key[1], "pipeline": scene.pipeline, "scope": "first", "rows": "7"}
    return fields | {"estimate": await shown_estimate(hands, scene, fields)}


async def shown_estimate(hands: Hands, scene: Scene, fields: dict[str, str]) -> str:
    """What the preview of these choices puts into the form."""
    path = f"/clients/{scene.client}/uploads/{scene.upload}/launch"
    preview = await hands.http.get(path, params=fields, headers=FRAGMENT | {"HX-Target": "div#launch-preview"})
    shown = re.search(r'name="estimate" value="([^"]+)"', preview.text)
    assert shown is not None
    return shown[1]


async def test_a_launch_happens_once_however_often_it_is_sent(hands: Hands, scene: Scene) -> None:
    fields = await launch_fields(hands, scene)
    path = f"/clients/{scene.client}/uploads/{scene.upload}/launch"
    before = await scene.pg.fetchval("select count(*) from batches")
    first = await hands.post(path, fields)
    second = await hands.post(path, fields)
    assert first.headers["location"] == second.headers["location"]
    assert await scene.pg.fetchval("select count(*) from batches") == before + 1
    assert "7 rows are on their way" in await hands.told(first)


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
    with pytest.raises(ConflictError, match="Bo saved version 2"):
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
        ({"rows": ""}, "Say how many rows"),
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


async def test_a_batch_is_paused_resumed_and_cancelled_with_counts(hands: Hands, scene: Scene) -> None:
    path = f"/batches/{scene.batch}"
    asked = await hands.http.get(f"{path}/pause", headers=FRAGMENT)
    assert re.search(r"\d+ rows are not finished", asked.text)
    assert "nothing new will start" in await hands.told(await hands.post(f"{path}/pause"))
    assert "Running again" in await hands.told(await hands.post(f"{path}/resume"))
    assert "Keep it running" in (await hands.http.get(f"{path}/cancel")).text
    assert re.search(r"Cancelled: \d+ rows stopped", await hands.told(await hands.post(f"{path}/cancel")))
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
    assert "runs again from step 1" in await hands.told(await hands.post(f"/items/{failed}/rerun", {"step": "0"}))
    assert (await hands.post(f"/items/{failed}/rerun", {"step": "9"})).status_code == 422
    assert "tried again now" in await hands.told(await hands.post(f"/items/{retrying}/retry"))
    assert "does not wait" in await hands.told(await hands.post(f"/items/{retrying}/retry"))


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
    assert "is set up" in page
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
    assert (outdated.status_code, "changed this configuration meanwhile" in outdated.text) == (409, True)


async def test_a_second_set_up_has_a_label(hands: Hands, scene: Scene) -> None:
    path = f"/clients/{scene.client}/workflows/enrich_company_clay"
    page = await hands.told(await hands.post(path, CONFIG | {"label": "Europe"}))
    assert "Europe" in page
    assert (await hands.post(path, CONFIG | {"label": "Europe"})).status_code == 409


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
    assert "is saved as version 1" in told


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
    assert "Nothing before it provides <strong>phone</strong>" in page
    assert "Split raw row would: move it up." in page


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
    assert "is saved as version 3" in await hands.told(await hands.post(path, [*mine, ("do", "overwrite")]))
    old = await hands.http.get(f"{path}?version=2")
    assert [w for _, w in steps(old.text)] == ["split_raw"]
    assert "This is version 2, not the current one" in old.text


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
    assert "is archived" in await hands.told(await hands.post(f"/pipelines/{scene.pipeline}/archive"))
    assert "is back" in await hands.told(await hands.post(f"/pipelines/{scene.pipeline}/restore"))


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


async def test_nothing_is_launched_for_an_archived_client(hands: Hands, scene: Scene, pg: asyncpg.Connection) -> None:
    fields = await launch_fields(hands, scene)
    await pg.execute("update clients set archived_at = now() where uid = $1::uuid", scene.client)
    refused = await hands.post(f"/clients/{scene.client}/uploads/{scene.upload}/launch", fields)
    assert (refused.status_code, "This client is archived." in refused.text) == (409, True)


async def test_a_second_launch_of_the_same_is_pointed_out(hands: Hands, scene: Scene) -> None:
    base = f"/clients/{scene.client}/uploads"
    again = await hands.http.get(f"{base}/{scene.upload}/launch?pipeline={scene.pipeline}")
    assert "went through this pipeline before" in again.text
    assert f"/batches/{scene.batch}" in again.text
    first = await hands.http.get(f"{base}/{scene.upload}/launch?pipeline={scene.template}")
    assert "went through this pipeline before" not in first.text


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
