"""Which rows are one company or person, by whatever key they share, in every order of arrival; what is never sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from app.engine.dispatcher import run_chunk
from app.engine.entities import place_rows
from app.workflows import registry_rows
from tests.engine_kit import CONFIG, SLUGS, World, make_world, registry_row

COMPANY, PERSON = "enrich_company_clay", "enrich_person_clay"
WEBHOOK = "https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-1"
LINKEDIN = "https://www.linkedin.com/company/tern-vale"
WEAK, STRONG = {"company_name": "Tern Vale"}, {"company_name": "Tern Vale Ltd", "company_domain": "ternvale.com"}
NAMESAKES = [{"company_name": "Wren", "company_domain": f"wren.{tld}"} for tld in ("com", "se")]


@pytest.fixture
async def lists(db: Database, pg: asyncpg.Connection) -> World:
    """The real workflows, and a client that has Clay tables for them."""
    world = await make_world(db, pg)
    await db.call("sync_registry", workflows=[registry_row(slug) for slug in SLUGS] + registry_rows())
    for slug in (COMPANY, PERSON):
        await db.call(
            "save_workflow_config", client=world.client, workflow=slug, label="", version=None,
            config=CONFIG | {"webhook_url": WEBHOOK},
            actor="test",
        )  # fmt: skip
    world.slugs = [*SLUGS, *(row["slug"] for row in registry_rows())]
    return world


async def launch(world: World, rows: list[dict[str, str]], *steps: str) -> str:
    """A batch of these rows; cells are named after their fields."""
    upload = await world.upload(len(rows))
    number = await world.pg.fetchval("select id from uploads where uid = $1::uuid", upload)
    for at, row in enumerate(rows, start=1):
        await world.pg.execute(
            "update raw_apollo_uploads set data = $3::jsonb where upload_id = $1 and row_number = $2",
            number, at, json.dumps(row),
        )  # fmt: skip
    fields = {name: name for row in rows for name in row}
    await world.pg.execute("update uploads set mapping = $2::jsonb where id = $1", number, json.dumps(fields))
    answer = await world.db.call(
        "launch_batch", upload=upload, pipeline=await world.pipeline(*steps), launch_key=uuid4(), actor="test",
        row_limit=None, name=None, budget=None,
    )  # fmt: skip
    await world.db.call("fill_batches", limit=10_000)
    return str(answer["batch"])


async def leaders(world: World) -> list[int]:
    """Row numbers of what would be sent now."""
    return sorted(item["row_number"] for item in await world.claim())


ONE_COMPANY: dict[str, list[dict[str, str]]] = {
    "by name in three spellings": [{"company_name": n} for n in ("Wren Co AB", "Wren Co", "wren co ab")],
    "by LinkedIn page": [
        {"company_linkedin": LINKEDIN}, {"company_linkedin": "linkedin.com/company/Tern-Vale/about/?x=1"},
    ],
    "by domain, as typed": [
        {"company_domain": "https://www.Ternvale.com/en"}, {"website": "ternvale.com"},
        {"company_domain": "TERNVALE.COM"},
    ],
    "a name joins its domain": [
        {"company_name": "Tern Vale Ltd", "company_domain": "ternvale.com"}, {"company_name": "Tern Vale"},
    ],
    "a page joins its domain": [
        {"company_domain": "ternvale.com", "company_linkedin": LINKEDIN}, {"company_linkedin": LINKEDIN},
    ],
    "a page joins a domain by name": [
        {"company_domain": "ternvale.com", "company_name": "Tern Vale"},
        {"company_linkedin": LINKEDIN, "company_name": "Tern Vale"},
    ],
}  # fmt: skip
ONE_PERSON: dict[str, list[dict[str, str]]] = {
    "by e-mail address": [{"email": "mira@ternvale.com"}, {"email": "MIRA@ternvale.com"}],
    "by LinkedIn URL": [
        {"linkedin": "https://linkedin.com/in/mira-okafor"}, {"linkedin": "www.linkedin.com/in/Mira-Okafor/"},
    ],
    "by name and domain": [
        {"person_name": "Mira Okafor", "company_domain": "ternvale.com"},
        {"first_name": "mira", "last_name": "okafor", "company_domain": "www.ternvale.com"},
    ],
    "by name and company": [
        {"person_name": "Mira Okafor", "company_name": "Tern Vale Ltd"},
        {"person_name": "Dr. Mira Okafor", "company_name": "Tern Vale"},
    ],
    "an address joins its profile": [
        {"linkedin": "linkedin.com/in/mira-okafor", "email": "mira@ternvale.com"}, {"email": "mira@ternvale.com"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("step", "rows"),
    [(COMPANY, rows) for rows in ONE_COMPANY.values()] + [(PERSON, rows) for rows in ONE_PERSON.values()],
    ids=[*ONE_COMPANY, *ONE_PERSON],
)
async def test_rows_that_share_a_key_are_sent_once(
    lists: World, step: str, rows: list[dict[str, str]], backwards: bool
) -> None:
    await launch(lists, rows[::-1] if backwards else rows, step)
    assert len(await leaders(lists)) == 1


async def test_the_row_with_the_strongest_key_leads(lists: World) -> None:
    await launch(lists, [WEAK, {"company_linkedin": LINKEDIN, "company_name": "Tern Vale"}, STRONG], COMPANY)
    assert await leaders(lists) == [3]


TWO: dict[str, tuple[str, list[dict[str, str]], list[int]]] = {
    "namesakes with domains, and who knows only the name": (
        COMPANY,
        [*NAMESAKES, {"company_name": "Wren"}, {"company_name": "Wren AB"}],
        [1, 2, 3],
    ),
    "people of one name at one company with profiles": (
        PERSON,
        [
            {"linkedin": f"linkedin.com/in/mira-{n}", "person_name": "Mira Okafor", "company_domain": "ternvale.com"}
            for n in (1, 2)
        ],
        [1, 2],
    ),
    "people behind one office address": (
        PERSON,
        [{"email": "info@ternvale.com", "person_name": name} for name in ("Mira Okafor", "Jon Lind")],
        [1, 2],
    ),
    "people of one name at two companies": (
        PERSON,
        [{"person_name": "Mira Okafor", "company_name": name} for name in ("Tern", "Wren")],
        [1, 2],
    ),
    "employers that are none": (
        PERSON,
        [{"email": f"m{n}@ternvale.com", "company_name": "Self-employed"} for n in (1, 2)],
        [1, 2],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("step", "rows", "sent"), TWO.values(), ids=list(TWO))
async def test_rows_that_differ_are_sent_each(
    lists: World, step: str, rows: list[dict[str, str]], sent: list[int]
) -> None:
    await launch(lists, rows, step)
    assert await leaders(lists) == sent


async def test_namesakes_in_two_countries_are_two(lists: World) -> None:
    rows = [{"company_name": "Wren", "company_country": country} for country in ("Sweden", "SE", "Norway")]
    await launch(lists, [*rows, {"company_name": "Wren AB", "company_country": "Sverige"}], "split_raw", COMPANY)
    await run_computed(lists)
    assert len(await leaders(lists)) == 2


async def run_computed(world: World) -> None:
    """Run what is computed and due."""
    world.slugs.remove(COMPANY)
    for chunk in (await world.dispatch())["chunks"]:
        await run_chunk(world.db, chunk["chunk_id"])
    world.slugs.append(COMPANY)


async def arrive(world: World, items: list[dict[str, Any]], *numbers: int) -> list[int]:
    """These rows end their first step; returns the row numbers that would be sent then."""
    await world.complete([item for item in items if item["row_number"] in numbers])
    await world.advance()
    await world.place()
    await world.advance()
    return await leaders(world)


async def begin(world: World, *rows: dict[str, str]) -> tuple[str, list[dict[str, Any]]]:
    """A batch whose rows stand before the paid step: they arrive there as the test says."""
    batch = await launch(world, list(rows), "alpha", COMPANY)
    return batch, await world.claim()


async def test_a_stronger_row_that_comes_before_anything_went_out_leads(lists: World) -> None:
    _, items = await begin(lists, WEAK, STRONG)
    await lists.complete(items[:1])
    await lists.place()
    assert await arrive(lists, items, 2) == [2]


async def claimed(world: World, number: int) -> dict[str, Any]:
    """The claimed paid step of a row."""
    row = await world.pg.fetchrow(
        """select s.id as state_id, s.attempt from workflow_states s join batch_items i on i.id = s.batch_item_id
           where i.row_number = $1 and s.step_index = 1""",
        number,
    )
    return dict(row)


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


NOTHING = (
    "\\N", "<NA>", "NaT", "(empty)", "#DIV/0!", "#NUM!", "k.A.", "N/D", "s/o", "None Found", "Not Provided", "n/a",
    "[object Object]", "undefined undefined", "{{Company Name}}", "Self-employed", "Stealth", "Stealth Startup",
)  # fmt: skip


@pytest.mark.parametrize("step", [COMPANY, PERSON])
async def test_placeholders_fail_before_they_cost_anything(
    lists: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://leadloom.example")
    rows = [{"company_name": word, "website": "n/a", "person_name": "Mira Okafor"} for word in NOTHING]
    batch = await launch(lists, rows, step)
    for chunk in (await lists.dispatch())["chunks"]:
        await run_chunk(lists.db, chunk["chunk_id"])
    await lists.advance()
    codes = await lists.pg.fetch("select error_code, count(*) from workflow_states group by 1")
    assert [tuple(row) for row in codes] == [("bad_input", len(NOTHING))]
    status = await lists.status(batch)
    assert (status["sent"], status["spent"], status["state"]) == (0, 0, "COMPLETED")


async def test_unplaced_rows_can_be_paused_reset_and_cancelled(lists: World) -> None:
    batch = await launch(lists, [STRONG, WEAK], COMPANY)
    items = [str(row["uid"]) for row in await lists.pg.fetch("select uid from batch_items")]
    await lists.db.call("pause_batch", batch=batch, actor="ann")
    await lists.db.call("reset_items", items=items, from_step=0, actor="ann")
    await lists.db.call("resume_batch", batch=batch, actor="ann")
    assert len(await leaders(lists)) == 1
    other = await launch(lists, [STRONG, WEAK], COMPANY)
    await lists.db.call("cancel_batch", batch=other, actor="ann")
    assert await lists.place() == 0
    assert (await lists.status(other))["cancelled"] == 2


async def test_unplaced_rows_keep_the_engine_awake(lists: World) -> None:
    await launch(lists, [STRONG], COMPANY)
    due = "select leadloom.next_due_in_s()"
    assert await lists.pg.fetchval(due) == 0
    await leaders(lists)
    await lists.pg.execute("update workflow_states set lease_until = now() + interval '1 minute'")
    assert await lists.pg.fetchval(due) > 1


async def test_a_fault_while_rows_are_placed_holds_their_batch(lists: World) -> None:
    broken = await launch(lists, [STRONG], COMPANY)
    healthy = await launch(lists, [STRONG], COMPANY)
    number = await lists.pg.fetchval("select id from batches where uid = $1::uuid", broken)
    await lists.pg.execute(
        f"""create function public.refuse() returns trigger language plpgsql as $f$
            begin raise exception using errcode = '22003', message = 'the made-up fault'; end $f$;
            create trigger refuse before insert on entity_keys for each row when (new.batch_id = {number})
            execute function public.refuse()"""
    )
    assert len(await leaders(lists)) == 1
    assert (await lists.status(broken))["state_reason"] == "Held: the made-up fault (SQLSTATE 22003)"
    assert (await lists.status(healthy))["state"] == "RUNNING"


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
