"""Levels and departments out of titles: every case of the table, and what the table does not say."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.local.samples.words import DEPARTMENTS as SAMPLE_DEPARTMENTS
from app.local.samples.words import SENIORITIES as SAMPLE_SENIORITIES
from app.text.job_titles import DEPARTMENTS, SENIORITIES, department_of, seniority_of
from tests.timing import quickest
from tests.unit.tables import read_table

CASES = read_table("job_titles")


@pytest.mark.parametrize(("title", "expected"), CASES)
def test_a_title_says_level_and_department(title: str, expected: list[str | None]) -> None:
    level, department = seniority_of(title), department_of(title)
    assert [level.value if level else None, department.value if department else None] == expected


def test_there_are_enough_cases() -> None:
    assert len({title for title, _ in CASES}) >= 150


@pytest.mark.parametrize(
    ("title", "level", "department"),
    [
        ("Senior Vice President of Sales", "Senior Vice President", "Sales"),
        ("Geschäftsführerin Vertrieb", "Geschäftsführerin", "Vertrieb"),
        ("Vertriebsleiter", "Vertriebsleiter", "Vertriebsleiter"),
        ("Chief Data Officer", "Chief … Officer", "Data"),
        ("CEO", "CEO", "CEO"),
    ],
)
def test_the_words_that_decided_are_told(title: str, level: str, department: str) -> None:
    derived = (seniority_of(title), department_of(title))
    assert [one.rule if one else None for one in derived] == [level, department]


@pytest.mark.parametrize("level", SAMPLE_SENIORITIES)
def test_the_samples_titles_have_the_samples_levels(level: str) -> None:
    derived = [seniority_of(title) for title in SAMPLE_SENIORITIES[level]]
    assert [one.value if one else None for one in derived] == [level] * len(derived)


def test_the_vocabulary_is_the_samples() -> None:
    assert set(SAMPLE_SENIORITIES) <= set(SENIORITIES)
    assert {department for department, _ in SAMPLE_DEPARTMENTS} <= set(DEPARTMENTS)


@given(st.lists(st.sampled_from([word for title, _ in CASES for word in title.split()]), max_size=8).map(" ".join))
def test_what_decided_stands_in_the_title(title: str) -> None:
    for derived, known in ((seniority_of(title), SENIORITIES), (department_of(title), DEPARTMENTS)):
        if derived is not None:
            assert derived.value in known
            assert derived.rule.split()[0] in title.replace(".", "").replace("-", "")[:400] or derived.rule in title


@pytest.mark.parametrize(
    "piece", ["chief ", "vice president ", "Leiter/", "a.", "(m/w/d) ", "assistant to ", " - ", "e-"]
)
def test_a_huge_cell_is_read_at_once(piece: str) -> None:
    title = piece * (20_000 // len(piece))
    for derive in (seniority_of, department_of):
        assert quickest(partial(derive, f"{title}{attempt}") for attempt in range(5)) < 0.02
