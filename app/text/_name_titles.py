"""Titles in front of a name and post-nominals behind it, taken off word by word.

A word that may as well be a surname (`Jack MA`) is given the benefit of the doubt; what only looks like a degree
(`BBiomedSc`, `M.Si`, `cand.merc.`) is told by its shape, because no list has them all.
"""

from __future__ import annotations

import re

from app.text import _name_words as words
from app.text._casing import is_shouted, is_whispered
from app.text._listed import listed
from app.text.values import fold

__all__ = [
    "LIKE_CREDENTIAL",
    "are_credentials",
    "key_of",
    "looks_like_credential",
    "only_titles",
    "without_credentials",
    "without_titles",
]

GLUED_TITLE = re.compile(r"\A(dr|prof|mr|mrs|ms|ing)\.(?!ssa\b|ra\b|in\b|a\b)(?=[^\W\d_]{2})", re.IGNORECASE)
INITIALS = re.compile(r"(?:[^\W\d_]\.){2,}")
ACADEMIC = re.compile(r"(?:Dr|Prof|Dipl)(?:\.|-|\Z)")
ABBREVIATED = re.compile(r"[^\W\d_]{2,}\.(?:[^\W\d_]+\.?)*|[a-z]\.(?:[^\W\d_]+\.)*|[A-Z][a-z]+\.[a-z]{1,4}")
"""What full stops shorten, or a single small letter: Barr., siv.ing., g."""
LONGEST = 100
"""Characters of a word; no title or credential has as many."""
COUPLED = ("&", "and", "und", "et", "y", "e", "og", "och", "en", "/", "+")
SHAPED = re.compile(
    r"(?=.{2,12}\Z)(?:[A-Z]{1,3}[a-z]{1,9}[A-Z][A-Za-z]*|[a-z]+[A-Z][A-Za-z]*|(?:[A-Z][A-Za-z]{0,4}\.){1,4}[A-Z][A-Za-z]{0,6}\.?"
    r"|[a-z]{2,5}\.[a-z]{2,8}\.?|[A-Z]{3,}[a-z]{1,8})"
)
"""Capitals inside, or full stops between abbreviations: DrSc, MIMechE, RegPharm, M.Si, S.Kom., cand.merc., MCIArb."""
INNER_CAPITAL = re.compile(
    r"(?:Mc|Mac|De|Di|Da|Du|La|Le|Fitz|Van|Von|O|D|Ó)['\u2019]?[A-Z][a-z]+|[A-Z]\.(?:-?[A-Z]\.?)*"
)
"""What is written with a capital or full stops inside, and is a name: McKay, DeVito, J.R.R."""
DIPLOMA = re.compile(
    r"dipl(?:\Z|[.\-\u2010-\u2015]|om|ing|kf[mr]|vw|bw|wi|inf|psych|phys|chem|arch|p\u00e4d)", re.IGNORECASE
)
LIKE_CREDENTIAL = re.compile(
    r"(?:Reg|Grad|Tech|Assoc|Cert|Dip|Ch|Dr|[BMFCADL][A-Z]{0,3})[A-Z][a-z]{2,6}(?:[A-Z][A-Za-z]{0,6})?"
    r"|(?!St\.)(?:[A-Z][A-Za-z]{0,4}\.){1,3}[A-Z][a-z]{1,6}\.?"
)
"""What behind a first and a last name is a degree or membership even without a comma: RegPharm, MPharm, S.Kom."""
TITLES_BEHIND = listed(
    "dr prof mr mrs ms ing mag arch avv drs mgr phdr mudr judr rndr mvdr dott dottssa bc bakk univ geom rag abog"
)
PRONOUNCED = re.compile(r"(?:[bcdfghjklmnprstvz][aeiou]){2}")


def key_of(token: str) -> str:
    """How a title or credential is listed: small letters, no full stops, hyphens or slashes."""
    low = token.lower()
    if low.isalnum() or len(low) > LONGEST:
        return low
    return "".join(char for char in low if char.isalnum() or char in "&+'")


FOREIGN_TITLES = frozenset(map(key_of, words.FOREIGN_TITLES))


def looks_like_credential(token: str) -> bool:
    """Whether a word has the shape of a degree or membership and not of a name."""
    bare = token.strip("(),;")
    return SHAPED.fullmatch(bare) is not None and INNER_CAPITAL.fullmatch(bare) is None


def only_titles(text: str) -> bool:
    """Whether a cell holds forms of address or titles and nothing else: `Dr.`, `Mr. & Mrs.`, `Herr Prof.`."""
    if text.casefold() in {"de heer", "de heer en mevrouw", "tan sri"}:
        return True
    tokens = text.split()
    return bool(tokens) and all(
        _is_only_title(token) or (number > 0 and token.lower() in COUPLED) for number, token in enumerate(tokens)
    )


def _is_only_title(token: str) -> bool:
    key = key_of(token)
    return (
        key in words.TITLES
        or key in words.TITLES_ALONE
        or key in FOREIGN_TITLES
        or (token.endswith(".") and key in words.DOTTED_TITLES)
    )


def without_titles(tokens: list[str], *, all_of_them: bool = False) -> tuple[list[str], bool]:
    """Take forms of address and academic titles off the front; at least one word stays, unless none needs to."""
    titled = False
    while tokens and (glued := GLUED_TITLE.match(tokens[0])):
        tokens = [tokens[0][glued.end() :], *tokens[1:]]
        titled = True
    tokens = _without_couple(tokens)
    while len(tokens) > (0 if all_of_them else 1) and _is_title(tokens):
        tokens, titled = tokens[1:], True
        if tokens and tokens[0] == "D." and len(tokens) > 2:  # noqa: PLR2004
            tokens = tokens[1:]  # Sra. D. Inês Rocha: doña, don
    return tokens, titled


