"""A batch as CSV, row by row: what came in, how it ended, what is known now.

The stream reads one page of the read model at a time, so a batch of any size is exported in bounded memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from app.csv_out import csv_line
from app.db import Database

__all__ = ["batch_csv"]

PAGE = 500
IDENTITY = (
    *("person_name", "first_name", "last_name", "title", "email", "linkedin", "company_name", "company_domain"),
    *("company_linkedin", "website", "industry", "country"),
)


async def batch_csv(db: Database, batch: str) -> AsyncIterator[bytes]:
    """Every row of the batch: row number, state, error, known fields, results, then the original columns.

    Args:
        db: the database.
        batch: the batch's uid.

    Yields:
        Chunks of UTF-8 CSV with a byte order mark, so that Excel reads the letters right.
    """
    after = 0
    page = await db.read("export_batch_rows", batch=batch, after=after, limit=PAGE)
    header, fields = page["header"], page["fields"]
    lead = ("row", "state", "failed_at", "error_code", "error", *IDENTITY)
    yield "\ufeff".encode() + csv_line([*lead, *fields, *(f"original: {name}" for name in header)])
    while page["rows"]:
        yield b"".join(_line(row, header, fields) for row in page["rows"])
        after = page["rows"][-1]["row_number"]
        page = await db.read("export_batch_rows", batch=batch, after=after, limit=PAGE)


def _line(row: dict[str, Any], header: list[str], fields: list[str]) -> bytes:
    results, original, identity = row["results"], row["original"], row["identity"]
    return csv_line(
        [
            row["row_number"],
            row["state"],
            row["failed_at"],
            row["error_code"],
            row["error_text"],
            *(identity.get(name) for name in IDENTITY),
            *(results.get(name) for name in fields),
            *(original.get(name) for name in header),
        ]
    )
