"""How long the compute workflows take per row of a realistic Apollo export: `python bench/workflows.py [ROWS]`.

No database: this is the work itself, what the dispatcher adds to it is measured by the engine's benchmark.
"""

from __future__ import annotations

import csv
import io
import sys
import time

from app.headers import match_headers
from app.local.samples import write_people
from app.workflows import registry

STEPS = ("split_raw", "normalize_name", "normalize_domain")


def main(rows: int) -> None:
    """Push the rows through the steps one after another, as a pipeline does, and print the time each one took."""
    raw = io.BytesIO()
    write_people(raw, rows)
    table = list(csv.DictReader(io.StringIO(raw.getvalue().decode("utf-8-sig"))))
    mapping = match_headers(list(table[0]), "people").mapping
    fields: list[dict[str, object]] = [{} for _ in table]
    total = 0.0
    print(f"{rows:,} rows, {len(table[0])} columns, {len(mapping)} mapped")
    for slug in STEPS:
        workflow = registry()[slug]
        start = time.perf_counter()
        for item, row in zip(fields, table, strict=True):
            parsed, _ = workflow.execute(item, row, mapping)
            item.update(parsed)
        took = (time.perf_counter() - start) / rows * 1e6
        total += took
        print(f"  {slug:<18} {took:7.1f} µs a row")
    print(f"  {'together':<18} {total:7.1f} µs a row, {1e6 / total:,.0f} rows a second")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
