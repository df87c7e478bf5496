"""Which column of an export holds which field: header labels are matched by normalised name, never by position.

`app/intake/ingest.py` calls `match_headers` once per file, between sniffing and storing; the outcome becomes the
upload's mapping, which people can change in the inspector. A sample of the cells decides between columns that share a
meaning: a column of hashed Sales Navigator links is not a column of LinkedIn profiles, whatever its label says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.intake.header_parts import bare_name, fields_in_parts, says_company, says_person
from app.intake.header_values import COMPANY_PAGE, PROFILE, WHAT, fields_by_value, held
from app.intake.header_vocabulary import FIELDS, compared, normalise, parts, vocabulary

__all__ = [
    "FIELDS",
    "HeaderMatch",
    "detect_kind",
    "fields_of_label",
    "is_known",
    "match_headers",
    "normalise",
]

# What a "Title" column holds where it means Mr and Mrs.
_SALUTATION = (
    r"mr|mrs|ms|miss|mx|dr|prof|herr|frau|hr|fr|m|mme|mlle|sr|sra|srta|dhr|mevr|sig|sig\.ra|dott|dott\.ssa|ing|sir"
)

# What a link's cells must look like to be what the label says.
_LOOKS: dict[str, re.Pattern[str]] = {
    "linkedin": PROFILE,
    "company_linkedin": COMPANY_PAGE,
    "past_company_linkedin": COMPANY_PAGE,
    "email": re.compile(r"\S@\S"),
    "title": re.compile(rf"^(?!(?:{_SALUTATION})\.?(?: (?:{_SALUTATION})\.?)*$)", re.IGNORECASE),
    "website": re.compile(r"^(?!.*\blinkedin\.com)[^\s@]+\.[^\s@]+$", re.IGNORECASE),
    "company_domain": re.compile(r"^(?!.*\blinkedin\.com)[^\s@]+\.[^\s@]+$", re.IGNORECASE),
}
_SURNAME_OR_WHOLE = frozenset(("name", "naam", "nom"))
_ENGLISH = frozenset(("firstname", "givenname", "first", "forename", "fname"))
_WHOLE_OR_PART = frozenset(("nome", "nombre", "nom", "naam", "first", "last"))

_A_NAME = frozenset(("name", "naam", "contact", "kontakt"))
_FACTS = (
    "industry",
    "employee_count",
    "annual_revenue",
    "founded_year",
    "company_type",
    "total_funding",
    "technologies",
    "company_description",
)
"""What a list of companies says of each; where no column names anybody, an address beside it is the company's."""
_MANY_FACTS = 3
_WEAK_SIGNS = frozenset(("profileurl",))

_SAMPLE = 200
_TRUSTED_SHARE = 0.5


@dataclass(frozen=True)
class HeaderMatch:
    """What a header line means.

    Attributes:
        kind: people, companies or customers.
        mapping: field -> the column (its label in this file) that holds it.
        unrecognised: columns whose label nobody knows, in file order.
        unused: columns whose label is known but which no field takes, in file order.
        by_value: mapped columns that were recognised by their cells, not by their label.
        notes: what a reader should know about choices that were made, one sentence each.
    """

    kind: str
    mapping: dict[str, str]
    unrecognised: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    by_value: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_known(label: str) -> bool:
    """Whether the label is one of those that exports use."""
    return compared(label) in vocabulary().known


def fields_of_label(kind: str, label: str) -> list[str]:
    """The fields that a label may mean in a file of this kind, the likeliest first."""
    plain = compared(label)
    own = [name for name, labels in vocabulary().labels[kind].items() if plain in labels]
    return own or [n for n in fields_in_parts(label, parts(kind), parts("companies")) if n in FIELDS[kind]]


def detect_kind(header: Sequence[str], sample: Mapping[str, Sequence[str]] | None = None) -> str:
    """People or companies; `customers` is never guessed, a customer list looks like any list of companies.

    Args:
        header: column labels.
        sample: column label -> some of its cells, asked where the labels say nothing.
    """
    names = {compared(label) for label in header}
    people = vocabulary().labels["people"]
    facts = sum(bool(names & set(people[name])) for name in _FACTS)
    weak = _WEAK_SIGNS if facts >= _MANY_FACTS else frozenset()
    named = any(says_person(label, parts("people")) for label in header if compared(label) not in weak)
    if names & vocabulary().companies and not named and not names & vocabulary().somebody:
        return "companies"
    if named or names & vocabulary().people - weak:
        return "people"
    at_work = names & set(people["email"]) and names & set(people["company_name"])
    if at_work and (names & _A_NAME or facts < _MANY_FACTS):
        return "people"
    fields = vocabulary().labels["companies"]
    company_signs = {label for name in ("company_name", "company_domain", "website") for label in fields[name]}
    if names & company_signs or any(says_company(label, parts("companies")) for label in header):
        return "companies"
    seen = {held((sample or {}).get(label, ())) for label in header}
    return (
        "companies" if seen & {"company_linkedin", "company_domain"} and not seen & {"linkedin", "email"} else "people"
    )


