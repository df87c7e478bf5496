"""The words of answers that are none: their lists (`answer_words.toml`), and the text that says what went wrong.

`app/clay/answers/statements.py` decides with them what an answer says about itself.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

import orjson

from app.extraction.keys import key_of
from app.extraction.reading import decoded
from app.extraction.records import named, record_of
from app.text.values import says_nothing

__all__ = ["LONGEST_TEXT", "LONGEST_WORD", "flag", "is_empty", "says_not_found", "told_text", "word_set", "words_of"]

LONGEST_TEXT = 2000
LONGEST_WORD = 60
DEEPEST_ERROR = 6
MOST_TEXTS = 3
_CODE = re.compile(r"[\w.:/-]*[_\d./:-][\w.:/-]*|[A-Z]+|[A-Z]\w*(?:Error|Exception)")
_NOTHING_THERE = re.compile(
    r"\b(?:no|zero|0|without)\s+(?:\w+\s+){0,3}?(?:match(?:es|ing)?|results?|records?|data|hits?|profiles?|persons?|people|"
    r"compan(?:y|ies)|contacts?|e-?mails?|information|entries|entry|organi[sz]ations?|leads?|employees?|phones?)\b"
    r"(?!\s+(?:(?:is|was|were|are)\s+)?(?:provided|given|sent|supplied|entered|required)\b)"
    r"|\bnot\s+(?:be\s+|been\s+)?(?:found|matched|located)\b|\b(?:cannot|can't|couldn't|could\s+not|unable\s+to|failed\s+to|"
    r"did(?:n't|\s+not))\s+(?:\w+\s+){0,2}?(?:find|locate|match|identify)\b|\b(?:does|do|did)(?:n't|\s+not)\s+exist\b"
    r"|\bnothing\s+(?:was\s+)?found\b|\bno\s+longer\s+exists\b|\bno\s+one\s+(?:was\s+)?found\b"
    r"|\bunknown\s+(?:person|company|profile|contact|domain|record)\b",
    re.IGNORECASE,
)

_NOTHING_ELSEWHERE = re.compile(  # German, French, Spanish, Italian, Portuguese, Dutch
    r"(?:\b(?:keinen?|kein)\s+(?:ergebnis(?:se)?|treffer|daten|datens.tze?|eintr.ge?|profile?|person(?:en)?)\b"
    r"|\baucune?\s+(?:r.sultats?|correspondances?|donn.es?|profils?|personnes?|entreprises?|contacts?)\b"
    r"|\b(?:sin|ning.n|ninguna)\s+(?:resultados?|coincidencias?|datos)\b"
    r"|\bnessun[oa]?\s+(?:risultat[oi]|corrispondenz[ae]|dat[oi]|profilo|contatto)\b"
    r"|\b(?:nenhuma?|sem)\s+(?:resultados?|correspond.ncias?|dados?)\b"
    r"|\bgeen\s+(?:resulta(?:at|ten)|match(?:es)?|treffers?|gegevens)\b"
    r")(?!\s+(?:\w+\s+)?(?:.bergeben|angegeben|fourni|proporcionad|fornit|informad|enviad|opgegeven|meegegeven))"
    r"|\bnichts?\s+gefunden\b|\bintrouvables?\b|\brien\s+trouv.|\b(?:non|pas)\s+(?:.t.\s+)?trouv.e?s?(?!\w)"
    r"|\bno\s+(?:se\s+)?(?:ha\s+|han\s+)?encontr(?:ad[oa]s?|aron|.)(?!\w)|\bnon\s+trovat[oaie]\b"
    r"|\bn.o\s+(?:foi\s+|foram\s+)?encontrad[oa]s?\b|\bniet\s+gevonden\b",
    re.IGNORECASE,
)


@cache
def words_of(table: str, name: str) -> tuple[str, ...]:
    """A list of `answer_words.toml`, in the form in which keys are compared."""
    return tuple(dict.fromkeys(key_of(word) for word in _tables()[table][name]))


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(resources.files("app.clay.answers").joinpath("answer_words.toml").read_text("utf-8"))


@cache
def word_set(table: str, name: str) -> frozenset[str]:
    """The same as a set."""
    return frozenset(words_of(table, name))


def flag(value: Any) -> bool | None:
    """A flag, also as a word or number; None: it is none."""
    if value.__class__ is bool:
        return bool(value)
    word = str(value).strip().lower() if value.__class__ in (str, int, float) else ""
    return True if word in ("true", "yes", "1") else False if word in ("false", "no", "0") else None


def says_not_found(text: str) -> bool:
    """Whether a text says that there is nothing, in a word or a sentence."""
    return key_of(text[:LONGEST_WORD]) in word_set("words", "not_found") or bool(
        _NOTHING_THERE.search(text[:LONGEST_TEXT]) or _NOTHING_ELSEWHERE.search(text[:LONGEST_TEXT])
    )


def told_text(layer: dict[str, Any], *, everywhere: bool) -> str:
    """The error's text: prose before codes, an error's own keys before those that a record has, too.

    Args:
        layer: the object.
        everywhere: it is known to be an error, so that `title`, `description` and `name` are its words as well.
    """
    names = words_of("keys", "errors") + words_of("keys", "texts")
    names += ("title", "description", "name", "type") if everywhere else ()
    texts = [_text_of(layer[name], DEEPEST_ERROR) for name in names if name in layer]
    return _most_telling([text for text in texts if text and flag(text) is None])


def _text_of(value: Any, depth: int) -> str:
    """What an error's value says, in a line: of an object its message, of a list its first few."""
    value = decoded(value)
    if value.__class__ is str:
        text = str(value).strip()
        return "" if _blank(text) else text[:LONGEST_TEXT]
    if not depth or value.__class__ in (bool, int, float) or value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_text_of(entry, depth - 1) for entry in value[:MOST_TEXTS])))[:LONGEST_TEXT]
    if not isinstance(value, dict):
        return ""
    inner = named(record_of(value))
    texts = [text for name in words_of("keys", "inner") if (text := _text_of(inner.get(name), depth - 1))]
    return _most_telling(texts) or (orjson.dumps(value).decode()[:LONGEST_TEXT] if value else "")


def _most_telling(texts: list[str]) -> str:
    """The first that is prose, else the first; a code or an object says less."""
    return next(
        (text for text in texts if text[0] not in "{[" and not _CODE.fullmatch(text)), texts[0] if texts else ""
    )


def _blank(text: str) -> bool:
    """A placeholder; but "no match" says something here."""
    return says_nothing(text) and not says_not_found(text)


def is_empty(value: Any) -> bool:
    """Whether an error's value says that there is none."""
    return value in (None, "", [], {}, False) or (value.__class__ is str and _blank(value.strip()))
