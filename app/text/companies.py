"""Company names as their customers say them: without legal forms, trademark signs and remarks, never emptied.

`company_name` is for display and outreach (`Brandt & Soll GmbH` is Brandt & Soll), `company_key` for telling whether
two spellings mean one company. Legal forms are taken off in `_company_forms.py`; what they are is in
`_company_words.py`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.text import _company_phrases as phrases
from app.text import _company_words as words
from app.text._company_casing import recase_company
from app.text._company_forms import CO, alnum, form_key, is_form, without_eastern_forms, without_forms
from app.text._company_remarks import REMARK_WORDS, TRADE_WORDS, unquoted, without_remarks
from app.text._name_words import given_names
from app.text.values import clean_text, fold

__all__ = ["company_key", "company_name", "is_no_company", "names_a_company"]

LONGEST = 300
"""Letters of a cell that are read; no company is called more, and its name stands at the front of a longer text."""

MOST_BLANKS = 1_000
"""Characters of a cell that is not cleaned yet, blanks in a row included, among which a name is looked for."""

LOOSE_SIGN = re.compile(r"\s+([.,])(?=\s|\Z)")
TWO_LETTERS = re.compile(
    r"(?<=[bcdfghjklmnprstvwxz])(?:([aou])e)(?=[bcdfghjklmnprstvwxz])|\b([ou])e(?=[bcdfghjklmnprstvwxz])|\b(a)a(?=[b-df-hj-np-tv-z])"
)
"""`ae oe ue aa` for `ä ö ü å`, between consonants or at the front of a word: Mueller is Müller, True stays."""

THE = re.compile(r"\Athe\s+(?=\S)")
AND_COMPANY = re.compile(r"(?<=\w)[\s,]+and\s+(?:company|co)\.?\s*\Z")

TELLING = frozenset(
    word.lower()
    for known in (
        *(words.ANYHOW, words.SPELT, words.CAPITALS_ONLY, words.BEHIND_A_COMMA, CO, REMARK_WORDS, TRADE_WORDS),
        *(words.FORMS_IN_FRONT, words.FORMS_BEFORE_ONE, words.FORMS_BEFORE_TWO, words.ADDRESSED),
        phrases.SPOKEN,
    )
    for word in known
)
"""Words without one of which a name of letters and blanks has no form at either end, and no remark."""

OWNED_BY = frozenset(("inhaber", "inhaberin", "proprietor", "au"))
"""Words with which what follows them is a remark, if a full stop stands in it."""

DECIDING = words.LOOSE_ENDS | words.PROFESSIONALS
"""Words that, as the last of a name, decide what is done to what stands behind it."""

STAND_IN = "Acme Robotics"
TAIL = re.compile(r",?(?: (?:[^\W\d_]|[.,/&])+| \((?:[^\W\d_]|[. ])+\)){1,6}")
"""Ends of lines that may be forms: a few words, without dashes, colons and other signs of a tagline."""

INITIALS = 2
"""Letters that may as well be initials: in India they stand behind a given name (`Ravi K.S.`)."""


@lru_cache(maxsize=32_768)
def company_name(text: str | None) -> str | None:
    """A company's name as people say it; None only where the cell holds no letter or digit.

    Legal forms go unless nothing but a word like "The" would be left; "Company" and "& Co." are parts of the name.
    Capitals are put right only where the whole name is written in one case.
    """
    line = clean_text(text)
    if line is None or _is_ordinary(line):
        return line
    return _ordinary_in_front(line) or _with_care(line)


def _with_care(line: str) -> str | None:
    """The name in a text of any kind."""
    if not any(char.isalnum() for char in line):
        return None
    line = line[:LONGEST]
    line = without_remarks(LOOSE_SIGN.sub(r"\1", line) if " ." in line or " ," in line else line)
    bare = unquoted(without_forms(without_eastern_forms(line)))
    return recase_company(bare or line, line)


@lru_cache(maxsize=32_768)
def company_key(text: str | None) -> str | None:
    """What two spellings of one company have in common: `The Coca-Cola Company, Inc.` and `coca cola company`."""
    name = company_name(text)
    if name is None:
        return None
    key = fold(name).replace("&", " and ").replace("+", " and ")
    if key.startswith("the"):
        key = THE.sub("", key)
    if "and" in key:
        key = AND_COMPANY.sub("", key)
    if "ae" in key or "oe" in key or "ue" in key or "aa" in key:
        key = TWO_LETTERS.sub(r"\1\2\3", key)
    return alnum(key) or None


def _is_ordinary(line: str) -> bool:
    """Whether nothing needs doing to a name, as to most: words in mixed case, of which no rule below knows any."""
    if not line.isascii() or not line.replace(" ", "").isalnum() or len(line) > LONGEST:
        return False
    low = line.lower()
    if line == low or line.isupper() or ("und" in low and ("co" in low or "cie" in low)):
        return False
    spoken = low.split()
    lengths = range(2, min(words.LONGEST_FORM, len(spoken) - 1) + 1)
    return TELLING.isdisjoint(spoken) and (
        not lengths or words.ANYHOW.isdisjoint(["".join(spoken[-length:]) for length in lengths])
    )


def _ordinary_in_front(line: str) -> str | None:
    """What is left of a line that opens with an ordinary name and ends in forms: `Orchard Tools, Inc.`; else None."""
    if len(line) > LONGEST - len(STAND_IN) or " ." in line or " ," in line:
        return None
    name = _opening(line)
    tail = line[len(name) :]
    if not _is_ordinary(name) or not TAIL.fullmatch(tail) or (tail[-1] == ")" and _may_be_initials(name, tail)):
        return None
    spoken = name.lower().split()
    if spoken[0] == "sc" or spoken[-1] in DECIDING or not OWNED_BY.isdisjoint(spoken):
        return None
    left, openings = _left_of(tail)
    ends = ["".join(spoken[-length:]) for length in range(1, min(words.LONGEST_FORM, len(spoken)) + 1)]
    if words.NEVER_ALONE.issuperset(spoken) or not words.ANYHOW.isdisjoint([e + o for e in ends for o in openings]):
        return None  # "Private Limited" is one form
    return None if left is None else name + left


def _may_be_initials(name: str, tail: str) -> bool:
    """Whether the bracket at the end may hold the initials of the name, or of what stands for it."""
    first = tail[tail.rindex("(") + 1]
    return first.isupper() and any(first == word[0] for word in (*name.split(), STAND_IN))


def _opening(line: str) -> str:
    """The words in front of which no rule knows any; a comma behind the last is no part of it."""
    end = 0
    for word in line.split(" "):
        bare = word.removesuffix(",")
        if not bare.isalnum() or bare.lower() in TELLING:
            break
        end += len(bare) + 1
        if bare is not word:
            break
    return line[: max(end - 1, 0)]


@lru_cache(maxsize=4_096)
def _left_of(tail: str) -> tuple[str | None, tuple[str, ...]]:
    """What is left of the end of a line behind an ordinary name, whichever that is, and what its words open with.

    There are few such ends: each is looked at with care once, behind a name that stands for all others.
    """
    opened, _, form = (STAND_IN + tail).rpartition(" ")
    lone = len(opened) <= len(f"{STAND_IN},") and form.replace(".", "").isalpha()
    if lone and is_form(form, opened.split()[-1], small=False):
        return "", ("", form_key(form))
    line = _with_care(STAND_IN + tail) or ""
    keys = list(map(form_key, tail.split()))
    starts = range(len(keys)) if "(" in tail else (0,)  # a bracket may go, and what is behind it join the name
    openings = tuple(["".join(keys[start:end]) for start in starts for end in range(start, len(keys) + 1)])
    return (line.removeprefix(STAND_IN) if line.startswith(STAND_IN) else None), openings


def is_no_company(text: str | None) -> bool:
    """Whether an employer's name says that there is none: Self-employed, Freelance, Stealth Startup."""
    line = clean_text(text)
    return line is None or fold(line).strip(" .!()") in words.EMPLOYED_BY_NOBODY


