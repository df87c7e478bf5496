"""Every function's body, run in this process with `.local()`, on a real stack.

The app is running as far as the client is concerned: what a body spawns is a call that the service keeps, and the test
plays the worker.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import httpx
import modal
import pytest

from app.db import Database
from app.engine import batches
from app.errors import DatabaseUnavailableError, InputError
from app.intake.ingest import ingest, upload_uid
from app.setup.clients import create_client
from app.workflows import registry, registry_rows
from functions import address, modal_app, modal_run, workers
from functions.address import public_url
from functions.console.plainly import answered
from functions.schedules import ModalSpawner, engine
from functions.web import Waker, web
from tests.conftest import TestStack
from tests.engine_kit import World
from tests.files_kit import Killed
from tests.modal.conftest import Cli
from tests.modal.protocol_server import ModalService

STEPS = ("split_raw", "normalize_name", "normalize_domain")


@pytest.fixture(scope="module")
def client(service: ModalService, credentials: dict[str, str]) -> Iterator[modal.Client]:
    """This process's connection to the service; it is the one that every Modal object uses."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**credentials, "MODAL_SERVER_URL": service.url}.items():
            environment.setenv(name, value)
        opened = modal.Client.from_env()
        yield opened
        opened.close()


@pytest.fixture
async def running(client: modal.Client) -> AsyncIterator[None]:
    """The app, running: its functions can be spawned."""
    async with modal_app.app.run.aio(client=client):
        yield


