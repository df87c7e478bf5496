"""Leads out of the system: any filtered list, or a whole batch with every uploaded row, as CSV.

Rows come page by page and leave part by part, so there is no limit on how many; nothing is ever held but one page. Each
part says behind which row it ends: a file that takes long is made by a worker (`app/results/export_jobs.py`), and one
that was lost is followed by one that goes on there. CSV is UTF-8, and no cell can start a formula
(`app/results/csv_out.py`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.db import Database
from app.errors import InputError
from app.results.columns import DEFAULT_COLUMNS, LEAD_COLUMNS, chosen_columns
from app.results.csv_out import csv_line

__all__ = [
    "BOM",
    "DEFAULT_COLUMNS",
    "LEAD_COLUMNS",
    "BatchExport",
    "Part",
    "batch_csv",
    "chosen_columns",
    "export_batch",
    "joined",
    "lead_pages",
    "leads_csv",
    "people_csv",
    "rows_csv",
]

OUTCOME = ("status", "failed_at", "code", "reason", "not_found")
"""What became of a batch's row: delivered, failed or waiting; where, with which code, why; steps that found nothing."""
PAGE_ROWS = 1_000
BOM = "\ufeff".encode()
"""What Excel recognises UTF-8 by; programs need none."""


@dataclass(frozen=True)
class Part:
    """A piece of a file.

    Attributes:
        content: its bytes.
        after: the key of the last row in it; the next part begins behind that.
        rows: how many rows are in it.
    """

    content: bytes
    after: int
    rows: int


async def _part(rows: Sequence[Any], line: Callable[[Any], bytes], after: int) -> Part:
    """Lines are written in a thread: they take a while, and other requests shall not wait for them."""
    return Part(await asyncio.to_thread(lambda: b"".join(map(line, rows))), after, len(rows))


def _shown(value: Any) -> Any:
    """A value as a cell: flags as yes and no, lists in one cell, everything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return joined(value) if isinstance(value, (list, dict)) else value


def joined(value: Any) -> str:
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
    db: Database, client: str | None, filters: dict[str, Any], *, after: int | None = None
) -> AsyncIterator[list[dict[str, Any]]]:
    """All leads that the filters match, oldest first, a page at a time."""
    while True:
        page = await db.read(
            "search_leads",
            client=client,
            filters=filters,
            after=after,
            limit=PAGE_ROWS,
            newest_first=False,
            count_cap=0,
        )
        if page["rows"]:
            yield page["rows"]
            after = page["rows"][-1]["id"]
        if not page["more"]:
            return


async def leads_csv(
    db: Database,
    client: str | None,
    filters: dict[str, Any],
    columns: Sequence[str] | None = None,
    *,
    after: int | None = None,
) -> AsyncIterator[Part]:
    """A filtered list as CSV, in parts.

    Args:
        db: the database.
        client: one client's leads, or all of them.
        filters: those of `search_leads`.
        columns: names out of `LEAD_COLUMNS`; `DEFAULT_COLUMNS` when absent.
        after: go on behind the part that ended so; None begins with the header.

    Yields:
        UTF-8 text with CRLF line ends.

    Raises:
        InputError: there is no such column.
        NotFoundError: there is no such client.
    """
    wanted = chosen_columns(columns)
    if after is None:
        yield Part(csv_line([LEAD_COLUMNS[name] for name in wanted]), 0, 0)
    async for rows in lead_pages(db, client, filters, after=after):
        yield await _part(rows, lambda row: csv_line([_shown(row.get(name)) for name in wanted]), rows[-1]["id"])


async def people_csv(
    db: Database, client: str | None, filters: dict[str, Any], *, after: int | None = None
) -> AsyncIterator[Part]:
    """People found by their work history as CSV, in parts: one line per position that was found.

    Args:
        db: the database.
        client: one client's people, or all.
        filters: those of `search_people`.
        after: go on behind the part that ended so; None begins with the header.

    Raises:
        NotFoundError: there is no such client.
    """
    if after is None:
        yield Part(csv_line(PEOPLE_COLUMNS), 0, 0)
    after = after or None
    while True:
        page = await db.read("search_people", client=client, filters=filters, after=after, limit=PAGE_ROWS, count_cap=0)
        rows = page["rows"]
        if rows:
            after = rows[-1]["id"]
            yield await _part(rows, _person_lines, after)
        if not page["more"]:
            return


async def rows_csv(db: Database, upload: str, *, after: int | None = None) -> AsyncIterator[Part]:
    """The rows of an upload as they came, as CSV, in parts.

    Args:
        db: the database.
        upload: the upload's uid.
        after: go on behind the part that ended so; None begins with the header.

    Raises:
        NotFoundError: there is no such upload.
    """
    begin, after = after is None, after or 0
    while True:
        page = await db.read("upload_export_rows", upload=upload, after=after, limit=PAGE_ROWS)
        header, rows = page["header"], page["rows"]
        if begin:
            yield Part(csv_line(header), 0, 0)
            begin = False
        if not rows:
            return
        after += len(rows)
        yield await _part(rows, csv_line, after)


PEOPLE_COLUMNS = (
    *("Name", "Current title", "Current company", "E-mail", "LinkedIn", "Country"),
    *("Worked at", "Domain", "Job title", "From", "To", "Still there", "Customer", "Matched by"),
)


def _person_lines(person: dict[str, Any]) -> bytes:
    return b"".join(csv_line(_person_line(person, position)) for position in person["positions"] if position["hit"])


def _person_line(person: dict[str, Any], position: dict[str, Any]) -> list[Any]:
    has_left = position["has_left"]
    return [
        *(person[name] for name in ("person_name", "title", "company_name", "email", "linkedin", "country")),
        *(position[name] for name in ("company_name", "company_domain", "title", "start", "end")),
        "unknown" if has_left is None else "no" if has_left else "yes",
        position["customer_name"],
        position["match"],
    ]


@dataclass(frozen=True)
class BatchExport:
    """What an export of a batch holds: the account of every uploaded row."""

    path: Path
    manifest: dict[str, Any]


async def batch_csv(
    db: Database,
    batch: str,
    columns: Sequence[str] | None = None,
    counts: dict[str, int] | None = None,
    *,
    after: int | None = None,
) -> AsyncIterator[Part]:
    """Every uploaded row of a batch as CSV, in parts: its original columns, what became of it, what is known now.

    Args:
        db: the database.
        batch: the batch's uid.
        columns: names out of `LEAD_COLUMNS`; when absent all of them, and every other field that the steps wrote.
        counts: filled with how many rows were written per outcome (`uploaded`, `delivered`, `failed`, `waiting`).
        after: go on behind the part that ended so; None begins with the header.

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
    if after is None:
        yield Part(csv_line([*header, *(f"leadloom_{name}" for name in (*OUTCOME, *wanted))]), 0, 0)
    after = after or 0
    while rows := await db.read("batch_export_rows", batch=batch, after=after, limit=PAGE_ROWS):
        after = rows[-1]["row_number"]
        for row in rows:
            tally["uploaded"] += 1
            tally[row["status"]] += 1
        yield await _part(rows, lambda row: csv_line(_export_line(row, header, wanted)), after)


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
            async for part in batch_csv(db, batch, columns, counts):
                file.write(part.content)
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
