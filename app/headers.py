"""Which column of an export holds which field: header labels are matched by normalised name, never by position.

`app/uploads.py` calls `match_headers` once per file, between sniffing and storing; the outcome becomes the upload's
mapping, which people can change in the inspector. A sample of the cells decides between columns that share a meaning:
a column of hashed Sales Navigator links is not a column of LinkedIn profiles, whatever its label says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.header_names import COMPANY, CUSTOMER, KNOWN, PERSON, PERSON_SIGNS

__all__ = ["FIELDS", "KINDS", "HeaderMatch", "detect_kind", "is_known", "match_headers", "normalise"]

KINDS = ("people", "companies", "customers")

# kind of upload -> field -> labels that may hold it, best first
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {"people": PERSON, "companies": COMPANY, "customers": CUSTOMER}

# What a link's cells must look like to be what the label says. LinkedIn's hashed member ids ("ACwAAB…") open no public
# profile, and /sales/ links open only for a Sales Navigator seat.
_PROFILE = re.compile(r"linkedin\.com/(?:in|pub)/(?!A[A-Z][A-Za-z]AA[\w-]{15,})", re.ASCII)
_LOOKS: dict[str, re.Pattern[str]] = {
    "linkedin": _PROFILE,
    "company_linkedin": re.compile(r"linkedin\.com/(?:company|school|showcase)/", re.IGNORECASE),
    "past_company_linkedin": re.compile(r"linkedin\.com/(?:company|school|showcase)/", re.IGNORECASE),
    "email": re.compile(r"\S@\S"),
    "website": re.compile(r"^(?!.*\blinkedin\.com)[^\s@]+\.[^\s@]+$", re.IGNORECASE),
    "company_domain": re.compile(r"^(?!.*\blinkedin\.com)[^\s@]+\.[^\s@]+$", re.IGNORECASE),
}
# What may stand around a label that is one of ours.
_REMARK = re.compile(r"\s*(?:[(\[][^)\]]*[)\]]|\*)\s*$")
_NUMBERED = re.compile(r"^(.+?)[\s_-]*1(?:\s*[-:/]\s*(?:Value|Name|Formatted|Address))?$", re.IGNORECASE)
_OF_A_PERSON = re.compile(
    r"^(?:contacts?|persons?|people|leads?|prospects?|profile|member|candidate|kontakt|contacto|contatto)"
    r"(?:[\s_./:-]+|(?=[A-Z]))",
    re.IGNORECASE,
)
_OF_A_COMPANY = re.compile(
    r"^(?:accounts?|organi[sz]ations?|orgs?|company|companies|employer|job[\s_]company|current[\s_]company|business"
    r"|firmen?|unternehmens?|entreprise|empresa|azienda|bedrijfs?)(?:[\s_./:-]+|(?=[A-Z]))",
    re.IGNORECASE,
)
_WHOLE_OR_PART = frozenset(("nome", "nombre", "nom", "naam", "first", "last"))

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
        notes: what a reader should know about choices that were made, one sentence each.
    """

    kind: str
    mapping: dict[str, str]
    unrecognised: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def normalise(label: str) -> str:
    """A label without case, accents' encoding, spaces and punctuation: `# Employees` and `employees` are the same."""
    return "".join(c for c in unicodedata.normalize("NFKC", label).casefold() if c.isalnum())


_NORMALISED: dict[str, dict[str, tuple[str, ...]]] = {
    kind: {name: tuple(dict.fromkeys(map(normalise, labels))) for name, labels in fields.items()}
    for kind, fields in FIELDS.items()
}
_PERSON_SIGNS = frozenset(map(normalise, PERSON_SIGNS))
_TAKEN = frozenset(label for fields in _NORMALISED.values() for labels in fields.values() for label in labels)
_KNOWN = frozenset(map(normalise, KNOWN)) | _TAKEN


def is_known(label: str) -> bool:
    """Whether the label is one of those that exports use."""
    return normalise(label) in _KNOWN


def detect_kind(header: Sequence[str]) -> str:
    """People or companies; `customers` is never guessed, a customer list looks like any list of companies."""
    names = {normalise(label) for label in header}
    if names & _PERSON_SIGNS:
        return "people"
    fields = _NORMALISED["companies"]
    company_name = {normalise(label) for label in ("Company", "Company Name", "Organization", "Account Name")}
    has_email = bool(names & set(_NORMALISED["people"]["email"]))
    if has_email and names & company_name:
        return "people"
    company_signs = {label for name in ("company_name", "company_domain", "website") for label in fields[name]}
    return "companies" if names & company_signs else "people"


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
    chosen = kind or detect_kind(header)
    cells = sample or {}
    columns: dict[str, str] = {}
    for label in header:
        columns.setdefault(normalise(label), label)
    mapping: dict[str, str] = {}
    notes: list[str] = []
    for name, labels in _NORMALISED[chosen].items():
        candidates = [columns[label] for label in labels if label in columns and not _misleads(name, label, columns)]
        column, doubted = _best(name, candidates, cells)
        if column is not None:
            mapping[name] = column
        elif doubted:
            notes.append(_doubt(name, doubted))
    _by_parts(header, chosen, mapping, cells)
    _settle_single_name(mapping)
    used = set(mapping.values())
    others = [label for label in header if label not in used]
    return HeaderMatch(
        chosen,
        mapping,
        unrecognised=[label for label in others if not is_known(label)],
        unused=[label for label in others if is_known(label)],
        notes=notes,
    )


def _by_parts(header: Sequence[str], kind: str, mapping: dict[str, str], cells: Mapping[str, Sequence[str]]) -> None:
    """Map columns whose label says a field with something around it: `contact_first_name`, `First Name (required)`.

    Only fields that no column's own label has taken, and only columns that nobody knows.
    """
    fields = _NORMALISED[kind]
    taken = set(mapping.values())
    for label in header:
        if label in taken or is_known(label):
            continue
        for name in _named_in_parts(label, fields):
            if name not in mapping and _fits(name, cells.get(label, ())) is not False:
                mapping[name] = label
                break


def _named_in_parts(label: str, fields: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The fields that a label may mean once remarks, numbers and the words for whose it is are taken off."""
    bare = _REMARK.sub("", _NUMBERED.sub(r"\1", label.strip()))
    plain = normalise(bare)
    about_company = _NORMALISED["companies"]
    found = [name for name, labels in fields.items() if plain in labels]
    if (whose := _OF_A_PERSON.match(bare)) and (rest := normalise(bare[whose.end() :])):
        found += [name for name, labels in fields.items() if rest in labels]
    if (whose := _OF_A_COMPANY.match(bare)) and (rest := normalise(bare[whose.end() :])):
        found += [
            name
            for name, labels in about_company.items()
            if name in fields and (f"company{rest}" in labels or rest in labels)
        ]
    return found


def _settle_single_name(mapping: dict[str, str]) -> None:
    """`Nome`, `Nombre`, `Nom` are one part of a name only beside a column for the other part."""
    for part, other in (("first_name", "last_name"), ("last_name", "first_name")):
        column = mapping.get(part)
        if column and other not in mapping and normalise(column) in _WHOLE_OR_PART:
            del mapping[part]
            mapping.setdefault("person_name", column)


def _misleads(name: str, label: str, columns: Mapping[str, str]) -> bool:
    """Sales Navigator scrapers call a link to LinkedIn `companyUrl`; elsewhere that is the company's website."""
    return name == "website" and label == "companyurl" and "regularcompanyurl" in columns


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
    }.get(name, "hold no web addresses")
    return f"{' and '.join(columns)}: the cells {what}, so nothing was mapped to {name}."
