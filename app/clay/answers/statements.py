"""What an answer says about itself: that it failed, that there is nothing, or that it is not ready.

Read before any record is looked for, so that an error is never taken for one (`{"error": {"type": "rate_limit"}}` is no
company of that type). Which keys and words mean what is data: `answer_words.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple

from app.clay.answers.texts import (
    LONGEST_TEXT,
    LONGEST_WORD,
    flag,
    is_empty,
    says_not_found,
    told_text,
    word_set,
    words_of,
)
from app.extraction.keys import key_of
from app.extraction.reading import decoded
from app.extraction.records import named, record_of

__all__ = ["Statement", "is_error_text", "statement_in", "without_errors"]

MOST_LAYERS = 40
DEEPEST_WRAPPER = 4
DEEPEST_ERROR = 6
GONE = 404
REQUEST_FAULTS = frozenset((400, 404, 409, 412, 422))
"""HTTP statuses under which services also say that there is no such record; the text tells."""

ACCEPTED, NO_CONTENT, FAULTS = 202, 204, 400
BARE = ("code", "result", "outcome")
EXACT = ("errorcode", "errortype", *BARE)
"""Keys whose values count as a failure only where they are a known word for one."""
_HTTP = re.compile(r"(?:http[ /\d.]*|status|code|error)?[ :_-]*([1-5]\d\d)(?:[ :,.(_-].{0,100})?", re.IGNORECASE)
_FAILED = re.compile(r"(?:error|err|fail|timeout|timedout)\w*|\w*(?:error|errored|failed|exception|timeout|timedout)")
_ERROR_TEXT = re.compile(r"\W{0,9}(?:error|failed|failure|exception)\b[^{\[]", re.IGNORECASE)
_ERROR_VALUE = re.compile(r"\W{0,9}(?:error|failed|failure|exception)\b *[:!\u2013-]", re.IGNORECASE)
_CLASS = re.compile(r"[A-Z]\w*(?:Error|Exception|Fault|Timeout)|Error")
_MACHINERY = re.compile(
    r"\b(?:api|keys?|tokens?|credentials?|secrets?|tables?|columns?|workspaces?|webhooks?|endpoints?|routes?|paths?|"
    r"functions?|methods?|modules?|files?|folders?|servers?|hosts?|dns|templates?|integrations?|connections?|connected|plans?|"
    r"subscriptions?|credits?|budgets?|quota|permissions?|parameters?|headers?|fields?|variables?|propert(?:y|ies)|attributes?|"
    r"workflows?|actions?|steps?|scenarios?|models?|apps?|tenants?|billing|requested\s+url)\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"error|fail|limit|exceed|invalid|denied|unauthor|forbidden|time[ -]?d?[ -]?out|exception|unavailable|quota|credit|"
    r"expired|blocked|refused|too many|not allowed|cannot|can't|unable|could ?n[o']t|missing|required|wrong|slow down|"
    r"abort|crash|reject|not found",
    re.IGNORECASE,
)


Named = dict[str, Any]
"""What an object says by comparable names."""


class Statement(NamedTuple):
    """What an answer says about itself.

    Attributes:
        kind: that it failed, that there is nothing, that it is not ready; None: it says nothing of that kind.
        text: in the answer's own words.
        explicit: it says so by a status or a flag; else an error's text stands beside whatever else there is.
        firm: an error that is an object or a code, or speaks of trouble; else it may be a remark on a part.
    """

    kind: Literal["error", "not_found", "pending"] | None = None
    text: str = ""
    explicit: bool = False
    firm: bool = False


class _Signs(NamedTuple):
    """What was seen of an object: its status, whether that is a failure, a "no", or the object a failure's own."""

    word: str = ""
    number: int = 0
    failed: bool = False
    missing: bool = False
    whole: bool = False


def statement_in(body: dict[str, Any]) -> Statement:
    """What a body says about itself, anywhere in its envelope; pure, and it never raises."""
    remark = Statement()
    for layer in _layers(body):
        said = _statement(layer)
        said = said if said.kind else _in_its_place(layer)
        if said.explicit:
            return said
        if said.kind and (not remark.kind or (said.firm and not remark.firm)):
            remark = said
    return remark


def _layers(body: dict[str, Any]) -> Iterator[Named]:
    """The body, and what is in its wrappers: there an answer may speak of itself."""
    queue: list[tuple[Any, int]] = [(body, 0)]
    for seen, (node, depth) in enumerate(queue):
        if seen >= MOST_LAYERS:
            return
        value = decoded(node)
        if value.__class__ is list and len(value) == 1:
            value = decoded(value[0])
        if not isinstance(value, dict):
            continue
        layer = named(record_of(value))
        yield layer
        if depth < DEEPEST_WRAPPER:
            wrapped = (layer[name] for name in _present(layer, "wrappers"))
            queue += [(child, depth + 1) for child in wrapped if child.__class__ in (dict, list, str)]


