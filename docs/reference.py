"""Makes the reference pages of the documentation from the code, so that they cannot differ from it.

A hook of mkdocs: `on_files` adds pages that exist nowhere on disk. Commands come from the console script, settings from
the settings model and `.env.example`, states and functions from the SQL files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from app.settings import Settings
from functions.console.main import cli

ROOT = Path(__file__).resolve().parents[1]
_COMMENT = r"((?:^--[^\n]*\n)*)"
_FUNCTION = re.compile(
    _COMMENT + r"^create or replace function (public\.\w+)\((.*?)\)\s*returns\s+([\w .\[\]]+?)\s*$",
    re.MULTILINE | re.DOTALL,
)
_ENUM = re.compile(_COMMENT + r"^create type public\.(\w+) as enum\s*\((.*?)\);", re.MULTILINE | re.DOTALL)
_ADDED = re.compile(r"^alter type public\.(\w+) add value (?:if not exists )?'(\w+)'", re.MULTILINE)
_SETTING = re.compile(r"((?:^#.*\n)+)^(?:# )?([A-Z_]+)=", re.MULTILINE)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made here."""
    pages = {"commands": commands, "settings": settings, "states": states, "sql": functions}
    for name, lines in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content="\n".join(lines())))
    return files


def commands() -> Iterator[str]:
    """Every command of `leadloom` with its arguments and options."""
    yield "# Commands\n\nEvery command has `--help`. Exit codes: 0 for success, 1 for failure, 2 for a usage error.\n"
    for name, command in sorted(vars(typer.main.get_command(cli))["commands"].items()):
        yield f"## leadloom {name}\n\n{_plain(command.help)}\n"
        yield from _parameters(command)


def _parameters(command: Any) -> Iterator[str]:
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    if not shown:
        return
    yield "| | | default |\n|---|---|---|"
    for each in shown:
        names = ", ".join(f"`{name}`" for name in each.opts if name.startswith("-")) or f"`{each.name.upper()}`"
        default = "" if each.default in (None, False) or callable(each.default) else f"`{each.default}`"
        yield f"| {names} | {_plain(getattr(each, 'help', None))} | {default} |"
    yield ""


def settings() -> Iterator[str]:
    """Every setting with what `.env.example` says about it."""
    yield "# Settings\n"
    yield "On Modal they come from the secret `leadloom`; the local stack writes its own settings to `.leadloom/env`.\n"
    said = {name: _comment(text) for text, name in _SETTING.findall((ROOT / ".env.example").read_text("utf-8"))}
    yield "| setting | needed | what it is |\n|---|---|---|"
    for field, info in Settings.model_fields.items():
        name = str(info.validation_alias or field).upper()
        yield f"| `{name}` | {'yes' if info.is_required() else 'no'} | {said.get(name, '')} |"


def states() -> Iterator[str]:
    """Every enumeration of the database with its words."""
    yield "# States\n"
    yield "The states that things can be in. They are enum types of the database; pages and commands show them.\n"
    files = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "migrations").glob("0*.sql")))
    added: dict[str, list[str]] = {}
    for name, value in _ADDED.findall(files):
        added.setdefault(name, []).append(value)
    for text, name, values in _ENUM.findall(files):
        words = [*re.findall(r"'(\w+)'", values), *added.get(name, [])]
        yield f"## {name}\n\n{_comment(text)}\n\n" + " · ".join(f"`{word}`" for word in words) + "\n"


def functions() -> Iterator[str]:
    """Every function that the API can call, by room, with the comment above it."""
    yield "# SQL functions\n\nThe whole interface between Python and the database.\n"
    for folder in sorted(path for path in (ROOT / "migrations" / "functions").iterdir() if path.is_dir()):
        found = [
            (file, each) for file in sorted(folder.glob("*.sql")) for each in _FUNCTION.findall(file.read_text("utf-8"))
        ]
        if found:
            yield f"## {folder.name}\n"
        for file, (text, name, arguments, returns) in found:
            yield f"### {name.removeprefix('public.')}\n"
            yield f"`({' '.join(arguments.split())}) → {returns}` in `{file.relative_to(ROOT)}`\n"
            yield _comment(text) + "\n"


def _comment(text: str) -> str:
    """A comment of SQL or of a settings file as one line."""
    return _plain(" ".join(line.lstrip("-# ").strip() for line in text.splitlines()))


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|").replace("<", "&lt;")
