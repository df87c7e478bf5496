"""Writes docs/explanations/reliability.md: what was done to the installations, and what the auditor said."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.chaos.run import RunReport

__all__ = ["write_report"]

HEAD = """# Reliability

Written by `make chaos`; do not edit. Each run starts every part of Leadloom as its own process, launches one batch
with two paid steps, and breaks things while the batch is running: processes are killed and frozen, replies are lost,
duplicated and delayed, Supabase's edge refuses valid keys (`401 PGRST303`), Clay accepts rows but answers 5xx, cells
and answers contain values that no database accepts. Then an auditor that shares no code with the product compares the
books with what actually arrived at Clay and with the callbacks that were acknowledged (`tests/chaos/auditor.py`).

A run is identified by its seed: `python -m tests.chaos.suite --seed 17` repeats it.
"""

NEVER_ARRIVED = (
    "The sender died between marking and sending; the row may have been sent, so it is not sent again automatically."
)


def write_report(path: Path, reports: list[RunReport]) -> None:
    """Write the page for these runs."""
    path.write_text("\n".join([HEAD, *_summary(reports), *_table(reports), ""]))


def _summary(reports: list[RunReport]) -> list[str]:
    books = [report.books for report in reports if report.books]
    items: Counter[str] = sum((one.items for one in books), Counter())
    failures: Counter[str] = sum((one.failures for one in books), Counter())
    faults: Counter[str] = sum((Counter(report.faults) for report in reports), Counter())
    events: Counter[str] = Counter(event.kind for report in reports for event in report.plan.events)
    silent = sum(not report.findings for report in reports)
    rows = Counter(report.plan.rows for report in reports)
    told = ", ".join(f"{n} of {size} rows" for size, n in sorted(rows.items()))
    other = items.total() - items["COMPLETED"] - items["FAILED"]
    booked, received = sum(b.booked for b in books), sum(b.received for b in books)
    return [
        f"**{len(reports)} runs** ({told}); the auditor was silent in **{silent}**.",
        "",
        f"- Rows: {items['COMPLETED']:,} completed, {items['FAILED']:,} failed, {other:,} otherwise.",
        f"- Steps that failed in the end, by cause: {_listed(failures) or 'none'}.",
        f"- Paid rows: {booked:,} booked as sent, {received:,} arrived at Clay.",
        f"- Booked and never arrived: {sum(b.never_arrived for b in books):,}. {NEVER_ARRIVED}",
        f"- Callbacks: {sum(b.acknowledged for b in books):,} acknowledged with a 2xx.",
        f"- On the wires: {_listed(faults) or 'nothing'}.",
        f"- Done to the parts: {_listed(events) or 'nothing'}.",
        "",
    ]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items()) if n)


def _table(reports: list[RunReport]) -> list[str]:
    lines = [
        "| seed | what happened, and when | rows completed / failed | booked / arrived | s | findings |",
        "|---:|---|---:|---:|---:|---|",
    ]
    for report in reports:
        books = report.books
        ended = f"{books.items['COMPLETED']} / {books.items['FAILED']}" if books else "-"
        sends = f"{books.booked} / {books.received}" if books else "-"
        what = "; ".join(report.happened).replace("|", "/") or "nothing"
        found = "; ".join(str(f) for f in report.findings).replace("|", "/").replace("\n", " ") or "none"
        lines.append(f"| {report.plan.seed} | {what} | {ended} | {sends} | {report.seconds:.0f} | {found} |")
    return lines
