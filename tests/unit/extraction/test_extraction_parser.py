"""The parser on any JSON at all: it never raises, never alters the payload, and reads back what it understood."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.extraction.companies import Company, read_company
from app.extraction.dates import PartialDate, read_date
from app.extraction.evidence import evidence_from
from app.extraction.keys import keys
from app.extraction.people import PERSON_MARKS, Person, read_person
from app.extraction.reports import Report
from app.extraction.rows import item_row

AS_OF = "2026-11-20"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(
        [
            "null",
            "",
            "N/A",
            "&amp;",
            "R&amp;amp;D",
            "2021",
            "03-2021",
            "2024-03-01",
            "https://bit.ly/x",
            "true",
            "1,234",
        ]
    )
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=20,
)
POSITION_LISTS = keys("position", "lists")
position_names = [
    *(name for field in ("title", "start", "end", "location", "current", "period") for name in keys("position", field)),
    *("company", "company_domain", "url", "roles", "sub_components"),
]
positions = st.lists(st.dictionaries(st.sampled_from(position_names), scalars, max_size=8) | anything, max_size=6)
person_like = st.dictionaries(
    st.sampled_from(sorted(PERSON_MARKS - set(POSITION_LISTS))), anything, max_size=8
).flatmap(
    lambda record: st.sampled_from(POSITION_LISTS).flatmap(
        lambda name: positions.map(lambda listed: {**record, name: listed})
    )
)
bodies = anything | person_like | person_like.map(lambda record: {"status": "success", "raw_payload": record})


def _jsonb_safe(row: Any) -> None:
    """PostgreSQL's jsonb takes no NUL, no lone surrogate, no NaN."""
    orjson.dumps(row)
    stack = [row]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            assert "\x00" not in value
        elif isinstance(value, dict):
            stack += [*value, *value.values()]
        elif isinstance(value, list):
            stack += value


@settings(max_examples=400, deadline=None)
@given(bodies)
def test_any_json_is_read_without_an_error_and_left_as_it_is(body: Any) -> None:
    before = copy.deepcopy(body)
    report = Report()
    person = read_person(body, AS_OF, report)
    company = read_company(body, report)
    assert isinstance(person, Person)
    assert isinstance(company, Company)
    assert repr(body) == repr(before)
    _jsonb_safe(report.lines)


@settings(max_examples=400, deadline=None)
@given(person_like)
def test_a_person_reads_back_from_its_own_json(body: Any) -> None:
    person = read_person(body, AS_OF, Report())
    again = read_person(person.as_json(), AS_OF, Report())
    assert _without_doubts(again) == _without_doubts(person)


@settings(max_examples=300, deadline=None)
@given(
    bodies,
    bodies,
    st.dictionaries(
        st.sampled_from(["email", "company_domain", "website", "country", "employee_count", "keywords", "linkedin"]),
        scalars | st.sampled_from(["acme.com", "a@acme.com", "51-200", "NL", "http://linkedin.com/in/x", "a, b"]),
    ),
)
@example({"name": "Ada Lovelace", "\x00": "x", "o\ud800dd": "y"}, {"name": "Acme", "a\x00b": "z"}, {})
def test_any_evidence_gives_a_row_that_the_database_takes(first: Any, second: Any, said: dict[str, Any]) -> None:
    original = {f"Column {name}": value for name, value in said.items()}
    mapping = {name: f"Column {name}" for name in said} | {"title": "a column that is gone"}
    results = [
        {"step": 1, "workflow": slug, "attempt": 1, "source": "clay", "at": AS_OF, "raw": raw, "parsed": {}}
        for slug, raw in (("enrich_person_clay", first), ("enrich_company_clay", second))
    ]
    row = item_row(7, evidence_from(original, mapping, results))
    _jsonb_safe(row)
    assert row == item_row(7, evidence_from(original, mapping, results))
    for name in ("employee_count", "founded_year"):
        assert row["lead"].get(name) is None or 0 <= row["lead"][name] < 2**31
    for position in row["positions"]:
        for edge in ("start_date", "end_date"):
            assert edge not in position or date.fromisoformat(position[edge])


@settings(max_examples=400, deadline=None)
@given(st.integers(1900, 2100), st.none() | st.integers(1, 12), st.none() | st.integers(1, 28))
def test_a_date_reads_back_with_its_own_precision(year: int, month: int | None, day: int | None) -> None:
    said = PartialDate(year, month, day if month else None)
    assert read_date(str(said)) == (said, None)


@settings(max_examples=400, deadline=None)
@given(anything)
@example(5.17832731850419e16)
def test_a_date_is_never_more_precise_than_what_was_given(value: Any) -> None:
    found, why = read_date(value)
    if found is not None and isinstance(value, str):
        digits = sum(char.isdigit() for char in value)
        assert digits >= 4 + (1 if found.day else 0)
    if found is None and why is None:
        assert value in (None, "", 0, 0.0) or isinstance(value, (str, dict, list))


def _without_doubts(person: Person) -> Person:
    return person._replace(positions=tuple(position._replace(doubts=None) for position in person.positions))


@pytest.mark.parametrize(
    ("value", "understood"),
    [
        ("2021", "2021"),
        (2021, "2021"),
        ("2021-03", "2021-03"),
        ("03-2021", "2021-03"),
        ("3/2021", "2021-03"),
        ("Mar 2021", "2021-03"),
        ("März 2021", "2021-03"),
        ("Sept. 2021", "2021-09"),
        ("2021-03-05T10:00:00Z", "2021-03-05"),
        ("2021-00-00", "2021"),
        ("2021-03-00", "2021-03"),
        ("31/01/2021", "2021-01-31"),
        ("01/31/2021", "2021-01-31"),
        ("March 5, 2021", "2021-03-05"),
        ("5 March 2021", "2021-03-05"),
        (1614902400, "2021-03-05"),
        (1614902400000, "2021-03-05"),
        ({"year": 2021, "month": 3, "day": None}, "2021-03"),
        ({"year": "2021", "month": "Mar"}, "2021-03"),
    ],
)
def test_dates_that_agencies_send(value: Any, understood: str) -> None:
    found, why = read_date(value)
    assert (str(found), why) == (understood, None)


@pytest.mark.parametrize(
    ("value", "understood"),
    [
        ("03/04/2021", "2021"),
        ("2021-13", "2021"),
        ("2021-02-30", "2021-02"),
        ("sometime", None),
        ("1066", None),
        (True, None),
        ([2021, 2022], None),
    ],
)
def test_what_is_not_certain_is_left_out_and_said(value: Any, understood: str | None) -> None:
    found, why = read_date(value)
    assert (str(found) if found else None) == understood
    assert why
