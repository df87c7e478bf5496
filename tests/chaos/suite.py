"""Many chaos runs and their table: `make chaos RUNS=60`.

    python -m tests.chaos.suite --runs 60 --rows 300       # seeds 1 to 60, and docs/reliability.md
    python -m tests.chaos.suite --seed 17                  # one of them again

A run whose auditor speaks keeps its folder (database, logs, record of the wires); the others are removed.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.installation import prepare_home
from tests.chaos.plan import plan_of
from tests.chaos.report import write_report
from tests.chaos.run import RunReport, run

ROOT = Path(__file__).parents[2]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Break an installation at random, and audit what is left.")
    parser.add_argument("--runs", type=int, default=60, help="how many seeds, from 1 on (or from --seed)")
    parser.add_argument("--seed", type=int, help="the first seed; alone: only this one")
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="where the installations are made; default: a temporary folder")
    parser.add_argument("--report", action="store_true", help="write docs/reliability.md")
    args = parser.parse_args()
    if args.seed is not None and "--runs" not in sys.argv:
        args.runs = 1
    return args


async def _main() -> int:
    args = _arguments()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="leadloom-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    prepared = folder / "prepared"
    if not prepared.exists():
        await prepare_home(prepared)
    reports: list[RunReport] = []
    first = 1 if args.seed is None else args.seed
    for seed in range(first, first + args.runs):
        home = folder / f"seed-{seed}"
        shutil.rmtree(home, ignore_errors=True)
        report = await run(plan_of(seed, args.rows), prepared, home)
        reports.append(report)
        _tell(report, home, args.rows)
        if not report.findings:
            shutil.rmtree(home, ignore_errors=True)
        if args.report:
            write_report(ROOT / "docs" / "reliability.md", reports)
    failed = [str(report.plan.seed) for report in reports if report.findings]
    print(f"{len(reports)} runs, {len(failed)} with findings" + (f": seeds {', '.join(failed)}" if failed else ""))
    if not failed and args.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def _tell(report: RunReport, home: Path, rows: int) -> None:
    books = report.books
    counts = f"{dict(books.items)} booked {books.booked} received {books.received}" if books else "no books"
    print(f"seed {report.plan.seed}: {report.seconds:.0f} s, {counts}, {len(report.findings)} findings", flush=True)
    for happened in report.happened:
        print(f"    {happened}")
    for finding in report.findings:
        print(f"    !! {finding}")
    if report.findings:
        again = f"python -m tests.chaos.suite --seed {report.plan.seed} --rows {rows}"
        print(f"    Again: {again}\n    Its folder: {home}", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
