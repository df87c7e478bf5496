"""The auditor speaks: every kind of defect, planted into a batch that has come to rest, is found, and named right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.run import Scenario
from tests.chaos.wires import Acknowledged, SentRow

# A row and its step 4 (the paid one of persons) that went well by its only callback, and the first that failed.
WELL = """(select s.id from workflow_states s join batch_items i on i.id = s.batch_item_id where i.state = 'COMPLETED'
  and s.step_name = 'enrich_person_clay' and s.status = 'COMPLETED' and 1 = (
    select count(*) from callback_inbox c where c.item_uid = i.uid and c.step_index = s.step_index)
  order by s.id limit 1)"""
ITEM = f"(select batch_item_id from workflow_states where id = {WELL})"
FAILED = "(select id from workflow_states where status = 'FAILED' order by id limit 1)"

BOOKS = {
    "a raw row is gone": (
        "delete from raw_apollo_uploads where row_number = 7",
        {"every raw row one item", "every line of the file one raw row"},
    ),
    "an item is gone": (f"delete from batch_items where id = {ITEM}", {"every raw row one item"}),
    "a row became two items": (
        f"""alter table batch_items drop constraint batch_items_batch_id_row_number_key;
            insert into batch_items (batch_id, row_number, state, original_data, finished_at)
            select batch_id, row_number, state, original_data, finished_at from batch_items where id = {ITEM}""",
        {"every raw row one item"},
    ),
    "a cell changed": (
        f"""update batch_items set original_data = original_data || '{{"City": "Elsewhere"}}' where id = {ITEM}""",
        {"an item keeps its row's cells"},
    ),
    "an item never ended": (
        f"update batch_items set state = 'ACTIVE', finished_at = null where id = {ITEM}",
        {"every item ended or waiting", "an item's end is its last step's"},
    ),
    "an ended item still has a step to do": (
        f"update workflow_states set status = 'PENDING', advanced_at = null where id = {WELL}",
        {"every item ended or waiting", "results match states"},
    ),
    "a failed row is called completed": (
        f"""update batch_items set state = 'COMPLETED'
            where id = (select batch_item_id from workflow_states where id = {FAILED})""",
        {"an item's end is its last step's"},
    ),
    "a finished step was never advanced": (
        f"update workflow_states set advanced_at = null where id = {WELL}",
        {"one advance per finished state", "no step without its predecessor"},
    ),
    "a next step is missing": (
        f"delete from workflow_states where batch_item_id = {ITEM} and step_index = 5",
        {"one advance per finished state", "no step without its predecessor"},
    ),
    "a state came twice": (
        f"""alter table workflow_states drop constraint workflow_states_batch_item_id_step_index_key;
            insert into workflow_states (batch_item_id, batch_id, step_index, step_name, status, attempt, max_attempts,
                                         available_at, finished_at, advanced_at)
            select batch_item_id, batch_id, step_index, step_name, status, attempt, max_attempts, available_at,
                   finished_at, advanced_at from workflow_states where id = {WELL}""",
        {"one state per item and step", "one advance per finished state"},
    ),
    "a failed step went on": (
        f"""insert into workflow_states (batch_item_id, batch_id, step_index, step_name, status, max_attempts,
                                         available_at, finished_at, advanced_at)
            select batch_item_id, batch_id, step_index + 1, 'consolidate_lead', 'SKIPPED', 1, now(), now(), now()
            from workflow_states where id = {FAILED}""",
        {"one advance per finished state", "no step without its predecessor"},
    ),
    "the first step is gone": (
        f"delete from workflow_states where batch_item_id = {ITEM} and step_index = 0",
        {"every item has a first step", "no step without its predecessor"},
    ),
    "a step of another pipeline": (
        f"update workflow_states set step_name = 'split_raw' where id = {WELL}",
        {"steps are the blueprint's"},
    ),
    "a result is gone": (
        f"delete from enrichment_results where batch_item_id = {ITEM} and step_index = 4",
        {"results match states"},
    ),
    "a result of a failed step": (
        f"""insert into enrichment_results (batch_item_id, step_index, step_name, attempt, source, parsed)
            select batch_item_id, step_index, step_name, attempt, 'computed', '{{}}' from workflow_states
            where id = {FAILED}""",
        {"results match states"},
    ),
    "a result of another attempt": (
        f"update enrichment_results set attempt = attempt + 1 where batch_item_id = {ITEM} and step_index = 4",
        {"results match states", "a paid answer came by callback"},
    ),
    "a failure without a reason": (
        f"update workflow_states set error_text = ' ' where id = {FAILED}",
        {"failures say why"},
    ),
    "a shared answer nobody gave": (
        """update enrichment_results set parsed = '{"industry": "Invented"}' where ctid = (
             select ctid from enrichment_results where source = 'shared' limit 1)""",
        {"a shared answer has a giver"},
    ),
    "a callback is gone": (
        f"""delete from callback_inbox where step_index = 4
            and item_uid = (select uid from batch_items where id = {ITEM})""",
        {"a paid answer came by callback", "an acknowledged body is in the inbox"},
    ),
    "a callback was never settled": (
        f"""update callback_inbox set verdict = 'received', settled_at = null where step_index = 4
            and item_uid = (select uid from batch_items where id = {ITEM})""",
        {"every stored callback is settled", "an acknowledged body is settled"},
    ),
    "an answer was applied twice": (
        """insert into callback_inbox (workflow_slug, item_uid, step_index, attempt, body, verdict, settled_at)
           select workflow_slug, item_uid, step_index, attempt, body, verdict, settled_at from callback_inbox
           where verdict = 'applied' limit 1""",
        {"one answer applied per step"},
    ),
    "an answer is kept and not used": (
        f"""update workflow_states set status = 'FAILED', error_code = 'callback_timeout', error_text = 'x'
            where id = {WELL}""",
        {"an acknowledged answer is used", "results match states"},
    ),
    "a send is un-booked": (
        f"update workflow_states set sent_at = null, send_count = 0 where id = {WELL}",
        {"received is booked as sent", "money: spent is what was sent", "money: the webhook's counter"},
    ),
    "a send is half un-booked": (
        f"update workflow_states set sent_at = null where id = {WELL}",
        {"received is booked as sent", "money: sends booked once"},
    ),
    "money is missing": ("update batches set spent = spent - 1", {"money: spent is what was sent"}),
    "the webhook forgot a row": (
        "update webhook_counters set sent = sent - 1 where sent = (select max(sent) from webhook_counters)",
        {"money: the webhook's counter"},
    ),
    "a count is off by one": (
        """insert into batch_tallies (batch_id, step_index, bucket, period_start, n)
           select id, 2, 'completed', now(), 1 from batches""",
        {"counts shown are counts"},
    ),
    "a chunk was left behind": (
        """insert into dispatch_chunks (batch_id, step_index, workflow_slug, state_ids, expires_at)
           select id, 0, 'split_raw', '{1}', now() from batches""",
        {"an ended batch leaves nothing behind"},
    ),
    "somebody still waits for a leader": (
        "insert into waking_entities (batch_id, step_index, entity_value) select id, 3, 'acme.example' from batches",
        {"an ended batch leaves nothing behind"},
    ),
    "a lead is missing": (f"delete from final_leads where batch_item_id = {ITEM}", {"a finished row is a lead"}),
    "a healthy row paid for its neighbour": (
        f"update workflow_states set error_code = 'lease_expired' where id = {FAILED}",
        {"a healthy row fails for its own reasons only"},
    ),
}


async def test_a_batch_in_order_has_no_findings(at_rest: Scenario) -> None:
    async with at_rest.one.sql() as connection:
        books = await at_rest.books(connection)
    assert books.findings == []
    assert books.received == books.booked > 0
    assert {"FAILED", "COMPLETED"} <= books.items.keys()
    assert {"applied", "duplicate"} <= books.verdicts.keys()


@pytest.mark.parametrize("planted", BOOKS)
async def test_a_defect_in_the_books_is_found(at_rest: Scenario, planted: str) -> None:
    statement, expected = BOOKS[planted]
    async with at_rest.one.sql() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(statement)
        books = await at_rest.books(connection)
        await transaction.rollback()
    assert expected <= {finding.check for finding in books.findings}, [str(f) for f in books.findings]


def _twice(sent: list[SentRow]) -> list[SentRow]:
    return [*sent, next(row for row in sent if row.taken)]


def _another_attempt_of_each(sent: list[SentRow]) -> list[SentRow]:
    return [*sent, *(replace(row, attempt=9) for row in sent if row.taken)]


def _another_body(acknowledged: list[Acknowledged]) -> list[Acknowledged]:
    return [*acknowledged, replace(acknowledged[0], body='{"raw_payload": {}}')]


EVIDENCE: dict[str, tuple[str, Callable[[Any], Any], set[str]]] = {
    "a row arrived twice": (
        "sent",
        _twice,
        {"copies received per item, step and attempt are at most one", "the sandbox's record is the wire's"},
    ),
    "a row arrived that nobody booked": (
        "sent",
        _another_attempt_of_each,
        {"received is booked as sent", "nothing that arrived is sent again by itself"},
    ),
    "a body was acknowledged and not kept": (
        "acknowledged",
        _another_body,
        {"an acknowledged body is in the inbox"},
    ),
    "the sandbox received more than the wire saw": (
        "sandbox",
        lambda record: {"workspaces": {"x": {"rows": {"w/i": {"1": 1}}}, **record["workspaces"]}},
        {"the sandbox's record is the wire's"},
    ),
}


@pytest.mark.parametrize("planted", EVIDENCE)
async def test_evidence_against_the_books_is_found(at_rest: Scenario, planted: str) -> None:
    name, change, expected = EVIDENCE[planted]
    one = at_rest.one
    kept = {"sent": one.clay.rows, "acknowledged": one.callbacks.acknowledged, "sandbox": await one.sandbox_record()}
    async with one.sql() as connection:
        books = await at_rest.books(connection, **{name: change(kept[name])})
    assert expected <= {finding.check for finding in books.findings}, [str(f) for f in books.findings]
