"""What templates are made of is used: every filter, and every macro."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from web.drawing.formats import FILTERS

TEMPLATES = Path(__file__).resolve().parents[2] / "web" / "templates"
TEXT = "\n".join(path.read_text("utf-8") for path in sorted(TEMPLATES.rglob("*.html")))


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_filter_is_used(name: str) -> None:
    assert re.search(rf"\|\s*{name}\b|map\(.{name}\W", TEXT)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"{%-? *macro (\w+)\(", TEXT))))
def test_a_macro_is_used(name: str) -> None:
    assert len(re.findall(rf"\b{name}\(", TEXT)) > 1


def test_a_page_has_a_folder_of_its_own() -> None:
    folders = {path.parent.name for path in TEMPLATES.glob("*/*.html")} - {"dialogs"}
    assert [name for name in sorted(folders) if not (TEMPLATES / name / "page.html").is_file()] == []
