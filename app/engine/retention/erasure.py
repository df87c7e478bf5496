"""Erasing a person from everything that is stored: by e-mail address, by LinkedIn page, or by both.

Python knows how an address may be written; the database looks for that pattern through every table and empties what is
the person's (`migrations/functions/engine/erasure.sql` and `erase.sql`). The record that stays names the address by its
hash alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from app.db import Database
from app.errors import InputError
from app.text.linkedin import linkedin_person

__all__ = ["Person", "erase", "erasures", "request_erasure", "work_off_erasure"]

# JSON writes a line break as backslash and n: the letter before an address is not always one of a longer address.
_BEFORE = r"(?:(?<![a-z0-9._%+-])|(?<=\\[nrtbf])|(?<=\\u[0-9a-f]{4}))"
_AT = r"(?:@|\\u0040|%40)"
_SLASH = r"(?:\\?/|%2f)"
# Whatever a file may hold as an address can be erased, also where nobody could receive mail.
_ADDRESS = re.compile(r"[^\s@\"<>]{1,200}@[^\s@\"<>]+\.[^\s@\"<>.]+")


@dataclass(frozen=True)
class Person:
    """Whom to erase, by what a row says about a person: the addresses in their one spelling."""

    email: str | None = None
    linkedin: str | None = None

    @classmethod
    def of(cls, email: str | None = None, linkedin: str | None = None) -> Person:
        """The person that somebody typed.

        Raises:
            InputError: neither is given, or one is no address of a person.
        """
        email, linkedin = (email or "").strip() or None, (linkedin or "").strip() or None
        if email is None and linkedin is None:
            raise InputError("Who should be erased?", "Enter the person's e-mail address, LinkedIn page, or both.")
        page = linkedin_person(linkedin)
        if email is not None and not _ADDRESS.fullmatch(email):
            raise InputError("This is not an e-mail address.", "Enter the full address: name@company.com.")
        if linkedin is not None and page is None:
            raise InputError("This is not a person's LinkedIn page.", "Enter the profile's URL: linkedin.com/in/….")
        return cls(email.lower() if email else None, page)

    @property
    def kinds(self) -> list[str]:
        """Which addresses are known."""
        return [name for name in ("email", "linkedin") if getattr(self, name)]

    @property
    def digests(self) -> list[str]:
        """SHA-256 of each address, in hex: what the record keeps."""
        return [hashlib.sha256(f"{kind}|{getattr(self, kind)}".encode()).hexdigest() for kind in self.kinds]

    @property
    def pattern(self) -> str:
        """A regular expression, of PostgreSQL's kind and of Python's, for the addresses in a lower-case text.

        It also finds them as JSON, URLs and exports write them: with escaped slashes, or `%40` for the @.
        """
        ways = []
        if self.email:
            name, _, domain = self.email.rpartition("@")
            ways.append(f"{_BEFORE}{_literal(name)}{_AT}{_literal(domain)}(?![a-z0-9-]|\\.[a-z0-9])")
        if self.linkedin:
            slug = self.linkedin.rpartition("/")[2]
            spelled = "|".join(dict.fromkeys((_literal(slug), _literal(unquote(slug).lower()))))
            ways.append(f"(?:linkedin\\.com)?{_SLASH}in{_SLASH}(?:{spelled})(?![\\w%-])")
        return "|".join(ways)


def _literal(text: str) -> str:
    """The text as a pattern of itself."""
    return re.sub(r"([^\w])", r"\\\1", text, flags=re.ASCII) if text.isascii() else re.escape(text)


async def request_erasure(db: Database, person: Person, *, actor: str) -> dict[str, Any]:
    """Put an erasure on record for the engine, or `work_off_erasure`, to do; the same person again is the same one."""
    answer: dict[str, Any] = await db.call(
        "request_erasure", sha256=person.digests, kinds=person.kinds, pattern=person.pattern, actor=actor
    )
    return answer


async def work_off_erasure(
    db: Database, uid: str, on_progress: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Go on with an erasure until it is done; killed at any point, the next call goes on there.

    Returns:
        The record: `counts` of rows emptied and of mentions taken out, by table; `archives` whose files are to be
        rewritten (`leadloom archive --rewrite` does it for those of this machine).
    """
    while True:
        record: dict[str, Any] = await db.call("erase_portion", erasure=uid)
        if on_progress:
            on_progress(record)
        if record["done"]:
            return record


async def erase(db: Database, person: Person, *, actor: str) -> dict[str, Any]:
    """Erase a person now; returns the record."""
    return await work_off_erasure(db, (await request_erasure(db, person, actor=actor))["uid"])


async def erasures(db: Database, person: Person | None = None) -> list[dict[str, Any]]:
    """The records, newest first: all, or those of one person."""
    if person is None:
        found: list[dict[str, Any]] = await db.read("list_erasures")
        return found
    lists = [await db.read("list_erasures", sha256=digest) for digest in person.digests]
    return list({record["uid"]: record for records in lists for record in records}.values())
