"""Settings are what the environment says now: what changes is seen, by processes that started before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import SettingsError
from app.local.stack import record_in_env
from app.settings import Settings, settings

REQUIRED = {
    "SUPABASE_URL": "http://127.0.0.1:54321",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
    "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
    "LEADLOOM_SIGNING_KEY": "k" * 40,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without anything, and an environment without any setting."""
    for name, field in Settings.model_fields.items():
        monkeypatch.delenv(str(field.validation_alias or name).upper(), raising=False)
    monkeypatch.setenv("LEADLOOM_HOME", str(tmp_path))
    return tmp_path


def test_what_the_web_writes_later_is_seen(folder: Path) -> None:
    record_in_env(folder, **REQUIRED)
    assert settings().public_url is None
    record_in_env(folder, PUBLIC_URL="http://127.0.0.1:8000")
    assert settings().public_url == "http://127.0.0.1:8000"


def test_a_stack_that_starts_later_is_found(folder: Path) -> None:
    with pytest.raises(SettingsError, match="SUPABASE_URL"):
        settings()
    record_in_env(folder, **REQUIRED)
    assert settings().supabase_url == REQUIRED["SUPABASE_URL"]


def test_a_change_of_the_environment_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    assert settings().public_url is None
    monkeypatch.setenv("PUBLIC_URL", "https://leads.agency.example")
    monkeypatch.setenv("LEADLOOM_SIGNING_KEY_PREVIOUS", "p" * 40)
    assert settings().public_url == "https://leads.agency.example"
    assert settings().signing_keys == ("k" * 40, "p" * 40)


def test_what_has_not_changed_is_not_read_again(folder: Path) -> None:
    record_in_env(folder, **REQUIRED)
    assert settings() is settings()


def test_missing_settings_are_named_without_any_value(folder: Path) -> None:
    record_in_env(folder, **(REQUIRED | {"LEADLOOM_SIGNING_KEY": "too-short"}))
    with pytest.raises(SettingsError) as refused:
        settings()
    assert "LEADLOOM_SIGNING_KEY" in str(refused.value)
    assert "too-short" not in str(refused.value)