def match_headers(
    header: Sequence[str], kind: str | None = None, sample: Mapping[str, Sequence[str]] | None = None
) -> HeaderMatch:
    """Map the fields of Leadloom's vocabulary to columns.

    Args:
        header: distinct column labels in file order.
        kind: people, companies or customers; None detects people or companies.
        sample: column label -> some of its cells, to tell apart columns by what is in them.

    Returns:
        The match. Each field takes the first of its labels that is present and whose cells fit; a label that occurs
        twice (`Email`, `Email (2)`) counts where it stands first.
    """
    chosen = kind or detect_kind(header, sample)
    cells = sample or {}
    columns: dict[str, str] = {}
    for label in header:
        columns.setdefault(compared(label), label)
    mapping: dict[str, str] = {}
    notes: list[str] = []
    suspects: list[str] = []
    for name, labels in vocabulary().labels[chosen].items():
        here = [label for label in labels if label in columns and not _misleads(name, label, columns, cells)]
        candidates = [columns[label] for label in here if columns[label] not in mapping.values()]
        column, doubted = _best(name, candidates, cells)
        if column is not None:
            mapping[name] = column
        elif doubted:
            notes.append(_doubt(name, doubted))
        suspects += doubted
    _by_parts(header, chosen, mapping, cells)
    _settle_single_name(mapping, cells)
    by_value = _by_value(header, chosen, mapping, cells, suspects)
    notes += [f"“{column}” contains {WHAT[name]}, so it is mapped to {name}." for name, column in by_value.items()]
    used = set(mapping.values())
    others = [label for label in header if label not in used]
    return HeaderMatch(
        chosen,
        mapping,
        unrecognised=[label for label in others if not is_known(label)],
        unused=[label for label in others if is_known(label)],
        by_value=list(by_value.values()),
        notes=notes,
    )


def _by_value(
    header: Sequence[str],
    kind: str,
    mapping: dict[str, str],
    cells: Mapping[str, Sequence[str]],
    suspects: Sequence[str],
) -> dict[str, str]:
    """Map columns whose label nobody knows, or that is not what the cells are, to what their cells plainly are."""
    taken = set(mapping.values())
    candidates = [label for label in header if label not in taken and (not is_known(label) or label in suspects)]
    found = fields_by_value(candidates, cells, FIELDS[kind].keys() - mapping.keys())
    mapping |= found
    return found


def _by_parts(header: Sequence[str], kind: str, mapping: dict[str, str], cells: Mapping[str, Sequence[str]]) -> None:
    """Map columns whose label says a field with something around it: `contact_first_name`, `First Name (required)`.

    Only fields that no column's own label has taken, and only columns that nobody knows; the best of them wins.
    """
    taken = set(mapping.values())
    found = [
        (place, rank, label, name)
        for label in header
        if label not in taken and compared(label) not in vocabulary().known_in[kind]
        for place, (name, rank) in enumerate(fields_in_parts(label, parts(kind), parts("companies")).items())
        if name in FIELDS[kind]
    ]
    for _, _, label, name in sorted(found, key=lambda one: one[:2]):
        if name not in mapping and label not in taken and _fits(name, cells.get(label, ())) is not False:
            mapping[name] = label
            taken.add(label)


def _settle_single_name(mapping: dict[str, str], cells: Mapping[str, Sequence[str]]) -> None:
    """`Nome`, `Nombre`, `Nom` are one part of a name only beside a column for the other part, and so is `Name`."""
    for part, other in (("first_name", "last_name"), ("last_name", "first_name")):
        column = mapping.get(part)
        if column and other not in mapping and _part(column) in _WHOLE_OR_PART:
            del mapping[part]
            mapping.setdefault("person_name", column)
    first, whole = mapping.get("first_name"), mapping.get("person_name", "")
    if first and "last_name" not in mapping and _part(whole) in _SURNAME_OR_WHOLE:
        rows = zip(cells.get(first, ()), cells.get(whole, ()), strict=False)
        both = [name.strip().casefold() in full.casefold() for name, full in rows if name.strip() and full.strip()]
        if sum(both) < len(both) / 2 or not (both or compared(first) in _ENGLISH):
            mapping["last_name"] = mapping.pop("person_name")


def _part(column: str) -> str:
    """A label to tell names and their parts apart by: `Nombre del contacto` is `nombre`."""
    return bare_name(column) or compared(column)


def _misleads(name: str, label: str, columns: Mapping[str, str], cells: Mapping[str, Sequence[str]]) -> bool:
    """Sales Navigator scrapers call a link to LinkedIn `companyUrl`; elsewhere that is the company's website."""
    if label != "companyurl":
        return False
    if name == "company_linkedin":
        others = columns.keys() & set(vocabulary().labels["companies"]["website"]) - {"companyurl"}
        scraped = others and columns[label] == "companyUrl"
        return not scraped and _fits(name, cells.get(columns[label], ())) is None
    return name == "website" and "regularcompanyurl" in columns


def _best(name: str, candidates: Sequence[str], cells: Mapping[str, Sequence[str]]) -> tuple[str | None, list[str]]:
    """The first candidate whose cells fit, else the first without cells; and those whose cells speak against them."""
    blank: str | None = None
    doubted: list[str] = []
    for column in candidates:
        verdict = _fits(name, cells.get(column, ()))
        if verdict:
            return column, doubted
        if verdict is None:
            blank = blank or column
        else:
            doubted.append(column)
    return blank, doubted


def _fits(name: str, cells: Sequence[str]) -> bool | None:
    """Whether the cells can be this field; None when there are none to look at."""
    filled = [cell.strip() for cell in cells if cell.strip()][:_SAMPLE]
    if not filled:
        return None
    look = _LOOKS.get(name)
    return look is None or sum(bool(look.search(cell)) for cell in filled) >= _TRUSTED_SHARE * len(filled)


def _doubt(name: str, columns: Sequence[str]) -> str:
    what = {
        "linkedin": "hold no public LinkedIn profiles (Sales Navigator links and hashed ids open none)",
        "company_linkedin": "hold no LinkedIn company pages",
        "past_company_linkedin": "hold no LinkedIn company pages",
        "email": "hold no e-mail addresses",
        "title": "hold forms of address",
    }.get(name, "hold no web addresses")
    return f"{' and '.join(columns)}: the cells {what}, so nothing was mapped to {name}."
