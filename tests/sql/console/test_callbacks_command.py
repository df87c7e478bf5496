"""`leadloom callbacks`: the inbox on a terminal, for people and for programs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from app.db import Database
from functions.console.main import cli
from tests.clay_kit import make_clay_world


async def test_callbacks_are_listed_and_read_again(
    db: Database, pg: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clay = await make_clay_world(db, pg)

    def trips(*_: Any) -> Any:
        raise ZeroDivisionError

    rows = await clay.sent(3, "alpha")
    with monkeypatch.context() as patched:
        patched.setattr("app.workflows.enrich_company_clay.read_company", trips)
        for row in rows:
            await clay.call_back(row)

    async def leadloom(*words: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, cli, ["callbacks", *words])

    listed = await leadloom("--verdict", "rejected", "--json")
    assert listed.exit_code == 0, listed.output
    page = json.loads(listed.stdout)
    assert (len(page["rows"]), page["rereadable"]) == (3, 3)
    assert {row["client"] for row in page["rows"]} == {"Northgate"}
    shown = await leadloom("--client", "Northgate")
    assert shown.output.count("rejected") == 3
    assert "3 can be read again" in shown.output
    none = await leadloom("--reread", "--workflow", "enrich_person_clay", "--json")
    assert json.loads(none.stdout)["done"] == 0
    done = await leadloom("--reread", "--client", "Northgate", "--json")
    assert json.loads(done.stdout) == {
        "count": 3, "done": 3, "completed": 3, "failed": 0, "corrected": 0, "unreadable": 0, "unchanged": 0,
    }  # fmt: skip
    assert await clay.verdicts() == ["applied"] * 3
    again = await leadloom("--reread")
    assert "0 callbacks read again" in again.output
    assert (await leadloom("--verdict", "odd")).exit_code != 0
