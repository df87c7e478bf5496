"""Level and department out of a job title, in the vocabulary of Apollo's exports, with the words that decided.

Used where neither the file nor an answer states them. What words mean is data (`job_titles.toml`); here is how they are
weighed: the longest entry that fits decides, the highest level of the title counts (of founders, owners, chiefs and
partners the one named first), and who assists a chief is none.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

from app.text.values import fold

__all__ = ["DEPARTMENTS", "SENIORITIES", "Derived", "department_of", "seniority_of"]

LONGEST_TITLE = 300
TOP = 4
"""So many levels share the first rank: Founder, Owner, C suite, Partner."""
REACH = 6
"""Within so many words of "chief" an "officer" belongs to it."""

GENDERS = re.compile(
    r"\(?\b(?:[mwfhdxvkint]|div|gn)(?:\s?[/|]\s?(?:[mwfhdxvk]|div|gn)){1,3}\b\)?|\(all genders?\)", re.IGNORECASE
)
ENDINGS = re.compile(
    r"(?<=[^\W\d_]{3})(?:[:*_\u00b7/.]-?|\(-?)(?:innen|in|euse|rice|ère|ora|ice|ne|es|se|a|e|o|r)(?:\)|(?!\w))",
    re.IGNORECASE,
)
"""Both forms written as one: `Gründer:in`, `Leiter/-in`, `Director/a`, `chargé(e)`, `directeur·rice`."""
COMPANY = re.compile(r"\s(?:at|bei|beim|chez|presso|hos|bij|@)\s|\s?@", re.IGNORECASE)
ABBREVIATED = re.compile(r"\b[^\W\d_](?:\.[^\W\d_])+\b\.?")
FORMER_EMPLOYER = re.compile(r"\b[Ee]x-(\w+)")
E_WORD = re.compile(r"\be-(?=\w)", re.IGNORECASE)
OWNS = re.compile(r"['\u2019]s\b", re.IGNORECASE)
TOKEN = re.compile(r"[^\W_]+|&|\+|/|[,;|•·:()\[\]\n\u2013\u2014]|\s-+\s")


class Derived(NamedTuple):
    """What a title says, and the words of it that decided."""

    value: str
    rule: str


class _Words(NamedTuple):
    """A title's words, folded, and for each its clause (between commas and the like) and its part (between "and"s)."""

    folded: list[str]
    said: list[str]
    clauses: list[int]
    parts: list[int]


class _Hit(NamedTuple):
    """An entry found: its meaning, and the words that it covers (end excluded); `last` is a pair's second word."""

    meaning: str
    start: int
    end: int
    strong: bool
    last: int | None = None


class _Lexicon:
    """Entries by their first word, by their ending and by their beginning."""

    def __init__(self) -> None:
        self.phrases: dict[str, list[tuple[tuple[str, ...], str, bool]]] = {}
        self.endings: dict[str, tuple[str, bool]] = {}
        self.beginnings: dict[str, tuple[str, bool]] = {}
        self.pairs: dict[str, tuple[str, str]] = {}

    def add(self, entry: str, meaning: str, *, strong: bool = False) -> None:
        """Take one entry in; of equal ones the first stays."""
        if " … " in entry:
            first, last = entry.split(" … ")
            self.pairs[first] = (last, meaning)
        elif entry[0] == "…":
            self.endings.setdefault(fold(entry[1:]), (meaning, strong))
        elif entry[-1] == "…":
            self.beginnings.setdefault(fold(entry[:-1]), (meaning, strong))
        else:
            words = tuple(_split(entry).folded)
            entries = self.phrases.setdefault(words[0], [])
            if all(words != known for known, _, _ in entries):
                entries.append((words, meaning, strong))

    def hits(self, words: _Words) -> list[_Hit]:
        """Every entry in a title, left to right, the longest where several begin at one word."""
        found: list[_Hit] = []
        at = 0
        while at < len(words.folded):
            hit = self._phrase(words, at) or self._pair(words, at) or self._compound(words.folded[at], at)
            if hit:
                found.append(hit)
            at = hit.end if hit else at + 1
        return found

    def _phrase(self, words: _Words, at: int) -> _Hit | None:
        best: tuple[tuple[str, ...], str, bool] | None = None
        for entry in self.phrases.get(words.folded[at], ()):
            size = len(entry[0])
            fits = tuple(words.folded[at : at + size]) == entry[0] and words.clauses[at] == words.clauses[at + size - 1]
            if fits and (best is None or size > len(best[0])):
                best = entry
        if best is None or (len(best[0]) == 1 and best[0][0] in _as_written() and not words.said[at].isupper()):
            return None
        if len(best[0]) == 1 and (pair := self._pair(words, at)):
            return pair
        return _Hit(best[1], at, at + len(best[0]), best[2])

    def _pair(self, words: _Words, at: int) -> _Hit | None:
        pair = self.pairs.get(words.folded[at])
        if pair is None:
            return None
        reach = words.folded[at + 1 : at + 1 + REACH]
        last = at + 1 + reach.index(pair[0]) if pair[0] in reach else at
        return (
            _Hit(pair[1], at, at + 1, strong=False, last=last)
            if last > at and words.clauses[last] == words.clauses[at]
            else None
        )

    def _compound(self, word: str, at: int) -> _Hit | None:
        entry = self.compound(word)
        return _Hit(entry[0], at, at + 1, entry[1]) if entry else None

    def compound(self, word: str) -> tuple[str, bool] | None:
        """What a longer word says by its ending or its beginning."""
        for size in range(len(word) - 1, 2, -1):
            entry = self.endings.get(word[-size:]) or self.beginnings.get(word[:size])
            if entry:
                return entry
        return None


