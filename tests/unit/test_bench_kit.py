"""The benchmarks' kit: turns, spreads, and a page of figures that its benchmarks can write."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.kit import page, results
from bench.kit.plots import bars
from bench.kit.results import Results, compared, read_results
from bench.kit.rounds import Spread, in_turns
from bench.simulate import plan
from bench.suite import BENCHMARKS

ONE = compared("a <thing>", "ms", "its reference", [2.0, 6.0, 3.0], [1.0, 2.0, 3.0], wanted="≤ 2", notes={"rows": 5})


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ONE.ratio == Spread(median=2.0, least=1.0, most=3.0, runs=3)
    assert (ONE.ours.median, ONE.reference.median) == (3.0, 2.0)


async def test_rounds_go_back_and_forth_so_that_nobody_always_comes_first() -> None:
    order: list[str] = []

    def runner(name: str) -> object:
        async def run() -> float:
            order.append(name)
            return float(len(order))

        return run

    found = await in_turns(2, {"a": runner("a"), "b": runner("b")})  # type: ignore[dict-item]
    assert order == ["a", "b", "b", "a"]
    assert found == {"a": [1.0, 4.0], "b": [2.0, 3.0]}


def test_results_come_back_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    kept = Results("some")
    kept.add(ONE)
    kept.close()
    found, ran = read_results("some")
    assert found == [ONE]
    assert ran["bench"] == "some"
    assert read_results("other") == ([], {})


def test_a_quick_run_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    tried = Results("some", quick=True)
    tried.add(ONE)
    tried.close()
    assert not list(tmp_path.iterdir())


def test_a_plot_is_well_formed_whatever_is_in_the_names() -> None:
    drawn = ET.fromstring(bars("a & b", [ONE]))  # noqa: S314 -- our own
    assert any(text.text == "a <thing>" for text in drawn.iter())


def test_the_page_is_renewed_between_its_marks_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(page, "PAGE", tmp_path / "README.md")
    monkeypatch.setattr(page, "PLOTS", tmp_path / "plots")
    kept = Results("some")
    kept.add(ONE)
    kept.close()
    text = (
        "before\n<!-- results:some -->\nold\n<!-- /results:some -->\nafter\n<!-- results:no -->\n<!-- /results:no -->\n"
    )
    (tmp_path / "README.md").write_text(text)
    assert page.renew() == ["no"]
    assert page.renew() == ["no"], "again, from what it wrote"
    renewed = (tmp_path / "README.md").read_text()
    assert renewed.startswith("before\n<!-- results:some -->\n")
    assert "old" not in renewed
    assert renewed.count("a <thing>, ms | 3.00 (2.00 - 6.00) | 2.00 (1.00 - 3.00) (its reference) | 2.00") == 1
    assert (tmp_path / "plots/some.svg").exists()


def test_every_benchmark_of_the_suite_has_its_place_on_the_page() -> None:
    assert set(re.findall(r"<!-- results:(\w+) -->", page.PAGE.read_text())) == {*BENCHMARKS, "peers"}
    assert all(find_spec(f"bench.{name}") for name in BENCHMARKS)


def test_ten_times_the_rows_are_ten_times_the_webhooks() -> None:
    name = "webhooks used up per day, at 50,000 submissions each"
    assert [plan(rows, 14).figures[name] for rows in (1_000_000, 10_000_000)] == ["40", "400"]
