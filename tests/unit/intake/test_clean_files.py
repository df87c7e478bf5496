"""What spares the reader a long look at a clean file never hides what the long look would find."""

from __future__ import annotations

import re
from itertools import product

import pytest

from app.intake.reading import NOTHING, TableReader
from app.intake.survey import survey
from app.intake.text import open_text
from app.text.mojibake import SUSPECT, SUSPECT_BYTES

CHARACTERS = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]


def test_bytes_that_look_clean_hold_no_mojibake() -> None:
    first, second = (
        [character for character in CHARACTERS if part.match(character)]
        for part in map(re.compile, SUSPECT.pattern.replace("][", "]\n[").split("\n"))
    )
    assert len(first) > 1 < len(second)
    missed = [a + b for a, b in product(first, second) if not SUSPECT_BYTES.search((a + b).encode())]
    assert missed == []


def test_what_a_row_of_blanks_consists_of_is_no_letter_and_no_digit() -> None:
    assert not any(character.isalnum() for character in CHARACTERS if character in NOTHING or character.isspace())


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (",", 0),
        (" ,\u00a0", 0),
        ("\u200b,\ufeff", 0),
        ("?,", 1),
        (",-", 1),
        (" ,a b", 1),
        ("日本,", 1),
        ("first name,EMAIL", 0),
    ],
)
def test_a_row_is_left_out_only_when_blank_or_the_header_again(row: str, kept: int) -> None:
    rows = ["Ann,ann@acme.example"] * 3
    text = open_text("\n".join(["First Name,Email", *rows, row, *rows, ""]).encode())
    reader = TableReader(survey(text))
    read = [cells for chunk in reader.chunks() for cells in chunk.rows]
    assert len(read) == 6 + kept
    assert not kept or ",".join(read[3]) == row
