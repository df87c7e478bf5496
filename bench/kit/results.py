"""Results: a JSON line each, under `bench/results/`, and the rows of a table.

A benchmark writes its file anew each time, so that the file holds one run, of one machine and one version. What is
drawn and written into `bench/README.md` (`bench/kit/page.py`) is read from there.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from bench.kit.rounds import Spread, ratios

__all__ = ["FOLDER", "Notes", "Result", "Results", "compared", "read_results", "table"]

Notes = dict[str, float | str]
"""Further figures of a result, by name."""

FOLDER = Path(__file__).resolve().parents[1] / "results"


@dataclass(frozen=True)
class Result:
    """One thing measured.

    Attributes:
        what: in words, as the table says it.
        unit: of `ours` and `reference`.
        ours: what Leadloom came to.
        reference: what it is measured by, in the same rounds.
        of: what the reference is, in words.
        ratio: ours by the reference, round by round.
        wanted: the bound of the ratio, in words ("≥ 0.9"); empty where there is none.
        notes: further figures by name.
    """

    what: str
    unit: str
    ours: Spread
    reference: Spread
    of: str
    ratio: Spread
    wanted: str = ""
    notes: Notes = field(default_factory=dict)


def compared(
    what: str,
    unit: str,
    of: str,
    ours: Sequence[float],
    reference: Sequence[float],
    *,
    wanted: str = "",
    notes: Notes | None = None,
) -> Result:
    """A result out of what both measured, round by round."""
    spreads = (Spread.of(ours), Spread.of(reference), Spread.of(ratios(ours, reference)))
    return Result(what, unit, spreads[0], spreads[1], of, spreads[2], wanted, notes or {})


@dataclass
class Results:
    """The results of one benchmark's run; used as a context, it writes and prints them at the end.

    Args:
        bench: the benchmark's name.
        quick: whether it ran in its small form, which is tried, not quoted: nothing is kept then.
    """

    bench: str
    quick: bool = False
    found: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Keep a result."""
        self.found.append(result)

    def close(self) -> None:
        """Print the table; write the JSON lines, unless the run was quick, which prints them."""
        print("\n".join(table(self.found)))
        lines = [orjson.dumps({**asdict(result), **_circumstances(self.bench, self.quick)}) for result in self.found]
        if self.quick:
            print("\n".join(line.decode() for line in lines))
            return
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{self.bench}.jsonl").write_bytes(b"\n".join([*lines, b""]))


def _circumstances(bench: str, quick: bool) -> dict[str, Any]:
    return {
        "bench": bench,
        "quick": quick,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }


def table(results: Sequence[Result]) -> list[str]:
    """The lines of a table in Markdown."""
    rows = ["| what | Leadloom | reference | ratio | wanted |", "|---|---|---|---|---|"]
    for one in results:
        reference = f"{one.reference} ({one.of})"
        rows.append(f"| {one.what}, {one.unit} | {one.ours} | {reference} | {one.ratio} | {one.wanted} |")
    return rows


def read_results(bench: str) -> tuple[list[Result], dict[str, Any]]:
    """What the last whole run of a benchmark left, and the circumstances of that run; ([], {}) where there was none."""
    file = FOLDER / f"{bench}.jsonl"
    lines = [orjson.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []
    return [_result(line) for line in lines], lines[0] if lines else {}


def _result(line: dict[str, Any]) -> Result:
    ours, reference, ratio = (Spread(**line[name]) for name in ("ours", "reference", "ratio"))
    return Result(line["what"], line["unit"], ours, reference, line["of"], ratio, line["wanted"], line["notes"])
