"""Many chaos runs and their table: `make chaos RUNS=60`.

    python -m tests.chaos.suite --runs 60 --rows 300       # seeds 1 to 60, and docs/explanations/reliability.md
    python -m tests.chaos.suite --seed 17                  # one of them again

A run whose auditor speaks keeps its folder (database, logs, record of the wires); the others are removed.
"""

from __future__ import annotations

import argparse
import asyncio
import pickle
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
    parser.add_argument("--jobs", type=int, default=2, help="how many installations at once; a run mostly waits")
    parser.add_argument("--folder", type=Path, help="where the installations are made; default: a temporary folder")
    parser.add_argument("--report", action="store_true", help="write docs/explanations/reliability.md")
    parser.add_argument(
        "--into", type=Path, help=argparse.SUPPRESS
    )  # one run's report, for the suite that asked for it
    args = parser.parse_args()
    if args.seed is not None and "--runs" not in sys.argv:
        args.runs = 1
    return args


async def _one(seed: int, rows: int, folder: Path) -> RunReport:
    """One run in this process."""
    home = folder / f"seed-{seed}"
    await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
    return await run(plan_of(seed, rows), folder / "prepared", home)


async def _in_a_process(seed: int, rows: int, folder: Path) -> RunReport:
    """One run in a process of its own: settings are a process's, and so are the consequences of a defect of ours."""
    path = folder / f"seed-{seed}.report"
    words = ("--seed", str(seed), "--rows", str(rows), "--folder", str(folder), "--into", str(path))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.chaos.suite", *words)
    code = await process.wait()
    if not path.exists():
        report = RunReport(plan_of(seed, rows))
        report.find("run", f"its process ended with {code} and left no report")
        return report
    report = pickle.loads(await asyncio.to_thread(path.read_bytes))  # noqa: S301 -- our own process wrote it
    path.unlink()
    assert isinstance(report, RunReport)
    return report


async def _suite(args: argparse.Namespace, folder: Path) -> list[RunReport]:
    first = 1 if args.seed is None else args.seed
    queue = list(range(first, first + args.runs))
    reports: list[RunReport] = []

    async def worker() -> None:
        while queue:
            seed = queue.pop(0)
            report = await _in_a_process(seed, args.rows, folder)
            reports.append(report)
            reports.sort(key=lambda one: one.plan.seed)
            _tell(report, folder / f"seed-{seed}", args.rows)
            if not report.findings:
                await asyncio.to_thread(shutil.rmtree, folder / f"seed-{seed}", ignore_errors=True)
            if args.report:
                write_report(ROOT / "docs" / "explanations" / "reliability.md", reports)

    await asyncio.gather(*(worker() for _ in range(args.jobs)))
    return reports


async def _main() -> int:
    args = _arguments()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="leadloom-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    if args.into is not None:
        args.into.write_bytes(pickle.dumps(await _one(args.seed, args.rows, folder)))
        return 0
    if not (folder / "prepared").exists():
        await prepare_home(folder / "prepared")
    reports = await _suite(args, folder)
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
