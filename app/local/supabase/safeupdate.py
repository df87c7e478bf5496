"""What Supabase's `safeupdate` refuses: an UPDATE or DELETE that no WHERE limits.

Hosted projects load that extension for every connection of the HTTP API; it is C and does not come with the embedded
PostgreSQL. So the gateway reads the functions' text instead, and is stricter: a function that holds such a statement,
or calls one that does, is refused whether or not the statement would have been reached.
Source: github.com/eradman/pg-safeupdate, and `roles.sql` of github.com/supabase/postgres, which loads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["BareChange", "bare_changes", "reachable_change"]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>[eE]?'(?:[^']|'')*' | \$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$)
      | (?P<name>"(?:[^"]|"")*")
      | (?P<word>[A-Za-z_][\w$]*)
      | (?P<other>\d[\w.]*|.)""",
    re.VERBOSE | re.DOTALL,
)
# `for update`, `for no key update`, `do update set`, `grant …, update`, `before delete or update`, `on delete cascade`
_NO_STATEMENT_AFTER = {"for", "key", "do", ",", "or", "on", "before", "after", "of", "grant", "revoke"}
_NO_EXECUTE_AFTER = {"grant", "revoke", ",", "for", "all"}
_CALL = re.compile(r'"?\b(?:public|leadloom)\b"?\s*\.\s*"?(\w+)"?\s*\(')


@dataclass(frozen=True)
class BareChange:
    """A statement without WHERE: `UPDATE` or `DELETE`, and the line on which it begins."""

    word: str
    line: int


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int

    @property
    def plain(self) -> str:
        """What is compared: words in lower case; a quoted text is never a word."""
        return self.text.lower() if self.kind in {"word", "other"} else ""


@lru_cache(maxsize=2048)
def bare_changes(sql: str) -> tuple[BareChange, ...]:
    """The statements of a text that change a whole table: in plain SQL, PL/pgSQL, bodies in dollars, and EXECUTE."""
    tokens = list(_tokens(sql))
    found: list[BareChange] = []
    for n, token in enumerate(tokens):
        before = tokens[n - 1].plain if n else ""
        if token.kind == "text" and token.text.startswith("$"):
            body = token.text.split("$", 2)[2].rsplit("$", 2)[0]
            found += [BareChange(bare.word, bare.line + token.line - 1) for bare in bare_changes(body)]
        elif token.plain in {"update", "delete"} and before not in _NO_STATEMENT_AFTER:
            if _is_statement(tokens[n:]) and not _has_where(tokens[n:]):
                found.append(BareChange(token.plain.upper(), token.line))
        elif token.plain == "execute" and before not in _NO_EXECUTE_AFTER:
            found += [BareChange(bare.word, token.line) for bare in bare_changes(_executed(tokens[n + 1 :]))]
    return tuple(dict.fromkeys(found))


def reachable_change(name: str, bodies: Mapping[str, str]) -> BareChange | None:
    """The first statement without WHERE in a function or in those that it calls, directly or not; None: there is none.

    Args:
        name: of the function, without its schema.
        bodies: source text by name.
    """
    waiting, seen = [name], {name}
    while waiting:
        body = bodies.get(waiting.pop(), "")
        if found := bare_changes(body):
            return found[0]
        new = {called for called in _calls(body) if called not in seen}
        seen |= new
        waiting += sorted(new)
    return None


@lru_cache(maxsize=2048)
def _calls(sql: str) -> frozenset[str]:
    return frozenset(_CALL.findall(sql))


def _tokens(sql: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup if match.lastgroup != "tag" else "text"
        if kind is not None and kind != "skip":
            yield _Token(kind, match.group(), line)
        line += match.group().count("\n")


def _is_statement(tokens: list[_Token]) -> bool:
    """Whether UPDATE or DELETE begins a statement here, and is not a word of something else."""
    if tokens[0].plain == "delete":
        return len(tokens) > 1 and tokens[1].plain == "from"
    return any(token.plain == "set" for token in _own(tokens[1:8]))


def _has_where(tokens: list[_Token]) -> bool:
    return any(token.plain == "where" for token in _own(tokens))


def _own(tokens: list[_Token]) -> Iterator[_Token]:
    """A statement's own tokens: not those in parentheses, and none after its end."""
    depth = 0
    for token in tokens:
        depth += (token.plain in {"(", "["}) - (token.plain in {")", "]"})
        if depth < 0 or (depth == 0 and token.plain == ";"):
            return
        if depth == 0:
            yield token


def _executed(tokens: list[_Token]) -> str:
    """The statement that EXECUTE builds, as far as it stands there: a word for whatever is only known when it runs."""
    parts = []
    for token in tokens:
        if token.plain in {";", "using", "into"}:
            break
        if token.kind != "text":
            parts.append("" if token.plain in {"format", "(", ")", "|", ","} else " x ")
        elif token.text.startswith("$"):
            parts.append(token.text.split("$", 2)[2].rsplit("$", 2)[0])
        else:
            parts.append(token.text.split("'", 1)[1][:-1].replace("''", "'"))
    return re.sub(r"%(?:\d+\$)?[-\d]*[IsL]", "x", "".join(parts))
