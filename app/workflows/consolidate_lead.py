"""Makes one clean lead of the upload and every result: a row of `final_leads` with the origin of every field.

Put it last in a pipeline. The step's result holds the lead under `extraction`; the database stores it as a row in the
same transaction that completes the step. The same function replays over finished batches.
"""

from __future__ import annotations

from typing import Any

from app.extraction.evidence import evidence_from
from app.extraction.rows import lead_row
from app.workflow import ComputeWorkflow, Evidence, Fields

__all__ = ["workflow"]


class Input(Evidence):
    """The untouched row and every result of the item so far."""


class Output(Fields):
    """The lead, and how many fields could not be read."""

    extraction: dict[str, Any]
    doubt_count: int

    def as_json(self) -> dict[str, Any]:
        """All of it as it is: rows are JSON already."""
        return dict(self)


def run(given: Input) -> Output:
    """Choose the best value for every field."""
    row = lead_row(evidence_from(given.original, given.mapping, given.results))
    return Output(extraction=row, doubt_count=len(row["report"]))


workflow = ComputeWorkflow[Input, Output](
    slug="consolidate_lead",
    title="Consolidate lead",
    description="Combines the upload and everything found into one clean lead, and records the source of every field.",
    applies_to=("people", "companies"),
    Input=Input,
    Output=Output,
    run=run,
)
