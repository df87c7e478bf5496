"""Takes off a company's name what is said about it: signs, emoji, former names, owners, listings, taglines.

`companies.py` does this before it looks for legal forms. The name a company trades under wins over its legal one.
"""

from __future__ import annotations

import re

__all__ = ["QUOTES", "REMARK_WORDS", "TRADE_WORDS", "kept", "unquoted", "without_remarks"]

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
    r"formerly|previously|prev[.:]|was\b|(?:a )?member of|originally|f/?k/?a|a/?k/?a|also known as|now\b|ex[- ]"
    r"|n[\u00e9e]e\b|acquired"
    r"|a part of"
    r"|[a-z.]{2,8} ?: ?[a-z0-9.]{1,6}\)|(?:www\.)?[\w-]{1,60}\.(?:com|net|org|io|co|de|ai)\b|abn|acn"
    r"|part of|subsidiary|an? [^()]{1,60}?\s?(?:company|subsidiary|brand|business|division)\b|division of|powered by"
    r"|acq\.|techstars|500 startups|offshore|hq\b|headquarters|\d{5,}|(?:co\.? |company )?reg\b|hrb|kvk|cvr|siren|uen"
    r"|(?:me|epp|mei)\)|an? (?:subsidiary|division|brand|part|member) of|consultant|persero|branch\b|self[- ]employed"
    r"|yc [wsfx]\d\d|y combinator|nasdaq|nyse|lse|asx|tsx|otc|euronext|bse|nse"
    r"|ticker|publicly traded|we.?re hiring|hiring|is hiring|closed|defunct|inactive|remote|stealth|merged"
    r"|rebranded|ehemals|vormals|fr\u00fcher"
    r"|anciennement|voorheen|since \d{4}|series [a-h]\b|(?:pre-)?seed\b|bootstrapped|contract(?:or)?\b|freelance"
    r"|part[- ]time|full[- ]time|intern(?:ship)?\b|temp\b|client\b|est\.? \d{4}|via |ipo\b"
)
BRACKETED_REMARK = re.compile(rf"\s*[(\[]\s*(?:{REMARK})[^)\]]*(?:[)\]]|\Z)", re.IGNORECASE)
TRAILING_REMARK = re.compile(
    r"\s*(?:[,;-]\s*|\s)(?:formerly(?: known as)?|previously(?: known as)?|f/?k/?a|also known as|a/k/a|ehemals|vormals"
    r"|anciennement|voorheen|an? [\w.&' -]{2,40}? (?:company|subsidiary|brand|business|corporation|llc)\Z|acquired by"
    r"|inh(?:aber(?:in)?:?|\.)|prop(?:rietor|\.)|owner:|powered by|aka|c/o"
    r"|(?:and|&) (?:its )?(?:subsidiaries|affiliates)\Z"
    r"|au capital (?:social )?de"
    r"|a (?:professional|law) (?:law )?corporation\Z"
    r"|(?:nasdaq|nyse|lse|asx|tsxv?|otc[a-z]*|euronext|nse|bse) ?:\s?\S*"
    r"|(?:now |a )?part of|(?:a )?member of|a division of|a subsidiary of|we.?re hiring|is hiring)(?:\s.*|)\Z",
    re.IGNORECASE,
)
TRADE_WORDS = frozenset(("d", "db", "dba", "doing", "trading", "handelend"))
REMARK_WORDS = frozenset(
    (
        *("formerly", "previously", "fka", "also", "ehemals", "vormals", "anciennement", "voorheen"),
        *(
            "abn",
            "acn",
            "hrb",
            "kvk",
            "cvr",
            "siren",
            "siret",
            "member",
            "aka",
            "powered",
            "a",
            "an",
            "acquired",
            "now",
            "part",
            "hiring",
        ),
    )
)
"""Without one of these words a name of letters and blanks trades as nothing else, and has no remark behind it."""

BY_COMMA = re.compile(r",\s+(?:the|your|our|we|where|making|helping|powering|building|creating|leading)\s\S+\s\S.*\Z")
"""A tagline behind a comma, in small letters: `Acme, the payroll people`."""

