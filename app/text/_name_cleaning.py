"""Takes everything off a name that is no name: decoration, taglines, titles, credentials. `names.py` reads the rest.

The order matters: pictures and brackets first, then the cut before a tagline, then titles in front and post-nominals
behind, where a word that may as well be a surname (`Jack MA`) is given the benefit of the doubt.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from app.text import _name_words as words
from app.text._casing import is_shouted, is_whispered
from app.text.values import clean_text

__all__ = ["Core", "strip_decoration"]

STYLED = re.compile(r"[\U0001d400-\U0001d7ff\uff01-\uff5e\u24b6-\u24e9\U0001f130-\U0001f189\ufb00-\ufb06]{2,}")
PICTURES = re.compile(
    r"\s*(?:[\u2190-\u2bff\u3030\u303d\u3297\u3299\ue000-\uf8ff\ufe0e\ufe0f\u20e3\U0001f000-\U0001faff\u00ae\u2122\u2120"
    r"\u00a9\u00ac\u00a4\u00b0\u200d\U000e0020-\U000e007f\U000f0000-\U0010ffff]\s*)+"
)
TRADEMARKS = re.compile(r"[\u00ae\u2122\u2120\u00a9]|\((?:R|TM)\)", re.IGNORECASE)
CUTS = re.compile(
    r"\s*[|\u00a6\u2502\uff5c@#~\u2022\u00bb\u2023\u25ba<>=\\]|\s+[\u2010-\u2015\u2212\u00b7:/+*&-]+\s+(?=\S)"
    r"|\s*(?://|::|--|;|\u2026|\.\.\.)"
    r"|[\u2013\u2014](?!\w)|(?<!\w)[\u2013\u2014]|:\s"
)
DASHES = re.compile(r"(?<=[^\W\d_])\s?[\u2010-\u2015\u2212]\s?(?=[^\W\d_])|(?<=[^\W\d_])\s-\s(?=[^\W\d_])")
BRACKETS = re.compile(
    r"\s*[(\[{\u3010\uff08\u300c][^)\]}\u3011\uff09\u300d]*(?:[)\]}\u3011\uff09\u300d]|\Z)(?:\s*(?=,)|\s*)"
)
QUOTED = re.compile(
    r"\s*(?:\"[^\"]*\"|\u201c[^\u201d]*\u201d|\u201e[^\u201c\u201d]*[\u201c\u201d]|\u00ab[^\u00bb]*\u00bb"
    r"|(?<!\w)['\u2018](?![tns]\s)[^'\u2019]+['\u2019](?!\w))\s*"
)
PRONOUNS = re.compile(
    r"[\s,]*(?<!\w)(?:she|he|they|ze|xe|sie|er|elle|ella|il)\s*/\s*(?:hers?|him|his|them|theirs?|they|she|he|ihr|ihm|elle|lui)"
    r"(?:\s*/\s*\w+)?(?!\w)",
    re.IGNORECASE,
)
AT_WORK = re.compile(r"(?<=\w)\s+(?:(?:at|bei|chez|from|is|and|und|aka|a\.k\.a\.?|AKA)\s|[Ee]x-[A-Z]).*\Z")
COUPLE = re.compile(r"\A(\w+)\s+(?:&|and|und)\s+\w+\s+(\w+)\Z")
GLUED_WORDS = re.compile(r"\A([^\W\d_]{2,})[._]([^\W\d_]{2,})\Z")
BIRTH = re.compile(r"[\s,]+(?:n[\u00e9e]e?|geb\.?|geborene|f\u00f6dd|z domu)\s+\S+\Z", re.IGNORECASE)
PHRASES = re.compile(
    r",?\s+(?:LEED\s+(?:AP|GA|Green Associate)\b.*|(?:Lean\s+)?(?:Six\s+Sigma|Green\s+Belt|Black\s+Belt)\b.*"
    r"|CIPP/\w+(?=\W|\Z)|(?:MD|M\.D\.)\s*&\s*CEO|Ph\.?\s?D\.?(?:\s?c\b\.?|\s+candidate\b|\s+student\b)?(?=\W|\Z)"
    r"|[BM]\.?\s?(?:Sc|Eng|Ed|Tech|Com|Phil)\b\.?|[BM]\.\s?[AS]\.(?=\W|\Z)"
    r"|Dr\.?\s?h\.?\s?c\.?(?=\W|\Z))"
)
NOT_NAMES = re.compile(r"\w@\w|https?:|www\.|\w\.(?:com|org|net|io|de|nl|fr|co\.uk)\b", re.IGNORECASE)
GLUED_TITLE = re.compile(r"\A(dr|prof|mr|mrs|ms|ing)\.(?=[^\W\d_]{2})", re.IGNORECASE)
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
LONGEST = 200
"""Letters that are read; what is longer is a biography, and its name stands at the front."""
EDGES = ' \t,;:-_*"\u201c\u201d`\u00b4/&+!?\u00b7|@~#=<>^'
ENDS = EDGES + "'\u2018\u2019"


@dataclass(frozen=True, slots=True)
class Core:
    """What is left of a name: the text before a comma, the given names behind it if it was "Last, First", Jr./III."""

    text: str
    given: str | None = None
    generation: str | None = None
    titled: bool = False


def strip_decoration(text: str | None, *, column: bool = False) -> Core | None:
    """Reduce a cell to the name in it.

    Args:
        text: the cell.
        column: whether it holds a part of a name (a first or last name), so that one word is enough.

    Returns:
        None where nothing of a name is left.
    """
    line = clean_text(text)
    if line is None or NOT_NAMES.search(line):
        return None
    line = line[:LONGEST]
    line = GLUED_WORDS.sub(r"\1 \2", COUPLE.sub(r"\1 \2", _undecorated(line)))
    line = _in_one_script(_cut_tagline(line, least=1 if column else 2))
    line = BIRTH.sub("", PHRASES.sub(" ", f" {line}")).strip(EDGES)
    return _by_commas(line, column=column)


def _undecorated(line: str) -> str:
    """Plain letters instead of styled ones; no pictures, brackets, quoted nicknames or pronouns."""
    if line.isascii() and line.replace(" ", "").replace("-", "").isalpha():
        return line
    line = STYLED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), line)
    line = TRADEMARKS.sub("", line)
    line = _without_pictures(line)
    line = PRONOUNS.sub("", line)
    line = _unless_empty(BRACKETS.sub(" ", line), line.translate({ord(char): " " for char in "()[]{}"}))
    return _unless_empty(QUOTED.sub(" ", line), line.strip("\"'\u201c\u201d"))


def _without_pictures(line: str) -> str:
    """Emoji go; between a whole name and several further words they open a tagline, which goes as well."""
    for found in PICTURES.finditer(line):
        before, after = line[: found.start()], PICTURES.sub(" ", line[found.end() :])
        if len(before.split()) > 1 and (len(after.split()) > 1 or _is_work(after)):
            return before
    return PICTURES.sub(" ", line).strip()


def _in_one_script(line: str) -> str:
    """Zhang Wei, written beside it in his own script as well, once."""
    if line.isascii():
        return line
    tokens = line.split()
    latin = [token for token in tokens if LATIN.search(token)]
    return " ".join(latin) if len(latin) > 1 and len(latin) < len(tokens) and "," not in line else line


def _unless_empty(line: str, otherwise: str) -> str:
    return line if any(char.isalpha() for char in line) else otherwise


def _cut_tagline(line: str, least: int) -> str:
    """Everything before the first sign that parts a name from what its bearer does."""
    line = line.strip(EDGES)
    for found in CUTS.finditer(line):
        before, sign = line[: found.start()], found[0].strip()
        if not any(char.isalpha() for char in before):
            continue
        dash = sign in {"-", "\u2013", "\u2014", "\u2010", "\u2011", "\u2212", "&", "/", "\u00b7"}
        if dash and len(before.split()) < least + (least == 1) and not _is_work(line[found.end() :]):
            continue
        line = before
        break
    line = DASHES.sub("-", line)
    if work := AT_WORK.search(line):
        before = line[: work.start()]
        if len(before.split()) >= least:
            line = before
    return line


def _is_work(text: str) -> bool:
    """Whether a text speaks of somebody's work."""
    return any(word.strip(".,;:!()").casefold() in words.WORK_WORDS for word in text.split())


