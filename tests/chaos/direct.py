"""Postgres functions called straight: by name, with JSON arguments, as service_role, without the HTTP API between.

Tests that make thousands of calls, or look at every function there is, are fast enough this way; arguments are taken
apart by PostgreSQL as PostgREST has it do it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

__all__ = ["Direct", "Signature", "own_database"]

SIGNATURES = """
select p.proname as name, p.provolatile = 'v' as volatile,
       coalesce(p.proargnames[1:p.pronargs], '{}') as arguments,
       (select coalesce(array_agg(format_type(t, null) order by n), '{}')
          from unnest(p.proargtypes::oid[]) with ordinality as e(t, n)) as types
  from pg_proc p
 where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype
   and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""


@dataclass(frozen=True)
class Signature:
    """A function of schema `public`."""

    name: str
    volatile: bool
    types: dict[str, str]  # by argument, without the p_


class Direct:
    """Calls functions over one connection of the owner, acting as service_role."""

    def __init__(self, pg: asyncpg.Connection, signatures: dict[str, Signature]) -> None:
        self.pg = pg
        self.signatures = signatures

    @classmethod
    async def on(cls, pg: asyncpg.Connection) -> Direct:
        """With what the database has."""
        found = {}
        for row in await pg.fetch(SIGNATURES):
            names = [name.removeprefix("p_") for name in row["arguments"]]
            found[row["name"]] = Signature(row["name"], row["volatile"], dict(zip(names, row["types"], strict=True)))
        return cls(pg, found)

    async def call(self, function: str, /, **args: Any) -> Any:
        """Call `public.<function>`; what it returns, from JSON where it is JSON."""
        types = self.signatures[function].types
        columns = ", ".join(f"p_{name} {types[name]}" for name in args)
        words = ", ".join(f"p_{name} => a.p_{name}" for name in args)
        source = f" from json_to_record($1::json) as a({columns})" if args else ""
        given = [json.dumps({f"p_{name}": value for name, value in args.items()}, default=str)] if args else []
        async with self.pg.transaction():
            await self.pg.execute("set local role service_role")
            answer = await self.pg.fetchval(f"select public.{function}({words}){source}", *given)
            await self.pg.execute("reset role")
        return json.loads(answer) if isinstance(answer, str) and answer else answer


@asynccontextmanager
async def own_database(cluster: Any, template: str, name: str) -> AsyncIterator[asyncpg.Connection]:
    """A copy of a database, and the owner's connection to it; it is gone afterwards."""
    admin = await asyncpg.connect(cluster.url())
    try:
        await admin.execute(f"create database {name} template {template} strategy file_copy")
        connection = await asyncpg.connect(cluster.url(name))
        try:
            yield connection
        finally:
            await connection.close()
            await admin.execute(f"drop database {name} with (force)")
    finally:
        await admin.close()
