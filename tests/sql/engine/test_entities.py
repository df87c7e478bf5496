"""Which rows are one company or person, by whatever key they share, in every order of arrival; what is never sent."""

from __future__ import annotations

import pytest

from app.engine.dispatcher import run_chunk
from tests.engine_kit import World
from tests.entities_kit import (
    COMPANY,
    LINKEDIN,
    PERSON,
    STRONG,
    WEAK,
    launch,
    leaders,
    lists,
    run_computed,
)

__all__ = ["lists"]

NAMESAKES = [{"company_name": "Wren", "company_domain": f"wren.{tld}"} for tld in ("com", "se")]


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
