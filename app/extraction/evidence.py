"""All that is known about one item before anything is concluded: its untouched row and every result of its steps.

The database hands it out (`item_evidence`), the two extraction workflows and a replay work on it; both therefore come
to the same conclusions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.extraction.companies import COMPANY_MARKS, Company, read_company
from app.extraction.keys import key_of
from app.extraction.payloads import Report
from app.extraction.people import PERSON_MARKS, Person, read_person

__all__ = ["Evidence", "StepResult", "evidence_from"]

EXTRACTION_STEPS = frozenset(("extract_work_history", "consolidate_lead"))


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step of the pipeline found: the payload as it came, and what the workflow made of it at the time."""

    step: int
    workflow: str
    attempt: int
    source: str
    at: str
    raw: Any
    parsed: dict[str, Any]

    @property
    def paid(self) -> bool:
        """Whether it came from an enrichment, not from a computation here."""
        return self.source != "computed"

    @property
    def body(self) -> Any:
        """What to read: the payload as it came, or, where a shared result has none, what was made of it."""
        return self.raw if self.raw is not None else self.parsed

    @property
    def origin(self) -> dict[str, Any]:
        """Where a value comes from, as the provenance of a lead says it."""
        return {"workflow": self.workflow, "attempt": self.attempt, "source": self.source, "at": self.at[:19]}


@dataclass(slots=True)
class Evidence:
    """One item's row, mapping and results; payloads are read once and remembered."""

    original: Mapping[str, Any]
    mapping: Mapping[str, str]
    results: tuple[StepResult, ...]
    _person: tuple[StepResult | None, Person, Report] | None = field(default=None, repr=False)
    _company: tuple[StepResult | None, Company, Report] | None = field(default=None, repr=False)

    def person(self) -> tuple[StepResult | None, Person, Report]:
        """The latest person payload, understood, with the step it came from and what could not be read in it."""
        if self._person is None:
            report = Report()
            found = self._latest(of_company=False)
            self._person = (found, read_person(found.body, found.at[:10], report) if found else Person(), report)
        return self._person

    def company(self) -> tuple[StepResult | None, Company, Report]:
        """The latest company payload, likewise."""
        if self._company is None:
            report = Report()
            found = self._latest(of_company=True)
            self._company = (found, read_company(found.body, report) if found else Company(), report)
        return self._company

    def _latest(self, *, of_company: bool) -> StepResult | None:
        for result in sorted(self.results, key=lambda result: -result.step):
            if result.paid and _about_company(result) is of_company:
                return result
        return None


def _about_company(result: StepResult) -> bool | None:
    """Whether a payload describes a company (True) or a person (False): by its workflow's name, else by its fields."""
    if "company" in result.workflow:
        return True
    if "person" in result.workflow or "people" in result.workflow:
        return False
    keys = set(result.parsed)
    if isinstance(result.raw, dict):
        keys |= set(result.raw)
        for value in result.raw.values():
            keys |= set(value) if isinstance(value, dict) else set()
    keys = {key_of(name) for name in keys}
    as_company, as_person = len(keys & COMPANY_MARKS), len(keys & PERSON_MARKS)
    if max(as_company, as_person) < 3:  # noqa: PLR2004 -- a lone e-mail is no record
        return None
    return as_company > as_person


def _payload(raw: Any) -> Any:
    """The payload out of its JSON text; what is no JSON text is the payload itself."""
    if raw.__class__ is not str:
        return raw
    try:
        return orjson.loads(raw)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return raw


def evidence_from(
    original: Mapping[str, Any] | None, mapping: Mapping[str, str] | None, results: list[dict[str, Any]]
) -> Evidence:
    """Build the evidence from what `item_evidence` returns; the extraction's own earlier results are left out.

    Args:
        original: the CSV row, every column as it came.
        mapping: field name → column name.
        results: `[{"step", "workflow", "attempt", "source", "at", "raw", "parsed"}]`, `raw` as JSON text.
    """
    return Evidence(
        original or {},
        mapping or {},
        tuple(
            StepResult(
                int(result["step"]),
                str(result["workflow"]),
                int(result["attempt"]),
                str(result["source"]),
                str(result["at"]),
                _payload(result.get("raw")),
                result["parsed"] if isinstance(result.get("parsed"), dict) else {},
            )
            for result in results
            if result["workflow"] not in EXTRACTION_STEPS
        ),
    )
