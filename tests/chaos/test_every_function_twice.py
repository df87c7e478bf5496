"""Every function that changes something may be called again with the same arguments: the second call changes nothing.

A call whose reply was lost is repeated (`app/db.py`), so this is what keeps a lost reply from doing harm. The list
(`every_function.py`) names every volatile function of schema public; one that is not in it fails the test.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.chaos.direct import Direct, own_database
from tests.chaos.every_function import CASES, LATER, MOVES, PORTIONS
from tests.chaos.rich import Rich, build, with_request
from tests.conftest import _TEMPLATE, _Session

MOST_PORTIONS = 50


@pytest.fixture(scope="module")
async def rich(_session: _Session) -> AsyncIterator[Rich]:
    async with own_database(_session.cluster, _TEMPLATE, "rich") as pg:
        yield await build(await Direct.on(pg))


async def test_every_volatile_function_is_listed(rich: Rich) -> None:
    assert {s.name for s in rich.db.signatures.values() if s.volatile} == CASES.keys()


async def _arguments(rich: Rich, function: str) -> dict[str, Any]:
    case = CASES[function]
    args = case if isinstance(case, dict) else case(rich)
    return with_request(rich, function, **(args if isinstance(args, dict) else await args))


async def _dump(rich: Rich, ignored: dict[str, set[str]]) -> dict[str, list[str]]:
    """Every row of every table, without the columns that may move."""
    tables = await rich.db.pg.fetch("select tablename as name from pg_tables where schemaname = 'public' order by 1")
    found = {}
    for table in (row["name"] for row in tables):
        rows = await rich.db.pg.fetch(f"select to_jsonb(t)::text as row from public.{table} t")
        left_out = ignored.get(table, set())
        kept = [{k: v for k, v in json.loads(row["row"]).items() if k not in left_out} for row in rows]
        found[table] = sorted(json.dumps(row, sort_keys=True) for row in kept)
    return found


@pytest.mark.parametrize("function", CASES)
async def test_the_second_call_changes_nothing(rich: Rich, function: str) -> None:
    transaction = rich.db.pg.transaction()
    await transaction.start()
    try:
        args = await _arguments(rich, function)
        ignored = MOVES.get(function, {})
        before = await _dump(rich, {})
        await _set_clock(rich, f"{LATER.get(function, '')} 0 seconds")
        await rich.db.call(function, **args)
        assert await _dump(rich, {}) != before, "the first call did nothing to repeat"
        if function in PORTIONS:
            await _to_the_end(rich, function, args)
        once = await _dump(rich, ignored)
        await _set_clock(rich, f"{LATER.get(function, '')} 3 seconds")
        await rich.db.call(function, **args)
        twice = await _dump(rich, ignored)
    finally:
        await transaction.rollback()
    changed = {table: sorted(set(once[table]) ^ set(twice[table])) for table in once if once[table] != twice[table]}
    assert changed == {}


async def _to_the_end(rich: Rich, function: str, args: dict[str, Any]) -> None:
    """Work that goes on with each call: call until it is done."""
    for _ in range(MOST_PORTIONS):
        before = await _dump(rich, {})
        await rich.db.call(function, **args)
        if await _dump(rich, {}) == before:
            return
    raise AssertionError(f"{function} never comes to an end")


async def _set_clock(rich: Rich, offset: str) -> None:
    """So much later than the moment in which the database was built, however long ago that is."""
    await rich.db.pg.execute(
        "select set_config('leadloom.clock_offset', ($1::timestamptz - now() + $2::text::interval)::text, true)",
        rich["built at"],
        offset,
    )
