"""Leads out of the system: any filtered list, or a whole batch with every uploaded row, as CSV or Parquet.

Rows come page by page and leave line by line, so there is no limit on how many; nothing is ever held but one page.
CSV is UTF-8, and no cell can start a formula (`app/csv_out.py`).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from app.csv_out import csv_line
from app.db import Database
from app.errors import InputError
from app.export_columns import DEFAULT_COLUMNS, FLAGS, LEAD_COLUMNS, NUMBERS, chosen_columns

__all__ = [
    "DEFAULT_COLUMNS",
    "LEAD_COLUMNS",
    "BatchExport",
    "batch_csv",
    "chosen_columns",
    "export_batch",
    "leads_csv",
    "leads_parquet",
    "people_csv",
]

OUTCOME = ("status", "failed_at", "code", "reason")
"""What became of a row of a batch: delivered, failed or waiting; at which step, with which code, and why."""
PAGE_ROWS = 1_000
BOM = "\ufeff".encode()
"""What Excel recognises UTF-8 by; programs need none."""


def _shown(value: Any) -> Any:
    """A value as a cell: flags as yes and no, lists in one cell, everything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _joined(value) if isinstance(value, (list, dict)) else value


def _joined(value: Any) -> str:
    """A list in one cell: texts by semicolons; customers with what the match says."""
    if isinstance(value, list):
        return "; ".join(_customer(item) if isinstance(item, dict) else str(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _customer(customer: dict[str, Any]) -> str:
    positions = [p for p in customer.get("positions") or [] if p]
    years = [str(p.get(edge, ""))[:4] for p in positions for edge in ("start", "end") if p.get(edge)]
    span = f", {min(years)}\u2013{max(years)}" if years else ""
    doubt = ", other domain" if customer.get("domain_differs") else ""
    return f"{customer.get('name')} ({customer.get('status')}{span}; by {customer.get('match')}{doubt})"


async def lead_pages(
    db: Database, client: str | None, filters: dict[str, Any], *, page_rows: int = PAGE_ROWS
) -> AsyncIterator[list[dict[str, Any]]]:
    """All leads that the filters match, oldest first, a page at a time."""
    after: int | None = None
    while True:
        page = await db.read(
            "search_leads",
            client=client,
            filters=filters,
            after=after,
            limit=page_rows,
            newest_first=False,
            count_cap=0,
        )
        if page["rows"]:
            yield page["rows"]
            after = page["rows"][-1]["id"]
        if not page["more"]:
            return


async def leads_csv(
    db: Database, client: str | None, filters: dict[str, Any], columns: Sequence[str] | None = None
) -> AsyncIterator[bytes]:
    """A filtered list as CSV, in pieces.

    Args:
        db: the database.
        client: one client's leads, or all of them.
        filters: those of `search_leads`.
        columns: names out of `LEAD_COLUMNS`; `DEFAULT_COLUMNS` when absent.

    Yields:
        UTF-8 text with CRLF line ends, header first.

    Raises:
        InputError: there is no such column.
    """
    wanted = chosen_columns(columns)
    yield csv_line([LEAD_COLUMNS[name] for name in wanted])
    async for rows in lead_pages(db, client, filters):
        yield b"".join(csv_line([_shown(row.get(name)) for name in wanted]) for row in rows)


async def people_csv(db: Database, client: str | None, filters: dict[str, Any]) -> AsyncIterator[bytes]:
    """People found by their work history as CSV: one line per position that was found.

    Args:
        db: the database.
        client: one client's people, or all.
        filters: those of `search_people`.
    """
    yield csv_line(PEOPLE_COLUMNS)
    after: int | None = None
    while True:
        page = await db.read("search_people", client=client, filters=filters, after=after, limit=PAGE_ROWS, count_cap=0)
        for person in page["rows"]:
            yield b"".join(csv_line(_person_line(person, p)) for p in person["positions"] if p["hit"])
        if not page["more"]:
            return
        after = page["rows"][-1]["id"]


PEOPLE_COLUMNS = (
    *("Name", "Title today", "Company today", "E-mail", "LinkedIn", "Country"),
    *("Worked at", "Domain", "As", "From", "To", "Still there", "Customer", "Matched by"),
)


def _person_line(person: dict[str, Any], position: dict[str, Any]) -> list[Any]:
    has_left = position["has_left"]
    return [
        *(person[name] for name in ("person_name", "title", "company_name", "email", "linkedin", "country")),
        *(position[name] for name in ("company_name", "company_domain", "title", "start", "end")),
        "unknown" if has_left is None else "no" if has_left else "yes",
        position["customer_name"],
        position["match"],
    ]


async def leads_parquet(
    db: Database, client: str | None, filters: dict[str, Any], columns: Sequence[str] | None = None
) -> Path:
    """A filtered list as a Parquet file with typed columns; the caller deletes it.

    Raises:
        InputError: there is no such column.
    """
    wanted = chosen_columns(columns)
    schema: dict[str, pl.DataType] = {
        name: pl.Int64() if name in NUMBERS else pl.Boolean() if name in FLAGS else pl.String() for name in wanted
    }
    with tempfile.TemporaryDirectory(prefix="leadloom-") as folder:
        lines = Path(folder) / "leads.ndjson"
        with lines.open("wb") as out:
            async for rows in lead_pages(db, client, filters):
                for row in rows:
                    out.write(orjson.dumps({name: _typed(name, row.get(name)) for name in wanted}) + b"\n")
        with tempfile.NamedTemporaryFile(prefix="leadloom-", suffix=".parquet", delete=False) as target:
            path = Path(target.name)
        if lines.stat().st_size == 0:
            pl.DataFrame(schema=schema).write_parquet(path)
        else:
            pl.scan_ndjson(lines, schema=schema).sink_parquet(path)
    return path


def _typed(name: str, value: Any) -> Any:
    if value is None or name in NUMBERS or name in FLAGS or isinstance(value, str):
        return value
    return _joined(value)


@dataclass(frozen=True)
class BatchExport:
    """What an export of a batch holds: the account of every uploaded row."""

    path: Path
    manifest: dict[str, Any]


async def batch_csv(
    db: Database, batch: str, columns: Sequence[str] | None = None, counts: dict[str, int] | None = None
) -> AsyncIterator[bytes]:
    """Every uploaded row of a batch as CSV: its original columns, what became of it, what is known now.

    Args:
        db: the database.
        batch: the batch's uid.
        columns: names out of `LEAD_COLUMNS`; when absent all of them, and every other field that the steps wrote.
        counts: filled with how many rows were written per outcome (`uploaded`, `delivered`, `failed`, `waiting`).

    Raises:
        NotFoundError: there is no such batch.
        InputError: there is no such column.
    """
    wanted = chosen_columns(columns or list(LEAD_COLUMNS))
    manifest = await db.read("batch_manifest", batch=batch)
    header: list[str] = manifest["header"]
    if columns is None:
        wanted += [name for name in manifest["fields"] if name not in LEAD_COLUMNS]
    tally = counts if counts is not None else {}
    tally |= dict.fromkeys(("uploaded", "delivered", "failed", "waiting"), 0)
    yield csv_line([*header, *(f"leadloom_{name}" for name in (*OUTCOME, *wanted))])
    after = 0
    while rows := await db.read("batch_export_rows", batch=batch, after=after, limit=PAGE_ROWS):
        after = rows[-1]["row_number"]
        for row in rows:
            tally["uploaded"] += 1
            tally[row["status"]] += 1
        yield b"".join(csv_line(_export_line(row, header, wanted)) for row in rows)


def _export_line(row: dict[str, Any], header: list[str], wanted: list[str]) -> list[Any]:
    original, known = row["original"], row["known"]
    return [
        *(original.get(name) for name in header),
        *(row[name] for name in OUTCOME),
        *(_shown(known.get(name)) for name in wanted),
    ]


async def export_batch(db: Database, batch: str, out: Path, columns: Sequence[str] | None = None) -> BatchExport:
    """Write a batch as CSV, and `<out>.manifest.json` beside it with the account of its rows.

    Raises:
        NotFoundError: there is no such batch.
        InputError: there is no such column, or the file cannot be written.
    """
    counts: dict[str, int] = {}
    partial = out.with_name(f".{out.name}.partial")
    try:
        with partial.open("wb") as file:
            async for piece in batch_csv(db, batch, columns, counts):
                file.write(piece)
        manifest = await db.read("batch_manifest", batch=batch)
        # The counts are those of the lines written: a batch that runs on meanwhile cannot make them disagree.
        manifest = {**manifest, **counts, "file": out.name}
        partial.replace(out)
        out.with_name(f"{out.name}.manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.", "Choose another place with --out.") from None
    finally:
        partial.unlink(missing_ok=True)
    return BatchExport(out, manifest)
