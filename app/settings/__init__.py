"""The environment as one typed object, read when it is needed and never at import.

In the cloud every value comes from the Modal secret `leadloom`; on a developer's machine the embedded stack writes them
to `<home>/env`, which is read when the environment itself does not name a Supabase project.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import SettingsError
from app.settings.proxies import read_proxies

__all__ = ["Settings", "home", "settings", "settings_read_last"]

SHORTEST_KEY = 32


class Settings(BaseSettings):
    """What Leadloom needs to know about its surroundings."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    supabase_url: str
    supabase_secret_key: SecretStr
    supabase_publishable_key: str
    signing_key: SecretStr = Field(validation_alias="LEADLOOM_SIGNING_KEY", min_length=SHORTEST_KEY)
    signing_key_previous: SecretStr | None = Field(default=None, validation_alias="LEADLOOM_SIGNING_KEY_PREVIOUS")
    database_url: SecretStr | None = None
    clay_sandbox_url: str | None = None
    public_url: str | None = None
    trusted_proxies: str = Field(default="", validation_alias="LEADLOOM_TRUSTED_PROXIES")
    admin_email: str | None = Field(default=None, validation_alias="LEADLOOM_ADMIN_EMAIL")
    admin_password: SecretStr | None = Field(default=None, validation_alias="LEADLOOM_ADMIN_PASSWORD")

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        read_proxies(value)
        return value

    @field_validator("signing_key_previous")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(len(key) < SHORTEST_KEY for key in _keys(value)):
            raise ValueError("A key is too short.")
        return value

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """What signatures are believed under: the key that signs now, then those before it.

        Answers, links and open pages that these signed may still come in.
        """
        return (self.signing_key.get_secret_value(), *_keys(self.signing_key_previous))


# What the environment may hold of it.
_NAMES = sorted(str(field.validation_alias or name).upper() for name, field in Settings.model_fields.items())


def _keys(several: SecretStr | None) -> list[str]:
    """Keys by commas."""
    text = several.get_secret_value() if several is not None else ""
    return [key.strip() for key in text.split(",") if key.strip()]


def home() -> Path:
    """The folder that holds this machine's data: `LEADLOOM_HOME`, or `.leadloom` where the command was typed."""
    return Path(os.environ.get("LEADLOOM_HOME", ".leadloom")).resolve()


def settings() -> Settings:
    """The settings as they are now: read again whenever the environment or the local stack's file has changed.

    Raises:
        SettingsError: a required value is missing; names every one of them.
    """
    env_file = None if os.environ.get("SUPABASE_URL") else home() / "env"
    return _read(env_file, _version(env_file), tuple(os.environ.get(name) for name in _NAMES))


def _version(path: Path | None) -> tuple[int, int, int] | None:
    """What changes whenever somebody replaces or writes a file; None while there is none."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns) if found is not None else None


def settings_read_last() -> Settings | None:
    """What `settings` gave last, without reading anything; None where nobody has asked yet."""
    return _LAST.get("settings")


_LAST: dict[str, Settings] = {}


@lru_cache(maxsize=1)
def _read(env_file: Path | None, _file: tuple[int, int, int] | None, _environment: tuple[str | None, ...]) -> Settings:
    try:
        _LAST["settings"] = Settings(_env_file=env_file)
    except ValidationError as error:
        names = ", ".join(sorted({str(e["loc"][0]).upper() for e in error.errors()}))
        raise SettingsError(
            f"These settings are missing or invalid: {names}.",
            "Set them in the environment (see .env.example), or start the local stack with `make run`.",
        ) from None
    return _LAST["settings"]
