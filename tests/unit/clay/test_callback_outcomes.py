"""What an answer means for its step: found, not found, an error, not understood; the kinds are in a table."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clay.answers.bodies import Unreadable, addressee, decode_body, read_body
from app.clay.answers.meaning import read_outcome
from app.engine.callbacks import read_callback
from app.extraction.reports import Report
from app.workflow import ClayWorkflow, Fields
from tests.unit.tables import Case, read_table

ITEM = "3f1c2a9e-6f0b-4b0e-9d51-0c5b8e7a2d11"
OUTCOMES = ("success", "not_found", "error", "unreadable")
SLUGS = {"company": "enrich_company_clay", "person": "enrich_person_clay"}


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


def test_a_record_is_success_with_the_whole_body_as_raw() -> None:
    body = {"name": "Acme", "other": [1]}
    outcome = read_outcome(WORKFLOW, body)
    assert (outcome.status, outcome.parsed, outcome.raw) == ("success", {"name": "Acme"}, body)


@pytest.mark.parametrize("envelope", [{"batch_item_id": ITEM}, {"status": "success"}, {"workflow_slug": "w"}])
def test_an_answer_that_found_nothing_is_an_answer(envelope: dict[str, Any]) -> None:
    outcome = read_outcome(WORKFLOW, envelope | {"raw_payload": None})
    assert (outcome.status, outcome.parsed) == ("not_found", {})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"status": "error", "error": "No match"}, "No match"),
        ({"status": "Error ", "error": " No match "}, "No match"),
        ({"status": "failed", "message": "Quota"}, "Quota"),
        ({"status": "error", "error": {"message": "Deep", "code": 4}}, "Deep"),
        ({"status": "error", "error": {"code": 4}}, '{"code":4}'),
        ({"status": "error", "error": "null", "message": "Second"}, "Second"),
        ({"status": "error"}, "without details"),
        ({"status": "error", "error": True}, "without details"),
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


def test_a_word_of_success_does_not_hide_an_error_where_nothing_was_found() -> None:
    outcome = read_outcome(WORKFLOW, {"status": "success", "error": "The proxy hung up"})
    assert (outcome.status, outcome.error) == ("error", "The proxy hung up")


def test_a_very_long_error_is_cut() -> None:
    assert len(read_outcome(WORKFLOW, {"status": "error", "error": "x" * 9_000}).error or "") == 2_000


@pytest.mark.parametrize("body", [{"oops": True}, {"foo": "bar", "attempt": 1}])
def test_a_body_with_neither_record_nor_envelope_is_unreadable(body: dict[str, Any]) -> None:
    assert read_outcome(WORKFLOW, body).status == "unreadable"


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


@pytest.mark.parametrize("case", read_table("outcomes"), ids=lambda case: case[0])
def test_what_an_answer_means(case: Case) -> None:
    given_text, (status, text) = case
    kind, _, body = given_text.partition(" ")
    outcome = read_callback(SLUGS[kind], body)
    assert outcome["status"] == status, outcome
    if status != "success":
        assert (text or "") in (outcome["error"] or outcome["note"])
        assert not outcome["parsed"]
    elif text:
        name, _, value = text.partition("=")
        assert outcome["parsed"][name] == value


@pytest.mark.parametrize("name", ["error", "errors", "fault", "problem", "exception", "validation_errors"])
@pytest.mark.parametrize("slug", SLUGS.values())
def test_what_is_in_an_error_is_never_a_record(name: str, slug: str) -> None:
    record = {"name": "Tern Vale", "type": "Public", "title": "Captain", "email": "ilse@ternvale.com"}
    for body in ({name: record}, {name: [record]}, {"batch_item_id": ITEM, "data": {name: record}}):
        outcome = read_callback(slug, json.dumps(body))
        assert (outcome["status"], outcome["parsed"]) == ("error", None), body


def test_what_nobody_reads_is_named() -> None:
    outcome = read_callback(SLUGS["company"], '{"name": "Tern Vale", "Umsatz 2024": "1", "Sterne": 5, "leer": null}')
    assert outcome["unread"] == ["Umsatz 2024", "Sterne"]


def test_mended_json_says_what_was_mended() -> None:
    outcome = read_callback(SLUGS["company"], '{"name": "Tern Vale", "phone": ,}')
    assert outcome["status"] == "success"
    assert outcome["note"] == "Its JSON was repaired: a value left out, a comma too many."


KEYS = (
    "error errors status success message detail data result raw_payload name title code found type experience company"
)
WORDS = st.sampled_from([*KEYS.split(), "batch_item_id", "not_found", "failed", "404", "No match", "x", "{{y}}"])
answers = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)


@given(answers, st.sampled_from(sorted(SLUGS.values())))
def test_any_json_has_exactly_one_outcome_and_the_same_again(value: Any, slug: str) -> None:
    text = json.dumps(value)
    outcome = read_callback(slug, text)
    assert outcome["status"] in OUTCOMES
    assert bool(outcome["error"]) == (outcome["status"] == "error")
    assert bool(outcome["note"]) == (outcome["status"] in ("not_found", "unreadable"))
    assert outcome["parsed"] in (None, {}) or outcome["status"] == "success"
    assert read_callback(slug, text) == outcome
    assert "\\u0000" not in orjson.dumps(outcome).decode()


@given(json_values)
def test_any_json_is_either_read_into_storable_json_or_refused(value: Any) -> None:
    try:
        body = read_body(decode_body(json.dumps(value).encode()))
    except Unreadable:
        return
    text = orjson.dumps(read_outcome(WORKFLOW, body).as_json(*addressee(body))).decode()
    assert "\\u0000" not in text
