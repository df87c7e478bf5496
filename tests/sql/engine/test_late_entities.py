"""Rows that come when their entity is under way, has failed or is answered: who leads then, who waits, who shares."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from app.engine.entities import place_rows
from tests.engine_kit import World
from tests.entities_kit import (
    COMPANY,
    STRONG,
    WEAK,
    arrive,
    begin,
    claimed,
    launch,
    leaders,
    lists,
)

__all__ = ["lists"]


async def test_a_stronger_row_that_comes_before_anything_went_out_leads(lists: World) -> None:
    _, items = await begin(lists, WEAK, STRONG)
    await lists.complete(items[:1])
    await lists.place()
    assert await arrive(lists, items, 2) == [2]


async def test_a_stronger_row_that_comes_later_waits_and_shares(lists: World) -> None:
    batch, items = await begin(lists, WEAK, STRONG)
    assert await arrive(lists, items, 1) == [1]
    await lists.send([await claimed(lists, 1)])
    assert await arrive(lists, items, 2) == []
    await lists.complete([await claimed(lists, 1)], source="clay", parsed={"industry": "Ships"})
    await lists.advance()
    status = await lists.status(batch)
    assert (status["completed"], status["sent"]) == (2, 1)


async def test_unknown_by_a_weak_key_is_final_for_weak_rows_only(lists: World) -> None:
    batch, items = await begin(lists, WEAK, STRONG, WEAK, STRONG)
    assert await arrive(lists, items, 1) == [1]
    await lists.send([await claimed(lists, 1)])
    assert await arrive(lists, items, 2, 3) == []
    await lists.fail([await claimed(lists, 1)], code="clay_error", text="company not found")
    await lists.advance()
    await lists.advance()
    assert await leaders(lists) == [2], "asked by its domain, which the first row did not know"
    await lists.send([await claimed(lists, 2)])
    await lists.fail([await claimed(lists, 2)], code="clay_error", text="company not found")
    assert await arrive(lists, items, 4) == []
    await lists.advance()
    status = await lists.status(batch)
    assert (status["failed"], status["sent"], status["state"]) == (4, 2, "COMPLETED")


async def test_a_row_that_comes_after_its_entity_failed_is_not_sent(lists: World) -> None:
    batch, items = await begin(lists, STRONG, STRONG, WEAK)
    assert await arrive(lists, items, 1) == [1]
    await lists.send([await claimed(lists, 1)])
    await lists.fail([await claimed(lists, 1)], code="clay_error", text="company not found")
    assert await arrive(lists, items, 2, 3) == []
    await lists.advance()
    codes = await lists.pg.fetch("select distinct error_code from workflow_states where status = 'FAILED'")
    assert [row[0] for row in codes] == ["clay_error"]
    status = await lists.status(batch)
    assert (status["failed"], status["sent"], status["state"]) == (3, 1, "COMPLETED")


async def test_a_row_that_comes_after_the_answer_shares_it(lists: World) -> None:
    batch, items = await begin(lists, STRONG, WEAK)
    assert await arrive(lists, items, 1) == [1]
    await lists.send([await claimed(lists, 1)])
    await lists.complete([await claimed(lists, 1)], source="clay", parsed={"industry": "Ships"})
    assert await arrive(lists, items, 2) == []
    status = await lists.status(batch)
    assert (status["completed"], status["sent"]) == (2, 1)


async def test_a_strong_row_leads_when_the_first_never_went_out(lists: World) -> None:
    _, items = await begin(lists, WEAK, WEAK, STRONG)
    assert await arrive(lists, items, 1) == [1]
    assert await arrive(lists, items, 2, 3) == []
    await lists.fail([await claimed(lists, 1)], code="workflow_error", text="broken")
    await lists.advance()
    assert await leaders(lists) == [3]


async def test_many_placers_at_once_make_one_leader(lists: World) -> None:
    rows = [STRONG if n % 3 else WEAK for n in range(60)]
    batch = await launch(lists, rows, COMPANY)
    await asyncio.gather(*(place_rows(lists.db, limit=7 + n) for n in range(12)))
    while await lists.place():
        pass
    [leader] = await lists.claim()
    await lists.send([leader])
    await lists.complete([leader], source="clay", parsed={})
    await lists.advance()
    await lists.advance()
    status = await lists.status(batch)
    assert (status["completed"], status["sent"]) == (60, 1)


@pytest.mark.parametrize("newcomer", [STRONG, WEAK])
async def test_a_row_that_comes_while_its_entity_starts_over_waits_for_it(
    lists: World, newcomer: dict[str, str]
) -> None:
    batch, items = await begin(lists, STRONG, newcomer)
    assert await arrive(lists, items, 1) == [1]
    await lists.send([await claimed(lists, 1)])
    await lists.complete([await claimed(lists, 1)], source="clay", parsed={"industry": "Ships"})
    uid = await lists.pg.fetchval("select uid from batch_items where row_number = 1")
    for again in range(2):
        await lists.db.call("reset_items", items=[str(uid)], from_step=1, actor="ann", request=uuid4())
        assert await leaders(lists) == [1], again
        await lists.send([await claimed(lists, 1)])
        if not again:
            await lists.complete([await claimed(lists, 1)], source="clay", parsed={"industry": "Ships"})
    assert await arrive(lists, items, 2) == []
    await lists.complete([await claimed(lists, 1)], source="clay", parsed={"industry": "Boats"})
    await lists.advance()
    status = await lists.status(batch)
    assert (status["completed"], status["sent"]) == (2, 3)
    assert await lists.pg.fetch(
        "select distinct parsed ->> 'industry' from enrichment_results where step_index = 1"
    ) == [("Boats",)]
