"""The README's example of a workflow is one: taken out of the page, it runs and says what it reads and writes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from app.errors import BadInputError
from app.workflows import ComputeWorkflow, register, registry, registry_rows

README = Path(__file__).parents[3] / "README.md"


@pytest.fixture
def workflow(tmp_path: Path) -> Iterator[ComputeWorkflow[Any, Any]]:
    """The example, saved under its slug, imported and registered."""
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (slug,) = re.findall(r'worker\("(\w+)"\)', README.read_text("utf-8"))
    path = tmp_path / f"{slug}.py"
    path.write_text(code, "utf-8")
    spec = spec_from_file_location(slug, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[slug] = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.workflow.slug == slug
    register(module.workflow)
    yield module.workflow
    del registry()[slug], sys.modules[slug]


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Co-Founder & CEO", "Founder"),
        ("Chief Revenue Officer", "C-level"),
        ("CTO", "C-level"),
        ("SVP, Sales", "VP"),
        ("Head of Growth", "Director"),
        ("Sales Manager", "Manager"),
        ("Analyst", "Staff"),
        ("Leadership Coach", "Staff"),
    ],
)
def test_it_does_what_it_says(workflow: ComputeWorkflow[Any, Any], title: str, level: str) -> None:
    assert workflow.execute({"title": title, "email": "jane@acme.com"}) == ({"seniority": level}, None)


def test_a_row_without_its_input_fails_with_a_sentence(workflow: ComputeWorkflow[Any, Any]) -> None:
    with pytest.raises(BadInputError, match=r"^This row has no title\.$"):
        workflow.execute({"title": "  "})


def test_the_registry_knows_it(workflow: ComputeWorkflow[Any, Any]) -> None:
    row = next(row for row in registry_rows() if row["slug"] == workflow.slug)
    assert (row["kind"], row["reads"], row["required"], row["writes"]) == (
        "compute",
        ["title"],
        ["title"],
        ["seniority"],
    )
