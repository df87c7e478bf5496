"""Work histories in payloads: every position a person held, in the order of the payload.

Profiles repeat themselves (`experience`, `current_experience`, `latest_experience`) and leave things out; here they
become one list without repetitions, each position with what is doubtful about it. Whether somebody has left a company
is decided per company, not per position: a promotion ends a position and leaves nobody.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from app.extraction.companies import CompanyRef, read_company_ref
from app.extraction.dates import PartialDate, is_present, read_date, split_range
from app.extraction.payloads import Report, first, read_bool, read_list, read_text

__all__ = ["POSITION_LISTS", "Position", "read_positions"]

MAX_POSITIONS = 500

POSITION_LISTS = (
    "experience",
    "experiences",
    "work_experience",
    "workExperience",
    "positions",
    "position_history",
    "work_history",
    "employment_history",
    "employment",
    "jobs",
)
CURRENT_LISTS = ("current_experience", "current_experiences", "current_positions", "latest_experience", "current_job")
NESTED = ("positions", "roles", "titles", "position_groups", "profile_positions")
TITLE = ("title", "job_title", "jobTitle", "position_title", "position", "role")
LOCATION = ("location", "locality", "location_name", "geo_location")
START = ("start_date", "startDate", "start", "started_on", "starts_at", "started_at", "from", "date_from", "start_year")
END = ("end_date", "endDate", "end", "ended_on", "ends_at", "ended_at", "to", "date_to", "end_year")
PERIOD = ("date_range", "dates", "period", "duration")
CURRENT = ("is_current", "isCurrent", "current", "is_current_position", "active")
CONTENT = frozenset((*TITLE, *START, *PERIOD, "company", "company_name", "companyName", "organization", "org", "name"))


class Position(NamedTuple):
    """One position as far as it was understood.

    `is_current` is None where the payload does not tell; `has_left` says whether the person holds no position at this
    company any more, None where that is not known.
    """

    company: CompanyRef = CompanyRef()
    title: str | None = None
    location: str | None = None
    start: PartialDate | None = None
    end: PartialDate | None = None
    is_current: bool | None = None
    has_left: bool | None = None
    doubts: dict[str, dict[str, str]] | None = None

    def as_json(self) -> dict[str, Any]:
        """The position with the field names that `read_positions` knows; read again it is the same."""
        return {
            "company_name": self.company.name,
            "company_key": self.company.key,
            "company_domain": self.company.domain,
            "company_linkedin": self.company.linkedin,
            "title": self.title,
            "location": self.location,
            "start_date": str(self.start) if self.start else None,
            "end_date": str(self.end) if self.end else None,
            "is_current": self.is_current,
            "has_left": self.has_left,
            "doubts": self.doubts,
        }


def read_positions(record: dict[str, Any], as_of: str, report: Report) -> tuple[Position, ...]:
    """Read the work history of a person's record.

    Args:
        record: the person's record.
        as_of: ISO date on which the payload came; an end after it lies in the future.
        report: takes what concerns the history as a whole; a position keeps its own doubts.
    """
    listed = [entry for name in POSITION_LISTS for entry in _entries(record, name, report)]
    current = [entry for name in CURRENT_LISTS for entry in _entries(record, name, report)]
    again = [entry for entry in listed if entry in current]
    entries = [(entry, True if entry in again else None) for entry in listed]
    entries += [(entry, True) for entry in current if entry not in again]
    found: dict[tuple[Any, ...], Position] = {}
    repeated = 0
    for number, (entry, hint) in enumerate(entries):
        if len(found) >= MAX_POSITIONS:
            report.doubt("experience", len(entries), f"only the first {MAX_POSITIONS} positions are kept")
            break
        position = _read_position(entry, as_of, hint)
        if position is None:
            report.doubt("experience", entry, "a position that says neither company nor title")
            continue
        same = _repetition(found, position)
        if same is None:
            found[_identity(position)] = position
        elif number < len(listed):
            repeated += 1
        elif found[same].is_current is None:
            found[same] = found[same]._replace(is_current=position.is_current, doubts=None)
    if repeated:
        report.doubt("experience", repeated, "positions that the history lists twice")
    return _with_leaving(tuple(found.values()))


def _entries(record: dict[str, Any], name: str, report: Report) -> list[dict[str, Any]]:
    """The positions of one list; those grouped under their company are unfolded."""
    if record.get(name) is None:
        return []
    entries: list[dict[str, Any]] = []
    for entry in read_list(record[name], name, report):
        if not isinstance(entry, dict):
            if entry not in (None, "", [], "null"):
                report.doubt(name, entry, "not a position")
            continue
        inner = [role for key in NESTED for role in _dicts(entry.get(key))]
        if inner:
            outer = {key: value for key, value in entry.items() if key not in NESTED}
            company = {key: outer[key] for key in outer if key not in (*TITLE, *START, *END, *PERIOD, *CURRENT)}
            entries += [{**company, **role} for role in inner]
        else:
            entries.append(entry)
    return entries


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if value.__class__ is list else []


def _read_position(entry: dict[str, Any], as_of: str, hint: bool | None) -> Position | None:
    if not CONTENT.intersection(entry):
        return None
    report = Report()
    layers = (entry,)
    company = read_company_ref(layers, "", report)
    title = read_text(first(layers, TITLE)[0], "title", report)
    if title is None and company == CompanyRef():
        return None
    begin, _ = first(layers, START)
    finish, _ = first(layers, END)
    if begin is None and finish is None:
        begin, finish = split_range(first(layers, PERIOD)[0])
        if finish is None and read_date(begin)[0] is None:
            begin = None  # "2 yrs 3 mos" is a length, not a date
    present = is_present(finish)
    start = _date(begin, "start_date", report)
    end = None if present else _date(finish, "end_date", report)
    if start and end and end.latest() < start.earliest():
        report.doubt("end_date", str(end), f"before the start, {start}")
    flag = read_bool(first(layers, CURRENT)[0], "is_current", report)
    return Position(
        company,
        title,
        read_text(first(layers, LOCATION)[0], "location", report),
        start,
        end,
        _is_current(flag, start, end, said=present or bool(hint), as_of=as_of, report=report),
        None,
        report.lines or None,
    )


def _date(value: Any, field: str, report: Report) -> PartialDate | None:
    found, why = read_date(value)
    if why:
        report.doubt(field, value, why)
    return found


def _is_current(
    flag: bool | None,
    start: PartialDate | None,
    end: PartialDate | None,
    *,
    said: bool,
    as_of: str,
    report: Report,
) -> bool | None:
    """Weigh the flag, the end date and what the payload says elsewhere; contradictions are noted."""
    if end is not None:
        over = end.earliest() <= as_of
        if flag is not None and flag is over:
            report.doubt("is_current", flag, f"contradicts the end, {end}")
        return False if over else flag is not False
    if flag is not None:
        return flag
    if said:
        return True
    if start is not None:
        report.doubt("is_current", None, "not said; without an end it is taken as current")
        return True
    return None


def _identity(position: Position) -> tuple[Any, ...]:
    company = position.company
    who = company.key or company.name or company.domain or company.linkedin
    title = position.title.lower() if position.title else None
    return (who, title, position.start, position.end)


def _repetition(found: dict[tuple[Any, ...], Position], position: Position) -> tuple[Any, ...] | None:
    """The position that says the same already: also one whose twin leaves the start or the end out."""
    key = _identity(position)
    if key in found:
        return key
    if position.start is not None and position.end is not None:
        return None
    for other in found:
        if (
            other[:2] == key[:2]
            and (key[2] is None or other[2] is None or key[2] == other[2])
            and (key[3] is None or other[3] is None)
        ):
            return other if key[2] is None or key[2] == other[2] else None
    return None


def _with_leaving(positions: tuple[Position, ...]) -> tuple[Position, ...]:
    """Say for every position whether the person has left that company altogether."""
    staying = [position.company for position in positions if position.is_current]
    unknown = [position.company for position in positions if position.is_current is None]

    def has_left(position: Position) -> bool | None:
        if position.is_current or any(position.company.same_as(company) for company in staying):
            return False
        if position.is_current is None or any(position.company.same_as(company) for company in unknown):
            return None
        return True

    return tuple(position._replace(has_left=has_left(position)) for position in positions)
