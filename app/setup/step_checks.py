"""Does each step of a pipeline find what it needs? Asked by the builder while steps are moved, and before a launch.

A step's inputs come from the row's identity columns (filled from mapped CSV columns) or from what an earlier step
writes. A step that wants the untouched row finds it always.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.intake.headers import FIELDS
from app.text.field_names import IDENTITY_COLUMNS

__all__ = ["MissingInput", "missing_inputs", "row_fields"]


@dataclass(frozen=True)
class MissingInput:
    """A field that a step requires and nothing before it provides.

    Attributes:
        field: its name.
        later: the first later step that would provide it (its index), if there is one.
    """

    field: str
    later: int | None


def row_fields(kind: str, mapping: Mapping[str, str] | None = None) -> set[str]:
    """Fields that a row of this kind of upload brings along: those mapped, or all that could be (mapping None)."""
    could = set(FIELDS.get(kind, {})) & set(IDENTITY_COLUMNS)
    return could if mapping is None else could & set(mapping)


def missing_inputs(
    steps: Sequence[str], workflows: Mapping[str, Mapping[str, Any]], provided: Collection[str]
) -> list[list[MissingInput]]:
    """Per step, the required fields that nothing provides.

    Args:
        steps: workflow slugs in order.
        workflows: slug -> at least `required` and `writes`; an unknown slug needs and writes nothing.
        provided: what the row has before the first step.
    """
    known = set(provided)
    answer: list[list[MissingInput]] = []
    for index, slug in enumerate(steps):
        workflow = workflows.get(slug, {})
        gaps = [name for name in workflow.get("required", ()) if name not in known]
        answer.append([MissingInput(name, _first_writer(name, steps, workflows, index)) for name in gaps])
        known.update(workflow.get("writes", ()))
    return answer


def _first_writer(
    field: str, steps: Sequence[str], workflows: Mapping[str, Mapping[str, Any]], after: int
) -> int | None:
    later = range(after + 1, len(steps))
    return next((i for i in later if field in workflows.get(steps[i], {}).get("writes", ())), None)
