"""`modal deploy -m app`, by the real command line: what the service was told to register."""

from __future__ import annotations

import tomllib
from pathlib import Path

from modal_proto import api_pb2

from app.workflows import registry
from functions.image_lock import runtime_lock
from functions.modal_app import REQUIRED_KEYS
from functions.preload import PART
from functions.workers import call_seconds
from tests.modal.conftest import ROOT, Cli
from tests.modal.protocol_registry import DEPLOYED, Deployment
from tests.modal.protocol_server import ModalService, modal_server

ENTRY_FUNCTIONS = {"batch_status", "extract_results", "launch_upload", "migrate_database"}


def mounted(service: ModalService, function: api_pb2.Function) -> set[str]:
    return {file.filename for file in service.files_of(function)}


def below(folder: str, pattern: str) -> set[str]:
    paths = (path for path in (ROOT / folder).rglob(pattern) if path.is_file() and not hidden(path))
    return {f"/root/{path.relative_to(ROOT).as_posix()}" for path in paths}


def hidden(path: Path) -> bool:
    return any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT).parts)


def test_one_app_is_published_as_deployed(service: ModalService, deployed: Deployment) -> None:
    (published,) = service.published
    assert published.name == "leadloom"
    assert published.app_state == DEPLOYED
    assert set(published.function_ids) == set(deployed.functions)


def test_every_workflow_has_one_function_and_nothing_else_is_registered(deployed: Deployment) -> None:
    assert set(deployed.functions) == {*registry(), "engine", "web", "work_on_files", *ENTRY_FUNCTIONS}
    for slug in registry():
        assert deployed.functions[slug].module_name == "functions.workers"
        assert deployed.functions[slug].implementation_name == slug


def test_there_is_one_web_endpoint_and_it_is_asgi(deployed: Deployment) -> None:
    webs = {name: f for name, f in deployed.functions.items() if f.webhook_config.type}
    assert list(webs) == ["web"]
    assert webs["web"].webhook_config.type == api_pb2.WEBHOOK_TYPE_ASGI_APP
    assert not webs["web"].webhook_config.requires_proxy_auth, "Clay could not get in"
    assert webs["web"].timeout_secs == 900
    assert webs["web"].max_concurrent_inputs == 100
    assert webs["web"].autoscaler_settings.min_containers == 0
    assert webs["web"].autoscaler_settings.scaledown_window == 300


def test_the_engine_is_the_only_schedule(deployed: Deployment) -> None:
    scheduled = {name: f.schedule for name, f in deployed.functions.items() if f.HasField("schedule")}
    assert len(scheduled) <= 2
    assert {name: (s.cron.cron_string, s.cron.timezone) for name, s in scheduled.items()} == {
        "engine": ("* * * * *", "UTC")
    }


def test_one_engine_runs_at_a_time_and_ends_soon_after_its_minute(deployed: Deployment) -> None:
    engine = deployed.functions["engine"]
    assert engine.autoscaler_settings.max_containers == 1
    assert 60 < engine.timeout_secs <= 120
    assert engine.max_concurrent_inputs == 0


def test_nothing_is_repeated_by_modal(deployed: Deployment) -> None:
    assert {name: f.retry_policy.retries for name, f in deployed.functions.items() if f.retry_policy.retries} == {}


def test_workers_have_limits_of_their_own(deployed: Deployment) -> None:
    for slug, workflow in registry().items():
        function = deployed.functions[slug]
        assert function.timeout_secs == call_seconds(workflow.kind)
        assert 0 < function.autoscaler_settings.max_containers <= 10
        if workflow.kind == "clay":
            assert function.autoscaler_settings.max_containers * function.max_concurrent_inputs <= 10


def test_the_secrets_must_hold_every_key_and_no_value_is_sent(service: ModalService, deployed: Deployment) -> None:
    named = {(s.deployment_name, tuple(s.required_keys)) for s in service.secrets.values() if s.deployment_name}
    assert named == {("leadloom", REQUIRED_KEYS), ("leadloom-migrate", ("DATABASE_URL",))}
    assert all(set(secret.env_dict) <= {PART} for secret in service.secrets.values())


