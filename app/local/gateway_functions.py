"""Which functions the HTTP API can call, and the SQL statement that calls each of them.

The gateway keeps this cache as PostgREST keeps its schema cache: read at the first call, read again when a function is
asked for that it does not know, or when the database says `notify pgrst`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

import asyncpg

from app.local.gateway_errors import GatewayError

__all__ = ["Function", "FunctionCache", "Role"]

_ROW_LIMIT = 1000  # Supabase's default for "Max rows"

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
_ROLES_SQL = """
select rolname, coalesce(rolconfig, '{}') as config
  from pg_catalog.pg_roles
 where pg_catalog.pg_has_role(current_user, oid, 'member')
"""


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
    returns: Literal["void", "scalar", "json", "row", "rows", "scalars"]
    settings: dict[str, str] = field(default_factory=dict)  # hoisted to the transaction

    def accepts(self, names: Collection[str]) -> bool:
        """Whether the function can be called with exactly these named arguments."""
        return self.required <= set(names) <= self.parameters.keys()

    def statement(self, names: Iterable[str], *, from_query: bool = False) -> str:
        """The SQL that calls the function with these arguments and returns one column, the reply's body as text.

        The arguments come as one JSON object ($1), taken apart by PostgreSQL itself, or one by one as text
        (`from_query`). No argument at all means no parameter.
        """
        given = [name for name in self.parameters if name in set(names)]
        call = f"public.{quote_identifier(self.name)}"
        if not given:
            source = f"{call}()"
        elif from_query:
            words = (
                f"{quote_identifier(name)} := ${n}::text::{self.parameters[name]}" for n, name in enumerate(given, 1)
            )
            source = f"{call}({', '.join(words)})"
        else:
            columns = ", ".join(f"{quote_identifier(name)} {self.parameters[name]}" for name in given)
            words = (f"{quote_identifier(name)} := args.{quote_identifier(name)}" for name in given)
            source = f"json_to_record($1::json) as args({columns}), lateral {call}({', '.join(words)})"
        return self._wrapped(source)

    def _wrapped(self, source: str) -> str:
        """Around the call, what makes one `bytea` of its result: asyncpg passes bytes on without looking at them."""
        if self.returns == "void":
            return f"select null::bytea from {source} as result(value)"
        if self.returns in {"json", "scalar", "row"}:
            body = {
                "json": "result.value::text",
                "scalar": "to_json(result.value)::text",
                "row": "to_json(result)::text",
            }[self.returns]
            alias = "result" if self.returns == "row" else "result(value)"
            return f"select convert_to({body}, 'UTF8') from {source} as {alias}"
        column, alias = ("part", "result") if self.returns == "rows" else ("part.value", "result(value)")
        limited = f"select result.* from {source} as {alias} limit {_ROW_LIMIT}"
        return f"select convert_to(coalesce(json_agg({column}), '[]')::text, 'UTF8') from ({limited}) as part"


class FunctionCache:
    """The functions and roles that the gateway knows; `refresh` reads them again."""

    def __init__(self) -> None:
        self._functions: dict[str, list[Function]] = {}
        self._roles: dict[str, Role] = {}

    async def refresh(self, connection: asyncpg.Connection) -> None:
        """Read every function of `public` and the settings of the roles that the connection may take."""
        functions: dict[str, list[Function]] = {}
        for row in await connection.fetch(_FUNCTIONS_SQL):
            functions.setdefault(row["proname"], []).append(_function(row))
        self._roles = {
            row["rolname"]: Role(row["rolname"], _pairs(row["config"])) for row in await connection.fetch(_ROLES_SQL)
        }
        self._functions = functions

    def role(self, name: str) -> Role | None:
        """A role that requests may have, or None."""
        return self._roles.get(name)

    def knows(self, name: str, arguments: Collection[str]) -> bool:
        """Whether there is a function of this name that takes these arguments."""
        return any(function.accepts(arguments) for function in self._functions.get(name, []))

    def resolve(self, name: str, arguments: Collection[str]) -> Function:
        """The function of this name that takes exactly these arguments, defaults left out.

        Raises:
            GatewayError: none does (PGRST202), or more than one (PGRST203).
        """
        fitting = [function for function in self._functions.get(name, []) if function.accepts(arguments)]
        # One that names every argument wins over one that fills some in from defaults, as PostgREST does it.
        exact = [function for function in fitting if function.parameters.keys() == set(arguments)]
        fitting = exact or fitting
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise _ambiguous(name, fitting)
        raise self._unknown(name, arguments)

    def _unknown(self, name: str, arguments: Collection[str]) -> GatewayError:
        listed = ", ".join(sorted(arguments))
        signature = f"public.{name}({listed})" if listed else f"public.{name}"
        said = (
            f"with parameters {listed}"
            if len(arguments) > 1
            else f"with parameter {listed}"
            if listed
            else "without parameters"
        )
        others = self._functions.get(name, [])
        hint = (
            f"Perhaps you meant to call the function public.{name}({', '.join(others[0].parameters)})"
            if others
            else None
        )
        return GatewayError(
            404,
            "PGRST202",
            f"Could not find the function {signature if not listed else f'public.{name}({listed})'} in the schema cache",
            details=f"Searched for the function public.{name} {said} or with a single unnamed json/jsonb parameter,"
            " but no matches were found in the schema cache.",
            hint=hint,
        )


def _ambiguous(name: str, candidates: list[Function]) -> GatewayError:
    signatures = ", ".join(
        f"public.{name}({', '.join(f'{parameter} => {kind}' for parameter, kind in candidate.parameters.items())})"
        for candidate in candidates
    )
    return GatewayError(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between: {signatures}",
        hint="Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    )


def _function(row: asyncpg.Record) -> Function:
    modes = row["modes"] or ["i"] * len(row["types"])
    inputs = [
        (name, kind)
        for name, kind, mode in zip(row["names"], row["types"], modes, strict=False)
        if mode in {"i", "b", "v"}
    ]
    required = [name for name, _ in inputs[: len(inputs) - row["pronargdefaults"]]]
    composite = row["is_composite"]
    if row["is_void"]:
        returns = "void"
    elif row["proretset"]:
        returns = "rows" if composite else "scalars"
    else:
        returns = "row" if composite else "json" if row["is_json"] else "scalar"
    hoisted = {name: value for name, value in _pairs(row["config"]).items() if name == "statement_timeout"}
    return Function(
        name=row["proname"],
        parameters=dict(inputs),
        required=frozenset(required),
        read_only=row["provolatile"] != b"v",
        returns=returns,  # type: ignore[arg-type]
        settings=hoisted,
    )


def _pairs(config: list[str]) -> dict[str, str]:
    """`{"name=value"}` of pg_proc and pg_roles as a dictionary."""
    return dict(entry.split("=", 1) for entry in config)
