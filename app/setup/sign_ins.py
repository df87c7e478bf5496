"""Slowing down password guessing: an attempt takes from its allowances before the password is checked.

The allowances live in the database, so that they hold across all containers; only hashes of accounts and networks are
stored. Whoever signs in gets back what the attempt took, and so does an attempt that nobody could decide.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID, uuid4

from app.db import Database

__all__ = ["Attempt", "account_hash", "release_sign_in", "reserve_sign_in"]


@dataclass(frozen=True)
class Attempt:
    """One attempt to sign in.

    Attributes:
        request: names it.
        wait_s: 0 when the password may be checked, else the seconds until the next attempt is heard.
    """

    request: UUID
    wait_s: float


def account_hash(email: str) -> str:
    """The name under which attempts on an account are counted."""
    return _hash(f"email|{email.strip().lower()}")


async def reserve_sign_in(db: Database, email: str, network: str, device: str | None) -> Attempt:
    """Take from the allowances of this account and this network, or of a device that signed in to the account before.

    Args:
        db: the database.
        email: as typed.
        network: where the attempt comes from.
        device: names the known device; None for any other.
    """
    request = uuid4()
    answer = await db.call(
        "reserve_sign_in",
        account=account_hash(email),
        network=_hash(f"network|{network}"),
        device=device,
        request=request,
    )
    return Attempt(request, float(answer["wait_s"]))


async def release_sign_in(db: Database, attempt: Attempt, *, actor: str | None = None) -> None:
    """Give back what the attempt took; `actor` is who has signed in, None when nobody could say."""
    await db.call("release_sign_in", request=attempt.request, actor=actor)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
