"""What a workflow is: a pure function from typed input to typed output, and a declaration of how it is run.

Every module of `app/workflows/` declares one of them. The registry (`app/workflows/__init__.py`) collects them, the
dispatcher builds their input from an item's fields, and `registry_rows()` tells the database and the pages what each
one reads, writes and costs.

    Workflow
    ├── ComputeWorkflow    run(input) -> output, answered at once
    └── ClayWorkflow       payload(input) -> what is sent;  parse(body) -> output, when the answer comes back
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, SkipValidation, ValidationError, model_validator

from app.errors import BadInputError
from app.extraction.reports import Report
from app.states import UploadKind
from app.text.companies import is_no_company
from app.text.field_names import IDENTITY_COLUMNS, field_label
from app.text.values import clean_text

__all__ = ["ClayWorkflow", "ComputeWorkflow", "Config", "Evidence", "Fields", "Original", "Workflow"]

MOST_KEYS = 9


class Fields(BaseModel):
    """Base of every Input and Output: strings are stripped, empty ones count as missing, unknown fields are ignored.

    As an output it says more than its values: a field that was set is written, even as None ("there is none"); a field
    that was left out keeps what earlier steps found.
    """

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True, coerce_numbers_to_str=True)

    @classmethod
    def of(cls, found: Mapping[str, Any], report: Report) -> Self:
        """Build it out of what was found; a value that does not fit its field is left out, and noted in `report`."""
        try:
            return cls(**found)
        except ValidationError as refusal:
            wrong = {str(error["loc"][0]) for error in refusal.errors() if error["loc"]}
            for name in sorted(wrong):
                report.defect(name, found.get(name), refusal)
            return cls(**{name: value for name, value in found.items() if name not in wrong})

    def as_json(self) -> dict[str, Any]:
        """The fields that were set, ready for JSON."""
        return self.model_dump(mode="json", exclude_unset=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_missing(cls, data: Any) -> Any:
        """Turn empty strings into None, and leave them out where the field has a default of its own or none at all."""
        if not isinstance(data, dict):
            return data
        known = cls.__pydantic_fields__
        clean: dict[str, Any] = {}
        for name, value in data.items():
            if name not in known:
                continue
            if value is None or (value.__class__ is str and not value.strip()):
                if known[name].default is None:
                    clean[name] = None
            else:
                clean[name] = value
        return clean


class Original(Fields):
    """Base of an Input that wants the untouched CSV row: `original` as it came, `mapping` from field to column name."""

    original: Annotated[dict[str, Any], SkipValidation]  # as the database gave it: checking 75 columns costs more
    mapping: Annotated[dict[str, str], SkipValidation]  # than reading them


class Evidence(Original):
    """Base of an Input that wants, beside the row, every earlier result of the item with its payload as it came."""

    results: Annotated[list[dict[str, Any]], SkipValidation]  # likewise


class Config(BaseModel):
    """Base of what a client has to set up for a workflow; `SecretStr` fields are masked on every page."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


In = TypeVar("In", bound=Fields)
Out = TypeVar("Out", bound=Fields)
Values = Mapping[str, Any]
"""An item's fields by name, or the cells of its row by column."""

Result = tuple[dict[str, Any], dict[str, Any] | None]
"""What a step hands to the database: all that it wrote, and the part of it that overwrites identity columns."""


