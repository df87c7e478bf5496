"""The words for "nothing", once for all: of uploads, of answers, of keys, and of what is sent to a paid service.

What exports, spreadsheets, tools and people write where there is no value. Another word goes in here and nowhere else.

Kept apart, because they ask something else: whether a date is stated (`app/extraction/_date_words.py`: "unknown" and
"left" say that a job ended), whether a word may be a name (`app/text/names.py`), and whether a row of a file has any
sign in it at all (`app/intake/reading.py`), since a cell that says "n/a" is kept as it came.
"""

from __future__ import annotations

import re

__all__ = ["says_nothing"]

# Compared in lower case.
BLANKS = frozenset(
    word
    for line in (
        "- | -- | --- | \u2013 | \u2014 | . | .. | ... | \u2026 | _ | * | ? | ?? | / | //",
        r"n/a | #n/a | n.a. | n.a | n\a | n / a | <na> | <n/a> | (n/a) | [n/a] | \n | n/d | n.d. | #n/d | s/o | s.o.",
        "k.a. | k. a. | n.v.t. | nvt | nil | none | undefined | undefined undefined | null null | nan nan",
        "[object object] | (null) | (none) | (blank) | (empty) | (unknown) | (not set)",
        "[null] | [none] | [blank] | [empty] | [unknown] | <null> | <none> | <blank> | <empty> | <unknown>",
        "-none- | --none-- | -- none --",
        "#ref! | #value! | #name? | #div/0! | #num! | #null! | #nv | #error! | #spill! | #calc! | #bezug! | #wert!",
        "#zahl! | #valeur! | #nom? | #nombre! | #\u00a1valor! | #\u00a1ref! | #\u00a1num! | #\u00a1div/0! | #valor!",
        "not available | not applicable | not found | not provided | not specified | not given | not set | not listed",
        "none found | none provided | no data | no value | no info | no information | no result | no results",
        "no results found | no match | no match found | no email found | no answer | unknown | unspecified",
        "tbd | tba | to be determined | to be defined",
        "unbekannt | nicht bekannt | nicht verf\u00fcgbar | keine angabe | inconnu | non disponible",
        "non renseign\u00e9 | non applicable | desconocido | no disponible | no aplica | sin datos | sconosciuto",
        "non disponibile | onbekend | niet beschikbaar | desconhecido | n\u00e3o dispon\u00edvel",
        "ukendt | ok\u00e4nd | ukjent | brak danych",
    )
    for word in line.split(" | ")
)
LONGEST = max(map(len, BLANKS))
# Null, Na and Nat are names as well: only these spellings say nothing.
AS_WRITTEN = frozenset(("null", "NULL", "nan", "NaN", "NAN", "NaT", "na", "NA", "Undefined"))
UNFILLED = re.compile(
    r"(?>(?:\{\{[^{}]*\}\}|%%?[a-z_]+%%?|\*\|[a-z_:]+\|\*"
    r"|[\[{<](?:first|last|full|company|job)(?:[ _-]?(?:name|title))?[\]}>])[\s,;|/-]*)+"
    r"|\$\{[^{}]*\}|<%[^%]*%>|\[\[[^\[\]]*\]\]",
    re.IGNORECASE,
)
"""A placeholder of a template that nobody filled: `{{Job Title}}`."""


def says_nothing(text: str) -> bool:
    """Whether a stripped text is empty, a word for "nothing", or a template's placeholder that nobody filled."""
    if not text or (len(text) <= LONGEST and (text in AS_WRITTEN or text.lower() in BLANKS)):
        return True
    return text[0] in "{$<[%*" and UNFILLED.fullmatch(text) is not None
