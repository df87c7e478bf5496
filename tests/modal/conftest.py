"""Fixtures for tests of the Modal app: a local Modal service, the real command line, containers on demand."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from app.local.clay.sandbox import sandbox_server
from app.local.clay.workspace import WorkspaceSettings
from app.local.server import BackgroundServer, listen
from tests.conftest import TestStack
from tests.modal.containers import Containers
from tests.modal.ingress import Ingress
from tests.modal.protocol_registry import Deployment
from tests.modal.protocol_server import ModalService, modal_server

ROOT = Path(__file__).resolve().parents[2]
Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def credentials() -> dict[str, str]:
    """What a machine needs to talk to Modal; there is no ~/.modal.toml."""
    return {
        "MODAL_TOKEN_ID": "ak-test",
        "MODAL_TOKEN_SECRET": "as-test",
        "MODAL_CONFIG_PATH": os.devnull,
        "MODAL_BUILD_VALIDATION": "ignore",  # somebody may be editing the files that are being mounted
    }


@pytest.fixture(scope="module")
def service() -> Iterator[ModalService]:
    """A Modal service that knows nothing yet. In the end, nobody has asked it for what it does not do."""
    with modal_server() as running:
        yield running
    assert running.refused == []


@pytest.fixture(scope="module")
def modal_cli(service: ModalService, credentials: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Types a `modal` command, in the repository, on a machine that has no settings of Leadloom or Modal."""
    home = tmp_path_factory.mktemp("home")

    def run(*words: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "MODAL_SERVER_URL": service.url,
            **credentials,
            **variables,
        }
        done = subprocess.run(  # noqa: S603 -- the modal of this environment
            [str(Path(sys.executable).with_name("modal")), *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def deployed(service: ModalService, modal_cli: Cli) -> Deployment:
    """The app, deployed by the command line."""
    printed = modal_cli("deploy", "-m", "app").stdout
    assert "App deployed" in printed
    return service.deployed("leadloom")


@pytest.fixture
async def front_door(service: ModalService) -> AsyncIterator[str]:
    """An address of this machine at which the deployed web function is reached."""
    async with BackgroundServer(Ingress(service, "leadloom", "web"), listen()) as server:
        yield server.url


@pytest.fixture
async def sandbox() -> AsyncIterator[str]:
    """A stand-in for Clay that behaves, and answers soon."""
    async with sandbox_server(defaults=WorkspaceSettings(delay_min_s=0.1, delay_max_s=0.5)) as server:
        yield server.url


@pytest.fixture
async def containers(
    service: ModalService, stack: TestStack, front_door: str, sandbox: str, tmp_path: Path
) -> AsyncIterator[Containers]:
    """Containers whose secret holds this test's database, web address and Clay."""
    secret = {
        "SUPABASE_URL": stack.url,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "LEADLOOM_SIGNING_KEY": stack.settings.signing_key.get_secret_value(),
        "DATABASE_URL": stack.database_url,
        "PUBLIC_URL": front_door,
        "CLAY_SANDBOX_URL": sandbox,
    }
    running = Containers(service, tmp_path, secret)
    yield running
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(running.stop(), service.loop))
    assert service.crashed == []
