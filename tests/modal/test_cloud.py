"""The whole of Leadloom as Modal runs it: the real command line, real containers with what is mounted, a real stack.

Only Modal's service itself is a stand-in. What these tests find missing (a file, a key, a dependency between
functions) would be missing in the cloud.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg

from app.db import Database
from app.engine import batches
from app.local.clay.sandbox import webhook_url
from app.setup.clients import create_client
from app.setup.configs import save_workflow_config
from app.workflows import registry_rows
from functions.schedules import RUN_SECONDS
from tests.engine_kit import World
from tests.modal.conftest import Cli
from tests.modal.containers import Containers
from tests.modal.protocol_registry import Deployment

CSV = """First Name,Last Name,Title,Company,Email,Website
ANNA,VAN DER LIND,CEO,Acme GmbH,anna@acme.example,https://www.acme.example/about
Bo,Berg,CTO,Berg & Co. Ltd,bo@berg.example,berg.example
Cy,Dahl,Sales,Dahl AB,cy@dahl.example,http://dahl.example
"""


async def settled(db: Database, batch: str, seconds: float = 120) -> dict[str, Any]:
    return await batches.wait_for(db, batch, timeout_s=seconds)


async def test_migrate_then_launch_and_the_engine_finishes_the_batch(
    db: Database, pg: asyncpg.Connection, containers: Containers, modal_cli: Cli, tmp_path: Path
) -> None:
    await create_client(db, "Northgate", actor="test")
    modal = asyncio.to_thread
    assert "up to date" in (await modal(modal_cli, "run", "-m", "app::migrate")).stdout
    await modal(modal_cli, "deploy", "-m", "app")
    (tmp_path / "people.csv").write_text(CSV)

    words = ["--csv", str(tmp_path / "people.csv"), "--client", "northgate", "--pipeline", "Clean up only", "--json"]
    words += ["--map", "Title=headline"]
    printed = (await modal(modal_cli, "run", "-q", "-m", "app::launch", *words)).stdout
    launched = json.loads(printed)

    numbers = await settled(db, launched["batch"])
    assert (numbers["item_count"], numbers["completed"], numbers["failed"]) == (3, 3, 0), containers.log("engine")
    assert await batches.audit(db, launched["batch"]) == []
    assert "headline" in json.loads(await pg.fetchval("select mapping from uploads"))
    names = {row["last_name"] for row in await pg.fetch("select last_name from batch_items")}
    assert "van der Lind" in names
    called = [call.function for call in containers.service.calls.values() if call.spawned]
    assert {"engine", "split_raw", "normalize_name", "normalize_domain"} <= set(called)


async def test_the_engine_run_by_hand_works_a_batch_off_and_ends_when_nothing_is_due(
    db: Database, pg: asyncpg.Connection, containers: Containers, modal_cli: Cli
) -> None:
    await db.call("sync_registry", workflows=registry_rows())
    client = (await create_client(db, "Northgate", actor="test"))["uid"]
    world = World(db, pg, client, await pg.fetchval("select id from clients"))
    upload, pipeline = await world.upload(5), await world.pipeline("split_raw", "normalize_name", "normalize_domain")
    batch = (await batches.launch(db, upload, pipeline, actor="test"))["batch"]

    before = len(containers.service.calls)
    await asyncio.to_thread(modal_cli, "run", "-m", "app::run_engine")
    idle = await pg.fetchval("select extract(epoch from clock_timestamp() - finished_at)::float from batches")
    assert idle < RUN_SECONDS / 2, "the engine did not notice that nothing was left to do"

    numbers = await batches.status(db, batch)
    assert (numbers["state"], numbers["completed"]) == ("COMPLETED", 5), containers.log("engine")
    called = [call.function for call in list(containers.service.calls.values())[before:]]
    assert set(called) == {"engine", "split_raw", "normalize_name", "normalize_domain"}


async def test_clay_answers_through_the_web_function_and_wakes_the_engine(
    db: Database, pg: asyncpg.Connection, containers: Containers, deployed: Deployment, sandbox: str
) -> None:
    await db.call("sync_registry", workflows=registry_rows())
    client = (await create_client(db, "Northgate", actor="test"))["uid"]
    config = {"webhook_url": webhook_url(sandbox, "space", "companies"), "workspace": "space"}
    await save_workflow_config(db, client, "enrich_company_clay", config, actor="test")
    world = World(db, pg, client, await pg.fetchval("select id from clients"))
    upload = await world.upload(4, Domain="'company' || g || '.example'")
    pipeline = await world.pipeline("split_raw", "normalize_domain", "enrich_company_clay")
    batch = (await batches.launch(db, upload, pipeline, actor="test"))["batch"]

    await containers.start("leadloom", "engine")
    numbers = await settled(db, batch)

    assert (numbers["completed"], numbers["sent"]) == (4, 4), containers.log("engine")
    assert await batches.audit(db, batch) == []
    verdicts = await pg.fetch("select verdict::text, count(*)::int from callback_inbox group by 1")
    assert [tuple(row) for row in verdicts] == [("applied", 4)], containers.log("web")
    engines = [call for call in containers.service.calls.values() if call.function == "engine"]
    assert len(engines) > 1, "no callback woke the engine"


async def test_launch_says_in_one_line_what_the_operator_can_put_right(
    db: Database, containers: Containers, modal_cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text(CSV)

    async def refusal(*words: str) -> str:
        done = await asyncio.to_thread(modal_cli, "run", "-q", "-m", "app::launch", *words, check=False)
        assert done.returncode == 1
        return done.stdout + done.stderr

    rest = ("--client", "Nobody", "--pipeline", "Clean up only")
    assert await refusal("--csv", "nowhere.csv", *rest) == "There is no file nowhere.csv. Check the path.\n"
    said = await refusal("--csv", str(tmp_path / "people.csv"), *rest)
    assert said.startswith('There is no client named "Nobody".')
    assert "Traceback" not in said

    await asyncio.to_thread(modal_cli, "run", "-m", "app::migrate")
    await create_client(db, "Northgate", actor="test")
    (tmp_path / "companies.csv").write_text("Company Name,Website\nAcme,acme.example\n")
    said = await refusal(
        "--csv", str(tmp_path / "companies.csv"), "--client", "northgate", "--pipeline", "Clean up only"
    )
    assert said.startswith("The columns of companies.csv look like companies, not people.")
    assert "--kind people" in said


async def test_a_wrong_connection_string_is_said_in_a_line_without_any_of_it(
    containers: Containers, modal_cli: Cli
) -> None:
    containers.secret["DATABASE_URL"] = "postgresql://postgres.abc:s3cret#word@db.example.com:5432/postgres"
    done = await asyncio.to_thread(modal_cli, "run", "-q", "-m", "app::migrate", check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert said.startswith("DATABASE_URL cannot be read as a connection string.")
    assert "percent-encode" in said
    for text in (said, containers.log("migrate_database")):
        assert "s3cret" not in text
        assert "Traceback" not in text


async def test_a_setting_that_is_missing_is_named_in_a_line(containers: Containers, modal_cli: Cli) -> None:
    del containers.secret["LEADLOOM_SIGNING_KEY"]
    done = await asyncio.to_thread(modal_cli, "run", "-q", "-m", "app::migrate", check=False)
    assert done.returncode == 1
    assert (done.stdout + done.stderr).startswith("These settings are missing or invalid: LEADLOOM_SIGNING_KEY.")
    assert "Traceback" not in containers.log("migrate_database")


def test_launch_tells_its_options(modal_cli: Cli) -> None:
    said = modal_cli("run", "-m", "app::launch", "--help").stdout
    for option in ("--csv", "--client", "--pipeline", "--kind", "--sample", "--again", "--wait", "--json"):
        assert option in said
    assert modal_cli("run", "-m", "app::launch", "--csv", "x.csv", check=False).returncode == 2


def test_without_a_name_the_command_line_lists_what_can_be_run(modal_cli: Cli) -> None:
    done = modal_cli("run", "-m", "app", check=False)
    assert done.returncode != 0
    for name in ("- launch", "- migrate", "- run_engine"):
        assert name in done.stdout + done.stderr
