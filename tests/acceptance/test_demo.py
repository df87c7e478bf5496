"""`leadloom demo`, as a newcomer types it."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.conftest import leadloom


async def demo(*args: str) -> dict[str, Any]:
    """Run the demo; it must end well."""
    code, out, err = await leadloom("demo", "--json", *args)
    assert code == 0, err[-3000:]
    return json.loads(out)


async def test_every_row_is_accounted_for() -> None:
    summary = await demo("--rows", "150")
    assert (summary["completed"], summary["failed"], summary["waiting"], summary["audit"]) == (150, 0, 0, [])
    assert summary["callbacks"] == summary["sent"]
    assert summary["verdicts"] == {"applied": summary["sent"]}
    assert summary["sandbox"]["received"] == summary["sent"]
    assert summary["item_steps"] == 5 * 150


async def test_compute_only() -> None:
    summary = await demo("--rows", "300", "--pipeline", "compute")
    assert (summary["completed"], summary["item_steps"], summary["sent"]) == (300, 900, 0)


async def test_a_misbehaving_clay_loses_nothing_and_costs_nothing_twice() -> None:
    summary = await demo("--rows", "150", "--sandbox", "misbehaving")
    assert summary["completed"] + summary["failed"] == 150
    assert (summary["waiting"], summary["audit"]) == (0, [])
    assert set(summary["failures"]) <= {"callback_timeout", "unreadable_answer"}
    assert sum(summary["failures"].values()) == summary["failed"]
    assert summary["sandbox"]["repeated"] == 0, "no attempt reached Clay twice"
    assert summary["sandbox"]["received"] <= summary["sent"]


async def test_an_odd_clay_and_a_supabase_that_refuses_good_keys_lose_nothing() -> None:
    """Rows taken and told 5xx, 408, a redirect, half an answer or nothing; compressed callbacks; 429s; an absence."""
    summary = await demo("--rows", "60", "--sandbox", "odd")
    assert (summary["completed"] + summary["failed"], summary["waiting"], summary["audit"]) == (60, 0, [])
    clay = summary["sandbox"]
    assert (clay["repeated"], clay["times_away"]) == (0, 1)
    planned = clay["workspaces"]["demo"]["planned"]
    assert {"500", "502", "503", "408", "301", "307", "hang_up", "broken", "gzip", "lost", "not_found"} <= set(planned)
    assert summary["not_found"] >= planned["not_found"], "rows of the same company share the answer"
    assert clay["workspaces"]["demo"]["refused"]["429"] > 0
    reset = summary["sent"] - clay["received"]
    assert reset >= 0, "the books have every row that Clay has; those reset at its door may have been sent"
    assert summary["failures"] == {"send_unconfirmed": planned["lost"] + reset}
    assert summary["verdicts"] == {"applied": clay["received"] - planned["lost"]}
