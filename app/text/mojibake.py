"""Texts that were UTF-8, read as Windows-1252 and saved like that, once or twice: `JosÃ©` is José.

Every reader of cells and answers comes through `mended` before it cleans anything, because cleaning damages such a text
further (`Ã…berg` has an ellipsis in it). `ftfy` decides; what may be meant as it stands is left alone.
"""

from __future__ import annotations

import re

__all__ = ["SUSPECT", "SUSPECT_BYTES", "mended"]

SUSPECT = re.compile(
    "[\u00c2-\u00c5\u00c8-\u00cf\u00d0\u00d1\u00d8-\u00db\u00e2-\u00ef\u00f0]"
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
"""A lead byte of UTF-8 and one that can follow it, both as Windows-1252 shows them."""

SUSPECT_BYTES = re.compile(rb"\xc3[\x82-\xb0][\xc2\xc5\xc6\xcb\xe2]")
"""What every UTF-8 text has in it that `SUSPECT` finds something in: much in one look, without decoding."""

LETTER_A_RING = re.compile("\u00c3\u2026(?=[^\\W\\d_])")
"""`Ã…berg`, `Ã…KESSON`: ftfy takes the ellipsis for one; before a letter it is none."""


def mended(text: str) -> str:
    """The text as it was before it was decoded wrongly; the same text where that is not certain."""
    if text.isascii() or not SUSPECT.search(text):
        return text
    from ftfy import fix_encoding  # noqa: PLC0415 -- rarely needed, and a tenth of a second

    return LETTER_A_RING.sub("\u00c5", fix_encoding(text))