@lru_cache(maxsize=16_384)
def seniority_of(title: str) -> Derived | None:
    """The highest level that a title names: `Head of Sales` is Head, by "Head of"; None where it names none."""
    words = _split(title)
    hits = _standing(_lexicons()[0].hits(words), words)
    best = min(hits, key=lambda hit: (max(_rank(hit.meaning), TOP - 1), hit.start), default=None)
    return Derived(best.meaning, _said(words, best)) if best else None


@lru_cache(maxsize=16_384)
def department_of(title: str) -> Derived | None:
    """The department that a title names: of the words beside the level first, a trade before a field.

    A chief, founder or owner of nothing in particular belongs to the C-Suite.
    """
    words = _split(title)
    levels = _lexicons()[0].hits(words)
    standing = _standing(levels, words)
    top = min(standing, key=lambda hit: (max(_rank(hit.meaning), TOP - 1), hit.start), default=None)
    cut = next((hit.end for hit in levels if hit.meaning == "cut"), len(words.folded))
    hits = [hit for hit in _lexicons()[1].hits(words) if hit.start < cut]
    dropped = {words.parts[hit.start] for hit in levels if hit.meaning == "former"}
    hits = [hit for hit in hits if words.parts[hit.start] not in dropped]
    for clause in _clauses(words, top):
        here = [hit for hit in hits if clause is None or words.clauses[hit.start] == clause]
        best = min(here, key=lambda hit: (hit.meaning == "Consulting", not hit.strong, hit.start), default=None)
        if best:
            return Derived(best.meaning, _said(words, best))
        if clause is not None and top and top.meaning in ("Founder", "Owner", "C suite"):
            return Derived("C-Suite", _said(words, top))
    return None


def _clauses(words: _Words, top: _Hit | None) -> tuple[int | None, ...]:
    """Where to look for a department: in the clause of the level, then everywhere."""
    return (words.clauses[top.start], None) if top else (None,)


def _rank(level: str) -> int:
    return _ranks()[level]


def _said(words: _Words, hit: _Hit) -> str:
    said = " ".join(words.said[hit.start : hit.end])
    return f"{said} … {words.said[hit.last]}" if hit.last else said