def _without_couple(tokens: list[str]) -> list[str]:
    """`Mr. & Mrs. John Smith` is addressed like `Mrs. John Smith`."""
    while len(tokens) > 2 and tokens[1].lower() in COUPLED and only_titles(tokens[0]) and only_titles(tokens[2]):  # noqa: PLR2004
        tokens = tokens[2:]
    return tokens


def _is_title(tokens: list[str]) -> bool:
    """Whether the first word is a title, whatever follows."""
    word, key = tokens[0], key_of(tokens[0])
    if key in FOREIGN_TITLES and len(tokens) > 1:
        return True
    if (key in words.TITLES or (word.endswith(".") and key in words.DOTTED_TITLES)) and not INITIALS.fullmatch(word):
        return True
    return len(tokens) > 2 and _is_title_before_two(word, key, tokens[1:])  # noqa: PLR2004


def _is_title_before_two(word: str, key: str, behind: list[str]) -> bool:
    """Whether a word is a title in front of a first and a last name: Judge, Pan, CA, Hofrat Dipl.-Ing."""
    if key in words.TITLES_BEFORE_TWO and (word[0].isupper() or behind[0][0].isupper()):
        return True
    known = fold(behind[0]) in words.given_names() or "\u0400" <= behind[0][0] <= "\u04ff"
    if word[0].isupper() and key in words.TITLES_BEFORE_GIVEN:
        return known or key_of(behind[0]) in words.TITLES | words.DOTTED_TITLES
    shortened = ABBREVIATED.fullmatch(word) or (word[0].islower() and word[-1] == ".")
    if shortened and key not in words.SHORTENED_NAMES:
        another = behind[0][-1] == "." or key_of(behind[0]) in words.TITLES
        if word[0].islower() or known or another:
            return True
    if word[0].isdigit() or (len(behind) > 2 and ACADEMIC.match(behind[0])):  # noqa: PLR2004
        return fold(word) not in words.given_names()
    return word.replace(".", "") in words.CAPITAL_TITLES and not is_shouted("".join(behind))


def without_credentials(tokens: list[str], *, column: bool, surname_only: bool = False) -> tuple[list[str], str | None]:
    """Take post-nominals off the end, and Jr. or III apart."""
    generation = None
    tokens = _without_degree(tokens)
    one_case = is_shouted("".join(tokens)) or is_whispered("".join(tokens))
    while tokens:
        word, left = tokens[-1], len(tokens) - 1 + column
        key = key_of(word)
        if left >= (1 if surname_only else 2) and _is_generation(word, key):  # a first and a last name are left
            generation = words.GENERATIONS.get(key, "V")
        elif not any(char.isalpha() for char in word) and left:
            pass
        elif (one_case and _is_surname(word, key, tokens[:-1])) or not _is_credential(
            word, key, left=left, one_case=one_case and len(tokens) > 1
        ):
            break
        tokens = tokens[:-1]
    return tokens, generation


def _without_degree(tokens: list[str]) -> list[str]:
    """A name up to a degree of several words, or an academic title that a full stop shortens, behind it.

    `Timo Voss Dipl. Kfm.`, `Jan Novák Ing.`
    """
    if len(tokens) < 3:  # noqa: PLR2004 -- a first and a last name, and what follows
        return tokens
    for number, token in enumerate(tokens[2:], start=2):
        if token[:4].lower() == "dipl" and DIPLOMA.match(token):
            return tokens[:number]
    while len(tokens) > 2 and tokens[-1][-1] == "." and key_of(tokens[-1]) in TITLES_BEHIND:  # noqa: PLR2004
        tokens = tokens[:-1]
    return tokens


def _is_surname(word: str, key: str, before: list[str]) -> bool:
    """Whether what is a credential elsewhere is the surname behind given names in capitals: ANNA MARIA RIBA."""
    if not (word.isupper() and PRONOUNCED.fullmatch(key)):
        return False
    return all(fold(given) in words.given_names() for given in before) and bool(before)


def _is_generation(word: str, key: str) -> bool:
    return key in words.GENERATIONS or word == "V"


def _is_credential(word: str, key: str, *, left: int, one_case: bool) -> bool:
    """Whether the last word of a name is a post-nominal, with so many words left before it."""
    title_case = word[:1].isupper() and word[1:].islower() and word.isalpha()
    if left < 2:  # noqa: PLR2004 -- the word would be the surname
        if PRONOUNCED.fullmatch(key) and word.isupper():
            return False  # ("MARCO", "CIMA"): a surname, as far as anybody can tell
        return key in words.SURE_CREDENTIALS and left == 1 and not title_case
    if key in words.SURE_CREDENTIALS or LIKE_CREDENTIAL.fullmatch(word):
        return True
    if one_case:
        return key in words.SHOUTED_CREDENTIALS
    return key in words.CREDENTIALS and not title_case and not word.islower()


def are_credentials(tokens: list[str], head: list[str], *, sure_only: bool) -> bool:
    """Whether a part behind a comma is made of post-nominals: known ones, or capitals where the name has none."""
    keys = [key_of(token) for token in tokens]
    if sure_only:
        return all(key in words.SURE_CREDENTIALS for key in keys)
    shouted = is_shouted("".join(head))
    return all(
        key in words.SURE_CREDENTIALS
        or key in words.CREDENTIALS
        or not key
        or looks_like_credential(token)
        or (len(key) < 6 and token.isupper() and not shouted)  # noqa: PLR2004 -- longer ones are spelt out
        for key, token in zip(keys, tokens, strict=True)
    )
