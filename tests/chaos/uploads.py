"""The file that a run uploads: ordinary made-up people, and, where the plan says so, rows with poison in a cell."""

from __future__ import annotations

import csv
import io
import random
import string
from typing import Any

from app.local.samples.files import write_people

__all__ = ["STEPS", "people"]

SLOW = {"timeout_s": 30, "retry_delay_s": 0.5, "max_attempts": 8}
STEPS: list[dict[str, Any]] = [
    {"workflow": "split_raw", "settings": {"max_attempts": 8}},
    {"workflow": "normalize_name", "settings": {"max_attempts": 8}},
    {"workflow": "normalize_domain", "settings": {"max_attempts": 8}},
    {"workflow": "enrich_company_clay", "settings": SLOW},
    {"workflow": "enrich_person_clay", "settings": SLOW},
    {"workflow": "extract_work_history", "settings": {"max_attempts": 8}},
    {"workflow": "consolidate_lead", "settings": {"max_attempts": 8}},
]
"""Computed steps before and after two paid ones; the time-outs are short, so that a run need not wait for long."""


def people(rows: int, poisoned: int, rng: random.Random) -> tuple[bytes, set[int]]:
    """A CSV file of so many people.

    Returns:
        The file, and the row numbers (from 1) whose cells no sane source would hold.
    """
    file = io.BytesIO()
    write_people(file, rows)
    table = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
    header, body = table[0], table[1:]
    chosen = set(rng.sample(range(len(body)), min(poisoned, len(body))))
    for number, index in enumerate(sorted(chosen)):
        column, cell = _cells(rng)[number % 5]
        body[index][header.index(column)] = cell
    out = io.StringIO()
    csv.writer(out).writerows([header, *body])
    return out.getvalue().encode(), {index + 1 for index in chosen}


def _cells(rng: random.Random) -> list[tuple[str, str]]:
    """What is put where: letters at random, since an index takes a long text that can be packed."""

    def letters(n: int) -> str:
        return "".join(rng.choices(string.ascii_lowercase, k=n))

    return [
        ("Person Linkedin Url", f"https://www.linkedin.com/in/{letters(6_000)}"),
        ("Industry", letters(6_000)),
        ("Website", f"https://{letters(3_000)}.example/"),
        ("Company Name", f"Acme{letters(9_000)}"),
        ("First Name", "Ro\0bert\x01\u202e" + letters(2_000)),
    ]