def _standing(hits: list[_Hit], words: _Words) -> list[_Hit]:
    """The levels that count: not those of former jobs, nor of whom somebody assists or reports to."""
    levels = [hit for hit in hits if hit.meaning in _ranks()]
    for sign in hits:
        clause, part = words.clauses[sign.start], words.parts[sign.start]
        if sign.meaning == "former":
            levels = [hit for hit in levels if words.parts[hit.start] != part or hit.start < sign.start]
        elif sign.meaning == "cut":
            levels = [hit for hit in levels if words.clauses[hit.start] != clause or hit.start < sign.start]
        elif sign.meaning == "aide":
            around = words.folded[sign.start + 1 : sign.end + 1]
            behind = not _belonging().isdisjoint(around)
            levels = [
                hit
                for hit in levels
                if hit.end != sign.start
                and not (behind and words.clauses[hit.start] == clause and hit.start > sign.start)
            ]
            levels.append(_Hit("Entry", sign.start, sign.end, strong=False))
        elif sign.meaning == "Intern":
            levels = [hit for hit in levels if words.clauses[hit.start] != clause or hit.meaning == "Intern"]
        elif sign.meaning == "junior":
            low = ("Manager", "Senior")
            levels = [hit for hit in levels if words.parts[hit.start] != part or hit.meaning not in low]
            levels.append(_Hit("Entry", sign.start, sign.end, strong=False))
    return levels


def _split(title: str) -> _Words:
    """A title's words without what is no part of it: the company behind "at", (m/w/d), the second form of a gender."""
    text = GENDERS.sub(" ", title[:LONGEST_TITLE])
    text = FORMER_EMPLOYER.sub(_without_employer, text)
    text = COMPANY.split(text, maxsplit=1)[0] if text.strip()[:1] != "@" else text
    text = ABBREVIATED.sub(
        lambda found: found[0].replace(".", ""), E_WORD.sub("e", ENDINGS.sub("", OWNS.sub("", text)))
    )
    words = _Words([], [], [], [])
    clause = part = 0
    for piece in TOKEN.findall(text):
        if piece[0].isalnum():
            word = fold(piece)
            if word in _conjunctions():
                part += 1
                word = "&"
        elif piece in "&+/":
            part += 1
            word = "&"
        else:
            clause, part = clause + 1, part + 1
            continue
        words.folded.append(word)
        words.said.append(piece)
        words.clauses.append(clause)
        words.parts.append(part)
    return words


def _without_employer(found: re.Match[str]) -> str:
    """`Ex-Google` is where somebody came from; `Ex-CEO` what somebody was."""
    word = fold(found[1])
    is_job = any(word in lexicon.phrases or lexicon.compound(word) for lexicon in _lexicons())
    return found[0] if is_job else " "


@cache
def _table() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(resources.files("app.text").joinpath("job_titles.toml").read_text("utf-8"))


def _entries(text: str, *, german: bool = False) -> list[str]:
    """The entries of a list, both forms where it gives both, and umlauts written out where they may be."""
    found: list[str] = []
    for entry in (" ".join(entry.split()) for entry in text.split(",")):
        base, _, rest = entry.partition("(")
        end, _, more = rest.partition(")")
        forms = [base + more, base + end + more] if rest else [entry]
        found += forms
        if german:
            found += [_written_out(form) for form in forms]
    return list(dict.fromkeys(found))


def _written_out(text: str) -> str:
    return text.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")


@cache
def _lexicons() -> tuple[_Lexicon, _Lexicon]:
    """The entries about levels (and the signs that change them), and those about departments."""
    levels, departments = _Lexicon(), _Lexicon()
    for sign in ("no_level", "aide", "cut", "junior", "former"):
        for entry in _entries(_table()["signs"][sign]["words"]):
            levels.add(entry, sign)
    for level, languages in reversed(_table()["levels"].items()):
        for language, text in languages.items():
            for entry in _entries(text, german=language in ("german", "nordic")):
                levels.add(entry, level)
    for department, languages in _table()["departments"].items():
        for language, text in languages.items():
            for entry in _entries(text, german=language in ("german", "nordic", "strong")):
                departments.add(entry, department, strong=language == "strong")
    return levels, departments


@cache
def _ranks() -> dict[str, int]:
    return {level: rank for rank, level in enumerate(_table()["levels"])}


@cache
def _conjunctions() -> frozenset[str]:
    return frozenset(_table()["signs"]["conjunctions"]["words"].split(", "))


@cache
def _belonging() -> frozenset[str]:
    return frozenset(
        word for entry in _entries(_table()["signs"]["belonging"]["words"]) for word in fold(entry).split()
    )


@cache
def _as_written() -> frozenset[str]:
    return frozenset(fold(word) for word in _table()["signs"]["as_written"]["words"].split(", "))


SENIORITIES: tuple[str, ...] = tuple(_table()["levels"])
DEPARTMENTS: tuple[str, ...] = (*_table()["departments"], "C-Suite")
