"""Erasing a person: not one table holds the address afterwards, nobody else loses anything, and the books add up."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.db import Database
from app.engine.replay import extract_batches
from app.engine.retention.erasure import Person, erase, erasures, request_erasure
from app.errors import ConflictError, InputError
from tests.engine_kit import World, make_world, registry_row
from tests.results_kit import enriched, person

EMAIL, PAGE = "p2@acme.example", "https://www.linkedin.com/in/ann-2"
MAIL_ONLY, BOTH = Person.of(EMAIL), Person.of(EMAIL, PAGE)
SPELLINGS = r"p2(@|\\u0040|%40)acme\.example|in\\*(/|%2f)ann-2(?![0-9])"


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    return await make_world(db, pg)


async def everything(pg: asyncpg.Connection) -> dict[str, list[str]]:
    """Every row of every table as text."""
    names = await pg.fetch(
        """select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname in ('public', 'leadloom') and c.relkind = 'r'"""
    )
    return {
        row["name"]: [r["text"] for r in await pg.fetch(f"select t::text as text from {row['name']} t")]
        for row in names
    }


async def holding(pg: asyncpg.Connection) -> set[str]:
    """The tables in which the person can still be read."""
    found = {
        name for name, rows in (await everything(pg)).items() if re.search(SPELLINGS, "\n".join(rows), re.IGNORECASE)
    }
    return found - {"erasures"}


LAST, SECOND = (
    "(select max(id) from batch_items)",
    "(select id from batch_items where row_number = 2 order by id limit 1)",
)
ESCAPED = r'{"email": "p2\u0040acme.example", "url": "https:\/\/www.linkedin.com\/in\/ann-2\/", "kept": "yes"}'
TRACES = (
    (("update workflow_states set history = jsonb_build_array(jsonb_build_object('text', $1::text)) where id = "
     "(select max(id) from workflow_states)"), f"said\n{EMAIL} is odd"),
    (("update final_leads set headline = $1::text, search = to_tsvector('simple', $1::text) where batch_item_id = "
     "(select max(batch_item_id) from final_leads)"), f"Ask {EMAIL} or {PAGE}"),
    ("insert into operator_requests (key, at, answer) values (gen_random_uuid(), now(), to_jsonb($1::text))", EMAIL),
    (("insert into saved_views (page, name, query, created_by) values "
     "('leads', 'v', jsonb_build_object('q', $1::text), 'x')"), EMAIL),
    (("insert into audit_log (actor, action, subject_type, detail) values "
     "('x', 'y', 'z', jsonb_build_object('t', $1::text))"), EMAIL),
    ("insert into callback_inbox (workflow_slug, body, verdict) values ('alpha', $1::text, 'unmatched')", ESCAPED),
    ((f"insert into callback_inbox (workflow_slug, body, verdict, batch_item_id) values "
     f"('alpha', $1::text, 'duplicate', {SECOND})"), '{"secret": "words"}'),
    ((f"insert into superseded_results (batch_item_id, step_index, step_name, attempt, source, raw, parsed, created_at)"
     f" values ({SECOND}, 0, 'alpha', 1, 'clay', to_jsonb($1::text), '{{}}', now())"), "older"),
)  # fmt: skip


async def scatter(world: World) -> None:
    """Leave traces of the person wherever a text may stand, other people's rows included."""
    other = person(3)
    other["raw_payload"]["also_viewed"] = [PAGE, "https://www.linkedin.com/in/ann-22", EMAIL.upper()]
    await world.pg.execute(
        f"update enrichment_results set raw = $1 where batch_item_id = {LAST} and step_index = 0", json.dumps(other)
    )
    for statement, text in TRACES:
        await world.pg.execute(statement, text)
    await world.upload(3, Email="'P' || g || '@ACME.example'", Note="'met p1@acme.example'")  # never launched


async def test_no_table_holds_the_person_afterwards(world: World) -> None:
    batch = await enriched(world, 4)
    await scatter(world)
    books = await world.findings(batch)
    assert len(await holding(world.pg)) >= 9
    record = await erase(world.db, BOTH, actor="admin@agency.example")
    assert await holding(world.pg) == set()
    assert record["counts"]["rows"] == 1
    assert record["counts"]["raw_rows_alone"] == 1
    assert await world.findings(batch) == books


