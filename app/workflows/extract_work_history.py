"""Reads the work history out of a person's payload: one row per position in `person_work_history`.

The step's result holds what was understood under `extraction`; the database stores it as rows in the same transaction
that completes the step. The same function replays over finished batches.
"""

from __future__ import annotations

from typing import Any

from app.extraction.evidence import evidence_from
from app.extraction.rows import history_row
from app.workflow import ComputeWorkflow, Evidence, Fields

__all__ = ["workflow"]


class Input(Evidence):
    """Every result of the item so far."""


class Output(Fields):
    """What was understood, and how much."""

    extraction: dict[str, Any]
    position_count: int
    current_position_count: int

    def as_json(self) -> dict[str, Any]:
        """All of it as it is: rows are JSON already."""
        return dict(self)


def run(given: Input) -> Output:
    """Read the latest person payload; without one there are no positions, and nothing fails."""
    row = history_row(evidence_from(given.original, given.mapping, given.results))
    positions = row["positions"]
    return Output(
        extraction=row,
        position_count=len(positions),
        current_position_count=sum(1 for position in positions if position.get("is_current")),
    )


workflow = ComputeWorkflow[Input, Output](
    slug="extract_work_history",
    title="Extract work history",
    description="Turns the person enrichment into one row per position, so that you can search people by employer.",
    applies_to=("people",),
    Input=Input,
    Output=Output,
    run=run,
)
