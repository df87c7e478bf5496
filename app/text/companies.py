"""Company names as their customers say them: without legal forms, trademark signs and remarks, never emptied.

`company_name` is for display and outreach (`Brandt & Soll GmbH` is Brandt & Soll), `company_key` for telling whether
two spellings mean one company. What the legal forms are is in `_company_words.py`, from cleanco's lists.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.text import _company_phrases as phrases
from app.text import _company_words as words
from app.text._company_casing import recase_company
from app.text._company_remarks import QUOTES, REMARK_WORDS, TRADE_WORDS, kept, unquoted, without_remarks
from app.text._name_words import given_names
from app.text._towns import MOST_WORDS as MOST_WORDS_OF_A_TOWN
from app.text._towns import is_town
from app.text.places import country_code
from app.text.values import clean_text, fold

__all__ = ["company_key", "company_name", "is_no_company", "names_a_company"]

LONGEST = 300
"""Letters of a cell that are read; no company is called more, and its name stands at the front of a longer text."""

LOOSE_SIGN = re.compile(r"\s+([.,])(?=\s|\Z)")
TRAILING = " ,;:-_/\\|*\u2013\u2014"
ABBREVIATED_END = re.compile(
    r"(?:\A|[\s&])(?:co|cie|c[i\u00ed]a|bros|inc|ltd|corp|st|mt|dept|univ|assoc|mfg|intl|int'l|svcs|jr|sr|no)\.\Z",
    re.IGNORECASE,
)
SPACED_INITIALS = re.compile(r"(?<=\w[\s,])(?:\s?\w\.){2,4}\Z")
GLUED_COMMA = re.compile(r"(?<=[^\W\d_]),(?=[^\W\d_])")
TWO_LETTERS = re.compile(
    r"(?<=[bcdfghjklmnprstvwxz])(?:([aou])e)(?=[bcdfghjklmnprstvwxz])|\b([ou])e(?=[bcdfghjklmnprstvwxz])|\b(a)a(?=[b-df-hj-np-tv-z])"
)
"""`ae oe ue aa` for `ä ö ü å`, between consonants or at the front of a word: Mueller is Müller, True stays."""

THE = re.compile(r"\Athe\s+(?=\S)")
AND_COMPANY = re.compile(r"(?<=\w)[\s,]+and\s+(?:company|co)\.?\s*\Z")
DASHES = frozenset(("-", "\u2013", "\u2014"))
MOST_WORDS_OF_A_PLACE = 2
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
GLUED_BRACKET = re.compile(r"(?<=[^\W\d_]{2})\((?=[^()]{2,40}\)\Z)")
BRACKET = re.compile(r"\s\([^()]{1,40}\)\Z")
WINDING = (" i", "(i", ",i", " en ", "(en ", ",en ", " o.", " under ", " w ", " v ", " u ", " tasfiye ")
CO = frozenset(("co", "co."))
GLUED_COS = frozenset(("cokg", "coohg", "cokgaa"))
"""`Co.KG`, behind another form: no form alone, but followed by a place as one."""

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

AND = frozenset(("&", "+", "and", "und", "et", "y", "e", "en", "og", "och", "&amp;"))


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
    bare = unquoted(_without_forms(_without_eastern_forms(line)))
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
    return _alnum(key) or None


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
    spoken, key = name.lower().split(), _key(form)
    longest = min(words.LONGEST_FORM, len(spoken))
    if not words.ANYHOW.isdisjoint(["".join(spoken[1 - length :]) + key for length in range(2, longest + 1)]):
        return None  # "Private Limited" is one form
    hanging = spoken[-1] in words.LOOSE_ENDS or spoken[0] == "sc" or not OWNED_BY.isdisjoint(spoken)
    return name if not hanging and _is_form(form, written.split()[-1], small=False) and _is_name(spoken) else None


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
        _key(tokens[-1]) in words.NO_PERSON
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
    if (last.count(".") < 2 and "/" not in last) or (key := _key(last)) not in words.NO_PERSON_DOTTED:  # noqa: PLR2004
        return False
    return len(key) > INITIALS or key == "oo" or (len(tokens[0]) > INITIALS and fold(tokens[0]) not in given_names())


def _without_eastern_forms(line: str) -> str:
    """Chinese, Japanese and Korean forms stand at either end without a blank."""
    if line.isascii():
        return line
    for form in words.EASTERN_FORMS:
        if line != form and (line.startswith(form) or line.endswith(form)):
            line = kept(line.removeprefix(form).removesuffix(form), line)
    return line


def _without_forms(line: str) -> str:
    """Take legal forms off both ends, as long as a name is left."""
    line = _without_combined_form(line)
    bracket = BRACKET.search(line := GLUED_BRACKET.sub(" (", line)) if line[-1:] == ")" else None
    if bracket and bracket.start() and _says_nothing_more(bracket[0].strip(" ()"), line[: bracket.start()]):
        line, bracket = line[: bracket.start()], None
    if bracket and bracket.start() and _key(bracket[0]) not in words.ANYHOW | words.CAPITALS_ONLY:
        line = line[: bracket.start()]
    before = (GLUED_COMMA.sub(", ", line) if "," in line else line).split()
    tokens = _without_place(before)
    if len(tokens) < len(before):
        line = " ".join(tokens)
        tokens = kept(phrases.COMBINED.sub("", line), line).split()  # GmbH & Co. KG, Köln
    small = line == line.lower()
    romanian = finnish = False
    while len(tokens) > 1:
        length = _form_at_end(tokens, small=small)
        left = _trimmed(tokens[: len(tokens) - length])
        if not length or not _is_name(left):
            break
        if len(left) > 1 and phrases.BRANCH.fullmatch(left[-1]):
            left = _trimmed(left[:-1])
        romanian = romanian or _key(tokens[-1]) in {"srl", "sa", "srld"}
        finnish = finnish or _key(tokens[-1]) in {"oy", "oyj"}
        tokens = left
    if finnish and len(tokens) > 1 and tokens[0] in {"Ab", "AB"}:
        tokens = tokens[1:]  # Ab … Oy: the Swedish form in front, the Finnish behind
    tokens = _without_form_in_front(tokens, romanian=romanian)
    kept_bracket = bracket is not None and _key(bracket[0]) not in words.ANYHOW | words.CAPITALS_ONLY
    return _ended(" ".join(tokens) + (f" {bracket[0].strip()}" if bracket and kept_bracket and tokens else ""))


def _says_nothing_more(within: str, before: str) -> bool:
    """Whether a bracket holds the legal name of what stands before it, its form, or its name in other letters."""
    *_, last = within.split()
    if len(within.split()) > 1 and (_key(last) in words.ANYHOW or last in words.SPELT):
        return True
    return _key(within) in words.OTHER_SCRIPTS or (
        before.isascii() and not within.isascii() and not LATIN.search(within)
    )


def _without_combined_form(line: str) -> str:
    """What no single word at either end says: GmbH & Co. KG, i. L., บริษัท … จำกัด."""
    low = line.lower()
    if any(sign in low for sign in WINDING):
        line = kept(phrases.WINDING_UP.sub("", line), line)
    if line.endswith(("ME", "EI", "EPP")):
        line = kept(phrases.BRAZILIAN.sub("", line), line)
    if " di " in low:
        line = kept(phrases.ITALIAN_PARTNERS.sub("", line), line)
    if "-" in low:
        line = phrases.GLUED.sub("", line)
    if "co" in low or "cie" in low:
        line = kept(phrases.COMBINED.sub("", line), line)
    if (low[:1] == "c" or not line.isascii()) and (opening := phrases.OPENING.match(line)):
        line = kept(phrases.THAI_END.sub("", line[opening.end() :]), line)
    return line


def _without_place(tokens: list[str]) -> list[str]:
    """No town or country behind the form: `Acme GmbH, Berlin`, `Acme Inc. - US`."""
    for i in range(len(tokens) - 2, 0, -1):
        parted = tokens[i].endswith(",") or tokens[i + 1] in DASHES
        if words.BRANCHES & {_key(tokens[i + 1])} and _is_form(tokens[i], tokens[i - 1], small=False):
            return tokens[: i + 1]
        if _key(tokens[i]) in words.ANYHOW and country_code(" ".join(tokens[i + 1 :])):
            return tokens[: i + 1]
        if (
            len(tokens) - i <= MOST_WORDS_OF_A_PLACE + 1
            and tokens[i][-1] == ","
            and (_key(tokens[i]) in GLUED_COS or _is_form(tokens[i].rstrip(","), tokens[i - 1], small=False))
        ):
            return [*tokens[:i], tokens[i].rstrip(",")]
        if len(tokens) - i <= MOST_WORDS_OF_A_TOWN + 1 and is_town(" ".join(tokens[i + 1 :])):
            left = tokens[: i + 1]
            if _key(tokens[i]) not in CO and (_key(tokens[i]) in GLUED_COS or _form_at_end(left, small=False)):
                return left
        if parted and len(tokens) - i <= MOST_WORDS_OF_A_PLACE + 2 and _key(tokens[i]) in words.ANYHOW:
            return [*tokens[:i], tokens[i].rstrip(",")]
    return tokens


def _form_at_end(tokens: list[str], *, small: bool) -> int:
    """How many words at the end make one legal form; 0 for none."""
    keys = [_key(word) for word in tokens[-words.LONGEST_FORM :]]
    for length in range(min(words.LONGEST_FORM, len(tokens) - 1), 1, -1):
        key = "".join(keys[-length:])
        if key in words.ANYHOW and all(len(part) < len(key) for part in keys[-length:]):
            joined = keys[-length] in CO and tokens[-length - 1].lower() in AND
            return length - 1 if joined else length
    spaced = SPACED_INITIALS.search(" ".join(tokens[-words.LONGEST_FORM :])) if tokens[-1][-1:] == "." else None
    if spaced and _key(spaced[0]) in words.DOTTED:
        return len(spaced[0].split())
    return int(_is_form(tokens[-1], tokens[-2], small=small))


def _is_form(word: str, before: str, *, small: bool) -> bool:
    """Whether the last word is a legal form, by its letters and by how it is written."""
    key, bare = _key(word), word.strip(",;()")
    if key in CO:
        return before.lower() not in AND and word.rstrip(".,)").isalpha()
    if key in words.ANYHOW or bare in words.SPELT or (key in words.DOTTED and ("." in bare.rstrip(".") or "/" in bare)):
        return True
    if ("/" in bare and key in words.SLASHED) or (key in words.OTHER_SCRIPTS and (bare == bare.upper() or "." in bare)):
        return True
    if "/" in bare.strip("/"):  # Belgium and Canada state their forms in two languages: NV/SA, Inc./Ltée
        return all(_is_form(part, before, small=small) for part in bare.split("/") if part)
    if key in words.BEHIND_A_COMMA and bare.isupper() and (before[-1] == "," or before.lower() in words.PROFESSIONALS):
        return True
    return key in words.CAPITALS_ONLY and (bare.isupper() or (small and key in words.SMALL_TOO))


def _without_form_in_front(tokens: list[str], *, romanian: bool) -> list[str]:
    """Russian, Baltic, Indonesian and French companies carry the form in front: OOO "Romashka", PT. Maju Tbk."""
    if len(tokens) < 2:  # noqa: PLR2004
        return tokens
    first, key = tokens[0], _key(tokens[0])
    if first in words.ADDRESSED:
        return tokens[1:]
    quoted = tokens[1][0] in QUOTES + "'"
    in_front = (
        key in words.FORMS_IN_FRONT
        or (quoted and key in words.FORMS_BEFORE_QUOTES)
        or (len(tokens) > 2 and key in words.FORMS_BEFORE_TWO)  # noqa: PLR2004
        or (key in words.FORMS_BEFORE_ONE and first.isupper() and tokens[1].lower() not in words.TRADES)
        or first in words.DOTTED_IN_FRONT
        or (romanian and first.upper() in {"S.C.", "SC"})
    )
    if in_front and (first.isupper() or first in words.WRITTEN_IN_FRONT or not first.isascii() or "." in first):
        rest = unquoted(" ".join(tokens[1:])).split()
        return rest if _is_name(rest) else tokens
    return tokens


def _trimmed(tokens: list[str]) -> list[str]:
    """No punctuation, "&" or "and" left hanging at the end."""
    left = list(tokens)
    while left:
        left[-1] = left[-1].rstrip(TRAILING)
        if left[-1] and left[-1].lower() not in words.LOOSE_ENDS:
            break
        left.pop()
    return left


def _is_name(tokens: list[str]) -> bool:
    """Whether the words left can be a company's name: more than an article, and not a legal form themselves."""
    whole = "".join(tokens)
    key = _key(whole)
    if key in words.ANYHOW or (key in words.CAPITALS_ONLY and whole.isupper() and "&" not in whole):
        return False
    return any(
        any(char.isalnum() for char in token) and token.lower().strip(".,()") not in words.NEVER_ALONE
        for token in tokens
    )


def _ended(line: str) -> str:
    """A name without trailing punctuation; the full stop of an abbreviation and the "!" of Yahoo! stay."""
    line = line.strip(TRAILING)
    if line.endswith(("...", "\u2026")):
        line = line.rstrip(".\u2026 ")
    if line.endswith(".") and not ABBREVIATED_END.search(line) and line.count(".") == 1 and len(line.split()[-1]) > 3:  # noqa: PLR2004
        line = line.rstrip(".")
    opened, closed = line.count("("), line.count(")")
    return line.rstrip(" (") if opened > closed else line


@lru_cache(maxsize=32_768)
def _key(word: str) -> str:
    """A word as legal forms are compared: its folded letters and digits."""
    return _alnum(fold(word))


def _alnum(text: str) -> str:
    bare = text.replace(" ", "")
    return bare if bare.isalnum() else "".join([char for char in bare if char.isalnum()])
