"""What the stand-in for Clay answers: made up, the same for the same row, and wrong as often as it is told to be."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest

from app.engine.callbacks import read_callback
from app.local.clay.made_up import answer_for, customers
from app.local.clay.sandbox import NOTHING
from app.local.clay.workspace import Plan, Workspace, WorkspaceSettings
from tests.sandbox_kit import FAST, row


def plans(seed: str = "", rows: int = 4_000, **changes: Any) -> list[Any]:
    space = Workspace("w", WorkspaceSettings(mode="misbehaving", seed=seed, **FAST | changes))
    return [space.accept("t", ("w", f"item-{n}", "1")) for n in range(rows)]


def test_misbehaviour_has_the_ordered_shares() -> None:
    counts = Counter(plan.kind if isinstance(plan, Plan) else plan.status for plan in plans())
    expected = {
        429: 0.03,
        "duplicate": 0.05,
        "slow": 0.05,
        "never": 0.02,
        "garbage": 0.01,
        "garbage_only": 0.01,
        "not_found": 0.03,
    }
    for kind, share in expected.items():
        assert counts[kind] / 4_000 == pytest.approx(share, abs=0.01), kind


@pytest.mark.parametrize("said", NOTHING)
def test_what_says_that_nothing_was_found_is_read_so(said: dict[str, Any]) -> None:
    for slug in ("enrich_company_clay", "enrich_person_clay"):
        assert (
            read_callback(slug, orjson.dumps({"batch_item_id": "x", "attempt": 1} | said).decode())["status"]
            == "not_found"
        )


def test_misbehaviour_can_be_repeated() -> None:
    assert plans(rows=300) == plans(rows=300)
    assert plans(rows=300) != plans(seed="other", rows=300)


def test_a_well_behaved_workspace_answers_everything_once() -> None:
    space = Workspace("w", WorkspaceSettings(**FAST))
    kept = [space.accept("t", ("w", f"item-{n}", "1")) for n in range(500)]
    assert all(isinstance(plan, Plan) and [what for _, what in plan.answers] == ["answer"] for plan in kept)


def test_answers_are_the_same_for_the_same_row() -> None:
    assert answer_for(row(1)) == answer_for(row(1))
    assert answer_for(row(1), "other seed") != answer_for(row(1))


def test_many_people_have_worked_at_a_customer() -> None:
    names = {customer.domain for customer in customers()}
    people = [
        answer_for(row(n, workflow_slug="enrich_person_clay", linkedin=f"https://www.linkedin.com/in/p{n}"))
        for n in range(200)
    ]
    lengths = [len(person["raw_payload"]["experience"]) for person in people]
    assert min(lengths) >= 3
    assert max(lengths) <= 9
    former = [
        person
        for person in people
        if names & {job["company_domain"] for job in person["raw_payload"]["experience"][1:]}
    ]
    assert len(former) > 60
