"""Long exports: made in pieces by a worker that may be lost, whole or not at all, ready for a day."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.engine import file_jobs
from app.errors import ConflictError, InputError, NotFoundError
from app.intake import pieces
from app.results import export_jobs, exports
from app.results.export_jobs import count_rows, csv_parts
from app.results.parquet import leads_parquet
from tests.engine_kit import World
from tests.files_kit import finished, lose_a_worker
from tests.results_kit import enriched

ROWS = 30


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a short list makes many pages and pieces."""
    monkeypatch.setattr(exports, "PAGE_ROWS", 4)
    monkeypatch.setattr(export_jobs, "PIECE_BYTES", 300)


def wanted(world: World, what: str, **more: Any) -> dict[str, Any]:
    filters = {"domain": "kstrl.example"} if what == "people" else {}
    return {"what": what, "client": world.client, "filters": filters, "columns": None} | more


async def asked(world: World, request: dict[str, Any], filename: str = "leads.csv") -> dict[str, Any]:
    about = {"client": request["client"], "request": request, "filename": filename, "total": None, "actor": "ann"}
    job: dict[str, Any] = await world.db.call("request_file_job", kind="export", **about)
    return job


async def content_of(world: World, uid: str) -> bytes:
    file = await world.db.read("export_file", job=uid)
    content = b"".join([part async for part in pieces.piece_content(world.db, uid, range(file["piece_count"]))])
    assert len(content) == file["byte_size"]
    assert file["starts"][0] == 0
    return content


async def at_once(world: World, request: dict[str, Any]) -> bytes:
    return exports.BOM + b"".join([part.content async for part in csv_parts(world.db, request)])


@pytest.mark.parametrize("what", ["leads", "people", "batch", "rows"])
@pytest.mark.parametrize("calls", [0, 1, 2])
async def test_a_lost_worker_is_followed_by_one_that_goes_on(world: World, what: str, calls: int) -> None:
    batch = await enriched(world, ROWS)
    upload = await world.pg.fetchval("select uid::text from uploads")
    await world.pg.execute('update uploads set header = \'["Email", "Company"]\'')
    request = wanted(world, what, batch=batch, upload=upload)
    job = await asked(world, request)
    await lose_a_worker(world.db, "store_export_piece", calls)
    with pytest.raises(ConflictError, match="not ready"):
        await world.db.read("export_file", job=job["uid"])
    await world.pg.execute("update file_jobs set lease_until = now() - interval '1 second'")
    job = await finished(world.db, job["uid"])
    assert (job["state"], job["attempts"], job["done_rows"]) == ("READY", 2, ROWS)
    content = await content_of(world, job["uid"])
    assert content == await at_once(world, request)
    assert len(list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))) == ROWS + 1


async def test_a_row_longer_than_a_piece_is_cut_and_put_together(world: World) -> None:
    await enriched(world, 3, headline="x" * 1_000)
    request = wanted(world, "leads", columns=["person_name", "headline"])
    job = await asked(world, request)
    await lose_a_worker(world.db, "store_export_piece", 2)
    await world.pg.execute("update file_jobs set lease_until = now() - interval '1 second'")
    await finished(world.db, job["uid"])
    assert await content_of(world, job["uid"]) == await at_once(world, request)


