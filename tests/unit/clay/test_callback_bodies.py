"""Callback bodies: everything an agency's Clay table may send, and what is made of it."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clay.answers.bodies import DEEPEST, Unreadable, addressee, addressee_in, decode_body, read_body

ITEM = "3f1c2a9e-6f0b-4b0e-9d51-0c5b8e7a2d11"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"a": 1}', '{"a": 1}'),
        ('{"a": "ü"}'.encode(), '{"a": "ü"}'),
        ('{"a": "ü"}'.encode("latin-1"), '{"a": "ü"}'),
        ('{"a": "ü"}'.encode("utf-16"), '{"a": "ü"}'),
        ('{"a": "ü"}'.encode("utf-16-le"), '{"a": "ü"}'),
        ('[{"a": "Łódź"}]'.encode("utf-16-be"), '[{"a": "Łódź"}]'),
        (b"\xef\xbb\xbf{}", "\ufeff{}"),
        (b"a\x00b", "a\ufffdb"),
        (b"\xff\xfe\x00", "ÿþ\ufffd"),
        (b"", ""),
    ],
)
def test_any_bytes_become_text_that_can_be_stored(raw: bytes, text: str) -> None:
    assert decode_body(raw) == text


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\ufeff {"a": 1}\r\n', {"a": 1}),
        ('[{"a": 1}]', {"a": 1}),
        ('[[{"a": 1}]]', {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('["{\\"a\\": 1}"]', {"a": 1}),
        ('{"a": NaN, "b": Infinity, "c": [-Infinity]}', {"a": None, "b": None, "c": [None]}),
        ('{"a": 1e999}', {"a": None}),
        ('{"a": "x\\u0000y", "k\\u0000": "\\ud800"}', {"a": "x\ufffdy", "k\ufffd": "\ufffd"}),
        ('{"a": 9007199254740993, "b": 18446744073709551615}', {"a": 9007199254740993, "b": "18446744073709551615"}),
        ('{"a": 123456789012345678901234567890, "b": NaN}', {"a": "123456789012345678901234567890", "b": None}),
        ('{"a": "line\nbreak\ttab"}', {"a": "line\nbreak\ttab"}),
        ('{"raw": {"name": "The "Original" Bakery"}}', {"raw": {"name": 'The "Original" Bakery'}}),
        ("No results", {"status": "No results"}),
        ('"No match found."', {"status": "No match found."}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("batch_item_id=x&name=A+%26+B&empty=", {"batch_item_id": "x", "name": "A & B", "empty": ""}),
    ],
)
def test_objects_are_found_in_many_forms(text: str, body: dict[str, Any]) -> None:
    assert read_body(text) == body


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("null", "not an object"),
        ("3", "not an object"),
        ('"null"', "not an object"),
        ("undefined", "not JSON"),
        ("<html>502</html>", "not JSON"),
        ('{"status": "succ', "not JSON (line 1"),
        ('{"raw": {"name": The Original Bakery}}', "not JSON (line 1, column 18)"),
        ("[]", "an empty list"),
        ("[1, 2]", "a list of 2"),
        ('[{"a": 1}, {"b": 2}]', "a list of 2"),
        ("[[[[[1]]]]]", "a list of 1"),
        ("{}", "empty object"),
        ("a=b", "not JSON"),
        ("QUJD==", "not JSON"),
        ("[" * 5_000, "too deeply"),
        ("[" * 90_000 + "]" * 90_000, "too deeply"),
        ('{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), "too deeply"),
        ("1" * 10_000, "not"),
    ],
)
def test_what_is_no_object_says_why(text: str, why: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_body(text)
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"batch_item_id": ITEM}, (UUID(ITEM), None)),
        ({"batch_item_id": f" {ITEM.upper()} ", "attempt": "2"}, (UUID(ITEM), 2)),
        ({"data": {"batch_item_id": ITEM}, "attempt": 3}, (UUID(ITEM), 3)),
        ({"batch_item_id": "7", "attempt": 0}, (None, None)),
        ({"batch_item_id": None, "attempt": 99999}, (None, None)),
        ({"batch_item_id": ITEM, "attempt": "null"}, (UUID(ITEM), None)),
        ({}, (None, None)),
    ],
)
def test_the_fixed_url_finds_item_and_attempt_in_the_body(body: dict[str, Any], expected: tuple[Any, Any]) -> None:
    assert addressee(body) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'{{"batch_item_id": "{ITEM}", "attempt": 2, "raw": {{"name": "The "Original" Bakery"}}}}', (UUID(ITEM), 2)),
        (f'{{\\"batch_item_id\\": \\"{ITEM}\\", \\"attempt\\": \\"3\\", ', (UUID(ITEM), 3)),
        (f"batch_item_id={ITEM}&name=%ZZ {{", (UUID(ITEM), None)),
        (f'{{"raw": "{ITEM}"', (None, None)),
        ('{"batch_item_id": "3f1c2a9e-6f0b', (None, None)),
        ("<html>502</html>", (None, None)),
        ('{"attempt": 99999', (None, None)),
    ],
)
def test_item_and_attempt_are_found_in_what_is_no_json(text: str, expected: tuple[Any, Any]) -> None:
    assert addressee_in(text) == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_either_read_or_refused(raw: bytes) -> None:
    text = decode_body(raw)
    assert "\0" not in text
    with contextlib.suppress(Unreadable):
        assert read_body(text)
