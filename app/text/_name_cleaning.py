"""Takes everything off a name that is no name: decoration, taglines, titles, credentials. `names.py` reads the rest.

The order matters: pictures and brackets first, then the cut before a tagline, then titles in front and post-nominals
behind (`_name_titles`), and what a comma parts (`_name_commas`).
"""

from __future__ import annotations

import re
import unicodedata

from app.text._name_commas import EDGES, Core, by_commas, is_work
from app.text._name_plain import is_plain
from app.text._name_titles import only_titles
from app.text._name_words import given_names
from app.text.values import clean_text, fold

__all__ = ["LONGEST", "Core", "by_cleaning", "strip_decoration"]

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
BRACKETED_PARTICLES = re.compile(r"\s*\(((?:van|von|de|den|der|ter|ten|te|zu|del|della|da|dos|du|la|'t| ){2,20})\)\Z")
"""Particles of a surname that a register has behind it: `Heuvel (van den)`."""

BRACKET_SIGNS = str.maketrans("()[]{}", " " * 6)
QUOTED = re.compile(
    r"\s*(?:\"[^\"]*\"|\u201c[^\u201d]*\u201d|\u201e[^\u201c\u201d]*[\u201c\u201d]|\u00ab[^\u00bb]*\u00bb"
    r"|(?<!\w)['\u2018](?![tns]\s)[^'\u2019]+['\u2019](?!\w))\s*"
)
QUOTES_OPEN = '"\u201c\u201e\u00ab'
QUOTE_SIGNS = str.maketrans('"\u201c\u201d\u201e\u00ab\u00bb', " " * 6)
PRONOUNS = re.compile(
    r"[\s,]*(?<!\w)(?:she|he|they|ze|xe|sie|er|elle|ella|il)\s*/\s*(?:hers?|him|his|them|theirs?|they|she|he|ihr|ihm|elle|lui)"
    r"(?:\s*/\s*\w+)?(?!\w)",
    re.IGNORECASE,
)
AT_WORK = re.compile(
    r"(?<=\w)\s+(?:(?:at|bei|chez|from|is|c/o|and|und(?!\s+zu[mr]?\s)|aka|a\.k\.a\.?|AKA)\s|[Ee]x-[A-Z]).*\Z"
)
COUPLE = re.compile(
    r"\A(?:(?:Mr|Mrs|Ms|Dr|Herr|Frau)\.?\s+(?:&|and|und)\s+(?:Mr|Mrs|Ms|Dr|Herr|Frau)\.?\s+)?"
    r"(?!vo[nm]\s)(\w+)\s+(?:&|and|und)\s+\w+\s+(\w+)\Z"
)
GLUED_WORDS = re.compile(r"\A([^\W\d_]{2,})[._]([^\W\d_]{2,})\Z")
BIRTH = re.compile(
    r"[\s,]+(?:n[\u00e9e]e?|geb\.?|geborene|f\u00f6dd|f\.\s?d\.?|(?-i:f\.)|rozen[\u00e1a]|roz\.|z\s?d\.|z domu"
    r"|sz\u00fcl\.|o\.s\.|ur\.|\u0443\u0440\u043e\u0436\u0434\.|\u0443\u0440\u043e\u0434\u0436\.|\u00e9p\.|\u00e9pouse"
    r"|veuve|vve\.?|ved\.|verw\.|vda\.(?: de)?)\s+\S+\Z",
    re.IGNORECASE,
)
"""The surname of birth or of a late husband."""
ALTERNATIVE = re.compile(r"(?<=[^\W\d_][^\W\d_])/[^\W\d_]{2,}")
"""A second spelling behind a slash: Leah/Lea."""
PHRASES = re.compile(
    r",?\s+(?:LEED\s+(?:AP|GA|Green Associate)\b.*|(?:Lean\s+)?(?:Six\s+Sigma|Green\s+Belt|Black\s+Belt)\b.*"
    r"|CIPD\s+(?:Level|Qualified)\b.*|CIPP/\w+(?=\W|\Z)|(?:MD|M\.D\.)\s*&\s*CEO|Ph\.?\s?D\.?(?:\s?c\b\.?|\s+[Cc]andidate\b|\s+[Ss]tudent\b)?(?=\W|\Z)"
    r"|[BM]\.?\s?(?:Sc|Eng|Ed|Tech|Com|Phil)\b\.?"
    r"|Dr\.?\s?h\.?\s?c\.?(?=\W|\Z))"
)
DEGREE = re.compile(r"(?<=\w),?\s+[BM]\.\s?[AS]\.(?=\W|\Z)")
FRENCH_COUPLE = re.compile(r"\A(?:m\.?|mr|monsieur) et (?:mme|madame)\s+(?=\S)", re.IGNORECASE)
THAI_TITLE = re.compile(
    r"\A(?:\u0e19\u0e32\u0e07\u0e2a\u0e32\u0e27|\u0e19\u0e32\u0e07|\u0e19\u0e32\u0e22|\u0e04\u0e38\u0e13|\u0e14\u0e23\.?)\s*(?=[\u0e00-\u0e7f])"
)
ADDRESSED = re.compile(
    r"\A(?:(?:the )?(?:rt|right|most|very)\.? (?:hon(?:ou?rable|\.)?|rev(?:erend|\.)?)"
    r"|the (?:hon(?:ou?rable|\.)?|rev(?:erend|\.)?)"
    r"|(?:aan )?de heer(?: en mevrouw)?|(?:m\.|mme|mlle|monsieur|madame) l[ae] \w+"
    r"|(?:tan|puan|dato'?|datuk) sri"
    r"|an (?:herrn|frau)|(?:el|al)[- ]hadj|(?:assistant|associate|adjunct|visiting) professor)\s+(?=\S+\s)",
    re.IGNORECASE,
)
"""Forms of address of several words: the Hon., de heer, Mme la Directrice."""
GREETING = re.compile(
    r"\A(?:hi|hello|hey|hallo|hola|bonjour|salut|ciao|ol\u00e1|hej|hei|good (?:morning|day)|welcome)"
    r"(?: (?:there|all|everyone|world))?\s*[,!.:;\u2013\u2014-]+\s*(?=\S)",
    re.IGNORECASE,
)
GREETED = re.compile(r"(?:hi|hello|hey|hallo|hola|bonjour|salut|ciao|hej|hei)(?: there)?\s+", re.IGNORECASE)
HERE = re.compile(r"(?<=\w\w) here\s*[!.]*\Z")
INTRODUCED = re.compile(
    r"(?:it['\u2019]s|i\s?['\u2019\u00b4`]\s?m|i am|my name(?: is|['\u2019]s)|this is|they call me"
    r"|ich bin|ich hei(?:\u00df|ss)e|mein name ist"
    r"|je suis|je m['\u2019]appelle|moi,? c['\u2019]est|me llamo|mi nombre es|yo soy|eu sou|(?:eu )?me chamo|chamo-me"
    r"|meu nome \u00e9|(?:o )?meu nome \u00e9|io sono|mi chiamo|ik ben|mijn naam is|ik heet"
    r"|jag (?:heter|\u00e4r)|jeg (?:er|heter|hedder)"
    r"|mitt navn er|mit navn er"
    r"|nazywam si\u0119|jmenuji se|benim ad\u0131m|\u043c\u0435\u043d\u044f \u0437\u043e\u0432\u0443\u0442)\s+(?=\S)",
    re.IGNORECASE,
)
"""How profiles introduce themselves: `Hi, I'm Paula Finch`, `Ich bin Klara Voss`."""
INTRODUCING = re.compile(r"\A(?:meet|soy|sou|sono|jestem|olen|im)\s+(?P<given>\S+)\s+\S", re.IGNORECASE)
"""The same in one word, which may be a name: only where a given name and a surname follow."""
NOT_NAMES = re.compile(r"\w@\w|https?:|www\.|\w\.(?:com|org|net|io|de|nl|fr|co\.uk)\b", re.IGNORECASE)
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
LONGEST = 200
"""Letters that are read; what is longer is a biography, and its name stands at the front."""


