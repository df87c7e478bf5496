"""The console commands, as a person and as a program use them, against running parts."""

from __future__ import annotations

import csv
import json
import socket
from pathlib import Path

import pytest

from app.local.samples import write_people
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

    code, _, err = await leadloom("launch", str(file), "--client", "nobody", "--pipeline", "x")
    assert (code, 'There is no client named "nobody"' in err, "Acceptance" in err) == (1, True, True)
    code, _, err = await leadloom("status", "no-batch")
    assert (code, "valid UUID" in err) == (2, True)


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
