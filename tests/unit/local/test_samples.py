"""The sample files are as wild as the real ones, harmless, and the same every time."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from app.intake.headers import match_headers
from app.local.samples.files import COMPANY_COLUMNS, PEOPLE_COLUMNS, write_companies, write_customers, write_people

EXAMPLES = Path(__file__).parents[3] / "examples"
Writer = Callable[[IO[bytes], int], None]


def made(write: Writer, rows: int, **options: int) -> bytes:
    out = io.BytesIO()
    write(out, rows, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def people() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made(write_people, 5_000).decode(), newline="")))


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert made(write_people, 300) == made(write_people, 300)
    assert made(write_people, 300) != made(write_people, 300, seed=1)


def test_the_layouts_are_apollos() -> None:
    assert (len(PEOPLE_COLUMNS), len(COMPANY_COLUMNS)) == (75, 38)
    for columns in (PEOPLE_COLUMNS, COMPANY_COLUMNS):
        assert match_headers(columns).unrecognised == []


def test_people_are_as_wild_as_real_ones(people: list[dict[str, str]]) -> None:
    names = [f"{row['First Name']} {row['Last Name']}" for row in people]
    for trait in ("van der Lind", "de la Cruz", "O'Neil", "McDonald", "von Hagen", ", PhD", "🚀", "Dr. "):
        assert any(trait in name for name in names), trait
    assert any(name.isupper() for name in names)
    assert any(name.islower() for name in names)
    assert sum("\n" in cell for row in people for cell in row.values()) > 400
    assert max(len(cell) for row in people for cell in row.values()) > 5_000
    assert sum(cell.startswith("'+") for row in people for cell in row.values()) > 1_000
    assert any(re.match("'[-=]", row["Title"]) for row in people)
    assert any(all(not row[column] for row in people) for column in PEOPLE_COLUMNS)


def test_people_share_companies_and_some_occur_twice(people: list[dict[str, str]]) -> None:
    companies = Counter(row["Website"] for row in people)
    assert 3 < len(people) / len(companies) < 8
    contacts = Counter(row["Apollo Contact Id"] for row in people)
    assert 5 < sum(count - 1 for count in contacts.values()) < 100


def test_company_names_carry_legal_forms_and_traps(people: list[dict[str, str]]) -> None:
    names = {row["Company Name"] for row in people}
    for trap in ("GmbH", "B.V.", "Ltd", ", Inc.", "sp. z o.o.", "Wahoo!", "Co-op"):
        assert any(trap in name for name in names), trap
    assert "" not in names


def test_nothing_in_them_can_reach_anybody(people: list[dict[str, str]]) -> None:
    for row in people:
        assert re.fullmatch(r"https?://[a-z0-9.-]+\.(example|test)", row["Website"])
        email = row["Email"].lower()
        assert re.search(r"(^|\.(example|test)|\.sample\d+@[a-z.]+)$", email), email


@pytest.mark.parametrize(
    ("name", "write", "rows"),
    [
        ("apollo-people.csv", write_people, 60),
        ("apollo-companies.csv", write_companies, 30),
        ("customers.csv", write_customers, 20),
    ],
)
def test_the_examples_are_what_the_generator_writes(name: str, write: Writer, rows: int) -> None:
    assert (EXAMPLES / name).read_bytes() == made(write, rows)
