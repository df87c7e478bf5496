"""Which functions and tables the HTTP API can reach, and the SQL statement that calls each function.

The gateway keeps this catalogue as PostgREST keeps its schema cache: read at the first call, read again when a function
is asked for that it does not know, or when the database says `notify pgrst`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import asyncpg

from app.local.supabase.gateway_errors import GatewayError, without_where
from app.local.supabase.safeupdate import BareChange, reachable_change

__all__ = ["ROW_LIMIT", "Catalogue", "Function", "Role", "quote_identifier"]

ROW_LIMIT = 1000  # Supabase's default for "Max rows"

_FUNCTIONS_SQL = """
select p.proname, p.proretset, p.provolatile, p.pronargdefaults,
       coalesce(p.proargnames, '{}') as names,
       coalesce(p.proargmodes::text[], '{}') as modes,
       (select coalesce(array_agg(pg_catalog.format_type(t, null) order by n), '{}')
          from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as _(t, n)) as types,
       p.prorettype = 'void'::regtype as is_void,
       r.typtype = 'c' or p.prorettype = 'record'::regtype as is_composite,
       p.prorettype in ('json'::regtype, 'jsonb'::regtype) as is_json,
       coalesce(p.proconfig, '{}') as config
  from pg_catalog.pg_proc p
  join pg_catalog.pg_type r on r.oid = p.prorettype
 where p.pronamespace = 'public'::regnamespace
   and p.prokind = 'f'
   and p.prorettype <> 'trigger'::regtype
"""
_BODIES_SQL = """
select proname, string_agg(coalesce(pg_catalog.pg_get_function_sqlbody(oid), prosrc), E';\n') as body
  from pg_catalog.pg_proc
 where pronamespace in ('public'::regnamespace, (select oid from pg_catalog.pg_namespace where nspname = 'leadloom'))
   and prokind in ('f', 'p')
 group by proname
"""
_TABLES_SQL = """
select relname from pg_catalog.pg_class
 where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
"""
_ROLES_SQL = """
select rolname, coalesce(rolconfig, '{}') as config
  from pg_catalog.pg_roles
 where pg_catalog.pg_has_role(current_user, oid, 'member')
