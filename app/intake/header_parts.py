"""What a column label says besides its field: whose it is, which one, and how it is meant (`Person - Email - Work`).

`app/intake/headers.py` asks here about labels that nobody lists. A label is taken apart into words; words around the
field (`header_labels.toml`, "around") are taken off from both ends, and say whether a person, the company or an earlier
position is meant; what is left must be a listed label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, groupby

from app.intake.header_names import AROUND, GLUED, OWNER, PAST, SMALL_WORDS
from app.text.values import fold

__all__ = ["LabelIndex", "bare_name", "fields_in_parts", "says_company", "says_person", "spellings", "words"]

Roles = frozenset[str]
Words = tuple[str, ...]

_REMARK = re.compile(r"\(([^()]*)\)|\[([^\][]*)\]|\*")
_CAMEL = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_LINKEDIN = re.compile(r"linked[ _-]?in|\bLI\b(?=[ _-])", re.IGNORECASE)
_GLUED = re.compile(rf"\b({'|'.join(GLUED)})(?=\w{{3}})", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+|\d+|/")
_ORDER = re.compile(r"\s*\d{1,2}[.)]\s+")
_OWNER = frozenset(map(fold, OWNER))
_YEAR = re.compile(r"(?:19|20)\d\d")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_OR = frozenset(("/", "or", "oder", "ou", "o"))
_LONGEST = 12  # words of a label that is worth taking apart
_LATER = 1_000
_ONLY = {
    "number": frozenset(("employee_count", "phone", "company_phone")),
    "link": frozenset(("website", "linkedin", "company_linkedin", "company_domain")),
    "address": frozenset(
        ("city", "state", "country", "company_city", "company_state", "company_country", "email", "website")
    ),
}
"""Which fields a label with "number of", "link to" or "address" beside it may mean."""
_OF_PEOPLE = frozenset(("first_name", "last_name", "person_name", "title", "headline", "linkedin"))
_OF_COMPANIES = frozenset(("company_name", "website", "company_domain"))
_AT_WORK = frozenset(("title", "email", "department", "seniority"))
_NAMES = frozenset(("first_name", "last_name"))
_CALLED = frozenset(("company_name", "person_name", "first_name", "last_name", "past_company_name"))
_NOUNS = frozenset(("person", "company"))
_PERSONAL = frozenset(("person",))
_BARE = frozenset((word,) for word in ("name", "nome", "nom", "nombre", "naam"))
_PLACES = (frozenset(("country", "state")), frozenset(("company_country", "company_state")))


class LabelIndex:
    """Labels of fields, found by their words, whichever order these have."""

    def __init__(self, fields: Mapping[str, Iterable[str]]) -> None:
        self._fields: dict[str, dict[str, int]] = {}
        for name, labels in fields.items():
            for rank, label in enumerate(labels):
                for key in _all_keys(label):
                    self._fields.setdefault(key, {}).setdefault(name, rank)

    def fields(self, label: Words) -> dict[str, int]:
        """Fields that have this label -> its rank among theirs."""
        found: dict[str, int] = {}
        for key in _keys(label):
            found |= self._fields.get(key, {}) | found
        return found

    def lists(self, label: Words) -> bool:
        """Whether a label of these words, in this order, is one of them."""
        return _joined(label) in self._fields


def _joined(label: Words) -> str:
    return "".join(word for word in label if word != "/")


def words(label: str) -> Words:
    """A label's words without case, punctuation and articles; a slash stays, `camelCase` is two words."""
    plain = _LINKEDIN.sub("Linkedin", label if label.isascii() else unicodedata.normalize("NFKC", label))
    found = _WORD.findall(fold(_CAMEL.sub(" ", _GLUED.sub(r"\1 ", plain)).casefold()))
    return tuple(word for word in found if word not in SMALL_WORDS)


def spellings(label: str) -> tuple[str, ...]:
    """A label, and as it is typed where there are no umlauts: `Gründungsjahr`, `Gruendungsjahr`."""
    typed = label if label.isascii() else unicodedata.normalize("NFC", label).translate(_UMLAUTS)
    return (label,) if typed == label else (label, typed)


@cache  # the kinds of upload share most of their labels
def _all_keys(label: str) -> tuple[str, ...]:
    """What a label is found by, in each of its spellings."""
    return tuple(chain.from_iterable(_keys(words(spelling)) for spelling in spellings(label)))


def _keys(label: Words) -> tuple[str, ...]:
    plain = _joined(label)
    return (plain, " ".join(sorted(word for word in label if word != "/"))) if plain else ()


@cache
def _around() -> dict[tuple[str, str], list[tuple[Words, str]]]:
    """Side ("before", "after") and the outermost word -> the phrases with that word, each with its role."""
    found: dict[tuple[str, str], list[tuple[Words, str]]] = {}
    for side, roles in AROUND.items():
        for role, texts in roles.items():
            for phrase in dict.fromkeys(form for text in texts for form in _forms(words(text), role)):
                edge = phrase[0] if side == "before" else phrase[-1]
                found.setdefault((side, edge), []).append((phrase, role))
    return found


def _forms(phrase: Words, role: str) -> Iterator[Words]:
    """A phrase, and the genitive or plural of a word for somebody: `Ansprechpartners`, `Contacts`."""
    if phrase:
        yield phrase
        if role in _NOUNS and phrase[-1][-1] not in "sx":
            yield (*phrase[:-1], f"{phrase[-1]}s")


def bare_name(label: str) -> str:
    """The word of a label that says nothing but "name" once a person's word is taken off: `nombre`; else nothing."""
    left = (inner[0] for inner, roles in _taken_off(words(label)[:_LONGEST]) if inner in _BARE and roles <= _PERSONAL)
    return next(left, "")


