"""From evidence to one clean lead: the best value for every field, and where each of them came from.

Names are taken from the normalising steps before the enrichment (they repair, Clay repeats); everything else from the
enrichment before the computations before the upload. Facts of two companies are never mixed: when the current job is
provably somewhere else than the enriched company, the lead says the new employer and keeps quiet about the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.extraction.company_refs import CompanyRef
from app.extraction.evidence import Evidence, StepResult
from app.extraction.figures import read_year
from app.extraction.people import Person
from app.extraction.positions import Position
from app.extraction.reading import read_int, read_text
from app.extraction.reports import Report
from app.extraction.sizes import size_bucket
from app.extraction.uploaded import read_uploaded
from app.text.companies import company_key
from app.text.field_names import COMPANY_FIELDS, PERSON_FIELDS
from app.text.job_titles import department_of, seniority_of
from app.text.places import country_name

__all__ = ["LEAD_FIELDS", "Lead", "consolidate"]

NAME_FIELDS = ("person_name", "first_name", "last_name")
LEAD_FIELDS = (*PERSON_FIELDS, "current_job_start", *COMPANY_FIELDS)
IDENTIFYING = ("company_name", "company_domain", "company_linkedin")

Layer = tuple[Mapping[str, Any], str]
"""Values by field, and the source that the provenance names: `step:2`, or `upload` (the column is added)."""


@dataclass(slots=True)
class Lead:
    """A lead with the provenance of every field and a line for everything that could not be read."""

    values: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    report: dict[str, dict[str, str]] = field(default_factory=dict)


def consolidate(evidence: Evidence) -> Lead:
    """Choose the best value for every field of `LEAD_FIELDS`; pure, and the same for the same evidence."""
    lead = Lead()
    person_step, person, person_report = evidence.person()
    company_step, company, company_report = evidence.company()
    upload_report = Report()
    values, columns = read_uploaded(evidence, upload_report)
    upload = (values, "upload")
    read = [(person_step, person_report), (company_step, company_report)]
    lead.report |= {f"upload.{name}": line for name, line in upload_report.lines.items()}
    lead.sources = {f"step:{result.step}": result.origin for result in evidence.results}
    _tell(lead, read)

    paid = [_layer(result) for result in _later_first(evidence, paid=True)]
    computed = [_layer(result) for result in _later_first(evidence, paid=False)]
    from_person = [(person._asdict(), f"step:{person_step.step}")] if person_step else []
    repaired, found = [*computed, *from_person, *paid, upload], [*from_person, *paid, *computed, upload]
    for name in PERSON_FIELDS:
        _take(lead, name, repaired if name in NAME_FIELDS else found, columns)
    _whole_name(lead)

    from_company = [(company._asdict(), f"step:{company_step.step}")] if company_step else []
    known = [*from_company, *paid, *computed, upload]
    ref = _ref(known)
    job = _current_job(person, company.ref if company_step else ref)
    if job and person_step and _elsewhere(job.company, ref):
        lead.report["company"] = {
            "value": str(company.company_name or ref.name or "")[:160],
            "why": "the current job is at another company; facts about this one are left out",
        }
        moved = {"company_name": job.company.name, "company_domain": job.company.domain}
        known = [({**moved, "company_linkedin": job.company.linkedin}, f"step:{person_step.step}")]
    elif person_step:
        stated = job.company if job else person.company
        if stated.key and not stated.same_as(ref) and ref.key:
            why = "the current job names another company, but nothing proves that it is not the same"
            lead.report["company"] = {"value": str(stated.name)[:160], "why": why}
        known = [*from_company, *_agreeing(stated, person_step, ref), *known]
    for name in COMPANY_FIELDS:
        _take(lead, name, known, columns)
    lead.values["company_key"] = company_key(lead.values.get("company_name") or "")
    _size(lead)
    if job and person_step:
        _set_job(lead, job, f"step:{person_step.step}")
    _from_title(lead)
    lead.sources = {key: lead.sources[key] for key in sorted(set(lead.fields.values()) & set(lead.sources))}
    return lead


def _tell(lead: Lead, read: list[tuple[StepResult | None, Report]]) -> None:
    """Add what could not be read in each payload, and the names of what nobody reads."""
    for step, report in read:
        if step is None:
            continue
        lead.report |= {f"{step.workflow}.{name}": line for name, line in report.lines.items()}
        if report.unread:
            lead.sources[f"step:{step.step}"] |= {"not_read": report.unread}


def _later_first(evidence: Evidence, *, paid: bool) -> Iterator[StepResult]:
    return (result for result in sorted(evidence.results, key=lambda r: -r.step) if result.paid is paid)


def _layer(result: StepResult) -> Layer:
    return result.parsed, f"step:{result.step}"


def _take(lead: Lead, name: str, layers: list[Layer], columns: Mapping[str, str]) -> None:
    for values, source in layers:
        value = values.get(name)
        if value is None or (not value and value in ("", (), [])):
            continue
        clean = _fitting(name, value)
        if clean is None:
            lead.report.setdefault(f"{source}.{name}", {"value": str(value)[:160], "why": "not a value of this kind"})
            continue
        lead.values[name] = clean
        lead.fields[name] = f"upload:{columns[name]}" if source == "upload" else source
        return


def _fitting(name: str, value: Any) -> Any:
    """A value in the type of its column; None when it does not fit."""
    if name == "employee_count":
        return read_int(value, name, Report())
    if name == "founded_year":
        return read_year(value, name, Report())
    if name == "specialties":
        items = value if isinstance(value, (list, tuple)) else str(value).split(",")
        return [text for item in items if (text := read_text(item, name, Report()))] or None
    text = read_text(value, name, Report(), lines=name == "company_description")
    return country_name(text) if name in ("country", "company_country") else text


def _whole_name(lead: Lead) -> None:
    """Make the full name of its parts where nobody states it."""
    parts = [lead.values.get(name) for name in ("first_name", "last_name")]
    if not lead.values.get("person_name") and any(parts):
        lead.values["person_name"] = " ".join(part for part in parts if part)
        lead.fields["person_name"] = lead.fields.get("first_name") or lead.fields["last_name"]


def _ref(layers: list[Layer]) -> CompanyRef:
    """The company that the layers below the person's own record name."""
    values = [next((str(v[name]) for v, _ in layers if v.get(name)), None) for name in IDENTIFYING]
    return CompanyRef(values[0], company_key(values[0]) if values[0] else None, values[1], values[2])


