"""From a callback's bytes to the object in it, whatever the agency typed in Clay, or why there is none.

Bodies come as JSON objects with the record anywhere inside, as a list with one object, as a form, slipped or broken.
Reading is forgiving and pure: the raw text stays in the inbox, so every callback can be read again by a better reader.
What the object means for its step is said by `app/clay/answers/meaning.py`.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson

from app.clay.answers.lists import ITEM_KEYS, MOST_ROWS
from app.clay.answers.texts import says_not_found
from app.text.loose_json import LooseJsonError, read_loose_json
from app.text.numbers import read_digits
from app.text.uids import read_uid

__all__ = ["Unreadable", "addressee", "addressee_in", "decode_body", "read_body", "read_mended"]

FORM = re.compile(r"[\w.%+\[\]-]{1,100}=[^\s{}\"]*(?:&[\w.%+\[\]-]{1,100}=[^\s{}\"]*)*")
BROKEN = re.compile("[\x00\ud800-\udfff]")
ITEM_IN_TEXT = re.compile(
    r"(?:batch_?item_?id|item_id)\W{1,12}([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f-])", re.IGNORECASE
)
ATTEMPT_IN_TEXT = re.compile(r"\battempt\b\W{1,8}(\d{1,5})(?!\d)", re.IGNORECASE)
_GUARD = re.compile(r"\A(?:\)\]\}',?\s*|(?:for\s*\(;;\)|while\s*\(1\));\s*)")
_FENCED = re.compile(r"[^`{\[]*```[\w-]{0,20}[ \t]*\r?\n([^`]*)```[^`{\[]*")
ENVELOPE = frozenset(("batch_item_id", "workflow_slug", "status"))
"""Keys of an answer's envelope; a body with one of them is meant for us even where it holds no record."""

DEEPEST = 200  # orjson writes 254 levels
TOO_DEEP = "The body is nested too deeply."
LONGEST_WORDS = 200
MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_OPENING = (b"{", b"[")
_WIDE = {b"\1\0\1\0": "utf-16-le", b"\0\1\0\1": "utf-16-be"}
"""Zero bytes beside a bracket and beside what follows it tell UTF-16 without a mark; a single one is a stray NUL."""
CHARSETS = re.compile(
    r"utf[-_]?(?:8|16|32)(?:[-_]?[lb]e)?|(?:us-)?ascii|latin-?[1-9]|iso[-_]?8859[-_]\d{1,2}|(?:windows-|cp)125\d|"
    r"mac[-_]?roman|macintosh|koi8-[ru]|shift[-_]jis|euc[-_](?:jp|kr)|gb(?:k|2312|18030)|big5"
)
"""Encodings of texts. Python has others (`utf-7`, `idna`, `unicode_escape`) that nobody sends and that may surprise."""

LARGEST_ATTEMPT = 32767  # smallint
INT64 = range(-(2**63), 2**63)


class Unreadable(ValueError):  # noqa: N818 -- a verdict, told to the one who looks at the inbox
    """The body is no JSON object."""


def decode_body(raw: bytes, charset: str = "") -> str:
    """The body as text that PostgreSQL can store, losing as little as possible.

    A byte order mark decides, then what the sender says, then UTF-8, then Windows-1252. Senders that say Latin-1 by
    habit mean UTF-8 where the bytes are valid UTF-8. NUL, which PostgreSQL has no place for, becomes U+FFFD.

    Args:
        raw: the body.
        charset: of the Content-Type header.
    """
    marked = next((name for mark, name in MARKS if raw.startswith(mark)), "")
    said = charset.strip().strip("\"'").lower()
    stated = said if said and CHARSETS.fullmatch(said) else ""
    wide = stated if stated.startswith("utf") else ""
    unmarked = _WIDE.get(bytes(bool(byte) for byte in raw[:4]), "") if raw[:2].strip(b"\0") in _OPENING else ""
    for encoding in filter(None, (marked, wide, unmarked, "utf-8", stated, "cp1252")):
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            return raw.decode(encoding).replace("\0", "\ufffd")
    return raw.decode("latin-1").replace("\0", "\ufffd")


