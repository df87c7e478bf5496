"""What a callback's body says, whatever the agency typed in Clay: an answer, an error, or nothing that can be read.

Bodies come as JSON objects with the record anywhere inside, as a list with one object, as a form, or broken. Reading
is forgiving and pure: the raw text stays in the inbox, so every callback can be read again by a better reader.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

import orjson

from app.extraction.payloads import Report
from app.workflows.base import ClayWorkflow

__all__ = ["Outcome", "Unreadable", "addressee", "addressee_in", "decode_body", "read_body", "read_outcome"]

ITEM_KEYS = ("batch_item_id", "batchItemId", "item_id")
FAILURES = frozenset(("error", "failed", "failure"))
ERROR_KEYS = ("error", "error_message", "message", "reason")
FORM = re.compile(r"[\w.%+\[\]-]{1,100}=[^\s{}\"]*(?:&[\w.%+\[\]-]{1,100}=[^\s{}\"]*)*")
BROKEN = re.compile("[\x00\ud800-\udfff]")
ITEM_IN_TEXT = re.compile(
    r"(?:batch_?item_?id|item_id)\W{1,12}([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f-])", re.IGNORECASE
)
ATTEMPT_IN_TEXT = re.compile(r"\battempt\b\W{1,8}(\d{1,5})(?!\d)", re.IGNORECASE)
ENVELOPE = frozenset(("batch_item_id", "workflow_slug", "status"))
"""Keys of an answer's envelope; a body with one of them is meant for us even where it holds no record."""

DEEPEST = 200  # orjson writes 254 levels
TOO_DEEP = "The body is nested too deeply."
LONGEST_ERROR = 2000
LARGEST_ATTEMPT = 32767  # smallint
INT64 = range(-(2**63), 2**63)


class Unreadable(ValueError):  # noqa: N818 -- a verdict, told to the one who looks at the inbox
    """The body is no JSON object."""


class Outcome(NamedTuple):
    """What a callback means for its step; `as_json` is what `settle_callback` takes."""

    status: str
    parsed: dict[str, Any] | None = None
    raw: Any = None
    identity: dict[str, Any] | None = None
    error: str | None = None
    note: str | None = None
    doubts: dict[str, dict[str, str]] | None = None

    def as_json(self, item: UUID | None = None, attempt: int | None = None) -> dict[str, Any]:
        """The outcome, with the item and attempt that the body names where the URL did not."""
        return {**self._asdict(), "item": str(item) if item else None, "attempt": attempt}


def decode_body(raw: bytes) -> str:
    """The body as text that PostgreSQL can store, losing as little as possible.

    UTF-8 is the rule. UTF-16 with its mark is read as such, and what is neither as Latin-1, which maps every byte. NUL,
    which PostgreSQL has no place for, becomes U+FFFD.
    """
    encodings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ()
    for encoding in (*encodings, "utf-8"):
        try:
            return raw.decode(encoding).replace("\0", "\ufffd")
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1").replace("\0", "\ufffd")