def _by_commas(line: str, *, column: bool) -> Core | None:
    """Tell "Last, First" from "Name, credentials" and "Name, tagline"."""
    head, *rest = (part.strip(EDGES) for part in line.split(","))
    parts, titled = _without_titles(head.split())
    parts, generation = _without_credentials(parts, column=column, surname_only=bool(rest))
    given: list[str] = []
    for part in rest:
        tokens, _ = _without_titles(part.split(), all_of_them=True)
        if tokens and _key(tokens[0]) in words.GENERATIONS and tokens[0].lower() not in {"2nd", "3rd"}:
            generation = words.GENERATIONS[_key(tokens.pop(0))]
        if not tokens or _are_credentials(tokens, parts, sure_only=len(parts) == 1 and not column):
            continue
        if given or column or _is_work(part) or any(char.isdigit() for char in part):
            break
        given, behind = _without_credentials(tokens, column=True)
        generation = generation or behind
    parts, given = _letters(parts), _letters(given)
    if not parts and not given:
        return None
    return Core(" ".join(parts or given), " ".join(given) if parts and given else None, generation, titled)


def _letters(tokens: list[str]) -> list[str]:
    """The tokens that hold a letter, without the punctuation that hangs on them."""
    bare = (
        token.strip(EDGES).rstrip("'\u2018\u2019") if token[:1] in "'\u2019" else token.strip(ENDS) for token in tokens
    )
    trimmed = (token if len(token) < 4 or token.count(".") > 1 else token.rstrip(".") for token in bare)  # noqa: PLR2004
    return [token for token in trimmed if any(char.isalpha() for char in token)]