def _current_job(person: Person, known: CompanyRef) -> Position | None:
    """The current position that counts: at the known company, else with the stated employer, else the first listed."""
    current = [position for position in person.positions if position.is_current]
    for wanted in (known, person.company):
        for position in current:
            if position.company.same_as(wanted):
                return position
    return current[0] if current else None


def _elsewhere(job: CompanyRef, ref: CompanyRef) -> bool:
    """Whether the job is provably at another company: something comparable differs, and nothing agrees."""
    if job.same_as(ref):
        return False
    return bool(
        (job.domain and ref.domain and job.domain != ref.domain)
        or (job.linkedin and ref.linkedin and job.linkedin != ref.linkedin)
    )


def _agreeing(stated: CompanyRef, step: StepResult, ref: CompanyRef) -> list[Layer]:
    """The employer as the person's record states it, as far as it is the known company or nothing else is known."""
    if stated.same_as(ref) or ref == CompanyRef():
        said = {"company_name": stated.name, "company_domain": stated.domain, "company_linkedin": stated.linkedin}
        return [(said, f"step:{step.step}")]
    return []


def _size(lead: Lead) -> None:
    """The size class of a head count, where no class is stated."""
    count = lead.values.get("employee_count")
    if count is not None and not lead.values.get("size_bucket"):
        lead.values["size_bucket"] = size_bucket(None, count, Report())
        lead.fields["size_bucket"] = lead.fields["employee_count"]


def _set_job(lead: Lead, job: Position, source: str) -> None:
    if job.title:
        lead.values["title"], lead.fields["title"] = job.title, source
    if job.start:
        lead.values["current_job_start"] = job.start.earliest()
        lead.values["current_job_start_precision"] = job.start.precision
        lead.fields["current_job_start"] = source


def _from_title(lead: Lead) -> None:
    """Level and department by the job title where nobody states them; the words that decided are the provenance."""
    title = lead.values.get("title")
    if not title:
        return
    for name, derive in (("seniority", seniority_of), ("department", department_of)):
        if not lead.values.get(name) and (derived := derive(title)):
            lead.values[name] = derived.value
            lead.fields[name] = f"derived:title:{derived.rule}"
