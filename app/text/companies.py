"""Company names as their customers say them: without legal forms, trademark signs and remarks, never emptied.

`company_name` is for display and outreach (`Brandt & Soll GmbH` is Brandt & Soll), `company_key` for telling whether
two spellings mean one company. What the legal forms are is in `_company_words.py`, from cleanco's lists.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.text import _company_words as words
from app.text._company_casing import recase_company
from app.text.values import clean_text, fold

__all__ = ["company_key", "company_name", "is_no_company"]

SIGNS = re.compile(r"[\u00ae\u2122\u2120\u00a9]|\((?:R|TM|SM|C)\)", re.IGNORECASE)
PICTURES = re.compile(
    r"[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\ufe0f\u200d\ue000-\uf8ff\U0001f000-\U0001faff\U000e0020-\U000e007f]+"
)
TRADES_AS = re.compile(
    r"[\s,(\[-]+(?:d\s?[./]?\s?b\s?[./]?\s?a\.?|doing business as|trading as|t/as?|handelend onder de naam)[\s:]+"
    r"(?=\S)",
    re.IGNORECASE,
)
# What follows a name to say something about the company: its past, its owner, its listing, its vacancies.
REMARK = (
    r"formerly|previously|prev\.|originally|f/?k/?a|a/?k/?a|also known as|now\b|ex[- ]|n[\u00e9e]e\b|acquired|a part of"
    r"|part of|subsidiary|an? [^()]{1,60}?\s?(?:company|subsidiary|brand|business|division)\b|division of|powered by"
    r"|yc [wsfx]\d\d|y combinator|nasdaq|nyse|lse|asx|tsx|otc|euronext|bse|nse|ticker|publicly traded|we.?re hiring"
    r"|hiring|is hiring|closed|defunct|inactive|remote|stealth|merged|rebranded|ehemals|vormals|fr\u00fcher"
    r"|anciennement|voorheen|since \d{4}|est\.? \d{4}|via |ipo\b"
)
BRACKETED_REMARK = re.compile(rf"\s*[(\[]\s*(?:{REMARK})[^)\]]*(?:[)\]]|\Z)", re.IGNORECASE)
TRAILING_REMARK = re.compile(
    r"\s*(?:[,;-]\s*|\s)(?:formerly(?: known as)?|previously(?: known as)?|f/?k/?a|also known as|a/k/a|ehemals|vormals"
    r"|anciennement|voorheen|an? [\w.&' -]{2,40}? (?:company|subsidiary|brand|business)\Z|acquired by|(?:now )?part of"
    r"|a division of|a subsidiary of|we.?re hiring|is hiring)(?:\s.*|)\Z",
    re.IGNORECASE,
)
CUT = re.compile(r"\s*[|\u00a6\u2502\uff5c\u2022]\s*.*\Z|\s+(?:::|//|\u00b7|~)\s+.*\Z")
DASH = re.compile(r"\s+[-\u2013\u2014]+\s+|[\u2013\u2014]\s+|\s+[\u2013\u2014]")
TAGLINE_WORDS = 3
ACRONYM = re.compile(r"\A(?P<name>.+?)\s*\((?P<short>[A-Z][A-Z&.]{1,7})\)\Z")
QUOTES = '"\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u300c\u300d\u2018`'
TRAILING = " ,;:-_/\\|*\u2013\u2014"
ABBREVIATED_END = re.compile(
    r"(?:\A|[\s&])(?:co|bros|inc|ltd|corp|st|mt|dept|univ|assoc|mfg|intl|int'l|svcs|jr|sr|no)\.\Z", re.IGNORECASE
)
CO = frozenset(("co", "co."))
AND = frozenset(("&", "+", "and", "und", "et", "y", "e", "en", "og", "och", "&amp;"))


@lru_cache(maxsize=32_768)
def company_name(text: str | None) -> str | None:
    """A company's name as people say it; None only where the cell holds no letter or digit.

    Legal forms go unless nothing but a word like "The" would be left; "Company" and "& Co." are parts of the name.
    Capitals are put right only where the whole name is written in one case.
    """
    line = clean_text(text)
    if line is None or not any(char.isalnum() for char in line):
        return None
    line = _without_remarks(line)
    bare = _without_forms(_without_eastern_forms(line))
    return recase_company(bare or line, line)


@lru_cache(maxsize=32_768)
def company_key(text: str | None) -> str | None:
    """What two spellings of one company have in common: `The Coca-Cola Company, Inc.` and `coca cola company`."""
    name = company_name(text)
    if name is None:
        return None
    key = fold(name).replace("&", " and ").replace("+", " and ")
    key = re.sub(r"\Athe\s+(?=\S)", "", key)
    key = re.sub(r"(?<=\w)[\s,]+and\s+(?:company|co)\.?\s*\Z", "", key)
    return "".join(char for char in key if char.isalnum()) or None


def is_no_company(text: str | None) -> bool:
    """Whether an employer's name says that there is none: Self-employed, Freelance, Stealth Startup."""
    line = clean_text(text)
    return line is None or fold(line).strip(" .!()") in words.EMPLOYED_BY_NOBODY


