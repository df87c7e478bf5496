"""The console commands, as a person and as a program use them, against running parts."""

from __future__ import annotations

import asyncio
import csv
import json
import socket
import sys
from pathlib import Path

import httpx
import pytest
from dotenv import dotenv_values

from app.engine import batches
from app.local.postgres.cluster import free_port
from app.local.samples.files import write_people
from app.settings import home, settings
from tests.acceptance.conftest import Installation, leadloom


async def test_launch_status_audit_export(installation: Installation, tmp_path: Path) -> None:
    await installation.launch(1)  # makes the client
    file = tmp_path / "people.csv"
    write_people(file, 40)
    launch = ("launch", str(file), "--client", "acceptance", "--pipeline", "Clean up only")
    code, out, err = await leadloom(*launch, "--sample", "30", "--wait", "--json")
    assert code == 0, err
    launched = json.loads(out)
    assert (launched["rows"], launched["status"]["state"], launched["status"]["completed"]) == (30, "COMPLETED", 30)

    code, out, _ = await leadloom("status", launched["batch"], "--json")
    assert (code, json.loads(out)["completed"]) == (0, 30)
    code, _, err = await leadloom("status", launched["batch"])
    assert "30 rows: 30 completed, 0 failed" in err

    code, out, _ = await leadloom("audit", launched["batch"], "--json")
    assert (code, json.loads(out)["findings"]) == (0, [])

    code, _, err = await leadloom("export", launched["batch"], "--out", str(tmp_path / "leads.csv"))
    assert code == 0, err
    with (tmp_path / "leads.csv").open(encoding="utf-8-sig", newline="") as exported:
        assert len(list(csv.DictReader(exported))) == 30

    code, _, err = await leadloom(*launch)
    assert code == 1
    assert "people.csv" in err, "the same file again is named and needs a confirmation"
    code, out, _ = await leadloom(*launch, "--again", "--json")
    assert (code, json.loads(out)["rows"]) == (0, 40)

    damaged = tmp_path / "damaged.csv"
    damaged.write_bytes("First Name,Last Name,Email\nJosÃ©,PÃ©rez,jose@tern.example\n".encode())
    code, _, err = await leadloom("launch", str(damaged), "--client", "acceptance", "--pipeline", "Clean up only")
    assert (code, "2 cells were damaged by a wrong encoding" in " ".join(err.split())) == (0, True), err

    code, _, err = await leadloom("launch", str(file), "--client", "nobody", "--pipeline", "x")
    assert (code, 'There is no client named "nobody"' in err, "Acceptance" in err) == (1, True, True)
    code, _, err = await leadloom("status", "no-batch")
    assert (code, "valid UUID" in err) == (2, True)


async def test_columns_are_mapped_on_the_command_line(installation: Installation, tmp_path: Path) -> None:
    await installation.launch(1)  # makes the client
    file = tmp_path / "liste.csv"
    file.write_text("Vorname,Was,Wo,E-Mail\nAda,Boats,Oslo,ada@tern.no\n", encoding="utf-8")
    launch = ("launch", str(file), "--client", "acceptance", "--pipeline", "Clean up only", "--again")
    code, out, err = await leadloom(*launch, "--map", "Was=title", "--map", "wo=City", "--map", "E-Mail=", "--json")
    assert code == 0, err
    upload = (await installation.db.read("insights_upload", upload=json.loads(out)["upload"]))["upload"]
    assert upload["mapping"] == {"first_name": "Vorname", "title": "Was", "city": "Wo"}
    assert json.loads(out)["unrecognised_columns"] == []

    code, _, err = await leadloom(*launch, "--map", "Vornam=title")
    assert (code, "The file has no column “Vornam”. Did you mean “Vorname”?" in err) == (1, True)
    code, _, err = await leadloom(*launch, "--map", "Was=Job titel")
    assert (code, "There is no field “Job titel”." in err) == (1, True)
    code, _, err = await leadloom(*launch, "--map", "Was=title", "--map", "Wo=title")
    assert (code, "Two columns cannot both be “title”: Was and Wo." in err) == (1, True)
    code, _, err = await leadloom(*launch, "--map", "Was")
    assert (code, "COLUMN=FIELD" in err) == (2, True)


async def test_a_port_in_use_is_said_clearly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = await leadloom("run", "--port", str(port))
    assert code == 1
    assert f"Port {port} is in use. Choose another one: PORT={port + 1} make run." in err


async def test_without_a_stack_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLOOM_HOME", str(tmp_path))
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    code, _, err = await leadloom("status", "00000000-0000-0000-0000-000000000000")
    assert code == 1
    assert "make run" in err


async def until_held(one: Installation, batch: str, *, held: bool) -> set[str]:
    """Wait until steps of a batch are held, or none is; returns for what they are."""
    async with asyncio.timeout(300):
        while True:
            holds = {hold["code"] for hold in (await batches.status(one.db, batch))["holds"]}
            if bool(holds) is held:
                return holds
            await asyncio.sleep(0.1)


async def test_an_engine_older_than_the_web_waits_for_the_address(
    installation_without_web: Installation,
) -> None:
    one = installation_without_web
    await one.start("engine")
    batch = await one.launch(10)
    assert await until_held(one, batch, held=True) == {"no_address"}
    await one.start("web")
    assert await until_held(one, batch, held=False) == set()
    numbers = await one.assert_all_is_well(batch, 10)
    assert (numbers["completed"], numbers["failed"]) == (10, 0)
    assert numbers["holds"] == []


async def test_a_hosted_project_gets_pages_and_no_engine_unless_asked_for(
    installation_without_web: Installation, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = installation_without_web
    sandbox = settings().clay_sandbox_url or ""
    for name, value in dotenv_values(home() / "env").items():  # as somebody who has put .env into the environment
        monkeypatch.setenv(name, value or "")
    monkeypatch.delenv("CLAY_SANDBOX_URL")
    monkeypatch.setenv("LEADLOOM_HOME", str(tmp_path_factory.mktemp("elsewhere")))
    batch = await one.launch(5, sandbox)

    for words in (("engine",), ("run", "--engine", "--port", str(free_port()))):
        code, _, err = await leadloom(*words)
        assert (code, "address that Clay can answer to" in err, "PUBLIC_URL" in err) == (1, True, True), err
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:8000")
    code, _, err = await leadloom("engine")
    assert (code, "Clay cannot answer to 127.0.0.1" in err) == (1, True), err
    monkeypatch.delenv("PUBLIC_URL")

    port = free_port()
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "functions.console.main", "run", "--port", str(port), stderr=asyncio.subprocess.PIPE
    )
    assert run.stderr is not None
    try:
        async with asyncio.timeout(300):
            said = ""
            while "Ctrl-C" not in said:
                said += (await run.stderr.readline()).decode()
        assert "Pages only" in said
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            assert (await http.get("/sign-in")).status_code == 200
        await asyncio.sleep(3)
        numbers = await batches.status(one.db, batch)
        assert (numbers["item_steps"], numbers["failed"]) == (0, 0), "an engine ran, unasked"
        assert not (home() / "env").exists(), "a loopback address was written down as the project's"
    finally:
        run.terminate()
        await run.wait()
