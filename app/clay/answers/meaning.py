"""What a callback's body means for its step: found, not found, an error, or not understood.

Found: at least one field of the workflow's output was understood. Not found: the answer says so, or holds nothing at
all; a result like any other. Not understood: kept, and free to be read again by a better reader. The rules are pure and
never raise; `app/clay/answers/statements.py` reads what the answer says about itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from app.clay.answers.statements import Statement, is_error_text, statement_in, without_errors
from app.clay.answers.texts import says_not_found, words_of
from app.extraction.keys import key_of, knows
from app.extraction.reading import decoded
from app.extraction.reports import Report
from app.text.values import says_nothing
from app.workflow import ClayWorkflow

__all__ = ["Outcome", "read_outcome"]

DEEPEST = 200
MOST_NAMES, LONGEST_NAME = 12, 60
NOTHING = "The answer is empty."
ECHOES = frozenset(
    (
        "company_domain",
        "company_name",
        "company_linkedin",
        "website",
        "linkedin",
        "person_name",
        "first_name",
        "last_name",
    )
)
"""Fields that tables send back as they were sent: beside a firm error they are no find."""


class Outcome(NamedTuple):
    """What a callback means for its step; `as_json` is what `settle_callback` takes.

    Attributes:
        status: success (found), not_found, error, unreadable (not understood) or rejected (nobody knows the workflow).
        parsed: the workflow's fields.
        raw: the body.
        identity: the fields that overwrite the row's own.
        error: the error's text.
        note: why it is not understood; what a "not found" said.
        doubts: fields that a reader failed on.
        unread: names of what nobody reads.
    """

    status: str
    parsed: dict[str, Any] | None = None
    raw: Any = None
    identity: dict[str, Any] | None = None
    error: str | None = None
    note: str | None = None
    doubts: dict[str, dict[str, str]] | None = None
    unread: list[str] | None = None

    def as_json(self, item: UUID | None = None, attempt: int | None = None) -> dict[str, Any]:
        """The outcome, with the item and attempt that the body names where the URL did not."""
        return {**self._asdict(), "item": str(item) if item else None, "attempt": attempt}


def read_outcome(
    workflow: ClayWorkflow[Any, Any] | None, body: dict[str, Any], filled: dict[str, Any] | None = None
) -> Outcome:
    """What a body means for a step of this workflow; it never raises.

    Args:
        workflow: who reads the record.
        body: the answer.
        filled: the same without unfilled placeholders, where that is known already.
    """
    if workflow is None:
        return Outcome("rejected", note="No Clay workflow with this name is deployed.")
    filled = filled or _without_placeholders(body, DEEPEST)
    said = statement_in(filled)
    if said.explicit:
        return _as_stated(said, body)
    report = Report()
    try:
        parsed, identity = workflow.interpret(without_errors(filled), report)
    except Exception as defect:  # noqa: BLE001 -- whatever a parser trips over, the raw body stays in the inbox
        return Outcome("unreadable", note=f"Internal error in Leadloom ({type(defect).__name__}).")
    found = {name for name, value in parsed.items() if value not in (None, "", [], {})}
    told = [parsed[name] for name in found if isinstance(parsed[name], str)]
    if told and len(told) == len(found) and all(map(is_error_text, told)):
        return Outcome("error", raw=body, error=told[0])
    if (found or report.recognised) and not (said.firm and said.kind and found <= ECHOES):
        return Outcome(
            "success", parsed, body, identity, doubts=report.defects or None, unread=_names(report.unread) or None
        )
    return _as_stated(said, body) if said.kind else _without_a_find(filled, body)


def _as_stated(said: Statement, body: dict[str, Any]) -> Outcome:
    if said.kind == "not_found":
        return Outcome("not_found", {}, body, note=said.text)
    if said.kind == "error":
        return Outcome("error", raw=body, error=said.text)
    return Outcome("unreadable", note=said.text)


def _without_a_find(filled: dict[str, Any], body: dict[str, Any]) -> Outcome:
    """An answer that says nothing about itself and holds no field of the output: empty, or of an unknown form."""
    left: list[str] = []
    known, told = _look_through(filled, left)
    if left:
        names = ", ".join(_names(left))
        return Outcome("unreadable", note=f"No record found in it. It contains: {names}.")
    if not known:
        return Outcome("unreadable", note="No record found in it.")
    return Outcome("not_found", {}, body, note=told or NOTHING)


def _look_through(body: dict[str, Any], left: list[str]) -> tuple[bool, str | None]:
    """Whether a body has an answer's envelope at all, and the words in it that say that there is nothing.

    Args:
        body: the body.
        left: takes the names of what says something else.
    """
    known, told = False, None
    queue: list[tuple[str, Any]] = list(body.items())
    for name, value in queue:
        key, inner = key_of(name), decoded(value)
        frame = key in _wrappers()
        known = known or frame or key in _envelope() or knows(name, "person", "company", "position")
        if key in _envelope() and not frame:
            continue
        if isinstance(inner, dict) and frame:
            queue += inner.items()
        elif isinstance(inner, str) and inner.strip() and says_not_found(inner):
            known, told = True, told or inner.strip()[:LONGEST_NAME]
        elif not _is_empty(inner):
            left.append(name)
    return known, told


def _wrappers() -> frozenset[str]:
    return frozenset((*words_of("keys", "wrappers"), *words_of("keys", "counts"), *WRAPPED))


def _envelope() -> frozenset[str]:
    lists = ("envelope", "status", "good", "bad", "found", "counts", "errors", "texts")
    return frozenset(name for table in lists for name in words_of("keys", table)) - _wrappers() | {"total", "count"}


WRAPPED = (
    "company",
    "person",
    "people",
    "contact",
    "contacts",
    "organization",
    "profile",
    "companies",
    "items",
    "persons",
)
"""Under which keys a record, or a list of them, is given: empty, they say that there is none."""


def _is_empty(value: Any) -> bool:
    """Whether a value, however deep, says nothing."""
    queue = [value]
    for node in queue:
        inner = decoded(node)
        if isinstance(inner, dict):
            queue += inner.values()
        elif isinstance(inner, list):
            queue += inner
        elif inner is not None and not (isinstance(inner, str) and says_nothing(inner.strip())) and inner is not False:
            return False
    return True


def _names(names: list[str]) -> list[str]:
    """Names as far as a page shows them."""
    shown = [name.replace("\0", "\ufffd")[:LONGEST_NAME] for name in names[:MOST_NAMES]]
    return shown + ([f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else [])


def _without_placeholders(value: Any, depth: int) -> Any:
    """The same, with None where a template's `{{placeholder}}` was never filled."""
    if value.__class__ is str:
        return None if "{{" in value and says_nothing(value.strip()) else value
    if not depth:
        return value
    if isinstance(value, dict):
        return {name: _without_placeholders(inner, depth - 1) for name, inner in value.items()}
    if value.__class__ is list:
        return [_without_placeholders(inner, depth - 1) for inner in value]
    return value
