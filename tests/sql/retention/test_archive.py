"""The archive takes payloads out and brings every one back, wherever it is cut off and whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.db import Database
from app.engine.replay import extract_batches
from app.engine.retention import archive
from app.engine.retention.archive import ArchiveError, archivable, archive_batch, read_part, restore_batch
from app.engine.retention.deletion import request_deletion, work_off_deletion
from app.engine.retention.erasure import Person, erase
from app.engine.retention.scrubbing import remove_files, scrub_files
from app.errors import ConflictError
from tests.conftest import TestStack
from tests.engine_kit import World, make_world
from tests.results_kit import enriched

DAYS = 24 * 3600
PAYLOADS = """
select 'r', batch_item_id::text || '.' || step_index, raw::text from enrichment_results where raw is not null
union all select 's', id::text, raw::text from superseded_results where raw is not null
union all select 'c', id::text, body from callback_inbox where body <> '' order by 1, 2
"""
Rows = set[tuple[str, str, str]]


@pytest.fixture
async def world(db: Database, pg: asyncpg.Connection) -> World:
    return await make_world(db, pg)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several files of several calls each, although there are few rows."""
    monkeypatch.setattr(archive, "PART_BYTES", 2_500)
    monkeypatch.setattr(archive, "ITEMS_A_CALL", 2)
    monkeypatch.setattr(archive, "KEYS_A_CALL", 2)
    monkeypatch.setattr(archive, "RESTORE_BYTES_A_CALL", 1_500)


async def ended(world: World, rows: int = 6) -> str:
    """A batch that ended long ago, with results, older results and callbacks of every row."""
    batch = await enriched(world, rows)
    await world.db.call("cancel_batch", batch=batch, actor="test")
    await world.pg.execute(
        """insert into superseded_results
             (batch_item_id, step_index, step_name, attempt, source, raw, parsed, created_at)
           select id, 0, 'alpha', 1, 'clay', jsonb_build_object('older', row_number), '{}', now() from batch_items"""
    )
    await world.pg.execute(
        """insert into callback_inbox (workflow_slug, body, verdict, batch_id, batch_item_id, settled_at)
           select 'alpha', '{"né": ' || row_number || E', "x":\\t"—"}', 'duplicate', batch_id, id, now()
           from batch_items"""
    )
    await world.pg.execute("update batches set finished_at = now() - interval '100 days' where uid = $1::uuid", batch)
    return batch


async def payloads(world: World) -> Rows:
    return {tuple(row) for row in await world.pg.fetch(PAYLOADS)}


async def out_there(world: World, folder: Path) -> Rows:
    """What the recorded files hold."""
    kept: Rows = set()
    for file in await world.pg.fetch("select kind, path from archive_files"):
        for row in read_part(folder / file["path"]):
            key = f"{row['id']}.{row['step']}" if file["kind"] == "results" else str(row["id"])
            kept.add((file["kind"][0], key, row["body"]))
    return kept


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.parquet")}


async def test_out_and_back_again_nothing_is_different(world: World, tmp_path: Path) -> None:
    batch = await ended(world)
    before = await payloads(world)
    assert len(before) == 18
    assert [one["batch"] for one in await archivable(world.db, 90 * DAYS)] == [batch]
    done = await archive_batch(world.db, tmp_path, batch, actor="test")
    assert (done.payloads, done.complete) == (18, True)
    assert done.files > 3
    assert await payloads(world) == set()
    assert await out_there(world, tmp_path) == before
    assert await archivable(world.db, 90 * DAYS) == []
    assert (await archive_batch(world.db, tmp_path, batch, actor="test")).payloads == 0, "again is nothing"
    back = await restore_batch(world.db, tmp_path, batch, actor="test")
    assert back.payloads == 18
    assert await payloads(world) == before
    with pytest.raises(ConflictError, match="No part of this batch is archived"):
        await restore_batch(world.db, tmp_path, batch, actor="test")
    assert await archivable(world.db, 90 * DAYS) == [], "what was brought back stays for as long again"
    assert (await archive_batch(world.db, tmp_path, batch, actor="test")).payloads == 18, "a second time, in more files"
    assert (await restore_batch(world.db, tmp_path, batch, actor="test")).payloads == 18
    assert await payloads(world) == before


