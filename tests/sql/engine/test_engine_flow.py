"""A batch's ordinary life: launch, fill, dispatch, claim, complete, advance, end."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.errors import InputError, NotFoundError
from tests.engine_kit import World, registry_row


async def test_every_row_walks_every_step_once(world: World) -> None:
    batch = await world.launch(25, "alpha", "beta", "gamma")
    status = await world.run(batch)
    assert (status["state"], status["completed"], status["item_steps"]) == ("COMPLETED", 25, 75)
    rows = await world.pg.fetch("select status, count(*), count(advanced_at) from workflow_states group by 1")
    assert [tuple(row) for row in rows] == [("COMPLETED", 75, 75)]
    assert await world.findings(batch) == []


async def test_same_launch_key_launches_once(world: World) -> None:
    upload, pipeline, key = await world.upload(3), await world.pipeline("alpha"), str(uuid4())
    args = {"upload": upload, "pipeline": pipeline, "launch_key": key, "actor": "test"}
    args |= {"row_limit": None, "name": None, "budget": None}
    first = await world.db.call("launch_batch", **args)
    second = await world.db.call("launch_batch", **args)
    assert (first["created"], second["created"], first["batch"] == second["batch"]) == (True, False, True)
    assert await world.pg.fetchval("select count(*) from audit_log where action = 'launch_batch'") == 1


async def test_sample_launch_takes_the_first_rows_only(world: World) -> None:
    batch = await world.launch(20, "alpha", row_limit=5)
    assert (await world.run(batch))["completed"] == 5
    assert await world.pg.fetchval("select max(row_number) from batch_items") == 5


async def test_a_large_batch_fills_in_chunks_and_runs_meanwhile(world: World) -> None:
    upload, pipeline = await world.upload(250), await world.pipeline("alpha")
    batch = (
        await world.db.call(
            "launch_batch", upload=upload, pipeline=pipeline, launch_key=str(uuid4()), actor="test", row_limit=None,
            name=None, budget=None,
        )
    )["batch"]  # fmt: skip
    assert (await world.db.call("fill_batches", limit=100))["filled"] == 100
    await world.complete(await world.claim())
    assert (await world.status(batch))["completed"] == 100
    assert (await world.advance())["finished_batches"] == 0, "rows are still to come"
    assert (await world.run(batch))["completed"] == 250
    assert await world.findings(batch) == []


async def test_the_blueprint_is_a_snapshot(world: World) -> None:
    pipeline = await world.pipeline("alpha", "beta")
    batch = (
        await world.db.call(
            "launch_batch", upload=await world.upload(2), pipeline=pipeline, launch_key=str(uuid4()), actor="test",
            row_limit=None, name=None, budget=None,
        )
    )["batch"]  # fmt: skip
    await world.db.call(
        "save_pipeline", pipeline=pipeline, expected_version=1, steps=[{"workflow": "gamma"}], name=None, actor="test"
    )
    await world.run(batch)
    assert {row["step_name"] for row in await world.states("step_name")} == {"alpha", "beta"}


async def test_a_batch_keeps_the_mapping_it_was_launched_with(world: World) -> None:
    await world.launch(1, "alpha")
    await world.pg.execute("update uploads set mapping = '{}'")
    await world.pg.execute("update batches set item_count = 2")
    await world.pg.execute("insert into raw_apollo_uploads select upload_id, 2, data from raw_apollo_uploads")
    await world.db.call("fill_batches", limit=10)
    assert [item["fields"]["email"] for item in await world.claim()] == ["p1@example.test"] * 2


async def test_a_step_reads_earlier_results_and_identity(world: World) -> None:
    await world.db.call(
        "sync_registry",
        workflows=[registry_row("alpha", writes=["shared"]), registry_row("beta", reads=["shared", "email"])],
    )
    await world.launch(1, "alpha", "beta")
    [first] = await world.claim()
    assert first["fields"] == {"email": "p1@example.test", "company_name": "Company 1"}
    await world.complete([first], parsed={"shared": "x", "gone": None}, identity={"company_name": None, "title": "CEO"})
    [second] = await world.claim()
    assert second["fields"] == {"email": "p1@example.test", "title": "CEO", "shared": "x", "gone": None}


async def test_original_rows_go_only_to_workflows_that_ask(world: World) -> None:
    await world.db.call("sync_registry", workflows=[registry_row("alpha", needs_original=True), registry_row("beta")])
    await world.launch(1, "alpha", "beta")
    [first] = await world.claim()
    assert first["original"]["Email"] == "p1@example.test"
    await world.complete([first])
    [second] = await world.claim()
    assert second["original"] is None


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ({"field": "email", "op": "is_not_empty"}, True),
        ({"field": "email", "op": "is_empty"}, False),
        ({"field": "email", "op": "contains", "value": "EXAMPLE"}, True),
        ({"field": "alpha_out", "op": "equals", "value": "go"}, True),
        ({"field": "alpha_out", "op": "equals", "value": "stop"}, False),
        ({"field": "alpha_out", "op": "not_equals", "value": "go"}, False),
        ({"field": "alpha_out", "op": "in", "value": ["stop", "GO"]}, True),
        ({"field": "nothing", "op": "not_contains", "value": "x"}, True),
    ],
)
async def test_a_condition_that_is_not_met_skips_and_advances(world: World, condition: dict, runs: bool) -> None:
    batch = await world.launch(2, "alpha", {"workflow": "beta", "settings": {"condition": condition}}, "gamma")
    await world.complete(await world.claim(), parsed={"alpha_out": "go"})
    status = await world.run(batch)
    assert status["steps"][1]["buckets"] == {"completed" if runs else "skipped": 2}
    assert (status["state"], status["completed"]) == ("COMPLETED", 2)
    assert await world.findings(batch) == []


async def test_a_pipeline_that_does_not_fit_is_refused_in_words(world: World) -> None:
    pipeline = await world.pipeline("alpha")
    await world.pg.execute("update enrichment_pipelines set upload_kind = 'companies'")
    args = {"launch_key": str(uuid4()), "row_limit": None, "name": None, "budget": None, "actor": "test"}
    with pytest.raises(InputError, match="for uploads of companies; the file contains people"):
        await world.db.call("launch_batch", upload=await world.upload(1), pipeline=pipeline, **args)
    with pytest.raises(NotFoundError, match="no such upload"):
        await world.db.call("launch_batch", upload=str(uuid4()), pipeline=pipeline, **args)


async def test_pipelines_with_unknown_workflows_are_refused(world: World) -> None:
    with pytest.raises(InputError, match="Unknown workflow: omega"):
        await world.pipeline("alpha", "omega")
    with pytest.raises(InputError, match="1 to 50 steps"):
        await world.db.call(
            "create_pipeline", client=world.client, name="x", upload_kind="people", steps=[], actor="test"
        )


async def test_small_batches_are_not_starved_by_large_ones(world: World) -> None:
    large = await world.launch(2000, "alpha")
    small = await world.launch(10, "alpha")
    await world.complete(await world.claim(limit=100))
    assert (await world.status(small))["completed"] == 10
    assert (await world.status(large))["completed"] == 90, "what the small one leaves over goes to the large"


async def test_nothing_is_dispatched_beyond_what_may_run(world: World) -> None:
    await world.launch(50, "alpha")
    args = {"limit": 100, "chunk_size": 10, "workflows": world.slugs, "max_running": 30}
    assert (await world.db.call("dispatch_pending_items", **args))["claimed"] == 30
    assert (await world.db.call("dispatch_pending_items", **args))["claimed"] == 0
