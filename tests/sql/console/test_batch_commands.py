"""`leadloom launch`, `status`, `budget`, `audit`, `extract` and `export`, for people and for programs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.db import Database
from app.errors import InputError, NotFoundError, UserError
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client
from functions.console.engine import running_engine
from functions.console.main import cli
from tests.web.kit import people_csv


async def leadloom(*words: object) -> Result:
    """A command, as it is typed."""
    result: Result = await asyncio.to_thread(CliRunner().invoke, cli, [str(word) for word in words])
    return result


async def told(*words: object) -> Any:
    """What a command tells a program."""
    done = await leadloom(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
async def file(db: Database, tmp_path: Path) -> Path:
    """A list of a client's."""
    await sync_catalogue(db)
    await create_client(db, "Alder & Finch", actor="test")
    path = tmp_path / "people.csv"
    path.write_bytes(people_csv(5))
    return path


async def test_a_file_is_launched_followed_extracted_and_exported(db: Database, file: Path, tmp_path: Path) -> None:
    words = ("launch", file, "--client", "Alder & Finch", "--pipeline", "Clean up only")
    async with running_engine(db):
        launched = await leadloom(*words, "--wait", "--budget", 5)
    assert launched.exit_code == 0, launched.output
    assert "5 rows" in launched.output
    assert "people.csv" in launched.output
    page = await db.read("insights_batches", client=None, state=None, search=None, after=None, limit=1)
    batch = page["rows"][0]["uid"]
    assert (await told("status", batch))["completed"] == 5
    assert "5 completed" in (await leadloom("status", batch)).output
    assert await told("audit", batch) == {"batch": batch, "findings": []}
    assert (await leadloom("audit", batch)).exit_code == 0
    [again] = await told("extract", batch)
    assert (again["done"], again["total"]) == (5, 5)
    assert "5 rows" in (await leadloom("extract", batch)).output
    out = tmp_path / "leads.csv"
    manifest = await told("export", batch, "--out", out)
    assert (manifest["uploaded"], manifest["delivered"], manifest["failed"], manifest["waiting"]) == (5, 5, 0, 0)
    assert len(out.read_text("utf-8").splitlines()) == 6
    assert str(out) in (await leadloom("export", batch, "--out", out)).output.replace("\n", "")


async def test_a_budget_is_raised_once(db: Database, file: Path) -> None:
    words = ("launch", file, "--client", "Alder & Finch", "--pipeline", "Clean up only", "--budget", 5)
    batch = (await told(*words))["batch"]
    assert "500" in (await leadloom("budget", batch, 500)).output
    assert not (await told("budget", batch, 500))["changed"]
    lower = await leadloom("budget", batch, 4)
    assert isinstance(lower.exception, UserError), lower.output
    assert (await told("status", batch))["item_count"] == 5


async def test_a_launch_under_the_same_name_answers_as_before(db: Database, file: Path) -> None:
    key = uuid4()
    words = ("launch", file, "--client", "Alder & Finch", "--pipeline", "Clean up only", "--sample", 3, "--key", key)
    first = await told(*words)
    assert first["rows"] == 3
    assert (await told(*words))["batch"] == first["batch"]


@pytest.mark.parametrize(
    ("client", "pipeline", "more", "error"),
    [
        ("Nobody", "Clean up only", (), NotFoundError),
        ("Alder & Finch", "Nothing", (), NotFoundError),
        ("Alder & Finch", "Clean up only", ("--kind", "companies"), InputError),
        ("Alder & Finch", "Clean up only", ("--map", "Wer=company_name"), InputError),
    ],
)
async def test_what_cannot_be_launched_is_refused(
    file: Path, client: str, pipeline: str, more: tuple[str, ...], error: type[Exception]
) -> None:
    refused = await leadloom("launch", file, "--client", client, "--pipeline", pipeline, *more)
    assert isinstance(refused.exception, error), refused.output