def _statement(layer: Named) -> Statement:
    """What one object says."""
    if _speaking().isdisjoint(layer) and not {"type", "title"} <= layer.keys():
        return Statement()
    signs = _signs(layer)
    text = told_text(layer, everywhere=signs.whole)
    if signs.failed and not text and isinstance(layer.get("description"), str):
        text = layer["description"].strip()[:LONGEST_TEXT]
    if signs.word in word_set("words", "pending") or (signs.number == ACCEPTED and text):
        return Statement("pending", f'It says it is not ready ("{_shown_status(layer)}").', firm=True)
    if signs.missing or (signs.failed and _means_nothing_there(signs, text)):
        return Statement("not_found", text or _shown_status(layer) or "Nothing found.", explicit=True, firm=True)
    if signs.failed:
        return Statement("error", text or _without_text(layer), explicit=True, firm=True)
    if text:
        return Statement("not_found", text, firm=True) if _is_not_found_text(text) else _remark(layer, text)
    return Statement("not_found", "No results.") if _counts_nothing(layer) else Statement()


@cache
def _speaking() -> frozenset[str]:
    """Keys without one of which an object says nothing about itself."""
    lists = ("status", "good", "bad", "found", "counts", "errors", "traces", "texts")
    return frozenset(name for table in lists for name in words_of("keys", table)) | {"instance"}


def _present(layer: Named, table: str) -> list[str]:
    """The keys of a list that an object has, the most telling first."""
    if word_set("keys", table).isdisjoint(layer):
        return []
    return [name for name in words_of("keys", table) if name in layer]


def _in_its_place(layer: Named) -> Statement:
    """An error's text where the record would be: `{"raw_payload": "Error: quota exceeded"}`."""
    texts = (layer[name] for name in _present(layer, "wrappers") if layer[name].__class__ is str)
    text = next((str(text).strip()[:LONGEST_TEXT] for text in texts if _ERROR_TEXT.match(text)), "")
    return Statement("error", text, firm=True) if text else Statement()


def is_error_text(text: str) -> bool:
    """Whether a value is the words of an error: `Error: rate limit exceeded`."""
    return _ERROR_VALUE.match(text) is not None


def _remark(layer: Named, text: str) -> Statement:
    """An error's text without a status: under an error's key it is one, beside a word of success only if it says so."""
    told = any(not is_empty(layer.get(name)) for name in words_of("keys", "errors"))
    word = key_of(str(layer.get("status", "")))[:LONGEST_WORD]
    fine = word in word_set("words", "fine") or any(layer.get(name) is True for name in words_of("keys", "good"))
    trouble = bool(_TROUBLE.search(text))
    if not told and (fine or key_of(text) in word_set("words", "fine")) and not trouble:
        return Statement()
    structured = any(layer.get(name).__class__ in (dict, list) and layer[name] for name in ("error", "errors"))
    coded = any(not is_empty(layer.get(name)) for name in ("errorcode", "errortype", "errors"))
    return Statement("error", text, firm=structured or coded or trouble)


def _signs(layer: Named) -> _Signs:
    word, number, failed, missing = "", 0, False, False
    for name in _present(layer, "status"):
        value = layer[name]
        if value is None or value.__class__ not in (str, int, float):
            continue
        found = _number(value) if name not in BARE or _speaks(layer) else 0
        said = key_of(str(value))[:LONGEST_WORD] if value.__class__ is str else ""
        number = number or found
        word = word or said
        failed = failed or found >= FAULTS or _is_failed(said, name)
        missing = missing or (bool(said) and _is_not_found_text(str(value))) or found == NO_CONTENT
    failed = failed or any(flag(layer.get(name)) is False for name in _present(layer, "good"))
    failed = failed or any(flag(layer.get(name)) is True for name in _present(layer, "bad"))
    missing = missing or any(flag(layer.get(name)) is False for name in _present(layer, "found"))
    whole = number >= FAULTS or _is_exception(layer) or _is_problem(layer)
    number = number or _number_in_error(layer)
    return _Signs(word, number, failed or whole, missing and not _is_machinery(layer), whole)


def _speaks(layer: Named) -> bool:
    """Whether there is a text beside a bare `code` or `result`, which may be a record's otherwise."""
    return any(not is_empty(layer.get(name)) for name in (*words_of("keys", "errors"), "message", "msg", "description"))


def _number(value: Any) -> int:
    """The HTTP status that a value is; 0: none."""
    if value.__class__ is str:
        match = _HTTP.fullmatch(value.strip()[:200])
        return int(match[1]) if match else 0
    if value.__class__ is float and not value.is_integer():
        return 0
    return int(value) if 100 <= value < 600 else 0  # noqa: PLR2004 -- HTTP's statuses


