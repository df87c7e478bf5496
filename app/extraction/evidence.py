"""All that is known about one item before anything is concluded: its untouched row and every result of its steps.

The database hands it out (`item_evidence`), the two extraction workflows and a replay work on it; both therefore come
to the same conclusions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from app.extraction.companies import COMPANY_MARKS, Company, read_company
from app.extraction.keys import key_of
from app.extraction.people import PERSON_MARKS, Person, read_person
from app.extraction.reports import Report

__all__ = ["Evidence", "StepResult", "evidence_from"]

PAYLOADS_KEPT = 1_024
"""Of each kind; a chunk has no more rows, and steps go through a chunk one after another."""

EXTRACTION_STEPS = frozenset(("extract_work_history", "consolidate_lead"))


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step of the pipeline found: the payload as it came, and what the workflow made of it at the time."""

    step: int
    workflow: str
    attempt: int
    source: str
    at: str
    given: Any
    parsed: dict[str, Any]

    @property
    def paid(self) -> bool:
        """Whether it came from an enrichment, not from a computation here."""
        return self.source != "computed"

    @property
    def raw(self) -> Any:
        """The payload, decoded where it is JSON text."""
        return _payload(self.given)

    @property
    def body(self) -> Any:
        """What to read: the payload as it came, or, where a shared result has none, what was made of it."""
        raw = self.raw
        return raw if raw is not None else self.parsed

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
            found = self._latest(of_company=False)
            self._person = (found, *(_person_in(found) if found else (Person(), Report())))
        return self._person

    def company(self) -> tuple[StepResult | None, Company, Report]:
        """The latest company payload, likewise."""
        if self._company is None:
            found = self._latest(of_company=True)
            self._company = (found, *(_company_in(found) if found else (Company(), Report())))
        return self._company

    def _latest(self, *, of_company: bool) -> StepResult | None:
        for result in sorted(self.results, key=lambda result: -result.step):
            if result.paid and _about_company(result) is of_company:
                return result
        return None


def _person_in(result: StepResult) -> tuple[Person, Report]:
    text, as_of = result.given, result.at[:10]
    return _person_in_text(text, as_of) if text.__class__ is str else _read_person(result.body, as_of)


def _company_in(result: StepResult) -> tuple[Company, Report]:
    text = result.given
    return _company_in_text(text) if text.__class__ is str else _read_company(result.body)


@lru_cache(maxsize=PAYLOADS_KEPT)
def _person_in_text(text: str, as_of: str) -> tuple[Person, Report]:
    """A payload understood; the steps of a pipeline read the same one after another."""
    return _read_person(_payload(text), as_of)


@lru_cache(maxsize=PAYLOADS_KEPT)
def _company_in_text(text: str) -> tuple[Company, Report]:
    """A payload understood; the rows of a company share one."""
    return _read_company(_payload(text))


def _read_person(body: Any, as_of: str) -> tuple[Person, Report]:
    report = Report()
    return read_person(body, as_of, report), report


def _read_company(body: Any) -> tuple[Company, Report]:
    report = Report()
    return read_company(body, report), report


def _about_company(result: StepResult) -> bool | None:
    """Whether a payload describes a company (True) or a person (False): by its workflow's name, else by its fields."""
    if "company" in result.workflow:
        return True
    if "person" in result.workflow or "people" in result.workflow:
        return False
    keys = set(result.parsed)
    raw = result.raw
    if isinstance(raw, dict):
        keys |= set(raw)
        for value in raw.values():
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
                result.get("raw"),
                result["parsed"] if isinstance(result.get("parsed"), dict) else {},
            )
            for result in results
            if result["workflow"] not in EXTRACTION_STEPS
        ),
    )
