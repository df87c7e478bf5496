"""The application on a test's own database, and an operator who is signed in to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from app.db import Database
from tests.clay_kit import ClayWorld, make_clay_world
from tests.conftest import TestStack
from tests.web.forms_kit import Hands
from tests.web.kit import Scene, csrf, make_user, sign_in
from tests.web.receivers_kit import Web
from web.main import create_app


@pytest.fixture
async def app(stack: TestStack, db: Database) -> AsyncIterator[FastAPI]:
    """The application; everything below it is real."""
    application = create_app(public_url="https://leadloom.example")
    application.state.services.database = db
    yield application
    http = application.state.services._http
    if http is not None:
        await http.aclose()


@pytest.fixture
async def guest(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is not signed in."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://leadloom.example") as http:
        yield http


@pytest.fixture
async def operator(stack: TestStack, guest: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser that is signed in as an administrator."""
    await make_user(stack)
    answer = await sign_in(guest)
    assert answer.status_code == 303, answer.text
    return guest


@pytest.fixture
async def hands(operator: httpx.AsyncClient) -> Hands:
    """The operator, filling in forms."""
    return Hands(operator, csrf(await operator.get("/clients")))


@pytest.fixture
async def scene(db: Database, pg: asyncpg.Connection) -> Scene:
    """Something to look at."""
    return await Scene(db, pg).set_up()


@pytest.fixture
async def clay(db: Database, pg: asyncpg.Connection) -> ClayWorld:
    """A client with a Clay table, and batches on demand."""
    return await make_clay_world(db, pg)


@pytest.fixture
async def web(db: Database) -> AsyncIterator[Web]:
    """The receivers of the application on this test's database."""
    one = Web(db)
    async with one.http:
        yield one