def strip_decoration(text: str | None, *, column: bool = False) -> Core | None:
    """Reduce a cell to the name in it.

    Args:
        text: the cell.
        column: whether it holds a part of a name (a first or last name), so that one word is enough.

    Returns:
        None where nothing of a name is left.
    """
    line = clean_text(text)
    if line is None:
        return None
    if len(line) <= LONGEST and is_plain(line):
        return Core(line)
    return by_cleaning(line, column=column)


def by_cleaning(line: str, *, column: bool) -> Core | None:
    """What `strip_decoration` does for a line in which there may be something to take off."""
    if NOT_NAMES.search(line):
        line = " ".join(token for token in line[:LONGEST].split() if not NOT_NAMES.search(token))
        if len(line.split()) < 2:  # noqa: PLR2004 -- `Jane Doe jane@acme.com`
            return None
    line = FRENCH_COUPLE.sub("Mme ", line[:LONGEST])
    if not line.isascii():
        line = THAI_TITLE.sub("", line)
    line = ADDRESSED.sub("", line[:LONGEST].replace("\uff0c", ", "))
    line = _without_greeting(_undecorated(_without_greeting(line)))
    line = GLUED_WORDS.sub(r"\1 \2", COUPLE.sub(r"\1 \2", line))
    line = _in_one_script(_cut_tagline(line, least=1 if column else 2))
    line = DEGREE.sub(" ", PHRASES.sub(" ", f" {line}"))
    born = BIRTH.sub("", line)
    line = (line if only_titles(born) else born).strip(EDGES)
    return by_commas(line, column=column)


