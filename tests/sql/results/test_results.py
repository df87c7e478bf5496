"""From payloads to leads and work histories in the database: as pipeline steps, as replays, and back as searches."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine import replay
from app.engine.background import work_in_background
from app.engine.replay import extract_batches
from app.extraction import rows
from functions import modal_run
from tests.engine_kit import World
from tests.results_kit import enriched


async def test_steps_of_a_pipeline_fill_leads_and_positions(world: World) -> None:
    await enriched(world, 3)
    found = await world.db.read("search_leads", client=world.client, filters={}, after=None, limit=10)
    assert found["count"] == 3
    assert not found["more"]
    lead = found["rows"][0]
    assert lead["person_name"] == "Ann Number3"
    assert lead["title"] == "Head of Sales"
    assert lead["current_job_start"] == "2026-09"
    assert lead["is_new_in_role"]
    assert lead["country"] == "Netherlands"
    detail = await world.db.read("lead_detail", item=lead["item"])
    assert detail["provenance"]["title"] == "step:0"
    assert detail["provenance"]["email"] == "upload:Email"
    assert detail["sources"]["step:0"]["workflow"] == "alpha"
    assert [(p["title"], p["start"], p["end"]) for p in detail["positions"]] == [
        ("Head of Sales", "2026-09", None),
        ("Seller", "2023", "2026-09"),
        ("Analyst", "2019-02", "2022"),
    ]
    assert [p["has_left"] for p in detail["positions"]] == [False, False, True]


async def test_running_it_twice_changes_nothing_and_a_better_parser_says_what_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await enriched(world, 4, "alpha")
    [first] = await extract_batches(world.db, [batch])
    assert (first.state, first.done, first.leads_new, first.positions_new) == ("COMPLETED", 4, 4, 12)
    [second] = await extract_batches(world.db, [batch])
    assert (second.done, second.changed) == (4, 0)
    before = await world.pg.fetch("select xmin::text, * from person_work_history order by batch_item_id, position_no")

    original = rows.history_row

    def better(evidence: Any) -> dict[str, Any]:
        row = original(evidence)
        row["positions"][2]["title"] = "Data Analyst"
        return {**row, "positions": row["positions"][1:]}

    monkeypatch.setattr(rows, "history_row", better)
    monkeypatch.setattr(rows, "PARSER_VERSION", 2)
    [third] = await extract_batches(world.db, [batch])
    assert (third.leads_new, third.leads_changed) == (0, 0)
    assert (third.positions_changed, third.positions_removed) == (8, 4)
    assert await world.pg.fetchval("select array_agg(distinct parser_version) from final_leads") == [2]
    assert len(before) == 12


async def test_a_defect_of_the_parser_costs_one_row_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = await enriched(world, 3, "alpha")
    original = rows.history_row

    def broken(evidence: Any) -> dict[str, Any]:
        if evidence.original["Company"] == "Company 2":
            raise ValueError("a payload that nobody thought of")
        return original(evidence)

    monkeypatch.setattr(rows, "history_row", broken)
    [done] = await extract_batches(world.db, [batch])
    assert (done.state, done.done, done.leads_new, done.positions_new) == ("COMPLETED", 3, 3, 6)
    report = await world.pg.fetchval("select report::text from final_leads where row_number = 2")
    assert "a payload that nobody thought of" in report
    monkeypatch.undo()
    [done] = await extract_batches(world.db, [batch])
    assert (done.leads_changed, done.positions_new) == (1, 3)


async def test_a_replay_that_is_cut_off_goes_on_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await enriched(world, 20, "alpha")
    monkeypatch.setattr(replay, "PORTION_ITEMS", 3)
    await world.db.call("request_extraction", batches=[batch], parser_version=1, actor="test")
    slices = 0
    while await work_in_background(world.db, max_seconds=0.001):
        slices += 1
        assert slices < 60
    run = (await world.db.read("batch_extractions", batch=batch))[0]
    assert slices > 3
    assert (run["state"], run["done"], run["leads_new"]) == ("COMPLETED", 20, 20)


async def test_the_modal_entry_point_extracts_and_says_what_is_not_there(world: World) -> None:
    batch = await enriched(world, 2, "alpha")
    [done] = (await modal_run.extract_results.local([batch]))["answer"]
    assert (done["state"], done["done"], done["changed"]) == ("COMPLETED", 2, 8)
    refused = await modal_run.extract_results.local(["00000000-0000-0000-0000-000000000000"])
    assert "no such batch" in refused["error"]