class Dying(Database):
    """A process that is killed at its n-th call: before it is made, or after it was carried out."""

    def __init__(self, db: Database, at: int, *, after: bool) -> None:
        self._real, self._left, self._after = db, at, after

    async def call(self, function: str, /, **args: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise KilledError
        answer = await self._real.call(function, **args)
        if self._left == 0:
            raise KilledError
        return answer

    async def read(self, function: str, /, **args: Any) -> Any:
        return await self.call(function, **args)


class KilledError(BaseException):
    """What no handler catches."""


def moments() -> Iterator[tuple[int, bool]]:
    """Every call of a run, counted from 1, before and after."""
    for at in range(1, 100):
        yield at, False
        yield at, True


@pytest.mark.parametrize("work", [archive_batch, restore_batch])
async def test_killed_at_any_call_nothing_is_lost_and_the_next_run_ends_it(
    world: World, tmp_path: Path, work: Any
) -> None:
    batch = await ended(world, 4)
    before = await payloads(world)
    for at, after in moments():
        if work is restore_batch:
            await archive_batch(world.db, tmp_path, batch, actor="test")
        try:
            await work(Dying(world.db, at, after=after), tmp_path, batch, actor="test")
        except KilledError:
            assert await payloads(world) | await out_there(world, tmp_path) == before
            try:
                await work(world.db, tmp_path, batch, actor="test")
            except ConflictError:  # killed when all was done
                assert work is restore_batch
        else:
            break
        if work is archive_batch:
            assert await payloads(world) == set()
            assert await out_there(world, tmp_path) == before
            await restore_batch(world.db, tmp_path, batch, actor="test")
        assert await payloads(world) == before
    assert at > 8


async def test_a_file_that_was_begun_and_never_recorded_is_written_again(world: World, tmp_path: Path) -> None:
    batch = await ended(world)
    before = await payloads(world)
    (tmp_path / batch).mkdir()
    (tmp_path / batch / "results-0001.parquet").write_bytes(b"half a fi")
    (tmp_path / batch / ".results-0001.parquet.4711").write_bytes(b"PAR1")
    assert (await archive_batch(world.db, tmp_path, batch, actor="test")).complete
    assert await out_there(world, tmp_path) == before
    assert list((tmp_path / batch).glob(".*")) == []


async def test_what_changed_after_it_was_written_stays(world: World, tmp_path: Path, stack: TestStack) -> None:
    batch = await ended(world, 2)

    class Meanwhile(Dying):
        async def call(self, function: str, /, **args: Any) -> Any:
            if function == "remove_archived":
                await world.pg.execute("update enrichment_results set raw = '{\"new\": 1}' where raw is not null")
            return await self._real.call(function, **args)

    done = await archive_batch(Meanwhile(world.db, 0, after=False), tmp_path, batch, actor="test")
    assert not done.complete
    assert {body for kind, _, body in await payloads(world) if kind == "r"} == {'{"new": 1}'}
    assert (await archive_batch(world.db, tmp_path, batch, actor="test")).complete


@pytest.mark.parametrize("harm", ["cut", "flipped", "gone"])
async def test_a_damaged_file_is_refused_and_nothing_is_changed(world: World, tmp_path: Path, harm: str) -> None:
    batch = await ended(world)
    await archive_batch(world.db, tmp_path, batch, actor="test")
    file = max((tmp_path / batch).glob("*.parquet"))
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        middle = len(content) // 2
        file.write_bytes(
            content[:middle] + (b"" if harm == "cut" else bytes([content[middle] ^ 1]) + content[middle + 1 :])
        )
    with pytest.raises(ArchiveError):
        await restore_batch(world.db, tmp_path, batch, actor="test")
    assert await payloads(world) == set()
    file.write_bytes(content)
    assert (await restore_batch(world.db, tmp_path, batch, actor="test")).payloads == 18


async def test_what_needs_the_payloads_says_how_to_bring_them_back(world: World, tmp_path: Path) -> None:
    batch = await ended(world, 3)
    await world.pg.execute("update batches set state = 'COMPLETED' where true")
    await archive_batch(world.db, tmp_path, batch, actor="test")
    items = [row["uid"] for row in await world.pg.fetch("select uid::text from batch_items")]
    for function, args in (
        ("retry_failed", {"batch": batch, "filter": {}}),
        ("reset_items", {"items": items, "from_step": 0}),
    ):
        with pytest.raises(ConflictError, match=f"leadloom archive --restore {batch}"):
            await world.db.call(function, actor="test", **args)
    with pytest.raises(ConflictError, match="archived"):
        await extract_batches(world.db, [batch], actor="test")


async def test_a_running_batch_is_not_archived(world: World, tmp_path: Path) -> None:
    batch = await world.launch(2)
    with pytest.raises(ConflictError, match="has not finished"):
        await archive_batch(world.db, tmp_path, batch, actor="test")
    assert await archivable(world.db, 0) == []


async def test_an_erased_person_does_not_come_back(world: World, tmp_path: Path) -> None:
    batch = await ended(world, 3)
    await archive_batch(world.db, tmp_path, batch, actor="test")
    record = await erase(world.db, Person.of("p2@acme.example"), actor="test")
    assert record["archives"], "the record names the files that hold the person still"
    back = await restore_batch(world.db, tmp_path, batch, actor="test")
    assert back.payloads == 6, "of the two others"
    assert "ann-2" not in "".join(body for _, _, body in await payloads(world))


async def test_the_files_follow_an_erasure_where_they_are_at_hand(world: World, tmp_path: Path) -> None:
    batch = await ended(world, 3)
    await world.pg.execute(
        """update callback_inbox set body = '{"seen with": "https://linkedin.com/in/ann-2", "kept": 1}'
           where batch_item_id = (select max(id) from batch_items)"""
    )
    await archive_batch(world.db, tmp_path, batch, actor="test")
    person = Person.of("p2@acme.example", "https://www.linkedin.com/in/ann-2")
    record = await erase(world.db, person, actor="test")
    assert await scrub_files(world.db, tmp_path / "elsewhere", record, person) == record["archives"]
    assert await scrub_files(world.db, tmp_path, record, person) == []
    assert await world.pg.fetchval("select archives from erasures") == []
    text = "".join(body for _, _, body in await out_there(world, tmp_path))
    assert "ann-2" not in text
    assert '{"seen with": "https://[erased]", "kept": 1}' in text
    assert (await restore_batch(world.db, tmp_path, batch, actor="test")).payloads == 6


async def test_the_files_follow_a_deletion(world: World, tmp_path: Path) -> None:
    batch = await ended(world, 2)
    await archive_batch(world.db, tmp_path, batch, actor="test")
    record = await request_deletion(world.db, "client", world.client, confirm="Northgate", actor="test")
    record = await work_off_deletion(world.db, record["uid"])
    assert files_in(tmp_path) == set(record["archives"]) != set()
    assert await remove_files(world.db, tmp_path, record) == []
    assert files_in(tmp_path) == set()
    assert await world.pg.fetchval("select count(*) from archive_files") == 0
