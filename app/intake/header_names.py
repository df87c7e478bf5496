"""The labels that exports use, field by field, out of `header_labels.toml`: the vocabulary of `app/intake/headers.py`.

Labels are compared without case, spaces and punctuation, so one spelling stands for many. Order is rank: the first
label that a file has wins.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

__all__ = [
    "AROUND",
    "COMPANY",
    "COMPANY_SIGNS",
    "CUSTOMER",
    "GLUED",
    "KNOWN",
    "OWNER",
    "PAST",
    "PERSON",
    "PERSON_SIGNS",
    "SMALL_WORDS",
]

Labels = dict[str, tuple[str, ...]]

_TABLE: dict[str, dict[str, Any]] = tomllib.loads(
    resources.files("app.intake").joinpath("header_labels.toml").read_text("utf-8")
)


def _fields(*sections: str) -> Labels:
    """The labels of several sections, those of earlier ones first."""
    names = dict.fromkeys(name for section in sections for name in _TABLE[section])
    return {
        name: tuple(dict.fromkeys(label for section in sections for label in _TABLE[section].get(name, ())))
        for name in names
        if any(_TABLE[section].get(name) for section in sections)
    }


PERSON: Labels = _fields("person", "about_company", "last")
COMPANY: Labels = _fields("about_company", "company", "last")
CUSTOMER: Labels = _fields("about_company", "customer", "company", "last")

_SHOW_SOMEBODY = ("first_name", "last_name", "person_name", "title", "headline")

PERSON_SIGNS: tuple[str, ...] = tuple(
    label
    for label in (
        *(label for name in _SHOW_SOMEBODY for label in _TABLE["person"][name]),
        *_TABLE["signs"]["person"],
    )
    if label not in _TABLE["signs"]["not_alone"]
)
"""Any one of these means that a row is a person."""

KNOWN: tuple[str, ...] = tuple(label for labels in _TABLE["known"].values() for label in labels)
"""Labels that exports are known to have and that no field takes: kept with the row, and no reason to wonder."""

COMPANY_SIGNS: tuple[str, ...] = tuple(_TABLE["signs"]["company"])
"""Any one of these means that a row is a company, where no column names a person."""

AROUND: dict[str, dict[str, list[str]]] = _TABLE["around"]
"""What stands before and after a field's label: side -> what it says -> words."""

PAST: dict[str, str] = _TABLE["past"]
"""Fields of the present position -> those of an earlier one."""

SMALL_WORDS: frozenset[str] = frozenset(_TABLE["words"]["small"])
OWNER: frozenset[str] = frozenset(_TABLE["words"]["owner"])
GLUED: tuple[str, ...] = tuple(_TABLE["words"]["glued"])