def _number_in_error(layer: Named) -> int:
    """The HTTP status inside an error's object."""
    error = layer.get("error") or layer.get("errors")
    error = error[0] if error.__class__ is list and error else error
    inner = named(record_of(error)) if isinstance(error, dict) else {}
    return next((found for name in ("status", "code", "statuscode") if (found := _inner_number(inner.get(name)))), 0)


def _inner_number(value: Any) -> int:
    return _number(value) if value.__class__ in (str, int, float) else 0


def _is_failed(word: str, name: str) -> bool:
    if not word or word in word_set("words", "fine"):
        return False
    return word in word_set("words", "failed") or (name not in EXACT and _FAILED.fullmatch(word) is not None)


def _is_exception(layer: Named) -> bool:
    """`{"name": "AxiosError", "message": …}`, and what other languages make of their exceptions."""
    beside = (*words_of("keys", "traces"), "message", "msg", "code", "errormessage", "cause")
    names = (layer.get(name) for name in ("name", "type", "errortype", "exceptiontype", "class", "exception"))
    if all(is_empty(layer.get(name)) for name in beside):
        return False
    kinds = [layer.get(name) for name in ("type", "object", "kind")]
    if any(isinstance(kind, str) and key_of(kind) in word_set("words", "failed") for kind in kinds):
        return True
    return any(
        isinstance(name, str) and _CLASS.fullmatch(name.rpartition(".")[2].rpartition("\\")[2]) for name in names
    )


def _is_problem(layer: Named) -> bool:
    """RFC 9457's problem details without a status: a title, and a type or instance that is an address."""
    if "title" not in layer:
        return False
    kind = layer.get("type")
    address = isinstance(kind, str) and (
        kind == "about:blank" or "://" in kind or kind.startswith(("/", "urn:", "tag:"))
    )
    if layer.keys() <= word_set("keys", "problem"):
        return address or {"detail", "instance"} <= layer.keys()
    return address and bool({"detail", "instance"} & layer.keys())


def _means_nothing_there(signs: _Signs, text: str) -> bool:
    """Whether a failure is only that there is no such record: a 404, or the text of a "no" that is no other fault.

    The contract's own words stand: who answers `"status": "error"` without a code wants the step to fail.
    """
    if signs.word in ("error", "failed", "failure") and not signs.number:
        return False
    if signs.number == GONE:
        return not _MACHINERY.search(text)
    return (not signs.number or signs.number in REQUEST_FAULTS) and _is_not_found_text(text)


def _is_machinery(layer: Named) -> bool:
    """Whether what is not found is a key, a table or an address, and not a record."""
    return bool(_MACHINERY.search(told_text(layer, everywhere=False)))


def _is_not_found_text(text: str) -> bool:
    return says_not_found(text) and not _MACHINERY.search(text)


def _counts_nothing(layer: Named) -> bool:
    return any(
        layer.get(name).__class__ in (int, float, str) and str(layer[name]).strip() in ("0", "0.0")
        for name in _present(layer, "counts")
    )


def _shown_status(layer: Named) -> str:
    said = next((layer[name] for name in words_of("keys", "status") if not is_empty(layer.get(name))), "")
    return str(said)[:100] if said.__class__ in (str, int, float) else ""


def _without_text(layer: Named) -> str:
    status = _shown_status(layer)
    plain = not status or key_of(status) in ("error", "failed", "failure", *words_of("words", "fine"))
    return (
        "Clay reported an error without details." if plain else f'Clay reported the status "{status}" without details.'
    )


def without_errors(value: Any, depth: int = DEEPEST_ERROR) -> Any:
    """The same without what is in an error's keys: a record may stand beside an error, but is never in one."""
    if isinstance(value, dict) and depth:
        deeper = [(name, inner) for name, inner in value.items() if inner.__class__ is dict or inner.__class__ is list]
        told = {name for name, inner in deeper if _tells_error(name, inner)}
        clean = {name: without_errors(inner, depth - 1) for name, inner in deeper if name not in told}
        if not told and all(inner is value[name] for name, inner in clean.items()):
            return value
        return {name: clean.get(name, inner) for name, inner in value.items() if name not in told}
    if value.__class__ is list and len(value) == 1:
        inner = without_errors(value[0], depth - 1) if depth else value[0]
        return value if inner is value[0] else [inner]
    return value


def _tells_error(name: str, value: Any) -> bool:
    if value.__class__ not in (dict, list):
        return False
    key = key_of(name)
    if key in ("detail", "details"):
        entries = value if isinstance(value, list) else [value]
        return any(isinstance(entry, dict) and {"msg", "loc", "message", "error"} & entry.keys() for entry in entries)
    return key in word_set("keys", "errors") or key in word_set("keys", "traces")
