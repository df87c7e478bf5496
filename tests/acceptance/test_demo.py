"""`leadloom demo`, as a newcomer types it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def demo(*args: str) -> dict[str, Any]:
    """Run the console script; it must end well."""
    done = subprocess.run(
        [sys.executable, "-m", "functions.local", "demo", "--json", *args],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_every_row_is_accounted_for() -> None:
    summary = demo("--rows", "150")
    assert (summary["completed"], summary["failed"], summary["waiting"], summary["audit"]) == (150, 0, 0, [])
    assert summary["callbacks"] == {"applied": summary["sent"]}
    assert summary["sandbox"]["received"] == summary["sent"]
    assert summary["item_steps"] == 5 * 150


def test_compute_only() -> None:
    summary = demo("--rows", "300", "--pipeline", "compute")
    assert (summary["completed"], summary["item_steps"], summary["sent"]) == (300, 900, 0)


def test_a_misbehaving_clay_loses_nothing_and_costs_nothing_twice() -> None:
    summary = demo("--rows", "150", "--sandbox", "misbehaving")
    assert summary["completed"] + summary["failed"] == 150
    assert (summary["waiting"], summary["audit"]) == (0, [])
    assert set(summary["failures"]) <= {"callback_timeout"}
    assert sum(summary["failures"].values()) == summary["failed"]
    assert summary["sandbox"]["repeated"] == 0, "no attempt reached Clay twice"
    assert summary["sandbox"]["received"] <= summary["sent"]
