"""A file and a pipeline that do not fit are refused before anything is stored or spent."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from app.engine.launching import launch_file
from app.errors import ConflictError, InputError
from app.setup.catalogue import sync_catalogue
from app.setup.clients import create_client

COMPANIES = b"Company Name,Website,Industry\nAcme,acme.example,Robots\nBolt,bolt.example,Screws\n"
PEOPLE = b"First Name,Last Name,Company\nAnna,Berg,Acme\n"


@pytest.fixture
async def northgate(db: Database) -> str:
    await sync_catalogue(db)
    await create_client(db, "Northgate", actor="test")
    return "northgate"


async def launch(db: Database, client: str, content: bytes, pipeline: str, **options: Any) -> dict[str, Any]:
    options = {"launch_key": uuid4()} | options
    return await launch_file(
        db, content, client=client, pipeline=pipeline, filename="list.csv", actor="test", **options
    )


@pytest.mark.parametrize(("content", "pipeline"), [(COMPANIES, "Clean up only"), (PEOPLE, "Company enrichment")])
async def test_a_file_of_the_other_kind_is_refused(
    db: Database, pg: asyncpg.Connection, northgate: str, content: bytes, pipeline: str
) -> None:
    said = "like companies, not people" if content == COMPANIES else "like people, not companies"
    with pytest.raises(InputError, match=said) as refused:
        await launch(db, northgate, content, pipeline)
    assert "--kind" in str(refused.value)
    assert await pg.fetchval("select (select count(*) from uploads) + (select count(*) from batches)") == 0


async def test_who_insists_is_obeyed(db: Database, pg: asyncpg.Connection, northgate: str) -> None:
    answer = await launch(db, northgate, COMPANIES, "Clean up only", kind="people")
    assert answer["rows"] == 2
    assert await pg.fetchval("select kind::text from uploads") == "people"


async def test_a_kind_that_the_pipeline_is_not_for_is_refused(db: Database, northgate: str) -> None:
    with pytest.raises(InputError, match="is a pipeline for people, not for companies"):
        await launch(db, northgate, COMPANIES, "Clean up only", kind="companies")


async def test_a_launch_carried_out_again_launches_once(db: Database, pg: asyncpg.Connection, northgate: str) -> None:
    key = uuid4()
    first = await launch(db, northgate, PEOPLE, "Clean up only", launch_key=key)
    assert await launch(db, northgate, PEOPLE, "Clean up only", launch_key=key) == first
    assert await pg.fetchval("select count(*) from batches") == 1
    with pytest.raises(ConflictError, match="--again"):
        await launch(db, northgate, PEOPLE, "Clean up only")
