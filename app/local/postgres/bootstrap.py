"""Turns a bare PostgreSQL into what a new Supabase project looks like: roles, schemas, the Auth tables.

Runs between the start of the embedded server and the first migration; a hosted project has all of it already.
"""

from __future__ import annotations

from pathlib import Path

import asyncpg

from app.local.postgres.cluster import Cluster
from app.local.supabase.keys import Keys

__all__ = ["authenticator_url", "bootstrap_cluster", "bootstrap_database"]

_FOLDER = Path(__file__).parent


def authenticator_url(cluster: Cluster, keys: Keys, database: str) -> str:
    """The connection string that the gateway calls functions through."""
    return cluster.url(database, user="authenticator", password=keys.authenticator_password)


async def bootstrap_cluster(cluster: Cluster, keys: Keys) -> None:
    """Make Supabase's roles where they are missing, and set the gateway's password."""
    connection = await asyncpg.connect(cluster.url())
    try:
        async with connection.transaction():
            if not await connection.fetchval("select exists (select from pg_roles where rolname = 'authenticator')"):
                await connection.execute((_FOLDER / "supabase.sql").read_text())
            await connection.execute(f"alter role authenticator password '{keys.authenticator_password}'")
    finally:
        await connection.close()


async def bootstrap_database(cluster: Cluster, name: str) -> None:
    """Make the database where it is missing, with Supabase's schemas and the Auth tables in it."""
    connection = await asyncpg.connect(cluster.url())
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = $1)", name):
            await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
    connection = await asyncpg.connect(cluster.url(name))
    try:
        async with connection.transaction():
            await connection.execute((_FOLDER / "supabase_database.sql").read_text())
    finally:
        await connection.close()
