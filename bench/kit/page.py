"""`bench/README.md` and its plots, made anew from the results: `python -m bench.kit.page`.

Between `<!-- results:NAME -->` and `<!-- /results:NAME -->` the page holds what `bench/results/NAME.jsonl` says, as a
table and a plot; everything else on it is written by hand and stays.
"""

from __future__ import annotations

import re
from pathlib import Path

from bench.kit.plots import bars
from bench.kit.results import read_results, table

__all__ = ["renew"]

PAGE = Path(__file__).resolve().parents[1] / "README.md"
PLOTS = PAGE.parent / "plots"
SECTION = re.compile(r"(<!-- results:(\w+) -->\n).*?(<!-- /results:\2 -->)", re.DOTALL)


def renew() -> list[str]:
    """Write every section that has results, and its plot; returns the names of those that have none."""
    missing: list[str] = []

    def section(found: re.Match[str]) -> str:
        name = found[2]
        results, ran = read_results(name)
        if not results:
            missing.append(name)
            return found[0]
        PLOTS.mkdir(exist_ok=True)
        (PLOTS / f"{name}.svg").write_text(bars(f"{name}: ratio to its reference", results), encoding="utf-8")
        said = f"{ran['at'][:10]}, {ran['cores']} cores, load {ran['load']}, {results[0].ours.runs} rounds in turns: "
        lines = [
            f"{said}median (least - most).\n",
            *table(results),
            f"\n![Ratios of {name} to their references](plots/{name}.svg)\n",
        ]
        return found[1] + "\n" + "\n".join(lines) + "\n" + found[3]

    PAGE.write_text(SECTION.sub(section, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return missing


if __name__ == "__main__":
    for name in renew():
        print(f"{name} has no results yet: python -m bench.{name}")