def _without_greeting(line: str) -> str:
    """A line without the words with which somebody introduces himself."""
    bare = GREETING.sub("", line)
    if (word := GREETED.match(bare)) and INTRODUCED.match(bare, word.end()):
        bare = bare[word.end() :]
    bare = INTRODUCED.sub("", bare)
    if (word := INTRODUCING.match(bare)) and fold(word["given"].strip(EDGES)) in given_names():
        bare = bare[word.start("given") :]
    return HERE.sub("", bare)


def _undecorated(line: str) -> str:
    """Plain letters instead of styled ones; no pictures, brackets, quoted nicknames or pronouns."""
    if line.isascii() and line.replace(" ", "").replace("-", "").isalpha():
        return line
    if not line.isascii():
        line = _without_pictures(TRADEMARKS.sub("", STYLED.sub(_unstyled, line)))
    elif "(" in line:
        line = TRADEMARKS.sub("", line).strip()
    line = ALTERNATIVE.sub("", PRONOUNS.sub("", line))
    if "(" in line:
        line = BRACKETED_PARTICLES.sub(r", \1", line)
    line = _unless_empty(BRACKETS.sub(" ", line), line.translate(BRACKET_SIGNS))
    bare = QUOTED.sub(" ", line)
    if line[:1] in QUOTES_OPEN and len(bare.split()) == 1:
        return line.translate(QUOTE_SIGNS).strip()  # "Nina" Frost
    return _unless_empty(bare, line.strip("\"'\u201c\u201d"))


def _unstyled(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _without_pictures(line: str) -> str:
    """Emoji go; between a whole name and several further words they open a tagline, which goes as well."""
    for found in PICTURES.finditer(line):
        before, after = line[: found.start()], PICTURES.sub(" ", line[found.end() :])
        if len(before.split()) > 1 and (len(after.split()) > 1 or is_work(after)):
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
        if dash and len(before.split()) < least + (least == 1) and not is_work(line[found.end() :]):
            continue
        line = before
        break
    line = DASHES.sub("-", line)
    if work := AT_WORK.search(line):
        before = line[: work.start()]
        if len(before.split()) >= least:
            line = before
    return line