async def test_parquet_is_stored_whole_and_made_beside_the_event_loop(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await enriched(world, ROWS)
    threads: list[threading.Thread] = []
    sink = pl.LazyFrame.sink_parquet

    def noted(frame: pl.LazyFrame, *args: Any, **options: Any) -> Any:
        threads.append(threading.current_thread())
        return sink(frame, *args, **options)

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", noted)
    path = await leads_parquet(world.db, world.client, {}, ["person_name"])
    assert path.read_bytes()[:4] == b"PAR1"
    path.unlink()
    assert threading.main_thread() not in threads
    job = await asked(world, wanted(world, "leads_parquet", columns=["person_name"]), "leads.parquet")
    await lose_a_worker(world.db, "store_export_piece", 1)
    await world.pg.execute("update file_jobs set lease_until = now() - interval '1 second'")
    job = await finished(world.db, job["uid"])
    assert job["done_rows"] == ROWS
    assert pl.read_parquet(io.BytesIO(await content_of(world, job["uid"]))).height == ROWS


async def test_rows_are_counted_before_anything_is_made(world: World) -> None:
    batch = await enriched(world, 5)
    upload = await world.pg.fetchval("select uid::text from uploads")
    for what in ("leads", "people", "batch", "rows", "leads_parquet"):
        assert await count_rows(world.db, wanted(world, what, batch=batch, upload=upload)) == 5
    assert await count_rows(world.db, wanted(world, "leads"), most=3) == 4
    with pytest.raises(InputError, match="Unknown column: wrong"):
        await count_rows(world.db, wanted(world, "leads", columns=["wrong"]))
    nobody = "00000000-0000-0000-0000-000000000000"
    for what in ("leads", "people", "batch", "rows"):
        with pytest.raises(NotFoundError):
            await count_rows(world.db, wanted(world, what, client=nobody, batch=nobody, upload=nobody))


async def test_an_export_is_one_while_it_is_made_and_gone_after_a_day(world: World) -> None:
    await enriched(world, 3)
    first, second = await asked(world, wanted(world, "leads")), await asked(world, wanted(world, "leads"))
    assert first["uid"] == second["uid"]
    await finished(world.db, first["uid"])
    assert (await asked(world, wanted(world, "leads")))["uid"] != first["uid"]
    await world.pg.execute("update file_jobs set finished_at = now() - interval '25 hours' where state = 'READY'")
    await pieces.sweep_files(world.db)
    assert await world.pg.fetchval("select count(*) from file_pieces") == 0
    with pytest.raises(NotFoundError, match="has expired"):
        await world.db.read("export_file", job=first["uid"])


async def test_an_export_of_what_is_gone_fails_in_words(world: World) -> None:
    job = await asked(world, wanted(world, "batch", batch="00000000-0000-0000-0000-000000000000"))
    await file_jobs.work_off(world.db)
    job = await world.db.read("file_job", job=job["uid"])
    assert (job["state"], job["error"]) == ("FAILED", "There is no such batch.")


async def test_files_that_were_made_before_an_erasure_are_withdrawn(world: World) -> None:
    await enriched(world, ROWS)
    ready = await asked(world, wanted(world, "leads"))
    await finished(world.db, ready["uid"])
    half = await asked(world, wanted(world, "leads", columns=["email"]))
    await lose_a_worker(world.db, "store_export_piece", 1)
    await world.pg.execute("select leadloom.withdraw_exports()")
    states = {uid: (await world.db.read("file_job", job=uid))["state"] for uid in (ready["uid"], half["uid"])}
    assert states == {ready["uid"]: "EXPIRED", half["uid"]: "WAITING"}
    await world.pg.execute("update final_leads set email = null")
    job = await finished(world.db, half["uid"])
    assert job["state"] == "READY"
    assert b"acme.example" not in await content_of(world, half["uid"])


async def test_an_export_that_waits_for_its_next_worker_is_made_anew_after_an_erasure(world: World) -> None:
    """What its last worker had made before it gave the job back holds what is gone."""
    await enriched(world, ROWS)
    job = await asked(world, wanted(world, "leads", columns=["email"]))
    await lose_a_worker(world.db, "store_export_piece", 2)
    holder = await world.pg.fetchval("select holder from file_jobs")
    assert (await world.db.call("release_file_job", job=job["uid"], holder=str(holder), error=None))["released"]
    await world.pg.execute("select leadloom.withdraw_exports()")
    await world.pg.execute("update final_leads set email = null")
    assert (await finished(world.db, job["uid"]))["state"] == "READY"
    assert b"acme.example" not in await content_of(world, job["uid"])
