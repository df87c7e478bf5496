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
from app.text._company_forms import CO, alnum, form_key, is_form, is_name, without_eastern_forms, without_forms
from app.text._company_remarks import REMARK_WORDS, TRADE_WORDS, unquoted, without_remarks
from app.text._name_words import given_names
from app.text.values import clean_text, fold

__all__ = ["company_key", "company_name", "is_no_company", "names_a_company"]

LONGEST = 300
"""Letters of a cell that are read; no company is called more, and its name stands at the front of a longer text."""

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
    return _ordinary_before_form(line) or _with_care(line)


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
    if line == low or line == line.upper() or ("und" in low and ("co" in low or "cie" in low)):
        return False
    spoken = low.split()
    longest = min(words.LONGEST_FORM, len(spoken) - 1)
    return TELLING.isdisjoint(spoken) and words.ANYHOW.isdisjoint(
        ["".join(spoken[-length:]) for length in range(2, longest + 1)]
    )


def _ordinary_before_form(line: str) -> str | None:
    """The name in front of one legal form, where it is ordinary itself: `Orchard Tools, Inc.`; else None."""
    written, _, form = line.rpartition(" ")
    name = written.removesuffix(",")
    if not _is_ordinary(name) or name[-1] == " " or not form.replace(".", "").isalpha():
        return None
    spoken, key = name.lower().split(), form_key(form)
    longest = min(words.LONGEST_FORM, len(spoken))
    if not words.ANYHOW.isdisjoint(["".join(spoken[1 - length :]) + key for length in range(2, longest + 1)]):
        return None  # "Private Limited" is one form
    hanging = spoken[-1] in words.LOOSE_ENDS or spoken[0] == "sc" or not OWNED_BY.isdisjoint(spoken)
    return name if not hanging and is_form(form, written.split()[-1], small=False) and is_name(spoken) else None


def is_no_company(text: str | None) -> bool:
    """Whether an employer's name says that there is none: Self-employed, Freelance, Stealth Startup."""
    line = clean_text(text)
    return line is None or fold(line).strip(" .!()") in words.EMPLOYED_BY_NOBODY


def names_a_company(text: str) -> bool:
    """Whether a text that should be a person's name ends in a legal form that nobody is called: `Northgate GmbH`."""
    if text.endswith(")") and (opened := text.rfind("(")) > 0:
        text = text[:opened]  # (Acme Inc.) behind a name is where somebody works
    tokens = text.split()
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