"""
# PostgREST's default for db-hoisted-tx-settings
_HOISTED = {"statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"}

Returns = Literal["void", "json", "scalar", "row", "scalars", "rows"]


def quote_identifier(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Role:
    """A role that a request may have, with the settings that `alter role … set` gave it."""

    name: str
    settings: dict[str, str]


@dataclass(frozen=True)
class Function:
    """One function of schema `public`, enough to choose it and to call it."""

    name: str
    parameters: dict[str, str]  # name -> type, in order
    required: frozenset[str]
    read_only: bool  # STABLE or IMMUTABLE
    returns: Returns
    settings: dict[str, str] = field(default_factory=dict)  # hoisted to the transaction

    def accepts(self, names: Collection[str]) -> bool:
        """Whether the function can be called with exactly these named arguments."""
        return self.required <= set(names) <= self.parameters.keys()

    def statement(self, names: Collection[str], *, from_query: bool = False) -> str:
        """The SQL that calls the function with these arguments; its one row is the reply's body and its row count.

        The arguments come as one JSON object ($1), taken apart by PostgreSQL itself, or one by one as text in the
        order of the parameters (`from_query`). Without arguments the statement has no parameter.
        """
        given = [name for name in self.parameters if name in names]
        call = f"public.{quote_identifier(self.name)}"
        if not given:
            return self._wrapped(f"{call}()")
        if from_query:
            words = (
                f"{quote_identifier(name)} := ${n}::text::{self.parameters[name]}" for n, name in enumerate(given, 1)
            )
            return self._wrapped(f"{call}({', '.join(words)})")
        columns = ", ".join(f"{quote_identifier(name)} {self.parameters[name]}" for name in given)
        words = (f"{quote_identifier(name)} := args.{quote_identifier(name)}" for name in given)
        return self._wrapped(f"json_to_record($1::json) as args({columns}), lateral {call}({', '.join(words)})")

    def _wrapped(self, source: str) -> str:
        """Around the call, what makes one `bytea` of its result: asyncpg passes bytes on without looking at them."""
        match self.returns:
            case "void":
                return f"select null::bytea, null::bigint from {source} as result(value)"
            case "json":
                return f"select convert_to(result.value::text, 'UTF8'), null::bigint from {source} as result(value)"
            case "scalar":
                body = "convert_to(to_json(result.value)::text, 'UTF8')"
                return f"select {body}, null::bigint from {source} as result(value)"
            case "row":
                return f"select convert_to(to_json(result)::text, 'UTF8'), null::bigint from {source} as result"
            case "scalars" | "rows":
                part, alias = ("part.value", "result(value)") if self.returns == "scalars" else ("part", "result")
                limited = f"select result.* from {source} as {alias} limit {ROW_LIMIT}"
                body = f"convert_to(coalesce(json_agg({part}), '[]')::text, 'UTF8')"
                return f"select {body}, count(*) from ({limited}) as part"


class Catalogue:
    """The functions, tables and roles that the gateway knows; `refresh` reads them again."""

    def __init__(self) -> None:
        self._functions: dict[str, list[Function]] = {}
        self._bodies: dict[str, str] = {}
        self._refused: dict[str, BareChange | None] = {}
        self._roles: dict[str, Role] = {}
        self._tables: set[str] = set()

    async def refresh(self, connection: asyncpg.Connection) -> None:
        """Read all of `public` and the settings of the roles that the connection may take."""
        functions: dict[str, list[Function]] = {}
        for row in await connection.fetch(_FUNCTIONS_SQL):
            functions.setdefault(row["proname"], []).append(_function(row))
        self._bodies = {row["proname"]: row["body"] for row in await connection.fetch(_BODIES_SQL)}
        self._refused = {}
        roles = await connection.fetch(_ROLES_SQL)
        self._roles = {row["rolname"]: Role(row["rolname"], _pairs(row["config"])) for row in roles}
        self._tables = {row["relname"] for row in await connection.fetch(_TABLES_SQL)}
        self._functions = functions

    def role(self, name: str) -> Role:
        """A role that requests may have.

        Raises:
            GatewayError: there is none of that name.
        """
        if name not in self._roles:
            raise GatewayError(401, "22023", f'role "{name}" does not exist')
        return self._roles[name]

    def has_table(self, name: str) -> bool:
        """Whether there is a table or view of this name."""
        return name in self._tables

    def knows(self, name: str, arguments: Collection[str]) -> bool:
        """Whether there is a function of this name that takes these arguments."""
        return any(function.accepts(arguments) for function in self._functions.get(name, []))

    def check_limited(self, name: str) -> None:
        """Refuse a function that changes a whole table, as `safeupdate` does.

        Raises:
            GatewayError: 400, it holds an UPDATE or DELETE without WHERE, or calls a function that does.
        """
        if name not in self._refused:
            self._refused[name] = reachable_change(name, self._bodies)
        found = self._refused[name]
        if found is not None:
            raise without_where(found.word)

    def resolve(self, name: str, arguments: Collection[str]) -> Function:
        """The function of this name that takes these arguments, the rest coming from defaults.

        Raises:
            GatewayError: none does (PGRST202), or more than one (PGRST203).
        """
        fitting = [function for function in self._functions.get(name, []) if function.accepts(arguments)]
        if len(fitting) == 1:
            return fitting[0]
        raise _ambiguous(fitting) if fitting else self._unknown(name, arguments)

    def _unknown(self, name: str, arguments: Collection[str]) -> GatewayError:
        listed = ", ".join(sorted(arguments))
        shown = f"({listed})" if listed else " without parameters"
        sought = f" with parameter{'s' if len(arguments) > 1 else ''} {listed}" if listed else " without parameters"
        others = self._functions.get(name, [])
        hint = f"Perhaps you meant to call the function {_signature(others[0], types=False)}" if others else None
        return GatewayError(
            404,
            "PGRST202",
            f"Could not find the function public.{name}{shown} in the schema cache",
            details=f"Searched for the function public.{name}{sought} or with a single unnamed json/jsonb parameter,"
            " but no matches were found in the schema cache.",
            hint=hint,
        )


def _ambiguous(candidates: list[Function]) -> GatewayError:
    signatures = ", ".join(_signature(candidate) for candidate in candidates)
    return GatewayError(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between: {signatures}",
        hint="Try renaming the parameters or the function itself in the database so function overloading can be"
        " resolved",
    )


def _signature(function: Function, *, types: bool = True) -> str:
    parts = (f"{name} => {kind}" if types else name for name, kind in function.parameters.items())
    return f"public.{function.name}({', '.join(parts)})"


def _function(row: asyncpg.Record) -> Function:
    modes = row["modes"] or ["i"] * len(row["types"])
    named = zip(row["names"], row["types"], modes, strict=False)
    inputs = [(name, kind) for name, kind, mode in named if mode in {"i", "b", "v"}]
    settings = _pairs(row["config"])
    return Function(
        name=row["proname"],
        parameters=dict(inputs),
        required=frozenset(name for name, _ in inputs[: len(inputs) - row["pronargdefaults"]]),
        read_only=row["provolatile"] != b"v",
        returns=_returns(row),
        settings={name: value for name, value in settings.items() if name in _HOISTED},
    )


def _returns(row: asyncpg.Record) -> Returns:
    if row["is_void"]:
        return "void"
    if row["proretset"]:
        return "rows" if row["is_composite"] else "scalars"
    if row["is_composite"]:
        return "row"
    return "json" if row["is_json"] else "scalar"


def _pairs(config: list[str]) -> dict[str, str]:
    """`{"name=value"}` of pg_proc and pg_roles as a dictionary."""
    return dict(entry.split("=", 1) for entry in config)
