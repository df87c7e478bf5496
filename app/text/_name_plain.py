"""Tells, at little cost, the names that nothing has to be taken off: most of those that files and answers hold.

`_name_cleaning` asks this first. A name is plain if it is Latin letters, with a blank, hyphen or apostrophe between
words, and no word of it is one that a rule of the cleaning looks for. Whoever adds words to such a rule adds them here,
unless they come from the lists that are taken in as they are.
"""

from __future__ import annotations

import re

from app.text import _name_words as words
from app.text._listed import listed
from app.text._name_titles import FOREIGN_TITLES, LIKE_CREDENTIAL

__all__ = ["is_plain"]

LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u012f\u0131-\u024f\u1e00-\u1eff"
"""All but `İ`, which is two characters when small."""
PLAIN = re.compile(rf"[{LATIN}]++(?:[ '-][{LATIN}]++)*+")
APART = str.maketrans("-'", "  ")

# What `_name_cleaning` looks for: employers, greetings, birth names, belts and degrees, forms of address.
CUES = listed(
    """
    at bei chez from is and und aka ex ne né nee née geb geborene född domu rozená rozena épouse veuve vve verw
    leed lean six green black cipp ph phd dr drhc prof dipl b m bsc beng bed btech bcom bphil msc meng med mtech mcom
    it here i ich je me mi yo eu io ik jag jeg moi this they mein meet soy sou sono jestem olen im nazywam jmenuji benim
    hi hello hey hallo hola bonjour salut ciao hej hei good welcome chamo mijn meu mit mitt my
    mphil hon honourable honorable rev reverend heer monsieur madame mme mlle sri herrn hadj
    """
)
NOT_PLAIN = (
    CUES
    | words.TITLES
    | words.TITLES_BEFORE_TWO
    | words.TITLES_BEFORE_GIVEN
    | FOREIGN_TITLES
    | words.SURE_CREDENTIALS
    | words.CREDENTIALS
    | words.GENERATIONS.keys()
    | {title.lower() for title in words.CAPITAL_TITLES}
    | {"v"}
)


def is_plain(line: str) -> bool:
    """Whether a cleaned line is a name, or a part of one, as it stands."""
    if not PLAIN.fullmatch(line) or (not line.istitle() and LIKE_CREDENTIAL.fullmatch(line.rpartition(" ")[2])):
        return False
    low = line.lower()
    return NOT_PLAIN.isdisjoint(low.translate(APART).split()) and (
        "-" not in low or NOT_PLAIN.isdisjoint(low.replace("-", "").split())
    )
