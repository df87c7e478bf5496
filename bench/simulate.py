"""So many rows a day on Modal and Supabase, worked out from what was measured.

    python -m bench.simulate [--rows 10000000] [--keep-days 14]

Reads `bench/results/*.jsonl`, so that it is renewed with them; what was not measured is said and left out, never
guessed. The model is linear: so many processor seconds a row for each part, on as many cores as they need; measured
points come out as they went in, and the rest is extrapolated. `docs/explanations/scale.md` says what the figures mean.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from bench.kit.results import Result, read_results

__all__ = ["Plan", "plan"]

DAY_S = 86_400
COMPUTED, PAID = 5, 2
"""Steps of the full pipeline: split, name, domain, work history, lead; company and person at Clay."""

# Bytes a row, from `python -m bench.storage` (bench/README.md, "Storage").
LIVING, TIDIED, ARCHIVED, IN_FILES = 26_739, 24_609, 19_874, 937
LIVING_DAYS = 2

# List prices in US dollars, without a chosen region: modal.com/pricing; supabase.com/pricing.
CORE_S, GIB_S = 0.0000131, 0.00000222
DISK_GB_MONTH, FREE_GB = 0.125, 8.0

# What Clay takes: records a second in a workspace, submissions in a webhook's life (`app/clay/config.py`).
CLAY_PER_S, CLAY_PER_WEBHOOK = 10, 50_000


@dataclass(frozen=True)
class Plan:
    """What so many rows a day come to.

    Attributes:
        figures: in words, with their values.
        missing: benchmarks without results, whose figures are left out.
    """

    figures: dict[str, str]
    missing: list[str]


def plan(rows: int, keep_days: int) -> Plan:
    """Work a day of `rows` rows out, all of them through the full pipeline.

    Args:
        rows: a day.
        keep_days: after which a batch is archived.
    """
    per_s = rows / DAY_S
    sends = per_s * PAID
    living, kept = min(LIVING_DAYS, keep_days), max(0, keep_days - LIVING_DAYS)
    stored = rows * (living * LIVING + kept * TIDIED)
    disk_gb = stored / 1e9
    disk_cost = max(0.0, disk_gb - FREE_GB) * DISK_GB_MONTH
    figures = {
        "rows per second, spread evenly over the day": f"{per_s:,.0f}",
        "item-steps per second": f"{per_s * (COMPUTED + PAID):,.0f}",
        "rows to Clay, and callbacks, per second": f"{sends:,.0f}",
        "Clay workspaces, at 10 records per second each": f"{-(-sends // CLAY_PER_S):,.0f}",
        "webhooks used up per day, at 50,000 submissions each": f"{rows * PAID / CLAY_PER_WEBHOOK:,.0f}",
        "new data per day, before archiving": f"{rows * LIVING / 1e9:,.0f} GB",
        f"disk, archived after {keep_days} days": f"{disk_gb:,.0f} GB, ${disk_cost:,.0f} a month",
        "archived rows kept in the database, per day": f"{rows * ARCHIVED / 1e9:,.0f} GB",
        "their payloads in archive files, per day": f"{rows * IN_FILES / 1e9:,.1f} GB",
    }
    missing = [name for name in ("engine", "ingest", "callbacks", "sends") if not read_results(name)[0]]
    figures |= _engine(per_s, rows) | _ingest(rows)
    return Plan(figures, missing)


def _engine(per_s: float, rows: int) -> dict[str, str]:
    results, ran = read_results("engine")
    real = next((one for one in results if one.what.startswith("the real")), None)
    if real is None:
        return {}
    cores = _cores(real, per_s * COMPUTED, ran["cores"])
    spent = cores * DAY_S * (CORE_S + GIB_S)
    measured = f"{real.ours.median:,.0f} item-steps/s on {ran['cores']}"
    return {
        "computed steps: cores, all parts": f"{cores:.1f} (measured: {measured})",
        "the same, if all ran on Modal": f"${spent:,.2f} a day, ${spent / rows * 100_000:.3f} per 100,000 rows",
    }


def _ingest(rows: int) -> dict[str, str]:
    results, _ = read_results("ingest")
    weighed = next((one for one in results if "processor" in one.unit), None)
    if weighed is None:
        return {}
    busy_s = rows / weighed.ours.median
    return {"ingest: processor hours per day, all parts": f"{busy_s / 3600:.1f}, ${busy_s * CORE_S:.2f}"}


def _cores(one: Result, wanted_per_s: float, cores: int) -> float:
    """Cores for a rate, where so many cores did what was measured."""
    return wanted_per_s / one.ours.median * cores


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows a day")
    parser.add_argument("--keep-days", type=int, default=14, help="days after which batches are archived")
    given = parser.parse_args()
    found = plan(given.rows, given.keep_days)
    print(f"| {given.rows:,} rows a day | |\n|---|---|")
    for name, value in found.figures.items():
        print(f"| {name} | {value} |")
    for name in found.missing:
        print(f"\nNot measured yet, and left out: python -m bench.{name}", end="")
    print()


if __name__ == "__main__":
    main()
