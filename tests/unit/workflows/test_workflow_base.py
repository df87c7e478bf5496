"""What the base promises to whoever writes a workflow, and to whoever runs one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import SecretStr

from app import workflows
from app.errors import BadInputError, Cancel, Retry
from app.workflow import Config, Evidence, Fields, Original
from app.workflows import ClayWorkflow, ComputeWorkflow, register, registry, registry_rows


class Input(Fields):
    """One required field, one optional, one with a default of its own."""

    company_domain: str
    email: str | None = None
    limit: int = 10


class Output(Fields):
    """Two identity columns and a field of its own."""

    company_domain: str | None = None
    email: str | None = None
    score: float | None = None


def declare(**changes: Any) -> ComputeWorkflow[Any, Any]:
    declaration: dict[str, Any] = {
        "slug": "a_test",
        "title": "A test",
        "Input": Input,
        "Output": Output,
        "identity": ("company_domain", "email"),
        "run": lambda row: Output(company_domain=row.company_domain),
    }
    return ComputeWorkflow(**(declaration | changes))


def test_what_is_read_and_written_follows_from_the_models() -> None:
    workflow = declare()
    assert workflow.reads == ("company_domain", "email", "limit")
    assert workflow.required == ("company_domain",)
    assert workflow.writes == ("company_domain", "email", "score")
    assert not workflow.needs_original


def test_text_is_stripped_and_empty_text_is_missing() -> None:
    row = declare().read({"company_domain": " acme.com ", "email": "  ", "limit": "", "phone": "1"})
    assert row == Input(company_domain="acme.com", email=None, limit=10)


def test_numbers_are_text_where_text_is_wanted() -> None:
    assert declare().read({"company_domain": 37}).company_domain == "37"


@pytest.mark.parametrize("fields", [{}, {"company_domain": None}, {"company_domain": ""}, {"company_domain": " "}])
def test_a_missing_field_is_named_in_words(fields: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match=r"^This row has no company domain\.$"):
        declare().execute(fields)


def test_all_missing_fields_are_named() -> None:
    class Both(Fields):
        linkedin: str
        company_name: str

    with pytest.raises(BadInputError, match=r"^This row has no LinkedIn URL and no company name\.$"):
        declare(Input=Both).execute({})


def test_an_unreadable_value_is_shown() -> None:
    with pytest.raises(BadInputError, match="limit 'many': input should be a valid integer"):
        declare().execute({"company_domain": "acme.com", "limit": "many"})


def test_only_what_was_set_is_written_and_none_clears() -> None:
    workflow = declare(run=lambda _: Output(email=None, score=1))
    assert workflow.execute({"company_domain": "acme.com"}) == ({"email": None, "score": 1.0}, {"email": None})


def test_nothing_for_the_identity_columns_is_no_identity() -> None:
    assert declare(run=lambda _: Output(score=1)).execute({"company_domain": "a.com"}) == ({"score": 1.0}, None)


@pytest.mark.parametrize("signal", [Retry("busy", delay_s=5), Cancel("no use"), ValueError("a defect")])
def test_what_a_workflow_raises_comes_through(signal: Exception) -> None:
    def run(_: Input) -> Output:
        raise signal

    with pytest.raises(type(signal), match=str(signal)):
        declare(run=run).execute({"company_domain": "acme.com"})


def test_the_untouched_row_comes_with_its_mapping() -> None:
    workflow = declare(
        Input=Original, run=lambda row: Output(email=row.original[row.mapping["email"]]), identity=("email",)
    )
    assert (workflow.needs_original, workflow.needs_results, workflow.reads) == (True, False, ())
    parsed, _ = workflow.execute({"email": "other"}, {"E-Mail": "jane@acme.com", "x": None}, {"email": "E-Mail"})
    assert parsed == {"email": "jane@acme.com"}


def test_earlier_results_come_with_their_payloads() -> None:
    workflow = declare(Input=Evidence, run=lambda row: Output(score=len(row.results)))
    assert workflow.needs_original
    assert workflow.needs_results
    assert workflow.execute({"results": [{"raw": {}}]})[0] == {"score": 1.0}
    assert workflow.execute({})[0] == {"score": 0.0}


def test_a_field_may_be_called_results() -> None:
    class Counted(Fields):
        results: int

    assert declare(Input=Counted).reads == ("results",)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"slug": "A-Test"}, "its slug must be lower_case"),
        ({"applies_to": ()}, "applies_to is a part of"),
        ({"applies_to": ("leads",)}, "applies_to is a part of"),
        ({"identity": ("score",)}, "identity names ['score']"),
        ({"identity": ("industry",)}, "identity names ['industry']"),
        ({"entity_keys": {str(n): lambda _: None for n in range(10)}}, "an entity has at most 9 keys"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        declare(**change)


class TokenConfig(Config):
    """A config with a secret."""

    url: str
    token: SecretStr | None = None


def clay() -> ClayWorkflow[Any, Any]:
    return ClayWorkflow(
        slug="clay_test",
        title="Clay test",
        Input=Input,
        Output=Output,
        Config=TokenConfig,
        identity=("email",),
        entity_keys={"domain": lambda row: row.company_domain, "nothing": lambda _: None, "name": lambda _: "x"},
        cost_per_row=2,
        payload=lambda row: {"domain": row.company_domain},
        parse=lambda body, _report: Output(email=body["email"]),
    )


def test_a_clay_workflow_composes_and_interprets() -> None:
    assert clay().compose({"company_domain": "acme.com"}) == {"domain": "acme.com"}
    assert clay().interpret({"email": "jane@acme.com"}) == ({"email": "jane@acme.com"}, {"email": "jane@acme.com"})
    with pytest.raises(BadInputError):
        clay().compose({})


def test_keys_are_ranked_bounded_and_of_values_that_are_there() -> None:
    keys = clay().keys_of({"company_domain": "a" * 10_000})
    assert [key.partition(":")[0] for key in keys] == ["1", "3"]
    assert {len(key) for key in keys} == {34}
    assert clay().keys_of({"company_domain": "a" * 10_000}) == keys
    assert clay().keys_of({}) == [], "a row that lacks what is read is refused when its turn comes"


def test_a_registry_row_tells_all() -> None:
    row = clay().registry_row()
    assert row["kind"] == "clay"
    assert row["cost_per_row"] == 2
    assert row["entity_keys"] == ["domain", "nothing", "name"]
    assert row["default_timeout_s"] == 24 * 3600
    token = row["config_schema"]["properties"]["token"]
    assert any(option.get("writeOnly") and option.get("format") == "password" for option in token["anyOf"])
    assert row["config_schema"]["required"] == ["url"]


def test_every_module_of_the_package_is_found() -> None:
    names = {"split_raw", "normalize_name", "normalize_domain", "enrich_company_clay", "enrich_person_clay"}
    assert names <= set(registry())
    assert set(registry()) == set(workflows._modules())
    assert [row["slug"] for row in registry_rows()] == sorted(registry())


def test_a_taken_slug_is_refused() -> None:
    with pytest.raises(ValueError, match="there is a workflow 'split_raw' already"):
        register(declare(slug="split_raw"))
    assert registry()["split_raw"].title == "Split raw row"


def test_registering_twice_is_once() -> None:
    workflow = declare(slug="registered_by_a_test")
    register(workflow)
    register(workflow)
    assert registry()["registered_by_a_test"] is workflow
    del registry()["registered_by_a_test"]