OFFICE = re.compile(
    r"\bhiring\b|\b(?:office|branch|headquarters|hq)\Z"
    r"|\Aofficial(?: (?:page|site|website|web site|account|profile))?\Z",
    re.IGNORECASE,
)
REGISTERED = re.compile(
    r"\s+\(?(?:ABN|ACN|NZBN|CRN|HRB|KvK|CVR|SIREN|SIRET|Reg\.? No\.?|Company No\.?)[\s:.]*[\dA-Z][\d .-]{4,20}\)?\Z",
    re.IGNORECASE,
)
"""A number in a register of companies."""
CUT = re.compile(r"\s*[|\u00a6\u2502\uff5c\u2022]\s*.*\Z|\s+(?:::|//|\u00b7|~)\s+.*\Z")
CUT_SIGNS = frozenset("|\u00a6\u2502\uff5c\u2022:/\u00b7~,")
"""Without one of these there is nothing for `CUT` and `BY_COMMA`."""
DASH = re.compile(r"\s+[-\u2013\u2014]+\s+|[\u2013\u2014]\s+|\s+[\u2013\u2014]")
DASHES = frozenset("-\u2013\u2014")
TAGLINE_WORDS = 3
ACRONYM = re.compile(r"\A(?P<name>.+?)\s*\((?P<short>[A-Z][A-Z&.]{1,7})\)\Z")
QUOTES = '"\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a\u300c\u300d\u2018`'


WEB_ADDRESS = re.compile(r"\A(?:https?://|www\.)+((?:[\w-]+\.)+[^\W\d_]{2,})(?:[/?#:]\S*)?\Z", re.IGNORECASE)


FRAGMENTS = (
    *(
        "formerly",
        "previously",
        "fka",
        "f/k",
        "fk/a",
        "also known as",
        "a/k/a",
        "aka",
        "ehemals",
        "vormals",
        "c/o",
        ":",
    ),
    *("anciennement", "voorheen", "acquired by", "inh", "prop", "powered by", "subsidiar", "affiliates", "au capital"),
    *("part of", "member of", "division of", "hiring", "company", "brand", "business", "corporation", "llc"),
)
"""What a line of ASCII has in it, in small letters, in which there is a `TRAILING_REMARK`."""


def _without_trailing_remark(line: str) -> str:
    if line.isascii():
        low = line.lower()
        for fragment in FRAGMENTS:
            if fragment in low:
                break
        else:
            return line
    return TRAILING_REMARK.sub("", line)


def without_remarks(line: str) -> str:
    """No signs, emoji, former names, owners or taglines; the name a company trades under instead of its legal one."""
    if "." in line and (address := WEB_ADDRESS.match(line)):
        return address[1].removeprefix("www.").lower()
    if line.isascii() and line.replace(" ", "").isalnum():
        spoken = set(line.lower().split())
        if TRADE_WORDS.isdisjoint(spoken) or not TRADES_AS.search(line):
            return (
                line if REMARK_WORDS.isdisjoint(spoken) else _without_trailing_remark(REGISTERED.sub("", line)) or line
            )
    line = _without_signs(line)
    if trade := TRADES_AS.search(line):
        line = kept(line[trade.end() :].rstrip(")] "), line)
    line = _without_brackets(line)
    line = kept(_without_trailing_remark(REGISTERED.sub("", line)), line)
    if not CUT_SIGNS.isdisjoint(line):
        line = kept(BY_COMMA.sub("", CUT.sub("", line)), line)
    line = _without_tagline(line)
    if acronym := ACRONYM.match(line):
        initials = "".join(word[0] for word in re.findall(r"[^\W_]\w*", acronym["name"]) if word[0].isupper())
        if initials.startswith(acronym["short"].replace(".", "").replace("&", "")):
            line = acronym["name"]
    return " ".join(unquoted(line).split())


def _without_tagline(line: str) -> str:
    """Nothing behind a colon or dash that says what a company does, or which of its offices is meant."""
    name, colon, tail = line.partition(": ")
    if colon and len(tail.split()) >= TAGLINE_WORDS:
        line = kept(name, line)
    if not DASHES.isdisjoint(line) and (dash := DASH.search(line)):
        tail = line[dash.end() :]
        if len(tail.split()) >= TAGLINE_WORDS or OFFICE.search(tail):
            line = kept(line[: dash.start()], line)
    return line


def _without_signs(line: str) -> str:
    """No trademark signs, no emoji."""
    return line if line.isascii() and "(" not in line else kept(SIGNS.sub("", PICTURES.sub(" ", line)), line)


def _without_brackets(line: str) -> str:
    """No remarks in brackets."""
    return kept(BRACKETED_REMARK.sub("", line), line) if "(" in line or "[" in line else line


def kept(line: str, before: str) -> str:
    """The shorter text, if a name is left in it."""
    return line.strip() if line[:1].isalnum() or any(char.isalnum() for char in line) else before


def unquoted(line: str) -> str:
    """No quotation marks around the whole name."""
    if line[:1] in QUOTES and line[-1:] in QUOTES + "'\u2019" and len(line) > 2:  # noqa: PLR2004
        return line[1:-1].strip() or line
    return line
