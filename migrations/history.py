"""What a database already has: the files applied to it, and the functions that the function files made.

`migrate.py` asks here what is missing. Numbered files are kept in Supabase's own history table, whole, so that its
tools see them and an edit of an applied file is noticed; function files have a small table of their own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

__all__ = [
    "ACCESS_FILE",
    "FOLDER",
    "History",
    "MigrationError",
    "NumberedFile",
    "function_files",
    "numbered_files",
    "schema_version",
]

FOLDER = Path(__file__).parent
ACCESS_FILE = "access.sql"
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

# The columns are those that Supabase's CLI makes; `leadloom` itself comes with the first numbered file.
_HISTORY_SQL = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
"""
_FUNCTIONS_SQL = """
create table if not exists leadloom.applied_functions (
  signature  text primary key,                   -- as regprocedure writes it
  files_hash text not null                       -- `schema_version` of the files when it was made
);
alter table leadloom.applied_functions enable row level security;
"""


class MigrationError(Exception):
    """A migration cannot be applied.

    Attributes:
        message: what is wrong.
        hint: what to do about it, where that is known.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(f"{message} {hint}" if hint else message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class NumberedFile:
    """One `NNNN_name.sql`: applied once, never edited afterwards."""

    version: str
    name: str
    path: Path

    @property
    def text(self) -> str:
        """The file's content, with the line ends that git would give it on Linux."""
        return self.path.read_text(encoding="utf-8").replace("\r\n", "\n")


def numbered_files(folder: Path = FOLDER) -> list[NumberedFile]:
    """The numbered files in order.

    Raises:
        MigrationError: a file's name has no number, or two have the same.
    """
    files: dict[str, NumberedFile] = {}
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named NNNN_name.sql.", "Number it after the last one.")
        version, name = match.groups()
        if version in files:
            raise MigrationError(f"{files[version].path.name} and {path.name} have the same number.", "Renumber one.")
        files[version] = NumberedFile(version, name, path)
    return list(files.values())


def function_files(folder: Path = FOLDER) -> list[Path]:
    """The files of functions, in the order in which they are applied: room by room, `access.sql` last."""
    rooms = sorted((folder / "functions").glob("*/*.sql"))
    return [*rooms, *sorted((folder / "functions").glob("*.sql"))]


class History:
    """The record inside one database."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def prepare(self) -> None:
        """Make Supabase's history table where it is missing."""
        await self._connection.execute(_HISTORY_SQL)

    async def missing(self, files: list[NumberedFile]) -> list[NumberedFile]:
        """The numbered files that this database does not have yet.

        Raises:
            MigrationError: a file was edited after it had been applied here.
        """
        rows = await self._connection.fetch("select version, statements from supabase_migrations.schema_migrations")
        applied = {row["version"]: row["statements"] for row in rows}
        for file in files:
            statements = applied.get(file.version)
            if statements is not None and _digest("\n".join(statements)) != _digest(file.text):
                raise MigrationError(
                    f"{file.path.name} was changed after it had been applied to this database.",
                    "Take the change back and put it into a new numbered file.",
                )
        return [file for file in files if file.version not in applied]

    async def record(self, file: NumberedFile) -> None:
        """Remember that a numbered file has been applied, with its whole text."""
        await self._connection.execute(
            "insert into supabase_migrations.schema_migrations (version, statements, name) values ($1, $2, $3)",
            file.version,
            [file.text],
            file.name,
        )

    async def functions_current(self, version: str) -> bool:
        """Whether the functions in the database were made from the files of exactly this version."""
        await self._connection.execute(_FUNCTIONS_SQL)
        hashes = await self._connection.fetch("select distinct files_hash from leadloom.applied_functions")
        return [row["files_hash"] for row in hashes] == [version]

    async def our_functions(self) -> list[str]:
        """The signatures of the functions that earlier runs made and that are still there."""
        rows = await self._connection.fetch(
            "select to_regprocedure(signature)::text as signature from leadloom.applied_functions"
            " where to_regprocedure(signature) is not null order by 1"
        )
        return [row["signature"] for row in rows]

    async def record_functions(self, signatures: list[str], version: str) -> None:
        """Remember which functions the files made."""
        await self._connection.execute("delete from leadloom.applied_functions")
        await self._connection.execute(
            "insert into leadloom.applied_functions select unnest($1::text[]), $2", signatures, version
        )


def schema_version(folder: Path = FOLDER) -> str:
    """One hash over names and contents of all files: any change re-applies all functions, which call one another."""
    paths = [*(file.path for file in numbered_files(folder)), *function_files(folder)]
    return _digest("\n".join(f"{path.relative_to(folder)}\n{path.read_text(encoding='utf-8')}" for path in paths))


def _digest(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()
