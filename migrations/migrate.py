"""Brings a database up to date: numbered files once each, function files whenever they changed.

Runs before anything else touches the database: `leadloom migrate`, `make migrate`, `modal run -m app::migrate`, the
start of the embedded stack, and the tests' template database all come here.
"""

from __future__ import annotations

from pathlib import Path

import asyncpg

__all__ = ["migrate"]

FOLDER = Path(__file__).parent


async def migrate(database_url: str) -> list[str]:
    """Apply what is missing; returns the names of the files applied."""
    connection = await asyncpg.connect(database_url)
    try:
        applied = []
        async with connection.transaction():
            # The files call one another in any order; bodies are checked when all of them are there.
            await connection.execute("set local check_function_bodies = off")
            for path in [*sorted(FOLDER.glob("[0-9]*.sql")), *sorted((FOLDER / "functions").glob("*.sql"))]:
                try:
                    await connection.execute(path.read_text())
                except asyncpg.PostgresError as error:
                    raise RuntimeError(f"{path.name}: {error}") from error
                applied.append(path.name)
        return applied
    finally:
        await connection.close()
