"""Which column holds which field: seen by labels and values, remembered from the client's last such file, or chosen.

`app/intake/ingest.py` settles a file's mapping here before its rows are read: what somebody of the client confirmed for
the same columns goes before what `app/intake/headers.py` sees, and what was asked for with this very file goes before
both. The inspector and the console read people's choices with `as_mapping` and `parse_choice`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from app.db import Database
from app.errors import InputError
from app.intake.headers import FIELDS, HeaderMatch, fields_of_label, is_known, match_headers, normalise
from app.text.field_names import field_label

__all__ = [
    "Choice",
    "Settled",
    "as_mapping",
    "forget_mapping",
    "header_shape",
    "parse_choice",
    "save_mapping",
    "settle",
]

Choice = tuple[str, str]
"""A column and the field that it is to hold; "" leaves it unmapped."""

_MOST_NAMED = 12
_LIKE = 0.7


@dataclass(frozen=True)
class Settled:
    """A file's mapping, and where it comes from.

    Attributes:
        match: the mapping in force, with what it leaves out.
        shape: of the header.
        automatic: field -> column, by labels and values alone.
        remembered: what somebody confirmed (`mapping`, `confirmed_by`, `confirmed_at`); None where nobody did.
    """

    match: HeaderMatch
    shape: str
    automatic: dict[str, str]
    remembered: dict[str, Any] | None


def header_shape(header: Iterable[str]) -> str:
    """What files with the same columns share: a hash of their labels, compared as headers are, in any order."""
    labels = sorted(normalise(label) or label for label in header)
    return hashlib.sha256("\n".join(labels).encode("utf-8", "replace")).hexdigest()


async def settle(
    db: Database,
    client: str | UUID,
    header: Sequence[str],
    sample: Mapping[str, Sequence[str]],
    *,
    kind: str | None = None,
    choices: Sequence[Choice] = (),
) -> Settled:
    """Settle a file's kind and mapping before it is read.

    Args:
        db: the database.
        client: the client's uid.
        header: distinct column labels in file order.
        sample: column label -> some of its cells.
        kind: people, companies or customers; None takes that of the remembered mapping, or sees people or companies.
        choices: columns whose field was asked for; they go before what is remembered or seen.

    Raises:
        InputError: a choice names a column that is not there, a field that does not exist, or one of them twice.
        NotFoundError: there is no such client.
    """
    shape = header_shape(header)
    known = await db.read("remembered_mappings", client=client, header_shape=shape)
    wanted = {kind} if kind else {"people", "companies"}
    one = next((found for found in known if found["kind"] in wanted), None)
    seen = await asyncio.to_thread(match_headers, header, kind or (one and one["kind"]), sample)
    remembered = None if one is None else one | {"mapping": _carried_over(header, one["mapping"], FIELDS[seen.kind])}
    mapping = _chosen(header, seen.kind, remembered["mapping"] if remembered else seen.mapping, choices)
    return Settled(_in_force(header, seen, mapping), shape, seen.mapping, remembered)


def _carried_over(header: Sequence[str], mapping: Mapping[str, str], fields: Iterable[str]) -> dict[str, str]:
    """A mapping of another file of the same shape, with the labels as they stand in this one."""
    alike: dict[str, str] = {}
    for label in header:
        alike.setdefault(normalise(label), label)
    here = {name: column if column in header else alike.get(normalise(column)) for name, column in mapping.items()}
    return {name: column for name in fields if (column := here.get(name))}


def _in_force(header: Sequence[str], seen: HeaderMatch, mapping: dict[str, str]) -> HeaderMatch:
    """The match with another mapping, and what that leaves out."""
    if mapping == seen.mapping:
        return seen
    used = set(mapping.values())
    others = [label for label in header if label not in used]
    return replace(
        seen,
        mapping=mapping,
        unrecognised=[label for label in others if not is_known(label)],
        unused=[label for label in others if is_known(label)],
        by_value=[],
        notes=[],
    )


def parse_choice(text: str) -> Choice:
    """`COLUMN=FIELD` as two texts; a column may contain the sign, a field cannot.

    Raises:
        InputError: there is no sign in it, or no column in front of it.
    """
    column, sign, field = text.rpartition("=")
    if not sign or not column.strip():
        raise InputError(
            f"“{text}” does not map a column to a field.",
            'Write COLUMN=FIELD, for example "Job Title=title"; COLUMN= leaves a column unmapped.',
        )
    return column.strip(), field.strip()


def as_mapping(choices: Iterable[Choice], fields: Iterable[str]) -> dict[str, str]:
    """Choices, one per column, as field -> column; columns without a field are left out.

    Raises:
        InputError: a field is none of `fields`, or two columns are to hold the same one.
    """
    known = list(fields)
    mapping: dict[str, str] = {}
    for column, field in choices:
        if not field:
            continue
        if field not in known:
            raise InputError(f"“{field}” is not a field.", f"Fields are {', '.join(known)}.")
        if field in mapping:
            raise InputError(f"Two columns cannot both be “{field_label(field)}”: {mapping[field]} and {column}.")
        mapping[field] = column
    return mapping


def _chosen(header: Sequence[str], kind: str, mapping: dict[str, str], choices: Sequence[Choice]) -> dict[str, str]:
    """The mapping with what was asked for: a chosen column leaves its field, a chosen field its column."""
    read = [(_column(header, column), _field(kind, field)) for column, field in choices]
    columns = [column for column, _ in read]
    if twice := next((column for column in columns if columns.count(column) > 1), None):
        fields = " and ".join(
            f"“{field_label(field)}”" if field else "unmapped" for column, field in read if column == twice
        )
        raise InputError(f"The column “{twice}” is mapped to {fields}.", "Name each column once.")
    wanted = as_mapping(read, FIELDS[kind])
    kept = {name: column for name, column in mapping.items() if column not in columns and name not in wanted}
    return {name: both[name] for name in FIELDS[kind] if name in (both := kept | wanted)}


def _column(header: Sequence[str], text: str) -> str:
    """The column that a text means: by its very label, else by the only one that is spelt alike.

    Raises:
        InputError: there is none, or more than one.
    """
    if text in header:
        return text
    alike = [label for label in header if normalise(label) == normalise(text)]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise InputError(
            f"“{text}” could be {_listed(alike, ' or ')}.", "Write the column name exactly as in the file."
        )
    near = {normalise(label): label for label in reversed(header)}
    close = get_close_matches(normalise(text), near, n=1, cutoff=_LIKE)
    hint = f"Did you mean “{near[close[0]]}”?" if close else f"Its columns are {_listed(header)}."
    raise InputError(f"The file has no column “{text}”.", hint)


def _field(kind: str, text: str) -> str:
    """The field that a text names, however it is spelt; "" for none.

    Raises:
        InputError: there is no such field.
    """
    fields = {normalise(spelling): name for name in FIELDS[kind] for spelling in (field_label(name), name)}
    plain = normalise(text)
    if not text or plain in fields:
        return fields[plain] if text else ""
    if meant := fields_of_label(kind, text):
        hint = f"Did you mean {meant[0]}?"
    elif close := get_close_matches(plain, fields, n=1, cutoff=_LIKE):
        hint = f"Did you mean {fields[close[0]]}?"
    else:
        hint = f"Fields are {', '.join(FIELDS[kind])}."
    others = [name for name in FIELDS if name != kind and plain in map(normalise, FIELDS[name])]
    if others:
        raise InputError(f"“{text}” is a field of {others[0]}, and this file is one of {kind}.", hint)
    raise InputError(f"There is no field “{text}”.", hint)


def _listed(names: Sequence[str], last: str = ", ") -> str:
    shown = [f"“{name}”" for name in names[:_MOST_NAMED]]
    if len(names) > _MOST_NAMED:
        return ", ".join(shown) + f" and {len(names) - _MOST_NAMED} more"
    return ", ".join(shown[:-1]) + last + shown[-1] if len(shown) > 1 else "".join(shown)


async def save_mapping(
    db: Database, upload: str, client: str, mapping: Mapping[str, str], *, actor: str, request: UUID
) -> dict[str, Any]:
    """Correct or confirm an upload's mapping (field -> column), and remember it for the client's next such file.

    Returns:
        `{"changed", "remembered"}`: whether this upload's mapping is another now, and whether it is remembered.

    Raises:
        ConflictError: the upload is not read, or its client is archived.
        NotFoundError: the client has no such upload.
    """
    answer: dict[str, Any] = await db.call(
        "save_mapping", upload=upload, client=client, mapping=mapping, actor=actor, request=request
    )
    return answer


async def forget_mapping(db: Database, upload: str, client: str, *, actor: str, request: UUID) -> dict[str, Any]:
    """Forget what was confirmed for files with this upload's columns, and map it by labels and values again.

    Returns:
        `{"forgotten", "changed"}`.

    Raises:
        NotFoundError: the client has no such upload.
    """
    answer: dict[str, Any] = await db.call("forget_mapping", upload=upload, client=client, actor=actor, request=request)
    return answer
