"""What addresses, headers and forms name: uids and numbers as programs write them, read in one way everywhere."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.clay.answers.bodies import addressee
from app.text.numbers import read_digits
from app.text.uids import read_uid

UID = UUID("0198c0de-1111-7222-8333-444455556666")


@pytest.mark.parametrize("text", [str(UID), str(UID).upper(), f"{{{UID}}}", f"urn:uuid:{UID}", UID.hex])
def test_a_uid_is_read_in_any_spelling_that_names_one(text: str) -> None:
    assert read_uid(text) == UID
    assert addressee({"batch_item_id": f" {text} ", "attempt": " 2 "}) == (UID, 2)


@pytest.mark.parametrize("text", [None, "", "none", str(UID)[:-1], f"{UID}0", "\u0000", "client"])
def test_what_names_no_uid_is_none_and_no_error(text: str | None) -> None:
    assert read_uid(text) is None


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("007", 7), ("255", 255)])
def test_digits_are_a_number_up_to_the_bound(text: str, number: int) -> None:
    assert read_digits(text, most=255) == number


@pytest.mark.parametrize(
    "text", [None, "", "256", "0255", "-1", "+1", "1.0", "1,0", "1_0", " 1", "\u0663", "\u00b2", "9" * 5000]
)
def test_what_a_program_would_not_write_or_is_beyond_the_bound_is_none(text: str | None) -> None:
    assert read_digits(text, most=255) is None