def _key(token: str) -> str:
    """How a title or credential is listed: small letters, no full stops, hyphens or slashes."""
    return "".join(char for char in token.lower() if char.isalnum() or char in "&+'")


def _without_titles(tokens: list[str], *, all_of_them: bool = False) -> tuple[list[str], bool]:
    """Take forms of address and academic titles off the front; at least one word stays, unless none needs to."""
    titled = False
    if tokens and (glued := GLUED_TITLE.match(tokens[0])):
        tokens = [tokens[0][glued.end() :], *tokens[1:]]
        titled = True
    while len(tokens) > (0 if all_of_them else 1) and _is_title(tokens):
        tokens, titled = tokens[1:], True
    if len(tokens) > 2 and tokens[-1].endswith(".") and _key(tokens[-1]) in {"dr", "prof", "mr", "mrs", "ms"}:  # noqa: PLR2004
        tokens = tokens[:-1]
    return tokens, titled


def _is_title(tokens: list[str]) -> bool:
    word = tokens[0]
    key = _key(word)
    if key in words.TITLES:
        return True
    if word.endswith(".") and key in words.DOTTED_TITLES:
        return True
    if key in words.TITLES_BEFORE_TWO and len(tokens) > 2 and word[0].isupper():  # noqa: PLR2004
        return True
    return word.rstrip(".") in words.CAPITAL_TITLES and len(tokens) > 2 and not is_shouted("".join(tokens[1:]))  # noqa: PLR2004


def _without_credentials(
    tokens: list[str], *, column: bool, surname_only: bool = False
) -> tuple[list[str], str | None]:
    """Take post-nominals off the end, and Jr. or III apart."""
    generation = None
    one_case = is_shouted("".join(tokens)) or is_whispered("".join(tokens))
    while tokens:
        word, left = tokens[-1], len(tokens) - 1 + column
        key = _key(word)
        if left >= (1 if surname_only else 2) and _is_generation(word, key):  # a first and a last name are left
            generation = words.GENERATIONS.get(key, "V")
        elif not any(char.isalpha() for char in word) and left:
            pass
        elif not _is_credential(word, key, left=left, one_case=one_case and len(tokens) > 1):
            break
        tokens = tokens[:-1]
    return tokens, generation


def _is_generation(word: str, key: str) -> bool:
    return key in words.GENERATIONS or word == "V"


def _is_credential(word: str, key: str, *, left: int, one_case: bool) -> bool:
    """Whether the last word of a name is a post-nominal, with so many words left before it."""
    title_case = word[:1].isupper() and word[1:].islower() and word.isalpha()
    if left < 2:  # noqa: PLR2004 -- the word would be the surname
        return key in words.SURE_CREDENTIALS and left == 1 and not title_case
    if key in words.SURE_CREDENTIALS:
        return True
    if one_case:
        return key in words.SHOUTED_CREDENTIALS
    return key in words.CREDENTIALS and not title_case and not word.islower()


def _are_credentials(tokens: list[str], head: list[str], *, sure_only: bool) -> bool:
    """Whether a part behind a comma is made of post-nominals: known ones, or capitals where the name has none."""
    keys = [_key(token) for token in tokens]
    if sure_only:
        return all(key in words.SURE_CREDENTIALS for key in keys)
    shouted = is_shouted("".join(head))
    return all(
        key in words.SURE_CREDENTIALS
        or key in words.CREDENTIALS
        or not key
        or (len(key) < 6 and token.isupper() and not shouted)  # noqa: PLR2004 -- longer ones are spelt out
        for key, token in zip(keys, tokens, strict=True)
    )
