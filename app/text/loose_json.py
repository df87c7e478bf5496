"""Reads JSON that a person typed by hand into a template, where what is meant is certain.

Certain are: a trailing comma, an empty value, an unfilled `{{placeholder}}`, quotes inside a text, an object between
quotes, single quotes, names without quotes, comments, a code fence, `undefined` and Python's words. Whatever else is
wrong, a body that ends too soon above all, is refused with its place. Linear in the length of the text.

No library does this part: json-repair (0.64) reads the same slips, but also completes what was cut off, drops what it
cannot place (`{"a": {{Job Title}}, "b": 2}` becomes `{"a": {"b": 2}}`), takes `undefined` for a text, and needs time
that grows faster than the text (48 kB of inner quotes: 0.3 s; bodies have up to 5 MB).
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

__all__ = ["LooseJsonError", "Mended", "read_loose_json"]

DEEPEST = 200
_BLANKS = re.compile(r"(?:[\s\ufeff\u200b]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_FENCE = re.compile(r"```[\w-]{0,20}[ \t]*\r?\n")
_PLACEHOLDER = re.compile(r"\{\{[^{}\n]{0,200}\}\}")
_NAME = re.compile(r"[A-Za-z_$][\w$-]{0,100}")
_WORD = re.compile(r"[^\s,\]}\[{:\"']{1,60}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_KEPT_DIGITS = re.compile(r"0\d+|\+\d{7,}")
"""Postcodes and telephone numbers, which as numbers would lose their beginning."""
_GAP = r"(?:\s|//[^\n]{0,500}\n|/\*[^*]{0,500}\*/)*"
_NAMES = r"\"(?:[^\"\\\n]|\\.){0,200}\"|'(?:[^'\\\n]|\\.){0,200}'|\u201c(?:[^\u201d\\\n]|\\.){0,200}\u201d"
_CLOSES = re.compile(_GAP + r"(?:\}|\]|//|$|," + _GAP + rf"(?:\}}|\]|$|(?:{_NAMES}|[A-Za-z_$][\w$-]{{0,100}})\s*:))")
_CLOSES_IN_LIST = re.compile(_GAP + r"[,\]]")
_MEMBER = re.compile(rf"(?:{_NAMES})\s*:")
_OBJECT_BETWEEN_QUOTES = re.compile(r"\"\s{0,200}(?:\[\s{0,200})?\{\s{0,200}\"[\w $.-]{1,100}\"\s{0,200}:")
_CLOSES_NAME = re.compile(r"\s*:")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("null", "None", "undefined", "NULL", "nil", "NaN", "nan", "Infinity", "-Infinity")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'"}
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d"}
HIGH_HALVES = range(0xD800, 0xDC00)
LONGEST_DIGITS = 400
LONGEST = 500_000  # characters


class LooseJsonError(ValueError):
    """What is meant is not certain: `why`, at `line` and `column`."""

    def __init__(self, why: str, text: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)


class Mended(NamedTuple):
    """The value, and what was wrong with the text, in words."""

    value: Any
    slips: list[str]


def read_loose_json(text: str) -> Mended:
    """The value that a text means.

    Raises:
        LooseJsonError: it is not certain what is meant; says where, and why.
    """
    text = text.strip()
    reader = _Reader(text)
    if len(text) > LONGEST:
        raise reader.refuse("it is too long to be mended")
    fence = _FENCE.match(text)
    if fence and text.endswith("```") and len(text) > fence.end() + 2:
        reader.note("a code fence")
        reader.at, reader.end = fence.end(), len(text) - 3
    value = reader.value(DEEPEST, in_list=False)
    reader.blanks()
    if reader.at < reader.end:
        raise reader.refuse("something follows the end")
    return Mended(value, reader.slips)


class _Reader:
    """A place in a text."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.end = text, 0, len(text)
        self.slips: list[str] = []

    def note(self, slip: str) -> None:
        if slip not in self.slips:
            self.slips.append(slip)

    def refuse(self, why: str, at: int | None = None) -> LooseJsonError:
        return LooseJsonError(why, self.text, self.at if at is None else at)

    def peek(self) -> str:
        return self.text[self.at] if self.at < self.end else ""

    def blanks(self) -> None:
        match = _BLANKS.match(self.text, self.at, self.end)
        if match and match.end() > self.at:
            if "/" in match[0]:
                self.note("a comment")
            self.at = match.end()

    def value(self, depth: int, *, in_list: bool) -> Any:
        """Read a value; in an object it may be left out."""
        self.blanks()
        first = self.peek()
        if not first:
            raise self.refuse("the body ends too soon")
        if not depth:
            raise self.refuse("it is nested too deeply")
        if first in ",}" and not in_list:
            self.note("a value left out")
            return None
        if first == "{":
            if placeholder := _PLACEHOLDER.match(self.text, self.at, self.end):
                self.at = placeholder.end()
                self.note("an unfilled placeholder")
                return None
            return self.object(depth)
        if first == "[":
            return self.list(depth)
        if first in _QUOTES:
            return self.quoted(depth, in_list=in_list)
        return self.word()

    def object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while True:
            self.blanks()
            if self.peek() == "}":
                self.at += 1
                return found
            name = self.name()
            self.blanks()
            if self.peek() != ":":
                raise self.refuse('":" is missing behind a name' if self.peek() else "the body ends too soon")
            self.at += 1
            found[name] = self.value(depth - 1, in_list=False)
            self.comma("}")

    def list(self, depth: int) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        while True:
            self.blanks()
            if self.peek() == "]":
                self.at += 1
                return found
            found.append(self.value(depth - 1, in_list=True))
            self.comma("]")

    def comma(self, closing: str) -> None:
        """Read a comma, unless the end is there; one before the end is a slip."""
        self.blanks()
        if self.peek() == closing:
            return
        if self.peek() != ",":
            raise self.refuse(f'"," or "{closing}" is missing' if self.peek() else "the body ends too soon")
        self.at += 1
        self.blanks()
        if self.peek() == closing:
            self.note("a comma too many")

    def name(self) -> str:
        if self.peek() in _QUOTES and self.peek():
            return self.string(_CLOSES_NAME, inner=False)
        match = _NAME.match(self.text, self.at, self.end)
        if match is None:
            raise self.refuse("a name in quotes is missing" if self.peek() else "the body ends too soon")
        self.at = match.end()
        self.note("a name without quotes")
        return match[0]

    def quoted(self, depth: int, *, in_list: bool) -> Any:
        """Read a text, or the object that stands between its quotes as it is."""
        if _OBJECT_BETWEEN_QUOTES.match(self.text, self.at, self.end):
            self.at += 1
            value = self.value(depth - 1, in_list=in_list)
            if self.peek() != '"':
                raise self.refuse("an object between quotes is not closed")
            self.at += 1
            self.note("an object between quotes")
            return value
        return self.string(_CLOSES_IN_LIST if in_list else _CLOSES, inner=not in_list)

    def string(self, closes: re.Pattern[str], *, inner: bool) -> str:
        """Read a text to the quote that ends it: what follows tells whether one does.

        Args:
            closes: what follows the last quote.
            inner: whether quotes inside are certain here.
        """
        began = self.at
        quote = _QUOTES[self.text[self.at]]
        if quote != '"':
            self.note("other quotes than double ones")
        parts: list[str] = []
        self.at += 1
        special = re.compile(rf"[{quote}\\]")
        while found := special.search(self.text, self.at, self.end):
            parts.append(self.text[self.at : found.start()])
            self.at = found.end()
            if found[0] == "\\":
                parts.append(self.escape())
            elif closes.match(self.text, self.at, self.end):
                return "".join(parts)
            elif not inner:
                raise self.refuse(
                    '":" is missing behind a name' if closes is _CLOSES_NAME else "a quote inside a text", found.start()
                )
            elif _MEMBER.match(self.text, found.start(), self.end):
                raise self.refuse("a quote or a comma is missing", found.start())
            else:
                self.note("quotes inside a text")
                parts.append(quote)
        raise self.refuse("a text does not end", began)

    def escape(self) -> str:
        letter = self.peek()
        self.at += 1
        if letter == "u":
            digits = self.text[self.at : self.at + 4]
            if re.fullmatch(r"[0-9a-fA-F]{4}", digits):
                self.at += 4
                return self.surrogate(int(digits, 16))
        elif letter in _ESCAPES and letter:
            return _ESCAPES[letter]
        self.note("a backslash that escapes nothing")
        return f"\\{letter}"

    def surrogate(self, code: int) -> str:
        """A character, of two escapes where it takes two."""
        low = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(self.text, self.at, self.end)
        if code in HIGH_HALVES and low:
            self.at = low.end()
            return str(json.loads(f'"\\u{code:04x}{low[0]}"'))
        return chr(code)

    def word(self) -> Any:
        """Read a number, or a word for true, false or nothing."""
        match = _WORD.match(self.text, self.at, self.end)
        said = match[0] if match else ""
        if said in _WORDS:
            value = _WORDS[said]
            if said not in ("null", "true", "false"):
                self.note(f"the word {said}")
        elif _KEPT_DIGITS.fullmatch(said):
            self.note("digits without quotes")
            value = said
        elif len(said) < LONGEST_DIGITS and _NUMBER.fullmatch(said):
            number = said.lstrip("+")
            value = int(number) if re.fullmatch(r"-?\d+", number) else float(number)
        else:
            raise self.refuse("a value is missing, or lacks its quotes")
        self.at += len(said)
        return value