def test_containers_wake_from_a_snapshot_and_know_their_part(service: ModalService, deployed: Deployment) -> None:
    """The entry points run once a day at most; everything that waits for a callback or a tick has a snapshot."""
    snapshots = {name for name, function in deployed.functions.items() if function.checkpointing_enabled}
    assert snapshots == {*registry(), "engine", "web", "work_on_files"}
    for name in snapshots:
        parts = [service.secrets[secret].env_dict.get(PART) for secret in deployed.functions[name].secret_ids]
        assert [given for given in parts if given] == [name]


def test_what_follows_answers_reserves_little_and_leaves_soon(deployed: Deployment) -> None:
    trickling = {slug for slug, workflow in registry().items() if workflow.kind == "clay" or workflow.needs_results}
    assert trickling == {"enrich_company_clay", "enrich_person_clay", "extract_work_history", "consolidate_lead"}
    for slug in trickling:
        function = deployed.functions[slug]
        assert function.resources.milli_cpu == 250
        assert function.autoscaler_settings.scaledown_window == 15


def test_only_the_migration_gets_the_database_owners_password(service: ModalService, deployed: Deployment) -> None:
    assert "DATABASE_URL" not in REQUIRED_KEYS
    names = {
        name: sorted(filter(None, (service.secrets[secret].deployment_name for secret in function.secret_ids)))
        for name, function in deployed.functions.items()
    }
    assert names.pop("migrate_database") == ["leadloom", "leadloom-migrate"]
    assert all(secrets == ["leadloom"] for secrets in names.values())


def test_the_source_the_pages_and_the_sql_are_mounted(service: ModalService, deployed: Deployment) -> None:
    """All of it but `app/local`, the stand-in for Supabase and Clay, which no container needs."""
    everything = {*below("app", "*"), *below("functions", "*.py"), *below("web", "*"), *below("migrations", "*")}
    expected = {path for path in everything if not path.startswith("/root/app/local/")}
    for function in deployed.functions.values():
        assert mounted(service, function) == expected
    assert {"/root/migrations/functions/access.sql", "/root/app/extraction/vendor_keys.toml"} <= expected


def test_the_image_installs_the_lock(service: ModalService, deployed: Deployment) -> None:
    assert {function.image_id for function in deployed.functions.values()} <= set(service.images)
    commands = "\n".join(line for image in service.images.values() for line in image.dockerfile_commands)
    assert "FROM python:3.11" in commands
    assert "uv pip install" in commands
    assert "--require-hashes" in commands
    assert "compileall -q --invalidation-mode unchecked-hash /root" in commands, "no container compiles the source"
    [lock] = [file for image in service.images.values() for file in image.context_files]
    assert lock.data.decode() == runtime_lock((ROOT / "requirements.lock").read_text(), _dependencies())


def _dependencies() -> list[str]:
    return list(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])


def test_the_region_is_a_setting_of_the_deployment(modal_cli: Cli) -> None:
    with modal_server() as other:
        modal_cli("deploy", "-m", "app", MODAL_SERVER_URL=other.url, LEADLOOM_REGION="eu")
        deployed = other.deployed("leadloom").functions
        assert {name for name, f in deployed.items() if list(f.scheduler_placement.regions) == ["eu"]} == set(deployed)


def test_the_token_comes_from_the_environment(service: ModalService, deployed: Deployment) -> None:
    assert service.tokens == {("ak-test", "as-test")}


def test_a_warm_web_container_is_a_setting_of_the_deployment(modal_cli: Cli) -> None:
    with modal_server() as other:
        modal_cli("deploy", "-m", "app", MODAL_SERVER_URL=other.url, LEADLOOM_MIN_CONTAINERS="1")
        assert other.deployed("leadloom").functions["web"].autoscaler_settings.min_containers == 1


def test_a_wrong_number_of_warm_containers_is_refused_before_anything_is_deployed(modal_cli: Cli) -> None:
    with modal_server() as other:
        refused = modal_cli(
            "deploy", "-m", "app", MODAL_SERVER_URL=other.url, LEADLOOM_MIN_CONTAINERS="many", check=False
        )
        assert refused.returncode != 0
        assert "LEADLOOM_MIN_CONTAINERS is 'many'" in refused.stdout + refused.stderr
        assert other.apps == {}