@pytest.fixture(autouse=True)
def no_address_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new container."""
    monkeypatch.setattr(address, "_known", {})


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    await db.call("sync_registry", workflows=registry_rows())
    uid = (await create_client(db, "Northgate", actor="test"))["uid"]
    return World(db, pg, uid, await pg.fetchval("select id from clients"), slugs=sorted(registry()))


async def launched(world: World, rows: int, *steps: str) -> str:
    upload, pipeline = await world.upload(rows), await world.pipeline(*steps)
    batch = await batches.launch(world.db, upload, pipeline, actor="test")
    await world.db.call("fill_batches")
    return str(batch["batch"])


async def test_a_worker_runs_its_chunks_and_reports_in_order(world: World) -> None:
    batch = await launched(world, 5, "split_raw")
    chunks = (await world.dispatch(chunk_size=2))["chunks"]
    assert len(chunks) > 1

    reports = await workers.WORKERS["split_raw"].local([chunk["chunk_id"] for chunk in chunks])

    assert [report["completed"] for report in reports] == [chunk["size"] for chunk in chunks]
    await world.advance()
    assert (await batches.status(world.db, batch))["completed"] == 5


async def test_a_call_delivered_twice_does_nothing_the_second_time(world: World) -> None:
    await launched(world, 3, "split_raw")
    chunks = [chunk["chunk_id"] for chunk in (await world.dispatch())["chunks"]]
    twice = await asyncio.gather(*(workers.WORKERS["split_raw"].local(chunks) for _ in range(2)))
    assert sum(report["completed"] for reports in twice for report in reports) == 3
    assert await workers.WORKERS["split_raw"].local([str(uuid4())]) == [
        {"claimed": 0, "completed": 0, "failed": 0, "sent": 0}
    ]


async def test_a_chunk_that_fails_does_not_stop_the_others(world: World) -> None:
    await launched(world, 4, "split_raw")
    chunks = [chunk["chunk_id"] for chunk in (await world.dispatch(chunk_size=2))["chunks"]]
    with pytest.raises(Exception, match="uuid"):
        await workers.WORKERS["split_raw"].local(["not a chunk", *chunks])
    done = await world.pg.fetchval("select count(*) from workflow_states where status = 'COMPLETED'")
    assert done == 4


async def test_the_engine_spawns_workers_until_the_batch_has_ended(
    world: World, service: ModalService, running: None
) -> None:
    batch = await launched(world, 7, *STEPS)
    known = set(service.calls)
    loop = asyncio.create_task(engine.local())
    while not loop.done():
        for call_id in set(service.calls) - known:
            known.add(call_id)
            await workers.WORKERS[service.calls[call_id].function].local(*service.calls[call_id].args)
        await asyncio.sleep(0.02)

    report = loop.result()
    assert (report["held"], report["filled"] + report["dispatched"], report["finished_batches"]) == (True, 21, 1)
    assert (await batches.status(world.db, batch))["completed"] == 7
    assert await batches.audit(world.db, batch) == []


async def test_an_engine_without_the_lease_leaves_at_once(world: World, running: None) -> None:
    batch = await launched(world, 1, *STEPS)
    await world.db.call("take_engine_lease", holder=str(uuid4()), seconds=60)
    report = await engine.local()
    assert (report["held"], report["dispatched"]) == (False, 0)
    assert (await batches.status(world.db, batch))["completed"] == 0


async def test_chunks_are_spawned_by_the_handful(service: ModalService, running: None) -> None:
    before = len(service.calls)
    chunks = [str(uuid4()) for _ in range(workers.CHUNKS_PER_CALL * 2 + 1)]
    await ModalSpawner().spawn("split_raw", chunks)
    calls = list(service.calls.values())[before:]
    assert [call.function for call in calls] == ["split_raw"] * 3
    assert [len(call.args[0]) for call in calls] == [workers.CHUNKS_PER_CALL, workers.CHUNKS_PER_CALL, 1]
    assert [chunk for call in calls for chunk in call.args[0]] == chunks


async def test_a_workflow_without_a_worker_is_reported_and_stops_nobody(
    running: None, service: ModalService, caplog: pytest.LogCaptureFixture
) -> None:
    before = len(service.calls)
    with caplog.at_level(logging.ERROR, "functions.schedules"):
        await ModalSpawner().spawn("unheard_of", [str(uuid4())])
    assert "unheard_of has no worker" in caplog.text
    assert len(service.calls) == before


async def test_migrate_brings_registry_and_templates(stack: TestStack, pg: asyncpg.Connection) -> None:
    assert await modal_run.migrate_database.local() == {"answer": []}
    assert {row["slug"] for row in await pg.fetch("select slug from enrichment_registry")} == set(registry())
    assert await pg.fetchval("select count(*) from enrichment_pipelines where client_id is null") > 0


async def test_a_launch_that_was_killed_while_it_read_launches_when_it_is_delivered_again(world: World) -> None:
    await modal_run.migrate_database.local()
    key, content = str(uuid4()), b"First Name,Last Name,Company\nAnna,Berg,Acme\nBo,Dahl,Dahl AB\n"
    with pytest.raises(DatabaseUnavailableError):
        await ingest(
            Killed(world.db, "append_rows", 0), content, client=world.client, kind="people", filename="a.csv",
            actor="modal run", upload=upload_uid(key), keep_rows=True,
        )  # fmt: skip
    assert await world.pg.fetchval("select count(*) from uploads where state = 'RECEIVING'") == 1
    answer = await modal_run.launch_upload.local("a.csv", content, "northgate", "Clean up only", key)
    assert answer["answer"]["rows"] == 2
    assert await world.pg.fetchval("select count(*) from uploads where filename = 'a.csv'") == 1


async def test_launch_upload_reads_the_file_and_launches_once(world: World) -> None:
    await modal_run.migrate_database.local()
    key, content = str(uuid4()), b"First Name,Last Name,Company\nAnna,Berg,Acme\nBo,Dahl,Dahl AB\n"
    launch = modal_run.launch_upload.local
    answer = answered(await launch("a.csv", content, "northgate", "Clean up only", key, row_limit=1))
    assert answer["rows"] == 1
    assert answered(await modal_run.batch_status.local(answer["batch"]))["state"] == "RUNNING"

    redelivered = await launch("a.csv", content, "northgate", "Clean up only", key, allow_duplicate=True)
    assert answered(redelivered) == answer
    again = await launch("a.csv", content, "northgate", "Clean up only", str(uuid4()))
    assert "already uploaded this file" in again["error"]
    assert "--again" in again["error"]
    forced = await launch("a.csv", content, "northgate", "Clean up only", str(uuid4()), allow_duplicate=True)
    assert answered(forced)["rows"] == 2


async def test_launch_upload_maps_columns_as_asked(world: World) -> None:
    await modal_run.migrate_database.local()
    content = b"Vorname,Was,Wo\nAnna,Boats,Oslo\n"
    launch = modal_run.launch_upload.local
    choices = modal_run._choices("Was=title; wo = City ;")
    assert choices == [("Was", "title"), ("wo", "City")]
    answered(await launch("a.csv", content, "northgate", "Clean up only", str(uuid4()), choices=choices))
    mapping = await world.pg.fetchval("select mapping::text from uploads where filename = 'a.csv'")
    assert json.loads(mapping) == {"first_name": "Vorname", "title": "Was", "city": "Wo"}
    wrong = await launch("a.csv", content, "northgate", "Clean up only", str(uuid4()), choices=[("Wer", "title")])
    assert "The file has no column “Wer”" in wrong["error"]


def test_of_an_option_given_twice_none_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["modal", "run", "-m", "app::launch", "--map", "a=title", "--map=b=city"])
    with pytest.raises(InputError, match="takes --map only once"):
        modal_run._choices("b=city")


@pytest.mark.parametrize(
    ("client_name", "pipeline", "said"),
    [("nobody", "Clean up only", 'no client named "nobody"'), ("northgate", "None", 'no pipeline named "None"')],
)
async def test_launch_upload_says_what_is_not_there(world: World, client_name: str, pipeline: str, said: str) -> None:
    answer = await modal_run.launch_upload.local("a.csv", b"Email\na@b.example\n", client_name, pipeline, str(uuid4()))
    assert said in answer["error"]


async def test_the_web_function_builds_the_app_with_the_address_that_modal_gave(
    stack: TestStack, client: modal.Client, modal_cli: Cli
) -> None:
    await asyncio.to_thread(modal_cli, "deploy", "-m", "app")
    built = await asyncio.to_thread(web.local)
    assert await asyncio.to_thread(public_url) == "https://workspace--leadloom-web.modal.test"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(built), base_url="https://web.test") as browser:
        refused = await browser.post("/clay/enrich_person_clay/not-a-token", json={"name": "x"})
        assert refused.status_code == 404


async def test_an_address_in_the_settings_asks_nobody(stack: TestStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://leads.agency.example")
    monkeypatch.setenv("MODAL_SERVER_URL", "http://127.0.0.1:1")
    assert await asyncio.to_thread(public_url) == "https://leads.agency.example"


async def test_the_waker_spawns_a_sleeping_engine_once(db: Database, service: ModalService, running: None) -> None:
    before = len(service.calls)
    wake = Waker()
    await wake()
    await wake()
    assert [call.function for call in list(service.calls.values())[before:]] == ["engine"]


async def test_a_waker_that_fails_only_says_so(
    stack: TestStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await Waker()()  # the app is not running: there is nothing to spawn
    assert "the engine was not woken" in caplog.text


async def test_an_app_without_a_web_function_has_no_address_until_it_is_deployed(
    stack: TestStack, client: modal.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "APP_NAME", "never-deployed")
    assert await asyncio.to_thread(public_url) is None
    assert await asyncio.to_thread(public_url) is None, "it is asked again each time"


async def test_a_modal_that_cannot_be_asked_gives_no_address(
    stack: TestStack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable(*_: object) -> None:
        raise modal.exception.ConnectionError("no route to host")

    monkeypatch.setattr(address, "APP_NAME", "somewhere-else")
    monkeypatch.setattr(modal.Function, "from_name", unreachable)
    assert await asyncio.to_thread(public_url) is None
    assert "did not answer" in caplog.text


async def test_an_app_that_is_only_served_has_its_own_address(
    stack: TestStack, running: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "APP_NAME", "never-deployed")
    assert await asyncio.to_thread(public_url) is None
    built = await asyncio.to_thread(web.local)
    assert built.state.services.known_url == "https://workspace--leadloom-web-dev.modal.test"
