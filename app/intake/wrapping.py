"""Takes off quotation marks around whole lines: what a spreadsheet writes that opened a CSV as one single column.

`app/intake/survey.py` asks before it looks for a header, because a line in quotation marks is a single cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.intake.headers import is_known
from app.intake.records import Span, all_lines
from app.intake.text import TextFile, Warned

__all__ = ["unwrap"]

_WHOLE = re.compile(r'"((?:[^"]++|"")*+)"[;,\t ]*[\r\n]*\Z')
_SEPARATORS = ",;\t|"
_LOOKED_AT = 50
_MOST = 0.8
_LABELS = 2


def unwrap(text: TextFile, lines: Sequence[str], span: Span, eol: bytes) -> bool:
    """Replace the text by one without the marks, if its header and most of its first lines have them.

    Args:
        text: changed in place.
        lines: its first lines.
        span: all of it.
        eol: what ends a line.
    """
    first = [line for line in lines[:_LOOKED_AT] if line.strip()]
    whole = [found for found in map(_WHOLE.match, first) if found]
    if len(whole) < _MOST * len(first) or not _WHOLE.match(first[0]):
        return False
    header = _inner(first[0]).replace('"', "")
    if not any(sum(map(is_known, header.split(mark))) >= _LABELS for mark in _SEPARATORS):
        return False
    text.rewrite(_inner(line).encode() for line in all_lines(text, span, eol))
    text.warnings.append(Warned("wrapped", "Every line is wrapped in quotation marks as a whole; they were removed."))
    return True


def _inner(line: str) -> str:
    found = _WHOLE.match(line)
    return found[1].replace('""', '"') + line[len(line.rstrip("\r\n")) :] if found else line