def names_a_company(text: str) -> bool:
    """Whether a text that should be a person's name ends in a legal form that nobody is called: `Northgate GmbH`."""
    if text.endswith(")") and (opened := text.rfind("(")) > 0:
        text = text[:opened]  # (Acme Inc.) behind a name is where somebody works
    tokens = text[:MOST_BLANKS].split()
    text = " ".join(tokens)[:LONGEST]
    return len(tokens) > 1 and (
        form_key(tokens[-1]) in words.NO_PERSON
        or _ends_in_short_form(tokens)
        or phrases.FIRM.search(text) is not None
        or phrases.COMBINED.search(text) is not None
    )


def _ends_in_short_form(tokens: list[str]) -> bool:
    """Whether a text ends in a short form as it is written behind companies only: Kestrel AG, Kestrel S.A."""
    last = tokens[-1]
    if last in words.NO_PERSON_CAPITALS:
        return not all(token.isupper() for token in tokens)
    if last in words.FIRM_UNLESS_GIVEN:
        one_case = all(token.isupper() for token in tokens)
        return len(tokens) == 2 and not one_case and fold(tokens[0]) not in given_names()  # noqa: PLR2004
    if (last.count(".") < 2 and "/" not in last) or (key := form_key(last)) not in words.NO_PERSON_DOTTED:  # noqa: PLR2004
        return False
    return len(key) > INITIALS or key == "oo" or (len(tokens[0]) > INITIALS and fold(tokens[0]) not in given_names())
