"""Work histories in payloads: every position a person held, in the order of the payload.

Profiles repeat themselves (`experience`, `current_experience`, `latest_experience`) and leave things out; here they
become one list without repetitions, each position with what is doubtful about it. Whether somebody has left a company
is decided per company, not per position: a promotion ends a position and leaves nobody.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from app.extraction.company_refs import CompanyRef, read_company_ref
from app.extraction.dates import PartialDate
from app.extraction.entries import entries_of
from app.extraction.keys import Names, keys
from app.extraction.payloads import first, first_text
from app.extraction.periods import read_period
from app.extraction.reading import read_text
from app.extraction.records import Record, named
from app.extraction.reports import Report, careful

__all__ = ["Position", "read_positions"]

MAX_POSITIONS = 500

Read = tuple[
    CompanyRef,
    str | None,
    str | None,
    PartialDate | None,
    PartialDate | None,
    bool | None,
    dict[str, dict[str, str]] | None,
]
"""What is read of one entry alone: the fields of `Position` but for `has_left`, which takes all of them to say."""
LASTS = 5
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
    found: dict[tuple[Any, ...], Read] = {}
    repeated = 0
    for said, hint, listed in entries:
        if len(found) >= MAX_POSITIONS:
            report.doubt("experience", len(entries), f"only the first {MAX_POSITIONS} positions are kept")
            break
        try:
            position = _read_position(said, hint, as_of, report)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it costs this position alone
            report.defect("experience", named(said), error)
            continue
        if position is None:
            report.doubt("experience", named(said), "a position that says neither company nor title")
            continue
        key = _identity(position)
        same = _repetition(found, key)
        if same is None and not listed and key[1:] == (None, None, None):
            same = next((other for other in found if other[0] == key[0]), None)  # only where somebody works
        if same is None:
            found[key] = position
        elif listed:
            repeated += 1
        elif found[same][LASTS] is None:
            *_, is_current, _ = position
            company, title, location, start, end, _, _ = found[same]
            found[same] = (company, title, location, start, end, is_current, None)
    if repeated:
        report.doubt("experience", repeated, "positions that the history lists twice")
    return _with_leaving(list(found.values()))


def _read_position(entry: Record, hint: bool | None, as_of: str, whole: Report) -> Read | None:
    """One position; None where it says nothing.

    Args:
        entry: the position as it came.
        hint: what the list it was in says: current (True), past (False), nothing (None).
        as_of: ISO date on which the payload came.
        whole: takes what a reader failed on.
    """
    report = Report()
    company = read_company_ref(entry, report)
    title = first_text(entry, _TITLE, "title", report)
    if title is None and company == _NO_COMPANY:
        return None
    location = read_text(_location(entry), "location", report) if entry.shape[_LOCATION] else None
    start, end, is_current = read_period(entry, as_of, hint, report)
    if report.defects:
        whole.defects |= {f"experience.{name}": line for name, line in report.defects.items()}
    return company, title, location, start, end, is_current, report.lines or None


def _location(entry: Record) -> Any:
    """The place as text; `metadata` is one only where it is text."""
    value = first(entry, _LOCATION)
    if value.__class__ is list:
        value = next((place for place in value if place), None)
    return None if isinstance(value, dict) and any(value is other for other in entry.under(_METADATA)) else value


def _identity(position: Read) -> tuple[Any, ...]:
    company, title, _, start, end, _, _ = position
    who = company.key or company.name or company.domain or company.linkedin
    return (who, title.lower() if title else None, start, end)


def _repetition(found: dict[tuple[Any, ...], Read], key: tuple[Any, ...]) -> tuple[Any, ...] | None:
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


def _with_leaving(found: list[Read]) -> tuple[Position, ...]:
    """The positions, each with whether the person has left that company altogether."""
    staying = [company for company, *_, is_current, _ in found if is_current]
    unknown = [company for company, *_, is_current, _ in found if is_current is None]

    def has_left(company: CompanyRef, is_current: bool | None) -> bool | None:
        if is_current or (staying and company.is_among(staying)):
            return False
        if is_current is None or (unknown and company.is_among(unknown)):
            return None
        return True

    return tuple(
        [
            Position(company, title, location, start, end, is_current, has_left(company, is_current), doubts)
            for company, title, location, start, end, is_current, doubts in found
        ]
    )