async def test_all_that_was_known_of_the_row_is_gone_and_its_place_stays(world: World) -> None:
    await enriched(world, 3)
    await scatter(world)
    await erase(world.db, MAIL_ONLY, actor="test")
    item = await world.pg.fetchrow("select * from batch_items where row_number = 2")
    assert item["state"] == "COMPLETED"
    assert {item[name] for name in ("person_name", "email", "linkedin", "company_name", "original_data")} == {None}
    assert await world.pg.fetchval("select data::text from raw_apollo_uploads where row_number = 2 limit 1") == "{}"
    results = await world.pg.fetch(
        "select raw, parsed::text from enrichment_results where batch_item_id = $1", item["id"]
    )
    assert {tuple(row) for row in results} == {(None, "{}")}
    for table in ("final_leads", "person_work_history", "superseded_results"):
        assert await world.pg.fetchval(f"select count(*) from {table} where batch_item_id = $1", item["id"]) == 0, table
    assert await world.pg.fetchval("select body from callback_inbox where batch_item_id = $1", item["id"]) == ""


async def test_nobody_else_loses_a_word(world: World) -> None:
    batch = await enriched(world, 25)
    before, books = await everything(world.pg), await world.findings(batch)
    await erase(world.db, BOTH, actor="test")
    after = await everything(world.pg)
    theirs = [row for row in before["final_leads"] if not re.search(SPELLINGS, row)]
    assert len(theirs) == 24
    assert sorted(after["final_leads"]) == sorted(theirs), "p22@acme.example and ann-22 are other people"
    kept = [row for row in before["raw_apollo_uploads"] if not re.search(SPELLINGS, row)]
    assert [row for row in after["raw_apollo_uploads"] if row in kept] == kept
    assert await world.findings(batch) == books


async def test_a_mention_in_another_persons_row_is_taken_out_and_the_rest_stays(world: World) -> None:
    await enriched(world, 4)
    await scatter(world)
    await erase(world.db, BOTH, actor="test")
    raw = json.loads(
        await world.pg.fetchval(
            f"select raw::text from enrichment_results where step_index = 0 and batch_item_id = {LAST}"
        )
    )
    seen = raw["raw_payload"]["also_viewed"]
    assert seen[1] == "https://www.linkedin.com/in/ann-22"
    assert seen[2] == "[erased]"
    assert raw["raw_payload"]["experience"] == person(3)["raw_payload"]["experience"]
    body = await world.pg.fetchval("select body from callback_inbox where verdict = 'unmatched'")
    assert json.loads(body)["kept"] == "yes"


async def test_the_record_says_what_was_done_and_not_to_whom(world: World) -> None:
    await enriched(world, 2)
    await erase(world.db, BOTH, actor="admin@agency.example")
    text = await world.pg.fetchval("select string_agg(e::text, '') from erasures e")
    assert not re.search(SPELLINGS, text)
    assert await world.pg.fetchval("select pattern from erasures") is None
    [record] = await erasures(world.db, MAIL_ONLY)
    assert (record["done"], record["requested_by"], record["kinds"]) == (
        True,
        "admin@agency.example",
        ["email", "linkedin"],
    )
    assert await erasures(world.db, Person.of("p1@acme.example")) == []
    assert await world.pg.fetchval("select count(*) from audit_log where action = 'erase_person'") == 1


async def test_asked_for_twice_and_cut_off_it_is_done_once(world: World) -> None:
    await enriched(world, 6)
    first = await request_erasure(world.db, MAIL_ONLY, actor="test")
    again = await request_erasure(world.db, MAIL_ONLY, actor="test")
    assert first["uid"] == again["uid"]
    record: dict[str, Any] = first
    calls = 0
    while not record["done"]:  # the smallest portions there are
        record = await world.db.call("erase_portion", erasure=first["uid"], ms=1, blocks=1)
        calls += 1
    assert calls > 3
    assert await world.db.call("erase_portion", erasure=first["uid"]) == record
    assert (await holding(world.pg), record["counts"]["rows"]) == (set(), 1)