def read_body(text: str) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        Unreadable: there is none; says what there is instead.
    """
    text = text.strip("\ufeff \t\r\n")
    if not text:
        raise Unreadable("The body is empty.")
    body = _loads(text)
    for _ in range(3):
        if isinstance(body, list) and len(body) == 1:
            body = body[0]
        elif isinstance(body, str) and body.lstrip()[:1] in ("{", "["):
            body = _loads(body)
        else:
            break
    if isinstance(body, list):
        raise Unreadable(f"The body is a list of {len(body)}; one object is expected.")
    if not isinstance(body, dict):
        raise Unreadable("The body is JSON, but not an object.")
    if not body:
        raise Unreadable("The body is an empty object.")
    clean: dict[str, Any] = _clean(body, DEEPEST)
    return clean


def addressee(body: dict[str, Any]) -> tuple[UUID | None, int | None]:
    """Which item and attempt a body says it is about; for the fixed URL, which does not say it."""
    item: UUID | None = None
    for layer in (body, *(value for value in body.values() if isinstance(value, dict))):
        for key in ITEM_KEYS:
            try:
                item = item or UUID(str(layer.get(key) or "").strip())
            except ValueError:
                continue
    try:
        attempt = int(str(body.get("attempt", "")).strip())
    except ValueError:
        return item, None
    return item, attempt if 0 < attempt <= LARGEST_ATTEMPT else None


def addressee_in(text: str) -> tuple[UUID | None, int | None]:
    """The same out of a body that is no JSON object: whatever stands where item and attempt would."""
    item, attempt = ITEM_IN_TEXT.search(text), ATTEMPT_IN_TEXT.search(text)
    number = int(attempt[1]) if attempt else 0
    return UUID(item[1]) if item else None, number if 0 < number <= LARGEST_ATTEMPT else None


def read_outcome(workflow: ClayWorkflow[Any, Any] | None, body: dict[str, Any]) -> Outcome:
    """What a body means for a step of this workflow; it never raises.

    An answer that found nothing is an answer. A body with neither a record nor an envelope, or one that the parser
    fails on as a whole, is unreadable: it ends the step, and can be read again by a better reader.
    """
    if workflow is None:
        return Outcome("rejected", note="No Clay workflow of this name is deployed.")
    status = str(body.get("status") or "").strip().lower()
    if status in FAILURES:
        return Outcome(
            "error", raw=body, error=_error_text(body, ERROR_KEYS) or "Clay reported an error without a text."
        )
    report = Report()
    try:
        parsed, identity = workflow.interpret(body, report)
    except Exception as defect:  # noqa: BLE001 -- whatever a parser trips over, the raw body stays in the inbox
        return Outcome("unreadable", note=f"The parser failed on it ({type(defect).__name__}).")
    if not parsed and not status and (error := _error_text(body, ERROR_KEYS[:2])):
        return Outcome("error", raw=body, error=error)
    if not parsed and not ENVELOPE & body.keys():
        return Outcome("unreadable", note="It holds no record that could be found.")
    return Outcome("success", parsed=parsed, raw=body, identity=identity, doubts=report.defects or None)


def _error_text(body: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        said = body.get(key)
        if isinstance(said, dict):
            said = said.get("message") or orjson.dumps(said).decode()
        if said not in (None, "", "null") and not isinstance(said, bool):
            return str(said).strip()[:LONGEST_ERROR] or None
    return None


def _loads(text: str) -> Any:
    """JSON, also as less strict writers have it (NaN, lone surrogates, huge numbers), or a form as an object.

    Raises:
        Unreadable: neither.
    """
    with contextlib.suppress(orjson.JSONDecodeError, UnicodeEncodeError):
        return orjson.loads(text)
    try:
        return json.loads(text, strict=False)
    except RecursionError:
        raise Unreadable(TOO_DEEP) from None
    except ValueError as error:
        form = dict(parse_qsl(text, keep_blank_values=True)) if FORM.fullmatch(text) else {}
        if ENVELOPE & form.keys():
            return form
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"The body is not JSON{where}.") from None


def _clean(value: Any, depth: int) -> Any:
    """The value without what jsonb cannot hold: NUL, lone surrogates, NaN and infinities; huge integers as text.

    Raises:
        Unreadable: it is nested more than `depth` levels deep.
    """
    kind = value.__class__
    if kind is str:
        return BROKEN.sub("\ufffd", value) if BROKEN.search(value) else value
    if kind is dict or kind is list:
        if not depth:
            raise Unreadable(TOO_DEEP)
        if kind is list:
            return [_clean(inner, depth - 1) for inner in value]
        return {_clean(key, 0): _clean(inner, depth - 1) for key, inner in value.items()}
    if kind is float and not math.isfinite(value):
        return None
    if kind is int and value not in INT64:
        return str(value)
    return value
