"""What a row is recognised by, made where its file is read: one person or company is one key, however it is spelt.

The spellings are those of `app/text`, the same that steps and results use. The database only compares the keys
(`app/intake/duplicates.py`); it cannot make any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from app.text.companies import company_key, is_no_company
from app.text.contacts import email
from app.text.domains import company_domain
from app.text.linkedin import linkedin_company, linkedin_person
from app.text.names import person_name
from app.text.values import fold

__all__ = ["KEY_FIELDS", "KEY_VERSION", "row_keys"]

KEY_VERSION = 3
"""Goes up when a rule changes: uploads with keys of another version are keyed again before they are compared."""

KEY_FIELDS = {
    "people": ("linkedin", "email", "person_name", "first_name", "last_name", "company_name"),
    "companies": ("company_domain", "website", "company_linkedin", "company_name"),
    "customers": ("company_domain", "website", "company_linkedin", "company_name"),
}
"""Fields that a key may be made of, for each kind of upload."""


def row_keys(
    kind: str, columns: Sequence[str], mapping: Mapping[str, str], rows: Sequence[Sequence[str | None]]
) -> list[int | None]:
    """One key per row, in order; None for a row with nothing to be recognised by.

    A person is recognised by the LinkedIn URL, else by the e-mail address, else by name and company; a company by its
    domain, else by its LinkedIn page, else by name.

    Args:
        kind: people, companies or customers.
        columns: what the cells of a row are called, in order; a row may be shorter.
        mapping: field -> column.
        rows: cells as they came.

    Returns:
        Signed 64-bit hashes.
    """
    places = [columns.index(mapping[name]) if mapping.get(name) in columns else None for name in KEY_FIELDS[kind]]
    key_of: Callable[..., str | None] = _person if kind == "people" else _company
    keys = []
    for row in rows:
        key = key_of(*(row[at] if at is not None and at < len(row) else None for at in places))
        keys.append(None if key is None else _hashed(key))
    return keys


def _person(  # noqa: PLR0917 -- the cells of KEY_FIELDS
    linkedin: str | None, mail: str | None, name: str | None, first: str | None, last: str | None, company: str | None
) -> str | None:
    if profile := linkedin_person(linkedin):
        return f"l|{profile}"
    if address := email(mail):
        return f"e|{address}"
    known = person_name(full=name, first=first, last=last)
    whole = fold(" ".join(part for part in (known.first, known.last) if part))
    if not whole:
        return None
    employer = None if is_no_company(company) else company_key(company)
    return f"n|{whole}|{employer or ''}"


def _company(domain: str | None, website: str | None, linkedin: str | None, name: str | None) -> str | None:
    if found := company_domain(domain) or company_domain(website):
        return f"d|{found}"
    if page := linkedin_company(linkedin):
        return f"l|{page}"
    known = None if is_no_company(name) else company_key(name)
    return f"n|{known}" if known else None


def _hashed(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)