async def test_a_row_under_way_is_cancelled_first_and_its_late_answer_is_not_kept(world: World) -> None:
    batch = await world.launch(3, "paid", columns={"Email": "'p' || g || '@acme.example'"})
    items = await world.claim()
    await world.send(items)
    await erase(world.db, MAIL_ONLY, actor="test")
    mine = next(item for item in items if item["row_number"] == 2)
    state = await world.pg.fetchrow("select * from workflow_states where id = $1", mine["state_id"])
    assert (state["status"], state["entity_value"]) == ("CANCELLED", None)
    stored = await world.db.call(
        "receive_callback", workflow="paid", item=mine["item"], step=0, attempt=mine["attempt"], client_id=None,
        body=f'{{"email": "{EMAIL}"}}',
    )  # fmt: skip
    outcome = {"status": "success", "parsed": {"email": EMAIL}, "raw": {"email": EMAIL}, "identity": {"email": EMAIL}}
    assert not (await world.db.call("settle_callback", inbox=stored["inbox_id"], outcome=outcome))["applied"]
    assert await holding(world.pg) == set()
    await world.complete([item for item in items if item is not mine], source="clay")
    await world.advance()
    assert (await world.status(batch))["state"] == "COMPLETED"


async def test_rows_of_its_company_choose_another_leader(world: World) -> None:
    """The person's row was the one that asked for all of them."""
    await world.db.call(
        "sync_registry", workflows=[registry_row("paid", entity_keys=["company name"], reads=["company_name"])]
    )
    batch = await world.launch(3, "paid", columns={"Email": "'p' || (3 - g) || '@acme.example'", "Company": "'Acme'"})
    [leader] = await world.claim()
    assert leader["row_number"] == 1
    await erase(world.db, MAIL_ONLY, actor="test")
    await world.advance()
    [next_one] = await world.claim()
    await world.send([next_one])
    await world.complete([next_one], source="clay", parsed={"paid_out": "x"})
    for _ in range(3):
        await world.advance()
    states = await world.pg.fetch("select row_number, state::text from batch_items order by 1")
    assert [row["state"] for row in states] == ["CANCELLED", "COMPLETED", "COMPLETED"]
    assert (await world.status(batch))["state"] == "COMPLETED"


async def test_what_an_erased_person_was_recognised_by_goes(world: World) -> None:
    await world.db.call(
        "sync_registry", workflows=[registry_row("paid", entity_keys=["company name"], reads=["company_name"])]
    )
    await world.launch(3, "paid", columns={"Email": "'p' || (3 - g) || '@acme.example'", "Company": "'Acme ' || g"})
    await world.place()
    keys = "select count(*) from entity_keys"
    before = await world.pg.fetchval(keys)
    await erase(world.db, MAIL_ONLY, actor="test")
    assert (before, await world.pg.fetchval(keys)) == (3, 2)


async def test_an_erased_row_is_neither_run_nor_extracted_again(world: World) -> None:
    batch = await enriched(world, 3)
    await erase(world.db, MAIL_ONLY, actor="test")
    item = await world.pg.fetchval("select uid::text from batch_items where erased_at is not null")
    with pytest.raises(ConflictError):
        await world.db.call("reset_items", items=[item], from_step=0, actor="test", request=str(uuid4()))
    await extract_batches(world.db, [batch], actor="test")
    assert await world.pg.fetchval("select count(*) from final_leads") == 2


@pytest.mark.parametrize(
    ("email", "linkedin", "said"),
    [
        ("", None, "Who should be erased?"),
        ("nobody", None, "not an e-mail address"),
        (None, "linkedin.com/company/acme", "LinkedIn page"),
    ],
)
def test_what_is_no_address_of_a_person_is_refused(email: str | None, linkedin: str | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Person.of(email, linkedin)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": "ann+x@b-c.example"}', True),
        (r'"see\nann+x@b-c.example."', True),
        ("?email=ann+x%40b-c.example&x", True),
        ("<ann+x@b-c.example>,", True),
        ("joann+x@b-c.example", False),
        ("ann+x@b-c.example.com", False),
        ("ann+x@b-c.examples", False),
        ("annnx@b-c.example", False),
        ("https://de.linkedin.com/in/j%c3%b6rg-1?x", True),
        ("linkedin.com/in/jörg-1/", True),
        (r"https:\/\/www.linkedin.com\/in\/jörg-1", True),
        ("'/in/jörg-1':3", True),
        ("linkedin.com/in/jörg-12", False),
        ("linkedin.com/in/jörg-1-b", False),
    ],
)
async def test_spellings(pg: asyncpg.Connection, text: str, found: bool) -> None:
    """In PostgreSQL, whose regular expressions are not Python's."""
    pattern = Person.of("Ann+x@b-c.example", "https://www.linkedin.com/in/J%C3%B6rg-1/").pattern
    assert await pg.fetchval("select lower($1::text) ~ $2::text", text, pattern) is found
    assert bool(re.search(pattern, text.lower())) is found