def read_body(text: str) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        Unreadable: there is none; says what there is instead.
    """
    return read_mended(text)[0]


def read_mended(text: str) -> tuple[dict[str, Any], list[str]]:
    """The same, with the slips in its JSON that were mended, in words."""
    text = text.strip("\ufeff\u200b \t\r\n")
    if not text:
        raise Unreadable("The body is empty.")
    slips: list[str] = []
    body = _loads(text, slips)
    for _ in range(3):
        if isinstance(body, list) and len(body) == 1:
            body = body[0]
        elif isinstance(body, str) and body.lstrip()[:1] in ("{", "[", '"'):
            body = _loads(body, slips)
        else:
            break
    if isinstance(body, list):
        raise Unreadable(_of_list(body))
    if isinstance(body, str) and says_not_found(body):
        body = {"status": body}
    if not isinstance(body, dict):
        raise Unreadable("The body is JSON but not an object.")
    if not body:
        raise Unreadable("The body is an empty object.")
    clean: dict[str, Any] = _clean(body, DEEPEST)
    return clean, slips


def _of_list(body: list[Any]) -> str:
    if not body:
        return "The body is an empty list."
    if len(body) > MOST_ROWS:
        return (
            f"The body is a list of {len(body)}; one request can carry at most {MOST_ROWS} rows. Send fewer at a time."
        )
    return f"The body is a list of {len(body)}; one object is expected, or one per row with its batch_item_id."


def addressee(body: dict[str, Any]) -> tuple[UUID | None, int | None]:
    """Which item and attempt a body says it is about; for the fixed URL, which does not say it."""
    item: UUID | None = None
    for layer in (body, *(value for value in body.values() if isinstance(value, dict))):
        for key in ITEM_KEYS:
            if item is None and (named := layer.get(key)):
                item = read_uid(str(named).strip())
    return item, read_digits(str(body.get("attempt", "")).strip(), most=LARGEST_ATTEMPT) or None


def addressee_in(text: str) -> tuple[UUID | None, int | None]:
    """The same out of a body that is no JSON object: whatever stands where item and attempt would."""
    item, attempt = ITEM_IN_TEXT.search(text), ATTEMPT_IN_TEXT.search(text)
    number = int(attempt[1]) if attempt else 0
    return UUID(item[1]) if item else None, number if 0 < number <= LARGEST_ATTEMPT else None


def _loads(text: str, slips: list[str]) -> Any:
    """JSON, also as less strict writers have it (NaN, lone surrogates, huge numbers), a form, or mended JSON.

    Args:
        text: the body.
        slips: takes what was mended.

    Raises:
        Unreadable: none of these.
    """
    with contextlib.suppress(orjson.JSONDecodeError, UnicodeEncodeError):
        return orjson.loads(text)
    try:
        return json.loads(text, strict=False)
    except RecursionError:
        raise Unreadable(TOO_DEEP) from None
    except ValueError as error:
        if (bare := _without_wrapping(text)) != text:
            slips.append("something around the JSON")
            return _loads(bare, slips)
        form = dict(parse_qsl(text, keep_blank_values=True)) if FORM.fullmatch(text) else {}
        if ENVELOPE & form.keys() or any(value.lstrip()[:1] == "{" for value in form.values()):
            return form
        if text[:1] not in ("{", "[", "`"):
            if len(text) <= LONGEST_WORDS and text.isprintable() and text[0] != "<" and says_not_found(text):
                return text
            where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
            raise Unreadable(f"The body is not JSON{where}.") from None
    try:
        mended = read_loose_json(text)
    except LooseJsonError as error:
        raise Unreadable(f"The body is not JSON (line {error.line}, column {error.column}): {error.why}.") from None
    slips.extend(mended.slips)
    return mended.value


def _without_wrapping(text: str) -> str:
    """The text without what senders put around JSON: a guard against scripts, a fence, a semicolon, escapes."""
    bare = _GUARD.sub("", text.strip("\x1e \t\r\n"), count=1)
    if fence := _FENCED.fullmatch(bare):
        bare = fence[1].strip()
    if bare[:1] in ("{", "["):
        bare = bare.rstrip("; \t\r\n")
    if bare.lstrip("[{ \r\n").startswith('\\"'):
        with contextlib.suppress(ValueError):
            bare = json.loads(f'"{bare}"', strict=False)
    elif bare.lstrip("[{ \r\n").startswith("&quot;"):
        bare = unescape(bare)
    return bare


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