def fields_in_parts(label: str, own: LabelIndex, company: LabelIndex) -> dict[str, int]:
    """Fields that a label may mean once the words around it are taken off, the likeliest first.

    Args:
        label: as it stands in the file.
        own: labels of the kind of file at hand.
        company: labels of a list of companies: what they mean behind a word for the company.

    Returns:
        field -> rank of what is left among the field's labels; behind all others where a remark was left out.
    """
    found: dict[str, int] = {}
    label = _ORDER.sub("", label)
    if not _OWNER.isdisjoint(words(label)):
        return {}
    for later, said in ((0, words(_REMARK.sub(r" \1\2 ", label))), (_LATER, words(_REMARK.sub(" ", label)))):
        if 0 < len(said) <= _LONGEST:
            for inner, roles in _taken_off(said):
                meant = _meant(inner, roles, own, company)
                found |= {name: rank + later for name, rank in meant.items()} | found
    return found


def says_person(label: str, own: LabelIndex) -> bool:
    """Whether a label says that its row is a person: a part of a name, or a person's word beside what people have."""
    said = words(_ORDER.sub("", label))[:_LONGEST]
    listed = own.lists(said)  # "Job Title": known as it stands, and looked at elsewhere
    return any(
        not _telling(inner, roles).isdisjoint(_one_of(inner, own))
        for inner, roles in _taken_off(said)
        if not (listed and roles == {"plain"})
    )


def _telling(label: Words, roles: Roles) -> frozenset[str]:
    """The fields that show a person behind a label, with what stood around it."""
    if "person" in roles and "company" not in roles:
        return _OF_PEOPLE
    if label in _BARE:
        return frozenset()
    return _NAMES if roles != {"plain"} else _NAMES | {"title", "headline"}


def says_company(label: str, company: LabelIndex) -> bool:
    """Whether a label says that its row is a company: its name, its website or domain, with something around it."""
    return not _OF_COMPANIES.isdisjoint(fields_in_parts(label, company, company))


def _taken_off(label: Words) -> list[tuple[Words, Roles]]:
    """The label and what is left of it, step by step, with the roles of what was taken off."""
    seen: dict[tuple[Words, Roles], None] = {(label, frozenset()): None} if label else {}
    queue = list(seen)
    for inner, roles in queue:
        for left, role in _shorter(inner):
            if left and (step := (left, roles | {role})) not in seen:
                seen[step] = None
                queue.append(step)
    return queue


def _shorter(label: Words) -> Iterator[tuple[Words, str]]:
    """What is left once one phrase is taken off either end, and that phrase's role."""
    if label[-1] == "1" or _YEAR.fullmatch(label[-1]):  # "Telefon 1", "Umsatz 2024"
        yield _trimmed(label[:-1]), "plain"
    if label[0] == "1":  # behind "Address": "Address 1 - City"
        yield _trimmed(label[1:]), "plain"
    for phrase, role in _around().get(("before", label[0]), ()):
        if label[: len(phrase)] == phrase:
            yield _trimmed(label[len(phrase) :]), role
    for phrase, role in _around().get(("after", label[-1]), ()):
        if label[-len(phrase) :] == phrase:
            yield _trimmed(label[: -len(phrase)]), role


def _trimmed(label: Words) -> Words:
    """Without a slash at either end."""
    return label[label[:1] == ("/",) : len(label) - (label[-1:] == ("/",))]


def _meant(label: Words, roles: Roles, own: LabelIndex, company: LabelIndex) -> dict[str, int]:
    if "person" in roles and own is company:
        return {}  # a list of companies has no field for its people
    if roles == {"plain"} and label in _BARE:
        return {}  # "Location Name", "Category Name"
    found = _one_of(label, own)
    if "person" in roles and label in _BARE and own is not company:
        found = found | {"person_name": found.get("person_name", _LATER)}
    if "company" in roles:
        found = _at_work(label, found, _one_of(label, company))
    if "linkedin" in roles and "website" in found:
        found = {"company_linkedin" if "company" in roles else "linkedin": found["website"]}
    if "past" in roles:
        of_company = {} if "company" in roles else _one_of(label, company)
        found = {PAST[name]: rank for name, rank in (of_company | found).items() if name in PAST}
    if "kind" in roles:  # "Empresa - Actividad"
        found = {name: rank for name, rank in found.items() if name not in _CALLED}
    for role, allowed in _ONLY.items():
        if role in roles:
            found = {name: rank for name, rank in found.items() if name in allowed}
    return found


def _at_work(label: Words, own: dict[str, int], of_company: dict[str, int]) -> dict[str, int]:
    """What a label with a word for the company means: the company's field, else a person's at work ("role there")."""
    names = frozenset() if label in _BARE else _NAMES  # "Billing First Name"
    at_work = {name: rank for name, rank in own.items() if name in _AT_WORK or name in names}
    return at_work if "department" in at_work or not of_company else of_company


def _one_of(label: Words, index: LabelIndex) -> dict[str, int]:
    """The fields of a label, or of the labels in it that an "or" joins: `Country/Region`, `Vorname/Nachname`."""
    if found := index.fields(label):
        return found
    parts = [tuple(part) for split, part in groupby(label, _OR.__contains__) if not split]
    meant = [next(iter(index.fields(part).items()), None) for part in parts]
    if len(parts) < 2 or None in meant:  # noqa: PLR2004 -- nothing is joined, or something else as well
        return {}
    fields = dict(filter(None, meant))
    if fields.keys() == _NAMES:
        return {"person_name": 0}
    first = next(iter(fields))
    return {first: fields[first]} if len(fields) == 1 or fields.keys() in _PLACES else {}
