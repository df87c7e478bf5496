"""Brings a database up to date: numbered files once each, function files whenever they changed.

Runs before anything else touches the database: `leadloom migrate`, `make migrate`, `modal run -m app::migrate`, the
start of the embedded stack, and the tests' template database all come here. It connects directly, not through the HTTP
API: tables and functions are the owner's business.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from migrations.history import (
    ACCESS_FILE,
    FOLDER,
    History,
    MigrationError,
    NumberedFile,
    function_files,
    numbered_files,
    schema_version,
)

__all__ = ["MigrationError", "migrate"]

_LOCK = 0x1EAD_1003  # any number that nothing else in the database uses
_LOCK_SECONDS = 120.0
_OLDEST = 150_000
_TRANSACTION_POOLER_PORT = 6543
_COPY_AGAIN = (
    "Copy it again (Supabase: Connect, Session pooler) and percent-encode special characters of the password: "
    "# is %23, / is %2F, ? is %3F, @ is %40, : is %3A, % is %25."
)

_TRIES = 4
_LOST_A_LOCK = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
_NOT_REPLACEABLE = (asyncpg.InvalidFunctionDefinitionError, asyncpg.DuplicateFunctionError)
_DEFINITION = re.compile(r"\bcreate\s+(or\s+replace\s+)?function\b", re.IGNORECASE)

# Every function of these schemas that no extension brought.
_ALL_FUNCTIONS = """
select p.oid, p.oid::regprocedure::text as signature, p.xmin::text as written_by
  from pg_catalog.pg_proc p
 where p.pronamespace in ('public'::regnamespace, 'leadloom'::regnamespace)
   and not exists (select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""
# Functions that something outside the list leans on: a trigger, a default, an index. They are replaced, never dropped.
_LEANED_ON = """
select distinct d.refobjid::regprocedure::text as signature
  from pg_catalog.pg_depend d
 where d.refclassid = 'pg_proc'::regclass
   and d.refobjid = any ($1::regprocedure[])
   and d.deptype in ('n', 'a')
   and not (d.classid = 'pg_proc'::regclass and d.objid = any ($1::regprocedure[]))
"""
_VALIDATE = """
select case l.lanname when 'sql' then 'fmgr_sql_validator' else 'plpgsql_validator' end as validator
  from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
 where p.oid = $1::regprocedure and l.lanname in ('sql', 'plpgsql')
"""


async def migrate(database_url: str, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing, one migrator at a time; a second run right after applies nothing.

    Args:
        database_url: a direct connection (or session pooler) as the owner of the database, `postgres` on Supabase.
        folder: where the numbered files and `functions/` are.

    Returns:
        The names of the files applied, in order.

    Raises:
        MigrationError: the database cannot be reached or is too old, an applied file was edited, or a file failed; the
            text names the file and the line. A failed file leaves nothing behind.
    """
    connection = await _connect(database_url)
    try:
        await _lock(connection)
        history = History(connection)
        await history.prepare()
        applied = []
        for file in await history.missing(numbered_files(folder)):
            await _in_transaction(connection, partial(_apply, connection, history, file))
            applied.append(file.path.name)
        functions = function_files(folder)
        version = schema_version(folder)  # new tables need the grants that the function files give, too
        if not await history.functions_current(version):
            await _in_transaction(connection, partial(_replace_functions, connection, history, functions, version))
            applied += [path.relative_to(folder).as_posix() for path in functions]
        if applied:
            await connection.execute("notify pgrst, 'reload schema'")
        return applied
    finally:
        await connection.close()


async def _connect(database_url: str) -> asyncpg.Connection:
    """Connect as DATABASE_URL says. What is wrong with it is said in fixed words: nothing of it is ever repeated.

    Raises:
        MigrationError: that did not work.
    """
    if not database_url:
        raise MigrationError("DATABASE_URL is not set.", "Set it to the project's direct connection string.")
    if _port(database_url) == _TRANSACTION_POOLER_PORT:
        raise MigrationError(
            f"DATABASE_URL names the transaction pooler (port {_TRANSACTION_POOLER_PORT}), which holds no lock.",
            "Use the direct connection or the session pooler, port 5432.",
        )
    try:
        connection = await asyncpg.connect(database_url, timeout=20, statement_cache_size=0)
    except (ValueError, asyncpg.InterfaceError):
        raise _unreadable() from None
    except asyncpg.InvalidAuthorizationSpecificationError:
        raise MigrationError("The database refuses the user or the password of DATABASE_URL.", _COPY_AGAIN) from None
    except asyncpg.PostgresError as error:
        raise MigrationError(
            f"The database refuses the connection (SQLSTATE {error.sqlstate}).", "Check DATABASE_URL."
        ) from None
    except (OSError, TimeoutError):
        raise MigrationError("The database cannot be reached under DATABASE_URL.", _COPY_AGAIN) from None
    version = await connection.fetchval("select current_setting('server_version_num')::int")
    if version < _OLDEST:
        await connection.close()
        raise MigrationError(f"PostgreSQL {version // 10_000} is too old.", "Leadloom needs 15 or newer.")
    # A migration may take longer than a request; waiting for a busy table must not block everybody behind it. The
    # search path decides how signatures are written, so it is the same everywhere.
    await connection.execute(
        "set statement_timeout = 0; set lock_timeout = '15s'; set client_min_messages = warning;"
        "set search_path = public, extensions"
    )
    return connection


def _port(database_url: str) -> int | None:
    """The port of a connection string.

    Raises:
        MigrationError: it is none, or its password ends it early (an unencoded `#`, `/` or `?`).
    """
    try:
        parts = urlsplit(database_url)
        port = parts.port
    except ValueError:
        raise _unreadable() from None
    rest = parts.path + parts.query + parts.fragment
    if parts.scheme not in {"postgres", "postgresql"} or not parts.hostname or "@" in rest:
        raise _unreadable()
    return port


def _unreadable() -> MigrationError:
    return MigrationError("DATABASE_URL cannot be read as a connection string.", _COPY_AGAIN)


async def _lock(connection: asyncpg.Connection) -> None:
    """Wait for a migrator that is at work already; the lock goes with the connection, however that ends."""
    deadline = asyncio.get_running_loop().time() + _LOCK_SECONDS
    while not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
        if asyncio.get_running_loop().time() > deadline:
            raise MigrationError("Another migration has been running for two minutes.", "Try again when it is done.")
        await asyncio.sleep(0.2)


async def _in_transaction(connection: asyncpg.Connection, work: Callable[[], Awaitable[None]]) -> None:
    """Do it as a whole or not at all; where it loses a lock to those who work here meanwhile, do it again."""
    for left in reversed(range(_TRIES)):
        try:
            async with connection.transaction():
                await work()
        except MigrationError as error:
            if not left or not isinstance(error.__cause__, _LOST_A_LOCK):
                raise
            await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311 -- jitter
        else:
            return


async def _apply(connection: asyncpg.Connection, history: History, file: NumberedFile) -> None:
    await _run(connection, file.path)
    await history.record(file)


async def _run(connection: asyncpg.Connection, path: Path) -> str:
    text = path.read_text(encoding="utf-8")  # noqa: ASYNC240 -- a small local file
    try:
        await connection.execute(text)
    except asyncpg.PostgresError as error:
        position = getattr(error, "position", None)
        place = f", line {text.count(chr(10), 0, int(position)) + 1}" if position else ""
        detail = f" {error.detail}." if error.detail else ""
        raise MigrationError(f"{path.name}{place}: {error.message}.{detail}", error.hint) from error
    return text


async def _replace_functions(connection: asyncpg.Connection, history: History, files: list[Path], version: str) -> None:
    """Replace our functions by those of the files; what is in no file any more is gone afterwards.

    All of it is one transaction: other sessions see the old functions until they see the new ones. Replacing in place
    leaves calls that are under way in peace; only where a function changes its result or the names of its parameters,
    which PostgreSQL does not replace, all of them are dropped first.
    """
    ours = await history.our_functions()
    kept = {row["signature"] for row in await connection.fetch(_LEANED_ON, ours)}
    droppable = [signature for signature in ours if signature not in kept]
    definitions = [path for path in files if path.name != ACCESS_FILE]
    # The files call one another in any order: bodies are checked when all of them are there.
    await connection.execute("set local check_function_bodies = off")
    try:
        async with connection.transaction():
            made = await _define(connection, definitions)
    except MigrationError as error:
        if not isinstance(error.__cause__, _NOT_REPLACEABLE):
            raise
        await _drop(connection, droppable)
        made = await _define(connection, definitions)
        droppable = []
    await _drop(connection, [signature for signature in droppable if signature not in made])
    await connection.execute("set local check_function_bodies = on")
    for signature in sorted(made):
        await _validate(connection, signature)
    await history.record_functions(sorted(made | kept), version)
    for path in files:
        if path.name == ACCESS_FILE:  # it grants what the record says is ours
            await _run(connection, path)


async def _define(connection: asyncpg.Connection, files: list[Path]) -> set[str]:
    """Run the files; returns the signatures of the functions that they made or replaced."""
    before = {(row["oid"], row["written_by"]) for row in await connection.fetch(_ALL_FUNCTIONS)}
    made: set[str] = set()
    for path in files:
        text = await _run(connection, path)
        if _DEFINITION.search(text):  # a file that only grants writes to the rows of functions, too
            rows = await connection.fetch(_ALL_FUNCTIONS)
            made |= {row["signature"] for row in rows if (row["oid"], row["written_by"]) not in before}
    return made


async def _drop(connection: asyncpg.Connection, signatures: list[str]) -> None:
    if signatures:
        await connection.execute(f"drop function {', '.join(signatures)}")


async def _validate(connection: asyncpg.Connection, signature: str) -> None:
    """Let PostgreSQL check a function's body now that everything it may call is there."""
    validator = await connection.fetchval(_VALIDATE, signature)
    if validator is None:
        return
    try:
        await connection.execute(f"select pg_catalog.{validator}('{signature}'::regprocedure)")
    except asyncpg.PostgresError as error:
        raise MigrationError(f"The function {signature} is invalid: {error.message}.", error.hint) from error
