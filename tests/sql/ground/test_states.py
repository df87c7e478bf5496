"""The status enums are written once in SQL; Python's copies must say the same, in the same order."""

from __future__ import annotations

from enum import StrEnum

import asyncpg
import pytest

from app import states


@pytest.mark.parametrize(
    ("python", "sql"),
    [
        (states.UploadKind, "upload_kind"),
        (states.UploadState, "upload_state"),
        (states.BatchState, "batch_state"),
        (states.ItemState, "item_state"),
        (states.FileJobState, "file_job_state"),
        (states.RunState, "run_state"),
        (states.CallbackVerdict, "callback_verdict"),
    ],
)
async def test_the_python_enum_equals_the_sql_type(pg: asyncpg.Connection, python: type[StrEnum], sql: str) -> None:
    labels = await pg.fetch("select e.enumlabel from pg_enum e where e.enumtypid = $1::regtype order by 1", sql)
    assert sorted(python) == sorted(row["enumlabel"] for row in labels)
