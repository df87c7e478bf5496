"""Legal forms at either end of a company's name, and the places and remarks beside them: told apart and taken off.

A form goes only where a name is left. What the forms are is in `_company_words.py`, from cleanco's lists.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.text import _company_phrases as phrases
from app.text import _company_words as words
from app.text._company_remarks import QUOTES, kept, unquoted
from app.text._towns import MOST_WORDS as MOST_WORDS_OF_A_TOWN
from app.text._towns import is_town
from app.text.places import country_code
from app.text.values import fold

__all__ = ["CO", "alnum", "form_key", "is_form", "is_name", "without_eastern_forms", "without_forms"]

TRAILING = " ,;:-_/\\|*\u2013\u2014"
ABBREVIATED_END = re.compile(
    r"(?:\A|[\s&])(?:co|cie|c[i\u00ed]a|bros|inc|ltd|corp|st|mt|dept|univ|assoc|mfg|intl|int'l|svcs|jr|sr|no)\.\Z",
    re.IGNORECASE,
)

SPACED_INITIALS = re.compile(r"(?<=\w[\s,])(?:\s?\w\.){2,4}\Z")
GLUED_COMMA = re.compile(r"(?<=[^\W\d_]),(?=[^\W\d_])")
DASHES = frozenset(("-", "\u2013", "\u2014"))
MOST_WORDS_OF_A_PLACE = 2
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
GLUED_BRACKET = re.compile(r"(?<=[^\W\d_]{2})\((?=[^()]{2,40}\)\Z)")
BRACKET = re.compile(r"\s\([^()]{1,40}\)\Z")
BETWEEN_PLACES = re.compile(r"\s*(?:[,;/&+-]|\band\b|\bund\b|\bet\b)\s*")
WINDING = (" i", "(i", ",i", " en ", "(en ", ",en ", " o.", " under ", " w ", " v ", " u ", " tasfiye ")
CO = frozenset(("co", "co."))
GLUED_COS = frozenset(("cokg", "coohg", "cokgaa"))
"""`Co.KG`, behind another form: no form alone, but followed by a place as one."""

AND = frozenset(("&", "+", "and", "und", "et", "y", "e", "en", "og", "och", "&amp;"))


def without_eastern_forms(line: str) -> str:
    """Chinese, Japanese and Korean forms stand at either end without a blank."""
    if line.isascii():
        return line
    for form in words.EASTERN_FORMS:
        if line != form and (line.startswith(form) or line.endswith(form)):
            line = kept(line.removeprefix(form).removesuffix(form), line)
    return line


def without_forms(line: str) -> str:
    """Take legal forms off both ends, as long as a name is left."""
    line = _without_combined_form(line)
    bracket = BRACKET.search(line := GLUED_BRACKET.sub(" (", line)) if line[-1:] == ")" else None
    if bracket and bracket.start() and _says_nothing_more(bracket[0].strip(" ()"), line[: bracket.start()]):
        line, bracket = line[: bracket.start()], None
    if bracket and bracket.start() and form_key(bracket[0]) not in words.ANYHOW | words.CAPITALS_ONLY:
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
        if not length or not is_name(left):
            break
        if len(left) > 1 and phrases.BRANCH.fullmatch(left[-1]):
            left = _trimmed(left[:-1])
        romanian = romanian or form_key(tokens[-1]) in {"srl", "sa", "srld"}
        finnish = finnish or form_key(tokens[-1]) in {"oy", "oyj"}
        tokens = left
    if finnish and len(tokens) > 1 and tokens[0] in {"Ab", "AB"}:
        tokens = tokens[1:]  # Ab … Oy: the Swedish form in front, the Finnish behind
    tokens = _without_form_in_front(tokens, romanian=romanian)
    kept_bracket = (
        bracket is not None
        and form_key(bracket[0]) not in words.ANYHOW | words.CAPITALS_ONLY
        and not (len(tokens) < len(before) and _are_countries(bracket[0]))  # Acme GmbH (Germany)
    )
    return _ended(" ".join(tokens) + (f" {bracket[0].strip()}" if bracket and kept_bracket and tokens else ""))


def _says_nothing_more(within: str, before: str) -> bool:
    """Whether a bracket holds the legal name of what stands before it, its form, or its name in other letters."""
    *_, last = within.split()
    if len(within.split()) > 1 and (form_key(last) in words.ANYHOW or last in words.SPELT):
        return True
    return form_key(within) in words.OTHER_SCRIPTS or (
        before.isascii() and not within.isascii() and not LATIN.search(within)
    )


def _are_countries(bracket: str) -> bool:
    """Whether a bracket behind a form holds nothing but where the company is: `(Germany)`, `(UK & Ireland)`."""
    places = [place for place in BETWEEN_PLACES.split(bracket.strip(" ()[].")) if place]
    return bool(places) and all(country_code(place) or fold(place) in words.WORLD_REGIONS for place in places)


def _without_combined_form(line: str) -> str:
    """What no single word at either end says: GmbH & Co. KG, i. L., บริษัท … จำกัด."""
    low = line.lower()
    if any(sign in low for sign in WINDING):
        line = kept(phrases.WINDING_UP.sub("", line), line)
    if line.endswith(("ME", "EI", "EPP")):
        line = kept(phrases.BRAZILIAN.sub("", line), line)
    if " di " in low:
        line = kept(phrases.ITALIAN_PARTNERS.sub("", line), line)
    if "coop" in low:
        line = kept(phrases.SPANISH_COOP.sub("", line), line)
    if "-" in low:
        line = phrases.GLUED.sub("", line)
    if "co" in low or "cie" in low:
        line = kept(phrases.COMBINED.sub("", line), line)
        line = phrases.COMBINED_IN_FRONT.sub("", line)
    if (low[:1] == "c" or not line.isascii()) and (opening := phrases.OPENING.match(line)):
        line = kept(phrases.THAI_END.sub("", line[opening.end() :]), line)
    return line


def _without_place(tokens: list[str]) -> list[str]:
    """No town or country behind the form: `Acme GmbH, Berlin`, `Acme Inc. - US`."""
    for i in range(len(tokens) - 2, 0, -1):
        parted = tokens[i].endswith(",") or tokens[i + 1] in DASHES
        if words.BRANCHES & {form_key(tokens[i + 1])} and is_form(tokens[i], tokens[i - 1], small=False):
            return tokens[: i + 1]
        if form_key(tokens[i]) in words.ANYHOW and country_code(" ".join(tokens[i + 1 :])):
            return tokens[: i + 1]
        if (
            len(tokens) - i <= MOST_WORDS_OF_A_PLACE + 1
            and tokens[i][-1] == ","
            and (form_key(tokens[i]) in GLUED_COS or is_form(tokens[i].rstrip(","), tokens[i - 1], small=False))
        ):
            return [*tokens[:i], tokens[i].rstrip(",")]
        if len(tokens) - i <= MOST_WORDS_OF_A_TOWN + 1 and is_town(" ".join(tokens[i + 1 :])):
            left = tokens[: i + 1]
            if form_key(tokens[i]) not in CO and (form_key(tokens[i]) in GLUED_COS or _form_at_end(left, small=False)):
                return left
        if parted and len(tokens) - i <= MOST_WORDS_OF_A_PLACE + 2 and form_key(tokens[i]) in words.ANYHOW:
            return [*tokens[:i], tokens[i].rstrip(",")]
    return tokens


def _form_at_end(tokens: list[str], *, small: bool) -> int:
    """How many words at the end make one legal form; 0 for none."""
    keys = [form_key(word) for word in tokens[-words.LONGEST_FORM :]]
    for length in range(min(words.LONGEST_FORM, len(tokens) - 1), 1, -1):
        key = "".join(keys[-length:])
        if key in words.ANYHOW and all(len(part) < len(key) for part in keys[-length:]):
            joined = keys[-length] in CO and tokens[-length - 1].lower() in AND
            return length - 1 if joined else length
    spaced = SPACED_INITIALS.search(" ".join(tokens[-words.LONGEST_FORM :])) if tokens[-1][-1:] == "." else None
    if spaced and form_key(spaced[0]) in words.DOTTED:
        return len(spaced[0].split())
    return int(is_form(tokens[-1], tokens[-2], small=small))


def is_form(word: str, before: str, *, small: bool) -> bool:
    """Whether the last word is a legal form, by its letters and by how it is written."""
    key, bare = form_key(word), word.strip(",;()")
    if key in CO:
        return before.lower() not in AND and word.rstrip(".,)").isalpha()
    if key in words.ANYHOW or bare in words.SPELT or (key in words.DOTTED and ("." in bare.rstrip(".") or "/" in bare)):
        return True
    if ("/" in bare and key in words.SLASHED) or (key in words.OTHER_SCRIPTS and (bare == bare.upper() or "." in bare)):
        return True
    if "/" in bare.strip("/"):  # Belgium and Canada state their forms in two languages: NV/SA, Inc./Ltée
        return all(is_form(part, before, small=small) for part in bare.split("/") if part)
    if key in words.BEHIND_A_COMMA and bare.isupper() and (before[-1] == "," or before.lower() in words.PROFESSIONALS):
        return True
    return key in words.CAPITALS_ONLY and (bare.isupper() or (small and key in words.SMALL_TOO))


def _without_form_in_front(tokens: list[str], *, romanian: bool) -> list[str]:
    """Russian, Baltic, Indonesian and French companies carry the form in front: OOO "Romashka", PT. Maju Tbk."""
    if len(tokens) < 2:  # noqa: PLR2004
        return tokens
    first, key = tokens[0], form_key(tokens[0])
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
        return rest if is_name(rest) else tokens
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


def is_name(tokens: list[str]) -> bool:
    """Whether the words left can be a company's name: more than an article, and not a legal form themselves."""
    whole = "".join(tokens)
    key = form_key(whole)
    if key in words.ANYHOW or (key in words.CAPITALS_ONLY and whole.isupper() and "&" not in whole):
        return False
    return any(
        any(char.isalnum() for char in token) and token.lower().strip(".,()") not in words.NEVER_ALONE
        for token in tokens
    )


def _ended(line: str) -> str:
    """A name without trailing punctuation; the full stop of an abbreviation and the "!" of Yahoo! stay."""
    line = line.strip(TRAILING)
    if line.endswith(("..", "\u2026")):
        line = line.rstrip(".\u2026 ")
    if line.endswith(".") and line.count(".") == 1 and len(line.split()[-1]) > 3 and not ABBREVIATED_END.search(line):  # noqa: PLR2004
        line = line.rstrip(".")
    return line.rstrip(" (") if "(" in line and line.count("(") > line.count(")") else line


@lru_cache(maxsize=32_768)
def form_key(word: str) -> str:
    """A word as legal forms are compared: its folded letters and digits."""
    return alnum(fold(word))


def alnum(text: str) -> str:
    """The letters and digits of a text alone."""
    bare = text.replace(" ", "")
    return bare if bare.isalnum() else "".join([char for char in bare if char.isalnum()])
