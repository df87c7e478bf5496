"""Leads as a Parquet file, for programs: typed columns, named and filtered as the CSV is (`app/results/exports.py`).

Parquet ends with its index, so the file is made whole on disk, in a thread, and given out afterwards.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from app.db import Database
from app.results.columns import FLAGS, NUMBERS, chosen_columns
from app.results.exports import joined, lead_pages

__all__ = ["leads_parquet"]


async def leads_parquet(
    db: Database,
    client: str | None,
    filters: dict[str, Any],
    columns: Sequence[str] | None = None,
    *,
    on_progress: Callable[[int], object] | None = None,
) -> Path:
    """A filtered list as a Parquet file; the caller deletes it.

    Args:
        db: the database.
        client: one client's leads, or all of them.
        filters: those of `search_leads`.
        columns: names out of `LEAD_COLUMNS`; `DEFAULT_COLUMNS` when absent.
        on_progress: called with the number of rows so far.

    Raises:
        InputError: there is no such column.
        NotFoundError: there is no such client.
    """
    wanted = chosen_columns(columns)
    written = 0
    with tempfile.TemporaryDirectory(prefix="leadloom-") as folder:
        lines = Path(folder) / "leads.ndjson"
        await asyncio.to_thread(lines.touch)
        async for rows in lead_pages(db, client, filters):
            await asyncio.to_thread(_write_lines, lines, rows, wanted)
            written += len(rows)
            if on_progress is not None:
                on_progress(written)
        return await asyncio.to_thread(_as_parquet, lines, wanted)


def _write_lines(lines: Path, rows: list[dict[str, Any]], wanted: Sequence[str]) -> None:
    with lines.open("ab") as out:
        for row in rows:
            cells = {name: _typed(name, row.get(name)) for name in wanted}
            out.write(orjson.dumps(cells, option=orjson.OPT_APPEND_NEWLINE))


def _as_parquet(lines: Path, wanted: Sequence[str]) -> Path:
    schema: dict[str, pl.DataType] = {
        name: pl.Int64() if name in NUMBERS else pl.Boolean() if name in FLAGS else pl.String() for name in wanted
    }
    with tempfile.NamedTemporaryFile(prefix="leadloom-", suffix=".parquet", delete=False) as target:
        path = Path(target.name)
    try:
        if lines.stat().st_size == 0:
            pl.DataFrame(schema=schema).write_parquet(path)
        else:
            pl.scan_ndjson(lines, schema=schema).sink_parquet(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _typed(name: str, value: Any) -> Any:
    if value is None or name in NUMBERS or name in FLAGS or isinstance(value, str):
        return value
    return joined(value)