def _without_remarks(line: str) -> str:
    """No signs, emoji, former names, owners or taglines; the name a company trades under instead of its legal one."""
    if line.isascii() and line.replace(" ", "").isalnum() and " a" not in line.lower():
        return TRAILING_REMARK.sub("", line) or line
    line = _kept(SIGNS.sub("", PICTURES.sub(" ", line)), line)
    if trade := TRADES_AS.search(line):
        line = _kept(line[trade.end() :].rstrip(")] "), line)
    line = _kept(BRACKETED_REMARK.sub("", line), line)
    line = _kept(TRAILING_REMARK.sub("", line), line)
    line = _kept(CUT.sub("", line), line)
    if dash := DASH.search(line):
        tail = line[dash.end() :]
        if len(tail.split()) >= TAGLINE_WORDS or "hiring" in tail.lower():
            line = _kept(line[: dash.start()], line)
    if acronym := ACRONYM.match(line):
        initials = "".join(word[0] for word in re.findall(r"[^\W_]\w*", acronym["name"]) if word[0].isupper())
        if initials.startswith(acronym["short"].replace(".", "").replace("&", "")):
            line = acronym["name"]
    return " ".join(_unquoted(line).split())


def _kept(line: str, before: str) -> str:
    """The shorter text, if a name is left in it."""
    return line.strip() if any(char.isalnum() for char in line) else before


def _unquoted(line: str) -> str:
    """No quotation marks around the whole name."""
    if line[:1] in QUOTES and line[-1:] in QUOTES + "'\u2019" and len(line) > 2:  # noqa: PLR2004
        return line[1:-1].strip() or line
    return line


def _without_eastern_forms(line: str) -> str:
    """Chinese, Japanese and Korean forms stand at either end without a blank."""
    if line.isascii():
        return line
    for form in words.EASTERN_FORMS:
        if line != form and (line.startswith(form) or line.endswith(form)):
            line = _kept(line.removeprefix(form).removesuffix(form), line)
    return line


def _without_forms(line: str) -> str:
    """Take legal forms off both ends, as long as a name is left."""
    tokens = line.split()
    bracket = [tokens.pop()] if len(tokens) > 2 and tokens[-1][0] == "(" and tokens[-1][-1] == ")" else []  # noqa: PLR2004
    if bracket and _key(bracket[0]) in words.ANYHOW | words.CAPITALS_ONLY:
        bracket = []
    small = line == line.lower()
    romanian = False
    while len(tokens) > 1:
        length = _form_at_end(tokens, small=small)
        left = _trimmed(tokens[: len(tokens) - length])
        if not length or not _is_name(left):
            break
        romanian = romanian or _key(tokens[-1]) in {"srl", "sa"}
        tokens = left
    tokens = _without_form_in_front(tokens, romanian=romanian)
    return _ended(" ".join(tokens + bracket))


def _form_at_end(tokens: list[str], *, small: bool) -> int:
    """How many words at the end make one legal form; 0 for none."""
    for length in range(min(words.LONGEST_FORM, len(tokens) - 1), 1, -1):
        tail = tokens[-length:]
        key = _key("".join(tail))
        if key in words.ANYHOW and all(len(_key(word)) < len(key) for word in tail):
            joined = _key(tail[0]) in CO and tokens[-length - 1].lower() in AND
            return length - 1 if joined else length
    last, key = tokens[-1], _key(tokens[-1])
    if key in CO:
        return 0 if tokens[-2].lower() in AND or not last.rstrip(".,)").isalpha() else 1
    if key in words.ANYHOW or last.strip(",()") in words.SPELT:
        return 1
    bare = last.strip(",;()")
    if key in words.DOTTED and (
        "." in bare.rstrip(".") or "/" in bare or (key in words.CAPITALS_ONLY and bare.isupper())
    ):
        return 1
    return int(key in words.CAPITALS_ONLY and (bare.isupper() or (small and key in words.SMALL_TOO)))


def _without_form_in_front(tokens: list[str], *, romanian: bool) -> list[str]:
    """Russian, Baltic, Indonesian and French companies carry the form in front: OOO "Romashka", PT. Maju Tbk."""
    if len(tokens) < 2:  # noqa: PLR2004
        return tokens
    first, key = tokens[0], _key(tokens[0])
    quoted = tokens[1][0] in QUOTES + "'"
    in_front = (
        key in words.FORMS_IN_FRONT
        or (quoted and key in words.FORMS_BEFORE_QUOTES)
        or first == "PT."
        or (romanian and first.upper() in {"S.C.", "SC"})
    )
    if in_front and (first.isupper() or not first.isascii() or "." in first):
        return _unquoted(" ".join(tokens[1:])).split()
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
    key = _key("".join(tokens))
    if key in words.ANYHOW or (key in words.CAPITALS_ONLY and "".join(tokens).isupper()):
        return False
    return any(
        any(char.isalnum() for char in token) and token.lower().strip(".,()") not in words.NEVER_ALONE
        for token in tokens
    )


def _ended(line: str) -> str:
    """A name without trailing punctuation; the full stop of an abbreviation and the "!" of Yahoo! stay."""
    line = line.strip(TRAILING)
    if line.endswith(".") and not ABBREVIATED_END.search(line) and line.count(".") == 1 and len(line.split()[-1]) > 3:  # noqa: PLR2004
        line = line.rstrip(".")
    opened, closed = line.count("("), line.count(")")
    return line.rstrip(" (") if opened > closed else line


def _key(word: str) -> str:
    """A word as legal forms are compared: its folded letters and digits."""
    return "".join(char for char in fold(word) if char.isalnum())
