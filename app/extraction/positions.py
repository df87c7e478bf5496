"""Work histories in payloads: every position a person held, in the order of the payload.

Profiles repeat themselves (`experience`, `current_experience`, `latest_experience`) and leave things out; here they
become one list without repetitions, each position with what is doubtful about it. Whether somebody has left a company
is decided per company, not per position: a promotion ends a position and leaves nobody.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from app.extraction.company_refs import CompanyRef, read_company_ref
from app.extraction.dates import PartialDate
from app.extraction.entries import Entry, entries_of
from app.extraction.keys import Names, keys
from app.extraction.payloads import first, first_text
from app.extraction.periods import read_period
from app.extraction.reading import read_text
from app.extraction.records import Record, named
from app.extraction.reports import Report, careful

__all__ = ["Position", "read_positions"]

MAX_POSITIONS = 500
_NO_COMPANY = CompanyRef()
_METADATA = Names(("metadata",))
_TITLE, _LOCATION = keys("position", "title"), keys("position", "location")


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
        # A start alone would be read as "still there": what is not known to last is said as a period of one date.
        lone = self.is_current is None and self.end is None
        return {
            "company_name": self.company.name,
            "company_key": self.company.key,
            "company_domain": self.company.domain,
            "company_linkedin": self.company.linkedin,
            "title": self.title,
            "location": self.location,
            "start_date": str(self.start) if self.start and not lone else None,
            "date_range": str(self.start) if self.start and lone else None,
            "end_date": str(self.end) if self.end else None,
            "is_current": self.is_current,
            "has_left": self.has_left,
            "doubts": self.doubts,
        }


@careful((), "experience")
def read_positions(record: Record, as_of: str, report: Report) -> tuple[Position, ...]:
    """Read the work history of a person's record.

    Args:
        record: the person's record.
        as_of: ISO date on which the payload came; an end after it lies in the future.
        report: takes what concerns the history as a whole; a position keeps its own doubts.
    """
    entries = entries_of(record, report)
    found: dict[tuple[Any, ...], Position] = {}
    repeated = 0
    for entry in entries:
        if len(found) >= MAX_POSITIONS:
            report.doubt("experience", len(entries), f"only the first {MAX_POSITIONS} positions are kept")
            break
        try:
            position = _read_position(entry, as_of, report)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it costs this position alone
            report.defect("experience", named(entry.said), error)
            continue
        if position is None:
            report.doubt("experience", named(entry.said), "a position that says neither company nor title")
            continue
        key = _identity(position)
        same = _repetition(found, key)
        if same is None:
            found[key] = position
        elif entry.listed:
            repeated += 1
        elif found[same].is_current is None:
            found[same] = found[same]._replace(is_current=position.is_current, doubts=None)
    if repeated:
        report.doubt("experience", repeated, "positions that the history lists twice")
    return _with_leaving(tuple(found.values()))


def _read_position(entry: Entry, as_of: str, whole: Report) -> Position | None:
    report = Report()
    company = read_company_ref(entry.said, report)
    title = first_text(entry.said, _TITLE, "title", report)
    if title is None and company == _NO_COMPANY:
        return None
    location = read_text(_location(entry.said), "location", report)
    period = read_period(entry.said, as_of, entry.hint, report)
    if report.defects:
        whole.defects |= {f"experience.{name}": line for name, line in report.defects.items()}
    return Position(company, title, location, *period, None, report.lines or None)


def _location(entry: Record) -> Any:
    """The place as text; `metadata` is one only where it is text."""
    value = first(entry, _LOCATION)
    if value.__class__ is list:
        value = next((place for place in value if place), None)
    return None if isinstance(value, dict) and any(value is other for other in entry.under(_METADATA)) else value


def _identity(position: Position) -> tuple[Any, ...]:
    company = position.company
    who = company.key or company.name or company.domain or company.linkedin
    title = position.title.lower() if position.title else None
    return (who, title, position.start, position.end)


def _repetition(found: dict[tuple[Any, ...], Position], key: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The position that says the same already: also one whose twin leaves the start or the end out."""
    if key in found:
        return key
    if key[2] is not None and key[3] is not None:
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
        if position.is_current or (staying and position.company.is_among(staying)):
            return False
        if position.is_current is None or (unknown and position.company.is_among(unknown)):
            return None
        return True

    return tuple([Position(*position[:6], has_left(position), position[7]) for position in positions])
