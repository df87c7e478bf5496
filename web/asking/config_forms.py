"""Forms out of config models: what to draw for each field, and the checked config out of what was typed.

A secret is never drawn. Left empty it keeps its value; the merge with the stored secrets happens here, on the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from app.errors import InputError
from app.text.field_names import field_heading
from app.text.numbers import read_number
from web.asking.forms import Form

__all__ = ["ConfigError", "FormField", "form_fields", "parse_config"]

NO_NUMBER = "Enter a number like 12.5, 1250 or 1,250, with a decimal point and commas for thousands."


class ConfigError(InputError):
    """Some fields cannot be saved as they stand."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("Not saved.", "Fix the highlighted fields.")
        self.problems = problems


@dataclass(frozen=True)
class FormField:
    """One input of a form.

    Attributes:
        name: the config's key.
        title: its label.
        description: what it is for.
        kind: text, secret, number, integer, checkbox or select.
        required: it must be given (a secret that is set already need not).
        value: what stands in it now; always None for a secret.
        is_set: whether a secret has a value.
        least: smallest number.
        most: largest number.
        options: values to choose from.
        default: what an empty field means.
    """

    name: str
    title: str
    description: str
    kind: str
    required: bool
    value: Any
    is_set: bool
    least: Any = None
    most: Any = None
    options: tuple[str, ...] = ()
    default: Any = None


def form_fields(
    schema: dict[str, Any], values: dict[str, Any], set_secrets: list[str], typed: dict[str, str] | None = None
) -> list[FormField]:
    """The inputs of a config's form.

    Args:
        schema: the model's JSON schema.
        values: the stored values that are no secrets.
        set_secrets: names of the secrets that have a value.
        typed: what was typed and refused, shown again instead of the stored values.
    """
    required = set(schema.get("required", ()))
    fields = []
    for name, info in schema.get("properties", {}).items():
        kind, spec = _kind(info)
        value = _shown((typed or {}).get(name, values.get(name, info.get("default"))))
        fields.append(
            FormField(
                name=name,
                title=info.get("title") or field_heading(name),
                description=info.get("description", ""),
                kind=kind,
                required=name in required,
                value=None if kind == "secret" else value,
                is_set=name in set_secrets,
                least=_shown(spec.get("minimum", spec.get("exclusiveMinimum"))),
                most=_shown(spec.get("maximum", spec.get("exclusiveMaximum"))),
                options=tuple(map(str, spec.get("enum", ()))),
                default=info.get("default"),
            )
        )
    return fields


def _shown(value: Any) -> Any:
    """A number as people write it: 150 and not 150.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _kind(info: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    choices = [each for each in info.get("anyOf", [info]) if each.get("type") != "null"]
    spec = choices[0] if choices else info
    if info.get("writeOnly") or spec.get("writeOnly") or spec.get("format") == "password":
        return "secret", spec
    if spec.get("enum"):
        return "select", spec
    kinds = {"integer": "integer", "number": "number", "boolean": "checkbox"}
    return kinds.get(spec.get("type", "string"), "text"), spec


def parse_config(
    model: type[BaseModel], fields: list[FormField], form: Form, stored: dict[str, Any] | None
) -> dict[str, Any]:
    """The config to save, checked by the workflow's own model.

    Args:
        model: the workflow's config model.
        fields: the form that was drawn.
        form: what came back.
        stored: the config as it is stored now, secrets included; None for a new one.

    Raises:
        ConfigError: some fields are wrong; says which and why.
    """
    given, problems = _typed(fields, form, stored or {})
    try:
        checked = model.model_validate(given)
    except ValidationError as refusal:
        raise ConfigError(_problems(refusal) | problems) from None
    if problems:
        raise ConfigError(problems)
    return {name: _plain(value) for name, value in checked}


def _typed(fields: list[FormField], form: Form, stored: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a form, secrets that were left alone included; and the fields that hold no number, with why."""
    given: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in fields:
        text = form.text(field.name)
        if field.kind == "secret":
            kept = None if form.text(f"clear_{field.name}") else stored.get(field.name)
            given |= {field.name: text or kept} if text or kept else {}
        elif field.kind == "checkbox":
            given[field.name] = bool(text)
        elif text and field.kind in ("integer", "number"):
            number = read_number(text)
            if number is None:
                problems[field.name] = NO_NUMBER
            else:
                given[field.name] = str(number)
        elif text:
            given[field.name] = text
    return given, problems


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _problems(refusal: ValidationError) -> dict[str, str]:
    """Per field, what is wrong, without quoting any value."""
    problems = {}
    for error in refusal.errors(include_url=False, include_input=False, include_context=False):
        name = str(error["loc"][0]) if error["loc"] else ""
        text = "This field is required." if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
        problems[name] = text
    return problems
