"""The pure steps of one version, timed on demand: the process that `bench.workflows` starts in each version's tree.

It reads "step round" lines and answers with µs of processor time a row, for rows never seen before and for the same
again. What it calls has existed since the first release: the registry, and each workflow's `execute` and `interpret`.
"""

from __future__ import annotations

import gc
import json
import pickle
import sys
import time
from collections.abc import Callable, Iterable
from functools import _lru_cache_wrapper, partial
from pathlib import Path
from typing import Any

STEPS = (
    "split_raw",
    "normalize_name",
    "normalize_domain",
    "enrich_company_clay",
    "enrich_person_clay",
    "extract_work_history",
    "consolidate_lead",
)


def prepare(inputs: Path) -> Callable[[str, int], Iterable[Callable[[], Any]]]:
    """What gives a step's calls for the rows of a round; the steps before a step have been through."""
    from app.workflows import registry  # noqa: PLC0415 -- of the tree that this process was started in

    rows, mapping, answers, size = pickle.loads(inputs.read_bytes())  # noqa: S301 -- our own parent wrote it
    fields: list[dict[str, Any]] = [{} for _ in rows]
    done: dict[int, dict[str, Any]] = {}
    steps: dict[str, Any] = {slug: registry()[slug] for slug in STEPS}

    def calls(step: str, turn: int) -> Iterable[Callable[[], Any]]:
        workflow = steps[step]
        for n in list(done):
            fields[n] |= done.pop(n)
        for n in range(turn * size, (turn + 1) * size):
            if step.startswith("enrich"):
                yield partial(workflow.interpret, answers[n][step == "enrich_person_clay"])
            elif step in ("extract_work_history", "consolidate_lead"):
                yield partial(workflow.execute, {"results": results(n)}, rows[n], mapping)
            else:
                yield partial(keep, n, workflow)

    def keep(n: int, workflow: Any) -> None:
        done[n] = workflow.execute(fields[n], rows[n], mapping)[0]

    def results(n: int) -> list[dict[str, Any]]:
        found = [("enrich_company_clay", 1, answers[n][0]), ("enrich_person_clay", 2, answers[n][1])]
        computed = {"step": 0, "workflow": "normalize_name", "attempt": 1, "source": "computed", "at": AT, "raw": None}
        return [computed | {"parsed": fields[n]}] + [
            {"step": step, "workflow": slug, "attempt": 1, "source": "clay", "at": AT}
            | {"raw": json.dumps(raw), "parsed": steps[slug].interpret(raw)[0]}
            for slug, step, raw in found
        ]

    return calls


AT = "2026-11-20T10:00:00"


def forget() -> None:
    """Empty every cache of values that the application keeps; its tables stay."""
    for thing in gc.get_objects():
        if isinstance(thing, _lru_cache_wrapper) and thing.cache_parameters()["maxsize"]:
            thing.cache_clear()


def timed(calls: list[Callable[[], Any]]) -> float:
    """µs of processor time a call."""
    started = time.process_time()
    for call in calls:
        call()
    return (time.process_time() - started) / len(calls) * 1e6


def main() -> None:
    """Answer until nobody asks."""
    calls_of = prepare(Path(sys.argv[1]))
    for step in STEPS:  # once, for the tables that are read when first needed
        timed(list(calls_of(step, 0)))
    for line in sys.stdin:
        step, turn = line.split()
        calls = list(calls_of(step, int(turn)))
        forget()
        print(timed(calls), timed(calls), flush=True)


if __name__ == "__main__":
    main()
