"""The words for "nothing", once for all: of uploads, of answers, of keys, and of what is sent to a paid service.

What exports, spreadsheets, tools and people write where there is no value stands in `nothing.toml`, and nowhere else.

Kept apart, because they ask something else: whether a date is stated (`app/extraction/_date_words.py`: "unknown" and
"left" say that a job ended), whether a word may be a name (`app/text/names.py`), and whether a row of a file has any
sign in it at all (`app/intake/reading.py`), since a cell that says "n/a" is kept as it came.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

__all__ = ["says_nothing"]

_TABLE: dict[str, Any] = tomllib.loads(resources.files("app.text").joinpath("nothing.toml").read_text("utf-8"))


def _all_words() -> Iterator[str]:
    """Every spelling of "nothing", in lower case."""
    things = _TABLE["things"]
    yield from _TABLE["words"]
    yield from (f"{word}{between}{word}" for word in _TABLE["twice"] for between in (" ", ", ", ","))
    yield from (f"no {thing}" for thing in things)
    for sentence in _TABLE["sentences"]:
        begins = sentence["begin"]
        if "not" in begins:
            begins = [*begins, *(f"{thing} not" for thing in things), *(f"no {thing}" for thing in things)]
        yield from (f"{begin} {end}" for begin in begins for end in sentence["end"])


_WORDS = frozenset(_all_words())
BLANKS = _WORDS | {f"{word}." for word in _WORDS if word[-1:].isalpha()}
LONGEST = max(map(len, BLANKS))
ONLY_SIGNS = re.compile(r"""[-\u2010-\u2015_.\u2026*?!/\\|"'`\u00b4\u2018-\u201f()\[\]{}<>,;:~=^+@#&%\s]+""")
"""Brackets, quotation marks and strokes with nothing between them."""
# Nil, Null, Na and Nat are names as well: only these spellings say nothing.
AS_WRITTEN = frozenset(("nil", "NIL", "null", "NULL", "nan", "NaN", "NAN", "NaT", "na", "NA", "Undefined"))
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
    if text[0].isalnum():
        return False
    return ONLY_SIGNS.fullmatch(text) is not None or (text[0] in "{$<[%*" and UNFILLED.fullmatch(text) is not None)
