"""Work histories, places, titles and whole answers whose right reading was decided before any code ran on them.

As in `test_judged_sets`, the cases were written blind, by one who asks "who works, or used to work, at X?". An answer
goes the whole way: from the body that a table sends to what its step says, and to the positions of the person.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.clay.answers.bodies import Unreadable, decode_body, read_mended
from app.clay.answers.lists import split_body
from app.clay.answers.meaning import read_outcome
from app.extraction.people import read_person
from app.extraction.positions import Position
from app.extraction.reports import Report
from app.text.job_titles import department_of, seniority_of
from app.workflow import ClayWorkflow
from app.workflows import registry
from tests.unit.tables import Case, read_table

AS_OF = "2026-11-26"
SAID = {True: "yes", False: "no", None: "?"}


class Answer(NamedTuple):
    """An answer's workflow and name, its body, and what each row in it means."""

    workflow: str
    name: str
    body: str
    rows: list[dict[str, Any]]


def answers() -> list[Answer]:
    text = (Path(__file__).parents[1] / "tables" / "judged_answers.txt").read_text("utf-8")
    found = []
    for block in re.split(r"(?m)^### ", text)[1:]:
        heading, _, rest = re.sub(r"(?m)^# .*\n", "", block).partition("\n")
        workflow, _, name = heading.partition(" · ")
        body, arrow, meaning = rest.rpartition("\n=>\n")
        assert arrow, name
        rows = json.loads(meaning)
        found.append(Answer(f"enrich_{workflow}_clay", name, body, rows if isinstance(rows, list) else [rows]))
    return found


@pytest.mark.parametrize("case", read_table("judged_periods"), ids=lambda case: case[0])
def test_a_position_has_its_dates_and_its_end(case: Case) -> None:
    entry, [start, end, current, *doubt] = case
    experience = [{"company_name": "Tern Vale", "title": "Carer", **json.loads(entry, strict=False)}]
    person = read_person({"full_name": "Dana Okafor", "experience": experience}, AS_OF, Report())
    [position] = person.positions
    assert (_text(position.start), _text(position.end), SAID[position.is_current]) == (start, end, current)
    assert position.doubts or not doubt


@pytest.mark.parametrize("case", read_table("judged_places"), ids=lambda case: case[0])
def test_a_place_line_is_taken_apart(case: Case) -> None:
    given, expected = case
    line, _, country = given.partition(" + ")
    said = {"full_name": "Dana Okafor", "title": "Carer", "location": line, "country": country or None}
    person = read_person(said, AS_OF, Report())
    assert [person.city, person.state, person.country] == expected


@pytest.mark.parametrize("case", read_table("judged_titles"), ids=lambda case: case[0])
def test_a_title_says_level_and_department(case: Case) -> None:
    title, expected = case
    derived = (seniority_of(title), department_of(title))
    assert [found.value if found else None for found in derived] == expected


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: f"{answer.workflow} {answer.name}")
def test_an_answer_means_what_people_expect(answer: Answer) -> None:
    texts = split_body(decode_body(answer.body.encode()))
    workflow = registry()[answer.workflow]
    assert isinstance(workflow, ClayWorkflow)
    assert [_meaning(workflow, text, row) for text, row in zip(texts, answer.rows, strict=True)] == answer.rows


def _meaning(workflow: ClayWorkflow[Any, Any], text: str, expected: dict[str, Any]) -> dict[str, Any]:
    """What a row's text means, as far as the case says it; of an error's text only whether it has those words."""
    try:
        outcome = read_outcome(workflow, read_mended(text)[0])
    except Unreadable:
        return {"status": "unreadable"}
    found: dict[str, Any] = {"status": outcome.status, **(outcome.parsed or {})}
    if outcome.error:
        told = expected.get("error", "")
        found["error"] = told if told.lower() in outcome.error.lower() else outcome.error
    if outcome.status == "success" and "positions" in expected:
        positions = read_person(outcome.raw, AS_OF, Report()).positions
        found["positions"] = [_line(position) for position in positions]
    return {name: found.get(name) for name in expected}


def _line(position: Position) -> str:
    said = (position.company.name, position.title, _text(position.start), _text(position.end))
    parts = [*(part or "-" for part in said), SAID[position.is_current], f"left {SAID[position.has_left]}"]
    return " | ".join(parts)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
