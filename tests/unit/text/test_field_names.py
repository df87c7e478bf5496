"""One name for a field: in messages, on pages, on the command line and above the columns of files."""

from __future__ import annotations

import pytest

from app.intake.headers import FIELDS
from app.intake.mapping import _chosen
from app.results.columns import LEAD_COLUMNS
from app.text.field_names import field_heading, field_label, in_words
from app.workflows import registry
from web.drawing.formats import FILTERS

UPLOADED = {name for fields in FIELDS.values() for name in fields}
WORKED_WITH = {name for workflow in registry().values() for name in (*workflow.reads, *workflow.writes)}
EVERY = sorted(UPLOADED | WORKED_WITH | set(LEAD_COLUMNS))


@pytest.mark.parametrize("name", EVERY)
def test_pages_say_what_messages_say_and_neither_shows_the_inner_name(name: str) -> None:
    assert FILTERS["field"](name) == field_label(name)
    assert "_" not in field_label(name) + field_heading(name)
    assert field_heading(name)[0].isupper()


@pytest.mark.parametrize("names", [UPLOADED, WORKED_WITH, set(LEAD_COLUMNS)], ids=["uploads", "workflows", "leads"])
def test_no_two_fields_of_a_list_are_called_the_same(names: set[str]) -> None:
    assert len({field_label(name) for name in names}) == len(names)
    assert len({field_heading(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "label", "heading"),
    [
        ("linkedin", "LinkedIn URL", "LinkedIn"),
        ("email", "e-mail address", "E-mail"),
        ("company_domain", "company domain", "Company domain"),
        ("size_bucket", "employee range", "Company size"),
    ],
)
def test_a_label_stands_alone_and_a_heading_above_its_column(name: str, label: str, heading: str) -> None:
    assert (field_label(name), field_heading(name)) == (label, heading)
    assert LEAD_COLUMNS[name] == heading


@pytest.mark.parametrize("kind", FIELDS)
def test_a_column_is_mapped_by_a_fields_own_name_or_by_what_pages_call_it(kind: str) -> None:
    for name in FIELDS[kind]:
        for spelling in (name, field_label(name), field_label(name).upper()):
            assert _chosen(["A"], kind, {}, [("A", spelling)]) == {name: "A"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("given_up", "given up"),
        ("launch_batch", "launch batch"),
        ("rows", "rows"),
        ("raw_apollo_uploads", "uploaded rows"),
        ("client_workflow_configs", "Clay configurations"),
        ("save_workflow_config", "save Clay configuration"),
    ],
)
def test_tables_and_actions_are_called_what_people_call_them(name: str, words: str) -> None:
    assert in_words(name) == FILTERS["in_words"](name) == words
