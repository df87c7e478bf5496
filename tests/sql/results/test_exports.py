"""Exports: every uploaded row is in a batch's file, no cell is a formula, lists stream whole."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

from app.errors import InputError
from app.results.exports import batch_csv, export_batch, leads_csv, people_csv
from app.results.parquet import leads_parquet
from tests.engine_kit import World
from tests.results_kit import customers, enriched


async def text_of(pieces: object) -> str:
    parts = [part.content async for part in pieces]  # type: ignore[attr-defined]
    return b"".join(parts).decode()


async def test_a_filtered_list_has_the_chosen_columns_and_all_rows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.results.exports.PAGE_ROWS", 2)
    await enriched(world, 5)
    await customers(world, {"name": "Kestrel", "name_key": "kestrel", "domain": "kstrl.example"})
    wanted = ["person_name", "email", "is_new_in_role", "customers"]
    rows = list(csv.reader(io.StringIO(await text_of(leads_csv(world.db, world.client, {}, wanted)))))
    assert rows[0] == ["Name", "E-mail", "New in role", "Customers"]
    assert len(rows) == 6
    assert rows[1] == ["Ann Number1", "p1@acme.example", "yes", "Kestrel (former, 2019\u20132022; by domain)"]
    none = await text_of(leads_csv(world.db, world.client, {"country": ["France"]}, wanted))
    assert none.count("\r\n") == 1
    with pytest.raises(InputError, match="Unknown column: wrong"):
        await text_of(leads_csv(world.db, world.client, {}, ["wrong"]))


async def test_found_people_leave_with_the_positions_that_were_found(world: World) -> None:
    await enriched(world, 2)
    text = await text_of(people_csv(world.db, world.client, {"domain": "kstrl.example", "status": "former"}))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["Name"], row["Job title"], row["To"], row["Still there"]) for row in rows] == [
        ("Ann Number2", "Analyst", "2022", "no"),
        ("Ann Number1", "Analyst", "2022", "no"),
    ]


async def test_no_cell_starts_a_formula(world: World) -> None:
    await enriched(world, 1, headline='=HYPERLINK("http://x")', first_name="@Ann", name="@Ann")
    text = await text_of(leads_csv(world.db, world.client, {}, ["person_name", "headline"]))
    assert text.splitlines()[1] == '\'@Ann,"\'=HYPERLINK(""http://x"")"'


async def test_parquet_has_typed_columns(world: World) -> None:
    await enriched(world, 3)
    path = await leads_parquet(world.db, world.client, {}, ["person_name", "employee_count", "is_new_in_role"])
    frame = pl.read_parquet(path)
    path.unlink()
    assert frame.schema == {"person_name": pl.String, "employee_count": pl.Int64, "is_new_in_role": pl.Boolean}
    assert frame.height == 3
    empty = await leads_parquet(world.db, world.client, {"country": ["France"]}, ["person_name"])
    assert pl.read_parquet(empty).height == 0
    empty.unlink()


async def test_a_batch_export_accounts_for_every_row(world: World, tmp_path: Path) -> None:
    batch = await world.launch(6, "alpha", "beta", columns={"Email": "'p' || g || '@acme.example'"})
    await world.complete(await world.claim())
    items = await world.claim()
    await world.complete(items[:3])
    await world.fail(items[3:5], code="clay_error", text="=No such person", retry=False)
    await world.pg.execute('update uploads set header = \'["Email", "Company"]\'')
    await world.advance()
    out = tmp_path / "leads.csv"
    export = await export_batch(world.db, batch, out)
    rows = list(csv.DictReader(out.open(newline="", encoding="utf-8")))
    assert len(rows) == 6
    assert [row["leadloom_status"] for row in rows] == ["delivered"] * 3 + ["failed"] * 2 + ["waiting"]
    told = [rows[3][f"leadloom_{name}"] for name in ("failed_at", "code", "reason")]
    assert told == ["Beta", "clay_error", "'=No such person"]
    assert "leadloom_alpha_out" in rows[0]
    assert rows[0]["Email"] == "p1@acme.example"
    assert rows[0]["Company"] == "Company 1"
    manifest = json.loads((tmp_path / "leads.csv.manifest.json").read_text())
    assert manifest == export.manifest
    assert manifest["uploaded"] == 6 == manifest["delivered"] + manifest["failed"] + manifest["waiting"]
    assert await text_of(batch_csv(world.db, batch)) == out.read_bytes().decode()


async def test_rows_that_were_never_begun_are_in_the_export(world: World, tmp_path: Path) -> None:
    batch = await enriched(world, 3, "alpha")
    await world.pg.execute("delete from batch_items where row_number = 3")
    export = await export_batch(world.db, batch, tmp_path / "x.csv")
    assert (export.manifest["uploaded"], export.manifest["waiting"]) == (3, 1)
    await world.pg.execute("update batches set state = 'CANCELLED'")
    export = await export_batch(world.db, batch, tmp_path / "x.csv")
    assert (export.manifest["uploaded"], export.manifest["failed"]) == (3, 1)
