"""The reference pages of the documentation say all that the code has, and nothing else."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from app import states
from app.settings import Settings
from functions.console.main import cli
from migrations.history import function_files

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("app", "functions", "web", "migrations")


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_function_that_the_api_can_call_is_there_once(reference: ModuleType) -> None:
    page = "\n".join(reference.functions())
    made = "\n".join(path.read_text("utf-8") for path in function_files())
    titles = [line for line in page.splitlines() if line.startswith("### ")]
    assert len(titles) == made.count("create or replace function public.")
    assert "create or replace" not in page
    assert "### launch_batch" in titles


def test_every_command_setting_and_state_is_there(reference: ModuleType) -> None:
    commands = "\n".join(reference.commands())
    assert commands.count("## leadloom ") == len(cli.registered_commands)
    assert "`--client`" in commands
    page = "\n".join(reference.settings())
    assert all(
        f"`{info.validation_alias or name}`".upper() in page.upper() for name, info in Settings.model_fields.items()
    )
    words = "\n".join(reference.states())
    assert all(f"`{word}`" in words for word in (*states.BatchState, *states.FileJobState, *states.CallbackVerdict))


def test_the_walks_lead_through_files_that_are_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    for walk in ("Upload", "Launch", "Chunk", "Callback", "Extraction"):
        lines = text.partition(f"**{walk}**\n")[2].partition("\n\n")[0].splitlines()
        assert [line[:2] for line in lines] == [f"{n}." for n in range(1, 6)], walk
    folder = ""
    for named in re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:py|sql))`", text):
        folder = named.rpartition("/")[0] or folder  # a bare name stands in the folder of the one before it
        path = ROOT / folder / named.rpartition("/")[2]
        assert path.is_file() or (ROOT / "migrations" / "functions" / named).is_file(), named


def test_the_house_has_sixteen_rooms_at_most() -> None:
    rooms = {path.stem for path in (ROOT / "app").iterdir() if not path.name.startswith("__")}
    assert len(rooms) <= 16


ELSEWHERE = {"NNNN_name.sql", "errors.html", "roles.sql"}
"""A pattern, a page of PostgREST's documentation, and a file of Supabase's."""


def test_the_files_that_our_code_names_are_there() -> None:
    written = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in {".py", ".sql", ".toml"}]
    there = {path.name for path in (*written, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").glob("*.py"))}
    there |= {path.name for path in (*ROOT.iterdir(), *(ROOT / "docs").rglob("*"), *(ROOT / "web").rglob("*.html"))}
    lost = {
        f"{path.relative_to(ROOT)}: {named}"
        for path in written
        if "0" not in path.name[:1]  # numbered migrations stay as they were
        for named in re.findall(r"(?<![\w.*{}-])([\w-]+\.(?:py|sql|toml|html|md))\b", path.read_text("utf-8"))
        if named not in there | ELSEWHERE
    }
    assert sorted(lost) == []
