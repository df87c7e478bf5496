"""Callback tokens: they open one state and nothing else."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from app.clay.tokens import CallbackToken, callback_url, fixed_url, make_token, token_digest, verify_token

KEY = "k" * 32
ITEM = UUID("3f1c2a9e-6f0b-4b0e-9d51-0c5b8e7a2d11")
SLUG = "enrich_company_clay"


def test_a_token_says_what_it_was_made_for() -> None:
    assert verify_token(SLUG, make_token(SLUG, ITEM, 3, 2, KEY), KEY) == CallbackToken(ITEM, 3, 2)


def test_the_url_has_the_token_as_its_last_part_and_needs_no_escaping() -> None:
    url = callback_url("https://leadloom.example/", SLUG, ITEM, 0, 1, key=KEY)
    assert url.startswith(f"https://leadloom.example/clay/{SLUG}/{ITEM}.0.1.")
    assert verify_token(SLUG, url.rpartition("/")[2], KEY) == CallbackToken(ITEM, 0, 1)
    assert fixed_url("https://leadloom.example", SLUG) == f"https://leadloom.example/clay/{SLUG}"


def test_an_upper_case_uid_makes_the_same_token() -> None:
    assert make_token(SLUG, str(ITEM).upper(), 0, 1, KEY) == make_token(SLUG, ITEM, 0, 1, KEY)


@pytest.mark.parametrize(
    ("part", "forged"),
    [(0, str(uuid4())), (1, "1"), (2, "2"), (3, "A" * 43)],
    ids=["another item", "another step", "another attempt", "a guessed signature"],
)
def test_no_part_can_be_changed(part: int, forged: str) -> None:
    parts = make_token(SLUG, ITEM, 0, 1, KEY).split(".")
    parts[part] = forged
    assert verify_token(SLUG, ".".join(parts), KEY) is None


def test_every_changed_character_breaks_the_token() -> None:
    token = make_token(SLUG, ITEM, 0, 1, KEY)
    for place, character in enumerate(token):
        changed = token[:place] + ("0" if character != "0" else "1") + token[place + 1 :]
        assert verify_token(SLUG, changed, KEY) is None, place


def test_a_token_is_for_one_workflow_and_one_key() -> None:
    token = make_token(SLUG, ITEM, 0, 1, KEY)
    assert verify_token("enrich_person_clay", token, KEY) is None
    assert verify_token(SLUG, token, "x" * 32) is None


@pytest.mark.parametrize(
    "text",
    ["", ".", "...", "a.b.c.d", f"{ITEM}.0.1", f"{ITEM}.00.1.{'A' * 43}", f"{ITEM}.0.-1.{'A' * 43}", "é" * 90, "\n"],
)
def test_anything_else_is_no_token(text: str) -> None:
    assert verify_token(SLUG, text, KEY) is None


@pytest.mark.parametrize("tail", ["\n", " ", ".", "=", "/"])
def test_nothing_may_follow_a_token(tail: str) -> None:
    assert verify_token(SLUG, make_token(SLUG, ITEM, 0, 1, KEY) + tail, KEY) is None


def test_equal_numbers_written_otherwise_are_not_accepted() -> None:
    item, _, _, mac = make_token(SLUG, ITEM, 0, 1, KEY).split(".")
    assert verify_token(SLUG, f"{item}.0.01.{mac}", KEY) is None
    assert verify_token(SLUG, f"{item}.0.\u0661.{mac}", KEY) is None, "an Arabic digit one"


def test_the_digest_is_sha256_in_hex() -> None:
    assert token_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
