"""What people read is said as people of the trade say it: no text once found awkward, and plurals by one helper."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from app.text.numbers import plural

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).parent / "tables" / "awkward_texts.txt"
AWKWARD = [line for line in TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
PATTERN = re.compile("|".join(f"(?:{line})" for line in AWKWARD), re.IGNORECASE)
TEMPLATES = sorted((ROOT / "web" / "templates").rglob("*.html"))
CODE = sorted(path for room in ("app", "functions", "web") for path in (ROOT / room).rglob("*.py"))
SCRIPTS = sorted((ROOT / "web" / "static" / "js").glob("*.js"))
SQL = sorted((ROOT / "migrations" / "functions").rglob("*.sql"))
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench" / "README.md", *(ROOT / ".github").rglob("*.*")]
)
COUNTED = (
    r"(?:rows?|leads?|files?|columns?|values?|positions?|customers?|batches|steps?|callbacks?|lines?|items?|results?)"
)
CONSOLE = sorted((ROOT / "functions").rglob("*.py"))
BARE_IN_CONSOLE = re.compile(rf"(?<!\{{)\{{[^{{}}]+\}} {COUNTED}\b")
BARE_IN_SQL = re.compile(rf"%s {COUNTED}\b")
BARE_PLURAL = re.compile(rf"\{{\{{[^{{}}|]*(?:\|(?:num|length|short)\s*)+\}}\}} {COUNTED}\b")


def texts_of_code(source: str) -> list[str]:
    """The texts of a module that are neither docstrings nor parts of them."""
    tree = ast.parse(source)
    explained = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained
    ]


def texts_of_sql(source: str) -> list[str]:
    """The quoted texts of an SQL file, its comments left out."""
    return re.findall(r"'((?:[^']|'')*)'", re.sub(r"--[^\n]*", "", source))


def texts_of_template(source: str) -> list[str]:
    """The lines of a template, its comments left out."""
    return re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL).splitlines()


def texts_of_script(source: str) -> list[str]:
    """The lines of a script that are no comments."""
    return [line for line in source.splitlines() if not line.lstrip().startswith(("//", "*", "/*"))]


def texts_of_document(source: str) -> list[str]:
    """The paragraphs of a document, each on one line: a phrase may break anywhere."""
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-|#]|\d+\.) ?)", source)]


READERS = {
    ".py": texts_of_code,
    ".sql": texts_of_sql,
    ".html": texts_of_template,
    ".js": texts_of_script,
    ".md": texts_of_document,
    ".yml": texts_of_document,
}


@pytest.mark.parametrize(
    "kind", [CODE, SQL, TEMPLATES, SCRIPTS, DOCUMENTS], ids=["code", "sql", "templates", "scripts", "documents"]
)
def test_no_text_is_one_that_was_found_awkward(kind: list[Path]) -> None:
    assert kind
    found = [
        f"{path.relative_to(ROOT)}: {text.strip()[:160]}"
        for path in kind
        for text in READERS[path.suffix](path.read_text("utf-8"))
        if PATTERN.search(text)
    ]
    assert not found, "\n".join(found)


def test_counts_in_templates_are_written_by_the_helper_for_plurals() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in TEMPLATES
        for hit in BARE_PLURAL.finditer(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


def test_a_phrase_is_seen_where_a_line_of_a_document_breaks() -> None:
    said = texts_of_document("# Title\n\nIt reads the body again, free\nof charge.\n- Another\n  line.\n")
    assert said == ["# Title", "It reads the body again, free of charge.", "- Another line."]


@pytest.mark.parametrize(("files", "bare"), [(CONSOLE, BARE_IN_CONSOLE), (SQL, BARE_IN_SQL)], ids=["console", "sql"])
def test_counts_in_messages_are_written_by_the_helper_for_plurals(files: list[Path], bare: re.Pattern[str]) -> None:
    assert files
    found = [f"{path.relative_to(ROOT)}: {hit[0]}" for path in files for hit in bare.finditer(path.read_text("utf-8"))]
    assert not found, "\n".join(found)


def test_a_message_without_the_helper_is_seen() -> None:
    assert BARE_IN_CONSOLE.search("f'{answer:,} rows of {name}'")
    assert BARE_IN_SQL.search("format('%s batches are not finished.', v_active)")
    assert not BARE_IN_CONSOLE.search("f'{plural(answer, 'row')} from {name}'")


@pytest.mark.parametrize("text", ["{{ n|num }} rows", "{{ rows|length }} row", "{{ a.b|length|num }} columns"])
def test_a_count_without_the_helper_is_seen(text: str) -> None:
    assert BARE_PLURAL.search(text)
    assert not BARE_PLURAL.search("{{ n|plural('row') }} rows")


def test_one_is_one_and_everything_else_is_many() -> None:
    said = [plural(0, "row"), plural(1, "row"), plural(2, "row"), plural(1234, "batch", "batches")]
    assert said == ["0 rows", "1 row", "2 rows", "1,234 batches"]
