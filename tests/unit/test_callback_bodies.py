"""Callback bodies: everything an agency's Clay table may send, and what is made of it."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.callback_bodies import (
    DEEPEST,
    Unreadable,
    addressee,
    addressee_in,
    decode_body,
    read_body,
    read_outcome,
)
from app.extraction.payloads import Report
from app.workflows.base import ClayWorkflow, Fields

ITEM = "3f1c2a9e-6f0b-4b0e-9d51-0c5b8e7a2d11"


class In(Fields):
    """Nothing much."""

    name: str | None = None


class Out(Fields):
    """As much."""

    name: str | None = None


def parse(body: dict[str, Any], _report: Report) -> Out:
    if body.get("name") == "boom":
        raise ValueError("secret detail")
    return Out(name=body["name"]) if body.get("name") else Out()


WORKFLOW = ClayWorkflow(
    slug="w", title="W", Input=In, Output=Out, payload=lambda given: given.model_dump(), parse=parse
)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'{"a": 1}', '{"a": 1}'),
        ('{"a": "ü"}'.encode(), '{"a": "ü"}'),
        ('{"a": "ü"}'.encode("latin-1"), '{"a": "ü"}'),
        ('{"a": "ü"}'.encode("utf-16"), '{"a": "ü"}'),
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
        ('{"raw": {"name": "The "Original" Bakery"}}', "not JSON (line 1"),
        ("[]", "a list of 0"),
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


def test_a_record_is_success_with_the_whole_body_as_raw() -> None:
    body = {"name": "Acme", "other": [1]}
    outcome = read_outcome(WORKFLOW, body)
    assert (outcome.status, outcome.parsed, outcome.raw) == ("success", {"name": "Acme"}, body)


@pytest.mark.parametrize("envelope", [{"batch_item_id": ITEM}, {"status": "success"}, {"workflow_slug": "w"}])
def test_an_answer_that_found_nothing_is_an_answer(envelope: dict[str, Any]) -> None:
    outcome = read_outcome(WORKFLOW, envelope | {"raw_payload": None})
    assert (outcome.status, outcome.parsed) == ("success", {})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"status": "error", "error": "No match"}, "No match"),
        ({"status": "Error ", "error": " No match "}, "No match"),
        ({"status": "failed", "message": "Quota"}, "Quota"),
        ({"status": "error", "error": {"message": "Deep", "code": 4}}, "Deep"),
        ({"status": "error", "error": {"code": 4}}, '{"code":4}'),
        ({"status": "error", "error": "null", "message": "Second"}, "Second"),
        ({"status": "error"}, "without a text"),
        ({"status": "error", "error": True}, "without a text"),
        ({"status": "error", "error": "x", "name": "Acme"}, "x"),
        ({"batch_item_id": ITEM, "error": "Rate limited"}, "Rate limited"),
    ],
)
def test_errors_carry_clays_text(body: dict[str, Any], text: str) -> None:
    outcome = read_outcome(WORKFLOW, body)
    assert outcome.status == "error"
    assert text in (outcome.error or "")


def test_an_error_beside_a_record_is_not_an_error() -> None:
    assert read_outcome(WORKFLOW, {"name": "Acme", "error": "partly"}).status == "success"
    assert read_outcome(WORKFLOW, {"status": "success", "error": "partly"}).status == "success"


def test_a_very_long_error_is_cut() -> None:
    assert len(read_outcome(WORKFLOW, {"status": "error", "error": "x" * 9_000}).error or "") == 2_000


@pytest.mark.parametrize("body", [{"oops": True}, {"foo": "bar", "attempt": 1}])
def test_a_body_with_neither_record_nor_envelope_is_unreadable(body: dict[str, Any]) -> None:
    assert read_outcome(WORKFLOW, body).status == "unreadable"


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


def test_a_parsers_failure_is_unreadable_and_tells_no_details() -> None:
    outcome = read_outcome(WORKFLOW, {"name": "boom"})
    assert outcome.status == "unreadable"
    assert "secret" not in (outcome.note or "")


def test_without_a_workflow_the_callback_is_rejected() -> None:
    assert read_outcome(None, {"name": "Acme"}).status == "rejected"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_either_read_into_storable_json_or_refused(value: Any) -> None:
    try:
        body = read_body(decode_body(json.dumps(value).encode()))
    except Unreadable:
        return
    text = orjson.dumps(read_outcome(WORKFLOW, body).as_json(*addressee(body))).decode()
    assert "\\u0000" not in text


@given(st.binary(max_size=300))
def test_any_bytes_are_either_read_or_refused(raw: bytes) -> None:
    text = decode_body(raw)
    assert "\0" not in text
    with contextlib.suppress(Unreadable):
        assert read_body(text)