@dataclass(frozen=True, kw_only=True)
class Workflow(Generic[In, Out]):
    """The declaration that both kinds share; see the two subclasses for how they run.

    Attributes:
        slug: names the workflow everywhere, and is its module's name.
        title: what the pages call it.
        description: one or two sentences for the palette of the pipeline builder.
        Input: what it reads; fields without a default are required.
        Output: what it writes.
        applies_to: the kinds of upload whose rows it can work on.
        identity: the fields of Output that also overwrite the item's identity columns.
        Config: what a client has to set up first, if anything.
        timeout_s: compute: seconds a chunk may take; Clay: seconds to wait for the callback.
        max_attempts: tries before the step fails for good.
        cost_per_row: credits that one send costs.
        entity_keys: by what the entity is known that is looked up (a company, a person), strongest first: what the
            key is called, and how it is read from the input in its one spelling. Rows of a batch that share any key
            are one entity and share one paid result; a weak key joins only where nothing stronger contradicts it.
    """

    kind: ClassVar[str]

    slug: str
    title: str
    description: str = ""
    Input: type[In]
    Output: type[Out]
    applies_to: tuple[str, ...] = tuple(UploadKind)
    identity: tuple[str, ...] = ()
    Config: type[BaseModel] | None = None
    timeout_s: int = 300
    max_attempts: int = 3
    cost_per_row: float = 0
    entity_keys: Mapping[str, Callable[[In], str | None]] = field(default_factory=dict)

    reads: tuple[str, ...] = field(init=False)
    required: tuple[str, ...] = field(init=False)
    writes: tuple[str, ...] = field(init=False)
    needs_original: bool = field(init=False)
    needs_results: bool = field(init=False)

    def __post_init__(self) -> None:
        """Derive what is read and written from the models, and refuse a declaration that contradicts itself."""
        row = Evidence.model_fields if issubclass(self.Input, Original) else {}
        inputs = {name: info for name, info in self.Input.model_fields.items() if name not in row}
        derived = {
            "reads": tuple(inputs),
            "required": tuple(name for name, info in inputs.items() if info.is_required()),
            "writes": tuple(self.Output.model_fields),
            "needs_original": issubclass(self.Input, Original),
            "needs_results": issubclass(self.Input, Evidence),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        self._check(bool(re.fullmatch(r"[a-z][a-z0-9_]*", self.slug)), "its slug must be lower_case")
        self._check(
            bool(self.applies_to) and set(self.applies_to) <= set(UploadKind),
            f"applies_to is a part of {tuple(map(str, UploadKind))}",
        )
        strangers = set(self.identity) - (IDENTITY_COLUMNS & set(self.writes))
        self._check(not strangers, f"identity names {sorted(strangers)}, not both written and an identity column")
        self._check(len(self.entity_keys) <= MOST_KEYS, f"an entity has at most {MOST_KEYS} keys")

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise ValueError(f"workflow {self.slug!r}: {otherwise}")

    def read(self, fields: Values, original: Values | None = None, mapping: Mapping[str, str] | None = None) -> In:
        """Build the typed input out of an item's fields (and its untouched row, where the workflow wants that).

        Raises:
            BadInputError: a required field is missing or a value cannot be read, in the user's words.
        """
        data = self.told(fields)
        if self.needs_original:
            data |= {"original": original or {}, "mapping": mapping or {}}
        if self.needs_results:
            data["results"] = fields.get("results") or []
        try:
            return self.Input.model_validate(data)
        except ValidationError as refusal:
            raise BadInputError(_in_words(refusal)) from None

    def told(self, fields: Values) -> dict[str, Any]:
        """Those of an item's fields that the workflow reads."""
        return {name: fields[name] for name in self.reads if name in fields}

    def keys_of(
        self, fields: Values, original: Values | None = None, mapping: Mapping[str, str] | None = None
    ) -> list[str]:
        """The keys of the entity that an item is about, strongest first: `rank:hash`, the hash 32 hex digits.

        A row that lacks what the workflow reads has none: it is refused when its turn comes, before it costs anything.
        """
        try:
            given = self.read(fields, original, mapping)
        except BadInputError:
            return []
        values = ((rank, key_of(given)) for rank, key_of in enumerate(self.entity_keys.values(), start=1))
        return [f"{rank}:{sha256(value.encode()).hexdigest()[:32]}" for rank, value in values if value]

    def result(self, output: Out) -> Result:
        """The output as JSON-ready fields, and those of them that overwrite identity columns (None: none do)."""
        parsed = output.as_json()
        identity = {name: parsed[name] for name in self.identity if name in parsed}
        return parsed, identity or None

    def registry_row(self) -> dict[str, Any]:
        """The workflow as a row of `enrichment_registry`."""
        return {
            "slug": self.slug,
            "title": self.title,
            "description": self.description,
            "kind": self.kind,
            "applies_to": list(self.applies_to),
            "reads": list(self.reads),
            "required": list(self.required),
            "writes": list(self.writes),
            "needs_original": self.needs_original,
            "config_schema": self.Config.model_json_schema() if self.Config else None,
            "default_timeout_s": self.timeout_s,
            "default_max_attempts": self.max_attempts,
            "cost_per_row": self.cost_per_row,
            "entity_keys": list(self.entity_keys),
        }


@dataclass(frozen=True, kw_only=True)
class ComputeWorkflow(Workflow[In, Out]):
    """A step that is worked out here and now.

    `run` is pure. It may raise `Retry(delay_s=…)` or `Cancel(reason)`; any other exception fails the step with its
    text.
    """

    kind: ClassVar[str] = "compute"

    run: Callable[[In], Out]

    def execute(
        self, fields: Values, original: Values | None = None, mapping: Mapping[str, str] | None = None
    ) -> Result:
        """Work one item out: its fields in, `(parsed, identity)` out.

        Raises:
            BadInputError: the item lacks what the workflow reads.
            Exception: whatever `run` raises.
        """
        return self.result(self.run(self.read(fields, original, mapping)))


@dataclass(frozen=True, kw_only=True)
class ClayWorkflow(Workflow[In, Out]):
    """A step that a client's Clay table answers by webhook, minutes or hours later.

    `payload` turns the input into the fields of the Clay row (and raises `BadInputError` when a mix of optional fields
    is not enough to look anything up). `parse` reads the record that came back: whatever the agency typed in Clay. What
    it cannot read of it, it leaves out and notes in the report.
    Placeholders (`N/A`, `#DIV/0!`, "Self-employed" for a company) are read as nothing, so that none is ever paid for.
    """

    kind: ClassVar[str] = "clay"

    payload: Callable[[In], dict[str, Any]]
    parse: Callable[[dict[str, Any], Report], Out]
    timeout_s: int = 24 * 3600

    def compose(
        self, fields: Values, original: Values | None = None, mapping: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """What is sent to Clay for one item.

        Raises:
            BadInputError: the item lacks what the workflow reads.
        """
        return self.payload(self.read(fields, original, mapping))

    def told(self, fields: Values) -> dict[str, Any]:
        """Without words that say nothing: raw cells may come this far."""
        return {name: value for name, value in super().told(fields).items() if not _says_nothing(name, value)}

    def interpret(self, body: dict[str, Any], report: Report | None = None) -> Result:
        """Read one callback's body: `(parsed, identity)`; `report` takes what was left out."""
        return self.result(self.parse(body, report or Report()))


def _says_nothing(name: str, value: Any) -> bool:
    """Whether a field's value is a placeholder, or an employer's name that says that there is none."""
    if value.__class__ is not str:
        return False
    return is_no_company(value) if name.endswith("company_name") else clean_text(value) is None


def _in_words(refusal: ValidationError) -> str:
    """Say what is wrong with a row in the user's words: it has no LinkedIn URL."""
    errors = refusal.errors(include_url=False, include_context=False)
    missing = [field_label(str(error["loc"][0])) for error in errors if error["type"] == "missing"]
    wrong = [
        f"{field_label(str(error['loc'][0]))} {str(error['input'])[:80]!r}: {error['msg'].lower()}"
        for error in errors
        if error["type"] != "missing" and error["loc"]
    ]
    sentences = [f"This row has no {' and no '.join(missing)}."] if missing else []
    sentences += [f"This row cannot be read: {'; '.join(wrong)}."] if wrong else []
    return " ".join(sentences) or "This row cannot be read."
