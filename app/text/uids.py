"""The uids that addresses, forms, filters and answers name, read in one way.

Any spelling that names one is read (capitals, braces, `urn:uuid:`); who hands it on writes it in the usual one.
"""

from __future__ import annotations

from uuid import UUID

__all__ = ["read_uid"]


def read_uid(text: str | None) -> UUID | None:
    """The uid that a text names; None when it names none."""
    try:
        return UUID(text or "")
    except ValueError:
        return None
