"""The positions of a payload before they are read: which lists hold them, unfolded from under their companies.

LinkedIn groups roles by employer, scrapers keep or flatten the groups, and every tool has a name of its own for the
list. What leaves here is one flat list of records, each with a hint whether its list said "current" or "past".
"""

from __future__ import annotations

from typing import Any

from app.extraction.dates import split_range
from app.extraction.flat_positions import numbered_positions, position_in_words, positions_in_lines, previous_position
from app.extraction.keys import EMPTY, Names, fields_of, keys
from app.extraction.reading import decoded, is_nothing, read_list
from app.extraction.records import Record, named, record_of
from app.extraction.reports import Report

__all__ = ["Entry", "entries_of"]

_FIELDS = {field: keys("position", field) for field in fields_of("position")}
_TIMES = ("start", "end", "start_year", "start_month", "end_year", "end_month", "period")
_ROLES_OWN = Names(name for field in ("title", *_TIMES, "current", "nested") for name in _FIELDS[field])
"""Keys of a role; what else a group has belongs to its company."""

_ROLE_MARKS = Names(
    (*_FIELDS["title"], *_FIELDS["start"], *(name for name in _FIELDS["nested"] if name not in ("positions", "titles")))
)
_FOLDED = Names((*_FIELDS["nested"], "subtitle"))
"""Keys without which an entry is one role, with its company beside it."""

_COMPANY_NAME = keys("company", "name")
_EMPLOYER = Names(name for name in _COMPANY_NAME if name != "name")
_NO_HISTORIES = Names((*keys("ignored", "not_positions"), *_FIELDS["current_lists"]))

_HEADING, _SUBTITLE = Names(("title",)), Names(("subtitle",))
_LONE = Names(("employment", "job", "position"))

LOOKS_LIKE = 2
"""Of a position's three marks (title, company, time) an unknown list's entries need this many."""


Entry = tuple[Record, bool | None, bool]
"""One position as it came; whether the list it was in says that it lasts (True) or is over (False); whether it is in
the history, or only beside it."""


def entries_of(record: Record, report: Report) -> list[Entry]:
    """Every position of a person's record, histories first, then what repeats the current ones.

    Args:
        record: the person's record.
        report: takes what is no position, and lists under unknown names that were read all the same.
    """
    listed, past, current = (
        [said for place in record.shape[_FIELDS[field]] for said in _unfolded(record, place, report)]
        for field in ("lists", "past_lists", "current_lists")
    )
    if not listed and not past:
        listed = numbered_positions(record) or _under_unknown_names(record, report)
        past = [] if listed else previous_position(record)
    lone = record.under(_LONE)
    entries: list[Entry] = [
        (said, True if said.is_among(current) or _is_one_of(said, lone) else None, True) for said in listed
    ]
    repeated: list[Entry] = [(said, True, False) for said in current if not said.is_among(listed)]
    before: list[Entry] = [(said, False, True) for said in past if not said.is_among(listed)]
    return [*entries, *before, *repeated] if listed else [*repeated, *before]


def _is_one_of(said: Record, lone: list[Any]) -> bool:
    """Whether an entry is the one job that a record has instead of a list: `{"employment": {"name": …}}`."""
    return bool(lone) and any(job is said.said for job in lone)


def _unfolded(record: Record, place: int, report: Report) -> list[Record]:
    """The positions in one of a record's values."""
    name, value = record.shape.compared[place], record.values[place]
    if value is None or (name == "position" and value.__class__ is str):
        return []
    found: list[Record] = []
    if isinstance(value, dict) and (deeper := _list_inside(record_of(value))) is not None:
        return _unfolded(record_of(value), deeper, report)
    if value.__class__ is str and (lines := positions_in_lines(value)):
        return [record_of(line) for line in lines]
    for entry in value if value.__class__ is list else read_list(value, name, report):
        if entry.__class__ is dict:
            said = record_of(entry)
            found += _roles(said) if said.shape[_FOLDED] else (said,)
            continue
        entry = decoded(entry)  # noqa: PLW2901 -- JSON in a cell
        if entry.__class__ is str and (told := position_in_words(entry)) is not None:
            entry = told  # noqa: PLW2901 -- "Head of Care at Tern Vale (May 2021 - Present)"
        if not isinstance(entry, dict):
            if not is_nothing(entry):
                report.doubt(name, entry, "not a position")
            continue
        found += _roles(record_of(entry))
    return found


def _list_inside(said: Record) -> int | None:
    """At which place an object holds the list of positions: `{"positionsCount": 2, "positionHistory": [...]}`."""
    found = [place for place in said.shape[_FIELDS["lists"]] if said.values[place].__class__ is list]
    return found[0] if len(found) == 1 and not _says(said, _FIELDS["title"]) else None


def _roles(entry: Record, depth: int = 0) -> list[Record]:
    """The roles that an entry groups under its company, or the entry itself."""
    inner = [role for value in entry.under(_FIELDS["nested"]) for role in _dicts(value) if _is_role(role)]
    if not inner or depth > 1:
        return [_with_caption(entry)]
    company = {entry.shape.compared[place]: entry.values[place] for place in entry.shape.besides(_ROLES_OWN)}
    if not _says(entry, _COMPANY_NAME) and (heading := _text(entry, _HEADING)) is not None:
        company["companyname"] = heading  # the group's heading is the employer
    roles = [role for said in inner for role in _roles(said, depth + 1)]
    return [_merged(company, role) for role in roles]


def _merged(company: dict[str, Any], role: Record) -> Record:
    return record_of(company | {name: value for name, value in named(role).items() if value not in EMPTY})


def _dicts(value: Any) -> list[Record]:
    value = decoded(value)
    if isinstance(value, dict):
        value = read_list(value, "", Report())
    return [record_of(item) for item in value if isinstance(item, dict)] if value.__class__ is list else []


def _is_role(entry: Record) -> bool:
    """Whether a nested object is a role, not a remark on one (Apify keeps descriptions in the same place)."""
    return _says(entry, _ROLE_MARKS)


def _says(entry: Record, names: Names) -> bool:
    return any(entry.under(names))


def _text(entry: Record, names: Names) -> str | None:
    """The text under a name; None where there is something else."""
    return next((value for value in entry.under(names) if isinstance(value, str)), None)


def _with_caption(entry: Record) -> Record:
    """Apify's cards: "subtitle" is "Company · Full-time" where no other key names the company."""
    subtitle = _text(entry, _SUBTITLE)
    if subtitle is not None and not _says(entry, _COMPANY_NAME):
        return record_of(named(entry) | {"companyname": subtitle.split("\u00b7")[0].strip()})
    return entry


def _under_unknown_names(record: Record, report: Report) -> list[Record]:
    """Lists of what looks like positions, under a name that nobody has told us; read, with a doubt."""
    for place in record.shape.besides(_NO_HISTORIES):
        value = record.values[place]
        if value.__class__ is not list:
            continue
        found = [record_of(item) for item in value if isinstance(item, dict)]
        if found and all(_marks(entry) >= LOOKS_LIKE for entry in found):
            report.doubt(
                "experience",
                record.shape.spelt[place],
                "not a known name; its entries look like positions and are read as such",
            )
            return [role for entry in found for role in _roles(entry)]
    return []


def _marks(entry: Record) -> int:
    """How many of title, employer and time an object has."""
    period = any(split_range(value)[1] for value in entry.under(_FIELDS["period"]))
    return sum(
        (
            _text(entry, _FIELDS["title"]) is not None,
            _says(entry, _EMPLOYER),
            period or _says(entry, _FIELDS["start"]) or _says(entry, _FIELDS["end"]),
        )
    )
