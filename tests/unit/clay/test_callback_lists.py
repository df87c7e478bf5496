"""Bodies of several rows: cut into the texts that stand there, and nothing else taken apart."""

from __future__ import annotations

import json
from uuid import uuid4

import orjson
import pytest

from app.clay.answers.lists import MOST_ROWS, split_body
from app.engine.callbacks import read_callback

A, B = "3f1c2a9e-6f0b-4b0e-9d51-0c5b8e7a2d11", "3f1c2a9e-6f0b-4b0e-9d51-0c5b8e7a2d12"
ROW_A, ROW_B = f'{{"batch_item_id": "{A}", "name": "Tern, \\"Vale\\""}}', f'{{"batch_item_id":"{B}","name":"Kelp"}}'


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (f"[{ROW_A},{ROW_B}]", [ROW_A, ROW_B]),
        (f"\ufeff [ {ROW_A} ,\n {ROW_B} ] \n", [ROW_A, ROW_B]),
        (f"{ROW_A}\n{ROW_B}\n", [ROW_A, ROW_B]),
        (f"{ROW_A}\r\n\r\n{ROW_B}", [ROW_A, ROW_B]),
        (f"{ROW_A}{ROW_B}", [ROW_A, ROW_B]),
        (f"{ROW_A}, {ROW_B},", [ROW_A, ROW_B]),
        (f"\x1e{ROW_A}\n\x1e{ROW_B}\n", [ROW_A, ROW_B]),
        (f"[{ROW_A},{ROW_B},]", [ROW_A, ROW_B]),
        (f"[{ROW_A},7]", [ROW_A, "7"]),
        (f'{ROW_A}\n{{"batch_item_id": "{B}", "x": ,}}', [ROW_A, f'{{"batch_item_id": "{B}", "x": ,}}']),
        (
            f'{{"rows": [{ROW_A}, {ROW_B}], "page": 1}}',
            [orjson.dumps(orjson.loads(row)).decode() for row in (ROW_A, ROW_B)],
        ),
    ],
)
def test_rows_are_cut_out_as_they_stand(body: str, parts: list[str]) -> None:
    assert split_body(body) == parts


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "[1, 2]",
        "<html>",
        ROW_A,
        f"[{ROW_A}]",
        '[{"a": 1}, {"b": 2}]',
        f"[{ROW_A},{ROW_B}",
        f'{{"batch_item_id": "{A}", "rows": [{ROW_A}, {ROW_B}]}}',
        f'{{"experience": [{ROW_A}, {ROW_B}]}}',
        '{\n"a": 1,\n"b": {"item_id": 2}',
        f"[{','.join([ROW_A] * (MOST_ROWS + 1))}]",
        "[" * 50_000,
        '{"a":' * 50_000,
    ],
)
def test_everything_else_is_one_body(body: str) -> None:
    assert split_body(body) == [body]


def test_more_rows_than_are_taken_say_so() -> None:
    outcome = read_callback("enrich_company_clay", f"[{','.join([ROW_A] * (MOST_ROWS + 1))}]")
    assert outcome["status"] == "unreadable"
    assert "at most 1000 rows" in outcome["note"]


def test_at_a_signed_url_only_its_own_row_is_read() -> None:
    body = f"[{ROW_A},{ROW_B},{ROW_B.replace('Kelp', 'Again')}]"
    outcome = read_callback("enrich_company_clay", body, B)
    assert (outcome["status"], outcome["parsed"]["company_name"], outcome["item"]) == ("success", "Kelp", B)
    stranger = read_callback("enrich_company_clay", body, str(uuid4()))
    assert (stranger["status"], "a list of 3" in stranger["note"]) == ("unreadable", True)
    assert json.dumps(outcome["raw"]) == json.dumps({"batch_item_id": B, "name": "Kelp"})
