"""Tables of hand-written cases, one text file each, and how they are read."""

from __future__ import annotations

import re
from pathlib import Path

from app.text.linkedin import linkedin_company, linkedin_person

__all__ = ["Case", "read_table"]

Case = tuple[str, list[str | None]]
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[nt])")


def read_table(name: str) -> list[Case]:
    """The cases of a table: what is given, and the expected values right of the arrow (`∅` is None)."""
    lines = (Path(__file__).parent / f"{name}.txt").read_text("utf-8").splitlines()
    cases = []
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        given, arrow, expected = line.partition("→")
        assert arrow, f"{name}: no arrow in {line!r}"
        cases.append((_cell(given) or "", [_cell(part) for part in expected.split(" · ")]))
    return cases


def _cell(text: str) -> str | None:
    r"""One cell: blanks around it are layout, `\u00a0` and `\n` are written out, `∅` is nothing."""
    text = text.strip(" ")
    if text == "∅":
        return None
    return ESCAPE.sub(lambda found: {"n": "\n", "t": "\t"}.get(found[1]) or chr(int(found[1][1:], 16)), text)


def canonical_linkedin(text: str | None) -> str | None:
    """The first person's or company's LinkedIn URL in a text, in its one spelling."""
    return linkedin_person(text) or linkedin_company(text)
